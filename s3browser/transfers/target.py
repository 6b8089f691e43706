"""Where a download goes: the checks before it, the temporary file beside the target, and how that takes its place."""

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from time import monotonic, time_ns

from s3browser.exceptions import Cancelled, S3DownloadError
from s3browser.model.store import Cancel
from s3browser.transfers.localfile import local_errors

# A Path costs more than these calls, and thousands of small files are made of them.
# ruff: noqa: PTH104, PTH105, PTH108, PTH112, PTH118

REPLACE_PATIENCE_S = 5.0
FREE_SPACE_KNOWN_S = 1.0
_HELD_BY_ANOTHER_PROGRAM = (5, 32)  # WinError: access denied, sharing violation
_IS_WINDOWS = os.name == "nt"
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_CAN_DO_WITHOUT_NAME = hasattr(os, "O_TMPFILE") and Path("/proc/self/fd").exists()
_MAX_FOLDERS_KNOWN = 64

_folders: dict[tuple[str, str], tuple[float, int]] = {}


class NewEntries:
    """Folders that have got new entries which may not be on the disk yet. Thread-safe.

    To bring every one of thousands of small files there by itself would cost more than the files.
    """

    def __init__(self) -> None:
        self._folders: set[str] = set()

    def add(self, folder: str) -> None:
        """A folder has got one."""
        self._folders.add(folder)

    def sync(self) -> None:
        """Return when all that were added before this call are on the disk. Blocking; one thread at a time."""
        while self._folders:
            _sync_folder(self._folders.pop())


class Target:
    """The file that a download becomes, and the temporary one beside it that takes its place when it is complete.

    Args:
        path: the file.
        may_replace: whether a file that is there may be replaced. A folder never is; of a link, it is the link.
        root: the folder outside of which nothing is written; empty for anywhere.
        entries: told that the folder has a new entry, which somebody else brings to the disk; None: ``replace`` does.
    """

    __slots__ = ("_entries", "_has_name", "_is_in_place", "_name", "_temp", "folder", "may_replace", "path", "root")

    def __init__(self, path: str, *, may_replace: bool, root: str = "", entries: NewEntries | None = None) -> None:
        self.path = path
        folder, self._name = os.path.split(path)
        self.folder = folder or "."
        self._temp = ""
        self._entries = entries
        self.may_replace = may_replace
        self.root = root
        self._has_name = True
        self._is_in_place = False

    @property
    def temp(self) -> str:
        """The temporary file: that of an earlier run where it was set, else a new name."""
        if not self._temp:
            self._temp = f"{os.path.join(self.folder, '.~s3b-')}{secrets.token_hex(4)}.part"
        return self._temp

    @temp.setter
    def temp(self, path: str) -> None:
        self._temp = path

    def check(self, size: int) -> None:
        """Raise S3DownloadError early where the target can’t become a file of ``size`` bytes."""
        path = self.path
        if "\0" in path or self._name in ("", ".", ".."):
            raise S3DownloadError("download", path, "BadName")
        with local_errors(path):
            if os.path.lexists(path):
                if os.path.isdir(path):
                    raise S3DownloadError("download", path, "IsFolder")
                if not self.may_replace and not _is_same(self.temp, path):
                    raise S3DownloadError("download", path, "Taken")
            if _free_bytes(self.folder, self.root) < size:
                raise S3DownloadError("download", path, "DiskFull")

    def create(self, size: int) -> int:
        """Make the temporary file, ``size`` bytes long, and return its descriptor."""
        with local_errors(self.path):
            fd = os.open(self.temp, _CREATE, 0o666)
            try:
                if size:
                    os.ftruncate(fd, size)
            except BaseException:
                os.close(fd)
                raise
        return fd

    def create_whole(self) -> int:
        """Make the temporary file for bytes that are at hand, and return its descriptor.

        Where the disk and the system can, it has no name until ``seal``: a crash leaves nothing.
        """
        if not _CAN_DO_WITHOUT_NAME:
            return self.create(0)
        try:
            fd = os.open(self.folder, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o666)
        except OSError:  # such a disk: FAT, NFS
            return self.create(0)
        self._has_name = False
        return fd

    def seal(self, fd: int, mtime_ns: int) -> None:
        """Give the temporary file its time of last change, and return when all of it is on the disk.

        One of ``create_whole`` gets its name; raises S3DownloadError as ``replace``.
        """
        with local_errors(self.path):
            # A time the disk can't keep is no reason to lose the file.
            with suppress(OSError, OverflowError):
                os.utime(self.temp if self._has_name else fd, ns=(time_ns(), mtime_ns))
            os.fsync(fd)
            if not self._has_name:
                self._give_name(fd)

    def replace(self, cancel: Cancel) -> None:
        """Put the complete temporary file in the target’s place, all at once; on Windows a virus scanner may hold it.

        Raises:
            S3DownloadError: code ``Taken``: something is there, and it may not be replaced.
            Cancelled: ``cancel`` was set while another program held the file.
        """
        if not self._is_in_place:
            self._rename(cancel)
        if self._entries is None:
            _sync_folder(self.folder)
        else:
            self._entries.add(self.folder)

    def _rename(self, cancel: Cancel) -> None:
        deadline = monotonic() + REPLACE_PATIENCE_S
        with local_errors(self.path):
            while True:
                try:
                    if self.may_replace:
                        os.replace(self.temp, self.path)
                    else:
                        _rename_to_new(self.temp, self.path)
                    return
                except FileExistsError as error:
                    raise S3DownloadError("download", self.path, "Taken") from error
                except PermissionError as error:
                    if getattr(error, "winerror", None) not in _HELD_BY_ANOTHER_PROGRAM:
                        raise
                    if monotonic() >= deadline:
                        # Not the folder: the temporary file could be written there.
                        raise S3DownloadError("download", self.path, "InUse") from error
                if cancel.wait(0.1):
                    raise Cancelled

    def _give_name(self, fd: int) -> None:
        """Give a file without a name one: the target’s, where that has to be free."""
        try:
            # Without ``src_dir_fd``, of which an absolute path makes nothing, it would link the link in /proc itself.
            os.link(f"/proc/self/fd/{fd}", self.temp if self.may_replace else self.path, src_dir_fd=fd)
        except FileExistsError as error:
            raise S3DownloadError("download", self.path, "Taken") from error
        self._has_name = True
        self._is_in_place = not self.may_replace

    def discard(self) -> bool:
        """Delete the temporary file; whether it is gone."""
        try:
            os.unlink(self.temp)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True


