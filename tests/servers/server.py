"""What a test knows of a server: where it is, how to sign in, and where it differs from S3."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client as Boto3Client

    from s3browser import S3Config

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Traits:
    """Where a server differs from S3 as it is documented. The defaults are S3's ways.

    Attributes:
        refuses_keys: the awkward keys, by their name in ``tests.awkward``, that it does not take.
        file_may_be_named_as_folder: ``a`` and ``a/b`` can both be objects.
        keeps_markers: an object whose key ends in ``/`` stays one, which makes an empty folder.
        keeps_metadata_case: the names of user metadata come back as they were sent.
        joins_to_final_etag: completing a multipart upload answers with the ETag that the object has from then on.
        takes_part_again: a part can be sent a second time with other bytes.
        lets_aws_read_empty_files: ``aws s3`` asks for a range of every file, and fails where the refusal of a range of
            nothing has no message.
        knows_conditions: what is stored only if nothing is there replaces nothing.
        knows_conditions_of_parts: the same of what is joined from parts.
        keeps_checksums: it verifies CRC64NVME and keeps it.
        knows_aborted_uploads: a part for an upload that was aborted is refused with NoSuchUpload.
    """

    refuses_keys: frozenset[str] = frozenset()
    file_may_be_named_as_folder: bool = True
    keeps_markers: bool = True
    keeps_metadata_case: bool = True
    joins_to_final_etag: bool = True
    takes_part_again: bool = True
    lets_aws_read_empty_files: bool = True
    knows_aborted_uploads: bool = True
    knows_conditions: bool = True
    knows_conditions_of_parts: bool = True
    keeps_checksums: bool = True


@dataclass(frozen=True, slots=True)
class Server:
    """A running S3 server on loopback."""

    name: str
    endpoint_url: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    log: Path
    session_token: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    traits: Traits = field(default_factory=Traits)

    @property
    def port(self) -> int:
        """The port behind ``endpoint_url``."""
        return int(self.endpoint_url.rsplit(":", 1)[1])

    def config(self, bucket_name: str = "", **changes: Any) -> "S3Config":
        """The program's settings for this server; short waits, so that a failing test ends soon."""
        from s3browser import S3Config

        settings: dict[str, Any] = {
            "bucket_name": bucket_name,
            "region": REGION,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
            "session_token": self.session_token,
            "endpoint_url": self.endpoint_url,
            "addressing_style": "path",
            "verify": str(self.ca_file) if self.ca_file else True,
            "max_attempts": 3,
            "connect_timeout_s": 5.0,
            "read_timeout_s": 20.0,
            "max_backoff_s": 0.5,
        }
        return S3Config(**{**settings, **changes})

    def boto3_client(self, **changes: Any) -> "Boto3Client":
        """A plain boto3 client: what the program does is judged by it."""
        import boto3
        from botocore.config import Config

        settings: dict[str, Any] = {
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "endpoint_url": self.endpoint_url,
            "region_name": REGION,
            "verify": str(self.ca_file) if self.ca_file else None,
            "config": Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        }
        return boto3.session.Session().client("s3", **{**settings, **changes})

    def environment(self) -> dict[str, str]:
        """The variables by which other S3 programs find this server."""
        variables = {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint_url,
        }
        return variables | ({"AWS_CA_BUNDLE": str(self.ca_file)} if self.ca_file else {})
