"""The temporary file of a large download: its parts come in any order, are made safe now and then, and proved."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import FileIO
from time import monotonic
from typing import Any

from s3browser.exceptions import S3DownloadError, S3IntegrityError
from s3browser.model.entries import UploadedPart
from s3browser.model.store import Cancel
from s3browser.transfers.checksums import Check, Crc, CrcCheck, Hasher
from s3browser.transfers.localfile import local_errors, thread_buffer
from s3browser.transfers.parts import MIB, Part, PartList
from s3browser.transfers.run import Keeper, stop_if
from s3browser.transfers.target import Target

SYNC_EVERY_BYTES = 64 * MIB
SYNC_EVERY_S = 2.0
_READ_BACK_BYTES = MIB
_sync_data: Callable[[int], object] = getattr(os, "fdatasync", os.fsync)


class Pieces:
    """See the module. Thread-safe: several parts may be under way at once.

    Args:
        target: whose temporary file it is.
        size: the object's, in bytes.
        step: the size of a part.
        check: how the bytes can be proved; None: not at all.
        keeper: told of every part once it is on the disk.
        cancel: ends reading back soon after it is set.
        kept: parts that are there already.
    """

    def __init__(
        self,
        target: Target,
        size: int,
        step: int,
        check: Check | None,
        keeper: Keeper,
        cancel: Cancel,
        kept: Iterable[UploadedPart] = (),
    ) -> None:
        self.step = step
        self._target = target
        self._path = target.path
        self._size = size
        self._check = check
        self._keeper = keeper
        self._cancel = cancel
        self._lock = threading.Lock()
        self._hash_lock = threading.Lock()
        self._hashers: dict[int, Hasher] = {}
        self._safe_at = monotonic()
        self._unsafe: list[Part] = []
        known = {part.number: part for part in kept}
        self.parts = PartList(size, step, moved=known)
        if isinstance(check, CrcCheck) and check.algorithm == "CRC64NVME":
            self._hashers = {part.number: check.hasher(part.crc64nvme) for part in known.values() if part.crc64nvme}
        self._all = PartList(size, step).missing()
        self._begin_whole()

    def begin_anew(self) -> None:
        """All parts have to come once more."""
        self.parts = PartList(self._size, self.step, position=self.parts.position)
        self._hashers.clear()
        self._unsafe.clear()
        self._begin_whole()

    def receive(
        self, part: Part, fetch: Callable[[Callable[[Any], None]], object], report: Callable[[], object] | None
    ) -> None:
        """Let ``fetch`` hand the bytes of a part, in order, to a function that writes them; ``report`` each piece.

        What it raises is the end of all parts, up to ``begin_anew``: some of this one's bytes may be hashed already.
        """
        hasher = None if self._check is None or self._check.in_order else self._check.hasher()
        taken = 0

        def write(data: bytes | memoryview) -> None:
            nonlocal taken
            taken += len(data)
            if taken > part.size:
                raise S3IntegrityError("download", self._path, "ContentDiffers")
            rest = memoryview(data)
            with local_errors(self._path):
                while rest:
                    rest = rest[file.write(rest) :]
            if hasher is not None:
                hasher.update(data)
            self.parts.report(part, taken)
            if self._whole is not None and part.start <= self._hashed:
                # No further than these bytes: the line would rest meanwhile, and the server might hang up.
                self._hash_in_order(file, part.start + taken)
                file.seek(part.start + taken)
            if report is not None:
                report()

        with self.opened() as file:
            file.seek(part.start)
            try:
                fetch(write)
                if taken != part.size:
                    raise S3IntegrityError("download", self._path, "ContentDiffers")
                if hasher is not None:
                    self._hashers[part.number] = hasher
                self.parts.finish(part)
                with self._lock:
                    self._unsafe.append(part)
                self._hash_in_order(file, self._size)
            except BaseException:
                # The parts before this one are not to be fetched again; an error of the disk would hide the first one.
                with suppress(S3DownloadError):
                    self._make_safe(file, at_once=True)
                raise
            self._make_safe(file)

    def opened(self) -> FileIO:
        """The temporary file, to read and write."""
        with local_errors(self._path):
            return FileIO(self._target.temp, "r+b")

    def are_proved(self, path: str) -> bool:
        """Whether the file at ``path`` is the object, as far as anybody can tell; only what was not yet is read."""
        check = self._check
        if check is None:
            return True
        with local_errors(path), FileIO(path) as file:
            if check.in_order:
                self._hash_up_to(file, self._size)
                return check.matches([(self._size, self._whole)])
            for part in self._all:
                if part.number not in self._hashers:
                    hasher = check.hasher()
                    for piece in self._read_back(file, part.start, part.start + part.size):
                        hasher.update(piece)
                    self._hashers[part.number] = hasher
        return check.matches([(part.size, self._hashers[part.number]) for part in self._all])

    def _begin_whole(self) -> None:
        self._whole: Any = self._check.hasher() if self._check is not None and self._check.in_order else None
        self._hashed = 0  # bytes that ``_whole`` has taken

    def _hash_in_order(self, file: FileIO, most: int) -> None:
        """Hash what has come without a gap, below ``most``; one thread does it, while the others fetch."""
        if self._whole is None or not self._hash_lock.acquire(blocking=False):
            return
        try:
            while self._hashed < (stop := min(most, self.parts.gapless)):
                self._hash_up_to(file, stop)
        finally:
            self._hash_lock.release()

    def _hash_up_to(self, file: FileIO, stop: int) -> None:
        for piece in self._read_back(file, self._hashed, stop):
            self._whole.update(piece)
            self._hashed += len(piece)

    def _read_back(self, file: FileIO, start: int, stop: int) -> Iterator[memoryview]:
        """The file's bytes; each piece is good until the next. Not by mmap: a disk that is pulled out would kill us."""
        file.seek(start)
        while start < stop:
            stop_if(self._cancel)
            view = thread_buffer(min(stop - start, _READ_BACK_BYTES))
            count = file.readinto(view)
            if not count:
                raise S3IntegrityError("download", self._path, "ContentDiffers")
            start += count
            yield view[:count]

    def _make_safe(self, file: FileIO, *, at_once: bool = False) -> None:
        """Bring what has come to the disk, and tell the keeper; now and then, where it need not be ``at_once``."""
        with self._lock:
            is_due = sum(part.size for part in self._unsafe) >= SYNC_EVERY_BYTES
            if not (at_once or is_due or monotonic() - self._safe_at >= SYNC_EVERY_S):
                return
            due, self._unsafe = self._unsafe, []
            self._safe_at = monotonic()
        if not due:
            return
        with local_errors(self._path):
            _sync_data(file.fileno())
        for each in due:
            self._keeper.keep_part(UploadedPart(each.number, each.size, "", self._crc64nvme(each)))

    def _crc64nvme(self, part: Part) -> str:
        check, crc = self._check, self._hashers.get(part.number)
        if isinstance(check, CrcCheck) and check.algorithm == "CRC64NVME" and isinstance(crc, Crc):
            return check.encoded(crc)
        return ""
