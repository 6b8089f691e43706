from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QAbstractItemView, QTreeView, QWidget

from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.ui.browser.contents_view import DropHint, dropped_paths
from s3browser.ui.browser.places_model import PlacesModel, PlacesRole
from s3browser.ui.theme import GRID


class PlacesView(QTreeView):
    """The tree of places. Files dropped on a bucket or folder are uploaded to it.

    Signals:
        place_chosen: a ``Place`` was clicked or chosen with the keyboard.
        retry_requested: the ``Place`` that could not be listed was asked for again.
        more_requested: the ``Place`` of which only a part is shown was asked for whole.
        files_dropped: ``list[Path]`` and the ``Place`` they were dropped on.
    """

    place_chosen = Signal(object)
    retry_requested = Signal(object)
    more_requested = Signal(object)
    files_dropped = Signal(object, object)

    def __init__(self, model: PlacesModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self.setModel(model)
        self.setProperty("role", "side")
        self.setAccessibleName("Places")
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(GRID * 2)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.setAutoExpandDelay(700)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._drop_hint = DropHint(self.viewport())
        self._wanted: Place | None = None
        model.rowsInserted.connect(self._follow)
        self.clicked.connect(self._on_chosen)
        self.activated.connect(self._on_chosen)

    def show_place(self, place: Place) -> None:
        """Make a place current, opening what is above it, now or as soon as that has been listed."""
        self._wanted = place
        self._follow()

    def _follow(self) -> None:
        """Open the tree along the way to the wanted place; each opened folder brings the next step."""
        if self._wanted is None:
            return
        profile_id, location = self._wanted.profile_id, self._wanted.location
        for step in (S3Location(), *location.trail):
            index = self._model.index_of(Place(profile_id, step))
            if not index.isValid():
                self.setCurrentIndex(QModelIndex())  # the place from before is not where one is
                return
            if step == location:
                self._wanted = None
                self.setCurrentIndex(index)
                self.scrollTo(index)
            elif not self.isExpanded(index):
                self.expand(index)

    def _on_chosen(self, index: QModelIndex) -> None:
        place: Place | None = index.data(PlacesRole.PLACE)
        retry: Place | None = index.data(PlacesRole.RETRY)
        more: Place | None = index.data(PlacesRole.MORE)
        if retry is not None:
            self.retry_requested.emit(retry)
        elif more is not None:
            self.more_requested.emit(more)
        elif place is not None:
            self.place_chosen.emit(place)

    def _target(self, event: QDragMoveEvent | QDropEvent) -> Place | None:
        index = self.indexAt(event.position().toPoint())
        if not self._model.flags(index) & Qt.ItemFlag.ItemIsDropEnabled or not dropped_paths(event.mimeData()):
            return None
        place: Place | None = index.data(PlacesRole.PLACE)
        return place

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.dragMoveEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)  # opens a closed folder after a while
        target = self._target(event)
        if target is None:
            self._drop_hint.hide()
            event.ignore()
            if dropped_paths(event.mimeData()):
                event.accept(self.viewport().rect())  # keep the moves coming, so that the next row can answer
            return
        area = self.visualRect(self.indexAt(event.position().toPoint()))
        self._drop_hint.show_for(area, f"Upload to {target.location.label}")
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        self._drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_hint.hide()
        target = self._target(event)
        if target is None:
            event.ignore()
            return
        paths = dropped_paths(event.mimeData())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.files_dropped.emit(paths, target)
