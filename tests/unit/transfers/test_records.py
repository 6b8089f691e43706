from collections import Counter
from datetime import UTC

import pytest

from s3browser.jobs.cancel import CancelToken, StopReason
from s3browser.model.transfers import Direction, Proof, TransferState
from s3browser.transfers.desk import Job, Size
from s3browser.transfers.journalrows import BatchRecord, TransferRecord
from s3browser.transfers.records import Active, Batch, summary
from tests.unit.transfers.office import NOW, item
from tests.unit.transfers.test_desk import FakeRun

QUEUED, PAUSED = TransferState.QUEUED, TransferState.PAUSED
DONE, FAILED, CANCELLED = TransferState.DONE, TransferState.FAILED, TransferState.CANCELLED


def batch(**states: int) -> Batch:
    """A batch of files of ten bytes."""
    counts = Counter({TransferState(state): count for state, count in states.items()})
    sizes = Counter({state: count * 10 for state, count in counts.items()})
    total = counts.total()
    return Batch.of(
        BatchRecord(7, "office", Direction.UPLOAD, "to", NOW, total, total * 10, "", Proof(1, 1), counts, sizes)
    )


def active(run: FakeRun | None = None, *, size: int = 10, of: Batch | None = None, **values: int) -> Active:
    more = {"attempts": 0, "position": 0, **values}
    record = TransferRecord(3, 7, "office", item(size=size), QUEUED, more["attempts"], more["position"], None, 1)
    made = Active(record, of or batch(queued=1), CancelToken())
    if run is not None:
        made.job = Job(3, Size.SMALL, made.token, lambda: run, lambda: None, lambda _: None)
        made.job.run = run
    return made


def test_a_transfer_that_has_not_begun() -> None:
    waiting = active()
    assert (waiting.position, waiting.moved) == (0, 0)
    assert active(FakeRun()).moved == 0


def test_what_a_run_has_moved_itself() -> None:
    run = FakeRun()
    run.position = 4
    moving = active(run)
    assert moving.job is not None
    moving.job.begun_at = 4
    assert (moving.position, moving.moved) == (4, 0)
    run.position = 9
    assert (moving.position, moving.moved) == (9, 5)
    run.position = 99
    assert moving.position == 10, "the file has grown since it was planned"


def test_the_speed_of_a_transfer() -> None:
    run = FakeRun()
    moving = active(run)
    assert moving.job is not None
    run.position = 2
    moving.job.begun_at = 2
    assert moving.snapshot(0.0).bytes_per_s == 0.0
    run.position = 8
    snapshot = moving.snapshot(3.0)
    assert (snapshot.transfer_id, snapshot.batch_id, snapshot.item) == (3, 7, moving.item)
    assert (snapshot.state, snapshot.position, snapshot.bytes_per_s) == (TransferState.RUNNING, 8, 2.0)


@pytest.mark.parametrize(
    ("reasons", "asked"),
    [
        ([StopReason.SHUTDOWN], None),
        ([StopReason.PAUSE], StopReason.PAUSE),
        ([StopReason.CANCEL], StopReason.CANCEL),
        ([StopReason.PAUSE, StopReason.CANCEL], StopReason.CANCEL),
        ([StopReason.CANCEL, StopReason.PAUSE], StopReason.CANCEL),
        ([StopReason.PAUSE, StopReason.SHUTDOWN], StopReason.PAUSE),
    ],
)
def test_what_is_asked_of_a_transfer(reasons: list[StopReason], asked: StopReason | None) -> None:
    moving = active()
    for reason in reasons:
        moving.stop(reason)
    assert moving.token.is_set()
    assert moving.asked is asked


def test_only_a_pause_can_be_taken_back() -> None:
    paused, cancelled = active(), active()
    paused.stop(StopReason.PAUSE)
    cancelled.stop(StopReason.CANCEL)
    for each in (paused, cancelled):
        each.take_pause_back()
    assert (paused.asked, cancelled.asked) == (None, StopReason.CANCEL)


def test_a_batch_as_the_journal_has_it() -> None:
    kept = batch(queued=1, paused=2, done=3, failed=4, cancelled=5)
    assert (kept.is_open, kept.has_more, kept.ended_bytes) == (True, True, 120)
    snapshot = kept.snapshot(0.0)
    assert (snapshot.batch_id, snapshot.connection_id, snapshot.direction) == (7, "office", Direction.UPLOAD)
    assert (snapshot.total, snapshot.done, snapshot.failed, snapshot.cancelled, snapshot.paused) == (15, 3, 4, 5, 2)
    assert (snapshot.position_bytes, snapshot.total_bytes, snapshot.is_finished) == (120, 150, False)
    assert (snapshot.target, snapshot.started_at, snapshot.proof) == ("to", NOW, Proof(1, 1))
    assert snapshot.started_at is not None
    assert snapshot.started_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("states", "is_open", "has_more"),
    [({"queued": 1}, True, True), ({"paused": 1}, True, False), ({"done": 1}, False, False), ({}, False, False)],
)
def test_whether_something_is_left(states: dict[str, int], is_open: bool, has_more: bool) -> None:
    kept = batch(**states)
    assert (kept.is_open, kept.has_more) == (is_open, has_more)
    assert kept.snapshot(0.0).is_finished is not is_open


def test_the_sums_of_a_batch() -> None:
    kept = batch(queued=4)
    kept.move(QUEUED, DONE, 1, 10)
    kept.resize(5)
    kept.move(QUEUED, FAILED, 1, 10)
    kept.move(QUEUED, PAUSED, 1, 10)
    assert (kept.states, kept.ended_bytes, kept.total_bytes) == ({QUEUED: 1, DONE: 1, FAILED: 1, PAUSED: 1}, 25, 45)
    kept.move(FAILED, QUEUED, 1, 10)
    kept.move(DONE, FAILED, 1, 15)
    assert kept.ended_bytes == 15
    kept.forget(FAILED, 15)
    assert (kept.total, kept.total_bytes, kept.ended_bytes, kept.states[FAILED]) == (3, 30, 0, 0)


def test_the_speed_of_a_batch() -> None:
    kept = batch(queued=3)
    run = FakeRun()
    moving = active(run, of=kept)
    assert moving.job is not None
    moving.job.begun_at = 0
    kept.snapshot(0.0, [moving])
    run.position = 5
    snapshot = kept.snapshot(1.0, [moving])
    assert (snapshot.position_bytes, snapshot.bytes_per_s, snapshot.seconds_left) == (5, 5.0, 5.0)
    kept.states = Counter({PAUSED: 3})
    snapshot = kept.snapshot(2.0)
    assert (snapshot.bytes_per_s, snapshot.seconds_left) == (0.0, None)


def test_several_together() -> None:
    together = summary(Counter({CANCELLED: 1, DONE: 1}), [], 20, 20, batch().meter)
    assert (together.batch_id, together.direction, together.connection_id, together.target) == (0, None, "", "")
    assert (together.total, together.is_finished, together.position_bytes) == (2, True, 20)
