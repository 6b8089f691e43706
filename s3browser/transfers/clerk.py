"""The one thread that keeps the journal and changes states; everybody else sends it messages."""

import logging
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from s3browser.exceptions import Cancelled, S3IntegrationError, SettingsError
from s3browser.jobs.cancel import CancelToken, StopReason
from s3browser.jobs.meter import Meter
from s3browser.model.entries import S3FileInfo
from s3browser.model.transfers import (
    ALLOWED,
    BatchSnapshot,
    Direction,
    Hold,
    PanelLook,
    Plan,
    Proof,
    StoredObject,
    TransferSnapshot,
    TransferState,
)
from s3browser.transfers.desk import Desk, Job
from s3browser.transfers.holds import Holds
from s3browser.transfers.journal import Journal, Leftover, Moved, TransferRecord
from s3browser.transfers.news import News
from s3browser.transfers.proof import not_arrived
from s3browser.transfers.records import Active, Batch, summary
from s3browser.transfers.run import Run

T = TypeVar("T")
Message = Callable[[], object]

_GATHER_S = 0.02  # what happens within this time goes into one transaction
_LOW, _HIGH = 128, 512  # small files on the desk: below the first, up to the second are fetched
_LOW_BIG, _HIGH_BIG = 4, 8
_WRITE_AGAIN_AFTER_S = 1.0
_BATCHES_SHOWN = 200
_FROM_THE_START = -(1 << 62)  # a rank before all others

_QUEUED, _RUNNING, _PAUSED = TransferState.QUEUED, TransferState.RUNNING, TransferState.PAUSED
_DONE, _FAILED, _CANCELLED = TransferState.DONE, TransferState.FAILED, TransferState.CANCELLED

_log = logging.getLogger(__name__)


class Office(Protocol):
    """What the clerk has others do; none of it blocks."""

    def job(self, active: Active, *, is_big: bool) -> Job:
        """What the workers do for a transfer."""

    def feed(self) -> None:
        """There may be work on the desk."""

    def prove(self, batch: Batch) -> None:
        """Look for the files of a batch on their target; ``Clerk.take_proof`` is told."""

    def throw_away(self, leftover: Leftover) -> None:
        """Remove it from the other side; ``Clerk.leftover_is_gone`` is told."""

    def look_for(self, connection_id: str) -> None:
        """See whether a connection works again; ``Clerk.connection_looked_at`` is told."""

    def deliver(self, callback: Callable[[T], object], value: T) -> None:
        """Call back on the window's thread."""


