from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path

from s3browser.model.locations import S3Location


class Direction(StrEnum):
    """Which way the bytes go."""

    UPLOAD = "upload"
    DOWNLOAD = "download"


class TransferState(Enum):
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
        renamed: whether the local name differs from the key's, because this computer can't store that.
        is_folder: an empty folder: a marker object or a directory, no bytes.
    """

    direction: Direction
    location: S3Location
    local_path: Path
    size: int
    renamed: bool = False
    is_folder: bool = False


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
    """

    transfer_id: int
    batch_id: int
    item: TransferItem
    state: TransferState
    position: int
    error: Exception | None = None
