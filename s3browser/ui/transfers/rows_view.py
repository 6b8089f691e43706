from collections.abc import Callable
from functools import partial
from typing import Protocol

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu, QStyleOptionViewItem, QTableView, QWidget

from s3browser.ui.one_column import as_list
from s3browser.ui.theme import current_colours
from s3browser.ui.transfers.delegate import TransferDelegate
from s3browser.ui.transfers.faces import Action
from s3browser.ui.transfers.model import PanelRow

_AGAIN = (Action.RETRY, Action.SEND_AGAIN)
_KEYS = {
    Qt.Key.Key_Space: (Action.PAUSE, Action.RESUME),
    Qt.Key.Key_Delete: (Action.CANCEL,),
    Qt.Key.Key_Backspace: (Action.CANCEL,),
    Qt.Key.Key_R: _AGAIN,
    Qt.Key.Key_Return: _AGAIN,
    Qt.Key.Key_Enter: _AGAIN,
}


class Rows(Protocol):
    """What a model of rows knows besides Qt’s questions."""

    def row_at(self, row: int) -> PanelRow | None:
        """What is in that row; None where it offers nothing."""


class RowsView(QTableView):
    """Rows with painted buttons, by mouse, keyboard and menu. A table of one column: a QListView would lay out every
    row at each change.

    Args:
        model: of one column, with a ``FaceRole``.
        rows: the same model, as ``Rows``.
        delegate: paints the rows.
        extend_menu: adds to the context menu of a row, or of the place below the rows.
        parent: owns it.

    Signals:
        action_requested: a ``PanelRow`` and the ``Action`` that is wanted for it.
    """

    action_requested = Signal(object, object)

    def __init__(
        self,
        model: QAbstractItemModel,
        rows: Rows,
        delegate: TransferDelegate,
        extend_menu: Callable[[QMenu, PanelRow | None], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._rows = rows
        self._extend_menu = extend_menu
        self._pressed: tuple[PanelRow, int, Action] | None = None
        self._delegate = delegate
        self.empty_text = ""
        self.setItemDelegate(self._delegate)
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        as_list(self)
        self._fit_rows()

    @property
    def row_height(self) -> int:
        """The height of every row, in px."""
        return self.verticalHeader().defaultSectionSize()

    def button_area(self, row: int, action: Action) -> QRect:
        """Where the button of a row is in the viewport; an empty rectangle if the row has none such."""
        found = self._rows.row_at(row)
        return self._delegate.button_area(self._option(row), found.face, action) if found else QRect()

    def chosen_row(self) -> PanelRow | None:
        """What the keys act on."""
        index = self.currentIndex()
        return self._rows.row_at(index.row()) if index.isValid() else None

    def rows_in_sight(self) -> tuple[int, int]:
        """The first and the last row that show, and one more; the last is below the first where none does."""
        if not self.isVisible():
            return 0, -1
        first = max(0, self.verticalScrollBar().value() // self.row_height)
        return first, first + self.viewport().height() // self.row_height + 1

    # -- keys and menu -------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        actions = _KEYS.get(Qt.Key(event.key()), ())
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if not actions or not plain:
            super().keyPressEvent(event)
            return
        row = self.chosen_row()
        for action in actions:
            if row is not None and row.face.offers(action):
                self.action_requested.emit(row, action)

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """As a list: in a table Home and End stay in the row."""
        if action is QAbstractItemView.CursorAction.MoveHome:
            return self.model().index(0, 0)
        if action is QAbstractItemView.CursorAction.MoveEnd:
            return self.model().index(self.model().rowCount() - 1, 0)
        return super().moveCursor(action, modifiers)

    def keyboardSearch(self, _search: str) -> None:
        """Nothing: Qt would ask 100,000 rows for their names."""

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        row = self._rows.row_at(index.row()) if index.isValid() else None
        menu = QMenu(self)
        if row is not None:
            for action in (*row.face.actions, *row.face.further):
                menu.addAction(action.value).triggered.connect(partial(self._request, row, action))
        self._extend_menu(menu, row)
        menu.aboutToHide.connect(menu.deleteLater)
        point = self.visualRect(index).center() if by_key else event.pos()
        menu.popup(self.viewport().mapToGlobal(point))

    def _request(self, row: PanelRow, action: Action, _checked: bool = False) -> None:
        self.action_requested.emit(row, action)

    # -- the painted buttons -------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        hit = self._button_at(event.position().toPoint())
        if event.button() is not Qt.MouseButton.LeftButton or hit is None:
            super().mousePressEvent(event)
            return
        row, action = hit
        found = self._rows.row_at(row)
        self._pressed = (found, row, action) if found else None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        if pressed is None:
            super().mouseReleaseEvent(event)
            return
        row, at, action = pressed
        area = self._delegate.button_area(self._option(at), row.face, action)
        if area.contains(event.position().toPoint()):
            self.action_requested.emit(row, action)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._button_at(event.position().toPoint()))
        if self._pressed is None:
            super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.model().rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(QColor(current_colours().muted))
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, self.empty_text)
            painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit_rows()

    def _fit_rows(self) -> None:
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setDefaultSectionSize(self._delegate.row_height(self.fontMetrics()))

    def _hover(self, button: tuple[int, Action] | None) -> None:
        if button != self._delegate.hovered:
            self._delegate.hovered = button
            self.viewport().update()

    def _button_at(self, point: QPoint) -> tuple[int, Action] | None:
        row = self.rowAt(point.y())
        found = self._rows.row_at(row) if row >= 0 else None
        action = self._delegate.button_at(self._option(row), found.face, point) if found else None
        return (row, action) if action else None

    def _option(self, row: int) -> QStyleOptionViewItem:
        """What ``paint`` gets for a row, as far as it decides where things are."""
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        option.rect = self.visualRect(self.model().index(row, 0))
        return option
