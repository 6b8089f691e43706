"""One JSON object in one file: written whole or not at all, and never lost because it was damaged."""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any

from s3browser.exceptions import SettingsError
from s3browser.settings.paths import make_private_folder

Document = dict[str, Any]
Migration = Callable[[Document], Document]

MAX_BYTES = 4 * 1024 * 1024
"""A settings file beyond this was not written by us."""


class JsonFile:
    """A versioned file of settings. Blocking; one owner, one thread at a time.

    Args:
        path: where it is; its folder is created with the first write.
        version: the version this program writes.
        migrations: version to the function that turns a document of it into the next version's; it raises
            ``ValueError`` for a document that makes no sense.
    """

    def __init__(self, path: Path, version: int = 1, migrations: Mapping[int, Migration] | None = None) -> None:
        self.path = path
        self._version = version
        self._migrations = migrations or {}
        self._unread: SettingsError | None = None

    def read(self) -> tuple[Document, SettingsError | None]:
        """The document in this program's version, and what to tell the person once, if anything.

        A missing file is an empty document. A damaged one is set aside as ``.bad`` and is an empty document. One
        that cannot be opened is an empty document too, and ``write`` refuses until it could be read.
        A document of a newer program comes as it is.
        """
        self._unread = None
        try:
            with self.path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            return self._migrated(_parse(data)), None
        except FileNotFoundError:
            return {}, None
        except OSError as error:
            self._unread = SettingsError(
                "load_settings",
                str(self.path),
                "Unreadable",
                reason=f"The settings file can’t be opened: {error.strerror}.",
                hint="Nothing will be saved until it can be read.",
            )
            self._unread.__cause__ = error
            return {}, self._unread
        except (ValueError, RecursionError) as error:
            damaged = self._set_aside()
            damaged.__cause__ = error
            return {}, damaged

    def write(self, document: Mapping[str, Any]) -> None:
        """Replace the file: a crash at any moment leaves the old one or the new one. Mode 0600.

        Raises:
            SettingsError: it could not be written, or could not be read before and would be lost.
        """
        if self._unread is not None:
            raise self._unread
        version = max(self._version, document.get("version", 0))
        data = json.dumps({**document, "version": version}, indent=2).encode() + b"\n"
        target = Path(os.path.realpath(self.path))  # a link into a folder of dotfiles stays a link
        make_private_folder(target.parent)
        try:
            _replace(target, data)
        except OSError as error:
            raise SettingsError(
                "save_settings",
                str(self.path),
                "Unwritable",
                reason=f"The settings file can’t be written: {error.strerror}.",
                hint="Check that the disk has free space and that you may write there.",
            ) from error

    def _migrated(self, document: Document) -> Document:
        version = document.get("version", 1)
        if type(version) is not int or version < 1:
            raise ValueError("the version is not a number")
        while version in self._migrations and version < self._version:
            document = self._migrations[version](document)
            version += 1
            document["version"] = version
        return document

    def _set_aside(self) -> SettingsError:
        names = chain([f"{self.path.name}.bad"], (f"{self.path.name}.bad{number}" for number in count(2)))
        kept = next(free for free in map(self.path.with_name, names) if not os.path.lexists(free))
        try:
            self.path.rename(kept)
        except OSError as error:
            self._unread = SettingsError(
                "load_settings",
                str(self.path),
                "Damaged",
                reason=f"The settings file is damaged and can’t be set aside: {error.strerror}.",
                hint="Nothing will be saved until it is moved away.",
            )
            return self._unread
        return SettingsError("load_settings", str(self.path), "Damaged", hint=f"It is kept as “{kept}”.")


def _parse(data: bytes) -> Document:
    if len(data) > MAX_BYTES:
        raise ValueError("the file is too large")
    document = json.loads(data)
    if not isinstance(document, dict):
        raise ValueError("the file holds no JSON object")
    return document


def _replace(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # Windows cannot open a folder
        with contextlib.suppress(OSError):  # a file system that cannot do it has still replaced the file
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
