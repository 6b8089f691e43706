"""Bytes in, bytes out: whole objects, parts and ranges."""

import base64
import hashlib
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from awscrt.checksums import crc64nvme

from s3browser.exceptions import (
    Cancelled,
    S3BucketError,
    S3ConflictError,
    S3FileNotFoundError,
    S3IntegrationError,
)
from s3browser.jobs.cancel import CancelToken
from s3browser.model.store import ObjectStore
from tests.awkward import AWKWARD_KEYS
from tests.contract.conftest import LONG, Subject

if TYPE_CHECKING:
    from s3browser.model.entries import ObjectDetails

MIB = 1024 * 1024
MISSING = "there-is-no-such-bucket"


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


class CancellingBody(BytesIO):
    """Cancels its own upload as soon as some of it was read."""

    def __init__(self, data: bytes, cancel: CancelToken) -> None:
        super().__init__(data)
        self._cancel = cancel

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if piece:
            self._cancel.cancel()
        return piece


# ---------------------------------------------------------------------- whole objects


@pytest.mark.parametrize("size", [0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1])
def test_object_comes_back_as_it_was_sent(subject: Subject, size: int) -> None:
    data = content(size)
    etag = subject.put("folder/file.bin", data)
    assert subject.fetch("folder/file.bin") == data
    details = subject.store.head(subject.bucket, "folder/file.bin")
    assert (details.key, details.size, details.etag) == ("folder/file.bin", size, etag)
    assert details.last_modified.utcoffset() == timedelta(0)
    assert etag == hashlib.md5(data).hexdigest()


def test_object_is_replaced(subject: Subject) -> None:
    before = subject.put("file.txt", b"before")
    after = subject.put("file.txt", b"and after")
    assert after != before
    assert subject.fetch("file.txt") == b"and after"
    assert subject.keys() == ["file.txt"]


def test_body_is_read_from_its_start(subject: Subject) -> None:
    body = BytesIO(b"0123456789")
    body.read(7)
    subject.store.put(subject.bucket, "file.txt", body, 10)
    assert subject.fetch("file.txt") == b"0123456789"


def test_kind_and_notes_come_back(subject: Subject) -> None:
    subject.store.put(
        subject.bucket, "a.pdf", BytesIO(b"x"), 1, content_type="application/pdf", metadata={"origin": "Büro 7"}
    )
    details = subject.store.head(subject.bucket, "a.pdf")
    assert details.content_type == "application/pdf"
    notes = {name.lower(): value for name, value in details.metadata.items()}
    assert notes["origin"] == "Büro 7"
    if subject.traits.keeps_metadata_case:
        assert "origin" in details.metadata


@pytest.mark.parametrize("name", AWKWARD_KEYS)
def test_awkward_key_goes_everywhere(subject: Subject, name: str) -> None:
    key = AWKWARD_KEYS[name]
    if name in subject.traits.refuses_keys:
        with pytest.raises(S3IntegrationError):
            subject.put(key, b"")
        assert subject.keys() == []
        return
    if key.endswith("/") and not subject.traits.keeps_markers:
        return
    data = b"" if key.endswith("/") else name.encode()
    etag = subject.put(key, data)
    assert subject.store.head(subject.bucket, key).key == key
    assert subject.fetch(key) == data
    assert [(info.key, info.size, info.etag) for info in subject.store.list_files(subject.bucket, "")] == [
        (key, len(data), etag)
    ]
    parent = key[: key.rstrip("/").rfind("/") + 1] if key.strip("/") else ""
    files, folders = subject.folder(parent)
    assert [*files, *folders] == [key if key.strip("/") else "/"]
    assert subject.store.delete_many(subject.bucket, [key]) == []
    assert subject.keys() == []


def test_file_and_folder_may_share_a_name(subject: Subject) -> None:
    if not subject.traits.file_may_be_named_as_folder:
        subject.put("same/child.txt")
        with pytest.raises(S3IntegrationError):
            subject.put("same", b"the file")
        return
    subject.put("same", b"the file")
    subject.put("same/child.txt", b"the child")
    assert subject.folder() == (["same"], ["same/"])
    assert subject.fetch("same") == b"the file"
    subject.store.delete(subject.bucket, "same")
    assert subject.keys() == ["same/child.txt"]


def test_threads_share_a_store(subject: Subject) -> None:
    def round_trip(number: int) -> bool:
        data = content(1000 + number)
        subject.put(f"file-{number}", data)
        return subject.fetch(f"file-{number}") == data

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(round_trip, range(24)))
    assert len(subject.keys()) == 24


