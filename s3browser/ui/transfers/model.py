from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from s3browser.model.transfers import BatchSnapshot, PanelLook, TransferSnapshot, TransferState
from s3browser.ui.transfers.engine import Transfers
from s3browser.ui.transfers.faces import Face, batch_face, transfer_face

AnyIndex = QModelIndex | QPersistentModelIndex

FaceRole = Qt.ItemDataRole.UserRole + 1
"""The ``Face`` of a row."""

_SECTIONS = (TransferState.RUNNING, TransferState.FAILED, TransferState.QUEUED, TransferState.PAUSED)
_NOTHING = PanelLook(dict.fromkeys(TransferState, 0), 0, (), (), BatchSnapshot(0, "", None, 0, 0, 0, 0, 0, 0))


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
    """Running, failed, waiting and paused transfers, then one line for each finished batch, the newest first.

    It holds how many there are of each, and the few rows that were looked at last; any other row is blank until it
    is looked at. Between two looks it is a still picture. A row is a place, not a transfer: as transfers go from
    waiting to running to done, they move through the rows, and only the rows in sight are told to be painted anew.
    To move rows properly would cost a layout of 100,000 rows several times a second.

    Signals:
        about_to_change: a look has come, and its rows are about to show.
        looked: the rows are those of a new ``PanelLook``.
    """

    about_to_change = Signal()
    looked = Signal(object)

    def __init__(self, manager: Transfers, parent: QObject) -> None:
        super().__init__(parent)
        self._manager = manager
        self._look = _NOTHING
        self._batches: Sequence[BatchSnapshot] = ()
        self._count = 0
        self._start = 0
        self._rows: list[PanelRow | None] = []
        self._asked: tuple[int, int] | None = None
        self._next: tuple[int, int] | None = None

    @property
    def state(self) -> PanelLook:
        """How things stood at the last look."""
        return self._look

    @property
    def counts(self) -> Mapping[TransferState, int]:
        """How many transfers are in each state, as of the last look."""
        return self._look.counts

    @property
    def finished_batches(self) -> Sequence[BatchSnapshot]:
        """The batches that have a line of their own, the newest first, as of the last look."""
        return self._batches

    @property
    def is_looking(self) -> bool:
        """Whether an answer is still to come."""
        return self._asked is not None

    def refresh(self, first: int, last: int) -> None:
        """Ask how things stand now; ``first`` to ``last`` are the rows in sight (none if ``last < first``).

        While one look is on its way, the next waits for it: its answer may be older than this question.
        """
        if self._asked is not None:
            self._next = (first, last)
            return
        self._asked = (first, last)
        self._manager.look(first, last, self._take)

    def row_at(self, row: int) -> PanelRow | None:
        """What is in that row; None where there is none, or nobody has looked yet."""
        if not self._start <= row < min(self._start + len(self._rows), self._count):
            return None
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

    def _take(self, look: PanelLook) -> None:
        asked, self._asked = self._asked, None
        assert asked is not None
        self.about_to_change.emit()
        self._look = look
        self._batches = [batch for batch in look.batches if _is_listed(batch)]
        self._resize(self._transfer_count + len(self._batches))
        before, start_before = self._rows, self._start
        self._keep(look, asked[1] + 1)
        changed = [
            row
            for row, now in enumerate(self._rows, self._start)
            if not 0 <= row - start_before < len(before) or before[row - start_before] != now
        ]
        if changed:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))
        self.looked.emit(look)
        if self._next is not None and self._asked is None:
            wanted, self._next = self._next, None
            self.refresh(*wanted)

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
        return sum(self._look.counts.get(state, 0) for state in _SECTIONS)

    def _keep(self, look: PanelLook, stop: int) -> None:
        """Hold the rows of a look up to ``stop`` (exclusive), and no others."""
        count, start = self._transfer_count, look.first
        stop = min(stop, self._count)
        holds = {hold.connection_id: hold for hold in look.holds}
        rows: list[PanelRow | None] = [PanelRow(each, transfer_face(each, holds)) for each in look.rows]
        rows += [None] * (min(stop, count) - start - len(rows))
        batches = self._batches[max(start - count, 0) : max(stop - count, 0)]
        rows += (PanelRow(batch, batch_face(batch)) for batch in batches)
        self._start, self._rows = start, rows


def _is_listed(batch: BatchSnapshot) -> bool:
    """Whether a batch has a line of its own; one file that failed has its row already."""
    return batch.is_finished and batch.total > 0 and not (batch.total == 1 and batch.failed)
