from collections.abc import Iterator
from pathlib import Path

import pytest

from s3browser.jobs.cancel import CancelToken
from s3browser.model.transfers import ALLOWED, TransferState
from s3browser.transfers.books import Books
from s3browser.transfers.desk import Job, Size
from s3browser.transfers.journal import Journal
from s3browser.transfers.records import Active
from tests.unit.transfers.office import Clock, add, item
from tests.unit.transfers.test_desk import FakeRun

QUEUED, RUNNING, PAUSED = TransferState.QUEUED, TransferState.RUNNING, TransferState.PAUSED
DONE, FAILED, CANCELLED = TransferState.DONE, TransferState.FAILED, TransferState.CANCELLED


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal, _ = Journal.open(tmp_path / "transfers.sqlite")
    yield journal
    journal.close()


@pytest.fixture
def books(journal: Journal, clock: Clock) -> Books:
    add(journal, *(item(f"to/{name}", 10) for name in "abcd"))
    books = Books(clock)
    for record in journal.listed_batches():
        books.enter(record)
    return books


def begin(books: Books, journal: Journal, index: int, clock: Clock) -> Active:
    """The transfer of the queue with that index is at work from now on."""
    record = journal.queued(99, big=False, after_rank=-99)[index]
    active = Active(record, books.batches[record.batch_id], CancelToken(), is_running=True, started_at_s=clock.now_s)
    active.job = Job(record.transfer_id, Size.SMALL, active.token, FakeRun, lambda: None, lambda _: None)
    active.job.run, active.job.begun_at = FakeRun(), 0
    books.active[record.transfer_id] = active
    return active


def move(active: Active, position: int) -> None:
    assert active.job is not None
    assert active.job.run is not None
    active.job.run.position = position  # type: ignore[misc]


@pytest.mark.parametrize("before", TransferState)
@pytest.mark.parametrize("after", sorted(set(TransferState) - {RUNNING}))  # what runs is queued in the sums
def test_only_transitions_of_the_table_are_possible(books: Books, before: TransferState, after: TransferState) -> None:
    (batch,) = books.batches.values()
    kept = QUEUED if before is RUNNING else before
    batch.states.clear()
    batch.states[kept] = 1
    if after in ALLOWED[before]:
        books.count(batch, before, after, 10)
        assert +batch.states == {after: 1}
    else:
        with pytest.raises(RuntimeError, match="can’t go from"):
            books.count(batch, before, after, 10)
        assert +batch.states == {kept: 1}


def test_the_rows_in_the_panels_order(books: Books, journal: Journal, clock: Clock) -> None:
    third = begin(books, journal, 2, clock)
    clock.now_s = 1.0
    first = begin(books, journal, 0, clock)
    look = books.look(journal, (), 0, 9)
    assert [row.item.location.name for row in look.rows] == ["c", "a", "b", "d"]
    assert look.counts == {RUNNING: 2, QUEUED: 2}
    assert [row.state for row in books.look(journal, (), 1, 2).rows] == [RUNNING, QUEUED]
    assert books.look(journal, (), 4, 9).rows == ()
    for active in (first, third):
        books.leave(active)
    assert books.look(journal, (), 0, 9).counts == {RUNNING: 0, QUEUED: 4}


def test_a_batch_that_is_in_the_panel_already_stays_as_it_is(books: Books, journal: Journal) -> None:
    (batch,) = books.batches.values()
    assert books.enter(journal.listed_batches()[0]) is batch


def test_a_rest_is_no_slowness(books: Books, journal: Journal, clock: Clock) -> None:
    (batch,) = books.batches.values()
    active = begin(books, journal, 0, clock)
    books.look(journal, (), 0, 0)
    move(active, 8)
    clock.now_s = 1.0
    assert books.look(journal, (), 0, 0).totals.bytes_per_s == 8.0
    books.leave(active)
    clock.now_s = 2.0
    assert books.look(journal, (), 0, 0).totals.bytes_per_s == 4.0, "what has ended counts too"
    books.count(batch, QUEUED, PAUSED, 40, 4)
    clock.now_s = 1_000.0
    books.count(batch, PAUSED, QUEUED, 10)
    active = begin(books, journal, 1, clock)
    books.count(batch, PAUSED, QUEUED, 10)
    books.look(journal, (), 0, 0)
    clock.now_s = 1_001.0
    move(active, 5)
    assert books.look(journal, (), 0, 0).totals.bytes_per_s == 5.0
    (seen,) = books.seen(journal.history("", None, 9))
    assert seen.batch_id == batch.batch_id


def test_going_on_beside_what_still_runs_keeps_the_speed_of_all(books: Books, journal: Journal, clock: Clock) -> None:
    active = begin(books, journal, 0, clock)
    books.look(journal, (), 0, 0)
    add(journal, item("to/e"))
    other = books.enter(journal.listed_batches()[1])
    books.count(other, QUEUED, PAUSED, 3)
    books.count(other, PAUSED, QUEUED, 3)
    move(active, 8)
    clock.now_s = 1.0
    assert books.look(journal, (), 0, 0).totals.bytes_per_s == 8.0


def test_all_together_are_those_at_work_while_there_are_any(books: Books, journal: Journal) -> None:
    (first,) = books.batches.values()
    books.count(first, QUEUED, FAILED, 40, 4)
    add(journal, item("to/e", 3))
    second = books.enter(journal.listed_batches()[1])
    look = books.look(journal, (), 0, -1)
    assert (look.totals.total, look.totals.total_bytes) == (1, 3)
    assert [batch.batch_id for batch in look.batches] == [first.batch_id]
    assert not look.is_paused
    books.count(second, QUEUED, PAUSED, 3)
    look = books.look(journal, (), 0, -1)
    assert (look.totals.total, look.is_paused) == (5, True)
    assert books.waiting() == {"office": 0}