# ---------------------------------------------------------------------- parts


def test_parts_are_joined_in_their_order(subject: Subject) -> None:
    store, bucket = subject.store, subject.bucket
    first, second = content(5 * MIB), content(MIB + 1)
    upload_id = store.create_multipart(bucket, "big.bin", content_type="application/zip", metadata={"origin": "scan"})
    late = store.put_part(bucket, "big.bin", upload_id, 2, BytesIO(second), len(second))
    early = store.put_part(bucket, "big.bin", upload_id, 1, BytesIO(first), len(first))
    assert (early.number, early.size, late.number, late.size) == (1, 5 * MIB, 2, MIB + 1)
    assert subject.keys() == [], "nothing is there before the parts are joined"
    etag = store.complete_multipart(bucket, "big.bin", upload_id, [early, late])
    details = store.head(bucket, "big.bin")
    assert (details.size, details.content_type) == (6 * MIB + 1, "application/zip")
    assert details.etag == etag or not subject.traits.joins_to_final_etag
    assert {name.lower(): value for name, value in details.metadata.items()}["origin"] == "scan"
    assert subject.fetch("big.bin") == first + second


def test_part_may_be_sent_again(subject: Subject) -> None:
    store, bucket = subject.store, subject.bucket
    upload_id = store.create_multipart(bucket, "key")
    first = b"wrong" if subject.traits.takes_part_again else b"right"
    store.put_part(bucket, "key", upload_id, 1, BytesIO(first), 5)
    part = store.put_part(bucket, "key", upload_id, 1, BytesIO(b"right"), 5)
    store.complete_multipart(bucket, "key", upload_id, [part])
    assert subject.fetch("key") == b"right"


def test_aborted_upload_leaves_nothing_and_is_gone(subject: Subject) -> None:
    store, bucket = subject.store, subject.bucket
    upload_id = store.create_multipart(bucket, "key")
    part = store.put_part(bucket, "key", upload_id, 1, BytesIO(b"data"), 4)
    store.abort_multipart(bucket, "key", upload_id)
    store.abort_multipart(bucket, "key", upload_id)
    assert subject.keys() == []
    with pytest.raises(S3FileNotFoundError if subject.traits.knows_aborted_uploads else S3IntegrationError):
        store.put_part(bucket, "key", upload_id, 2, BytesIO(b"data"), 4)
    with pytest.raises(S3IntegrationError):  # each server in its own words
        store.complete_multipart(bucket, "key", upload_id, [part])


def test_parts_that_are_there_can_be_listed(subject: Subject) -> None:
    store, bucket = subject.store, subject.bucket
    upload_id = store.create_multipart(bucket, "key")
    assert store.list_parts(bucket, "key", upload_id) == []
    sent = [
        store.put_part(bucket, "key", upload_id, number, BytesIO(data), len(data))
        for number, data in ((2, b"end"), (1, content(5 * MIB)))
    ]
    listed = store.list_parts(bucket, "key", upload_id)
    assert [(part.number, part.size, part.etag) for part in listed] == [
        (part.number, part.size, part.etag) for part in reversed(sent)
    ]
    store.abort_multipart(bucket, "key", upload_id)
    with pytest.raises(S3FileNotFoundError):
        store.list_parts(bucket, "key", upload_id)


def test_open_uploads_can_be_listed(subject: Subject) -> None:
    store, bucket = subject.store, subject.bucket
    expected = [(key, store.create_multipart(bucket, key)) for key in ("a b/1", "a b/ü.txt")]
    store.create_multipart(bucket, "other")
    uploads = list(store.list_uploads(bucket, "a b/"))
    assert [(upload.key, upload.upload_id) for upload in uploads] == expected
    assert len(list(store.list_uploads(bucket))) == 3
    store.abort_multipart(bucket, *expected[0])
    assert [upload.key for upload in store.list_uploads(bucket, "a b/")] == ["a b/ü.txt"]


# ---------------------------------------------------------------------- only if nothing is there


def test_nothing_is_replaced_by_what_may_only_be_new(subject: Subject) -> None:
    store, bucket = subject.store, subject.bucket
    store.put(bucket, "new", BytesIO(b"first"), 5, if_absent=True)
    if not subject.traits.knows_conditions:
        store.put(bucket, "new", BytesIO(b"second"), 6, if_absent=True)
        return
    with pytest.raises(S3ConflictError):
        store.put(bucket, "new", BytesIO(b"second"), 6, if_absent=True)
    assert subject.fetch("new") == b"first"


