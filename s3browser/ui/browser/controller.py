from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QGuiApplication

from s3browser.exceptions import S3AccessDeniedError, S3CredentialsError, S3FileNotFoundError, S3IntegrationError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.columns import Rows
from s3browser.model.listing import Row
from s3browser.model.locations import DELIMITER, S3Location
from s3browser.model.places import Place
from s3browser.model.text import plural, size_text
from s3browser.ui.banner import Banner
from s3browser.ui.browser.contents_pane import failure_button
from s3browser.ui.browser.navigator import Navigator
from s3browser.ui.dialogs.error import show_error
from s3browser.ui.sessions import Sessions
from s3browser.ui.tasks import Tasks
from s3browser.ui.workspace import Workspace


class BrowserController(QObject):
    """Joins the workspace's parts to the navigator: where one is, what is selected, what may be done.

    Signals:
        selection_changed: the selected ``Rows``.
        sign_in_requested: the id of a connection whose keys were not accepted.
        bucket_requested: the id of a connection that may not list its buckets.
    """

    selection_changed = Signal(object)
    sign_in_requested = Signal(str)
    bucket_requested = Signal(str)

    def __init__(self, workspace: Workspace, navigator: Navigator, sessions: Sessions, tasks: Tasks) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._navigator = navigator
        self._places = workspace.places_model
        self._sessions = sessions
        self._tasks = tasks
        self._progress = ""
        self._typed = CancelToken()
        self._reveal: S3Location | None = None
        self._warning: Banner | None = None
        workspace.contents.model.background = partial(tasks.run, "rows")
        self._connect_signals()
        self.update_actions()

    def _connect_signals(self) -> None:
        workspace, navigator, contents = self._workspace, self._navigator, self._workspace.contents
        navigator.place_changed.connect(self._on_place_changed)
        navigator.listing_started.connect(contents.on_listing_started)
        navigator.rows_listed.connect(contents.on_rows_listed)
        navigator.listing_finished.connect(self._on_listing_finished)
        navigator.listing_failed.connect(self._on_listing_failed)
        contents.help_requested.connect(self._on_help_requested)
        contents.view.row_activated.connect(self._on_row_activated)
        contents.view.preview_requested.connect(workspace.commands.show_details.toggle)
        contents.view.selection_changed.connect(self._on_selection_changed)
        contents.view.customContextMenuRequested.connect(self._on_contents_menu)
        contents.model.counts_changed.connect(self._update_info)
        workspace.places.place_chosen.connect(self._on_place_chosen)
        workspace.places.retry_requested.connect(self._on_retry_requested)
        workspace.places.more_requested.connect(navigator.list_all_in_tree)
        workspace.path_bar.location_chosen.connect(self._on_location_chosen)
        workspace.path_bar.location_typed.connect(self._on_location_typed)
        workspace.filter.textChanged.connect(contents.model.set_filter)
        a = workspace.commands
        a.back.triggered.connect(navigator.go_back)
        a.forward.triggered.connect(navigator.go_forward)
        a.up.triggered.connect(navigator.go_up)
        a.refresh.triggered.connect(navigator.refresh)
        a.edit_path.triggered.connect(workspace.path_bar.edit)
        a.filter.triggered.connect(workspace.filter.setFocus)
        a.open.triggered.connect(self._on_open)
        a.select_all.triggered.connect(contents.view.selectAll)
        a.copy_address.triggered.connect(self._on_copy_address)

    # -- what others ask ---------------------------------------------------------------------

    @property
    def place(self) -> Place | None:
        """The place one is at."""
        return self._navigator.here

    def selected_rows(self) -> Rows:
        """The selected rows, in order."""
        return self._workspace.contents.view.selected_rows()

    def show_progress(self, text: str) -> None:
        """Say what is under way in the place of the counts; an empty text brings them back."""
        self._progress = text
        self._update_info()

    def show_place(self) -> None:
        """Say where one is, and offer what can be done there; the connection may have been renamed or removed."""
        place = self.place
        profile = None if place is None else self._sessions.profile(place.profile_id)
        name = profile.name if profile else ""
        location = place.location if place else S3Location()
        title = location.label or name
        self._workspace.path_bar.show_location(name, location)
        self._workspace.window().setWindowTitle(f"{title} – s3browser" if title else "s3browser")
        self.update_actions()

    def add_rows(self, place: Place, rows: Sequence[Row]) -> None:
        """Show rows that are new in a folder, in the table and the tree."""
        if place == self.place:
            self._workspace.contents.put(rows)
            if self._workspace.contents.view.has_selected(row.location for row in rows):
                self._on_selection_changed()  # what the details show is another now
        self._places.put(place, [row for row in rows if row.is_folder])

    def remove_places(self, places: Sequence[Place]) -> None:
        """Take places out of the table and the tree; go up where one stood in one of them."""
        self._places.remove(places)
        here = self.place
        if here is None:
            return
        self._workspace.contents.remove([place.location for place in places if place.profile_id == here.profile_id])
        gone = [place.location for place in places if place.profile_id == here.profile_id and place.location.is_folder]
        inside = [
            place for place in gone if here.location.bucket == place.bucket and here.location.key.startswith(place.key)
        ]
        if inside:
            self._navigator.go(Place(here.profile_id, inside[0].parent))

    # -- signals -----------------------------------------------------------------------------

    def _on_place_changed(self, place: Place) -> None:
        self._drop_warning()
        self._typed.cancel()
        self._reveal = None
        self._workspace.filter.clear()
        self._workspace.places.show_place(place)
        self.show_place()

    def _on_listing_finished(self, place: Place) -> None:
        self._drop_warning()
        self._workspace.contents.on_listing_finished(place)
        if self._reveal is not None:
            self._workspace.contents.view.reveal(self._reveal)
            self._reveal = None
        self._places.agree(place, self._workspace.contents.model.folders())
        self._update_info()

    def _on_listing_failed(self, error: Exception) -> None:
        self._workspace.contents.on_listing_failed(error)
        if self._workspace.contents.model.total:
            self._warn(error)
        self._update_info()

    def _warn(self, error: Exception) -> None:
        """Say in a banner that what is shown may be old, or is not all."""
        ours = f"Something went wrong. {error}"
        text = f"{error.title}. {error.reason}" if isinstance(error, S3IntegrationError) else ours
        self._warning = Banner(text, failure_button(error), parent=self._workspace)
        self._warning.button_clicked.connect(lambda: self._on_help_requested(error))
        self._workspace.show_banner(self._warning)

    def _drop_warning(self) -> None:
        if self._warning is not None and self._workspace.banner is self._warning:
            self._workspace.hide_banner()
        self._warning = None

    def _on_help_requested(self, error: Exception) -> None:
        place = self.place
        if isinstance(error, S3CredentialsError) and place is not None:
            self.sign_in_requested.emit(place.profile_id)
        elif isinstance(error, S3AccessDeniedError) and error.operation == "list_buckets" and place is not None:
            self.bucket_requested.emit(place.profile_id)
        elif isinstance(error, S3AccessDeniedError) or not isinstance(error, S3IntegrationError):
            show_error(self._workspace, error)
        else:
            self._navigator.refresh()

    def _on_place_chosen(self, place: Place) -> None:
        if place.location.is_folder:
            self._navigator.go(place)
        else:
            self._go_and_reveal(place)

    def _on_retry_requested(self, place: Place) -> None:
        self._places.forget(place)
        self._workspace.places.expand(self._places.index_of(place))

    def _on_location_chosen(self, location: S3Location) -> None:
        if self.place is not None:
            self._navigator.go(Place(self.place.profile_id, location))

    def _on_location_typed(self, location: S3Location) -> None:
        """Go to what was typed: a folder, or a file in its folder; which of them, S3 is asked where no ``/`` tells."""
        if self.place is None:
            return
        profile_id = self.place.profile_id
        if location.is_folder:
            self._navigator.go(Place(profile_id, location))
            return

        def is_file(token: CancelToken) -> bool:
            try:
                self._sessions.store(profile_id).head(location.bucket, location.key, cancel=token)
            except (S3FileNotFoundError, S3AccessDeniedError):
                return False
            return True

        def arrive(is_file: bool) -> None:
            if is_file:
                self._go_and_reveal(Place(profile_id, location))
            else:
                self._navigator.go(Place(profile_id, S3Location(location.bucket, location.key + DELIMITER)))

        self._typed.cancel()
        self._typed = self._tasks.run("actions", is_file, arrive)

    def _go_and_reveal(self, place: Place) -> None:
        self._navigator.go(Place(place.profile_id, place.location.parent))
        self._workspace.filter.clear()  # it could hide what is wanted
        self._reveal = place.location

    def _on_open(self) -> None:
        rows = self.selected_rows()
        if len(rows) == 1:
            self._on_row_activated(rows[0])

    def _on_row_activated(self, row: Row) -> None:
        if self.place is None:
            return
        if row.is_folder:
            self._navigator.go(Place(self.place.profile_id, row.location))
        else:
            self._workspace.commands.show_details.setChecked(True)

    def _on_selection_changed(self) -> None:
        self.selection_changed.emit(self.selected_rows())
        self._update_info()
        self.update_actions()

    def _on_copy_address(self) -> None:
        locations = [row.location for row in self.selected_rows()]
        if not locations and self.place is not None:
            locations = [self.place.location]
        QGuiApplication.clipboard().setText("\n".join(str(location) for location in locations))

    def _on_contents_menu(self, point: QPoint) -> None:
        a = self._workspace.commands
        view = self._workspace.contents.view
        if view.indexAt(point).isValid():
            actions = [a.open, a.download, None, a.copy_address, a.properties, None, a.delete]
        else:
            actions = [a.upload, a.upload_folder, a.new_folder, None, a.select_all, a.refresh, None, a.copy_address]
        self._workspace.show_menu(actions, view.viewport().mapToGlobal(point))

    # -- what is shown and may be done -----------------------------------------------------------

    def update_actions(self) -> None:
        """Enable what makes sense for the place and the selection."""
        a, place = self._workspace.commands, self.place
        rows = self.selected_rows()
        in_bucket = place is not None and bool(place.location.bucket)
        a.back.setEnabled(self._navigator.history.can_go_back)
        a.forward.setEnabled(self._navigator.history.can_go_forward)
        a.up.setEnabled(in_bucket)
        for action in (a.upload, a.upload_folder, a.new_folder):
            action.setEnabled(in_bucket)
        for action in (a.refresh, a.edit_path, a.copy_address, a.select_all):
            action.setEnabled(place is not None)
        a.open.setEnabled(len(rows) == 1)
        a.properties.setEnabled(bool(rows) or in_bucket)
        a.download.setEnabled(bool(rows))
        a.delete.setEnabled(in_bucket and bool(rows))

    def _update_info(self) -> None:
        self._workspace.info.setText(self._progress or self._counts())

    def _counts(self) -> str:
        rows = self.selected_rows()
        if rows:
            size = rows.size_bytes
            return f"{len(rows):,} selected" + (f" · {size_text(size)}" if size else "")
        if self.place is None:
            return ""
        contents = self._workspace.contents
        text = plural(contents.model.rowCount(), "item")
        if contents.model.filter_text:
            text = f"{contents.model.rowCount():,} of {plural(contents.model.total, 'item')}"
        return f"{text} so far" if contents.is_listing else text
