"""All transfers of the program, as the window sees them."""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import TypeVar

from s3browser.exceptions import Cancelled, S3IntegrationError, S3UnsupportedError, SettingsError
from s3browser.jobs.cancel import CancelToken, StopReason
from s3browser.jobs.runner import JobRunner
from s3browser.model.locations import S3Location
from s3browser.model.store import ObjectStore
from s3browser.model.transfers import (
    BatchSnapshot,
    Direction,
    PanelLook,
    Plan,
    Proof,
    TransferNews,
    TransferSnapshot,
    TransferState,
)
from s3browser.transfers.clerk import Clerk
from s3browser.transfers.desk import Desk, Job
from s3browser.transfers.holds import CONNECTION_REMOVED, look
from s3browser.transfers.inbox import Inbox
from s3browser.transfers.journal import Journal
from s3browser.transfers.journalrows import Leftover, TransferRecord
from s3browser.transfers.keeper import JournalKeeper
from s3browser.transfers.making import Making
from s3browser.transfers.news import News
from s3browser.transfers.proof import prove
from s3browser.transfers.records import Active, Batch
from s3browser.transfers.run import Run
from s3browser.transfers.target import NewEntries
from s3browser.transfers.verdict import is_given_up

T = TypeVar("T")

CONNECTIONS = 8
MAX_CONNECTIONS = 32
_AGAIN = (TransferState.FAILED, TransferState.CANCELLED)

_log = logging.getLogger(__name__)


