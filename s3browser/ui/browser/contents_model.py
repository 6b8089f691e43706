from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from itertools import groupby
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QIcon

from s3browser.model.listing import Column, Row, filtered_rows, sorted_rows
from s3browser.model.locations import S3Location
from s3browser.model.storage import storage_text
from s3browser.model.text import size_text
from s3browser.ui.dates import date_text, full_date_text
from s3browser.ui.icons import icon

Index = QModelIndex | QPersistentModelIndex
_TITLES = {
    Column.NAME: "Name",
    Column.SIZE: "Size",
    Column.KIND: "Kind",
    Column.MODIFIED: "Modified",
    Column.STORAGE: "Storage",
}


class ContentsRole(IntEnum):
    """Roles beside Qt's own."""

    ROW = Qt.ItemDataRole.UserRole + 1


class ContentsModel(QAbstractTableModel):
    """The rows of one folder, sorted and filtered here: a proxy over a Python model takes seconds, ``sorted`` does not.

    While a listing runs, pages are appended as they come; ``finish`` brings the whole into order once.

    Signals:
        counts_changed: the number of rows is another.
    """

    counts_changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._all: dict[S3Location, Row] = {}
        self._shown: list[Row] = []
        self._column = Column.NAME
        self._descending = False
        self._filter = ""

    # -- what Qt asks ------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._shown[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(row, column)
        if role == Qt.ItemDataRole.DecorationRole and column == Column.NAME:
            return _icon(row)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == Column.SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole and column == Column.MODIFIED and row.modified_at:
            return full_date_text(row.modified_at)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{_TITLES[Column(column)]}: {_text(row, column)}"
        if role == ContentsRole.ROW:
            return row
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[Column(section)]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section == Column.SIZE else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        row = self._shown[index.row()]
        if row.is_folder:
            flags |= Qt.ItemFlag.ItemIsDropEnabled
        return flags | Qt.ItemFlag.ItemIsDragEnabled if row.location.key else flags

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if column in list(Column):  # another version’s header may remember a column that is not there
            self._column, self._descending = Column(column), order is Qt.SortOrder.DescendingOrder
            self._rearrange()

    # -- what the controllers say --------------------------------------------------------------

    @property
    def filter_text(self) -> str:
        """The words the shown names contain."""
        return self._filter

    @property
    def total(self) -> int:
        """How many rows there are, hidden ones included."""
        return len(self._all)

    def row_at(self, index: Index) -> Row:
        """The row behind a valid index."""
        return self._shown[index.row()]

    def rows(self) -> Sequence[Row]:
        """The shown rows, in order."""
        return self._shown

    def names(self) -> set[str]:
        """Every name in the folder, hidden ones included."""
        return {row.name for row in self._all.values()}

    def folders(self) -> list[Row]:
        """Every folder and bucket, hidden ones included."""
        return [row for row in self._all.values() if row.is_folder]

    def position(self, location: S3Location) -> int | None:
        """The line a location is shown in, or None."""
        return next((at for at, row in enumerate(self._shown) if row.location == location), None)

    def clear(self) -> None:
        """Forget everything; for going to another folder."""
        self.replace([])

    def replace(self, rows: Iterable[Row]) -> None:
        """Show other rows instead; the view's selection is lost, which the caller mends."""
        self.beginResetModel()
        self._all = {row.location: row for row in rows}
        self._shown = self._arranged()
        self.endResetModel()
        self.counts_changed.emit()

    def append(self, rows: Iterable[Row]) -> None:
        """Add a page at the end; rows that are there already are brought up to date in place."""
        arrived = {row.location: row for row in rows}
        fresh = [row for location, row in arrived.items() if location not in self._all]
        changed = {location: row for location, row in arrived.items() if self._all.get(location, row) != row}
        self._all.update(arrived)
        if changed:
            self._update_in_place(changed)
        shown = sorted_rows(filtered_rows(fresh, self._filter), self._column, descending=self._descending)
        if shown:
            first = len(self._shown)
            self.beginInsertRows(QModelIndex(), first, first + len(shown) - 1)
            self._shown.extend(shown)
            self.endInsertRows()
        self.counts_changed.emit()

    def finish(self) -> None:
        """The last page has come: bring everything into order."""
        self._rearrange()

    def put(self, rows: Iterable[Row]) -> None:
        """Insert or update rows, each at its place: what an upload or a new folder changed."""
        news = [row for row in rows if self._all.get(row.location) != row]
        if news:
            self.append(news)
            self._rearrange()

    def remove(self, locations: Iterable[S3Location]) -> None:
        """Take rows out: what a delete changed."""
        gone = {location for location in locations if self._all.pop(location, None)}
        lines = [at for at, row in enumerate(self._shown) if row.location in gone]
        for first, last in reversed(_runs(lines)):  # one by one, views would look at all that is left each time
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._shown[first : last + 1]
            self.endRemoveRows()
        self.counts_changed.emit()

    def set_filter(self, text: str) -> None:
        """Show only names that contain every word of ``text``."""
        if text == self._filter:
            return
        self.beginResetModel()
        self._filter = text
        self._shown = self._arranged()
        self.endResetModel()
        self.counts_changed.emit()

    def _update_in_place(self, changed: Mapping[S3Location, Row]) -> None:
        for at, row in enumerate(self._shown):
            if row.location in changed:
                self._shown[at] = changed[row.location]
                self.dataChanged.emit(self.index(at, 0), self.index(at, len(Column) - 1))

    def _arranged(self) -> list[Row]:
        return sorted_rows(filtered_rows(self._all.values(), self._filter), self._column, descending=self._descending)

    def _rearrange(self) -> None:
        """Bring the shown rows into order; indexes that views hold follow their rows."""
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        locations = [self._shown[index.row()].location for index in held]
        self._shown = self._arranged()
        lines = {row.location: at for at, row in enumerate(self._shown)} if held else {}
        moved = [
            self.index(lines[location], index.column()) if location in lines else QModelIndex()
            for index, location in zip(held, locations, strict=True)
        ]
        self.changePersistentIndexList(held, moved)
        self.layoutChanged.emit()


def _runs(lines: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of each run of lines that follow one another."""
    runs = [[line for _, line in run] for _, run in groupby(enumerate(lines), lambda each: each[1] - each[0])]
    return [(run[0], run[-1]) for run in runs]


def _text(row: Row, column: int) -> str:
    if column == Column.NAME:
        return row.name
    if column == Column.SIZE:
        return "—" if row.size is None else size_text(row.size)
    if column == Column.KIND:
        return row.kind.label
    if column == Column.MODIFIED:
        return date_text(row.modified_at)
    return storage_text(row.storage_class) if row.storage_class else "—"


def _icon(row: Row) -> QIcon:
    return icon(row.kind.icon, row.kind.colour)
