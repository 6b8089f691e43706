from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QStyleOptionViewItem, QTableView, QWidget

from s3browser.ui.theme import current_colours
from s3browser.ui.transfers.delegate import TransferDelegate
from s3browser.ui.transfers.faces import Action
from s3browser.ui.transfers.model import AnyIndex, PanelRow, TransfersModel

_KEYS = {
    Qt.Key.Key_Delete: Action.CANCEL,
    Qt.Key.Key_Backspace: Action.CANCEL,
    Qt.Key.Key_R: Action.RETRY,
    Qt.Key.Key_Return: Action.RETRY,
    Qt.Key.Key_Enter: Action.RETRY,
}

_EMPTY = "Drop files here to upload them"


class TransfersView(QTableView):
    """The rows of the transfers panel. A table of one column: a QListView would lay out every row at each change.

    Rows change places while transfers go on, so that what is chosen is remembered as a transfer, not as a row:
    nothing is ever done to the transfer that happens to have moved under the pointer or the cursor.

    Signals:
        action_requested: a ``PanelRow`` and the ``Action`` that is wanted for it.
    """

    action_requested = Signal(object, object)

    def __init__(self, model: TransfersModel, extend_menu: Callable[[QMenu, PanelRow | None], None], parent: QWidget):
        """``extend_menu`` adds to the context menu of a row, or of the place below the rows."""
        super().__init__(parent)
        self._model = model
        self._extend_menu = extend_menu
        self._pressed: tuple[PanelRow, int, Action] | None = None
        self._chosen: PanelRow | None = None
        self._delegate = TransferDelegate(self)
        self.setProperty("role", "side")
        self.setAccessibleName("Transfers")
        self.setItemDelegate(self._delegate)
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._fit_rows()

    @property
    def row_height(self) -> int:
        """The height of every row, in px."""
        return self.verticalHeader().defaultSectionSize()

    def refresh(self) -> None:
        """Show how things stand now."""
        first, last = 0, -1
        if self.isVisible():
            first = max(0, self.verticalScrollBar().value() // self.row_height)
            last = first + self.viewport().height() // self.row_height + 1
        chosen = self._chosen
        self._model.refresh(first, last)
        self._chosen = chosen  # where rows went away, Qt has chosen another
        self._follow_chosen()

    def button_area(self, row: int, action: Action) -> QRect:
        """Where the button of a row is in the viewport; an empty rectangle if the row has none such."""
        found = self._model.row_at(row)
        return self._delegate.button_area(self._option(row), found.face, action) if found else QRect()

    # -- what is chosen ------------------------------------------------------------------------

    def currentChanged(self, current: AnyIndex, previous: AnyIndex) -> None:
        super().currentChanged(current, previous)
        self._chosen = self._model.row_at(current.row()) if current.isValid() else None

    def _follow_chosen(self) -> None:
        """Keep what was chosen chosen, wherever it is now; let go of it where it is out of sight or gone."""
        if self._chosen is None:
            return
        identity = self._chosen.identity
        row = self._model.row_of(identity)
        if row is None:
            self._chosen = None
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        elif row != self.currentIndex().row():
            index = self._model.index(row)
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._chosen = self._model.row_at(row) if row is not None else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = _KEYS.get(Qt.Key(event.key()))
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if action is None or not plain:
            super().keyPressEvent(event)
        elif self._chosen is not None and action in self._chosen.face.actions:
            self.action_requested.emit(self._chosen, action)

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """As a list: in a table Home and End stay in the row."""
        if action is QAbstractItemView.CursorAction.MoveHome:
            return self._model.index(0)
        if action is QAbstractItemView.CursorAction.MoveEnd:
            return self._model.index(self._model.rowCount() - 1)
        return super().moveCursor(action, modifiers)

    def keyboardSearch(self, _search: str) -> None:
        """Nothing: Qt would ask 100,000 rows for their names."""

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        row = self._model.row_at(index.row()) if index.isValid() else None
        menu = QMenu(self)
        if row is not None:
            for action in row.face.actions:
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
        found = self._model.row_at(row)
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
        if not self._model.rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(QColor(current_colours().muted))
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, _EMPTY)
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
        found = self._model.row_at(row) if row >= 0 else None
        action = self._delegate.button_at(self._option(row), found.face, point) if found else None
        return (row, action) if action else None

    def _option(self, row: int) -> QStyleOptionViewItem:
        """What ``paint`` gets for a row, as far as it decides where things are."""
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        option.rect = self.visualRect(self._model.index(row))
        return option
