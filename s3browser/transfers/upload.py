"""One file from this computer to S3."""

import io
import logging
import mimetypes
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import BinaryIO, NamedTuple, NoReturn, cast

from s3browser.exceptions import Cancelled, S3UploadError
from s3browser.model.locations import S3Location, key_problem
from s3browser.model.store import Cancel, ObjectStore
from s3browser.model.transfers import Progress

MIB = 1024 * 1024
MULTIPART_FROM_BYTES = 16 * MIB
MIN_PART_BYTES = 8 * MIB
MAX_PARTS = 9_500  # S3 takes 10,000; the rest is room for a file that turns out a little longer
MAX_OBJECT_BYTES = 5 * 1024 * 1024 * MIB
REPORT_EVERY_S = 0.1
_SHARING_VIOLATION = 32  # WinError

_log = logging.getLogger(__name__)


class Part(NamedTuple):
    """A piece of a file: its number from 1, and the bytes it covers."""

    number: int
    start: int
    size: int


class Fingerprint(NamedTuple):
    """What tells that a file was changed."""

    size: int
    mtime_ns: int


def upload_file(
    store: ObjectStore,
    local_path: str | os.PathLike[str],
    location: S3Location,
    *,
    on_progress: Progress | None = None,
    cancel: Cancel | None = None,
    metadata: Mapping[str, str] | None = None,
    content_type: str | None = None,
) -> str:
    """Store a file as one object and return its ETag. Blocking.

    From 16 MiB it goes in parts, one after the other; a failure leaves neither an object nor parts behind. A file that
    is changed meanwhile is noticed while its last byte is handed over, so that a mixture of old and new is not stored.

    Args:
        store: where to.
        local_path: a regular file, or a link to one.
        location: the object; what is there already is replaced.
        on_progress: called with the position and the size, in bytes, on this thread: some ten times a second, after
            each part, and at the end.
        cancel: ends the work soon after it is set.
        metadata: kept with the object.
        content_type: guessed from the file’s name where None.

    Raises:
        S3UploadError: the file is missing, a folder, not regular, unreadable, too large or was changed meanwhile, or
            S3 can’t store the key.
        Cancelled: ``cancel`` was set before the object was complete.
        S3IntegrationError: whatever else the store says.
    """
    path = Path(local_path)
    problem = key_problem(location.key) or ("A file’s name can’t end in “/”." if location.is_folder else None)
    if problem:
        raise S3UploadError("upload", str(path), "BadName", reason=problem)
    fingerprint = take_fingerprint(path)
    if fingerprint.size > MAX_OBJECT_BYTES:
        raise S3UploadError("upload", str(path), "TooLarge")
    kind = content_type or guess_content_type(path.name)
    with _Source(path, fingerprint, on_progress) as source:
        try:
            source.check()
            if fingerprint.size < MULTIPART_FROM_BYTES:
                body = source.window(Part(1, 0, fingerprint.size))
                etag = store.put(
                    *_names(location), body, fingerprint.size, content_type=kind, metadata=metadata, cancel=cancel
                )
            else:
                etag = _send_parts(store, source, location, kind, metadata, cancel)
        except Exception as error:
            # A store may take what its body raised for a broken line: the file's own error is the truth.
            if source.error is None or isinstance(error, Cancelled):
                raise
            raise source.error from error.__cause__
        source.finish()
    return etag


