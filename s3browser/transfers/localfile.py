"""Files on this computer, as both ways of a transfer see them."""

import errno
import io
import os
import stat
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from s3browser.exceptions import S3DownloadError, S3UploadError

MTIME_METADATA = "mtime"  # as rclone writes and reads it
_NS = 1_000_000_000
_SHARING_VIOLATION = 32  # WinError
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
# Not blocking: the file may have become a pipe since it was looked at. O_BINARY is Windows'.
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_buffers = threading.local()


class Fingerprint(NamedTuple):
    """What tells that a file was changed since another time."""

    size: int
    mtime_ns: int


class Version(NamedTuple):
    """What tells that a file is being changed: its fingerprint, and which one it is on its disk."""

    size: int
    mtime_ns: int
    device: int
    inode: int

    @property
    def fingerprint(self) -> Fingerprint:
        """What is left of it when the disk is mounted again."""
        return Fingerprint(self.size, self.mtime_ns)


class SourceFile:
    """A regular file that is read while others may write it: a read is of one version, or it fails. Thread-safe."""

    __slots__ = ("path", "version")

    def __init__(self, path: str) -> None:
        self.path = path
        self.version = self._look()

    def check(self) -> None:
        """Raise S3UploadError if what lies there is no longer the version that was opened."""
        if self._look() != self.version:
            raise S3UploadError("upload", self.path, "Changed")

    def read(self) -> bytes:
        """All of it, for small files."""
        size = self.version.size
        with _local_upload_errors(self.path):
            fd = os.open(self.path, _OPEN)
            try:
                # One byte more than there should be notices the growth that a coarse clock hides.
                data = os.read(fd, size + 1)
                while len(data) < size and (more := os.read(fd, size + 1 - len(data))):
                    data += more
                after = _version(os.fstat(fd))
            finally:
                os.close(fd)
        if len(data) != size or after != self.version:
            raise S3UploadError("upload", self.path, "Changed")
        return data

    def read_into(self, view: memoryview, start: int) -> None:
        """Fill ``view`` with what the file holds from ``start``."""
        with _local_upload_errors(self.path), io.FileIO(os.open(self.path, _OPEN)) as file:
            filled = _fill(file, view, start)
            after = _version(os.fstat(file.fileno()))
        if filled != len(view) or after != self.version:
            raise S3UploadError("upload", self.path, "Changed")
        self.check()

    def _look(self) -> Version:
        try:
            found = os.stat(self.path)  # noqa: PTH116 (a Path costs more than the call)
        except (OSError, ValueError) as error:
            raise local_error(self.path, error) from error
        if not stat.S_ISREG(found.st_mode):
            raise S3UploadError("upload", self.path, "IsFolder" if stat.S_ISDIR(found.st_mode) else "NotAFile")
        return _version(found)


class Body(io.RawIOBase):
    """Bytes that a store reads: ``read_into(view, position)`` fills a view with those from a position on."""

    def __init__(self, size: int, read_into: Callable[[memoryview, int], object]) -> None:
        self._size = size
        self._read_into = read_into
        self._position = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As any file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """As any file."""
        view = memoryview(buffer).cast("B")[: max(0, self._size - self._position)]
        if len(view):
            self._read_into(view, self._position)
            self._position += len(view)
        return len(view)


class MemoryBody(Body):
    """Bytes in memory; ``getbuffer()`` gives them without copying, as ``io.BytesIO`` does."""

    def __init__(self, view: memoryview) -> None:
        # Not a method of its own: each body would be a ring that waits for Python's collector.
        super().__init__(len(view), partial(_copy, view))
        self._view = view

    def getbuffer(self) -> memoryview:
        """All of it."""
        return self._view


class StreamBody(Body):
    """A part that is too large for memory, read from the file as it is sent; ``failure`` is the file's first error."""

    def __init__(self, source: SourceFile, start: int, size: int) -> None:
        super().__init__(size, self._read)
        self.failure: S3UploadError | None = None
        self._source = source
        self._start = start

    def _read(self, view: memoryview, position: int) -> None:
        try:
            self._source.read_into(view, self._start + position)
        except S3UploadError as error:
            self.failure = self.failure or error
            raise


def thread_buffer(size: int) -> memoryview:
    """``size`` bytes of memory that this thread uses again and again: good until the thread’s next call."""
    buffer: bytearray | None = getattr(_buffers, "bytes", None)
    if buffer is None or len(buffer) < size:
        buffer = _buffers.bytes = bytearray(size)
    return memoryview(buffer)[:size]


def local_error(path: Path | str, error: Exception) -> S3UploadError:
    """The S3UploadError for what the system said of a file; a name it can’t even look up is missing."""
    if isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):
        return S3UploadError("upload", str(path), "Missing")
    if isinstance(error, PermissionError):
        in_use = getattr(error, "winerror", None) == _SHARING_VIOLATION
        return S3UploadError("upload", str(path), "InUse" if in_use else "Unreadable")
    return S3UploadError("upload", str(path))


class local_errors:  # noqa: N801 (a context, like suppress; made by hand, it costs a small file less)
    """Raise what the system says of ``path`` as S3DownloadError."""

    __slots__ = ("_path",)

    def __init__(self, path: Path | str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            raise S3DownloadError("download", str(self._path), _BY_ERRNO.get(error.errno or 0)) from error


def mtime_metadata(mtime_ns: int) -> dict[str, str]:
    """The metadata that keeps when a file was last changed: seconds since 1970, to the nanosecond."""
    seconds, rest = divmod(abs(mtime_ns), _NS)
    return {MTIME_METADATA: f"{'-' if mtime_ns < 0 else ''}{seconds}.{rest:09}"}


def mtime_of(metadata: Mapping[str, str]) -> int | None:
    """What ``mtime_metadata`` kept, in ns since 1970; None where there is nothing, or something else."""
    text = metadata.get(MTIME_METADATA) or metadata.get(MTIME_METADATA.title()) or ""  # rclone’s server capitalises
    if not text:
        return None
    whole, _, rest = text.removeprefix("-").partition(".")
    if not (whole.isdecimal() and whole.isascii() and (rest or "0").isdecimal() and rest.isascii()):
        return None
    mtime_ns = int(whole) * _NS + int(rest[:9].ljust(9, "0"))
    return -mtime_ns if text.startswith("-") else mtime_ns


class _local_upload_errors:  # noqa: N801 (as above)
    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            raise local_error(self._path, error) from error


def _copy(whole: memoryview, view: memoryview, position: int) -> None:
    view[:] = whole[position : position + len(view)]


def _version(found: os.stat_result) -> Version:
    return Version(found.st_size, found.st_mtime_ns, found.st_dev, found.st_ino)


def _fill(file: io.FileIO, view: memoryview, start: int) -> int:
    file.seek(start)
    filled = 0
    while filled < len(view) and (count := file.readinto(view[filled:])):
        filled += count
    return filled
