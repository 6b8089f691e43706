"""The sums of the batches in the panel and who is at work, as they are seen. Not thread-safe: the clerk's own."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from s3browser.jobs.meter import Meter
from s3browser.model.transfers import ALLOWED, BatchSnapshot, Hold, PanelLook, TransferSnapshot, TransferState
from s3browser.transfers.journal import Journal
from s3browser.transfers.journalrows import BatchRecord
from s3browser.transfers.records import Active, Batch, summary

_BATCHES_SHOWN = 200


class Books:
    """What the clerk knows without asking the journal.

    Attributes:
        batches: those in the panel, by id.
        active: the transfers on the desk and at work, by id; queued ones, to the journal and to the sums.

    Args:
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.batches: dict[int, Batch] = {}
        self.active: dict[int, Active] = {}
        self._moved_bytes = 0
        self._meter = Meter()

    def enter(self, record: BatchRecord) -> Batch:
        """Take a batch into the panel as the journal has it."""
        if not self.active:
            self._meter = Meter()
        return self.batches.setdefault(record.batch_id, Batch.of(record))

    def leave(self, active: Active) -> None:
        """A transfer is not at work any more."""
        del self.active[active.record.transfer_id]
        moved = active.moved
        self._moved_bytes += moved
        active.batch.moved_bytes += moved

    def count(self, batch: Batch, before: TransferState, after: TransferState, size: int, count: int = 1) -> None:
        """The one place where states change in the sums. Raises RuntimeError for what ``ALLOWED`` lacks."""
        if after not in ALLOWED[before]:
            raise RuntimeError(f"a transfer can’t go from {before.value} to {after.value}")
        if after is TransferState.QUEUED and not batch.has_more:
            # A rest is no slowness: the speed starts anew.
            batch.meter = Meter()
            if not self.active:
                self._meter = Meter()
        batch.move(TransferState.QUEUED if before is TransferState.RUNNING else before, after, count, size)

    def waiting(self) -> Counter[str]:
        """How many transfers each connection has in the queue."""
        waiting: Counter[str] = Counter()
        for batch in self.batches.values():
            waiting[batch.connection_id] += batch.states[TransferState.QUEUED]
        return waiting

    def look(self, journal: Journal, holds: tuple[Hold, ...], first: int, last: int) -> PanelLook:
        """What the panel shows, with the rows from ``first`` to ``last``."""
        running = self._running()
        states = _sum(self.batches.values())
        states[TransferState.RUNNING] = len(running)
        states[TransferState.QUEUED] -= len(running)
        finished = [batch for batch in reversed(self.batches.values()) if not batch.is_open][:_BATCHES_SHOWN]
        return PanelLook(
            states,
            first,
            tuple(self._rows(journal, running, states, first, last)),
            tuple(batch.snapshot(self._clock()) for batch in finished),
            self._totals(journal, running),
            holds,
            is_paused=bool(states[TransferState.PAUSED]) and not states[TransferState.QUEUED] and not running,
        )

    def seen(self, records: Iterable[BatchRecord]) -> list[BatchSnapshot]:
        """Batches as they stand, those of the diary too."""
        running = self._running()
        shown = []
        for record in records:
            batch = self.batches.get(record.batch_id) or Batch.of(record)
            shown.append(batch.snapshot(self._clock(), [each for each in running if each.batch is batch]))
        return shown

    def _running(self) -> list[Active]:
        """Those at work, the earliest first."""
        running = [active for active in self.active.values() if active.is_running]
        return sorted(running, key=lambda active: (active.started_at_s, active.record.transfer_id))

    def _rows(
        self,
        journal: Journal,
        running: Sequence[Active],
        states: Counter[TransferState],
        first: int,
        last: int,
    ) -> list[TransferSnapshot]:
        rows = [active.snapshot(self._clock()) for active in running[first : last + 1]]
        start, without = len(running), [active.record.transfer_id for active in running]
        for state in (TransferState.FAILED, TransferState.QUEUED, TransferState.PAUSED):
            begin, end = max(first, start), min(last + 1, start + states[state])
            if begin < end:
                found = journal.rows(state, begin - start, end - begin, without=without)
                rows += [record.snapshot() for record in found]
            start += states[state]
        return rows

    def _totals(self, journal: Journal, running: Collection[Active]) -> BatchSnapshot:
        """All batches at work together; while none is, all in the panel."""
        seen = [batch for batch in self.batches.values() if batch.has_more] or list(self.batches.values())
        self._meter.sample(self._clock(), self._moved_bytes + sum(each.moved for each in running))
        ended = sum(batch.ended_bytes for batch in seen)
        ended += journal.begun_bytes(without=[each.record.transfer_id for each in running])
        return summary(_sum(seen), running, ended, sum(batch.total_bytes for batch in seen), self._meter)


def _sum(batches: Iterable[Batch]) -> Counter[TransferState]:
    states: Counter[TransferState] = Counter()
    for batch in batches:
        states.update(batch.states)
    return states
