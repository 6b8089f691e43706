from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from s3browser.model.transfers import BatchSnapshot, TransferSnapshot, TransferState
from s3browser.transfers.manager import TransferManager
from s3browser.ui.transfers.faces import Face, batch_face, transfer_face

AnyIndex = QModelIndex | QPersistentModelIndex

FaceRole = Qt.ItemDataRole.UserRole + 1
"""The ``Face`` of a row."""

_SECTIONS = (TransferState.RUNNING, TransferState.FAILED, TransferState.QUEUED)
_BLOCK = 64  # rows fetched together when one is asked for that nobody fetched


@dataclass(frozen=True, slots=True)
class PanelRow:
    """What a row stands for: a transfer, or a batch of which nothing is left to do."""

    subject: TransferSnapshot | BatchSnapshot
    face: Face

    @property
    def identity(self) -> tuple[type, int]:
        """The same for the same transfer or batch, whatever row it is in."""
        subject = self.subject
        number = subject.transfer_id if isinstance(subject, TransferSnapshot) else subject.batch_id
        return type(subject), number


class TransfersModel(QAbstractListModel):
    """Running, failed and waiting transfers, then one line for each finished batch, the newest first.

    It holds how many there are of each, and the few rows that were looked at last. ``refresh`` brings it up to date;
    between two refreshes it is a still picture. A row is a place, not a transfer: as transfers go from waiting to
    running to done, they move through the rows, and only the rows in sight are told to be painted anew. To move
    rows properly would cost a layout of 100,000 rows several times a second.
    """

    def __init__(self, manager: TransferManager, parent: QObject) -> None:
        super().__init__(parent)
        self._manager = manager
        self._counts: Mapping[TransferState, int] = dict.fromkeys(TransferState, 0)
        self._batches: Sequence[BatchSnapshot] = ()
        self._count = 0
        self._start = 0
        self._rows: list[PanelRow | None] = []

    @property
    def counts(self) -> Mapping[TransferState, int]:
        """How many transfers are in each state, as of the last refresh."""
        return self._counts

    @property
    def finished_batches(self) -> Sequence[BatchSnapshot]:
        """The batches of which nothing is left to do, the newest first, as of the last refresh."""
        return self._batches

    def refresh(self, first: int, last: int) -> None:
        """Take in how things stand now; ``first`` to ``last`` are the rows in sight (none if ``last < first``)."""
        self._counts, transfers = self._manager.rows_by_state(_SECTIONS, first, last + 1)
        self._batches = [batch for batch in reversed(self._manager.batches()) if _is_listed(batch)]
        self._resize(self._transfer_count + len(self._batches))
        before, start_before = self._rows, self._start
        self._keep(first, last + 1, transfers)
        changed = [
            row
            for row, now in enumerate(self._rows, self._start)
            if not 0 <= row - start_before < len(before) or before[row - start_before] != now
        ]
        if changed:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))

    def row_at(self, row: int) -> PanelRow | None:
        """What is in that row; None where it went away since the last refresh."""
        if not 0 <= row < self._count:
            return None
        if not self._start <= row < self._start + len(self._rows):
            start = row - row % _BLOCK
            stop = min(start + _BLOCK, self._count)
            transfers_stop = max(start, min(stop, self._transfer_count))
            self._keep(start, stop, self._manager.rows_by_state(_SECTIONS, start, transfers_stop)[1])
        return self._rows[row - self._start]

    def row_of(self, identity: tuple[type, int]) -> int | None:
        """In which of the rows looked at last this transfer or batch is, or None."""
        found = (at for at, row in enumerate(self._rows, self._start) if row is not None and row.identity == identity)
        return next(found, None)

    # -- Qt ----------------------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else self._count

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in (FaceRole, Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        row = self.row_at(index.row()) if index.isValid() else None
        if row is None:
            return None
        if role == FaceRole:
            return row.face
        return row.face.name if role == Qt.ItemDataRole.DisplayRole else row.face.spoken

    # -- inside ------------------------------------------------------------------------------

    def _resize(self, count: int) -> None:
        """Add or take away rows at the end; what they show is told by ``dataChanged``."""
        if count > self._count:
            self.beginInsertRows(QModelIndex(), self._count, count - 1)
            self._count = count
            self.endInsertRows()
        elif count < self._count:
            self.beginRemoveRows(QModelIndex(), count, self._count - 1)
            self._count = count
            self._rows = self._rows[: max(0, count - self._start)]
            self.endRemoveRows()

    @property
    def _transfer_count(self) -> int:
        """How many rows are transfers; those of batches come after them."""
        return sum(self._counts[state] for state in _SECTIONS)

    def _keep(self, start: int, stop: int, transfers: Sequence[TransferSnapshot]) -> None:
        """Hold the rows from ``start`` up to ``stop``, of which these are transfers, and no others."""
        count = self._transfer_count
        rows: list[PanelRow | None] = [PanelRow(transfer, transfer_face(transfer)) for transfer in transfers]
        rows += [None] * (min(stop, count) - start - len(rows))
        batches = self._batches[max(start - count, 0) : max(stop - count, 0)]
        rows += (PanelRow(batch, batch_face(batch)) for batch in batches)
        self._start, self._rows = start, rows


def _is_listed(batch: BatchSnapshot) -> bool:
    """Whether a batch has a line of its own; one file that failed has its row already."""
    return batch.is_finished and batch.total > 0 and not (batch.total == 1 and batch.failed)