class Clerk:
    """Owns every state. ``send`` and ``ask`` are for any thread; all else is for messages, and for ``serve``'s thread.

    What is changed is written down together, some fifty times a second. The queue is in the journal: in memory are
    the batches' sums and what is on the desk.

    Args:
        open_journal: as ``Journal.open``.
        desk: where the workers get their work.
        office: who does the rest.
        news: what has happened.
        clock: a monotonic clock, in seconds.
        on_trouble: hears what is wrong with the journal; delivered.
    """

    def __init__(
        self,
        open_journal: Callable[[], tuple[Journal, SettingsError | None]],
        desk: Desk,
        office: Office,
        news: News,
        clock: Callable[[], float],
        on_trouble: Callable[[SettingsError], object],
    ) -> None:
        self._open_journal = open_journal
        self._desk = desk
        self._office = office
        self._news = news
        self._clock = clock
        self._on_trouble = on_trouble
        self._inbox: SimpleQueue[Message] = SimpleQueue()
        self._urgent = threading.Event()
        self.closed = threading.Event()
        self._journal: Journal
        self._writes: list[Message] = []
        self._cannot_write = False
        self._is_closing = False
        self._batches: dict[int, Batch] = {}
        self._active: dict[int, Active] = {}
        self._holds = Holds(clock)
        self._ranks = {True: _FROM_THE_START, False: _FROM_THE_START}
        self._is_drained = {True: False, False: False}
        self._moved_bytes = 0
        self._meter = Meter()

    # ------------------------------------------------------------------ for any thread

    def send(self, message: Message, *, urgent: bool = True) -> None:
        """Have the clerk do something soon; what is not urgent waits until there is more."""
        self._inbox.put(message)
        if urgent:
            self._urgent.set()

    def ask(self, question: Callable[[], T]) -> T:
        """Have the clerk do something, and wait for what it returns or raises. Raises Cancelled once it has closed."""
        answers: SimpleQueue[tuple[T | None, Exception | None]] = SimpleQueue()

        def answered() -> None:
            try:
                answers.put((question(), None))
            except Exception as error:
                answers.put((None, error))

        self.send(answered)
        while True:
            with suppress(Empty):
                answer, error = answers.get(timeout=0.5)
                if error is not None:
                    raise error
                return answer  # type: ignore[return-value]  # None is what the question returned, then
            if self.closed.is_set():
                raise Cancelled

    # ------------------------------------------------------------------ the day's work

    def serve(self, _: CancelToken) -> None:
        """Open the journal, take up what it has, and do what is sent until ``close``. Blocking."""
        self._journal, trouble = self._open_journal()
        try:
            if trouble is not None:
                self._office.deliver(self._on_trouble, trouble)
            for record in self._journal.listed_batches():
                self._batches[record.batch_id] = Batch.of(record)
            for batch in self._batches.values():
                if batch.proof is None:
                    self._check_finished(batch)
            self._throw_away_leftovers()
            while not (self._is_closing and not self._running()):
                self._turn()
                for message in self._gather():
                    message()
            self._flush()
        finally:
            self._journal.close()
            self.closed.set()

    @property
    def was_lost(self) -> bool:
        """Whether the journal began anew, so that the server may know of uploads that it does not."""
        return self._journal.was_lost

    def close(self) -> None:
        """Stop everything that runs, keep how far it has got, and end."""
        self._is_closing = True
        self._withdraw(lambda _: True)
        for active in self._active.values():
            active.token.cancel(StopReason.SHUTDOWN)

    def _turn(self) -> None:
        """What is done between two handfuls of messages."""
        if self._flush() and not self._is_closing:
            self._refill()
        self._office.feed()
        self._news.tell(self._hold_list())

    def _gather(self) -> list[Message]:
        """The messages of a moment; or what has to be done because time has passed."""
        patience_s = self._holds.seconds_to_next()
        if self._cannot_write:
            patience_s = min(_WRITE_AGAIN_AFTER_S, _WRITE_AGAIN_AFTER_S if patience_s is None else patience_s)
        try:
            messages = [self._inbox.get(timeout=patience_s)]
        except Empty:
            return [self._look_for_held]
        self._urgent.wait(_GATHER_S)
        self._urgent.clear()
        with suppress(Empty):
            while True:
                messages.append(self._inbox.get_nowait())
        return messages

    def _write(self, write: Message) -> None:
        """Have something written down with the next ``_flush``."""
        self._writes.append(write)

    def _flush(self) -> bool:
        """Write down what has happened. A full disk loses nothing: it is written as soon as there is room.

        Returns:
            Whether the journal is up to date, so that it can be asked and changed.
        """
        if self._writes:
            try:
                with self._journal.transaction():
                    for write in self._writes:
                        write()
            except sqlite3.Error as error:
                self._tell_cannot_write(error)
                return False
            self._writes.clear()
        self._cannot_write = False
        return True

    def _tell_cannot_write(self, error: sqlite3.Error) -> None:
        if not self._cannot_write:
            self._cannot_write = True
            trouble = SettingsError(
                "save_transfers", code="Unwritable",
                reason="What has been transferred can’t be written down, so nothing more is started for now.",
                hint="Check that the disk has free space. It goes on by itself.",
            )  # fmt: skip
            trouble.__cause__ = error
            self._office.deliver(self._on_trouble, trouble)

    # ------------------------------------------------------------------ starting

    def start(self, plan: Plan, connection_id: str, started: Callable[[int], object]) -> None:
        """Queue a settled plan."""
        if not self._flush():
            return
        try:
            with self._journal.transaction():
                batch_id = self._journal.add_batch(connection_id, plan, datetime.now(UTC))
        except sqlite3.Error as error:
            self._tell_cannot_write(error)
            return
        if not self._active:
            self._meter = Meter()
        batch = self._load(batch_id)
        self._news.added(batch_id)
        self._read_again()
        self._office.deliver(started, batch_id)
        self._check_finished(batch)

    def _load(self, batch_id: int) -> Batch:
        """Have a batch of the panel in memory as the journal has it."""
        records = self._journal.listed_batches()
        self._batches[batch_id] = Batch.of(next(record for record in records if record.batch_id == batch_id))
        return self._batches[batch_id]

    def _refill(self) -> None:
        """Put the next of the queue on the desk. Small files are fetched apart: they never wait behind a big one."""
        for is_big, count, low, high in (
            (True, self._desk.big_count, _LOW_BIG, _HIGH_BIG),
            (False, self._desk.small_count, _LOW, _HIGH),
        ):
            if count >= low or self._is_drained[is_big]:
                continue
            held = self._holds.connection_ids
            records = self._journal.queued(high, big=is_big, after_rank=self._ranks[is_big], without=held)
            self._is_drained[is_big] = len(records) < high
            for record in records:
                self._ranks[is_big] = record.rank
                if record.transfer_id not in self._active:
                    active = Active(record, self._batches[record.batch_id], CancelToken())
                    active.job = self._office.job(active, is_big=is_big)
                    self._active[record.transfer_id] = active
                    self._desk.offer(active.job)

    def _read_again(self) -> None:
        """Something came to the queue, or changed its place: read it from its beginning."""
        for is_big in (True, False):
            self._ranks[is_big] = _FROM_THE_START
            self._is_drained[is_big] = False

    # ------------------------------------------------------------------ what becomes of them

    def settle(
        self, active: Active, state: TransferState, error: Exception | None, attempts: int, run: Run | None
    ) -> None:
        """A transfer has ended, or goes back to the queue."""
        record, batch = active.record, active.batch
        position = active.position
        del self._active[record.transfer_id]
        self._desk.remove(record.transfer_id)
        self._moved_bytes += position
        batch.moved_bytes += position
        kept_error = error if state is _FAILED else None
        change = partial(
            self._journal.set_state, record.transfer_id, state, error=kept_error, attempts=attempts, position=position
        )
        if state is _DONE and run is not None:
            self._write(partial(change, size=run.stored_size, etag=run.etag))
            self._write(partial(self._journal.forget_partial, record.transfer_id))
            self._count(batch, _RUNNING, state, record.item.size)
            batch.resize(run.stored_size - record.item.size)
            if record.item.direction is Direction.UPLOAD:
                location = record.item.location
                info = S3FileInfo(location.key, run.stored_size, datetime.now(UTC), run.etag)
                self._news.stored(StoredObject(record.connection_id, location.bucket, info))
        else:
            self._write(change)
            self._count(batch, _RUNNING, state, record.item.size)
        if state is _QUEUED:
            self._read_again()
            if isinstance(error, S3IntegrationError):
                self._hold(record.connection_id, error)
        self._check_finished(batch)

    def _count(self, batch: Batch, before: TransferState, after: TransferState, size: int, count: int = 1) -> None:
        """The one place where states change in the sums. Raises RuntimeError for what ``ALLOWED`` lacks."""
        if after not in ALLOWED[before]:
            raise RuntimeError(f"a transfer can’t go from {before.value} to {after.value}")
        batch.move(_QUEUED if before is _RUNNING else before, after, count, size)
        self._news.changed()

    def _check_finished(self, batch: Batch) -> None:
        """A batch of which nothing is left to do is looked for on its target; then it is told."""
        if batch.is_open or batch.is_proving or self._is_closing:
            return
        if batch.states[_DONE] and batch.proof is None:
            batch.is_proving = True
            self._office.prove(batch)
        else:
            self._news.finished(batch.snapshot(self._clock()))

    def take_proof(self, batch_id: int, proof: Proof, lost: Sequence[TransferRecord]) -> None:
        """Somebody has looked for the files of a batch; what was not there has failed after all."""
        batch = self._batches.get(batch_id)
        if batch is None:
            return
        batch.is_proving = False
        batch.proof = proof
        self._write(partial(self._journal.set_proof, batch_id, proof))
        for record in lost:
            self._write(partial(self._journal.set_state, record.transfer_id, _FAILED, error=not_arrived(record)))
            self._count(batch, _DONE, _FAILED, record.item.size)
        self._check_finished(batch)

    # ------------------------------------------------------------------ stopping, and going on

    def stop_one(self, transfer_id: int, reason: StopReason) -> None:
        """Pause or cancel a transfer."""
        active = self._active.get(transfer_id)
        if active is not None and active.is_running:
            active.token.cancel(reason)
            return
        self._withdraw(lambda job: job.transfer_id == transfer_id)
        after = _PAUSED if reason is StopReason.PAUSE else _CANCELLED
        self._change_one(transfer_id, [state for state in (_QUEUED, _PAUSED) if after in ALLOWED[state]], after)

    def queue_one(self, transfer_id: int, before: Collection[TransferState]) -> None:
        """Queue a transfer that is in one of these states."""
        self._change_one(transfer_id, before, _QUEUED)
        self._read_again()

    def _change_one(self, transfer_id: int, before: Collection[TransferState], after: TransferState) -> None:
        record = self._journal.transfer(transfer_id) if self._flush() else None
        if record is None or record.state not in before or transfer_id in self._active:
            return
        batch = self._batches.get(record.batch_id) or self._reload(record.batch_id)
        position = record.position if after is _PAUSED else 0
        self._write(partial(self._journal.set_state, transfer_id, after, position=position))
        self._take_in([Moved(batch.batch_id, record.state, 1, record.item.size)], after)

    def stop_many(self, reason: StopReason, batch_id: int | None = None) -> None:
        """Pause or cancel all that is not over, of one batch or of all."""

        def is_meant(active: Active) -> bool:
            return batch_id in (None, active.record.batch_id)

        self._withdraw(lambda job: is_meant(self._active[job.transfer_id]))
        for active in self._running():
            if is_meant(active):
                active.token.cancel(reason)
        after = _PAUSED if reason is StopReason.PAUSE else _CANCELLED
        self._change_many([state for state in (_QUEUED, _PAUSED) if after in ALLOWED[state]], after, batch_id)

    def queue_many(self, before: Sequence[TransferState], batch_id: int | None = None) -> None:
        """Queue all that is in one of these states, of one batch or of all in the panel."""
        if batch_id is not None and batch_id not in self._batches and self._flush():
            self._reload(batch_id)
        self._change_many(before, _QUEUED, batch_id)
        self._read_again()

    def _reload(self, batch_id: int) -> Batch:
        """Bring a batch from the diary back into the panel."""
        with self._journal.transaction():
            self._journal.relist(batch_id)
        return self._load(batch_id)

    def _change_many(self, before: Sequence[TransferState], after: TransferState, batch_id: int | None) -> None:
        if not self._flush():
            return
        running = [active.record.transfer_id for active in self._running()]
        with self._journal.transaction():
            moved = self._journal.move_many(before, after, batch_id=batch_id, without=running)
        self._take_in(moved, after)

    def _take_in(self, moved: Iterable[Moved], after: TransferState) -> None:
        """Count what was changed in the journal."""
        for each in moved:
            batch = self._batches[each.batch_id]
            if not batch.has_more:
                # A rest is no slowness: the speed starts anew.
                batch.meter = Meter()
            if not self._active:
                self._meter = Meter()
            if after is _QUEUED and batch.proof is not None:
                batch.proof = None
                self._write(partial(self._journal.set_proof, batch.batch_id, None))
            self._count(batch, each.before, after, each.size, each.count)
            self._check_finished(batch)
        if after is _CANCELLED:
            self._throw_away_leftovers()

    def _withdraw(self, wanted: Callable[[Job], bool]) -> None:
        """Take back from the desk what nobody has begun."""
        for job in self._desk.withdraw(wanted):
            del self._active[job.transfer_id]
        self._read_again()

    def put_first(self, transfer_id: int) -> None:
        """Let a transfer be the next."""
        self._write(partial(self._journal.put_first, transfer_id))
        self._withdraw(lambda _: True)

    def remove(self, transfer_id: int) -> None:
        """Forget a transfer that is over."""
        record = self._journal.transfer(transfer_id) if self._flush() else None
        if record is None or not record.state.is_final:
            return
        with self._journal.transaction():
            self._journal.remove(transfer_id)
        batch = self._batches.get(record.batch_id)
        if batch is not None:
            batch.forget(record.state, record.item.size)
            if not batch.total:
                del self._batches[batch.batch_id]
        self._news.changed()
        self._throw_away_leftovers()

    def clear_finished(self) -> None:
        """Take batches that are over out of the panel."""
        if not self._flush():
            return
        with self._journal.transaction():
            self._journal.unlist_finished()
        self._batches = {batch_id: batch for batch_id, batch in self._batches.items() if batch.is_open}
        self._news.changed()
        self._throw_away_leftovers()

    # ------------------------------------------------------------------ what must not stay on the other side

    def keep(self, write: Callable[[Journal], object]) -> None:
        """Write something down, and raise SettingsError where that can't be done now. For ``ask``."""
        self._write(lambda: write(self._journal))
        if not self._flush():
            raise SettingsError("save_transfers", code="Unwritable")

    def note(self, write: Callable[[Journal], object]) -> None:
        """Write something down soon."""
        self._write(lambda: write(self._journal))

    def read(self, question: Callable[[Journal], T]) -> T:
        """Ask the journal. For ``ask``."""
        self._flush()
        return question(self._journal)

    def leftover_is_gone(self, leftover: Leftover) -> None:
        """Somebody threw it away."""
        self._write(partial(self._journal.forget_leftover, leftover.partial_id))

    def _throw_away_leftovers(self) -> None:
        """See that nothing stays of transfers that nobody will finish."""
        if not self._flush():
            return
        for leftover in self._journal.leftovers():
            if leftover.transfer_id not in self._active and leftover.connection_id not in self._holds:
                self._office.throw_away(leftover)

    # ------------------------------------------------------------------ waiting for the network

    def _hold(self, connection_id: str, error: S3IntegrationError) -> None:
        """Let the transfers of a connection wait; those at work come back by themselves."""
        self._withdraw(lambda job: self._active[job.transfer_id].record.connection_id == connection_id)
        self._holds.add(connection_id, error)

    def _look_for_held(self) -> None:
        for connection_id in self._holds.take_due():
            self._office.look_for(connection_id)

    def connection_looked_at(self, connection_id: str, error: S3IntegrationError | None) -> None:
        """Somebody looked whether a connection works again: the error, or None."""
        if error is None:
            self.release(connection_id)
        elif connection_id in self._holds:
            self._holds.add(connection_id, error)

    def release(self, connection_id: str) -> None:
        """Let the transfers of a connection go on."""
        if self._holds.remove(connection_id):
            self._read_again()
            self._throw_away_leftovers()

    def _hold_list(self) -> tuple[Hold, ...]:
        waiting: Counter[str] = Counter()
        for batch in self._batches.values():
            waiting[batch.connection_id] += batch.states[_QUEUED]
        return self._holds.snapshot(waiting)

    # ------------------------------------------------------------------ what can be seen

    def look(self, first: int, last: int) -> PanelLook:
        """What the panel shows, with the rows from ``first`` to ``last``."""
        self._flush()
        running = self._running()
        states = _sum(self._batches.values())
        states[_RUNNING] = len(running)
        states[_QUEUED] -= len(running)
        finished = [batch for batch in reversed(self._batches.values()) if not batch.is_open][:_BATCHES_SHOWN]
        return PanelLook(
            states,
            first,
            tuple(self._rows(running, states, first, last)),
            tuple(batch.snapshot(self._clock()) for batch in finished),
            self._totals(running),
            self._hold_list(),
            is_paused=bool(states[_PAUSED]) and not states[_QUEUED] and not running,
        )

    def history(self, search: str, before_id: int | None, limit: int) -> list[BatchSnapshot]:
        """Batches that began before that one, the newest first."""
        self._flush()
        running = self._running()
        shown = []
        for record in self._journal.history(search, before_id, limit):
            batch = self._batches.get(record.batch_id) or Batch.of(record)
            shown.append(batch.snapshot(self._clock(), [each for each in running if each.batch is batch]))
        return shown

    def files(self, batch_id: int, states: Sequence[TransferState], offset: int, limit: int) -> list[TransferSnapshot]:
        """Some of the transfers of a batch."""
        self._flush()
        return [record.snapshot() for record in self._journal.files(batch_id, states, offset, limit)]

    def _running(self) -> list[Active]:
        """Those at work, the earliest first."""
        running = [active for active in self._active.values() if active.is_running]
        return sorted(running, key=lambda active: (active.started_at_s, active.record.transfer_id))

    def _rows(
        self, running: Sequence[Active], states: Counter[TransferState], first: int, last: int
    ) -> list[TransferSnapshot]:
        rows = [active.snapshot(self._clock()) for active in running[first : last + 1]]
        start, without = len(running), [active.record.transfer_id for active in running]
        for state in (_FAILED, _QUEUED, _PAUSED):
            begin, end = max(first, start), min(last + 1, start + states[state])
            if begin < end:
                found = self._journal.rows((state,), begin - start, end - begin, without=without)
                rows += [record.snapshot() for record in found]
            start += states[state]
        return rows

    def _totals(self, running: Sequence[Active]) -> BatchSnapshot:
        """All batches at work together; while none is, all in the panel."""
        seen = [batch for batch in self._batches.values() if batch.has_more] or list(self._batches.values())
        self._meter.sample(self._clock(), self._moved_bytes + sum(each.position for each in running))
        ended = sum(batch.ended_bytes for batch in seen)
        return summary(_sum(seen), running, ended, sum(batch.total_bytes for batch in seen), self._meter)


def _sum(batches: Iterable[Batch]) -> Counter[TransferState]:
    states: Counter[TransferState] = Counter()
    for batch in batches:
        states.update(batch.states)
    return states
