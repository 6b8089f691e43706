"""An S3 in memory that follows a script, for tests of everything that sees S3 as an ``ObjectStore``.

    store = FakeStore({"bucket": {"a/b.txt": b"text"}})
    store.fail("put", S3BusyError("upload"), nth=2)          # the second put from now
    gate = store.hang("fetch", key="a/b.txt")                # blocks until gate.release() or its cancel is set
    store.on("chunk", lambda: os.truncate(path, 0), nth=3)   # before the third piece of any body moves

The operations are the names of ``ObjectStore``'s methods; ``chunk`` is one step of a body, up or down.
Without a script it behaves as S3 does. Thread-safe.
"""

import base64
import hashlib
import threading
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, NamedTuple

from awscrt import checksums

from s3browser.exceptions import Cancelled, S3BucketError, S3ConflictError, S3FileNotFoundError, S3IntegrationError
from s3browser.jobs.fibers import pause
from s3browser.model.entries import (
    BucketEntry,
    DeleteFailure,
    ListingColumns,
    ListingPage,
    ObjectDetails,
    OpenUpload,
    S3FileInfo,
    UploadedPart,
)
from s3browser.model.moments import nanoseconds
from s3browser.model.store import Cancel, Sent

BUCKET = "bucket"
_EPOCH = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Call(NamedTuple):
    """One call the store was asked for."""

    operation: str
    bucket: str = ""
    key: str = ""


class Gate:
    """Where a scripted call hangs: ``reached`` is set when it arrives, ``release()`` lets it go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def release(self) -> None:
        """Let the call go on."""
        self._open.set()

    def pass_through(self, cancel: Cancel | None) -> None:
        """Block until released; ``Cancelled`` as soon as ``cancel`` is set, as a real store would."""
        self.reached.set()
        while not self._open.is_set():
            if cancel is not None and cancel.is_set():
                raise Cancelled
            pause(0.005)


@dataclass(slots=True)
class _Step:
    operation: str
    action: Callable[[Cancel | None], None]
    key: str | None
    countdown: int
    times: int


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as the fake keeps it; replace fields of ``store.buckets[bucket][key]`` to suit a test."""

    data: bytes
    etag: str
    last_modified: datetime
    content_type: str = "binary/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = "STANDARD"
    encryption: str | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class PendingUpload:
    """A multipart upload that is neither completed nor aborted."""

    bucket: str
    key: str
    started_at: datetime
    content_type: str
    metadata: Mapping[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)


