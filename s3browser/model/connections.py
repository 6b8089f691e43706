from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit


class SignIn(StrEnum):
    """Where a connection's credentials come from."""

    KEYS = "keys"
    AWS_PROFILE = "aws-profile"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Secret:
    """An access key with its secret. Shown nowhere: its repr is ``Secret(***)``."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return "Secret(***)"


@dataclass(frozen=True, slots=True)
class ConnectionProfile:
    """A saved connection. It has no field for a secret, so none can be saved with it.

    Attributes:
        profile_id: a UUID's hex digits; names the keyring entry too.
        name: what the person calls it.
        endpoint_url: None for AWS.
        region: None: found out.
        addressing_style: ``auto``, ``path`` or ``virtual``.
        sign_in: where the credentials come from.
        aws_profile: the profile of the AWS files, with ``SignIn.AWS_PROFILE``.
        ca_file: a PEM file of certificate authorities to trust besides the system's, or None.
        buckets: buckets added by hand, for keys that may not list them; ``name`` or ``name/prefix/``.
    """

    profile_id: str
    name: str
    endpoint_url: str | None = None
    region: str | None = None
    addressing_style: str = "auto"
    sign_in: SignIn = SignIn.KEYS
    aws_profile: str | None = None
    ca_file: str | None = None
    buckets: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The server as a person would name it."""
        return (urlsplit(self.endpoint_url).netloc or self.endpoint_url) if self.endpoint_url else "Amazon S3"
