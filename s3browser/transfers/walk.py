"""What lies on this computer where a person chose something to upload."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from s3browser.exceptions import Cancelled, S3UploadError
from s3browser.model.localnames import key_name
from s3browser.model.locations import DELIMITER
from s3browser.model.store import Cancel
from s3browser.transfers.localfile import local_error

_MOUNT_POINT = 0xA0000003  # the reparse tag of a Windows junction: a link to a folder that does not look like one


class Found(NamedTuple):
    """Something on this computer; ``name`` is what its key ends in, of a folder with the ``/``."""

    path: str
    name: str
    size: int = 0
    modified_ns: int = 0
    is_renamed: bool = False
    is_folder: bool = False
    error: S3UploadError | None = None


class _Pending(NamedTuple):
    """Something to look at; ``above`` is what the names of its folder’s keys begin with, ``entry`` None if chosen."""

    path: str
    name: str
    above: str = ""
    is_renamed: bool = False
    entry: os.DirEntry[str] | None = None


def walk(paths: Iterable[Path], cancel: Cancel) -> Iterator[Found]:
    """Every file and every empty folder, in order of their names, and what can't be taken.

    Blocking. Only the entries of the folders above the current one are in memory.

    Raises:
        Cancelled: ``cancel`` was set.
    """
    chosen = [_Pending(str(path), _chosen_name(path)) for path in dict.fromkeys(paths)]
    pending = [iter(chosen)]
    while pending:
        go_on(cancel)
        one = next(pending[-1], None)
        if one is None:
            pending.pop()
            continue
        found = _look(one)
        if not found.is_folder:
            yield found
            continue
        try:
            with os.scandir(found.path) as entries:
                children = sorted(entries, key=attrgetter("name"))
        except OSError as error:
            reason = "You are not allowed to open this folder." if isinstance(error, PermissionError) else None
            code = local_error(Path(found.path), error).code
            yield found._replace(error=S3UploadError("upload", found.path, code, reason=reason))
            continue
        if children:
            pending.append(_inside(found, children))
        else:
            yield found


def go_on(cancel: Cancel) -> None:
    """Raise Cancelled if ``cancel`` is set."""
    if cancel.is_set():
        raise Cancelled


def _inside(folder: Found, children: Sequence[os.DirEntry[str]]) -> Iterator[_Pending]:
    return (_Pending(child.path, child.name, folder.name, folder.is_renamed, child) for child in children)


def _chosen_name(path: Path) -> str:
    """What the person who chose ``path`` calls it; a whole disk has no name but its letter."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 (without following links, which resolve() does)
    return absolute.name or absolute.drive.rstrip(":") or "root"


def _look(one: _Pending) -> Found:
    """What it is. One question to the system where it is a plain file, another one whether it may be read."""
    path = one.path
    segment = key_name(one.name)
    # A file whose key ends in "/" would be a folder that holds data; no download makes a file that is called so.
    name = segment or one.name
    found = Found(path, one.above + name, is_renamed=one.is_renamed or name != one.name)
    try:
        own = one.entry.stat(follow_symlinks=False) if one.entry else os.lstat(path)
        is_link = stat.S_ISLNK(own.st_mode)
        info = os.stat(path) if is_link else own  # noqa: PTH116 (a Path for each of 100,000 files takes a second)
    except (OSError, ValueError) as error:
        return found._replace(error=local_error(Path(path), error))
    if stat.S_ISDIR(info.st_mode):
        if one.entry and (is_link or getattr(own, "st_reparse_tag", 0) == _MOUNT_POINT):
            reason, hint = "This is a link to another folder.", "Upload that folder itself if you need it."
            return found._replace(error=S3UploadError("upload", path, "NotAFile", reason=reason, hint=hint))
        is_renamed = one.is_renamed or segment != one.name
        return Found(path, one.above + segment + DELIMITER, 0, info.st_mtime_ns, is_renamed, is_folder=True)
    if not stat.S_ISREG(info.st_mode):
        return found._replace(error=S3UploadError("upload", path, "NotAFile"))
    is_readable = os.access(path, os.R_OK)
    refused = None if is_readable else S3UploadError("upload", path, "Unreadable")
    return Found(path, found.name, info.st_size, info.st_mtime_ns, found.is_renamed, error=refused)
