"""The saved connections. A profile has no field for a secret, so this file cannot hold one."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from s3browser.exceptions import SettingsError
from s3browser.model.connections import ConnectionProfile, SignIn
from s3browser.settings.jsonfile import Document, JsonFile

VERSION = 1

_Entry = tuple[ConnectionProfile | None, Any]  # None: not understood; with it, what the file says


class ProfileStore:
    """Connections in the person's order, in a file. Blocking: before the window shows, or on the lane "local".

    An entry of the file that cannot be understood is told and kept as it is; the others work.
    So are the keys a newer version of the program wrote.
    """

    def __init__(self, path: Path) -> None:
        self._file = JsonFile(path, VERSION)
        self._document: Document = {}
        self._entries: list[_Entry] = []
        self._lock = threading.Lock()

    @property
    def profiles(self) -> tuple[ConnectionProfile, ...]:
        """As of the last ``load``, ``put`` or ``remove``. Any thread."""
        return tuple(profile for profile, _ in self._entries if profile is not None)

    def load(self) -> SettingsError | None:
        """Read the file.

        Returns:
            What to tell the person once: the file was damaged, or names every field that makes no sense.
        """
        self._document, error = self._file.read()
        found = self._document.get("connections", [])
        entries: list[_Entry] = []
        wrong: list[str] = []
        seen: set[str] = set()
        if not isinstance(found, list):
            wrong.append("“connections” has to be a list")
            self._document["connections.bad"] = found
            found = []
        for number, raw in enumerate(found, start=1):
            try:
                profile = _decode(raw)
                if profile.profile_id in seen:
                    raise ValueError("“profile_id” is that of an earlier connection")
                seen.add(profile.profile_id)
                entries.append((profile, raw))
            except ValueError as problem:
                wrong.append(f"connection {number}: {problem}")
                entries.append((None, raw))
        self._entries = entries
        if wrong:
            error = SettingsError(
                "load_settings",
                str(self._file.path),
                "BadValue",
                reason=f"Some connections can’t be read: {'; '.join(wrong)}.",
                hint="They stay in the file, but are not shown. Correct the file and start again.",
            )
        return error

    def put(self, profile: ConnectionProfile) -> None:
        """Replace the connection with this id, or add it as the last one.

        Raises:
            SettingsError: it could not be written; or a field of it makes no sense.
        """
        values = {**asdict(profile), "buckets": list(profile.buckets)}
        try:
            _decode(values)
        except ValueError as problem:
            raise SettingsError(
                "save_settings", profile.name, "BadValue", reason=f"The connection can’t be saved: {problem}."
            ) from problem
        with self._lock:
            self.load()  # another window of the program may have written it meanwhile
            entries = [
                (profile, {**raw, **values}) if old is not None and old.profile_id == profile.profile_id else (old, raw)
                for old, raw in self._entries
            ]
            if profile not in (entry for entry, _ in entries):
                entries.append((profile, values))
            self._write(entries)

    def remove(self, profile_id: str) -> None:
        """Forget a connection; one that is not there is no error.

        Raises:
            SettingsError: the file could not be written.
        """
        with self._lock:
            self.load()
            self._write([entry for entry in self._entries if entry[0] is None or entry[0].profile_id != profile_id])

    def _write(self, entries: list[_Entry]) -> None:
        self._file.write({**self._document, "connections": [raw for _, raw in entries]})
        self._entries = entries


def _decode(raw: object) -> ConnectionProfile:
    if not isinstance(raw, dict):
        raise ValueError("it has to be an object")
    values: dict[str, Any] = {}
    for field in fields(ConnectionProfile):
        if field.name in raw:
            try:
                values[field.name] = _READ[field.name](raw[field.name])
            except ValueError as problem:
                raise ValueError(f"“{field.name}” {problem}") from None
    for name in ("profile_id", "name"):
        if name not in values:
            raise ValueError(f"“{name}” is missing")
    return ConnectionProfile(**values)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("has to be a text")
    if not value.isprintable():  # line ends, control characters, halves of a character
        raise ValueError("holds characters that can’t be shown")
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _profile_id(value: object) -> str:
    if not re.fullmatch(r"[0-9a-zA-Z-]{1,64}", _text(value)):
        raise ValueError("may hold only letters, digits and hyphens")
    return str(value)


def _endpoint_url(value: object) -> str | None:
    if value is None:
        return None
    text = _text(value)
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("has to be an address like https://s3.example.com")
    if parts.username is not None or parts.password is not None:
        raise ValueError("may not hold a name or a password")
    return text


def _addressing_style(value: object) -> str:
    if value not in ("auto", "path", "virtual"):
        raise ValueError("has to be one of auto, path, virtual")
    return str(value)


def _sign_in(value: object) -> SignIn:
    if not isinstance(value, str) or value not in list(SignIn):
        raise ValueError(f"has to be one of {', '.join(SignIn)}")
    return SignIn(value)


def _buckets(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("has to be a list of texts")
    return tuple(map(_text, value))


_READ: Mapping[str, Callable[[object], object]] = {
    "profile_id": _profile_id,
    "name": _text,
    "endpoint_url": _endpoint_url,
    "region": _optional_text,
    "addressing_style": _addressing_style,
    "sign_in": _sign_in,
    "aws_profile": _optional_text,
    "ca_file": _optional_text,
    "buckets": _buckets,
}
