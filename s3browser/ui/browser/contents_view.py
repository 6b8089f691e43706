from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import (
    QByteArray,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QMimeData,
    QModelIndex,
    QPoint,
    QRect,
    QSignalBlocker,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QHideEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QLabel, QMenu, QTableView, QWidget

from s3browser.model.columns import Ids, Rows
from s3browser.model.listing import Column, Row
from s3browser.model.locations import S3Location
from s3browser.ui.browser.contents_model import ContentsModel, Index, Translation
from s3browser.ui.icons import icon
from s3browser.ui.theme import GRID, current_colours

if TYPE_CHECKING:
    from collections.abc import Callable

_WIDTHS = {Column.SIZE: 96, Column.KIND: 136, Column.MODIFIED: 152, Column.STORAGE: 112}


_MOST_SPANS = 2_000  # Qt looks through all of them for each cell it paints


class _Kept(NamedTuple):
    """What stays through a change of lines: numbers of rows; ``current`` and ``top`` have one or none."""

    selected: Ids
    current: Ids
    top: Ids


class ContentsView(QTableView):
    """The table of a folder's contents. Files dropped on it are uploaded, rows dragged out are downloaded.

    Attributes:
        drag_data: makes what a drag of these files carries; without it nothing can be dragged.

    Signals:
        row_activated: a ``Row`` was double-clicked, or Enter pressed on it.
        files_dropped: ``list[Path]`` and the ``S3Location`` of the folder they were dropped on.
        selection_changed: other rows are selected.
        preview_requested: Space was pressed.
    """

    row_activated = Signal(object)
    files_dropped = Signal(object, object)
    selection_changed = Signal()
    preview_requested = Signal()

    def __init__(self, model: ContentsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self.drag_data: Callable[[Sequence[Row]], QMimeData] | None = None
        self._folder = S3Location()
        self.setModel(model)
        self.setAccessibleName("Files and folders")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._dress_header()
        self._drop_hint = DropHint(self.viewport())
        self.doubleClicked.connect(self._on_double_clicked)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self._kept: _Kept | None = None
        self._has_grown_below = False
        model.rearranging.connect(self._keep)
        model.rearranged.connect(self._restore)
        for signal in (model.layoutChanged, model.modelReset, model.rowsRemoved):
            signal.connect(self._on_lines_changed)

    def _dress_header(self) -> None:
        header = self.horizontalHeader()
        # Its own empty selection: following the table's, Select All asks the header for every row (9 s at a million).
        header.setSelectionModel(QItemSelectionModel(self._model, header))
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setFirstSectionMovable(False)
        header.setMinimumSectionSize(GRID * 7)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, width)
        self.setColumnHidden(Column.STORAGE, True)
        self.setSortingEnabled(True)
        header.setSortIndicator(Column.NAME, Qt.SortOrder.AscendingOrder)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._on_header_menu)
        self._adjust_row_height()

    def _adjust_row_height(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + GRID + 2)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._adjust_row_height()

    # -- place and selection -----------------------------------------------------------------

    def set_folder(self, folder: S3Location) -> None:
        """The folder that drops beside the rows go to."""
        self._folder = folder

    def selected_rows(self) -> Rows:
        """The selected rows, in order; read from ranges, so Select All of very many costs little."""
        return self._model.rows_of(self._selected_numbers())

    def has_selected(self, locations: Iterable[S3Location]) -> bool:
        """Whether one of the locations is selected."""
        selection = self.selectionModel()
        return any(selection.isSelected(self._model.index(line, 0)) for line in self._model.positions(locations))

    def select(self, locations: Iterable[S3Location]) -> None:
        """Select the rows of these locations that are shown, and no others."""
        self.selectionModel().select(
            self._selection([(line, line) for line in sorted(self._model.positions(locations))]),
            QItemSelectionModel.SelectionFlag.ClearAndSelect,
        )

    def current_location(self) -> S3Location | None:
        """What is in the row that has the keyboard."""
        index = self.currentIndex()
        return self._model.row_at(index).location if index.isValid() else None

    def reveal(self, location: S3Location) -> None:
        """Select one row, make it current and scroll to it."""
        line = self._model.position(location)
        if line is not None:
            self.setCurrentIndex(self._model.index(line, 0))
            self.scrollTo(self._model.index(line, 0))

    def _on_selection_changed(self) -> None:
        self.selection_changed.emit()

    def _selected_numbers(self) -> Ids:
        spans = self.selectionModel().selection()
        return self._model.numbers_in({(span.top(), span.bottom()) for span in spans.toList()})

    def _selection(self, spans: Iterable[tuple[int, int]]) -> QItemSelection:
        selection, last = QItemSelection(), self._model.columnCount() - 1
        for top, bottom in spans:
            selection.append(QItemSelectionRange(self._model.index(top, 0), self._model.index(bottom, last)))
        return selection

    def _keep(self) -> None:
        """Lines are about to change: note what is selected, and let Qt have no selection to move line by line."""
        top = self.rowAt(0)
        at_top = self.verticalScrollBar().value() == 0
        self._kept = _Kept(
            self._selected_numbers(),
            self._numbers([self.currentIndex().row()]),
            self._numbers([] if at_top else [top]),
        )
        with QSignalBlocker(self.selectionModel()):
            self.selectionModel().clearSelection()

    def _restore(self, translation: Translation | None) -> None:
        """Select the same rows in their new lines, and show at the top what was there."""
        kept, self._kept = self._kept, None
        assert kept is not None
        count = len(kept.selected)
        if translation is not None:
            kept = _Kept(*map(translation, (kept.selected, kept.current, kept.top)))
        selection, flags = self.selectionModel(), QItemSelectionModel.SelectionFlag
        spans = self._model.lines_of(kept.selected)
        with QSignalBlocker(selection):
            for line, _ in self._model.lines_of(kept.current):
                selection.setCurrentIndex(self._model.index(line, 0), flags.NoUpdate)
            if len(spans) <= _MOST_SPANS:
                selection.select(self._selection(spans), flags.ClearAndSelect)
        for line, _ in self._model.lines_of(kept.top):
            self.executeDelayedItemsLayout()  # only then is there as much to scroll
            self.verticalScrollBar().setValue(line)
        left = sum(bottom - top + 1 for top, bottom in spans) if len(spans) <= _MOST_SPANS else 0
        if left != count or (count and translation is not None):
            self._on_selection_changed()

    def _numbers(self, lines: Iterable[int]) -> Ids:
        return self._model.numbers_in([(line, line) for line in lines if line >= 0])

    def rowsInserted(self, parent: Index, start: int, end: int) -> None:
        """Note whether all of them are below what can be seen: a listing adds rows a few times a second."""
        super().rowsInserted(parent, start, end)
        last_seen = self.rowAt(self.viewport().height() - 1)
        self._has_grown_below = 0 <= last_seen < start

    def _on_lines_changed(self) -> None:
        self._has_grown_below = False

    def doItemsLayout(self) -> None:
        """Leave what can be seen as it is where only the scroll bar has to change: painting takes a frame."""
        if self._has_grown_below:
            self.updateGeometries()
        else:
            super().doItemsLayout()
        self._has_grown_below = False

    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.row_activated.emit(self._model.row_at(index))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.row_activated.emit(self._model.row_at(self.currentIndex()))
        elif event.key() == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.preview_requested.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        current = self.currentIndex()
        if not self.hasFocus() or not current.isValid() or self._shows_by_selection(current):
            return
        row = self.visualRect(current)
        row.setLeft(0)
        row.setWidth(self.viewport().width() - 1)
        painter = QPainter(self.viewport())
        painter.setPen(QColor(current_colours().accent))
        painter.drawRect(row.adjusted(0, 0, 0, -1))
        painter.end()

    def _shows_by_selection(self, current: QModelIndex) -> bool:
        """Whether the row with the keyboard is the one selected row, and so needs no frame of its own."""
        spans = self.selectionModel().selection()
        return spans.count() == 1 and spans.first().height() == 1 and spans.contains(current)

    # -- columns -----------------------------------------------------------------------------

    def column_state(self) -> QByteArray:
        """Order, widths, hidden columns and sorting, to be remembered."""
        return self.horizontalHeader().saveState()

    def restore_column_state(self, state: QByteArray) -> None:
        """Undo of ``column_state``; what does not fit is ignored."""
        if self.horizontalHeader().restoreState(state):
            self._model.sort(
                self.horizontalHeader().sortIndicatorSection(), self.horizontalHeader().sortIndicatorOrder()
            )

    def _on_header_menu(self, point: QPoint) -> None:
        menu = QMenu(self)
        for column in list(Column)[1:]:
            action = menu.addAction(str(self._model.headerData(column, Qt.Orientation.Horizontal)))
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(column))
            action.toggled.connect(lambda shown, column=column: self.setColumnHidden(column, not shown))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.horizontalHeader().mapToGlobal(point))

    # -- drag and drop -----------------------------------------------------------------------

    def startDrag(self, supported: Qt.DropAction) -> None:
        files = [row for row in self.selected_rows() if row.location.bucket and row.location.key]
        if not files or self.drag_data is None:
            return
        drag = QDrag(self)
        drag.setMimeData(self.drag_data(files))
        drag.setPixmap(icon(files[0].kind.icon, files[0].kind.colour).pixmap(GRID * 4))
        drag.exec(Qt.DropAction.CopyAction)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.dragMoveEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        folder, index = self._drop_target(event.position().toPoint())
        if event.source() is self or not folder.bucket or not dropped_paths(event.mimeData()):
            self._drop_hint.hide()
            event.ignore()
            return
        area = self.viewport().rect()
        if index.isValid():
            area = self.visualRect(index)
            area.setLeft(0)
            area.setRight(self.viewport().width() - 1)
        self._drop_hint.show_for(area, f"Upload to {folder.label}")
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_hint.hide()
        folder, _ = self._drop_target(event.position().toPoint())
        paths = dropped_paths(event.mimeData())
        if event.source() is self or not folder.bucket or not paths:
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.files_dropped.emit(paths, folder)

    def _drop_target(self, point: QPoint) -> tuple[S3Location, QModelIndex]:
        """The folder under the pointer with its index, or the shown folder with none."""
        index = self.indexAt(point)
        if index.isValid() and self._model.row_at(index).is_folder:
            return self._model.row_at(index).location, index
        return self._folder, QModelIndex()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._drop_hint.hide()


class DropHint(QFrame):
    """The frame around where a drop would go, and its name on a label. Lets the pointer through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "drop")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._ground = parent
        self._label = QLabel(parent)
        self._label.setProperty("role", "drop")
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_for(self, area: QRect, text: str) -> None:
        """Frame ``area`` of the parent; the label is near the parent's lower edge, or in the middle of a low one."""
        self.setGeometry(area)
        ground = self._ground.rect()
        self._label.setText(
            self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, ground.width() - GRID * 8)
        )
        self._label.adjustSize()
        room = ground.size() - self._label.size()
        self._label.move(room.width() // 2, max(room.height() - GRID * 3, room.height() // 2))
        self.show()
        self.raise_()
        self._label.show()
        self._label.raise_()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._label.hide()


def dropped_paths(data: QMimeData) -> list[Path]:
    """The files and folders of this computer that a drag carries."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []
