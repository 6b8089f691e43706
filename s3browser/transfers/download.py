"""One object from S3 to this computer."""

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

from s3browser.exceptions import S3ConflictError, S3DownloadError, S3IntegrityError
from s3browser.jobs.fibers import off_hand
from s3browser.model.entries import ObjectDetails
from s3browser.model.locations import S3Location
from s3browser.model.store import Cancel, ObjectStore
from s3browser.model.transfers import Progress
from s3browser.transfers.checksums import check_for, is_proved
from s3browser.transfers.localfile import local_errors, mtime_of
from s3browser.transfers.parts import MIB, Part, PartList, fetched_part_size
from s3browser.transfers.pieces import Pieces
from s3browser.transfers.run import Keeper, NoKeeper, Partial, drive, stop_if
from s3browser.transfers.target import NewEntries, Target

IN_MEMORY_BYTES = 16 * MIB
_REPORTED_FROM_BYTES = 256 * 1024  # a smaller object is there before anybody looks
_SAME_TIME_NS = 2_000_000_000  # FAT keeps even seconds only


class Download:
    """The run of one download. See ``s3browser.transfers.run``.

    An object up to 16 MiB comes with one question into memory and is written when all of it is there. A larger one
    goes in parts into ``.~s3b-….part`` beside the target, which a later run can take up as long as the object is the
    same. In either case the target is replaced when all bytes are there, proved and on the disk: it is never half
    written, and a link in its place is replaced, not followed. It gets the time the original was last changed.

    The bytes are proved by the checksum the server has, or by an ETag that is an MD5, where there is one (see
    ``check_for``), since over http a flipped bit is noticed by nobody else. Bytes that differ are fetched once more,
    and refused if they differ again.

    Args:
        store: where from.
        location: the object.
        path: the file.
        size: the object's as it was listed, or None: then it is asked for first.
        etag: likewise; an object that has changed since is fetched as it is now.
        may_replace: whether a file that is there may be replaced; a folder never is.
        unless_same: whether a file that is there, and that can be proved to be the object, is left alone.
        keeper: told what has to survive a crash.
        partial: what an earlier run left.
        cancel: ends ``begin``, ``move`` and ``finish`` soon after it is set, with ``Cancelled``.
        root: nothing is written outside of it.
        entries: told of the file’s folder, for somebody to bring its new entry to the disk; None: the run does.
        on_received: called in the moving thread after every piece.

    ``begin``, ``move`` and ``finish`` raise S3DownloadError where the disk is full, the folder missing or read-only,
    the name taken or impossible; S3FileNotFoundError where there is no such object; S3ConflictError where it changes
    while it is fetched; S3IntegrityError where its bytes differ, twice; else what the store says.
    """

    def __init__(
        self,
        store: ObjectStore,
        location: S3Location,
        path: str | os.PathLike[str],
        *,
        size: int | None = None,
        etag: str = "",
        may_replace: bool = False,
        unless_same: bool = False,
        keeper: Keeper | None = None,
        partial: Partial | None = None,
        cancel: Cancel | None = None,
        root: Path | None = None,
        entries: NewEntries | None = None,
        on_received: Callable[[], object] | None = None,
    ) -> None:
        self.etag = etag
        self.stored_size = size or 0
        self._store = store
        self._location = location
        self._size = size
        self._keeper: Keeper = keeper or NoKeeper()
        self._partial = partial
        self._unless_same = unless_same
        self._cancel: Cancel = cancel or threading.Event()
        self._on_received = on_received
        self._target = Target(
            os.fspath(path), may_replace=may_replace, root="" if root is None else str(root), entries=entries
        )
        self._details: ObjectDetails | None = None  # asked for before the bytes
        self._whole: PartList | None = None  # of an object in memory: its only part,
        self._answer: ObjectDetails | None = None  # what came with the bytes,
        self._data: bytearray | None = None  # and they
        self._pieces: Pieces | None = None  # of a larger object
        self._has_come_twice = False
        self._is_stored = False

    @property
    def position(self) -> int:
        """See ``Run``."""
        parts = self._parts
        return 0 if parts is None else parts.position

    def begin(self) -> None:
        """See ``Run``."""
        stop_if(self._cancel)
        size = self._size
        if size is None or size > IN_MEMORY_BYTES or self._partial is not None or self._unless_same:
            self._look()
            return
        try:
            self._target.check(size)
        except S3DownloadError as error:
            if error.code != "Taken":
                raise
            self._look()  # an earlier run may have put it there
        else:
            self._whole = PartList(size, size)

    def take_part(self) -> Part | None:
        """See ``Run``."""
        return self._begun.take()

    def move(self, part: Part) -> None:
        """See ``Run``."""
        if self._pieces is not None:
            self._fetch_piece(self._pieces, part)
            return
        try:
            self._fetch_whole(part)
        except S3ConflictError:
            if self._details is not None:
                raise
            self._look()  # it has changed since it was listed

    def finish(self) -> str:
        """See ``Run``."""
        while not self._is_stored:
            if missing := self._begun.missing():
                for part in missing:
                    self.move(part)
            elif self._pieces is None:
                off_hand(self._write_whole)
            else:
                self._join(self._pieces)
        return self.etag

    def abandon(self) -> None:
        """See ``Run``."""
        if self._is_stored or (self._pieces is None and self._partial is None):
            return
        if self._pieces is None and self._partial is not None and self._partial.temp is not None:
            self._target.temp = str(self._partial.temp)
        if self._target.discard():
            self._keeper.forget()

    @property
    def _parts(self) -> PartList | None:
        return self._whole if self._pieces is None else self._pieces.parts

    @property
    def _begun(self) -> PartList:
        parts = self._parts
        assert parts is not None, "begin() comes first"
        return parts

    def _look(self) -> None:
        """Ask for the object, and prepare to fetch it as it is now."""
        bucket, key = self._location.bucket, self._location.key
        details = self._store.head(bucket, key, operation="download", cancel=self._cancel)
        self._details = details
        self.etag = details.etag
        self.stored_size = size = details.size
        if self._partial is not None and self._has_taken_up(self._partial, details):
            return
        if self._unless_same and self._was_put_in_place(details):
            return
        try:
            self._target.check(size)
        except S3DownloadError as error:
            if error.code != "Taken" or not self._was_put_in_place(details):
                raise
            return
        if size <= IN_MEMORY_BYTES:
            self._whole = PartList(size, size, position=self.position)
            return
        check = check_for(bucket, details)
        # Without an ETag nothing tells that two parts are of the same object: it comes in one.
        step = (check.step if check is not None else 0) or (fetched_part_size(size) if details.etag else size)
        pieces = Pieces(self._target, size, step, check, self._keeper, self._cancel)
        self._keeper.keep_download(Path(self._target.temp), details.etag, size, step)
        self._pieces = pieces
        os.close(self._target.create(size))

    def _has_taken_up(self, partial: Partial, details: ObjectDetails) -> bool:
        """Whether what an earlier run left is of this object and can be used; else it is thrown away."""
        target, size, step = self._target, details.size, partial.part_size
        check = check_for(self._location.bucket, details)
        pieces = Pieces(target, size, step, check, self._keeper, self._cancel, partial.parts)
        fresh, target.temp = target.temp, str(partial.temp)
        if (
            details.etag
            and (partial.etag, partial.size) == (details.etag, size)
            and size > IN_MEMORY_BYTES
            and (check is None or check.step in (0, step))
        ):
            found = _regular_file(target.temp)
            if found is not None and found.st_size == size:
                target.check(sum(part.size for part in pieces.parts.missing()))
                self._pieces = pieces
                return True
            if not pieces.parts.missing() and self._is_in_place(pieces, details):
                self._pieces = pieces
                self._is_stored = True
                return True
        self.abandon()
        target.temp = fresh
        return False

    def _was_put_in_place(self, details: ObjectDetails) -> bool:
        """Whether what has the name already is the object: an earlier run fetched it, and did not come to say so."""
        size, check = details.size, check_for(self._location.bucket, details)
        if check is None:
            return False
        pieces = Pieces(self._target, size, check.step or size, check, self._keeper, self._cancel)
        if not self._is_in_place(pieces, details):
            return False
        self._whole = PartList(size, size, moved=(1,))
        self._is_stored = True
        return True

    def _is_in_place(self, pieces: Pieces, details: ObjectDetails) -> bool:
        """Whether the earlier run had replaced the target, and only did not come to say so."""
        path = self._target.path
        found = _regular_file(path)
        if found is None or found.st_size != details.size:
            return False
        if abs(found.st_mtime_ns - _mtime_ns(details)) >= _SAME_TIME_NS:
            return False
        return pieces.are_proved(path)

    def _fetch_whole(self, part: Part) -> None:
        """Fetch an object into memory."""
        for _ in range(2):
            data = self._fetch_once(part)
            if data is not None:
                self._data = data
                self._begun.finish(part)
                return
        raise S3IntegrityError("download", str(self._location), "ContentDiffers")

    def _fetch_once(self, part: Part) -> bytearray | None:
        """The bytes, or None if they are not the object's."""
        data = bytearray(part.size)
        view = memoryview(data)
        parts, on_received = self._begun, self._on_received
        is_reported = part.size >= _REPORTED_FROM_BYTES or on_received is not None
        taken = 0
        seen: ObjectDetails | None = None

        def look(details: ObjectDetails) -> None:
            nonlocal seen
            seen = details
            # Of another size under the same ETag it is not whole, which ``taken`` will tell.
            if details.size != part.size and not (details.etag and details.etag == self.etag):
                raise S3ConflictError("download", str(self._location), "Changed")

        def write(piece: bytes | memoryview) -> None:
            nonlocal taken
            end = taken + len(piece)
            if end > part.size:
                raise S3IntegrityError("download", str(self._location), "ContentDiffers")
            view[taken:end] = piece
            taken = end
            if is_reported:
                parts.report(part, taken)
                if on_received is not None:
                    on_received()

        self._store.fetch(
            self._location.bucket, self._location.key, write,
            if_match=self.etag or None, on_details=look, cancel=self._cancel,
        )  # fmt: skip
        details = seen
        if details is None or taken != part.size:
            return None
        if not is_proved(check_for(self._location.bucket, details), view):
            return None
        self._answer = details
        return data

    def _fetch_piece(self, pieces: Pieces, part: Part) -> None:
        def fetch(write: Callable[[bytes | memoryview], None]) -> None:
            self._store.fetch(
                self._location.bucket, self._location.key, write,
                start=part.start, stop=part.start + part.size, if_match=self.etag or None, cancel=self._cancel,
            )  # fmt: skip

        pieces.receive(part, fetch, self._on_received)

    def _write_whole(self) -> None:
        """Write what is in memory; a failure leaves nothing."""
        details, data, target = self._answer, self._data, self._target
        assert details is not None
        assert data is not None
        stop_if(self._cancel)
        fd = target.create_whole()
        try:
            try:
                with local_errors(target.path):
                    rest = memoryview(data)
                    while rest:
                        rest = rest[os.write(fd, rest) :]
                target.seal(fd, _mtime_ns(details))
            finally:
                os.close(fd)
            target.replace(self._cancel)
        except BaseException:
            target.discard()
            raise
        self.etag = details.etag
        self.stored_size = len(data)
        self._data = None
        self._is_stored = True

    def _join(self, pieces: Pieces) -> None:
        """Put the temporary file in the target's place if it is right; else all of it has to come once more."""
        details = self._details
        assert details is not None
        if not pieces.are_proved(self._target.temp):
            if self._has_come_twice:
                raise S3IntegrityError("download", str(self._location), "ContentDiffers")
            self._has_come_twice = True
            self._keeper.keep_download(Path(self._target.temp), details.etag, details.size, pieces.step)
            pieces.begin_anew()
            return
        stop_if(self._cancel)
        with pieces.opened() as file:
            if os.fstat(file.fileno()).st_size != details.size:
                raise S3IntegrityError("download", str(self._location), "ContentDiffers")
            self._target.seal(file.fileno(), _mtime_ns(details))
        self._target.replace(self._cancel)
        self._is_stored = True


def download_file(
    store: ObjectStore,
    location: S3Location,
    local_path: str | os.PathLike[str],
    *,
    on_progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Path:
    """Save one object as a file and return its path. Blocking.

    The target is replaced when all bytes are there, proved and on the disk: it is never half written, and a link in
    its place is replaced, not followed. A failure leaves nothing behind. See ``Download``.

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

    def tell() -> None:
        if on_progress is not None:
            on_progress(run.position, run.stored_size)

    run = Download(store, location, local_path, may_replace=True, cancel=cancel, on_received=tell)
    drive(run, tell)
    return Path(local_path)


def _regular_file(path: str) -> os.stat_result | None:
    """What lies there, if it is a regular file and no link."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _mtime_ns(details: ObjectDetails) -> int:
    """When the original was last changed, or else the object was stored, in ns since 1970."""
    known = mtime_of(details.metadata)
    return int(details.last_modified.timestamp() * 1e9) if known is None else known
