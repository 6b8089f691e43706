from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import partial
from itertools import count
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from s3browser.model.connections import ConnectionProfile
from s3browser.model.kinds import Kind
from s3browser.model.listing import Row, natural_key
from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.ui.icons import icon

Index = QModelIndex | QPersistentModelIndex
_CONNECTION = Kind("Connection", "cloud", "accent")
_PATIENCE_MS = 200  # what is quicker needs no note
_LOADING = Kind("", "dots-three", "muted")
_MORE = Kind("", "dots-three", "accent")
_FAILED = Kind("", "warning-circle", "danger")


class PlacesRole(IntEnum):
    """Roles beside Qt's own."""

    PLACE = Qt.ItemDataRole.UserRole + 1
    RETRY = Qt.ItemDataRole.UserRole + 2
    """The place to list again when this row, which tells of a failure, is clicked."""
    MORE = Qt.ItemDataRole.UserRole + 3
    """The place to list to its end when this row, which tells that there is more, is clicked."""


class _Children(Enum):
    UNKNOWN = "unknown"
    LOADING = "loading"
    KNOWN = "known"


@dataclass(eq=False, slots=True)
class _Node:
    """A connection, bucket, folder or file; without a place: a note below the node it speaks of."""

    parent: "_Node | None"
    label: str
    kind: Kind
    place: Place | None = None
    children: list["_Node"] = field(default_factory=list)
    state: _Children = _Children.UNKNOWN
    number: int = field(default_factory=count(1).__next__)

    @property
    def can_have_children(self) -> bool:
        return self.place is not None and self.place.location.is_folder


