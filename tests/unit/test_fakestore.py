"""The fake has to be right before anything tested with it is."""

import hashlib
import io
import threading
from typing import TYPE_CHECKING

import pytest

from s3browser.exceptions import (
    Cancelled,
    S3BucketError,
    S3BusyError,
    S3ConflictError,
    S3FileNotFoundError,
    S3IntegrationError,
)
from s3browser.model.entries import UploadedPart
from tests.fakestore import BUCKET, Call, FakeStore

if TYPE_CHECKING:
    from s3browser.model.store import ObjectStore


def test_it_is_an_object_store() -> None:
    store: ObjectStore = FakeStore.sample()
    store.check_credentials()
    store.create_bucket("new")
    store.create_bucket("new")
    assert [entry.name for entry in store.list_buckets()] == ["documents", "empty", "new", "pictures"]


def test_listing_pages_a_folder_and_leaves_its_marker_out() -> None:
    store = FakeStore(
        {BUCKET: {"f/": b"", "f/a": b"1", "f/b/c": b"2", "f/b/d": b"3", "f/é": b"4", "g": b"5"}}, page_size=2
    )
    pages = list(store.list_folder(BUCKET, "f/"))
    assert [(tuple(f.key for f in page.files), page.folders) for page in pages] == [
        (("f/a",), ("f/b/",)),
        (("f/é",), ()),
    ]
    assert [info.key for info in store.list_files(BUCKET, "f/")] == ["f/", "f/a", "f/b/c", "f/b/d", "f/é"]
    assert len(list(store.list_folder(BUCKET, "nothing/"))) == 1
    assert list(store.list_files(BUCKET, "nothing/")) == []


def test_objects_go_in_and_out() -> None:
    store = FakeStore(chunk_bytes=3)
    etag = store.put(BUCKET, "k", io.BytesIO(b"12345678"), 8, content_type="text/plain", metadata={"a": "b"})
    details = store.head(BUCKET, "k")
    assert (details.etag, details.size, details.content_type, details.metadata) == (
        hashlib.md5(b"12345678").hexdigest(), 8, "text/plain", {"a": "b"},
    )  # fmt: skip
    assert etag == details.etag
    pieces: list[bytes | memoryview] = []
    assert store.fetch(BUCKET, "k", pieces.append, start=1, stop=6, if_match=etag) == 5
    assert pieces == [b"234", b"56"]
    store.delete(BUCKET, "k")
    store.delete(BUCKET, "k")
    with pytest.raises(S3FileNotFoundError):
        store.head(BUCKET, "k")
    with pytest.raises(S3BucketError):
        store.head("other", "k")


def test_multipart() -> None:
    store = FakeStore()
    upload_id = store.create_multipart(BUCKET, "k", content_type="x/y", metadata={"m": "1"})
    parts = [store.put_part(BUCKET, "k", upload_id, n, io.BytesIO(b"part"), 4) for n in (1, 2)]
    with pytest.raises(S3IntegrationError, match="InvalidPart"):
        store.complete_multipart(BUCKET, "k", upload_id, [UploadedPart(9, 4, parts[0].etag)])
    assert store.complete_multipart(BUCKET, "k", upload_id, parts).endswith("-2")
    assert store.data("k") == b"partpart"
    assert store.buckets[BUCKET]["k"].content_type == "x/y"
    store.abort_multipart(BUCKET, "k", upload_id)
    assert store.uploads == {}
    with pytest.raises(S3FileNotFoundError):
        store.complete_multipart(BUCKET, "k", upload_id, parts)


def test_open_uploads_and_their_parts_are_listed() -> None:
    store = FakeStore({BUCKET: {}}, checksums=True)
    b, a = (store.create_multipart(BUCKET, key) for key in ("f/b", "f/a"))
    store.create_multipart(BUCKET, "g")
    parts = [store.put_part(BUCKET, "f/b", b, n, io.BytesIO(b"part"), 4) for n in (2, 1)]
    assert store.list_parts(BUCKET, "f/b", b) == parts[::-1]
    assert [(upload.key, upload.upload_id) for upload in store.list_uploads(BUCKET, "f/")] == [("f/a", a), ("f/b", b)]
    assert all(upload.started_at is not None for upload in store.list_uploads(BUCKET))
    store.abort_multipart(BUCKET, "f/b", b)
    with pytest.raises(S3FileNotFoundError):
        store.list_parts(BUCKET, "f/b", b)


