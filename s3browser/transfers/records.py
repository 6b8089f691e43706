"""What the manager keeps of a batch and of a transfer. Not thread-safe: the manager's lock guards them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from s3browser.jobs.cancel import CancelToken
from s3browser.jobs.meter import Meter
from s3browser.model.store import ObjectStore
from s3browser.model.transfers import BatchSnapshot, Direction, TransferItem, TransferSnapshot, TransferState


@dataclass(slots=True, eq=False)
class Batch:
    """One drop or click.

    Attributes:
        states: how many of its transfers are in each state, forgotten ones included.
        running: those that run.
        total_bytes: the size of all.
        ended_bytes: the size of those that need no more moving.
        moved_bytes: what ended runs have moved, failed ones included: it only ever grows, as a speed needs it.
    The others are those of ``BatchSnapshot``.
    """

    batch_id: int
    connection_id: str
    direction: Direction
    store: ObjectStore
    target: str
    transfers: "list[Transfer]" = field(default_factory=list)
    states: Counter[TransferState] = field(default_factory=Counter)
    running: "set[Transfer]" = field(default_factory=set)
    total_bytes: int = 0
    ended_bytes: int = 0
    moved_bytes: int = 0
    meter: Meter = field(default_factory=Meter)

    @property
    def is_open(self) -> bool:
        """Whether something waits or runs."""
        return bool(self.states[TransferState.QUEUED] or self.states[TransferState.RUNNING])

    def snapshot(self, now_s: float) -> BatchSnapshot:
        """The batch as it stands; ``now_s`` is the meter's clock."""
        self.meter.sample(now_s, self.moved_bytes + sum(each.position for each in self.running))
        alone = self.transfers[0].item if self.states.total() == len(self.transfers) == 1 else None
        return replace(
            summary(self.batch_id, self.states, self.running, self.ended_bytes, self.total_bytes, self.meter),
            connection_id=self.connection_id,
            direction=self.direction,
            name=alone.location.name if alone else "",
            target=self.target,
        )


@dataclass(slots=True, eq=False)
class Transfer:
    """One file on its way; the attributes are those of ``TransferSnapshot``. ``token`` stops its run."""

    transfer_id: int
    batch: Batch
    item: TransferItem
    state: TransferState = TransferState.QUEUED
    position: int = 0
    error: Exception | None = None
    token: CancelToken | None = None
    meter: Meter | None = None

    def note(self, position: int, _: int) -> None:
        """The progress of the run, from its thread. No lock: it is one assignment, and readers only show it."""
        self.position = position

    def snapshot(self, now_s: float) -> TransferSnapshot:
        """The transfer as it stands; ``now_s`` is the meter's clock."""
        speed = 0.0
        if self.meter is not None:
            self.meter.sample(now_s, self.position)
            speed = self.meter.bytes_per_s
        position = min(self.position, self.item.size)
        return TransferSnapshot(
            self.transfer_id, self.batch.batch_id, self.item, self.state, position, self.error, speed
        )


def summary(
    batch_id: int,
    states: Counter[TransferState],
    running: Iterable[Transfer],
    ended_bytes: int,
    total_bytes: int,
    meter: Meter,
) -> BatchSnapshot:
    """The numbers of one batch, or of several together."""
    position = ended_bytes + sum(min(each.position, each.item.size) for each in running)
    is_open = states[TransferState.QUEUED] or states[TransferState.RUNNING]
    return BatchSnapshot(
        batch_id=batch_id,
        connection_id="",
        direction=None,
        total=states.total(),
        done=states[TransferState.DONE],
        failed=states[TransferState.FAILED],
        cancelled=states[TransferState.CANCELLED],
        position_bytes=position,
        total_bytes=total_bytes,
        bytes_per_s=meter.bytes_per_s if is_open else 0.0,
        seconds_left=meter.seconds_left(total_bytes - position) if is_open else None,
    )