class FakeStore:
    """See the module. ``buckets``, ``uploads`` and ``calls`` are there to be looked at.

    Args:
        buckets: bucket → key → bytes; None: one empty bucket called ``bucket``.
        page_size: entries in a listing's page.
        chunk_bytes: how much of a body one ``chunk`` moves.
        checksums: whether CRC64NVMEs are kept, as Amazon does and others don't.
    """

    def __init__(
        self,
        buckets: Mapping[str, Mapping[str, bytes]] | None = None,
        *,
        page_size: int = 1000,
        chunk_bytes: int = 64 * 1024,
        checksums: bool = False,
    ) -> None:
        self.page_size = page_size
        self.chunk_bytes = chunk_bytes
        self.checksums = checksums
        self.calls: list[Call] = []
        self.buckets: dict[str, dict[str, StoredObject]] = {}
        self.uploads: dict[str, PendingUpload] = {}
        self._damaged: dict[str, int] = {}
        self._steps: list[_Step] = []
        self._clock = 0
        self._lock = threading.RLock()
        for bucket, files in ({BUCKET: {}} if buckets is None else buckets).items():
            self.buckets[bucket] = {}
            for key, data in files.items():
                self.write(bucket, key, data)

    @classmethod
    def with_files(cls, count: int, prefix: str = "", *, bucket: str = BUCKET) -> "FakeStore":
        """A bucket with ``count`` small files ``<prefix>file-00001.txt``, … for long lists."""
        return cls({bucket: {f"{prefix}file-{n:05}.txt": f"file {n}\n".encode() for n in range(1, count + 1)}})

    @classmethod
    def sample(cls) -> "FakeStore":
        """Two buckets such as a person has: folders, an empty folder, documents, an empty bucket."""
        return cls(
            {
                "documents": {
                    "Invoices/2026/January.pdf": b"%PDF-1.7 january",
                    "Invoices/2026/February.pdf": b"%PDF-1.7 february",
                    "Invoices/Overview.csv": b"month,sum\njanuary,12\n",
                    "Letters/": b"",
                    "Read me.txt": "Grüße\n".encode(),
                },
                "pictures": {"Spring/IMG_0001.jpg": bytes(range(256)) * 40},
                "empty": {},
            }
        )

    # ------------------------------------------------------------------ the script

    def fail(self, operation: str, error: Exception, *, nth: int = 1, times: int = 1, key: str | None = None) -> None:
        """Raise ``error`` in the ``nth`` such call from now and the ``times - 1`` after it."""

        def action(_: Cancel | None) -> None:
            raise error

        self._add(operation, action, nth, times, key)

    def hang(self, operation: str, *, nth: int = 1, times: int = 1, key: str | None = None) -> Gate:
        """Block that call until the gate is released, or until the call's ``cancel`` is set."""
        gate = Gate()
        self._add(operation, gate.pass_through, nth, times, key)
        return gate

    def on(
        self, operation: str, callback: Callable[[], object], *, nth: int = 1, times: int = 1, key: str | None = None
    ) -> None:
        """Call ``callback`` just before that call does anything: to change an object, a local file, a token."""
        self._add(operation, lambda _: (callback(), None)[1], nth, times, key)

    def damage(self, key: str, *, times: int = 1) -> None:
        """Flip a bit of what the next ``times`` fetches of ``key`` hand over."""
        self._damaged[key] = times

    def count(self, operation: str) -> int:
        """How often ``operation`` was called."""
        return sum(call.operation == operation for call in self.calls)

    def write(self, bucket: str, key: str, data: bytes, etag: str | None = None) -> StoredObject:
        """Store an object directly, as another program would."""
        with self._lock:
            stored = StoredObject(
                data,
                etag or _md5(data),
                self._now(),
                checksums={"CRC64NVME": crc64nvme(data)} if self.checksums else {},
            )
            self.buckets[bucket][key] = stored
            return stored

    def data(self, key: str, bucket: str = BUCKET) -> bytes:
        """What is stored under ``key``; KeyError if nothing is."""
        return self.buckets[bucket][key].data

    # ------------------------------------------------------------------ ObjectStore

    def keeps_checksums(self, bucket: str) -> bool:
        return self.checksums

    def check_credentials(self) -> None:
        self._enter("check_credentials")

    def list_buckets(self) -> list[BucketEntry]:
        self._enter("list_buckets")
        with self._lock:
            return [BucketEntry(name, _EPOCH) for name in sorted(self.buckets)]

    def create_bucket(self, bucket: str) -> None:
        self._enter("create_bucket", bucket)
        with self._lock:
            self.buckets.setdefault(bucket, {})

    def list_folder(self, bucket: str, prefix: str, *, cancel: Cancel | None = None) -> Iterator[ListingPage]:
        found: dict[str, S3FileInfo | None] = {}
        for info in self._infos("list", bucket, prefix):
            name, mark, _ = info.key[len(prefix) :].partition("/")
            if mark:
                found[f"{prefix}{name}/"] = None
            elif name:
                found[info.key] = info
        entries = list(found.items())
        for start in range(0, max(1, len(entries)), self.page_size):
            self._enter("list_folder", bucket, prefix, cancel)
            page = entries[start : start + self.page_size]
            yield ListingPage(
                tuple(info for _, info in page if info is not None), tuple(key for key, info in page if info is None)
            )

    def list_files(self, bucket: str, prefix: str, *, cancel: Cancel | None = None) -> Iterator[S3FileInfo]:
        infos = self._infos("list", bucket, prefix)
        for start in range(0, max(1, len(infos)), self.page_size):
            self._enter("list_files", bucket, prefix, cancel)
            yield from infos[start : start + self.page_size]

    def list_columns(
        self, bucket: str, prefix: str, *, deep: bool = False, cancel: Cancel | None = None
    ) -> Iterator[ListingColumns]:
        if not deep:
            yield from map(_columns, self.list_folder(bucket, prefix, cancel=cancel))
            return
        infos = self._infos("list", bucket, prefix)
        for start in range(0, max(1, len(infos)), self.page_size):
            self._enter("list_files", bucket, prefix, cancel)
            yield _columns(ListingPage(tuple(infos[start : start + self.page_size]), ()))

    def head(self, bucket: str, key: str, *, operation: str = "read", cancel: Cancel | None = None) -> ObjectDetails:
        self._enter("head", bucket, key, cancel)
        stored = self._stored(operation, bucket, key)
        return _details(key, stored)

    def put(
        self,
        bucket: str,
        key: str,
        body: BinaryIO,
        size: int,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
        on_sent: Sent | None = None,
        cancel: Cancel | None = None,
    ) -> str:
        self._enter("put", bucket, key, cancel)
        data = self._read(bucket, key, body, size, on_sent, cancel)
        with self._lock:
            self._refuse_taken(bucket, key, if_absent)
            stored = self.write(bucket, key, data)
            self._describe(bucket, key, content_type, metadata)
            return stored.etag

    def create_multipart(
        self,
        bucket: str,
        key: str,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        cancel: Cancel | None = None,
    ) -> str:
        self._enter("create_multipart", bucket, key, cancel)
        with self._lock:
            self._files("upload", bucket)
            started_at = self._now()
            upload_id = f"upload-{self._clock}"
            self.uploads[upload_id] = PendingUpload(bucket, key, started_at, content_type or "", metadata or {})
            return upload_id

    def put_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        number: int,
        body: BinaryIO,
        size: int,
        *,
        on_sent: Sent | None = None,
        cancel: Cancel | None = None,
    ) -> UploadedPart:
        self._enter("put_part", bucket, key, cancel)
        data = self._read(bucket, key, body, size, on_sent, cancel)
        with self._lock:
            self._upload(bucket, key, upload_id).parts[number] = data
            return self._part(number, data)

    def complete_multipart(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[UploadedPart], *, if_absent: bool = False
    ) -> str:
        self._enter("complete_multipart", bucket, key)
        with self._lock:
            upload = self._upload(bucket, key, upload_id)
            self._refuse_taken(bucket, key, if_absent)
            if not parts or any(_md5(upload.parts.get(part.number, b"?")) != part.etag for part in parts):
                raise S3IntegrationError("upload", f"s3://{bucket}/{key}", "InvalidPart", 400)
            del self.uploads[upload_id]
            digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts)).hexdigest()
            data = b"".join(upload.parts[part.number] for part in parts)
            stored = self.write(bucket, key, data, f"{digest}-{len(parts)}")
            self._describe(bucket, key, upload.content_type, upload.metadata)
            return stored.etag

    def list_parts(self, bucket: str, key: str, upload_id: str, *, cancel: Cancel | None = None) -> list[UploadedPart]:
        self._enter("list_parts", bucket, key, cancel)
        with self._lock:
            parts = self._upload(bucket, key, upload_id).parts
            return [self._part(number, data) for number, data in sorted(parts.items())]

    def list_uploads(self, bucket: str, prefix: str = "", *, cancel: Cancel | None = None) -> Iterator[OpenUpload]:
        self._enter("list_uploads", bucket, prefix, cancel)
        with self._lock:
            self._files("list", bucket)
            found = [
                OpenUpload(upload.key, upload_id, upload.started_at)
                for upload_id, upload in self.uploads.items()
                if upload.bucket == bucket and upload.key.startswith(prefix)
            ]
        yield from sorted(found, key=lambda upload: upload.key.encode())

    def abort_strays(self, bucket: str, key: str) -> None:
        self._enter("abort_strays", bucket, key)
        with self._lock:
            strays = [
                name for name, each in self.uploads.items() if (each.bucket, each.key, each.parts) == (bucket, key, {})
            ]
            for upload_id in strays:
                del self.uploads[upload_id]

    def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        self._enter("abort_multipart", bucket, key)
        with self._lock:
            self.uploads.pop(upload_id, None)

    def fetch(
        self,
        bucket: str,
        key: str,
        write: Callable[[bytes | memoryview], object],
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        on_details: Callable[[ObjectDetails], object] | None = None,
        cancel: Cancel | None = None,
    ) -> int:
        self._enter("fetch", bucket, key, cancel)
        stored = self._stored("download", bucket, key)
        if if_match is not None and stored.etag != if_match:
            raise S3ConflictError("download", f"s3://{bucket}/{key}", "PreconditionFailed", 412)
        if on_details is not None:
            on_details(_details(key, stored))
        data = stored.data[start:stop]
        with self._lock:
            if self._damaged.get(key, 0) > 0 and data:
                self._damaged[key] -= 1
                data = bytes([data[0] ^ 1]) + data[1:]
        for at in range(0, len(data), self.chunk_bytes):
            self._enter("chunk", bucket, key, cancel)
            write(data[at : at + self.chunk_bytes])
        return len(data)

    def delete(self, bucket: str, key: str) -> None:
        self._enter("delete", bucket, key)
        with self._lock:
            self._files("delete", bucket).pop(key, None)

    def delete_many(self, bucket: str, keys: Sequence[str], *, cancel: Cancel | None = None) -> list[DeleteFailure]:
        """As S3; ``fail("delete", error, key=…)`` makes single keys stay."""
        self._enter("delete_many", bucket, "", cancel)
        failures = []
        for key in keys:
            try:
                self.delete(bucket, key)
            except S3IntegrationError as error:
                failures.append(DeleteFailure(key, error))
        return failures

    # ------------------------------------------------------------------ inside

    def _add(
        self, operation: str, action: Callable[[Cancel | None], None], nth: int, times: int, key: str | None
    ) -> None:
        if operation != "chunk" and not hasattr(self, operation):
            raise ValueError(f"no operation {operation!r}")
        with self._lock:
            self._steps.append(_Step(operation, action, key, nth - 1, times))

    def _enter(self, operation: str, bucket: str = "", key: str = "", cancel: Cancel | None = None) -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled
        due: list[_Step] = []
        with self._lock:
            if operation != "chunk":
                self.calls.append(Call(operation, bucket, key))
            for step in list(self._steps):
                if step.operation != operation or step.key not in (None, key):
                    continue
                if step.countdown > 0:
                    step.countdown -= 1
                    continue
                due.append(step)
                step.times -= 1
                if step.times == 0:
                    self._steps.remove(step)
        for step in due:
            step.action(cancel)

    def _now(self) -> datetime:
        """A second later with every call."""
        self._clock += 1
        return _EPOCH + timedelta(seconds=self._clock)

    def _part(self, number: int, data: bytes) -> UploadedPart:
        return UploadedPart(number, len(data), _md5(data), crc64nvme(data) if self.checksums else "")

    def _refuse_taken(self, bucket: str, key: str, if_absent: bool) -> None:
        if key in self._files("upload", bucket) and if_absent:
            raise S3ConflictError("upload", f"s3://{bucket}/{key}", "AlreadyExists", 412)

    def _files(self, operation: str, bucket: str) -> dict[str, StoredObject]:
        try:
            return self.buckets[bucket]
        except KeyError:
            raise S3BucketError(operation, f"s3://{bucket}/", "NoSuchBucket", 404) from None

    def _stored(self, operation: str, bucket: str, key: str) -> StoredObject:
        with self._lock:
            stored = self._files(operation, bucket).get(key)
        if stored is None:
            raise S3FileNotFoundError(operation, f"s3://{bucket}/{key}", "NoSuchKey", 404)
        return stored

    def _upload(self, bucket: str, key: str, upload_id: str) -> PendingUpload:
        if upload_id not in self.uploads:
            raise S3FileNotFoundError("upload", f"s3://{bucket}/{key}", "NoSuchUpload", 404)
        return self.uploads[upload_id]

    def _infos(self, operation: str, bucket: str, prefix: str) -> list[S3FileInfo]:
        with self._lock:
            files = dict(self._files(operation, bucket))
        return [
            S3FileInfo(key, len(stored.data), stored.last_modified, stored.etag, stored.storage_class)
            for key, stored in sorted(files.items(), key=lambda item: item[0].encode())
            if key.startswith(prefix)
        ]

    def _read(
        self, bucket: str, key: str, body: BinaryIO, size: int, on_sent: Sent | None, cancel: Cancel | None
    ) -> bytes:
        body.seek(0)
        pieces: list[bytes] = []
        while (left := size - sum(map(len, pieces))) > 0:
            self._enter("chunk", bucket, key, cancel)
            piece = body.read(min(left, self.chunk_bytes))
            if not piece:
                raise S3IntegrationError("upload", f"s3://{bucket}/{key}", "IncompleteBody", 400)
            pieces.append(piece)
            if on_sent is not None:
                on_sent(sum(map(len, pieces)))
        return b"".join(pieces)

    def _describe(self, bucket: str, key: str, content_type: str | None, metadata: Mapping[str, str] | None) -> None:
        stored = self.buckets[bucket][key]
        self.buckets[bucket][key] = replace(
            stored, content_type=content_type or stored.content_type, metadata=dict(metadata or {})
        )


def crc64nvme(data: bytes) -> str:
    """The CRC64NVME, as S3 writes it."""
    return base64.b64encode(checksums.crc64nvme(data).to_bytes(8)).decode()


def _columns(page: ListingPage) -> ListingColumns:
    return ListingColumns(
        [info.key for info in page.files],
        array("q", [info.size for info in page.files]),
        array("q", [nanoseconds(info.last_modified) for info in page.files]),
        [info.etag for info in page.files],
        [info.storage_class for info in page.files],
        list(page.folders),
    )


def _details(key: str, stored: StoredObject) -> ObjectDetails:
    return ObjectDetails(
        key, len(stored.data), stored.last_modified, stored.etag, stored.storage_class, stored.content_type,
        encryption=stored.encryption, metadata=stored.metadata, checksums=stored.checksums,
    )  # fmt: skip


def _md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()
