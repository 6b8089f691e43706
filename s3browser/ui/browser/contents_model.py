from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import IntEnum
from functools import partial
from typing import Any, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QIcon

from s3browser.jobs.cancel import CancelToken
from s3browser.model.arranging import (
    NOTHING,
    Arrangement,
    Change,
    Wish,
    arranged,
    change,
    joined,
    line_of,
    lines_of,
    next_beginning,
    numbers_in,
)
from s3browser.model.columns import Columns, Ids, Rows
from s3browser.model.contents import Contents, are_equal, matched
from s3browser.model.listing import Column, Row
from s3browser.model.locations import S3Location
from s3browser.model.storage import storage_text
from s3browser.model.text import size_text
from s3browser.ui.dates import date_text, full_date_text
from s3browser.ui.icons import icon

T = TypeVar("T")
Index = QModelIndex | QPersistentModelIndex
Background = Callable[[Callable[[CancelToken], Any], Callable[[Any], None]], CancelToken]
"""Runs work off the window's thread and brings its result back; the token drops it."""

Translation = Callable[[Ids], Ids]
"""What the numbers of rows are after another listing of the same folder; those of rows that are gone are left out."""

_TITLES = {
    Column.NAME: "Name",
    Column.SIZE: "Size",
    Column.KIND: "Kind",
    Column.MODIFIED: "Modified",
    Column.STORAGE: "Storage",
}
# Qt asks for these a thousand times a frame: looking them up, and joining flags, took a third of it.
_TEXT, _ICON, _ALIGNMENT = (
    int(role)
    for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.DecorationRole, Qt.ItemDataRole.TextAlignmentRole)
)
_TOOL_TIP, _SPOKEN = int(Qt.ItemDataRole.ToolTipRole), int(Qt.ItemDataRole.AccessibleTextRole)
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ANY = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
_OF_A_BUCKET = _ANY | Qt.ItemFlag.ItemIsDropEnabled
_OF_A_FOLDER = _OF_A_BUCKET | Qt.ItemFlag.ItemIsDragEnabled
_OF_A_FILE = _ANY | Qt.ItemFlag.ItemIsDragEnabled

_AT_ONCE = 5_000  # rows are put in order within a frame
_FEW = 200  # rows find their places in an order one by one
_LOOKED_AT = 2_000  # some screens full


class ContentsRole(IntEnum):
    """Roles beside Qt's own."""

    ROW = Qt.ItemDataRole.UserRole + 1