def test_checksums_are_kept_where_they_are_wanted() -> None:
    store = FakeStore(checksums=True)
    assert store.keeps_checksums(BUCKET)
    store.put(BUCKET, "k", io.BytesIO(b"123456789"), 9)
    assert store.head(BUCKET, "k").checksums == {"CRC64NVME": "rosUhgp5mIg="}
    upload_id = store.create_multipart(BUCKET, "k")
    part = store.put_part(BUCKET, "k", upload_id, 1, io.BytesIO(b"123456789"), 9)
    assert part.crc64nvme == "rosUhgp5mIg="
    plain = FakeStore()
    assert not plain.keeps_checksums(BUCKET)
    plain.put(BUCKET, "k", io.BytesIO(b"1"), 1)
    assert plain.head(BUCKET, "k").checksums == {}


def test_a_taken_key_is_refused_where_it_has_to_be_free() -> None:
    store = FakeStore({BUCKET: {"k": b"old"}})
    with pytest.raises(S3ConflictError):
        store.put(BUCKET, "k", io.BytesIO(b"new"), 3, if_absent=True)
    upload_id = store.create_multipart(BUCKET, "k")
    part = store.put_part(BUCKET, "k", upload_id, 1, io.BytesIO(b"new"), 3)
    with pytest.raises(S3ConflictError):
        store.complete_multipart(BUCKET, "k", upload_id, [part], if_absent=True)
    assert store.data("k") == b"old"
    store.put(BUCKET, "l", io.BytesIO(b"new"), 3, if_absent=True)


def test_bodies_tell_how_far_they_are_and_fetches_what_they_fetch() -> None:
    store = FakeStore(chunk_bytes=2)
    seen: list[int] = []
    store.put(BUCKET, "k", io.BytesIO(b"12345"), 5, on_sent=seen.append)
    assert seen == [2, 4, 5]
    told: list[object] = []
    store.fetch(BUCKET, "k", told.append, on_details=told.append)
    assert told == [store.head(BUCKET, "k"), b"12", b"34", b"5"]


def test_the_script_fails_the_nth_call_of_a_key() -> None:
    store = FakeStore({BUCKET: {"a": b"", "b": b""}})
    store.fail("head", S3BusyError("read"), nth=2, times=2, key="a")
    for _ in range(2):
        store.head(BUCKET, "b")
    store.head(BUCKET, "a")
    for _ in range(2):
        with pytest.raises(S3BusyError):
            store.head(BUCKET, "a")
    store.head(BUCKET, "a")
    assert store.count("head") == 6
    assert store.calls[0] == Call("head", BUCKET, "b")
    with pytest.raises(ValueError, match="no operation"):
        store.fail("heat", S3BusyError("read"))


def test_the_script_hangs_until_released_or_cancelled() -> None:
    store = FakeStore({BUCKET: {"a": b"1"}})
    gate = store.hang("fetch")
    got: list[bytes | memoryview] = []
    thread = threading.Thread(target=lambda: store.fetch(BUCKET, "a", got.append))
    thread.start()
    assert gate.reached.wait(5)
    assert got == []
    gate.release()
    thread.join(5)
    assert got == [b"1"]

    cancel = threading.Event()
    store.on("fetch", cancel.set)
    store.hang("fetch")
    with pytest.raises(Cancelled):
        store.fetch(BUCKET, "a", got.append, cancel=cancel)
    with pytest.raises(Cancelled):
        store.fetch(BUCKET, "a", got.append, cancel=cancel)


def test_bodies_can_be_cut_damaged_and_changed() -> None:
    store = FakeStore({BUCKET: {"a": b"abc"}}, chunk_bytes=1)
    store.damage("a")
    got: list[bytes | memoryview] = []
    store.fetch(BUCKET, "a", got.append)
    store.fetch(BUCKET, "a", got.append)
    assert b"".join(got) == b"`bcabc"
    store.fail("chunk", S3BusyError("download"), nth=3)
    with pytest.raises(S3BusyError):
        store.fetch(BUCKET, "a", got.append)
    assert len(got) == 8
    store.on("fetch", lambda: store.write(BUCKET, "a", b"new"))
    with pytest.raises(S3ConflictError):
        store.fetch(BUCKET, "a", got.append, if_match=store.head(BUCKET, "a").etag)
    with pytest.raises(S3IntegrationError, match="IncompleteBody"):
        store.put(BUCKET, "short", io.BytesIO(b"12"), 3)


def test_deleting_many_names_what_stayed() -> None:
    store = FakeStore.with_files(3)
    error = S3BusyError("delete")
    store.fail("delete", error, key="file-00002.txt")
    failures = store.delete_many(BUCKET, [f"file-0000{n}.txt" for n in (1, 2, 3)])
    assert [(failure.key, failure.error) for failure in failures] == [("file-00002.txt", error)]
    assert list(store.buckets[BUCKET]) == ["file-00002.txt"]
