import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import pytest

from s3browser.exceptions import S3AccessDeniedError, S3UploadError
from s3browser.model.entries import UploadedPart
from s3browser.model.locations import S3Location
from s3browser.model.transfers import Direction, Plan, Problem, Proof, TransferItem, TransferState
from s3browser.transfers.journal import Journal
from s3browser.transfers.journalfile import _MIGRATIONS
from s3browser.transfers.journalrows import Moved, TransferRecord
from s3browser.transfers.run import Partial
from tests.fakestore import BUCKET
from tests.unit.transfers.office import BIG, NOW, add, item, plan

QUEUED, PAUSED = TransferState.QUEUED, TransferState.PAUSED
DONE, FAILED, CANCELLED = TransferState.DONE, TransferState.FAILED, TransferState.CANCELLED
FIRST = -(1 << 62)
PARTS = (UploadedPart(1, 8, "etag 1", "crc 1"), UploadedPart(2, 4, "etag 2"))
UPLOAD = Partial(8, "upload id", size=12, parts=PARTS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "transfers.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal, trouble = Journal.open(path)
    assert trouble is None
    yield journal
    journal.close()


def queued(journal: Journal, *, big: bool = False) -> list[TransferRecord]:
    return journal.queued(99, big=big, after_rank=FIRST)


def keep(journal: Journal, record: TransferRecord, partial: Partial = UPLOAD) -> None:
    with journal.transaction():
        journal.keep_partial(record, partial)


def set_states(journal: Journal, batch_id: int, *states: TransferState) -> list[int]:
    """Give the transfers of a batch these states, in order; their ids."""
    ids = [record.transfer_id for record in journal.files(batch_id, list(TransferState), 0, 99)]
    with journal.transaction():
        for transfer_id, state in zip(ids, states, strict=True):
            journal.set_state(transfer_id, state)
    return ids


# ---------------------------------------------------------------------- the file


def test_what_is_kept_is_there_the_next_time(path: Path) -> None:
    journal, _ = Journal.open(path)
    batch_id = add(journal, item())
    journal.close()
    again, trouble = Journal.open(path)
    assert trouble is None
    assert [batch.batch_id for batch in again.listed_batches()] == [batch_id]
    again.close()
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_crash_loses_nothing_that_was_kept(journal: Journal, path: Path, tmp_path: Path) -> None:
    add(journal, item())
    shutil.copytree(path.parent, tmp_path / "copy")
    copy, trouble = Journal.open(tmp_path / "copy" / path.name)
    assert trouble is None
    assert len(queued(copy)) == 1
    copy.close()


def test_a_second_program_gets_a_journal_of_its_own(journal: Journal, path: Path) -> None:
    second, trouble = Journal.open(path)
    assert trouble is None
    add(second, item())
    assert journal.listed_batches() == []
    third, _ = Journal.open(path)
    assert sorted(each.name for each in path.parent.glob("*.sqlite")) == [
        "transfers-2.sqlite", "transfers-3.sqlite", "transfers.sqlite",
    ]  # fmt: skip
    third.close()
    second.close()


def test_too_many_programs_at_once(journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3browser.transfers.journalfile._INSTANCES", 1)
    second, trouble = Journal.open(path)
    assert trouble is not None
    assert trouble.code == "Unwritable"
    add(second, item())
    second.close()


def damage(path: Path) -> None:
    """A journal cut in two, with a -wal beside it."""
    journal, _ = Journal.open(path)
    add(journal, *(item(f"to/{number}") for number in range(2_000)))
    journal.close()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    path.with_name(f"{path.name}-wal").write_bytes(b"no wal")


def no_journal(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"This is a letter." * 1_000)


def newer(path: Path) -> None:
    journal, _ = Journal.open(path)
    journal._sql.execute(f"PRAGMA user_version = {len(_MIGRATIONS) + 1}")
    journal.close()


def another_programs(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE batch (colour TEXT)")
    connection.close()


def inconsistent(path: Path) -> None:
    """Whole, as a file; but what an index says is not what its table says."""
    journal, _ = Journal.open(path)
    add(journal, item())
    with journal.transaction():
        journal._sql.execute("PRAGMA writable_schema = ON")
        journal._sql.execute("UPDATE sqlite_schema SET sql = replace(sql, 'etag TEXT NOT NULL', 'etag TEXT CHECK (0)')")
        journal._sql.execute("UPDATE sqlite_schema SET rootpage = 99999 WHERE name = 'transfer_batch'")
    journal.close()


@pytest.mark.parametrize("spoil", [damage, no_journal, newer, another_programs, inconsistent])
def test_what_cannot_be_read_is_set_aside(spoil: Callable[[Path], None], path: Path) -> None:
    spoil(path)
    path.with_name(f"{path.name}.bad").write_bytes(b"an earlier one")
    spoilt = path.read_bytes()
    journal, trouble = Journal.open(path)
    assert trouble is not None
    assert trouble.code == "Damaged"
    kept = path.with_name(f"{path.name}.bad2")
    assert str(kept) in str(trouble.hint)
    assert len(kept.read_bytes()) == len(spoilt)
    assert trouble.__cause__ is not None
    add(journal, item())
    journal.close()
    again, trouble = Journal.open(path)
    assert trouble is None
    assert len(again.listed_batches()) == 1
    again.close()


def test_a_check_that_finds_something(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Journal.open(path)[0].close()
    real = sqlite3.connect

    class Finding(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            if "quick_check" in sql and not path.with_name(f"{path.name}.bad").exists():
                return super().execute("SELECT 'row 3 missing from index'")
            return super().execute(sql, *values)  # type: ignore[arg-type]

    monkeypatch.setattr(sqlite3, "connect", lambda *args, **more: real(*args, **more, factory=Finding))
    journal, trouble = Journal.open(path)
    assert trouble is not None
    assert trouble.code == "Damaged"
    journal.close()


@pytest.mark.parametrize("what", ["a file is in the way", "a folder is in the way"])
def test_where_no_file_can_be_kept_it_is_in_memory(path: Path, what: str) -> None:
    if what == "a file is in the way":
        path.parent.write_bytes(b"")
    else:
        path.mkdir(parents=True)
    journal, trouble = Journal.open(path)
    assert trouble is not None
    assert trouble.code == "Unwritable"
    assert add(journal, item()) == 1
    journal.close()


def test_a_full_disk_is_no_reason_to_set_a_good_journal_aside(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, _ = Journal.open(path)
    add(journal, item())
    journal.close()
    with monkeypatch.context() as patch:
        patch.setattr("s3browser.transfers.journalfile._opened", _full)
        later, trouble = Journal.open(path)
    assert trouble is not None
    assert trouble.code == "Unwritable"
    assert later.listed_batches() == []
    later.close()
    again, trouble = Journal.open(path)
    assert (trouble, len(again.listed_batches())) == (None, 1)
    again.close()


def _full(_: Path) -> sqlite3.Connection:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    raise error


def test_a_damaged_one_that_cannot_be_moved_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_journal(path)

    def refuse(*_: object) -> Path:
        raise PermissionError

    monkeypatch.setattr(Path, "rename", refuse)
    journal, trouble = Journal.open(path)
    assert trouble is not None
    assert trouble.code == "Unwritable"
    assert path.exists()
    journal.close()


def test_on_windows_nobody_changes_modes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir()
    path.touch(0o644)
    monkeypatch.setattr("s3browser.transfers.journalfile.os.name", "nt")
    journal, trouble = Journal.open(path)
    monkeypatch.undo()
    assert trouble is None
    assert path.stat().st_mode & 0o777 == 0o644
    journal.close()


def test_a_transaction_is_all_or_nothing(journal: Journal) -> None:
    batch_id = add(journal, item())
    (record,) = queued(journal)

    def fail_half_way() -> None:
        with journal.transaction():
            journal.set_state(record.transfer_id, FAILED)
            journal.set_proof(batch_id, Proof(1, 1))
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    assert journal.transfer(record.transfer_id) == record
    assert journal.listed_batches()[0].proof is None


# ---------------------------------------------------------------------- batches


def test_a_plan_comes_back_as_it_was(journal: Journal) -> None:
    path = Path(os.fsdecode(b"/from/caf\xe9")) if sys.platform == "linux" else Path("/from/café")
    root = path.parent
    items = (
        TransferItem(
            Direction.DOWNLOAD,
            S3Location(BUCKET, "ä/\ud83d.txt"),
            path,
            5,
            123456789,
            "etag",
            True,
            True,
            True,
            False,
            root,
        ),
        TransferItem(Direction.DOWNLOAD, S3Location(BUCKET, "ä/e/"), root / "e", 0, is_folder=True, root=root),
    )
    error = S3UploadError("download", "x", "Missing")
    problem = Problem(replace(items[0], location=S3Location(BUCKET, "x")), error)
    with journal.transaction():
        batch_id = journal.add_batch(
            "office", Plan(Direction.DOWNLOAD, items, problems=(problem,), target=path.name), NOW
        )
    (batch,) = journal.listed_batches()
    assert (batch.batch_id, batch.connection_id, batch.direction) == (batch_id, "office", Direction.DOWNLOAD)
    assert (batch.target, batch.started_at, batch.total, batch.total_bytes) == (path.name, NOW, 3, 10)
    assert (batch.name, batch.proof) == ("", None)
    assert (batch.states, batch.sizes) == ({QUEUED: 2, FAILED: 1}, {QUEUED: 5, FAILED: 5})
    records = journal.files(batch_id, list(TransferState), 0, 9)
    assert [record.item for record in records] == [*items, problem.item]
    assert [record.state for record in records] == [QUEUED, QUEUED, FAILED]
    assert [str(record.error) for record in records] == ["None", "None", str(error)]
    assert {record.connection_id for record in records} == {"office"}


def test_one_file_gives_its_batch_a_name(journal: Journal) -> None:
    batch_id = add(journal, item("to/Größe.txt"))
    batch = journal.batch(batch_id)
    assert batch is not None
    assert (batch.name, batch.target) == ("Größe.txt", "to")
    assert journal.batch(99) is None


@pytest.mark.parametrize("keys", [("to/Spring/a",), ("to/Spring/a", "to/Spring/b")])
def test_one_folder_gives_its_batch_a_name(journal: Journal, keys: tuple[str, ...]) -> None:
    with journal.transaction():
        batch_id = journal.add_batch("office", replace(plan(*map(item, keys)), folder="Spring"), NOW)
    batch = journal.batch(batch_id)
    assert batch is not None
    assert batch.name == "Spring/"
    assert journal.history("spring", None, 9) == [batch]


def test_ids_are_never_used_again(journal: Journal) -> None:
    one = add(journal, item("to/a"))
    (record,) = queued(journal)
    keep(journal, record)
    with journal.transaction():
        journal.set_state(record.transfer_id, CANCELLED)
        journal.remove(record.transfer_id)
    assert journal.listed_batches() == []
    two = add(journal, item("to/b"))
    (other,) = queued(journal)
    assert two > one
    assert other.transfer_id > record.transfer_id
    assert journal.partial(other.transfer_id) is None
    (leftover,) = journal.leftovers()
    assert (leftover.location.key, leftover.partial) == ("to/a", UPLOAD)


def test_a_search_finds_targets_names_and_files(journal: Journal) -> None:
    one = add(journal, item("to/Größe 100%.txt"))
    two = add(journal, item("to/a_b"), item("to/c"))
    with journal.transaction():
        three = journal.add_batch("office", Plan(Direction.UPLOAD, (item("x"),), target="Archive"), NOW)

    def found(search: str, before_id: int | None = None, limit: int = 9) -> list[int]:
        return [batch.batch_id for batch in journal.history(search, before_id, limit)]

    assert found("") == [three, two, one]
    assert (found("", three), found("", three, 1), found("", one)) == ([two, one], [two], [])
    assert (found("größe"), found("archive"), found("a_b"), found("a!b")) == ([one], [three], [two], [])
    assert (found("100%"), found("%"), found("to"), found("to", two)) == ([one], [one], [two, one], [one])


def test_the_panel_and_the_diary(journal: Journal) -> None:
    one = add(journal, item("to/a"), item("to/b"))
    two = add(journal, item("to/c"))
    set_states(journal, one, DONE, FAILED)
    set_states(journal, two, PAUSED)
    with journal.transaction():
        journal.unlist_finished()
    assert [batch.batch_id for batch in journal.listed_batches()] == [two]
    assert [batch.batch_id for batch in journal.history("", None, 9)] == [two, one]
    with journal.transaction():
        journal.relist(one)
    assert [batch.batch_id for batch in journal.listed_batches()] == [one, two]


def test_what_arrived_and_was_looked_for_leaves_the_panel(journal: Journal) -> None:
    arrived, unproved, failed = (add(journal, item("to/a")) for _ in range(3))
    set_states(journal, arrived, DONE)
    set_states(journal, unproved, DONE)
    set_states(journal, failed, FAILED)
    with journal.transaction():
        journal.set_proof(arrived, Proof(1, 1))
        journal.set_proof(failed, Proof(1, 0, "offline"))
        journal.unlist_arrived()
    assert [batch.batch_id for batch in journal.listed_batches()] == [unproved, failed]
    assert journal.listed_batches()[1].proof == Proof(1, 0, "offline")
    with journal.transaction():
        journal.set_proof(failed, None)
    assert journal.listed_batches()[1].proof is None


def test_the_oldest_are_forgotten_but_for_their_sums(journal: Journal) -> None:
    batches = [add(journal, item(f"to/{number}"), item(f"to/{number}x")) for number in range(4)]
    for batch_id in batches:
        set_states(journal, batch_id, DONE, FAILED)
    with journal.transaction():
        journal.unlist_finished()
        journal.relist(batches[0])
        journal.forget_oldest(kept_transfers=4)
    states = {batch.batch_id: batch.states for batch in journal.history("", None, 9)}
    assert [len(journal.files(batch_id, list(TransferState), 0, 9)) for batch_id in batches] == [2, 0, 0, 2]
    assert all(states[batch_id] == {DONE: 1, FAILED: 1} for batch_id in (batches[0], batches[3]))
    assert all(states[batch_id] == {DONE: 1, FAILED: 1, CANCELLED: 0} for batch_id in batches[1:3])
    with journal.transaction():
        journal.forget_oldest(kept_transfers=0, kept_batches=1)
    assert [batch.batch_id for batch in journal.history("", None, 9)] == [batches[3], batches[0]], "the panel's stay"


# ---------------------------------------------------------------------- transfers


def test_the_queue_is_in_order_big_ones_apart(journal: Journal) -> None:
    add(journal, item("to/a"), item("to/big", BIG), item("to/b"))
    add(journal, item("to/c"), connection_id="elsewhere")
    names = [record.item.location.name for record in queued(journal)]
    assert names == ["a", "b", "c"]
    assert [record.item.location.name for record in queued(journal, big=True)] == ["big"]
    first, second, _ = queued(journal)
    assert [record.item.location.name for record in journal.queued(1, big=False, after_rank=first.rank)] == ["b"]
    held = journal.queued(9, big=False, after_rank=FIRST, without=["office"])
    assert [record.item.location.name for record in held] == ["c"]
    with journal.transaction():
        journal.put_first(held[0].transfer_id)
        journal.put_first(second.transfer_id)
    assert [record.item.location.name for record in queued(journal)] == ["b", "c", "a"]


def test_what_is_over_is_not_put_first(journal: Journal) -> None:
    batch_id = add(journal, item("to/a"))
    (only,) = set_states(journal, batch_id, DONE)
    with journal.transaction():
        journal.put_first(only)
    assert queued(journal) == []


def test_rows_of_the_panel(journal: Journal) -> None:
    batch_id = add(journal, *(item(f"to/{name}") for name in "abcd"))
    a, b, _, _ = set_states(journal, batch_id, QUEUED, QUEUED, QUEUED, PAUSED)
    assert [record.transfer_id for record in journal.rows(QUEUED, 0, 2)] == [a, b]
    assert [record.item.location.name for record in journal.rows(QUEUED, 1, 9, without=[b])] == ["c"]
    assert [record.item.location.name for record in journal.rows(PAUSED, 0, 9)] == ["d"]
    set_states(journal, batch_id, FAILED, DONE, DONE, DONE)
    with journal.transaction():
        journal.unlist_finished()
    assert journal.rows(FAILED, 0, 9) == []
    assert [record.transfer_id for record in journal.files(batch_id, [FAILED], 0, 9)] == [a]
    assert [record.transfer_id for record in journal.files(batch_id, [FAILED, DONE], 1, 1)] == [b]


def test_what_has_become_of_one(journal: Journal) -> None:
    batch_id = add(journal, item("to/a"), item("to/b"))
    first, second = queued(journal)
    error = S3AccessDeniedError("upload")
    with journal.transaction():
        journal.set_state(first.transfer_id, FAILED, error=error, attempts=2, position=9)
        journal.set_done(second, 5, "etag")
    failed, done = (journal.transfer(each.transfer_id) for each in (first, second))
    assert failed is not None
    assert done is not None
    assert (failed.state, str(failed.error), failed.attempts, failed.position) == (FAILED, str(error), 2, 9)
    assert failed.snapshot().position == 3, "not more than there is"
    assert (done.state, done.item.size, done.item.etag, done.position) == (DONE, 5, "etag", 5)
    batch = journal.batch(batch_id)
    assert batch is not None
    assert (batch.total_bytes, batch.sizes) == (8, {FAILED: 3, DONE: 5})
    assert journal.transfer(99) is None


def test_changing_many(journal: Journal) -> None:
    one = add(journal, *(item(f"to/{name}") for name in "abcd"))
    two = add(journal, item("to/e", 7))
    a, b, c, d = set_states(journal, one, QUEUED, PAUSED, FAILED, DONE)

    def move(before: list[TransferState], after: TransferState, **of: object) -> list[Moved]:
        with journal.transaction():
            return journal.move_many(before, after, **of)  # type: ignore[arg-type]

    with journal.transaction():
        journal.set_state(a, QUEUED, attempts=3, position=2)
    assert move([QUEUED], PAUSED, without=[99]) == [Moved(one, QUEUED, 1, 3), Moved(two, QUEUED, 1, 7)]
    paused = journal.transfer(a)
    assert paused is not None
    assert (paused.state, paused.position, paused.attempts) == (PAUSED, 2, 0)
    assert move([PAUSED], QUEUED, batch_id=two) == [Moved(two, PAUSED, 1, 7)]
    assert move([QUEUED, PAUSED], CANCELLED, batch_id=one, without=[b]) == [Moved(one, PAUSED, 1, 3)]
    cancelled = journal.transfer(a)
    assert cancelled is not None
    assert cancelled.position == 0
    assert move([FAILED, CANCELLED], QUEUED, transfer_id=c) == [Moved(one, FAILED, 1, 3)]
    assert move([FAILED], QUEUED) == []
    assert [record.state for record in journal.files(one, list(TransferState), 0, 9)] == [
        CANCELLED, PAUSED, QUEUED, DONE,
    ]  # fmt: skip
    set_states(journal, one, FAILED, DONE, DONE, DONE)
    with journal.transaction():
        journal.unlist_finished()
    assert move([FAILED], QUEUED, transfer_id=a) == [], "the diary's stay as they are"
    assert d > c


def test_forgetting_one(journal: Journal) -> None:
    batch_id = add(journal, item("to/a"), item("to/b", 7))
    empty = add(journal)
    first, second = queued(journal)
    with journal.transaction():
        journal.remove(first.transfer_id)
        journal.remove(99)
    batch = journal.batch(batch_id)
    assert batch is not None
    assert (batch.total, batch.total_bytes) == (1, 7)
    with journal.transaction():
        journal.remove(second.transfer_id)
    assert journal.batch(batch_id) is None
    assert journal.batch(empty) is not None, "not its business"


def test_what_arrived_in_the_order_of_a_listing(journal: Journal) -> None:
    keys = ["to/b", "to/B", "to/ä", "to/\U0001f600", "to/\uffee", "to/a"]
    batch_id = add(journal, *map(item, keys), replace(item("to/folder/"), is_folder=True), item("to/queued"))
    set_states(journal, batch_id, *[DONE] * 7, QUEUED)
    assert journal.arrived_span(batch_id) == (6, S3Location(BUCKET, "to/B"), S3Location(BUCKET, "to/\U0001f600"))
    page = journal.arrived(batch_id, S3Location(), 4)
    assert [record.item.location.key for record in page] == ["to/B", "to/a", "to/b", "to/ä"]
    page = journal.arrived(batch_id, page[-1].item.location, 4)
    assert [record.item.location.key for record in page] == ["to/\uffee", "to/\U0001f600"]
    assert journal.arrived_span(99) == (0, S3Location(), S3Location())


# ---------------------------------------------------------------------- what is needed to go on


def test_what_lies_on_the_other_side(journal: Journal) -> None:
    add(journal, item("to/big", BIG), item("to/other", BIG))
    record, other = queued(journal, big=True)
    assert journal.partial(record.transfer_id) is None
    keep(journal, record)
    assert journal.partial(record.transfer_id) == UPLOAD
    with journal.transaction():
        journal.keep_part(record.transfer_id, UploadedPart(3, 1, "etag 3"))
        journal.keep_part(record.transfer_id, UploadedPart(1, 8, "again", "crc"))
        journal.keep_part(other.transfer_id, UploadedPart(1, 8, "of nothing"))
    partial = journal.partial(record.transfer_id)
    assert partial is not None
    assert [part.etag for part in partial.parts] == ["again", "etag 2", "etag 3"]
    download = Partial(8, temp=Path("/to/.~s3b-1.part"), etag="etag", size=12)
    keep(journal, record, download)
    assert journal.partial(record.transfer_id) == download
    with journal.transaction():
        journal.set_done(record, BIG, "etag")
    assert journal.partial(record.transfer_id) is None


@pytest.mark.parametrize("state", [QUEUED, PAUSED, FAILED, CANCELLED, DONE])
@pytest.mark.parametrize("is_listed", [True, False])
def test_what_nobody_will_finish(journal: Journal, state: TransferState, is_listed: bool) -> None:
    batch_id = add(journal, item("to/big", BIG))
    (record,) = queued(journal, big=True)
    keep(journal, record)
    set_states(journal, batch_id, state)
    with journal.transaction():
        if not is_listed:
            journal.unlist_finished()
    leftovers = journal.leftovers()
    is_wanted = state in (QUEUED, PAUSED) or (state is FAILED and is_listed)
    assert [each.partial for each in leftovers] == ([] if is_wanted else [UPLOAD])
    with journal.transaction():
        for each in leftovers:
            assert (each.connection_id, each.location) == ("office", record.item.location)
            journal.forget_leftover(each.partial_id)
    assert journal.leftovers() == []


def test_what_was_taken_up_again_is_not_forgotten(journal: Journal) -> None:
    batch_id = add(journal, item("to/big", BIG))
    (record,) = queued(journal, big=True)
    keep(journal, record)
    set_states(journal, batch_id, CANCELLED)
    (leftover,) = journal.leftovers()
    set_states(journal, batch_id, QUEUED)
    with journal.transaction():
        journal.forget_leftover(leftover.partial_id)
    assert journal.partial(record.transfer_id) == UPLOAD


@pytest.mark.parametrize("state", [PAUSED, FAILED, CANCELLED])
def test_the_same_file_again_takes_up_what_was_sent(journal: Journal, state: TransferState) -> None:
    old = add(journal, item("to/big", BIG))
    (record,) = queued(journal, big=True)
    keep(journal, record)
    set_states(journal, old, state)
    with journal.transaction():
        journal.unlist_finished()
    add(journal, item("to/big", BIG))
    (again,) = queued(journal, big=True)
    assert journal.partial(again.transfer_id) == UPLOAD
    assert journal.partial(record.transfer_id) is None
    assert journal.leftovers() == []


def test_another_file_takes_up_nothing(journal: Journal) -> None:
    old = add(journal, item("to/big", BIG))
    (record,) = queued(journal, big=True)
    keep(journal, record)
    add(journal, item("to/big", BIG))
    assert journal.partial(record.transfer_id) == UPLOAD, "it is in the queue itself"
    set_states(journal, old, PAUSED)
    same = item("to/big", BIG)
    add(journal, replace(same, modified_ns=8))
    add(journal, replace(same, size=BIG + 1))
    add(journal, replace(same, local_path=Path("/other")))
    add(journal, replace(same, location=S3Location(BUCKET, "to/other")))
    add(journal, replace(same, direction=Direction.DOWNLOAD))
    add(journal, same, connection_id="elsewhere")
    assert journal.partial(record.transfer_id) == UPLOAD


def test_open_uploads_are_those_that_go_on(journal: Journal) -> None:
    batch_id = add(journal, *(item(key, BIG) for key in "abcd"))
    states = (QUEUED, PAUSED, FAILED, CANCELLED)
    for number, record in enumerate(queued(journal, big=True)):
        keep(journal, record, replace(UPLOAD, upload_id=f"u{number}"))
    set_states(journal, batch_id, *states)
    (down,) = [add(journal, item("e", BIG, way=Direction.DOWNLOAD))]
    (record,) = [each for each in queued(journal, big=True) if each.batch_id == down]
    keep(journal, record, Partial(8, temp=Path("temp"), size=BIG))
    assert journal.open_uploads(BUCKET) == {"u0": QUEUED, "u1": PAUSED}
    assert journal.open_uploads("other") == {}


def test_of_two_unfinished_uploads_one_is_taken_up(journal: Journal) -> None:
    batches = [add(journal, item("to/big", BIG)) for _ in range(2)]
    for batch_id, record in zip(batches, queued(journal, big=True), strict=True):
        keep(journal, record, replace(UPLOAD, upload_id=f"upload {batch_id}"))
        set_states(journal, batch_id, FAILED)
    add(journal, item("to/big", BIG))
    (again,) = queued(journal, big=True)
    assert journal.partial(again.transfer_id) is not None
    assert sum(journal.partial(record.transfer_id) is not None for record in journal.rows(FAILED, 0, 9)) == 1


# ---------------------------------------------------------------------- many


def test_ten_thousand_transfers_are_no_work(journal: Journal) -> None:
    add(journal, *(item(f"to/{number}") for number in range(10_000)))
    began_s = perf_counter()
    for _ in range(20):
        assert len(journal.queued(512, big=False, after_rank=5_000)) == 512
        assert journal.queued(8, big=True, after_rank=FIRST) == []
        assert len(journal.rows(QUEUED, 9_000, 50, without=[1, 2, 3])) == 50
    assert perf_counter() - began_s < 10


@pytest.mark.parametrize(
    "ask",
    [
        lambda journal: journal.queued(9, big=False, after_rank=0),
        lambda journal: journal.rows(QUEUED, 0, 9, without=[3]),
    ],
)
def test_the_queue_is_read_by_its_index(journal: Journal, ask: Callable[[Journal], object]) -> None:
    statements: list[str] = []
    journal._sql.set_trace_callback(statements.append)
    ask(journal)
    journal._sql.set_trace_callback(None)
    steps = [row[-1] for row in journal._sql.execute(f"EXPLAIN QUERY PLAN {statements[0]}")]
    assert any("transfer_queue" in step for step in steps)
    assert not any("SCAN" in step or "TEMP B-TREE" in step for step in steps)
