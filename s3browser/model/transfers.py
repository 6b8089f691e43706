from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from s3browser.exceptions import S3IntegrationError
from s3browser.model.entries import S3FileInfo
from s3browser.model.locations import S3Location

Progress = Callable[[int, int], object]
"""Called with the position and the total, in bytes; the position never goes back."""


class Direction(StrEnum):
    """Which way the bytes go."""

    UPLOAD = "upload"
    DOWNLOAD = "download"


class TransferState(StrEnum):
    """Where a transfer stands. ``ALLOWED`` says what may follow."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens unless somebody asks for it."""
        return self in (TransferState.DONE, TransferState.FAILED, TransferState.CANCELLED)


ALLOWED: Mapping[TransferState, frozenset[TransferState]] = {
    TransferState.QUEUED: frozenset({TransferState.RUNNING, TransferState.CANCELLED, TransferState.FAILED}),
    TransferState.RUNNING: frozenset({TransferState.DONE, TransferState.FAILED, TransferState.CANCELLED}),
    TransferState.FAILED: frozenset({TransferState.QUEUED}),
    TransferState.CANCELLED: frozenset({TransferState.QUEUED}),
    TransferState.DONE: frozenset(),
}


class ConflictRule(StrEnum):
    """What to do with a name that is there already."""

    REPLACE = "replace"
    SKIP = "skip"
    KEEP_BOTH = "keep-both"


@dataclass(frozen=True, slots=True)
class TransferItem:
    """One file to move: planned, not yet started.

    Attributes:
        direction: which way.
        location: the object.
        local_path: the file on this computer.
        size: in bytes, as planned.
        renamed: whether the name it gets is not the one it has: this computer can’t store it, or it is taken.
        is_folder: an empty folder: a marker object or a directory, no bytes.
        root: of a download, the folder that was chosen; nothing is written outside it.
    """

    direction: Direction
    location: S3Location
    local_path: Path
    size: int
    renamed: bool = False
    is_folder: bool = False
    root: Path | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was chosen and can’t be moved, and why."""

    item: TransferItem
    error: S3IntegrationError


@dataclass(frozen=True, slots=True)
class Conflict:
    """An item whose name is taken on the target.

    Attributes:
        item: as it would be without the other one.
        kept_both: the same under the first free name.
        obstacle: why the other one can’t be replaced (a folder in the way of a file), or None if it can.
    """

    item: TransferItem
    kept_both: TransferItem
    obstacle: S3IntegrationError | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a drop or a click will move; nothing has happened yet.

    Attributes:
        direction: which way.
        items: free to move.
        conflicts: to be settled before they can move.
        problems: what was chosen and can’t be moved.
        unchecked: why nobody knows which names are taken (no permission to look), or None if it is known.
        target: the name of the folder or bucket they go to.
    """

    direction: Direction
    items: tuple[TransferItem, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    problems: tuple[Problem, ...] = ()
    unchecked: S3IntegrationError | None = None
    target: str = ""

    @property
    def count(self) -> int:
        """How many files and empty folders would move, those in conflict included."""
        return len(self.items) + len(self.conflicts)

    @property
    def total_bytes(self) -> int:
        """Their size."""
        return sum(item.size for item in self.items) + sum(conflict.item.size for conflict in self.conflicts)

    def settled(self, rule: ConflictRule) -> "Plan":
        """The plan with every conflict settled by one rule; what ``REPLACE`` can’t replace becomes a problem."""
        items: list[TransferItem] = []
        problems: list[Problem] = []
        for conflict in self.conflicts:
            if rule is ConflictRule.KEEP_BOTH:
                items.append(conflict.kept_both)
            elif rule is ConflictRule.REPLACE and conflict.obstacle is not None:
                problems.append(Problem(conflict.item, conflict.obstacle))
            elif rule is ConflictRule.REPLACE:
                items.append(conflict.item)
        return replace(self, items=(*self.items, *items), conflicts=(), problems=(*self.problems, *problems))


@dataclass(frozen=True, slots=True)
class TransferSnapshot:
    """One transfer as it stands now; what the panel shows.

    Attributes:
        transfer_id: counts up; unique within the program's run.
        batch_id: the drop or click it belongs to.
        item: what is moved.
        state: where it stands.
        position: bytes moved; never goes back within a run.
        error: why it failed, with ``TransferState.FAILED``.
        bytes_per_s: its speed, with ``TransferState.RUNNING``; 0.0 while unknown.
    """

    transfer_id: int
    batch_id: int
    item: TransferItem
    state: TransferState
    position: int
    error: Exception | None = None
    bytes_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class BatchSnapshot:
    """The transfers of one drop or click together, or of all that are at work.

    Attributes:
        batch_id: counts up; 0 for all together.
        connection_id: the connection they belong to; empty for all together.
        direction: which way; None for all together, where both occur.
        total: transfers in all, finished ones included.
        done: arrived.
        failed: failed.
        cancelled: cancelled.
        position_bytes: bytes moved; what failed or was cancelled counts as moved, so that the bar reaches its end.
        total_bytes: bytes in all.
        bytes_per_s: 0.0 while unknown.
        seconds_left: None while unknown.
        name: of the only file, where there is just one.
        target: the name of the folder or bucket they go to; empty for all together.
    """

    batch_id: int
    connection_id: str
    direction: Direction | None
    total: int
    done: int
    failed: int
    cancelled: int
    position_bytes: int
    total_bytes: int
    bytes_per_s: float = 0.0
    seconds_left: float | None = None
    name: str = ""
    target: str = ""

    @property
    def is_finished(self) -> bool:
        """Whether nothing more happens unless somebody asks for it."""
        return self.done + self.failed + self.cancelled == self.total


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that an upload has just stored; ``info`` lets a listing show it without asking again.

    ``info.last_modified`` is this computer’s time: S3 tells its own only when asked.
    """

    connection_id: str
    bucket: str
    info: S3FileInfo


@dataclass(frozen=True, slots=True)
class TransferNews:
    """What happened since the news before.

    Attributes:
        added: batches that were started, in order.
        changed: transfers whose state changed, each once.
        stored: objects that uploads stored, in order.
        finished: batches of which nothing is left to do.
    """

    added: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    stored: tuple[StoredObject, ...] = ()
    finished: tuple[BatchSnapshot, ...] = ()
