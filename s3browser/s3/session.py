"""Builds the one boto3 client of a connection. boto3 is imported here and only when that happens: it is slow."""

import hashlib
import logging
import os
import ssl
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from s3browser.exceptions import S3CertificateError, S3CredentialsError
from s3browser.s3.config import S3Config
from s3browser.s3.translate import Call, translated

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.credentials import Credentials
    from botocore.session import Session as BotocoreSession
    from mypy_boto3_s3.client import S3Client as BotoClient

# As many connections as lanes may have threads; beyond it urllib3 warns and throws connections away.
MAX_POOL_CONNECTIONS = 32
# us-east-1 answers for every region of Amazon and tells where a bucket is; other servers mostly sign with it.
FALLBACK_REGION = "us-east-1"


_ANSWER_IN_XML = (
    "ListBuckets", "ListObjects", "ListObjectsV2", "ListParts", "ListMultipartUploads", "CreateMultipartUpload",
    "CompleteMultipartUpload", "DeleteObjects",
)  # fmt: skip


class Access(NamedTuple):
    """The client, and what requests past it need to know.

    Attributes:
        client: boto3's.
        credentials: the source of its keys, which renews those that expire; None: there are none.
        verify: whom it trusts: True: certifi's authorities, those of this file, or False: everybody.
    """

    client: "BotoClient"
    credentials: "Credentials | None"
    verify: bool | str


def open_access(config: S3Config, call: Call) -> Access:
    """A client for ``config``: about 0.3 s of work, the first time with the import of boto3 on top.

    Raises:
        S3CredentialsError: settings or the AWS files of this computer are wrong; ``call`` gives the title.
        S3CertificateError: the certificate file can't be read.
    """
    config.validate_connection()
    _check_certificates(config, call)

    import boto3
    from botocore.config import Config
    from botocore.session import get_session
    from botocore.utils import parse_timestamp as slow_parse

    # botocore's debug log holds session tokens and signatures.
    if (logger := logging.getLogger("botocore")).level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    addressing: Any = {"addressing_style": config.addressing_style}  # checked by validate_connection
    with translated(call):
        core = get_session()
        if config.profile:
            core.set_config_variable("profile", config.profile)
        # botocore's own parser spends two thirds of a listing's time in dateutil.
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=timestamp_parser(slow_parse))
        session = boto3.Session(
            botocore_session=core,
            aws_access_key_id=config.access_key_id,
            aws_secret_access_key=config.secret_access_key,
            aws_session_token=config.session_token,
            region_name=config.region,
        )
        verify = _verify(config, core)
        client = _make_client(
            session,
            call,
            region_name=config.region or session.region_name or FALLBACK_REGION,
            endpoint_url=config.endpoint_url,
            verify=verify,
            config=Config(
                # Without it presigned links would still be signed with version 2 here and there.
                signature_version="s3v4",
                s3=addressing,
                # The only retry loop is ``jobs.retry.retrying``.
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=config.connect_timeout_s,
                read_timeout=config.read_timeout_s,
                max_pool_connections=MAX_POOL_CONNECTIONS,
                tcp_keepalive=True,
                # ``when_supported`` sends a trailing checksum that several servers refuse over https (411). This way
                # the signature covers the body's SHA-256: as safe on the way, and the same on every server.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                user_agent_extra="s3browser",
            ),
        )
        credentials = session.get_credentials()
    client.meta.events.register("before-call.s3.DeleteObjects", _add_content_md5)
    for api in _ANSWER_IN_XML:
        client.meta.events.register(f"before-parse.s3.{api}", _require_body)
    return Access(client, credentials, verify)


def _verify(config: S3Config, core: "BotocoreSession") -> bool | str:
    """Whom to trust, as botocore finds it out: AWS_CA_BUNDLE and the profile's ca_bundle are heeded."""
    if config.verify is not True:
        return config.verify if config.verify is False else str(config.verify)
    bundle = core.get_config_variable("ca_bundle")
    return os.environ.get("REQUESTS_CA_BUNDLE", True) if bundle is None else str(bundle)


def _make_client(session: "Session", call: Call, **settings: Any) -> "BotoClient":
    try:
        return session.client("s3", **settings)
    except ValueError as error:
        # Ours was checked: this address comes from the environment or the AWS files.
        raise call.error(
            S3CredentialsError,
            "InvalidEndpoint",
            reason="The server’s address in the AWS settings of this computer is not a valid web address.",
            hint="Correct it there, or enter the address yourself.",
        ) from error


def is_amazon(url: str) -> bool:
    """Whether this address is Amazon's own."""
    host = urlsplit(url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"))


def timestamp_parser(slow: Callable[[Any], datetime]) -> Callable[[Any], datetime]:
    """A parser of timestamps, aware and in UTC, that leaves to ``slow`` what is not ISO 8601."""

    def parse(value: Any) -> datetime:
        try:
            # The "T" keeps out numbers, which mean seconds since 1970 but could pass for a date.
            parsed = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else slow(value)
        except ValueError:
            parsed = slow(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)

    return parse


def _check_certificates(config: S3Config, call: Call) -> None:
    if isinstance(config.verify, bool):
        return
    try:
        ssl.create_default_context(cafile=str(config.verify))
    except OSError as error:
        raise call.error(
            S3CertificateError,
            "CertificateFile",
            reason=f"The certificate file “{config.verify}” can’t be read.",
            hint="Choose a PEM file with the certificate of the server’s authority.",
        ) from error


def _require_body(response_dict: dict[str, Any], **_: Any) -> None:
    """Refuse a good answer without a body that does not say that it has none: the line broke within the head.

    http.client takes such a head for a whole one, and botocore reads nothing out of it: an empty folder, or an upload
    that was joined.
    """
    is_cut = not response_dict["body"] and response_dict["headers"].get("content-length") != "0"
    if response_dict["status_code"] < 300 and is_cut:
        from botocore.exceptions import ConnectionClosedError

        raise ConnectionClosedError(endpoint_url="")


def _add_content_md5(params: dict[str, Any], **_: Any) -> None:
    """Older servers want it for DeleteObjects; botocore sends a CRC instead."""
    if not is_amazon(params["url"]):
        digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
        params["headers"]["Content-MD5"] = b64encode(digest).decode()