class ContentsModel(QAbstractTableModel):
    """The rows of one folder: its lines are numbers of rows, sorted and filtered elsewhere and exchanged at once.

    While a listing runs, pages are appended as they come; ``finish`` brings the whole into order once. Views that
    have a selection keep it as numbers between the two signals: Qt would keep an index for each row.

    Attributes:
        background: sorts and filters large folders; without it that is done at once.

    Signals:
        counts_changed: the number of rows is another.
        rearranging: lines are about to be exchanged.
        rearranged: they were; a ``Translation`` where the rows have other numbers now, else None.
    """

    counts_changed = Signal()
    rearranging = Signal()
    rearranged = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.background: Background | None = None
        self._contents = Contents()
        self._arrangement = NOTHING
        self._wish = NOTHING.wish
        self._shown = NOTHING.order
        self._is_whole = False
        self._arranging: CancelToken | None = None
        self._is_stale = False  # what it works out is not all there is any more
        self._agreeing: CancelToken | None = None
        self._rows: dict[int, Row] = {}

    # -- what Qt asks ------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column = index.column()
        if role == _TEXT:
            return _text(self.row_at(index), column)
        if role == _ICON:
            return _icon(self.row_at(index)) if column == Column.NAME else None
        if role == _ALIGNMENT:
            return _RIGHT if column == Column.SIZE else None
        if role == _TOOL_TIP and column == Column.MODIFIED:
            modified_at = self.row_at(index).modified_at
            return full_date_text(modified_at) if modified_at else None
        if role == _SPOKEN:
            return f"{_TITLES[Column(column)]}: {_text(self.row_at(index), column)}"
        return self.row_at(index) if role == ContentsRole.ROW else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[Column(section)]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section == Column.SIZE else _LEFT
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        location = self.row_at(index).location
        if not location.key:
            return _OF_A_BUCKET
        return _OF_A_FOLDER if location.is_folder else _OF_A_FILE

    def match(
        self,
        start: Index,
        role: int,
        value: Any,
        hits: int = 1,
        flags: Qt.MatchFlag = Qt.MatchFlag.MatchStartsWith | Qt.MatchFlag.MatchWrap,
    ) -> list[QModelIndex]:
        """The next name that begins with what was typed; Qt would ask for a million names one by one."""
        line = next_beginning(self._contents.columns, str(value), self._shown, start.row())
        return [] if line is None else [self.index(line, start.column())]

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if column in list(Column):  # another version’s header may remember a column that is not there
            self._want(replace(self._wish, column=Column(column), descending=order is Qt.SortOrder.DescendingOrder))

    # -- what the controllers ask --------------------------------------------------------------

    @property
    def filter_text(self) -> str:
        """The words the shown names contain."""
        return self._wish.text

    @property
    def total(self) -> int:
        """How many rows there are, hidden ones included."""
        return self._contents.total

    @property
    def is_arranging(self) -> bool:
        """Whether rows are being sorted or filtered and are not shown so yet."""
        return self._arranging is not None or self._agreeing is not None

    def row_at(self, index: Index) -> Row:
        """The row behind a valid index."""
        number = int(self._shown[index.row()])
        row = self._rows.get(number)
        if row is None:
            if len(self._rows) >= _LOOKED_AT:
                self._rows.clear()
            row = self._rows[number] = self._contents.columns.row(number)
        return row

    def rows(self) -> Rows:
        """The shown rows, in order."""
        return self.rows_of(self._shown)

    def rows_of(self, numbers: Ids) -> Rows:
        """Rows by their numbers."""
        return self._contents.columns.rows(numbers)

    def folders(self) -> Rows:
        """Every folder and bucket, hidden ones included."""
        return self._contents.folders()

    def has_name(self, name: str) -> bool:
        """Whether there is a file or folder of this name, hidden or not."""
        return self._contents.has_name(name)

    def position(self, location: S3Location) -> int | None:
        """The line a location is shown in, or None."""
        return next(iter(self.positions([location])), None)

    def positions(self, locations: Iterable[S3Location]) -> list[int]:
        """The lines of those of the locations that are shown."""
        numbers = [number for number in self._contents.find(locations).tolist() if number >= 0]
        lines = (line_of(self._shown, number) for number in numbers)
        return [line for line in lines if line is not None]

    def numbers_in(self, spans: Iterable[tuple[int, int]]) -> Ids:
        """The rows in these lines, by their numbers; a span is its first and last line."""
        return numbers_in(self._shown, spans)

    def lines_of(self, numbers: Ids) -> list[tuple[int, int]]:
        """Undo of ``numbers_in``, for those that are shown."""
        return lines_of(self._shown, numbers)

    # -- what the controllers say --------------------------------------------------------------

    def begin(self, folder: S3Location) -> None:
        """Forget everything; for going to another folder."""
        self._put_down(Contents(folder.bucket, folder.key), replace(NOTHING, wish=self._wish), None)
        self._is_whole = False

    def append(self, block: Columns) -> None:
        """Add a page at the end; rows that are there already are brought up to date in place."""
        self._take_in(*self._contents.append(block))
        self.counts_changed.emit()

    def finish(self) -> None:
        """The last page has come: bring everything into order."""
        self._is_whole = True
        self._arrange()

    def put(self, rows: Iterable[Row]) -> None:
        """Insert or update rows, each at its place: what an upload or a new folder changed."""
        new, replaced = self._contents.put(rows)
        if not len(new):
            return
        if self._is_whole and len(new) <= _FEW and self._arrangement.is_settled:
            self._exchange(new, replaced)
            self._arrangement = self._arrangement.with_placed(self._contents.columns)
        else:
            self._take_in(new, replaced)
        self._look_again()
        self.counts_changed.emit()

    def remove(self, locations: Iterable[S3Location]) -> None:
        """Take rows out: what a delete changed."""
        self._contents.remove(self._contents.find(locations))
        self._look_again()
        self.counts_changed.emit()

    def set_filter(self, text: str) -> None:
        """Show only names that contain every word of ``text``."""
        self._want(replace(self._wish, text=text))

    def agree(self, listed: Contents, done: Callable[[], None]) -> None:
        """Show another listing of the same folder instead, if it is another; then call ``done``."""
        old, new, numbers, wish = self._contents.columns, listed.columns, listed.numbers(), self._wish
        is_complete = self.total == len(old) and len(numbers) == len(new)

        def work(token: CancelToken) -> tuple[Arrangement, Ids] | None:
            if is_complete and are_equal(old, new):
                return None
            return arranged(new, wish, NOTHING, token.raise_if_cancelled), matched(old, new, numbers)

        def settle(result: tuple[Arrangement, Ids] | None) -> None:
            self._agreeing = None
            if result is not None:
                self._put_down(listed, result[0], partial(_translated, result[1]))
            self.finish()
            done()

        self._stop()
        self._agreeing = self._run(work, settle, len(new))

    # -- within ------------------------------------------------------------------------------

    @property
    def _is_small(self) -> bool:
        return self.background is None or len(self._contents.columns) <= _AT_ONCE

    @property
    def _wants_order(self) -> bool:
        """Whether rows have come that are not where they belong, and should be."""
        return not self._arrangement.is_settled and (self._is_whole or self._is_small)

    def _want(self, wish: Wish) -> None:
        self._wish = wish
        self._arrange()

    def _look_again(self) -> None:
        """Rows have come or gone: arrange them, but let what is being worked out come to its end."""
        if self._arranging is None:
            self._arrange()
        else:
            self._is_stale = True

    def _arrange(self) -> None:
        """Show what is there, in the wished order; the filter comes first, because somebody is typing."""
        if self._arranging is not None:
            self._arranging.cancel()
        contents, wish, before, shown = self._contents, self._wish, self._arrangement, self._shown
        columns, alive = contents.columns, contents.alive.copy()
        if self._wants_order and wish.text == before.wish.text:
            before = NOTHING

        self._is_stale = False

        def work(token: CancelToken) -> Change:
            return change(shown, arranged(columns, wish, before, token.raise_if_cancelled), alive)

        def settle(made: Change) -> None:
            self._arranging = None
            if self._is_stale or len(contents.columns) > len(columns):
                made = change(self._shown, made.arrangement.grown(contents.columns), contents.alive)
            self._show(made)
            self.counts_changed.emit()
            if self._wants_order:
                self._arrange()

        self._arranging = self._run(work, settle, len(columns))

    def _run(self, work: Callable[[CancelToken], T], done: Callable[[T], None], rows: int) -> CancelToken | None:
        """Do what takes long for many rows in the background.

        Returns:
            The token of what is under way; None where it is done already.
        """
        if self.background is not None and rows > _AT_ONCE:
            return self.background(work, done)
        done(work(CancelToken()))
        return None

    def _stop(self) -> None:
        """What is being worked out is not wanted any more."""
        for token in (self._arranging, self._agreeing):
            if token is not None:
                token.cancel()
        self._arranging = self._agreeing = None

    def _take_in(self, new: Ids, replaced: Ids) -> None:
        """Show new rows at the end, and those that take another's place there."""
        self._exchange(new, replaced)
        self._arrangement = self._arrangement.grown(self._contents.columns)
        fresh = new[(replaced < 0) & self._arrangement.matching[new]]
        if len(fresh):
            first = len(self._shown)
            self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
            self._shown = joined(self._shown, fresh)
            self.endInsertRows()

    def _exchange(self, new: Ids, replaced: Ids) -> None:
        """Put changed rows where they were, though they may belong elsewhere now."""
        for number, before in zip(new.tolist(), replaced.tolist(), strict=True):
            line = line_of(self._shown, before) if before >= 0 else None
            if line is not None:
                self._shown[line] = number
                self.dataChanged.emit(self.index(line, 0), self.index(line, len(Column) - 1))

    def _show(self, made: Change) -> None:
        """Exchange the lines; indexes that others hold follow their rows."""
        self._arrangement = made.arrangement
        if made.is_none:
            return
        self.rearranging.emit()
        if len(made.grown) > len(made.old):
            self.beginInsertRows(QModelIndex(), len(made.old), len(made.grown) - 1)
            self._shown = made.grown
            self.endInsertRows()
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        numbers = [int(self._shown[index.row()]) for index in held]
        self._shown = made.moved
        moved = [self._index_of(number, index.column()) for number, index in zip(numbers, held, strict=True)]
        self.changePersistentIndexList(held, moved)
        self.layoutChanged.emit()
        if len(made.moved) > len(made.new):
            self.beginRemoveRows(QModelIndex(), len(made.new), len(made.moved) - 1)
            self._shown = made.new
            self.endRemoveRows()
        self._shown = made.new
        self.rearranged.emit(None)

    def _index_of(self, number: int, column: int) -> QModelIndex:
        line = line_of(self._shown, number)
        return QModelIndex() if line is None else self.index(line, column)

    def _put_down(self, contents: Contents, arrangement: Arrangement, translation: Translation | None) -> None:
        """Show other rows instead."""
        self._stop()
        self.rearranging.emit()
        self.beginResetModel()
        self._contents, self._arrangement = contents, arrangement
        self._shown = arrangement.shown(contents.alive)
        self._rows.clear()
        self.endResetModel()
        self.rearranged.emit(translation)
        self.counts_changed.emit()


def _translated(places: Ids, numbers: Ids) -> Ids:
    found = places[numbers]
    return found[found >= 0]


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