def test_parts_are_joined_only_if_nothing_is_there(subject: Subject) -> None:
    store, bucket = subject.store, subject.bucket
    for name in ("new", "there"):
        upload_id = store.create_multipart(bucket, name)
        part = store.put_part(bucket, name, upload_id, 1, BytesIO(b"parts"), 5)
        if name == "there":
            subject.put(name)
            if subject.traits.knows_conditions_of_parts:
                with pytest.raises(S3ConflictError):
                    store.complete_multipart(bucket, name, upload_id, [part], if_absent=True)
                assert subject.fetch(name) == b"text"
                continue
        store.complete_multipart(bucket, name, upload_id, [part], if_absent=True)
        assert subject.fetch(name) == b"parts"


# ---------------------------------------------------------------------- what is told on the way


def test_progress_is_told_to_the_end(subject: Subject) -> None:
    store, bucket = subject.store, subject.bucket
    told: list[int] = []
    store.put(bucket, "key", BytesIO(content(MIB)), MIB, on_sent=told.append)
    assert told == sorted(told)
    assert told[-1] == MIB
    upload_id = store.create_multipart(bucket, "parts")
    told.clear()
    store.put_part(bucket, "parts", upload_id, 1, BytesIO(content(MIB)), MIB, on_sent=told.append)
    assert told[-1] == MIB


@pytest.mark.parametrize(("start", "stop"), [(0, None), (2, 5)])
def test_details_come_with_the_bytes(subject: Subject, start: int, stop: int | None) -> None:
    etag = subject.put("digits", b"0123456789")
    told: list[ObjectDetails] = []
    subject.store.fetch(subject.bucket, "digits", len, start=start, stop=stop, on_details=told.append)
    [details] = told
    known = subject.store.head(subject.bucket, "digits")
    assert (details.key, details.size, details.etag) == ("digits", 10, etag)
    assert details.last_modified == known.last_modified
    assert details.metadata == known.metadata


def test_checksum_of_the_whole_is_kept_where_the_server_can(subject: Subject) -> None:
    store, bucket = subject.store, subject.bucket
    subject.put("small", b"0123456789")
    assert store.keeps_checksums(bucket) == subject.traits.keeps_checksums
    upload_id = store.create_multipart(bucket, "big")
    pieces = [content(5 * MIB), b"end"]
    parts = [
        store.put_part(bucket, "big", upload_id, number, BytesIO(piece), len(piece))
        for number, piece in enumerate(pieces, 1)
    ]
    store.complete_multipart(bucket, "big", upload_id, parts)
    if subject.traits.keeps_checksums:
        for key, data in (("small", b"0123456789"), ("big", b"".join(pieces))):
            wanted = base64.b64encode(crc64nvme(data).to_bytes(8)).decode()
            assert store.head(bucket, key).checksums["CRC64NVME"] == wanted
        assert all(part.crc64nvme for part in parts)
    else:
        assert not any(part.crc64nvme for part in parts)
    assert subject.fetch("big") == b"".join(pieces)


# ---------------------------------------------------------------------- ranges and conditions


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 1), (3, 7), (5, None), (9, 10), (9, 99), (0, None), (4, 4), (10, None), (10, 20)]
)
def test_range_is_handed_over(subject: Subject, start: int, stop: int | None) -> None:
    subject.put("digits", b"0123456789")
    assert subject.fetch("digits", start, stop) == b"0123456789"[start:stop]


def test_empty_object_can_be_taken_up_at_its_end(subject: Subject) -> None:
    subject.put("empty", b"")
    assert subject.fetch("empty", 0) == b""


def test_fetch_can_go_on_where_it_stopped(subject: Subject) -> None:
    data = content(3 * MIB)
    etag = subject.put("file", data)
    cancel, received = CancelToken(), bytearray()

    def stop_after_the_first_piece(piece: bytes | memoryview) -> None:
        received.extend(piece)
        cancel.cancel()

    with pytest.raises(Cancelled):
        subject.store.fetch(subject.bucket, "file", stop_after_the_first_piece, cancel=cancel)
    assert 0 < len(received) < len(data)
    subject.store.fetch(subject.bucket, "file", received.extend, start=len(received), if_match=etag)
    assert received == data