class TransferManager:
    """Moves what it is told to move, and survives everything. Every call returns at once, from any thread.

    One thread, the clerk, keeps the journal and is the only one that changes a state; calls, and what the workers have
    done, are messages to it. Callbacks come through the runner's ``deliver``.

    Where the network or the sign-in is gone, the transfers of that connection go back to the queue and wait; they go
    on as soon as a cheap call succeeds, or somebody calls ``release``. One bad file fails only its row.

    Args:
        runner: whose lanes do the work: ``transfers`` (one thread for each of ``MAX_CONNECTIONS``), ``journal`` (one)
            and ``actions``.
        stores: connection id → its store; blocking. Raises S3CredentialsError with code ``ConnectionRemoved`` for one
            that is no more.
        open_journal: as ``Journal.open``; called on the lane ``journal``.
        connections: how many transfers, or parts of them, move at a time.
        clock: a monotonic clock, in seconds.
        on_trouble: hears what is wrong with the journal; delivered.
    """

    def __init__(
        self,
        runner: JobRunner,
        stores: Callable[[str], ObjectStore],
        open_journal: Callable[[], tuple[Journal, SettingsError | None]],
        *,
        connections: int = CONNECTIONS,
        clock: Callable[[], float] = monotonic,
        on_trouble: Callable[[SettingsError], object] = lambda _: None,
    ) -> None:
        self._runner = runner
        self._stores = stores
        self._clock = clock
        self._connections = connections
        self._workers = 0
        self._lock = threading.Lock()
        self._token = CancelToken()
        entries = NewEntries()
        self._making = Making(stores, entries)
        self._desk = Desk()
        self._news = News(lambda tell: runner.post(self._token_of_news, tell))
        self._token_of_news = CancelToken()
        self._inbox = Inbox()
        self._clerk = Clerk(open_journal, self._inbox, self._desk, entries, self, self._news, clock, on_trouble)
        runner.submit("journal", self._clerk.serve, done=_ignore, failed=_raise)

    # ------------------------------------------------------------------ what can be asked for

    def add_listener(self, listener: Callable[[TransferNews], None]) -> None:
        """Call ``listener`` with the news from now on, for as long as the program runs."""
        self._news.add_listener(listener)

    def start(self, plan: Plan, connection_id: str, started: Callable[[int], object] = lambda _: None) -> None:
        """Queue everything of a settled plan, and list its problems as failed; the batch's id is delivered.

        Raises:
            ValueError: the plan has conflicts that nobody settled.
        """
        if plan.conflicts:
            raise ValueError("settle the plan’s conflicts first")
        self._inbox.send(partial(self._clerk.start, plan, connection_id, started))

    def pause(self, transfer_id: int) -> None:
        """Stop one transfer for now; what has been moved of it is kept."""
        self._inbox.send(partial(self._clerk.stop, StopReason.PAUSE, transfer_id=transfer_id))

    def resume(self, transfer_id: int) -> None:
        """Queue a paused transfer again."""
        self._inbox.send(partial(self._clerk.queue, (TransferState.PAUSED,), transfer_id=transfer_id))

    def cancel(self, transfer_id: int) -> None:
        """Stop one transfer for good; one that is over already stays as it is."""
        self._inbox.send(partial(self._clerk.stop, StopReason.CANCEL, transfer_id=transfer_id))

    def retry(self, transfer_id: int) -> None:
        """Queue a failed or cancelled transfer again."""
        self._inbox.send(partial(self._clerk.queue, _AGAIN, transfer_id=transfer_id))

    def move_to_front(self, transfer_id: int) -> None:
        """Let a waiting transfer be the next."""
        self._inbox.send(partial(self._clerk.put_first, transfer_id))

    def remove(self, transfer_id: int) -> None:
        """Forget one transfer that is over."""
        self._inbox.send(partial(self._clerk.remove, transfer_id))

    def pause_batch(self, batch_id: int) -> None:
        """Pause all of a batch that is not over."""
        self._inbox.send(partial(self._clerk.stop, StopReason.PAUSE, batch_id=batch_id))

    def resume_batch(self, batch_id: int) -> None:
        """Queue the paused transfers of a batch again."""
        self._inbox.send(partial(self._clerk.queue, (TransferState.PAUSED,), batch_id=batch_id))

    def cancel_batch(self, batch_id: int) -> None:
        """Stop all of a batch that is not over."""
        self._inbox.send(partial(self._clerk.stop, StopReason.CANCEL, batch_id=batch_id))

    def retry_batch(self, batch_id: int) -> None:
        """Queue every failed or cancelled transfer of a batch again; one of the diary comes back into the panel."""
        self._inbox.send(partial(self._clerk.queue, _AGAIN, batch_id=batch_id))

    def pause_all(self) -> None:
        """Pause all that is not over."""
        self._inbox.send(partial(self._clerk.stop, StopReason.PAUSE))

    def resume_all(self) -> None:
        """Queue all that is paused again."""
        self._inbox.send(partial(self._clerk.queue, (TransferState.PAUSED,)))

    def cancel_all(self) -> None:
        """Stop all that is not over."""
        self._inbox.send(partial(self._clerk.stop, StopReason.CANCEL))

    def retry_failed(self) -> None:
        """Queue every failed transfer in the panel again."""
        self._inbox.send(partial(self._clerk.queue, (TransferState.FAILED,)))

    def clear_finished(self) -> None:
        """Take what is over out of the panel, failed ones included; the diary keeps it."""
        self._inbox.send(self._clerk.clear_finished)

    def release(self, connection_id: str) -> None:
        """Let the transfers of a connection go on that wait for the network or for somebody to sign in."""
        self._inbox.send(partial(self._clerk.release, connection_id))

    def set_connections(self, count: int) -> None:
        """Let so many transfers, or parts of them, move at a time; from now on."""
        self._connections = max(1, min(count, MAX_CONNECTIONS))
        self.feed()

    # ------------------------------------------------------------------ what can be seen

    def look(self, first: int, last: int, seen: Callable[[PanelLook], object]) -> None:
        """Deliver what the panel shows, with the rows from ``first`` to ``last``."""
        self._inbox.send(lambda: self.deliver(seen, self._clerk.look(first, last)))

    def history(
        self, search: str, before_id: int | None, limit: int, seen: Callable[[list[BatchSnapshot]], object]
    ) -> None:
        """Deliver batches that began before that one, the newest first, with ``search`` in a name of theirs."""
        self._inbox.send(lambda: self.deliver(seen, self._clerk.history(search, before_id, limit)))

    def files(
        self,
        batch_id: int,
        states: Sequence[TransferState],
        offset: int,
        limit: int,
        seen: Callable[[list[TransferSnapshot]], object],
    ) -> None:
        """Deliver some of the transfers of one batch that are in one of these states, in the order of the plan."""
        self._inbox.send(lambda: self.deliver(seen, self._clerk.files(batch_id, states, offset, limit)))

    def open_uploads(self, bucket: str, seen: Callable[[dict[str, TransferState]], object]) -> None:
        """Deliver which uploads that are open in a bucket are transfers of this program, by id: queued or paused.

        One that runs is queued here. They count over whichever connection they go.
        """

        def answer() -> None:
            self.deliver(seen, self._clerk.ledger.read(lambda journal: journal.open_uploads(bucket)))

        self._inbox.send(answer)

    def shutdown(self, timeout_s: float) -> bool:
        """Stop everything, keep what is needed to go on later, and wait at most so long. Blocking.

        Returns:
            Whether all of it was kept in time; what was not is found out again at the next start.
        """
        self._token.cancel(StopReason.SHUTDOWN)
        self._inbox.send(self._clerk.close)
        return self._inbox.closed.wait(timeout_s)

    # ------------------------------------------------------------------ Office: what the clerk has others do

    def job(self, active: Active, *, is_big: bool) -> Job:
        """As ``Office`` says."""
        record, token = active.record, active.token
        keeper = JournalKeeper(self._inbox, self._clerk, record)

        def open_run() -> Run:
            # A small file has something to take up only if it was larger the last time.
            earlier = keeper.partial() if is_big or record.position else None
            return self._making.run(record, keeper, earlier, token)

        def started() -> None:
            active.started_at_s = self._clock()
            active.is_running = True

        return Job(record.transfer_id, is_big, token, open_run, started, partial(self._on_ended, active))

    def feed(self) -> None:
        """As ``Office`` says. Any thread: see that there are as many workers as there is work and room for."""
        with self._lock:
            room = self._connections - self._workers
            if room <= 0 or not self._desk.has_work:
                return
            wanted = room if self._desk.big_count else min(room, self._desk.small_count)
            self._workers += wanted
        for _ in range(wanted):
            self._runner.submit("transfers", self._work, done=_ignore, failed=_raise)

    def prove(self, batch: Batch) -> None:
        """As ``Office`` says."""
        batch_id = batch.batch_id

        def read(question: Callable[[Journal], T]) -> T:
            return self._inbox.ask(lambda: self._clerk.ledger.read(question))

        def arrived(after: S3Location, limit: int) -> list[TransferRecord]:
            return read(lambda journal: journal.arrived(batch_id, after, limit))

        def work(token: CancelToken) -> None:
            lost: list[TransferRecord] = []
            span = read(lambda journal: journal.arrived_span(batch_id))
            try:
                store = self._stores(batch.connection_id) if batch.direction is Direction.UPLOAD else None
                found = prove(store, span, arrived, lost.append, token)
            except S3IntegrationError as error:
                found = Proof(span[0], 0, error.reason)
            self._inbox.send(partial(self._clerk.take_proof, batch, found, lost))

        self._runner.submit("transfers", work, done=_ignore, failed=_raise, token=self._token)

    def throw_away(self, leftover: Leftover) -> None:
        """As ``Office`` says."""

        def work(_: CancelToken) -> None:
            try:
                self._making.abandon(leftover)
            except (S3IntegrationError, OSError) as error:
                _log.warning("something of a transfer stays behind for now: %s", error)
                is_hopeless = isinstance(error, S3UnsupportedError) or getattr(error, "code", "") == CONNECTION_REMOVED
                if not is_hopeless:
                    return
            self._inbox.send(partial(self._clerk.leftover_is_gone, leftover))

        self._runner.submit("actions", work, done=_ignore, failed=_raise, token=self._token)

    def look_for(self, connection_id: str) -> None:
        """As ``Office`` says."""

        def work(_: CancelToken) -> None:
            error = look(lambda: self._stores(connection_id))
            self._inbox.send(partial(self._clerk.connection_looked_at, connection_id, error))

        self._runner.submit("actions", work, done=_ignore, failed=_raise, token=self._token)

    def deliver(self, callback: Callable[[T], object], value: T) -> None:
        """As ``Office`` says."""
        self._runner.post(self._token_of_news, lambda: (callback(value), None)[1])

    def complain(self, error: Exception) -> None:
        """As ``Office`` says."""
        _log.error("a change of the transfers failed", exc_info=error)
        self.deliver(_raise, error)

    # ------------------------------------------------------------------ workers

    def _work(self, _: CancelToken) -> None:
        """Take from the desk what there is, until there is nothing more."""
        try:
            while self._workers <= self._connections and (step := self._desk.take()) is not None:
                step()
                if self._workers < self._connections:
                    self.feed()  # the step may have opened parts for others
        finally:
            with self._lock:
                self._workers -= 1
        self.feed()  # something may have come just after the last look

    def _on_ended(self, active: Active, error: Exception | None) -> None:
        """Clean up where nobody will go on with a transfer, and tell the clerk."""
        run = active.job.run if active.job else None
        if error is not None and not isinstance(error, S3IntegrationError | Cancelled):
            # A fault of ours fails its row like any other, so that the rest goes on; the window shows what it was.
            _log.error("transfer %d failed", active.record.transfer_id, exc_info=error)
        try:
            if run is not None and is_given_up(active, error):
                run.abandon()
        finally:
            self._inbox.send(partial(self._clerk.settle, active, error), urgent=False)


def _ignore(_: object) -> None:
    """A worker's result: it has told everything already."""


def _raise(error: Exception) -> None:
    raise error
