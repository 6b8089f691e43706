"""The one thread that keeps the journal and changes states; everybody else sends it messages."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial

from s3browser.exceptions import S3IntegrationError, SettingsError
from s3browser.jobs.cancel import CancelToken, StopReason
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
from s3browser.transfers.books import Books
from s3browser.transfers.desk import Desk
from s3browser.transfers.holds import Holds, holds_up
from s3browser.transfers.inbox import Inbox, Message
from s3browser.transfers.journal import Journal
from s3browser.transfers.journalfile import JournalError
from s3browser.transfers.journalrows import Leftover, Moved, TransferRecord
from s3browser.transfers.ledger import Ledger
from s3browser.transfers.news import News
from s3browser.transfers.office import Office
from s3browser.transfers.proof import not_arrived
from s3browser.transfers.records import Active, Batch
from s3browser.transfers.target import NewEntries
from s3browser.transfers.verdict import attempts_after, state_after

_LOW, _HIGH = 128, 512  # small files on the desk: below the first, up to the second are fetched
_LOW_BIG, _HIGH_BIG = 4, 8
_WRITE_AGAIN_AFTER_S = 1.0
_FROM_THE_START = -(1 << 62)  # a rank before all others

_QUEUED, _RUNNING, _PAUSED = TransferState.QUEUED, TransferState.RUNNING, TransferState.PAUSED
_DONE, _FAILED, _CANCELLED = TransferState.DONE, TransferState.FAILED, TransferState.CANCELLED


class Clerk:
    """Owns every state. Its methods are for messages, and for ``serve``'s thread.

    What is changed is written down together, some fifty times a second. The queue is in the journal: in memory are
    the batches' sums and what is on the desk. What can't be written down now is done as soon as it can.

    Args:
        open_journal: as ``Journal.open``.
        inbox: where the messages come from.
        desk: where the workers get their work.
        entries: the folders of files that have arrived.
        office: who does the rest.
        news: what has happened.
        clock: a monotonic clock, in seconds.
        on_trouble: hears what is wrong with the journal; delivered.

    Attributes:
        ledger: the journal, from ``serve`` on.
    """

    def __init__(
        self,
        open_journal: Callable[[], tuple[Journal, SettingsError | None]],
        inbox: Inbox,
        desk: Desk,
        entries: NewEntries,
        office: Office,
        news: News,
        clock: Callable[[], float],
        on_trouble: Callable[[SettingsError], object],
    ) -> None:
        self._open_journal = open_journal
        self._inbox = inbox
        self._desk = desk
        self._entries = entries
        self._office = office
        self._news = news
        self._clock = clock
        self._on_trouble = on_trouble
        self.ledger: Ledger
        self._postponed: list[Message] = []
        self._is_closing = False
        self._books = Books(clock)
        self._holds = Holds(clock)
        self._thrown_away: set[int] = set()
        self._ranks = {True: _FROM_THE_START, False: _FROM_THE_START}
        self._is_drained = {True: False, False: False}

    # ------------------------------------------------------------------ the day's work

    def serve(self, _: CancelToken) -> None:
        """Open the journal, take up what it has, and do what is sent until ``close``. Blocking."""
        try:
            journal, trouble = self._open_journal()
            with closing(journal):
                self.ledger = Ledger(journal, self._entries, partial(self._office.deliver, self._on_trouble))
                if trouble is not None:
                    self._office.deliver(self._on_trouble, trouble)
                self._do(self._take_up)
                while not (self._is_closing and not self._books.active):
                    self._turn()
                    for message in self._inbox.gather(self._patience_s()):
                        self._do(message)
                self.ledger.is_up_to_date()
        finally:
            self._inbox.closed.set()

    def close(self) -> None:
        """Stop everything that runs, keep how far it has got, and end."""
        self._is_closing = True
        self._withdraw(lambda _: True)
        for active in self._books.active.values():
            active.stop(StopReason.SHUTDOWN)

    def _take_up(self) -> None:
        """Go on where the program ended."""
        self.ledger.change(self.ledger.journal.unlist_arrived)
        for record in self.ledger.journal.listed_batches():
            batch = self._books.enter(record)
            if batch.states[_DONE] and batch.proof is None:
                self._check_finished(batch)
        self._throw_away_leftovers()

    def _do(self, message: Message) -> None:
        try:
            message()
        except JournalError as error:
            self.ledger.complain(error)
            self._postponed.append(message)
        except Exception as error:
            self._office.complain(error)

    def _turn(self) -> None:
        """What is done between two handfuls of messages."""
        try:
            self.ledger.flush()
            postponed, self._postponed = self._postponed, []
            for message in postponed:
                self._do(message)
            if not self._postponed and not self._is_closing:
                for connection_id in self._holds.take_due():
                    self._office.look_for(connection_id)
                self._refill()
            self.ledger.cannot_write = bool(self._postponed)
        except JournalError as error:
            self.ledger.complain(error)
        self._office.feed()
        self._news.tell(self._hold_list())

    def _patience_s(self) -> float | None:
        """How long nothing has to be done unless somebody asks for it."""
        patience_s = self._holds.seconds_to_next()
        if not self.ledger.cannot_write:
            return patience_s
        return _WRITE_AGAIN_AFTER_S if patience_s is None else min(_WRITE_AGAIN_AFTER_S, patience_s)

    # ------------------------------------------------------------------ starting

    def start(self, plan: Plan, connection_id: str, started: Callable[[int], object]) -> None:
        """Queue a settled plan."""
        batch_id = self.ledger.change(lambda: self.ledger.journal.add_batch(connection_id, plan, datetime.now(UTC)))
        self._news.added(batch_id)
        self._office.deliver(started, batch_id)
        self._read_again()
        self._check_finished(self._entered(batch_id))

    def _entered(self, batch_id: int) -> Batch:
        record = self.ledger.journal.batch(batch_id)
        assert record is not None
        return self._books.enter(record)

    def _refill(self) -> None:
        """Put the next of the queue on the desk. Small files are fetched apart: they never wait behind a big one."""
        for is_big, count, low, high in (
            (True, self._desk.big_count, _LOW_BIG, _HIGH_BIG),
            (False, self._desk.small_count, _LOW, _HIGH),
        ):
            if count >= low or self._is_drained[is_big]:
                continue
            held = self._holds.connection_ids
            records = self.ledger.journal.queued(high, big=is_big, after_rank=self._ranks[is_big], without=held)
            self._is_drained[is_big] = len(records) < high
            for record in records:
                self._ranks[is_big] = record.rank
                if record.transfer_id not in self._books.active:
                    active = Active(record, self._books.batches[record.batch_id], CancelToken())
                    active.job = self._office.job(active, is_big=is_big)
                    self._books.active[record.transfer_id] = active
                    self._desk.offer(active.job)

    def _read_again(self) -> None:
        """Something came to the queue, or changed its place: read it from its beginning."""
        for is_big in (True, False):
            self._ranks[is_big] = _FROM_THE_START
            self._is_drained[is_big] = False

    def _withdraw(self, wanted: Callable[[Active], bool]) -> None:
        """Take back from the desk what no worker has taken up; what stays among the active ones will be settled."""
        for job in self._desk.withdraw(lambda job: wanted(self._books.active[job.transfer_id])):
            del self._books.active[job.transfer_id]
        self._read_again()

    # ------------------------------------------------------------------ what becomes of them

    def settle(self, active: Active, error: Exception | None) -> None:
        """A run has ended: None where the file arrived, else what ended it."""
        record, batch = active.record, active.batch
        state = state_after(active, error)
        self._books.leave(active)
        self._desk.remove(record.transfer_id)
        run = active.job.run if active.job else None
        self._books.count(batch, _RUNNING, state, record.item.size)
        if state is _DONE and run is not None:
            self.ledger.write(partial(self.ledger.journal.set_done, record, run.stored_size, run.etag))
            batch.resize(run.stored_size - record.item.size)
            if record.item.direction is Direction.UPLOAD:
                location = record.item.location
                info = S3FileInfo(location.key, run.stored_size, datetime.now(UTC), run.etag)
                self._news.stored(StoredObject(record.connection_id, location.bucket, info))
        else:
            self.ledger.write(
                partial(
                    self.ledger.journal.set_state, record.transfer_id, state, error=error if state is _FAILED else None,
                    attempts=attempts_after(active, error) if state is _QUEUED else 0, position=active.position,
                )
            )  # fmt: skip
        self._news.changed()
        if state is _QUEUED:
            self._read_again()
        if state is _CANCELLED:
            self._throw_away_leftovers()
        if state is not _FAILED and isinstance(error, S3IntegrationError) and holds_up(error):
            self._hold(record.connection_id, error)
        self._check_finished(batch)

    def _check_finished(self, batch: Batch) -> None:
        """A batch of which nothing is left to do is looked for on its target; then it is told."""
        if batch.is_open or batch.is_proving or self._is_closing:
            return
        if batch.states[_DONE] and batch.proof is None:
            batch.is_proving = True
            self._office.prove(batch)
        else:
            self._news.finished(batch.snapshot(self._clock()))

    def take_proof(self, batch: Batch, proof: Proof, lost: Sequence[TransferRecord]) -> None:
        """Somebody has looked for the files of a batch; what was not there has failed after all.

        The batch may have been begun again meanwhile: then it is looked for once more when that is over.
        """
        self.ledger.flush()
        now = self._books.batches.get(batch.batch_id, batch)
        is_outdated = batch.is_outdated or now is not batch
        batch.is_proving = batch.is_outdated = False
        if not is_outdated:
            batch.proof = proof
            self.ledger.write(partial(self.ledger.journal.set_proof, batch.batch_id, proof))
        for record in lost:
            kept = self.ledger.journal.transfer(record.transfer_id)
            if kept is not None and kept.state is _DONE:
                self.ledger.write(
                    partial(self.ledger.journal.set_state, record.transfer_id, _FAILED, error=not_arrived(record))
                )
                self._books.count(now, _DONE, _FAILED, record.item.size)
        self._news.changed()
        self._check_finished(now)

    # ------------------------------------------------------------------ stopping, and going on

    def stop(self, reason: StopReason, *, batch_id: int | None = None, transfer_id: int | None = None) -> None:
        """Pause or cancel all that is not over, of one batch, or one."""
        self._withdraw(lambda active: _is_meant(active, batch_id, transfer_id))
        for active in self._books.active.values():
            if _is_meant(active, batch_id, transfer_id):
                active.stop(reason)
        after = _PAUSED if reason is StopReason.PAUSE else _CANCELLED
        before = [state for state in (_QUEUED, _PAUSED) if after in ALLOWED[state]]
        self._move_many(before, after, batch_id, transfer_id)
        if after is _CANCELLED:
            self._throw_away_leftovers()

    def queue(
        self, before: Collection[TransferState], *, batch_id: int | None = None, transfer_id: int | None = None
    ) -> None:
        """Queue all that is in one of these states, of one batch, or one (of the diary too), or all in the panel."""
        if _PAUSED in before:
            for active in self._books.active.values():
                if _is_meant(active, batch_id, transfer_id):
                    active.take_pause_back()
        self.ledger.flush()
        found: list[TransferRecord | None] = []
        if batch_id is not None:
            found += self.ledger.journal.files(batch_id, [*before], 0, 1)
        if transfer_id is not None:
            found.append(self.ledger.journal.transfer(transfer_id))
        for record in found:
            if record is not None and record.state in before and record.batch_id not in self._books.batches:
                self.ledger.change(partial(self.ledger.journal.relist, record.batch_id))
                self._entered(record.batch_id)
        self._move_many(before, _QUEUED, batch_id, transfer_id)

    def _move_many(
        self, before: Collection[TransferState], after: TransferState, batch_id: int | None, transfer_id: int | None
    ) -> None:
        move = partial(
            self.ledger.journal.move_many, before, after,
            batch_id=batch_id, transfer_id=transfer_id, without=self._books.active,
        )  # fmt: skip
        self._take_in(self.ledger.change(move), after)
        self._read_again()

    def _take_in(self, moved: Iterable[Moved], after: TransferState) -> None:
        """Count what was changed in the journal."""
        for each in moved:
            batch = self._books.batches[each.batch_id]
            self._books.count(batch, each.before, after, each.size, each.count)
            if after is _QUEUED:
                self._news.unfinished(batch.batch_id)
                batch.is_outdated = batch.is_proving
                if batch.proof is not None:
                    batch.proof = None
                    self.ledger.write(partial(self.ledger.journal.set_proof, batch.batch_id, None))
            self._news.changed()
            self._check_finished(batch)

    def put_first(self, transfer_id: int) -> None:
        """Let a transfer be the next."""
        self.ledger.write(partial(self.ledger.journal.put_first, transfer_id))
        self._withdraw(lambda _: True)

    def remove(self, transfer_id: int) -> None:
        """Forget a transfer that is over."""
        self.ledger.flush()
        record = self.ledger.journal.transfer(transfer_id)
        if record is None or not record.state.is_final:
            return
        self.ledger.change(partial(self.ledger.journal.remove, transfer_id))
        batch = self._books.batches.get(record.batch_id)
        if batch is not None:
            batch.forget(record.state, record.item.size)
            if not batch.total:
                del self._books.batches[batch.batch_id]
        self._news.changed()
        self._throw_away_leftovers()

    def clear_finished(self) -> None:
        """Take batches that are over out of the panel."""
        self.ledger.change(self.ledger.journal.unlist_finished)
        for batch_id in [each.batch_id for each in self._books.batches.values() if not each.is_open]:
            del self._books.batches[batch_id]
        self._news.changed()
        self._throw_away_leftovers()

    # ------------------------------------------------------------------ what must not stay on the other side

    def leftover_is_gone(self, leftover: Leftover) -> None:
        """Somebody threw it away."""
        self.ledger.write(partial(self.ledger.journal.forget_leftover, leftover.partial_id))

    def _throw_away_leftovers(self) -> None:
        """See that nothing stays of transfers that nobody will finish. Each is tried once, and at the next start."""
        if not self.ledger.is_up_to_date():
            return
        for leftover in self.ledger.journal.leftovers():
            if leftover.partial_id not in self._thrown_away and leftover.connection_id not in self._holds:
                self._thrown_away.add(leftover.partial_id)
                self._office.throw_away(leftover)

    # ------------------------------------------------------------------ waiting for the network

    def _hold(self, connection_id: str, error: S3IntegrationError) -> None:
        """Let the transfers of a connection wait; those at work come back by themselves."""
        self._withdraw(lambda active: active.record.connection_id == connection_id)
        self._holds.add(connection_id, error)

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
            self._thrown_away.clear()
            self._throw_away_leftovers()

    def _hold_list(self) -> tuple[Hold, ...]:
        return self._holds.snapshot(self._books.waiting())

    # ------------------------------------------------------------------ what can be seen

    def look(self, first: int, last: int) -> PanelLook:
        """What the panel shows, with the rows from ``first`` to ``last``."""
        self.ledger.is_up_to_date()
        return self._books.look(self.ledger.journal, self._hold_list(), first, last)

    def history(self, search: str, before_id: int | None, limit: int) -> list[BatchSnapshot]:
        """Batches that began before that one, the newest first."""
        self.ledger.is_up_to_date()
        return self._books.seen(self.ledger.journal.history(search, before_id, limit))

    def files(self, batch_id: int, states: Sequence[TransferState], offset: int, limit: int) -> list[TransferSnapshot]:
        """Some of the transfers of a batch."""
        self.ledger.is_up_to_date()
        return [record.snapshot() for record in self.ledger.journal.files(batch_id, states, offset, limit)]


def _is_meant(active: Active, batch_id: int | None, transfer_id: int | None) -> bool:
    return batch_id in (None, active.record.batch_id) and transfer_id in (None, active.record.transfer_id)