def part_size(size: int) -> int:
    """The size of every part but the last of a file of ``size`` bytes: whole MiB, at least 8, at most 9,500 parts."""
    return max(MIN_PART_BYTES, -(-size // (MAX_PARTS * MIB)) * MIB)


def parts_of(size: int) -> Iterator[Part]:
    """The parts of a file of ``size`` bytes, in order."""
    step = part_size(size)
    return (Part(number, start, min(step, size - start)) for number, start in enumerate(range(0, size, step), 1))


def take_fingerprint(path: Path) -> Fingerprint:
    """The fingerprint of a regular file. Raises S3UploadError for anything else."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise local_error(path, error) from error
    if stat.S_ISDIR(found.st_mode):
        raise S3UploadError("upload", str(path), "IsFolder")
    if not stat.S_ISREG(found.st_mode):
        raise S3UploadError("upload", str(path), "NotAFile")
    return Fingerprint(found.st_size, found.st_mtime_ns)


def local_error(path: Path, error: Exception) -> S3UploadError:
    """The S3UploadError for what the system said of a file; a name it can’t even look up is missing."""
    if isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):
        return S3UploadError("upload", str(path), "Missing")
    if isinstance(error, PermissionError):
        in_use = getattr(error, "winerror", None) == _SHARING_VIOLATION
        return S3UploadError("upload", str(path), "InUse" if in_use else "Unreadable")
    return S3UploadError("upload", str(path))


def guess_content_type(name: str) -> str:
    """The media type that a file’s name promises; that of the wrapping, not of the content, for ``data.csv.gz``."""
    # "./" keeps "data:x.txt" from being read as an address.
    kind, encoding = mimetypes.guess_type(f"./{name}")
    if encoding is not None:
        return {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}.get(
            encoding, "application/octet-stream"
        )
    return kind or "application/octet-stream"


def _names(location: S3Location) -> tuple[str, str]:
    return location.bucket, location.key


def _send_parts(
    store: ObjectStore,
    source: "_Source",
    location: S3Location,
    content_type: str,
    metadata: Mapping[str, str] | None,
    cancel: Cancel | None,
) -> str:
    names = _names(location)
    upload_id = store.create_multipart(*names, content_type=content_type, metadata=metadata, cancel=cancel)
    try:
        sent = []
        for part in parts_of(source.fingerprint.size):
            body = source.window(part)
            sent.append(store.put_part(*names, upload_id, part.number, body, part.size, cancel=cancel))
            # On a fast line a part is over before its body has reported anything.
            source.report(part.start + part.size)
        return store.complete_multipart(*names, upload_id, sent)
    except BaseException:
        try:
            store.abort_multipart(*names, upload_id)
        except Exception as error:
            # The first error is what counts; what stays behind is listed among the unfinished uploads.
            _log.warning("parts of an upload stay on the server: %s", error)
        raise


class _Source:
    """An open file that is watched while it is sent; the first thing that went wrong with it is ``error``."""

    def __init__(self, path: Path, fingerprint: Fingerprint, on_progress: Progress | None) -> None:
        self.path = path
        self.fingerprint = fingerprint
        self.error: S3UploadError | None = None
        self._on_progress = on_progress
        self._position = 0
        try:
            self.file = path.open("rb", buffering=0)
        except OSError as error:
            raise local_error(path, error) from error

    def __enter__(self) -> "_Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def window(self, part: Part) -> BinaryIO:
        """A part as a body that can be rewound."""
        return cast("BinaryIO", _Window(self, part))

    def read_into(self, view: memoryview, start: int) -> int:
        """Fill ``view`` with what the file holds from ``start``; raises S3UploadError if that is not all there."""
        try:
            self.file.seek(start)
            filled = 0
            while filled < len(view) and (count := self.file.readinto(view[filled:])):
                filled += count
        except OSError as error:
            self._fail(local_error(self.path, error), error)
        if filled < len(view):
            self._fail(S3UploadError("upload", str(self.path), "Changed"))
        return filled

    def check(self) -> None:
        """Raise S3UploadError if the file is no longer the one it was."""
        try:
            same = take_fingerprint(self.path) == self.fingerprint
        except S3UploadError as error:
            self._fail(error)
        if not same:
            self._fail(S3UploadError("upload", str(self.path), "Changed"))

    def report(self, position: int) -> None:
        """Tell how far the file has been sent; a position that went back is not told."""
        self._position = max(self._position, position)
        if self._on_progress is not None:
            self._on_progress(self._position, self.fingerprint.size)

    def finish(self) -> None:
        """Tell that all of it has been sent."""
        self.report(self.fingerprint.size)

    def _fail(self, error: S3UploadError, cause: Exception | None = None) -> NoReturn:
        self.error = self.error or error
        raise error from cause


class _Window(io.RawIOBase):
    """One part of a ``_Source`` as a body.

    A body may be read once to be signed and again to be sent. Reading is reported only when it has gone on for a
    moment since the last rewind: signing is over by then, so that progress tells what was sent.
    """

    def __init__(self, source: _Source, part: Part) -> None:
        self._source = source
        self._part = part
        self._position = 0
        self._reported_at = monotonic()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._part.size}[whence]
        self._position = max(0, base + offset)
        self._reported_at = monotonic()
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")[: max(0, self._part.size - self._position)]
        self._position += self._source.read_into(view, self._part.start + self._position)
        if self._position == self._part.size:
            self._source.check()
        now = monotonic()
        if now - self._reported_at >= REPORT_EVERY_S:
            self._reported_at = now
            self._source.report(self._part.start + self._position)
        return len(view)
