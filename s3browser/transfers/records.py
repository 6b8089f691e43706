"""What the manager knows by heart of a batch, and of a transfer at work. Not thread-safe: the clerk's own."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from s3browser.jobs.cancel import CancelToken, StopReason
from s3browser.jobs.meter import Meter
from s3browser.model.transfers import (
    BatchSnapshot,
    Direction,
    Proof,
    TransferItem,
    TransferSnapshot,
    TransferState,
)
from s3browser.transfers.desk import Job
from s3browser.transfers.journalrows import BatchRecord, TransferRecord

_ENDED = (TransferState.DONE, TransferState.FAILED, TransferState.CANCELLED)


@dataclass(slots=True, eq=False)
class Active:
    """A transfer that is on the desk or at work.

    Attributes:
        job: what the workers do.
        token: stops it.
        asked: what somebody wants of it instead of its end: to be paused, or cancelled.
        is_running: whether a worker has taken it up; written in that worker, once.
        started_at_s: when, by the manager's clock; 0.0 before.
    """

    record: TransferRecord
    batch: "Batch"
    token: CancelToken
    job: Job | None = None
    asked: StopReason | None = None
    is_running: bool = False
    started_at_s: float = 0.0
    meter: Meter = field(default_factory=Meter)

    @property
    def item(self) -> TransferItem:
        """What is moved."""
        return self.record.item

    @property
    def position(self) -> int:
        """Bytes moved, those of earlier runs that were taken up included."""
        run = self.job.run if self.job else None
        return min(run.position, self.item.size) if run else 0

    @property
    def moved(self) -> int:
        """Bytes that this run has moved itself."""
        begun_at = self.job.begun_at if self.job else None
        return 0 if begun_at is None else max(0, self.position - begun_at)

    def stop(self, reason: StopReason) -> None:
        """Have it stopped. To be cancelled outweighs to be paused, and either the end of the program."""
        if reason is not StopReason.SHUTDOWN and self.asked is not StopReason.CANCEL:
            self.asked = reason
        self.token.cancel(reason)

    def take_pause_back(self) -> None:
        """Have it queued again as soon as it has stopped, if it was to be paused."""
        if self.asked is StopReason.PAUSE:
            self.asked = None

    def snapshot(self, now_s: float) -> TransferSnapshot:
        """The transfer as it stands; ``now_s`` is the meter's clock."""
        self.meter.sample(now_s, self.moved)
        return TransferSnapshot(
            self.record.transfer_id, self.record.batch_id, self.item, TransferState.RUNNING, self.position,
            bytes_per_s=self.meter.bytes_per_s, connection_id=self.record.connection_id,
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Batch:
    """One drop or click, as long as it is in the panel.

    Attributes:
        states: how many of its transfers the journal has in each state; those at work are queued there.
        ended_bytes: the size of those that need no more moving.
        moved_bytes: what ended runs have moved, failed ones included: it only ever grows, as a speed needs it.
        is_proving: whether somebody is looking for its files on the target.
        is_outdated: whether it was begun again since.
    The others are those of ``BatchSnapshot``.
    """

    batch_id: int
    connection_id: str
    direction: Direction
    target: str
    started_at: datetime
    total: int
    total_bytes: int
    name: str = ""
    proof: Proof | None = None
    states: Counter[TransferState] = field(default_factory=Counter)
    ended_bytes: int = 0
    moved_bytes: int = 0
    is_proving: bool = False
    is_outdated: bool = False
    meter: Meter = field(default_factory=Meter)

    @classmethod
    def of(cls, record: BatchRecord) -> "Batch":
        """As the journal has it."""
        return cls(
            record.batch_id, record.connection_id, record.direction, record.target, record.started_at, record.total,
            record.total_bytes, record.name, record.proof, record.states, ended_bytes=ended_bytes(record),
        )  # fmt: skip

    @property
    def is_open(self) -> bool:
        """Whether something waits, runs or is paused."""
        return bool(self.states[TransferState.QUEUED] or self.states[TransferState.PAUSED])

    @property
    def has_more(self) -> bool:
        """Whether something waits or runs."""
        return bool(self.states[TransferState.QUEUED])

    def move(self, before: TransferState, after: TransferState, count: int, size: int) -> None:
        """So many transfers of so many bytes in all went from one of the journal's states to another."""
        self.states[before] -= count
        self.states[after] += count
        self.ended_bytes += size * ((after in _ENDED) - (before in _ENDED))

    def resize(self, more: int) -> None:
        """A file that has arrived was by so many bytes larger than planned."""
        self.total_bytes += more
        self.ended_bytes += more

    def forget(self, state: TransferState, size: int) -> None:
        """One that is over was taken out."""
        self.states[state] -= 1
        self.total -= 1
        self.total_bytes -= size
        self.ended_bytes -= size

    def snapshot(self, now_s: float, running: Sequence[Active] = ()) -> BatchSnapshot:
        """The batch as it stands; ``now_s`` is the meter's clock, ``running`` are its transfers at work."""
        self.meter.sample(now_s, self.moved_bytes + sum(each.moved for each in running))
        return replace(
            summary(self.states, running, self.ended_bytes, self.total_bytes, self.meter),
            batch_id=self.batch_id, connection_id=self.connection_id, direction=self.direction, name=self.name,
            target=self.target, started_at=self.started_at, proof=self.proof,
        )  # fmt: skip


def ended_bytes(record: BatchRecord) -> int:
    """The size of the transfers of a batch that need no more moving."""
    return sum(record.sizes[state] for state in _ENDED)


def summary(
    states: Counter[TransferState], running: Iterable[Active], ended: int, total_bytes: int, meter: Meter
) -> BatchSnapshot:
    """The numbers of one batch, or of several together."""
    position = ended + sum(each.position for each in running)
    is_moving = bool(states[TransferState.QUEUED])
    return BatchSnapshot(
        batch_id=0,
        connection_id="",
        direction=None,
        total=states.total(),
        done=states[TransferState.DONE],
        failed=states[TransferState.FAILED],
        cancelled=states[TransferState.CANCELLED],
        paused=states[TransferState.PAUSED],
        position_bytes=position,
        total_bytes=total_bytes,
        bytes_per_s=meter.bytes_per_s if is_moving else 0.0,
        seconds_left=meter.seconds_left(total_bytes - position) if is_moving else None,
    )
