from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s3browser.exceptions import Cancelled, S3AccessDeniedError, S3UnsupportedError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.entries import UploadedPart
from s3browser.model.locations import S3Location
from s3browser.model.transfers import Direction, TransferItem
from s3browser.transfers.rediscovery import find_open_upload
from s3browser.transfers.run import Partial
from tests.fakestore import BUCKET, FakeStore

KEY = "backup/disk.img"


@pytest.fixture
def moved(tmp_path: Path) -> TransferItem:
    path = tmp_path / "disk.img"
    path.write_bytes(b"0123456789")
    return TransferItem(Direction.UPLOAD, S3Location(BUCKET, KEY), path, 10)


def begun(store: FakeStore, *parts: bytes, key: str = KEY, first: int = 1) -> str:
    """An open upload that has these parts."""
    upload_id = store.create_multipart(BUCKET, key)
    store.uploads[upload_id].parts.update(enumerate(parts, first))
    return upload_id


def found(store: FakeStore, moved: TransferItem) -> Partial | None:
    return find_open_upload(store, moved, CancelToken())


@pytest.mark.parametrize("checksums", [True, False])
def test_an_upload_that_begins_as_the_file_does_is_found(moved: TransferItem, checksums: bool) -> None:
    store = FakeStore(checksums=checksums)
    upload_id = begun(store, b"0123", b"4567", b"89")
    assert found(store, moved) == Partial(4, upload_id)


def test_of_several_it_is_the_latest(moved: TransferItem) -> None:
    store = FakeStore()
    begun(store, b"0123")
    latest = begun(store, b"01234")
    begun(store, b"other")
    begun(store, b"0123", key=f"{KEY}.old")
    assert found(store, moved) == Partial(5, latest)


@pytest.mark.parametrize(
    ("parts", "first"),
    [
        pytest.param((), 1, id="nothing"),
        pytest.param((b"0123", b"45", b"67"), 1, id="unevenly cut"),
        pytest.param((b"4567",), 2, id="without its first part"),
        pytest.param((b"0129",), 1, id="other bytes"),
        pytest.param((b"0123456789+",), 1, id="more than the file"),
    ],
)
def test_another_upload_is_left_alone(moved: TransferItem, parts: tuple[bytes, ...], first: int) -> None:
    store = FakeStore()
    begun(store, *parts, first=first)
    assert found(store, moved) is None
    assert len(store.uploads) == 1


def test_a_part_without_a_checksum_proves_nothing(moved: TransferItem) -> None:
    class Opaque(FakeStore):
        def list_parts(self, *args: Any, **rest: Any) -> list[UploadedPart]:
            return [replace(part, etag="opaque") for part in super().list_parts(*args, **rest)]

    store = Opaque()
    begun(store, b"0123")
    assert found(store, moved) is None


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda store, path: path.write_bytes(b"01"), id="shorter by now"),
        pytest.param(lambda store, path: path.unlink(), id="gone by now"),
        pytest.param(lambda store, path: store.fail("list_uploads", S3UnsupportedError("list")), id="cannot tell"),
        pytest.param(lambda store, path: store.fail("list_parts", S3AccessDeniedError("upload")), id="may not ask"),
    ],
)
def test_what_can_not_be_known_is_nothing_to_go_on_with(
    moved: TransferItem, spoil: Callable[[FakeStore, Path], object]
) -> None:
    store = FakeStore()
    begun(store, b"0123")
    spoil(store, moved.local_path)
    assert found(store, moved) is None


def test_a_cancel_ends_the_search(moved: TransferItem) -> None:
    store = FakeStore()
    begun(store, b"0123")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        find_open_upload(store, moved, cancel)
