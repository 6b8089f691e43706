"""One object from S3 to this computer."""

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from threading import Event
from time import monotonic

from s3browser.exceptions import Cancelled, S3DownloadError, S3IntegrityError
from s3browser.model.entries import ObjectDetails
from s3browser.model.locations import S3Location
from s3browser.model.store import Cancel, ObjectStore
from s3browser.model.transfers import Progress

REPLACE_PATIENCE_S = 5.0
_MD5 = re.compile(r"[0-9a-f]{32}")
_BY_ERRNO = {
    errno.ENOSPC: "DiskFull",
    errno.EDQUOT: "DiskFull",
    errno.EFBIG: "TooLarge",
    errno.EACCES: "Unwritable",
    errno.EPERM: "Unwritable",
    errno.EROFS: "Unwritable",
    errno.ENOENT: "NoFolder",
    errno.EISDIR: "IsFolder",
    errno.ENOTDIR: "IsFile",
    errno.EEXIST: "IsFile",
    errno.ENAMETOOLONG: "BadName",
    errno.EINVAL: "BadName",
    errno.EILSEQ: "BadName",
}
_HELD_BY_ANOTHER_PROGRAM = (5, 32)  # WinError: access denied, sharing violation


def download_file(
    store: ObjectStore,
    location: S3Location,
    local_path: str | os.PathLike[str],
    *,
    on_progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Path:
    """Save one object as a file and return its path. Blocking.

    The bytes go into ``.~s3b-….part`` beside the target, which takes the target's place when all of them are there and
    on the disk: the target is never half written, and a link in its place is replaced, not followed.

    Where the ETag is an MD5 the bytes are compared with it, since over http a flipped bit is noticed by nobody else;
    bytes that differ are fetched once more, and refused if they differ again. An ETag counts as an MD5 if it is 32 hex
    digits of an object that is not encrypted with a key of its own (KMS), outside directory buckets; multipart ETags
    are never one.

    Args:
        store: where from.
        location: the object.
        local_path: the file; a file that is there already is replaced, a folder is not.
        on_progress: called with the position and the size, in bytes, on this thread, after every piece.
        cancel: ends the work soon after it is set.

    Raises:
        S3FileNotFoundError: there is no such object.
        S3ConflictError: it was changed while it was fetched.
        S3IntegrityError: what arrived differs from what was stored, twice.
        S3DownloadError: the disk is full, the folder is missing or read-only, or the name can't be stored.
        Cancelled: ``cancel`` was set before the target was in its place.
        S3IntegrationError: whatever else the store says.
    """
    path = Path(local_path)
    stop = cancel or Event()
    details = store.head(location.bucket, location.key, operation="download", cancel=stop)
    _check_target(path, details.size)
    temp = path.with_name(f".~s3b-{secrets.token_hex(4)}.part")
    try:
        with local_errors(path):
            file = temp.open("xb", buffering=0)
        with file:
            _fetch_verified(store, location, details, _Sink(file, path, details.size, on_progress), stop)
            with local_errors(path):
                os.fsync(file.fileno())
        if stop.is_set():
            raise Cancelled
        with local_errors(path):
            _replace(temp, path, stop)
    except BaseException:
        with suppress(OSError):
            temp.unlink(missing_ok=True)
        raise
    return path


def make_folder(folder: Path, root: Path) -> None:
    """Make ``folder`` with its parents, inside ``root``; one that is there already is no error.

    Raises:
        S3DownloadError: it would lie outside ``root`` (a link leads out of it), ``root`` is gone, a file is in the
            way, or writing is not allowed.
    """
    if not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(root)):
        raise S3DownloadError("download", str(folder), "Outside")
    with local_errors(folder):
        # Not made anew: it may be a disk that was pulled out, and its empty place would fill another one.
        root.stat()
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def local_errors(path: Path) -> Iterator[None]:
    """Raise what the system says of ``path`` as S3DownloadError."""
    try:
        yield
    except OSError as error:
        raise S3DownloadError("download", str(path), _BY_ERRNO.get(error.errno or 0)) from error


def _check_target(path: Path, size: int) -> None:
    """Raise S3DownloadError early where the target can't become a file of ``size`` bytes."""
    if "\0" in str(path) or not path.name:
        raise S3DownloadError("download", str(path), "BadName")
    with local_errors(path):
        if path.is_dir():
            raise S3DownloadError("download", str(path), "IsFolder")
        # A disk that can't tell its size says 0 of 0.
        usage = shutil.disk_usage(path.parent)
        if usage.total and usage.free < size:
            raise S3DownloadError("download", str(path), "DiskFull")


def _fetch_verified(
    store: ObjectStore, location: S3Location, details: ObjectDetails, sink: "_Sink", cancel: Cancel
) -> None:
    wanted = _md5_of(location, details)
    for _ in range(2):
        sink.rewind()
        store.fetch(location.bucket, location.key, sink.write, if_match=details.etag, cancel=cancel)
        if sink.position == details.size and wanted in (None, sink.md5.hexdigest()):
            sink.report()
            return
    raise S3IntegrityError("download", str(location), "ContentDiffers")


def _md5_of(location: S3Location, details: ObjectDetails) -> str | None:
    """The MD5 of the object's bytes, or None where its ETag is something else."""
    plain = details.encryption in (None, "", "AES256") and not location.bucket.endswith("--x-s3")
    return details.etag if plain and _MD5.fullmatch(details.etag) else None


def _replace(temp: Path, path: Path, cancel: Cancel) -> None:
    """Put ``temp`` in ``path``'s place; on Windows a virus scanner may hold either for a moment."""
    deadline = monotonic() + REPLACE_PATIENCE_S
    while True:
        try:
            temp.replace(path)
            return
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _HELD_BY_ANOTHER_PROGRAM:
                raise
            if monotonic() >= deadline:
                # Not the folder: ``temp`` could be written there.
                raise S3DownloadError("download", str(path), "InUse") from error
        if cancel.wait(0.1):
            raise Cancelled


class _Sink:
    """Where the bytes go: the temporary file, the digest and the progress."""

    def __init__(self, file: FileIO, path: Path, size: int, on_progress: Progress | None) -> None:
        self._file = file
        self._path = path
        self._size = size
        self._on_progress = on_progress
        self._told = 0
        self.rewind()

    def rewind(self) -> None:
        """Begin anew with nothing written."""
        self.position = 0
        self.md5 = hashlib.md5(usedforsecurity=False)
        with local_errors(self._path):
            self._file.seek(0)
            self._file.truncate()

    def write(self, data: bytes) -> None:
        """Take the next bytes. More than the object has are an S3IntegrityError at once: they could fill the disk."""
        self.position += len(data)
        if self.position > self._size:
            raise S3IntegrityError("download", str(self._path), "ContentDiffers")
        rest = memoryview(data)
        with local_errors(self._path):
            while rest:
                rest = rest[self._file.write(rest) :]
        self.md5.update(data)
        self.report()

    def report(self) -> None:
        """Tell how much is there; a position that went back, in a second attempt, is not told."""
        self._told = max(self._told, self.position)
        if self._on_progress is not None:
            self._on_progress(self._told, self._size)
