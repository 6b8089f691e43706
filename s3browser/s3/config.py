import difflib
import json
import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import NoneType
from typing import Any
from urllib.parse import urlsplit

from s3browser.exceptions import S3BucketError, S3CredentialsError
from s3browser.model.locations import bucket_problem

ADDRESSING_STYLES = ("auto", "path", "virtual")
# What botocore takes for a host; for any other it raises a bare ValueError.
_HOST = re.compile(r"(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)*(?!-)[a-z0-9-]{1,63}(?<!-)\.?", re.IGNORECASE | re.ASCII)


class SecretText(str):
    """A string whose repr is ``***``: in tracebacks, in logs, and in what ``dataclasses.asdict`` returns."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


@dataclass(frozen=True)
class S3Config:
    """How to reach S3, and how patiently.

    Attributes:
        bucket_name: the bucket ``S3Client`` works in; ``S3Service`` does without.
        region: None: found from the profile, the environment, or the bucket itself.
        access_key_id: with ``secret_access_key``; neither: credentials come from botocore's normal chain
            (environment, shared files, SSO, assumed roles, web identity, container and instance roles).
        secret_access_key: its repr is ``***``.
        session_token: of temporary keys; its repr is ``***``.
        profile: a named profile of ``~/.aws/config`` or ``~/.aws/credentials``.
        endpoint_url: any S3-compatible server; None for Amazon S3, unless the environment or the profile names one.
        addressing_style: ``auto``, ``path`` or ``virtual``.
        verify: True: trust the usual certificate authorities; a path: those of this PEM file; False: trust everybody.
        max_attempts: of one call, the first included.
        connect_timeout_s: for one connection to open.
        read_timeout_s: for the next bytes to come, not for a whole transfer.
        max_backoff_s: the longest wait between two attempts.
    """

    bucket_name: str = ""
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    addressing_style: str = "auto"
    verify: bool | str | Path = True
    max_attempts: int = 6
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    max_backoff_s: float = 20.0

    def __post_init__(self) -> None:
        for name in ("secret_access_key", "session_token"):
            if isinstance(value := getattr(self, name), str):
                object.__setattr__(self, name, SecretText(value))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "S3Config":
        """Read the usual ``AWS_*`` variables and ``S3_BUCKET``; an empty variable counts as not set."""

        def first(*names: str) -> str | None:
            return next((environ[name] for name in names if environ.get(name)), None)

        return cls(
            bucket_name=first("S3_BUCKET") or "",
            region=first("AWS_REGION", "AWS_DEFAULT_REGION"),
            access_key_id=first("AWS_ACCESS_KEY_ID"),
            secret_access_key=first("AWS_SECRET_ACCESS_KEY"),
            session_token=first("AWS_SESSION_TOKEN"),
            profile=first("AWS_PROFILE"),
            endpoint_url=first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
        )

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> "S3Config":
        """Read a TOML or JSON file (by its suffix) whose top-level keys are this class's fields.

        Raises:
            S3CredentialsError: the file is missing, unreadable or damaged, or a key or a value in it is wrong;
                every wrong one is named, an unknown key with the nearest known one.
        """
        source = Path(path)
        values = _parse(source)
        if problems := _field_problems(values):
            raise _settings_error(problems, str(source))
        return cls(**values)

    def validate(self) -> None:
        """Check everything that can be checked without asking the server.

        Raises:
            S3BucketError: only the bucket's name is wrong or missing.
            S3CredentialsError: something else is; every problem is named, the bucket's included.
        """
        bucket = bucket_problem(str(self.bucket_name)) if self.bucket_name else "No bucket is given."
        connection = self.connection_problems()
        if connection:
            raise _settings_error([*connection, *([bucket] if bucket else [])], self.bucket_name)
        if bucket:
            raise S3BucketError("configure", self.bucket_name, "InvalidBucketName", reason=bucket)

    def validate_connection(self) -> None:
        """As ``validate``, without the bucket: it is not needed to browse.

        Raises:
            S3CredentialsError: naming every problem.
        """
        if problems := self.connection_problems():
            # Without a target: the address may hold a password.
            raise _settings_error(problems, "")

    def connection_problems(self) -> list[str]:
        """Everything that is wrong besides the bucket, a sentence each."""
        if wrong := _field_problems({name: value for name, value in vars(self).items() if name != "bucket_name"}):
            return wrong  # what follows needs values of the right kinds
        problems = [*_key_problems(self), *_number_problems(self)]
        if self.region is not None and not re.fullmatch(r"(?!\d+$)(?!-)[a-zA-Z0-9-]{1,63}(?<!-)", self.region):
            problems.append(f"“{self.region}” is not the name of a region; one looks like eu-central-1.")
        if self.profile is not None and not self.profile.strip():
            problems.append("The name of the profile is empty.")
        if self.endpoint_url is not None and (problem := endpoint_problem(self.endpoint_url)):
            problems.append(problem)
        if self.addressing_style not in ADDRESSING_STYLES:
            problems.append(f"The addressing style “{self.addressing_style}” is none of auto, path, virtual.")
        if not isinstance(self.verify, bool) and not Path(self.verify).is_file():
            problems.append(f"There is no certificate file “{self.verify}”.")
        return problems


def endpoint_problem(url: str) -> str | None:
    """Why this cannot be a server's address, as a sentence, or None if it can."""
    try:
        parts = urlsplit(url)
        port_is_sound = parts.port != 0
    except ValueError:
        return "The server’s address is not a valid web address."
    if parts.scheme not in ("http", "https"):
        return "The server’s address has to begin with https:// or http://."
    if not parts.hostname or not port_is_sound or re.search(r"[\s\x00-\x1f\x7f]", url):
        return "The server’s address is not a valid web address."
    is_ipv6 = parts.netloc.rpartition("@")[2].startswith("[")
    if not is_ipv6 and (len(parts.hostname) > 255 or not _HOST.fullmatch(parts.hostname)):
        return "The server’s name may hold only letters (a–z), digits and hyphens, with a dot between its parts."
    if "@" in parts.netloc:
        # Named without the address: what stands before the @ is most likely a password.
        return "The server’s address may not hold a user name or password."
    if parts.query or parts.fragment:
        return "The server’s address may not hold “?” or “#”."
    return None


