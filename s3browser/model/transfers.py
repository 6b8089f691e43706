from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
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
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens unless somebody asks for it."""
        return self in (TransferState.DONE, TransferState.FAILED, TransferState.CANCELLED)


_AGAIN = frozenset({TransferState.QUEUED})
ALLOWED: Mapping[TransferState, frozenset[TransferState]] = {
    TransferState.QUEUED: frozenset(
        {TransferState.RUNNING, TransferState.PAUSED, TransferState.CANCELLED, TransferState.FAILED}
    ),
    # Back to the queue when the network or the sign-in has gone, or the program ends.
    TransferState.RUNNING: frozenset(TransferState) - {TransferState.RUNNING},
    TransferState.PAUSED: frozenset({TransferState.QUEUED, TransferState.CANCELLED}),
    TransferState.FAILED: _AGAIN,
    TransferState.CANCELLED: _AGAIN,
    TransferState.DONE: frozenset({TransferState.FAILED}),  # it was looked for, and is not there
}


@dataclass(frozen=True, slots=True)
class TransferItem:
    """One file to move: planned, not yet started.

    Attributes:
        direction: which way.
        location: the object.
        local_path: the file on this computer.
        size: in bytes, as planned.
        modified_ns: when the source was last changed, in ns since 1970, as planned; 0 where that is not known.
        etag: of a download, the object’s as planned; empty where that is not known.
        may_replace: whether what has this name on the target may be replaced.
        unless_same: of a download, whether a file that is there and is the object already is left alone.
        renamed: whether the name it gets is not the one it has: this computer can’t store it, it is one that this
            computer was given for such a name, or it is taken.
        is_folder: an empty folder: a marker object or a directory, no bytes.
        root: of a download, the folder that was chosen; nothing is written outside it.
    """

    direction: Direction
    location: S3Location
    local_path: Path
    size: int
    modified_ns: int = 0
    etag: str = ""
    may_replace: bool = False
    unless_same: bool = False
    renamed: bool = False
    is_folder: bool = False
    root: Path | None = None

    def replacing(self, *, unless_same: bool = False) -> "TransferItem":
        """The same, allowed to replace what is there."""
        return replace(self, may_replace=True, unless_same=unless_same)


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
        existing_size: of the other one, in bytes; None where that is not known, and for what is no file.
        existing_modified_at: when the other one was last changed or stored, aware, UTC; None where not known.
        obstacle: why the other one can’t be replaced (a folder in the way of a file), or None if it can.
    """

    item: TransferItem
    kept_both: TransferItem
    existing_size: int | None = None
    existing_modified_at: datetime | None = None
    obstacle: S3IntegrationError | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a drop or a click will move; nothing has happened yet.

    Attributes:
        direction: which way.
        items: free to move; with ``unchecked`` they may replace what is there, since nobody can tell.
        conflicts: to be settled before they can move.
        problems: what was chosen and can’t be moved.
        unchecked: why nobody knows which names are taken (no permission to look), or None if it is known.
        target: the name of the folder or bucket they go to.
        has_folders: whether a folder was chosen, not only files.
        folder: the name of the folder, or of the bucket, that was chosen; empty where it was not just one.
        free_bytes: free space where a download goes; None where that is not known, and for uploads.
    """

    direction: Direction
    items: tuple[TransferItem, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    problems: tuple[Problem, ...] = ()
    unchecked: S3IntegrationError | None = None
    target: str = ""
    has_folders: bool = False
    folder: str = ""
    free_bytes: int | None = None

    @property
    def count(self) -> int:
        """How many files and empty folders would move, those in conflict included."""
        return len(self.items) + len(self.conflicts)

    @property
    def total_bytes(self) -> int:
        """Their size."""
        return sum(item.size for item in self.items) + sum(conflict.item.size for conflict in self.conflicts)


@dataclass(frozen=True, slots=True)
class TransferSnapshot:
    """One transfer as it stands now; what the panel shows.

    Attributes:
        transfer_id: counts up, over all runs of the program.
        batch_id: the drop or click it belongs to.
        item: what is moved.
        state: where it stands.
        position: bytes moved; never goes back within a run.
        error: why it failed, with ``TransferState.FAILED``.
        bytes_per_s: its speed, with ``TransferState.RUNNING``; 0.0 while unknown.
        connection_id: the connection it belongs to; empty where that is not known.
        etag: of what arrived, with ``TransferState.DONE``; empty where that is not known.
    """

    transfer_id: int
    batch_id: int
    item: TransferItem
    state: TransferState
    position: int
    error: Exception | None = None
    bytes_per_s: float = 0.0
    connection_id: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What looking for the files of a batch on their target found.

    Attributes:
        looked_for: how many files that had been reported as arrived.
        found: how many of them are there, of the right size and, where it is known, with the right checksum.
        error: why it could not be looked, or None. Then nothing is said about ``found``.
    """

    looked_for: int
    found: int
    error: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every one is there."""
        return self.error is None and self.found == self.looked_for


@dataclass(frozen=True, slots=True)
class BatchSnapshot:
    """The transfers of one drop or click together, or of all that are at work.

    Attributes:
        batch_id: counts up, over all runs of the program; 0 for all together.
        connection_id: the connection they belong to; empty for all together.
        direction: which way; None for all together, where both occur.
        total: transfers in all, finished ones included.
        done: arrived.
        failed: failed.
        cancelled: cancelled.
        paused: paused.
        position_bytes: bytes moved; what failed or was cancelled counts as moved, so that the bar reaches its end.
        total_bytes: bytes in all.
        bytes_per_s: 0.0 while unknown.
        seconds_left: None while unknown.
        name: of the folder that was chosen, with a “/” at its end as in a key; of the only file; else empty.
        target: the name of the folder or bucket they go to; empty for all together.
        started_at: when it was asked for, aware, UTC; None for all together.
        proof: what looking for the files on the target found; None before that.
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
    paused: int = 0
    started_at: datetime | None = None
    proof: Proof | None = None

    @property
    def is_finished(self) -> bool:
        """Whether nothing more happens unless somebody asks for it."""
        return self.done + self.failed + self.cancelled == self.total


