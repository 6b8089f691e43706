"""What the journal keeps, as the rest of the program sees it."""

import os
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from s3browser.model.locations import S3Location
from s3browser.model.transfers import Direction, Proof, TransferItem, TransferSnapshot, TransferState
from s3browser.transfers.errortext import error_from_text
from s3browser.transfers.run import Partial

TRANSFER = """transfer.id, batch_id, state, bucket, key, path, size, modified_ns, etag, may_replace, unless_same,
    renamed, is_folder, attempts, position, error, rank, direction, root, connection_id"""
"""The columns of ``TransferRecord.of``."""


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A batch as it is kept; the attributes are those of ``BatchSnapshot``.

    ``states`` and ``sizes`` count its transfers, and their bytes, by state.
    """

    batch_id: int
    connection_id: str
    direction: Direction
    target: str
    started_at: datetime
    total: int
    total_bytes: int
    name: str
    proof: Proof | None
    states: Counter[TransferState]
    sizes: Counter[TransferState]


@dataclass(frozen=True, slots=True)
class TransferRecord:
    """A transfer as it is kept.

    Attributes:
        connection_id: its batch’s.
        attempts: how often its line has broken without getting on.
        rank: its place in the queue; the lowest goes first.
    The others are those of ``TransferSnapshot``.
    """

    transfer_id: int
    batch_id: int
    connection_id: str
    item: TransferItem
    state: TransferState
    attempts: int
    position: int
    error: Exception | None
    rank: int

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> "TransferRecord":
        """From the columns ``TRANSFER``."""
        (
            transfer_id, batch_id, state, bucket, key, path, size, modified_ns, etag, may_replace, unless_same,
            renamed, is_folder, attempts, position, error, rank, direction, root, connection_id,
        ) = row  # fmt: skip
        item = TransferItem(
            Direction(direction), S3Location(bucket, text_of(key)), Path(os.fsdecode(path)), size, modified_ns, etag,
            bool(may_replace), bool(unless_same), bool(renamed), bool(is_folder),
            _path(root) if root else None,
        )  # fmt: skip
        failure = error_from_text(error) if error else None
        return cls(transfer_id, batch_id, connection_id, item, TransferState(state), attempts, position, failure, rank)

    def snapshot(self) -> TransferSnapshot:
        """The transfer as it stands while nobody works on it."""
        return TransferSnapshot(
            self.transfer_id, self.batch_id, self.item, self.state, min(self.position, self.item.size), self.error,
            connection_id=self.connection_id, etag=self.item.etag if self.state is TransferState.DONE else "",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something of a transfer that nobody will finish: parts on the server, or a temporary file."""

    partial_id: int
    connection_id: str
    location: S3Location
    partial: Partial


@dataclass(frozen=True, slots=True)
class Moved:
    """How many transfers of a batch, and how many bytes, a change of many took out of a state."""

    batch_id: int
    before: TransferState
    count: int
    size: int


def bytes_of(text: str) -> bytes:
    """A key or a name as it is kept, half characters included."""
    return text.encode(errors="surrogatepass")


def text_of(kept: bytes) -> str:
    """The reverse of ``bytes_of``."""
    return kept.decode(errors="surrogatepass")


@lru_cache(64)
def _path(path: bytes) -> Path:
    """Thousands of transfers have one root."""
    return Path(os.fsdecode(path))