class PlacesModel(QAbstractItemModel):
    """The tree of connections, buckets and folders, filled as it is opened.

    Signals:
        children_requested: a ``Place`` was opened for the first time; ``append``, then ``finish`` or ``fail`` answer.
    """

    children_requested = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._root = _Node(None, "", _CONNECTION, state=_Children.KNOWN)
        self._nodes: dict[Place, _Node] = {}
        # Indexes carry numbers, not pointers: Qt would not keep a Python object behind an index alive.
        self._numbered: dict[int, _Node] = {}

    # -- what Qt asks ------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:
        node = self._node(parent)
        return (
            self.createIndex(row, column, node.children[row].number) if 0 <= row < len(node.children) else QModelIndex()
        )

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]
        above = self._node(index).parent if index.isValid() else None
        return self._index_of(above) if above is not None else QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return len(self._node(parent).children)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 1

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:
        node = self._node(parent)
        return bool(node.children) or (node.can_have_children and node.state is not _Children.KNOWN)

    def canFetchMore(self, parent: Index) -> bool:
        node = self._node(parent)
        return node.can_have_children and node.state is _Children.UNKNOWN

    def fetchMore(self, parent: Index) -> None:
        node = self._node(parent)
        if self.canFetchMore(parent) and node.place is not None:
            node.state = _Children.LOADING
            QTimer.singleShot(_PATIENCE_MS, self, partial(self._note_loading, node.place))
            self.children_requested.emit(node.place)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        node = self._node(index)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return node.label
        if role == Qt.ItemDataRole.DecorationRole:
            return icon(node.kind.icon, node.kind.colour)
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return node.kind.label
        if role == PlacesRole.PLACE:
            return node.place
        if role == PlacesRole.MORE and node.kind is _MORE and node.parent is not None:
            return node.parent.place
        if role == PlacesRole.RETRY and node.kind is _FAILED and node.parent is not None:
            return node.parent.place
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        node = self._node(index)
        if node.place is None:
            return Qt.ItemFlag.ItemIsEnabled
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if node.place.location.bucket and node.place.location.is_folder:
            flags |= Qt.ItemFlag.ItemIsDropEnabled
        return flags

    # -- what the controllers say --------------------------------------------------------------

    def set_profiles(self, profiles: Sequence[ConnectionProfile]) -> None:
        """Show these connections, in order; one that is shown already keeps its opened folders."""
        wanted = {profile.profile_id for profile in profiles}
        for node in list(self._root.children):
            if node.place is not None and node.place.profile_id not in wanted:
                self._remove(node)
        for at, profile in enumerate(profiles):
            place = Place(profile.profile_id, S3Location())
            known = self._nodes.get(place)
            if known is None:
                self._insert(self._root, [_Node(self._root, profile.name, _CONNECTION, place)], at)
            elif known.label != profile.name:
                known.label = profile.name
                self.dataChanged.emit(self._index_of(known), self._index_of(known))

    def append(self, place: Place, rows: Iterable[Row]) -> None:
        """Add rows below a place, those that are there already excepted."""
        node = self._nodes.get(place)
        if node is None:
            return
        self._drop_notes(node)
        self._insert(
            node, [fresh for fresh in (self._made(node, row) for row in rows) if fresh.place not in self._nodes]
        )

    def finish(self, place: Place) -> None:
        """Nothing more will come below this place."""
        if node := self._nodes.get(place):
            node.state = _Children.KNOWN
            self._drop_notes(node)
            self.dataChanged.emit(self._index_of(node), self._index_of(node))

    def fail(self, place: Place, reason: str) -> None:
        """Tell below a place why it could not be listed; clicking that tries again."""
        if node := self._nodes.get(place):
            node.state = _Children.KNOWN
            self._drop_notes(node)
            self._insert(node, [_Node(node, f"{reason} Click to try again.", _FAILED)])

    def cut(self, place: Place) -> None:
        """Nothing more will come below this place, though there is more; clicking the note that says so brings it."""
        if node := self._nodes.get(place):
            node.state = _Children.KNOWN
            self._drop_notes(node)
            self._insert(node, [_Node(node, "Show all…", _MORE)])

    def forget(self, place: Place, *, is_being_listed: bool = False) -> None:
        """Drop what is known below a place; unless it is being listed already, it is asked for when opened."""
        if node := self._nodes.get(place):
            # First, because a view that sees the rows go asks for more at once.
            node.state = _Children.LOADING
            for child in list(node.children):
                self._remove(child)
            node.state = _Children.LOADING if is_being_listed else _Children.UNKNOWN

    def put(self, place: Place, rows: Iterable[Row]) -> None:
        """Add new folders below a place that is known already; elsewhere they come when it is opened."""
        node = self._nodes.get(place)
        if node is not None and node.state is _Children.KNOWN:
            names = [natural_key(child.label) for child in node.children]
            for row in rows:
                fresh = self._made(node, row)
                if fresh.place not in self._nodes:
                    new = natural_key(fresh.label)
                    at = next((i for i, name in enumerate(names) if name > new), len(names))
                    names.insert(at, new)
                    self._insert(node, [fresh], at)

    def agree(self, place: Place, folders: Sequence[Row]) -> None:
        """Bring the folders below a place that is known whole in line with a listing of it; a failure has passed."""
        node = self._nodes.get(place)
        if node is None or node.state is not _Children.KNOWN or any(child.kind is _MORE for child in node.children):
            return
        self._drop_notes(node)
        listed = {row.location for row in folders}
        known = [child.place for child in node.children if child.place is not None]
        self.remove(each for each in known if each.location.is_folder and each.location not in listed)
        self.put(place, folders)

    def remove(self, places: Iterable[Place]) -> None:
        """Take places out: what a delete changed."""
        for place in places:
            if node := self._nodes.get(place):
                self._remove(node)

    def index_of(self, place: Place) -> QModelIndex:
        """The index of a place, invalid where the tree has not been opened that far."""
        node = self._nodes.get(place)
        return self._index_of(node) if node else QModelIndex()

    # -- within ------------------------------------------------------------------------------

    def _node(self, index: Index) -> _Node:
        return self._numbered[index.internalId()] if index.isValid() else self._root

    def _index_of(self, node: _Node) -> QModelIndex:
        if node.parent is None:
            return QModelIndex()
        return self.createIndex(node.parent.children.index(node), 0, node.number)

    def _made(self, parent: _Node, row: Row) -> _Node:
        assert parent.place is not None
        return _Node(parent, row.name, row.kind, Place(parent.place.profile_id, row.location))

    def _insert(self, parent: _Node, nodes: list[_Node], at: int | None = None) -> None:
        if not nodes:
            return
        at = len(parent.children) if at is None else at
        self.beginInsertRows(self._index_of(parent), at, at + len(nodes) - 1)
        parent.children[at:at] = nodes
        self._numbered.update((node.number, node) for node in nodes)
        self._nodes.update((node.place, node) for node in nodes if node.place is not None)
        self.endInsertRows()

    def _remove(self, node: _Node) -> None:
        assert node.parent is not None
        at = node.parent.children.index(node)
        self.beginRemoveRows(self._index_of(node.parent), at, at)
        del node.parent.children[at]
        self._unlist(node)
        self.endRemoveRows()

    def _unlist(self, node: _Node) -> None:
        self._numbered.pop(node.number, None)
        if node.place is not None:
            self._nodes.pop(node.place, None)
        for child in node.children:
            self._unlist(child)

    def _note_loading(self, place: Place) -> None:
        node = self._nodes.get(place)
        if node is not None and node.state is _Children.LOADING and not node.children:
            self._insert(node, [_Node(node, "Loading…", _LOADING)])

    def _drop_notes(self, node: _Node) -> None:
        for note in [child for child in node.children if child.place is None]:
            self._remove(note)