def _key_problems(config: S3Config) -> list[str]:
    problems = []
    if config.access_key_id and not config.secret_access_key:
        problems.append("The access key is given without the secret key.")
    if config.secret_access_key and not config.access_key_id:
        problems.append("The secret key is given without the access key.")
    if config.session_token and not (config.access_key_id and config.secret_access_key):
        problems.append("The session token is given without both keys.")
    for name, value in (
        ("access key", config.access_key_id),
        ("secret key", config.secret_access_key),
        ("session token", config.session_token),
    ):
        if value is not None and not value:
            problems.append(f"The {name} is empty.")
        elif value and not re.fullmatch(r"[!-~]+", value):
            problems.append(f"The {name} holds a blank or a character that no key has; was it copied whole?")
    return problems


def _number_problems(config: S3Config) -> list[str]:
    problems = []
    if config.max_attempts < 1:
        problems.append("max_attempts has to be at least 1.")
    for name, least in (("connect_timeout_s", "more than 0"), ("read_timeout_s", "more than 0"), ("max_backoff_s", "")):
        value = getattr(config, name)
        if not math.isfinite(value) or value < 0 or (least and value == 0):
            problems.append(f"{name} has to be a number of seconds, {least or '0 or more'}.")
    return problems


def _settings_error(problems: list[str], target: str) -> S3CredentialsError:
    return S3CredentialsError("configure", target, "InvalidSettings", reason=" ".join(problems))


def _file_error(path: Path, reason: str) -> S3CredentialsError:
    return S3CredentialsError("load_settings", str(path), "InvalidSettings", reason=reason)


def _parse(path: Path) -> Mapping[str, Any]:
    readers: dict[str, Callable[[str], Any]] = {".toml": tomllib.loads, ".json": json.loads}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise _file_error(path, "The file’s name has to end in .toml or .json.")
    damage = ""
    try:
        values = reader(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise _file_error(path, f"There is no file “{path}”.") from error
    except OSError as error:
        raise _file_error(path, f"The file can’t be opened: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        damage = f"The file is not valid {path.suffix[1:].upper()}{where}."
    if damage:
        # Raised out here, so that it has no context either: a decoder's error carries the whole text, secrets included.
        raise _file_error(path, damage)
    if not isinstance(values, dict):
        raise _file_error(path, "The file has to hold names with their values.")
    return values


def _field_problems(values: Mapping[str, Any]) -> list[str]:
    kinds: dict[str, tuple[type, ...]] = {
        field.name: (NoneType, str) if field.default is None else (type(field.default),) for field in fields(S3Config)
    }
    kinds["verify"] = (bool, str, Path)
    problems = []
    for name, value in values.items():
        if name not in kinds:
            near = difflib.get_close_matches(name, kinds, n=1, cutoff=0.5)
            problems.append(f"“{name}” is not a known setting" + (f"; did you mean “{near[0]}”?" if near else "."))
            continue
        allowed = kinds[name]
        if float in allowed and type(value) is int:
            continue
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            wanted = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
            words = " or ".join(wanted[kind] for kind in allowed if kind in wanted)
            problems.append(f"“{name}” has to be {words}.")
    return problems
