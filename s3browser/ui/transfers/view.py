from collections.abc import Callable

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QWidget

from s3browser.ui.transfers.delegate import TransferDelegate
from s3browser.ui.transfers.model import AnyIndex, PanelRow, TransfersModel
from s3browser.ui.transfers.rows_view import RowsView

_EMPTY = "Drop files here to upload them"


class TransfersView(RowsView):
    """The rows of the transfers panel.

    Rows change places while transfers go on, so that what is chosen is remembered as a transfer, not as a row:
    nothing is ever done to the transfer that happens to have moved under the pointer or the cursor.
    """

    def __init__(self, model: TransfersModel, extend_menu: Callable[[QMenu, PanelRow | None], None], parent: QWidget):
        """``extend_menu`` adds to the context menu of a row, or of the place below the rows."""
        super().__init__(model, model, TransferDelegate(parent), extend_menu, parent)
        self._model = model
        self._chosen: PanelRow | None = None
        self._blank_row = -1
        self._kept: tuple[PanelRow | None, int] = None, -1
        self.empty_text = _EMPTY
        self.setProperty("role", "side")
        self.setAccessibleName("Transfers")
        self.verticalScrollBar().valueChanged.connect(self._show_blank_rows)
        model.about_to_change.connect(self._keep_chosen)
        model.looked.connect(self._follow_chosen)

    def refresh(self) -> None:
        """Ask how things stand now, for the rows in sight and as many before and after them."""
        first, last = self.rows_in_sight()
        around = last - first + 1
        self._model.refresh(max(0, first - around), last + around if around else last)

    @Slot()
    def _show_blank_rows(self) -> None:
        """Fetch at once what was scrolled to."""
        first, last = self.rows_in_sight()
        last = min(last, self._model.rowCount() - 1)
        if any(self._model.row_at(row) is None for row in (first, last) if row <= last):
            self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_blank_rows()

    # -- what is chosen ------------------------------------------------------------------------

    def chosen_row(self) -> PanelRow | None:
        return self._chosen

    def currentChanged(self, current: AnyIndex, previous: AnyIndex) -> None:
        self._chosen = self._model.row_at(current.row()) if current.isValid() else None
        self._blank_row = current.row() if current.isValid() and self._chosen is None else -1
        super().currentChanged(current, previous)  # scrolls there, which looks

    @Slot()
    def _keep_chosen(self) -> None:
        """Where rows go away, Qt chooses another one."""
        self._kept = self._chosen, self._blank_row

    @Slot()
    def _follow_chosen(self) -> None:
        """Keep what was chosen chosen, wherever it is now; let go of it where it is out of sight or gone."""
        chosen, blank_row = self._kept
        row = self._model.row_of(chosen.identity) if chosen is not None else None
        if row is None and blank_row == self.currentIndex().row():  # chosen before it was looked at
            row = blank_row if blank_row >= 0 else None
        if row is None:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
            return
        if row != self.currentIndex().row():
            index = self._model.index(row)
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._chosen = self._model.row_at(row)
        self._blank_row = row if self._chosen is None else -1