def make_folder(folder: Path, root: Path) -> None:
    """Make ``folder`` with its parents, inside ``root``; one that is there already is no error.

    Raises:
        S3DownloadError: it would lie outside ``root`` (a link leads out of it), ``root`` is gone, a file is in the
            way, or writing is not allowed.
    """
    _check_inside(str(folder), str(root))
    with local_errors(folder):
        # Not made anew: it may be a disk that was pulled out, and its empty place would fill another one.
        root.stat()
        folder.mkdir(parents=True, exist_ok=True)


def _check_inside(folder: str, root: str) -> None:
    if not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(root)):
        raise S3DownloadError("download", folder, "Outside")


def _free_bytes(folder: str, root: str) -> int:
    """Free space where ``folder`` is, known for a second; raises S3DownloadError if it is outside ``root``."""
    now = monotonic()
    known = _folders.get((folder, root))
    if known is not None and now - known[0] < FREE_SPACE_KNOWN_S:
        return known[1]
    if root:
        _check_inside(folder, root)
    usage = shutil.disk_usage(folder)
    free = usage.free if usage.total else 1 << 63  # a disk that can't tell its size says 0 of 0
    if len(_folders) >= _MAX_FOLDERS_KNOWN:
        _folders.clear()
    _folders[folder, root] = now, free
    return free


def _rename_to_new(temp: str, path: str) -> None:
    """Rename, but raise FileExistsError if something has the name, with no moment in between."""
    if _IS_WINDOWS:
        os.rename(temp, path)
        return
    try:
        os.link(temp, path)
    except FileExistsError:
        # An earlier run may have ended between these two steps.
        if not _is_same(temp, path):
            raise
    except OSError:
        # A disk without hard links (exFAT): a moment in between is what is left.
        if os.path.lexists(path):
            raise FileExistsError from None
        os.replace(temp, path)
        return
    with suppress(OSError):
        os.unlink(temp)


def _is_same(temp: str, path: str) -> bool:
    """Whether both are names of one file."""
    try:
        return os.path.samestat(os.lstat(temp), os.lstat(path))
    except OSError:
        return False


def _sync_folder(folder: str) -> None:
    """Return when the folder’s new entries are on the disk."""
    # Windows and some network disks have no such call; what has gone away needs none.
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
