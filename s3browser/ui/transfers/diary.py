from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QMenu,
    QStyle,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from s3browser.model.transfers import BatchSnapshot, TransferNews
from s3browser.ui.dates import clock_text, day_text
from s3browser.ui.icons import icon
from s3browser.ui.labels import PlainLabel
from s3browser.ui.theme import GRID, current_colours
from s3browser.ui.transfers.delegate import TransferDelegate
from s3browser.ui.transfers.engine import Transfers
from s3browser.ui.transfers.faces import Action, diary_face
from s3browser.ui.transfers.model import AnyIndex, FaceRole, PanelRow
from s3browser.ui.transfers.rows_view import RowsView

PAGE = 100
_NOTHING_YET = "Nothing has been transferred yet. What you upload and download is noted here."
_NOTHING_FOUND = "Nothing fits “{}”."
_LOOKING = "Looking…"


class DiaryModel(QAbstractListModel):
    """What was uploaded and downloaded, the newest first, with a heading for each day. Asks for more as one scrolls.

    Signals:
        filled: an answer has come; there may be more rows, or it is known that there are none.
    """

    filled = Signal()

    def __init__(self, manager: Transfers, parent: QObject) -> None:
        super().__init__(parent)
        self._manager = manager
        self._rows: list[PanelRow | str] = []
        self._search = ""
        self._oldest: BatchSnapshot | None = None
        self._question = 0
        self._is_asking = False
        self._has_more = True

    @property
    def search_text(self) -> str:
        """What it looks for."""
        return self._search

    def search(self, text: str) -> None:
        """Begin anew with what this fits; what an earlier question still brings is dropped."""
        self.beginResetModel()
        self._search, self._rows, self._oldest, self._has_more = text, [], None, True
        self.endResetModel()
        self._ask()

    def row_at(self, row: int) -> PanelRow | None:
        """The entry in that row; None for a heading."""
        found = self._rows[row] if 0 <= row < len(self._rows) else None
        return found if isinstance(found, PanelRow) else None

    # -- Qt ----------------------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in (FaceRole, Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        row = self._rows[index.row()]
        if isinstance(row, str):
            return None if role == FaceRole else row
        if role == FaceRole:
            return row.face
        return row.face.name if role == Qt.ItemDataRole.DisplayRole else row.face.spoken

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        is_entry = index.isValid() and self.row_at(index.row()) is not None
        return super().flags(index) if is_entry else Qt.ItemFlag.NoItemFlags

    def canFetchMore(self, parent: AnyIndex) -> bool:
        return not parent.isValid() and self._has_more and not self._is_asking and self._oldest is not None

    def fetchMore(self, _parent: AnyIndex) -> None:
        self._ask()

    # -- inside ------------------------------------------------------------------------------

    def _ask(self) -> None:
        self._question += 1
        question = self._question
        self._is_asking = True

        def seen(batches: list[BatchSnapshot]) -> None:
            if question == self._question:
                self._take(batches)

        before = self._oldest.batch_id if self._oldest else None
        self._manager.history(self._search, before, PAGE, seen)

    def _take(self, batches: Sequence[BatchSnapshot]) -> None:
        self._is_asking = False
        self._has_more = len(batches) == PAGE
        rows: list[PanelRow | str] = []
        today = datetime.now().astimezone().date()
        for batch in batches:
            day = _day(batch)
            if day is not None and (self._oldest is None or day != _day(self._oldest)):
                rows.append(day_text(day, today))
            rows.append(PanelRow(batch, diary_face(batch, clock_text(batch.started_at))))
            self._oldest = batch
        if rows:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(rows) - 1)
            self._rows += rows
            self.endInsertRows()
        self.filled.emit()


class DiaryDialog(QDialog):
    """The diary of transfers: by day, searchable as one types. It deletes itself when closed.

    Signals:
        receipt_requested: the ``BatchSnapshot`` of which a receipt is wanted.
    """

    receipt_requested = Signal(object)

    def __init__(self, manager: Transfers, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._manager = manager
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Transfers diary")
        self.resize(GRID * 100, GRID * 60)
        self.setMinimumSize(GRID * 50, GRID * 40)
        self._model = DiaryModel(manager, self)
        self.search_edit = QLineEdit(self)
        self.search_edit.setPlaceholderText("Search by file, folder or bucket")
        self.search_edit.setAccessibleName("Search the diary")
        self.search_edit.setClearButtonEnabled(True)
        self.search_edit.addAction(icon("magnifying-glass"), QLineEdit.ActionPosition.LeadingPosition)
        self.view = DiaryView(self._model, self)
        buttons = QDialogButtonBox(self)
        self.close_button = buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole)
        self.close_button.setAutoDefault(False)  # Enter belongs to the row
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(2 * GRID)
        layout.addWidget(PlainLabel("What you uploaded and downloaded", self, role="heading", max_lines=1))
        layout.addWidget(self.search_edit)
        layout.addWidget(self.view, 1)
        layout.addWidget(buttons)
        self.search_edit.textChanged.connect(self._search)
        self.view.action_requested.connect(self._act)
        self._model.filled.connect(self._say_what_is_there)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self.search_edit.setFocus)
        self._changed = QTimer(self)
        self._changed.setSingleShot(True)
        self._changed.timeout.connect(self._begin_anew)
        self._search("")

    def take_news(self, news: TransferNews) -> None:
        """Show what has just been added or has ended; not to somebody who reads further down."""
        if (news.added or news.finished) and not self.view.verticalScrollBar().value():
            self._changed.start(0)

    @Slot(str)
    def _search(self, text: str) -> None:
        self.view.empty_text = _LOOKING
        self._model.search(text.strip())

    @Slot()
    def _begin_anew(self) -> None:
        self._search(self._model.search_text)

    @Slot()
    def _say_what_is_there(self) -> None:
        text = self._model.search_text
        self.view.empty_text = _NOTHING_FOUND.format(text) if text else _NOTHING_YET
        self.view.viewport().update()

    @Slot(object, object)
    def _act(self, row: PanelRow, action: Action) -> None:
        batch = row.subject
        assert isinstance(batch, BatchSnapshot)
        if action is Action.RECEIPT:
            self.receipt_requested.emit(batch)
        else:
            self._manager.retry_batch(batch.batch_id)
            self._changed.start(0)


class DiaryView(RowsView):
    """The entries, with the days as headings that cannot be chosen."""

    def __init__(self, model: DiaryModel, parent: QWidget) -> None:
        super().__init__(model, model, _DiaryDelegate(parent), _nothing_more, parent)
        self.setAccessibleName("Transfers by day")

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        index = super().moveCursor(action, modifiers)
        if index.isValid() and not index.flags() & Qt.ItemFlag.ItemIsEnabled:
            return index.siblingAtRow(index.row() + 1)  # the first entry of the day
        return index


class _DiaryDelegate(TransferDelegate):
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        if index.data(FaceRole) is not None:
            super().paint(painter, option, index)
            return
        painter.save()
        font = option.font
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(current_colours().muted))
        area: QRect = option.rect.adjusted(GRID * 2, 0, -GRID, -GRID // 2)
        flags = QStyle.visualAlignment(option.direction, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom)
        painter.drawText(area, int(flags), str(index.data()))
        painter.restore()


def _day(batch: BatchSnapshot) -> date | None:
    return batch.started_at.astimezone().date() if batch.started_at else None


def _nothing_more(_menu: QMenu, _row: PanelRow | None) -> None:
    """The menu of an entry is what the entry offers."""
