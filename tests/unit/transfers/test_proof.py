from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from s3browser.exceptions import Cancelled, S3AccessDeniedError, S3IntegrityError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.locations import S3Location
from s3browser.model.transfers import Direction, Proof, TransferState
from s3browser.transfers.journalrows import TransferRecord, bytes_of
from s3browser.transfers.proof import ASK_ONE_BY_ONE, not_arrived, prove
from tests.fakestore import BUCKET, FakeStore
from tests.unit.transfers.office import item


class Arrived:
    """Records as the journal hands them out, a page at a time."""

    def __init__(self, *records: TransferRecord) -> None:
        self.records = sorted(records, key=lambda record: bytes_of(record.item.location.key))
        self.lost: list[str] = []

    def __call__(self, after: S3Location, limit: int) -> Sequence[TransferRecord]:
        later = [each for each in self.records if bytes_of(each.item.location.key) > bytes_of(after.key)]
        return later[:limit]

    def prove(self, store: FakeStore | None, cancel: CancelToken | None = None) -> Proof:
        ends = (self.records[0].item.location, self.records[-1].item.location)
        return prove(
            store, (len(self.records), *ends), self, lambda record: self.lost.append(record.item.location.key),
            cancel or CancelToken(),
        )  # fmt: skip


def record(key: str, data: bytes, etag: str = "", path: Path | None = None) -> TransferRecord:
    way = Direction.UPLOAD if path is None else Direction.DOWNLOAD
    moved = replace(item(key, len(data), way=way), etag=etag, local_path=path or Path("/from") / key)
    return TransferRecord(1, 1, "office", moved, TransferState.DONE, 0, 0, None, 1)


def uploaded(store: FakeStore, count: int, prefix: str = "to/f/") -> Arrived:
    records = []
    for number in range(count):
        data = b"x" * (number % 5)
        stored = store.write(BUCKET, f"{prefix}{number}", data)
        records.append(record(f"{prefix}{number}", data, stored.etag))
    return Arrived(*records)


@pytest.mark.parametrize("count", [1, ASK_ONE_BY_ONE, ASK_ONE_BY_ONE + 1, 1_500])
def test_all_is_there(count: int) -> None:
    store = FakeStore({BUCKET: {"to/another": b"1", "to/f/zzz": b"2"}})
    arrived = uploaded(store, count)
    assert arrived.prove(store) == Proof(count, count)
    assert arrived.lost == []
    assert store.count("head") == (count if count <= ASK_ONE_BY_ONE else 0)
    assert {call.key for call in store.calls if call.operation == "list_files"} <= {"to/f/"}


@pytest.mark.parametrize("count", [20, 200])
def test_what_is_not_there_is_told(count: int) -> None:
    store = FakeStore()
    arrived = uploaded(store, count)
    del store.buckets[BUCKET]["to/f/3"]
    store.write(BUCKET, "to/f/5", b"of another size")
    store.write(BUCKET, "to/f/6", b"y")
    last = arrived.records[-1].item.location.key
    del store.buckets[BUCKET][last]
    assert arrived.prove(store) == Proof(count, count - 4)
    assert sorted(arrived.lost) == sorted(["to/f/3", "to/f/5", "to/f/6", last])


def test_files_in_the_bucket_itself() -> None:
    store = FakeStore()
    arrived = uploaded(store, 150, prefix="")
    assert arrived.prove(store) == Proof(150, 150)


def test_a_server_that_lists_in_another_order() -> None:
    class Backwards(FakeStore):
        def _infos(self, operation: str, bucket: str, prefix: str) -> list:  # type: ignore[type-arg]
            return super()._infos(operation, bucket, prefix)[::-1]

    store = Backwards()
    assert uploaded(store, 150).prove(store) == Proof(150, 150)


@pytest.mark.parametrize(
    ("ours", "theirs", "is_same"),
    [("a", "a", True), ("a", "b", False), ("a-2", "a", True), ("a-2", "b-2", False), ("", "b", True)],
)
def test_etags_are_compared_where_they_are_of_one_kind(ours: str, theirs: str, is_same: bool) -> None:
    store = FakeStore()
    store.write(BUCKET, "to/a", b"123", theirs)
    assert Arrived(record("to/a", b"123", ours)).prove(store).is_complete is is_same


def test_downloads_are_looked_for_on_the_disk(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in "abc"]
    paths[0].write_bytes(b"123")
    paths[1].write_bytes(b"1")
    arrived = Arrived(*(record(f"to/{path.name}", b"123", path=path) for path in paths))
    assert arrived.prove(None) == Proof(3, 1)
    assert arrived.lost == ["to/b", "to/c"]


def test_what_cannot_be_asked_proves_nothing() -> None:
    store = FakeStore()
    arrived = uploaded(store, 3)
    denied = S3AccessDeniedError("verify")
    store.fail("head", denied, key="to/f/1")
    proof = arrived.prove(store)
    assert proof == Proof(3, 1, denied.reason)
    assert not proof.is_complete


def test_it_can_be_stopped() -> None:
    store = FakeStore()
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        uploaded(store, 3).prove(store, token)


def test_what_is_said_of_it() -> None:
    error = not_arrived(record("to/a", b"123"))
    assert isinstance(error, S3IntegrityError)
    assert (error.code, error.operation, error.target) == ("NotArrived", "upload", f"s3://{BUCKET}/to/a")
