"""What the person chose, apart from connections."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from s3browser.exceptions import SettingsError
from s3browser.settings.jsonfile import Document, JsonFile, Migration

VERSION = 1
MIGRATIONS: Mapping[int, Migration] = MappingProxyType({})
"""Version to the function that makes the next version's document from it."""


MOST_CONNECTIONS = 32
LEAST_LIMIT = 1000
"""Bytes/s; below that a transfer would only look as if it hung."""


class Theme(StrEnum):
    """Which colours the window takes."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Preferences:
    """The defaults are here and nowhere else.

    Attributes:
        theme: the system's colours, or always light or dark.
        show_details: whether the details beside the contents are shown.
        show_files_in_tree: whether the tree of places shows files too.
        download_folder: where downloads go without asking; None: the system's folder for downloads.
        max_connections: how many transfers go at a time, 1 to ``MOST_CONNECTIONS``.
        upload_limit: bytes/s that all uploads take together; None: as many as there are.
        download_limit: likewise of downloads.
        keep_awake: whether the computer is kept from falling asleep while files move.
        tell_end: whether the end of long transfers is told while the window is not in use.
    """

    theme: Theme = Theme.SYSTEM
    show_details: bool = True
    show_files_in_tree: bool = False
    download_folder: Path | None = None
    max_connections: int = 8
    upload_limit: int | None = None
    download_limit: int | None = None
    keep_awake: bool = True
    tell_end: bool = True


class PreferencesStore:
    """``Preferences`` in a file. Blocking: before the window shows, or on the lane "local".

    What a newer version of the program wrote into the file stays in it.
    """

    def __init__(self, path: Path) -> None:
        self._file = JsonFile(path, VERSION, MIGRATIONS)
        self._document: Document = {}

    def load(self) -> tuple[Preferences, SettingsError | None]:
        """The preferences, defaults where there are none, and what to tell the person once, if anything."""
        self._document, error = self._file.read()
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for field in fields(Preferences):
            if field.name not in self._document:
                continue
            try:
                values[field.name] = _READ[field.name](self._document[field.name])
            except ValueError as problem:
                wrong.append(f"“{field.name}” {problem}")
        if wrong:
            error = SettingsError(
                "load_settings",
                str(self._file.path),
                "BadValue",
                reason=f"The settings file has values that make no sense: {'; '.join(wrong)}.",
                hint="The program uses its defaults for them.",
            )
        return Preferences(**values), error

    def save(self, preferences: Preferences) -> None:
        """Write them, whole or not at all.

        Raises:
            SettingsError: they could not be written.
        """
        values = {field.name: getattr(preferences, field.name) for field in fields(preferences)}
        if preferences.download_folder is not None:
            values["download_folder"] = str(preferences.download_folder)
        self._document = {**self._document, **values}
        self._file.write(self._document)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("has to be true or false")
    return value


def _theme(value: object) -> Theme:
    if not isinstance(value, str) or value not in list(Theme):
        raise ValueError(f"has to be one of {', '.join(Theme)}")
    return Theme(value)


def _folder(value: object) -> Path | None:
    if value is None:
        return None
    if not isinstance(value, str) or "\0" in value or not Path(value).is_absolute():
        raise ValueError("has to be the full path of a folder, or null")
    return Path(value)


def _connections(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_CONNECTIONS:
        raise ValueError(f"has to be a number from 1 to {MOST_CONNECTIONS}")
    return value


def _limit(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < LEAST_LIMIT:
        raise ValueError(f"has to be {LEAST_LIMIT} bytes a second or more, or null")
    return value


_READ: Mapping[str, Callable[[object], object]] = {
    "theme": _theme,
    "show_details": _switch,
    "show_files_in_tree": _switch,
    "download_folder": _folder,
    "max_connections": _connections,
    "upload_limit": _limit,
    "download_limit": _limit,
    "keep_awake": _switch,
    "tell_end": _switch,
}