def test_fetch_of_the_same_object_only(subject: Subject) -> None:
    before = subject.put("file", b"before")
    data = bytearray()
    assert subject.store.fetch(subject.bucket, "file", data.extend, if_match=before) == 6
    subject.put("file", b"after!")
    with pytest.raises(S3ConflictError):
        subject.store.fetch(subject.bucket, "file", data.extend, start=3, if_match=before)
    assert data == b"before", "nothing of the other object is handed over"


# ---------------------------------------------------------------------- deleting


def test_delete_spares_the_others(subject: Subject) -> None:
    subject.put("a")
    subject.put("ab")
    subject.store.delete(subject.bucket, "a")
    subject.store.delete(subject.bucket, "a")
    assert subject.keys() == ["ab"]


@LONG
def test_many_are_deleted_in_one_call(subject: Subject) -> None:
    keys = [f"folder/file-{number:04}.txt" for number in range(1500)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(subject.put, [*keys, "keep.txt"]))
    assert subject.store.delete_many(subject.bucket, [*keys, "never-there"]) == []
    assert subject.keys() == ["keep.txt"]


def test_nothing_is_deleted_for_no_keys(subject: Subject) -> None:
    subject.put("keep.txt")
    assert subject.store.delete_many(subject.bucket, []) == []
    assert subject.keys() == ["keep.txt"]


# ---------------------------------------------------------------------- what is not there


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda store, bucket: store.head(bucket, "gone"), id="head"),
        pytest.param(lambda store, bucket: store.fetch(bucket, "gone", bytes), id="fetch"),
        pytest.param(lambda store, bucket: store.fetch(bucket, "gone", bytes, start=3, if_match="a"), id="fetch-range"),
    ],
)
def test_missing_object_is_told(subject: Subject, call: Callable[[ObjectStore, str], object]) -> None:
    with pytest.raises(S3FileNotFoundError) as caught:
        call(subject.store, subject.bucket)
    assert caught.value.target == f"s3://{subject.bucket}/gone"
    assert caught.value.operation in ("read", "download")


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda store: list(store.list_folder(MISSING, "")), id="list_folder"),
        pytest.param(lambda store: list(store.list_files(MISSING, "")), id="list_files"),
        pytest.param(lambda store: store.put(MISSING, "key", BytesIO(b"x"), 1), id="put"),
        pytest.param(lambda store: store.create_multipart(MISSING, "key"), id="create_multipart"),
        pytest.param(lambda store: store.fetch(MISSING, "key", bytes), id="fetch"),
        pytest.param(lambda store: store.delete(MISSING, "key"), id="delete"),
    ],
)
def test_missing_bucket_is_told(subject: Subject, call: Callable[[ObjectStore], object]) -> None:
    with pytest.raises(S3BucketError) as caught:
        call(subject.store)
    assert caught.value.code == "NoSuchBucket"


# ---------------------------------------------------------------------- cancelling


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda store, b, c: list(store.list_folder(b, "", cancel=c)), id="list_folder"),
        pytest.param(lambda store, b, c: list(store.list_files(b, "", cancel=c)), id="list_files"),
        pytest.param(lambda store, b, c: store.put(b, "new", BytesIO(b"x"), 1, cancel=c), id="put"),
        pytest.param(lambda store, b, c: store.create_multipart(b, "new", cancel=c), id="create_multipart"),
        pytest.param(lambda store, b, c: store.fetch(b, "old", bytes, cancel=c), id="fetch"),
        pytest.param(lambda store, b, c: store.delete_many(b, ["old"], cancel=c), id="delete_many"),
    ],
)
def test_cancelled_call_does_nothing(subject: Subject, call: Callable[[ObjectStore, str, CancelToken], object]) -> None:
    subject.put("old")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        call(subject.store, subject.bucket, cancel)
    assert subject.keys() == ["old"]


def test_cancelled_upload_stores_nothing(subject: Subject) -> None:
    cancel = CancelToken()
    body = CancellingBody(content(4 * MIB), cancel)
    with pytest.raises(Cancelled):
        subject.store.put(subject.bucket, "new", body, 4 * MIB, cancel=cancel)
    assert subject.keys() == []


def test_last_modified_is_when_it_was_stored(subject: Subject) -> None:
    subject.put("file")
    (listed,) = subject.store.list_files(subject.bucket, "")
    known = subject.store.head(subject.bucket, "file").last_modified
    assert listed.last_modified.tzinfo is UTC or listed.last_modified.utcoffset() == timedelta(0)
    assert abs(listed.last_modified - known) < timedelta(seconds=2)
