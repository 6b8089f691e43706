"""One file from this computer to S3."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import BinaryIO, cast

from s3browser.exceptions import (
    Cancelled,
    S3AccessDeniedError,
    S3ConflictError,
    S3FileNotFoundError,
    S3IntegrationError,
    S3UnsupportedError,
    S3UploadError,
)
from s3browser.jobs.fibers import off_hand
from s3browser.model.entries import ObjectDetails, UploadedPart
from s3browser.model.locations import S3Location, key_problem
from s3browser.model.store import Cancel, ObjectStore, Sent
from s3browser.model.transfers import Progress
from s3browser.transfers.checksums import PART_SIZE_METADATA, are_whole, check_for, is_proved, part_hasher
from s3browser.transfers.contenttype import guess_content_type
from s3browser.transfers.localfile import (
    Fingerprint,
    MemoryBody,
    SourceFile,
    StreamBody,
    mtime_metadata,
    mtime_of,
    thread_buffer,
)
from s3browser.transfers.parts import (
    MAX_OBJECT_BYTES,
    MIB,
    MULTIPART_FROM_BYTES,
    Part,
    PartList,
    part_size,
)
from s3browser.transfers.run import Keeper, NoKeeper, Partial, drive, stop_if

REPORT_EVERY_S = 0.1
_IN_MEMORY_BYTES = 64 * MIB  # larger parts stream from the file
_HASHED_AT_ONCE_BYTES = 8 * MIB
_REPORTED_FROM_BYTES = 256 * 1024  # a smaller body is gone before anybody looks

_log = logging.getLogger(__name__)


class Upload:
    """The run of one upload. See ``s3browser.transfers.run``.

    A file below 16 MiB is one part: read at once, sent at once, nothing to go on with. A larger one goes in parts of
    a multipart upload that a later run can take up. What is stored is one version of the file, as ``begin`` found it:
    it is looked at around every read, and before the parts are joined.

    What an earlier run left is believed where the server still has it and the keeper knew it, or where the server
    has the checksum of the bytes that lie here; all else is sent again. If that upload is gone because it was
    completed, and only the answer was lost, the run is over at once. An upload that somebody throws away under the
    run starts over, once.

    Args:
        store: where to.
        path: a regular file, or a link to one.
        location: the object.
        planned: the file as it was when ``partial`` was begun, or None where that is not known. A file that has
            changed since is sent as it is now, from its first byte.
        may_replace: whether an object that is there may be replaced.
        metadata: kept with the object, besides the time the file was last changed.
        content_type: guessed from the file’s name where None.
        keeper: told what has to survive a crash.
        partial: what an earlier run left.
        cancel: ends ``begin``, ``move`` and ``finish`` soon after it is set, with ``Cancelled``.
        on_sent: called in the moving thread after bytes have left.

    ``begin``, ``move`` and ``finish`` raise S3UploadError where the file is missing, a folder, not regular,
    unreadable, too large or being changed, or where S3 can’t store the key; S3ConflictError where the key is taken and
    ``may_replace`` is not set; else what the store says.
    """

    def __init__(
        self,
        store: ObjectStore,
        path: str | os.PathLike[str],
        location: S3Location,
        *,
        planned: Fingerprint | None = None,
        may_replace: bool = False,
        metadata: Mapping[str, str] | None = None,
        content_type: str | None = None,
        keeper: Keeper | None = None,
        partial: Partial | None = None,
        cancel: Cancel | None = None,
        on_sent: Callable[[], object] | None = None,
    ) -> None:
        self.etag = ""
        self.stored_size = 0 if planned is None else planned.size
        self._store = store
        self._path = os.fspath(path)
        self._location = location
        self._planned = planned
        self._may_replace = may_replace
        self._metadata = metadata
        self._content_type = content_type
        self._keeper: Keeper = keeper or NoKeeper()
        self._partial = partial
        self._cancel = cancel
        self._on_sent = on_sent
        self._lock = threading.Lock()
        self._has_started_over = False
        self._is_stored = False
        self._is_opening = False  # the server may have an upload whose id nobody knows
        self._is_as_planned = False
        self._source: SourceFile
        self._way: _Way | None = None

    @property
    def position(self) -> int:
        """See ``Run``."""
        return 0 if self._way is None else self._way.parts.position

    def begin(self) -> None:
        """See ``Run``."""
        stop_if(self._cancel)
        problem = key_problem(self._location.key)
        if problem is None and self._location.is_folder:
            problem = "A file’s name can’t end in “/”."
        if problem is not None:
            raise S3UploadError("upload", self._path, "BadName", reason=problem)
        self._source = SourceFile(self._path)
        self.stored_size = size = self._source.version.size
        if size > MAX_OBJECT_BYTES:
            raise S3UploadError("upload", self._path, "TooLarge")
        self._is_as_planned = self._planned == self._source.version.fingerprint
        way = None if self._partial is None else self._taken_up(self._partial)
        self._way = way or (self._opened() if size >= MULTIPART_FROM_BYTES else _Way(PartList(size, size)))

    def take_part(self) -> Part | None:
        """See ``Run``."""
        return self._begun.parts.take()

    def move(self, part: Part) -> None:
        """See ``Run``."""
        way = self._begun
        if not way.upload_id:
            self._put(way, part)
            return
        way.under_way.add(part.number)
        try:
            stored = self._put_part(way, part)
        except S3FileNotFoundError as error:
            self._start_over(way, error)
            return
        way.under_way.discard(part.number)
        way.stored[part.number] = stored
        # Nothing is kept of another version of the file than the planned one: a later run would take it for that.
        if self._is_as_planned:
            self._keeper.keep_part(stored)
        way.parts.finish(part)

    def finish(self) -> str:
        """See ``Run``."""
        while not self._is_stored:
            if missing := self._begun.parts.missing():
                for part in missing:
                    self.move(part)
            else:
                self._join(self._begun)
        return self.etag

    def abandon(self) -> None:
        """See ``Run``."""
        try:
            self._throw_away()
        except S3IntegrationError as error:
            # What stays behind is with the keeper, and among the unfinished uploads.
            _log.warning("parts of an upload stay on the server: %s", error)

    def _throw_away(self) -> None:
        """Raises what the store says. A part on its way could bring an upload back, so that it is aborted twice."""
        way, partial = self._way, self._partial
        upload_id = way.upload_id if way is not None else partial.upload_id if partial is not None else ""
        is_opening = self._is_opening or (way is None and partial is not None and not upload_id)
        if self._is_stored or not (upload_id or is_opening):
            return
        if is_opening:
            abort_strays(self._store, self._location)
        for _ in range(0 if not upload_id else 1 if way is not None and not way.under_way else 2):
            self._store.abort_multipart(self._location.bucket, self._location.key, upload_id)
        self._keeper.forget()

    @property
    def _begun(self) -> "_Way":
        assert self._way is not None, "begin() comes first"
        return self._way

    def _put(self, way: "_Way", part: Part) -> None:
        """Send a file of one part. What was read is one version of it, whatever becomes of the file meanwhile."""
        data = memoryview(off_hand(self._source.read))
        try:
            self.etag = self._store.put(
                self._location.bucket, self._location.key, cast("BinaryIO", MemoryBody(data)), part.size,
                content_type=self._kind(), metadata=self._all_metadata(0), if_absent=not self._may_replace,
                on_sent=self._reporter(way, part), cancel=self._cancel,
            )  # fmt: skip
        except S3ConflictError:

            def is_it(details: ObjectDetails) -> bool:
                check = check_for(self._location.bucket, details)
                return check is not None and is_proved(check, data)

            if not self._is_there(is_it):
                raise
        self._is_stored = True
        way.parts.finish(part)

    def _put_part(self, way: "_Way", part: Part) -> UploadedPart:
        body = self._memory(part) if part.size <= _IN_MEMORY_BYTES else StreamBody(self._source, part.start, part.size)
        try:
            return self._store.put_part(
                self._location.bucket, self._location.key, way.upload_id, part.number, cast("BinaryIO", body),
                part.size, on_sent=self._reporter(way, part), cancel=self._cancel,
            )  # fmt: skip
        except Exception as error:
            # A store may take what its body raised for a broken line: the file's own error is the truth.
            failure = body.failure if isinstance(body, StreamBody) else None
            if failure is None or isinstance(error, Cancelled):
                raise
            raise failure from error

    def _memory(self, part: Part) -> MemoryBody:
        view = thread_buffer(part.size)
        self._source.read_into(view, part.start)
        return MemoryBody(view)

    def _join(self, way: "_Way") -> None:
        self._source.check()
        stop_if(self._cancel)
        stored = [way.stored[number] for number in sorted(way.stored)]
        try:
            self.etag = self._store.complete_multipart(
                self._location.bucket, self._location.key, way.upload_id, stored, if_absent=not self._may_replace
            )
        except S3FileNotFoundError as error:
            self._start_over(way, error)
        except S3ConflictError:
            if not self._is_there(lambda details: are_whole(stored, details)):
                raise
            with suppress(S3AccessDeniedError):
                self._throw_away()
            self._is_stored = True
        else:
            self._is_stored = True

    def _opened(self, position: int = 0) -> "_Way":
        size = self.stored_size
        step = part_size(size)
        self._is_opening = True
        self._keeper.keep_upload("", step)
        upload_id = self._store.create_multipart(
            self._location.bucket, self._location.key,
            content_type=self._kind(), metadata=self._all_metadata(step), cancel=self._cancel,
        )  # fmt: skip
        way = self._way = _Way(PartList(size, step, position=position), upload_id)
        self._keeper.keep_upload(upload_id, step)
        self._is_opening = False
        return way

    def _start_over(self, way: "_Way", error: S3FileNotFoundError) -> None:
        """Begin anew after the upload has gone; several threads may find that out, and the first one does it."""
        with self._lock:
            if self._way is not way:
                return
            if self._has_started_over:
                raise error
            self._has_started_over = True
            self._keeper.forget()
            self._opened(way.parts.position)

    def _taken_up(self, partial: Partial) -> "_Way | None":
        """What an earlier run left, or None if that is nothing to go on with; it is thrown away then."""
        size = self.stored_size
        is_other = self._planned is not None and not self._is_as_planned
        if is_other or size < MULTIPART_FROM_BYTES or not partial.upload_id:
            # Were it kept for later, the keeper would soon know of the new one only.
            with suppress(S3AccessDeniedError):
                self._throw_away()
            return None
        try:
            on_server = self._store.list_parts(
                self._location.bucket, self._location.key, partial.upload_id, cancel=self._cancel
            )
        except S3FileNotFoundError:
            self._is_stored = self._was_completed(partial)
            if not self._is_stored:
                self._keeper.forget()
                return None
            return _Way(PartList(size, size, moved=(1,)))
        parts = {part.number: part for part in PartList(size, partial.part_size).missing()}
        kept = {part.number: part for part in partial.parts} if self._is_as_planned else {}
        way = _Way(PartList(size, partial.part_size), partial.upload_id)
        for stored in on_server:
            part = parts.get(stored.number)
            if part is None or part.size != stored.size:
                continue
            known = kept.get(stored.number)
            if known is not None and (known.size, known.etag) == (stored.size, stored.etag):
                way.stored[part.number] = known
            elif self._lies_here(part, stored):
                way.stored[part.number] = stored
        way.parts = PartList(size, partial.part_size, moved=way.stored)
        return way

    def _was_completed(self, partial: Partial) -> bool:
        """Whether the object is there that the earlier run’s parts make, so that only the answer was lost."""
        count = -(-self.stored_size // partial.part_size)
        parts = sorted(partial.parts, key=lambda part: part.number)
        if not self._is_as_planned or [part.number for part in parts] != list(range(1, count + 1)):
            return False
        return self._is_there(lambda details: are_whole(parts, details))

    def _is_there(self, is_it: Callable[[ObjectDetails], bool]) -> bool:
        """Whether the object is this file already: an earlier run stored it, and did not come to say so."""
        try:
            details = self._store.head(
                self._location.bucket, self._location.key, operation="upload", cancel=self._cancel
            )
        except (S3FileNotFoundError, S3AccessDeniedError):
            return False
        self.etag = details.etag
        return (
            details.size == self.stored_size
            and mtime_of(details.metadata) == mtime_of(self._all_metadata(0))
            and is_it(details)
        )

    def _lies_here(self, part: Part, stored: UploadedPart) -> bool:
        """Whether a part on the server has the checksum of the bytes in the file."""
        hashing = part_hasher(stored)
        if hashing is None:
            return False
        hasher, is_it = hashing
        for start in range(0, part.size, _HASHED_AT_ONCE_BYTES):
            stop_if(self._cancel)
            view = thread_buffer(min(_HASHED_AT_ONCE_BYTES, part.size - start))
            self._source.read_into(view, part.start + start)
            hasher.update(view)
        return is_it()

    def _all_metadata(self, step: int) -> dict[str, str]:
        metadata = mtime_metadata(self._source.version.mtime_ns)
        if step and not self._store.keeps_checksums(self._location.bucket):
            metadata[PART_SIZE_METADATA] = str(step)
        if self._metadata:
            metadata.update(self._metadata)
        return metadata

    def _kind(self) -> str:
        return self._content_type or guess_content_type(os.path.basename(self._path))  # noqa: PTH119

    def _reporter(self, way: "_Way", part: Part) -> Sent | None:
        if part.size < _REPORTED_FROM_BYTES and self._on_sent is None:
            return None
        on_sent = self._on_sent

        def report(count: int) -> None:
            way.parts.report(part, count)
            if on_sent is not None:
                on_sent()

        return report


def abort_strays(store: ObjectStore, location: S3Location) -> None:
    """Throw away what an interrupted opening may have left of an upload, as far as the server tells of it. Blocking."""
    with suppress(S3UnsupportedError, S3AccessDeniedError):
        store.abort_strays(location.bucket, location.key)


class _Way:
    """How a file goes: in one, or as one multipart upload."""

    __slots__ = ("parts", "stored", "under_way", "upload_id")

    def __init__(self, parts: PartList, upload_id: str = "") -> None:
        self.parts = parts
        self.upload_id = upload_id  # empty where it goes in one
        self.stored: dict[int, UploadedPart] = {}
        self.under_way: set[int] = set()  # begun, and no answer came


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
    is changed while it is read is noticed, so that a mixture of old and new is not stored.

    Args:
        store: where to.
        local_path: a regular file, or a link to one.
        location: the object; what is there already is replaced.
        on_progress: called with the position and the size, in bytes, on this thread: some ten times a second, after
            each part, and at the end.
        cancel: ends the work soon after it is set.
        metadata: kept with the object, as is the time the file was last changed (``mtime``).
        content_type: guessed from the file’s name where None.

    Raises:
        S3UploadError: the file is missing, a folder, not regular, unreadable, too large or was changed meanwhile, or
            S3 can’t store the key.
        Cancelled: ``cancel`` was set before the object was complete.
        S3IntegrationError: whatever else the store says.
    """
    told_at = monotonic()

    def now_and_then() -> None:
        nonlocal told_at
        if monotonic() - told_at >= REPORT_EVERY_S:
            tell()

    def tell() -> None:
        nonlocal told_at
        told_at = monotonic()
        if on_progress is not None:
            on_progress(run.position, run.stored_size)

    run = Upload(
        store, local_path, location,
        may_replace=True, metadata=metadata, content_type=content_type, cancel=cancel, on_sent=now_and_then,
    )  # fmt: skip
    drive(run, tell)
    return run.etag
