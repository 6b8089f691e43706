import os
from dataclasses import replace
from pathlib import Path

import pytest

from s3browser.exceptions import S3BusyError, S3CredentialsError, S3DownloadError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.locations import S3Location
from s3browser.model.transfers import Direction, TransferItem, TransferState
from s3browser.transfers.download import Download
from s3browser.transfers.journalrows import Leftover, TransferRecord
from s3browser.transfers.making import FOLDER_CONTENT_TYPE, Making
from s3browser.transfers.parts import MIB
from s3browser.transfers.run import Partial, Run, drive
from s3browser.transfers.target import NewEntries
from s3browser.transfers.upload import Upload
from tests.fakestore import BUCKET, FakeStore
from tests.unit.transfers.keeping import Memory
from tests.unit.transfers.office import BIG, Clock, item


class PartialMemory(Memory):
    def keep(self, kept: Partial) -> None:
        self.told.append("all")
        self.partial = kept


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def making(store: FakeStore) -> Making:
    return Making({"office": store}.__getitem__, NewEntries())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("s3browser.transfers.making.monotonic", clock)
    return clock


def run(
    making: Making, moved: TransferItem, keeper: PartialMemory | None = None, partial: Partial | None = None
) -> Run:
    record = TransferRecord(1, 1, "office", moved, TransferState.QUEUED, 0, 0, None, 1)
    return making.run(record, keeper or PartialMemory(), partial, CancelToken())


def download(path: Path, root: Path | None) -> TransferItem:
    return TransferItem(Direction.DOWNLOAD, S3Location(BUCKET, "f/x"), path, 1, root=root)


def test_an_upload(making: Making, store: FakeStore, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"123")
    made = run(making, replace(item(), local_path=path))
    assert isinstance(made, Upload)
    drive(made, lambda: None)
    assert store.data("to/a") == b"123"
    assert store.count("list_uploads") == 0


def test_an_empty_folder_goes_up(making: Making, store: FakeStore) -> None:
    made = run(making, replace(item("to/f/", 0), is_folder=True))
    made.begin()
    assert made.take_part() is None
    made.move(None)  # type: ignore[arg-type]
    assert made.finish() == made.etag == store.head(BUCKET, "to/f/").etag
    made.abandon()
    assert (made.position, made.stored_size) == (0, 0)
    assert store.buckets[BUCKET]["to/f/"].content_type == FOLDER_CONTENT_TYPE


@pytest.mark.parametrize("has_root", [True, False])
def test_an_empty_folder_comes_down(making: Making, tmp_path: Path, has_root: bool) -> None:
    path = tmp_path / "f" if has_root else tmp_path
    folder = TransferItem(
        Direction.DOWNLOAD, S3Location(BUCKET, "f/"), path, 0, is_folder=True, root=tmp_path if has_root else None
    )
    drive(run(making, folder), lambda: None)
    assert path.is_dir()


def test_a_download_gets_its_folder(making: Making, store: FakeStore, tmp_path: Path) -> None:
    store.write(BUCKET, "f/x", b"1")
    made = run(making, download(tmp_path / "new" / "x", tmp_path))
    assert isinstance(made, Download)
    drive(made, lambda: None)
    assert (tmp_path / "new" / "x").read_bytes() == b"1"


def test_a_download_without_a_root_goes_into_a_folder_that_is_there(making: Making, tmp_path: Path) -> None:
    run(making, download(tmp_path / "x", None))
    with pytest.raises(S3DownloadError):
        run(making, download(tmp_path / "no" / "x", None))
    assert not (tmp_path / "no").exists()


def test_a_folder_is_looked_at_once_in_a_while(making: Making, clock: Clock, tmp_path: Path) -> None:
    inside = tmp_path / "in"
    run(making, download(inside / "x", tmp_path))
    inside.rmdir()
    run(making, download(inside / "x", tmp_path))
    assert not inside.exists()
    with pytest.raises(S3DownloadError):
        run(making, download(inside / "x", tmp_path / "elsewhere"))
    clock.now_s = 1.0
    run(making, download(inside / "x", tmp_path))
    assert inside.is_dir()


def test_not_all_folders_are_remembered_for_ever(
    making: Making, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3browser.transfers.making._MAX_LOOKED_AT", 3)
    for number in range(7):
        run(making, download(tmp_path / str(number) / "x", tmp_path))
    assert len(making._looked_at) <= 3


def test_what_another_program_left_is_found_and_kept(making: Making, store: FakeStore, tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(os.urandom(BIG))
    moved = replace(item("to/big", BIG), local_path=path, modified_ns=path.stat().st_mtime_ns)
    first = run(making, moved)
    first.begin()
    part = first.take_part()
    assert part is not None
    first.move(part)
    keeper = PartialMemory()
    again = run(making, moved, keeper)
    assert keeper.told == ["all"]
    drive(again, lambda: None)
    assert store.data("to/big") == path.read_bytes()
    assert store.count("create_multipart") == 1


def test_a_big_file_that_nobody_has_begun(making: Making, store: FakeStore, tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(bytes(BIG))
    keeper = PartialMemory()
    run(making, replace(item("to/big", BIG), local_path=path), keeper)
    assert (keeper.told, store.count("list_uploads")) == ([], 1)
    run(making, replace(item("to/big", BIG), local_path=path), keeper, Partial(8 * MIB, "upload"))
    assert store.count("list_uploads") == 1, "the journal knows better"


def test_while_nobody_can_say_whether_it_was_begun_it_waits(making: Making, store: FakeStore, tmp_path: Path) -> None:
    """Begun anew, the open upload would stay behind."""
    path = tmp_path / "big"
    path.write_bytes(bytes(BIG))
    store.fail("list_uploads", S3BusyError("list"))
    with pytest.raises(S3BusyError):
        run(making, replace(item("to/big", BIG), local_path=path), PartialMemory())
    assert store.uploads == {}


def test_throwing_away(making: Making, store: FakeStore, tmp_path: Path) -> None:
    location = S3Location(BUCKET, "to/big")
    upload_id = store.create_multipart(BUCKET, "to/big")
    making.abandon(Leftover(1, "office", location, Partial(8, upload_id)))
    assert store.uploads == {}
    temp = tmp_path / ".~s3b-1.part"
    temp.write_bytes(b"1")
    for _ in range(2):
        making.abandon(Leftover(1, "office", location, Partial(8, temp=temp)))
        assert not temp.exists()


def test_throwing_away_what_was_opened_and_not_noted(making: Making, store: FakeStore) -> None:
    store.create_multipart(BUCKET, "to/big")
    other = store.create_multipart(BUCKET, "to/bigger")
    making.abandon(Leftover(1, "office", S3Location(BUCKET, "to/big"), Partial(8)))
    assert list(store.uploads) == [other]


def test_without_a_store_nothing_is_made(tmp_path: Path) -> None:
    def gone(_: str) -> FakeStore:
        raise S3CredentialsError("transfer")

    with pytest.raises(S3CredentialsError):
        run(Making(gone, NewEntries()), item())