@dataclass(frozen=True, slots=True)
class Hold:
    """Why the transfers of a connection wait: the network or the sign-in is gone. They go on by themselves.

    Attributes:
        connection_id: whose transfers wait.
        error: what happened; S3CredentialsError where somebody has to sign in again.
        waiting: how many transfers wait.
    """

    connection_id: str
    error: S3IntegrationError
    waiting: int


@dataclass(frozen=True, slots=True)
class PanelLook:
    """What the transfers panel shows, all of one moment.

    Attributes:
        counts: how many transfers of the batches in the panel there are in each state.
        first: which row ``rows`` begins with.
        rows: a window on the running, failed, waiting and paused transfers, in that order.
        batches: finished batches in the panel, the newest first.
        totals: all batches at work together; while none is, all in the panel.
        holds: what waits for the network or for somebody to sign in.
        is_paused: whether everything that is not over has been paused.
    """

    counts: Mapping[TransferState, int]
    first: int
    rows: tuple[TransferSnapshot, ...]
    batches: tuple[BatchSnapshot, ...]
    totals: BatchSnapshot
    holds: tuple[Hold, ...] = ()
    is_paused: bool = False


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
        changed: whether the state of any transfer changed.
        stored: objects that uploads stored, in order.
        finished: batches of which nothing is left to do, proof included where one was wanted.
        holds: what waits for the network or for somebody to sign in, now.
    """

    added: tuple[int, ...] = ()
    changed: bool = False
    stored: tuple[StoredObject, ...] = ()
    finished: tuple[BatchSnapshot, ...] = ()
    holds: tuple[Hold, ...] = ()
