"""Proves keys, and tells what is wrong with them."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from s3browser.exceptions import (
    S3AccessDeniedError,
    S3BucketError,
    S3ConnectionError,
    S3CredentialsError,
    S3UnsupportedError,
)
from s3browser.s3.caller import Caller
from s3browser.s3.session import is_amazon
from s3browser.s3.translate import Call

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client as BotoClient

# Somebody waits for the answer, and what is wrong is mostly the address, which no further attempt can right.
_ATTEMPTS = 2


def list_buckets(caller: Caller, call: Call, *, max_attempts: int | None = None) -> Mapping[str, Any]:
    """The answer to ListBuckets.

    Raises:
        S3ConnectionError: with code ``NotS3`` where a web page answers that happens to parse as an empty answer.
    """

    def request(client: "BotoClient") -> Mapping[str, Any]:
        answer: Mapping[str, Any] = client.list_buckets()
        if "Buckets" not in answer and "Owner" not in answer:
            raise call.error(S3ConnectionError, "NotS3")
        return answer

    return caller.run(call, request, max_attempts=max_attempts)


def check_credentials(caller: Caller) -> None:
    """See ``S3Service.check_credentials``."""
    call = Call("connect", server=caller.server)
    try:
        list_buckets(caller, call, max_attempts=_ATTEMPTS)
    except (S3AccessDeniedError, S3UnsupportedError) as refused:
        if refused.code == "UserSuspended":
            raise
        if caller.config.bucket_name and _bucket_answers(caller, call):
            return
        if isinstance(refused, S3UnsupportedError):
            raise
        if not _tells_wrong_keys(caller, call):
            raise call.error(
                S3CredentialsError,
                "AccessDenied",
                status=refused.status,
                request_id=refused.request_id,
                server_message=refused.server_message,
                reason="The server refused without saying why: the keys may be wrong, or may not list buckets.",
                hint="Check both keys. If they are right, open a bucket by its name.",
            ) from refused


def _bucket_answers(caller: Caller, call: Call) -> bool:
    bucket = caller.config.bucket_name
    try:
        caller.run(call, lambda client: client.list_objects_v2(Bucket=bucket, MaxKeys=1), max_attempts=_ATTEMPTS)
    except (S3AccessDeniedError, S3BucketError, S3UnsupportedError):
        return False
    return True


def _tells_wrong_keys(caller: Caller, call: Call) -> bool:
    """Whether the server answers a key that cannot exist in another way than a missing permission."""
    if is_amazon(caller.client().meta.endpoint_url):
        return True
    made_up = replace(
        caller.config, access_key_id="S3BROWSERNOSUCHKEY00", secret_access_key="-" * 40, session_token=None
    )
    with closing(Caller(made_up)) as stranger:
        try:
            list_buckets(stranger, call, max_attempts=_ATTEMPTS)
        except S3CredentialsError:
            return True
        except (S3AccessDeniedError, S3UnsupportedError):
            return False
    return False
