import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

from PySide6.QtCore import QMimeData, QObject, QPoint, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from s3browser.jobs.cancel import CancelToken
from s3browser.model.entries import ObjectDetails
from s3browser.model.listing import Row, folder_row
from s3browser.model.localnames import local_paths
from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.ui.banner import Banner
from s3browser.ui.browser.controller import BrowserController
from s3browser.ui.browser.drag_out import DragOut
from s3browser.ui.browser.navigator import Navigator
from s3browser.ui.browser.places_model import PlacesRole
from s3browser.ui.connections.controller import ConnectionsController
from s3browser.ui.details.pane import DetailsPane, FetchPreview
from s3browser.ui.dialogs.error import show_error
from s3browser.ui.dialogs.properties import FilePropertiesDialog, FolderPropertiesDialog
from s3browser.ui.operations import Operations
from s3browser.ui.sessions import Sessions
from s3browser.ui.tasks import Tasks
from s3browser.ui.transfers.controller import SetLimits, TransfersController
from s3browser.ui.transfers.engine import Engine
from s3browser.ui.workspace import Workspace

_BUCKETS = S3Location()
_DROP_WAITS_S = 4.0  # programs made with Qt give a drop up after five seconds, others after thirty
_LATE = "That took a while. If the files are not where you dropped them, the other program did not wait for them."
_TEMPORARY_KEYS = "These keys are temporary: they are kept until you close the program, and asked for again then."


@dataclass(frozen=True, slots=True)
class Services:
    """What the workspace needs of the packages it does not see.

    Attributes:
        sessions: the connections.
        tasks: the lanes.
        manager: the transfers.
        fetch_preview: fetches and reads a file; blocking.
        aws_profiles: the names in ``~/.aws``; blocking.
        drag_folder: where files that are dragged out wait for the other program.
        set_limits: sets how fast all transfers together may go.
    """

    sessions: Sessions
    tasks: Tasks
    manager: Engine
    fetch_preview: FetchPreview
    aws_profiles: Callable[[], list[str]]
    drag_folder: Path
    set_limits: SetLimits


class WorkspaceController(QObject):
    """Joins the workspace's parts; each part's own logic is in its own controller.

    Signals:
        demo_requested: the sample files are wanted.
    """

    demo_requested = Signal()

    def __init__(self, workspace: Workspace, services: Services) -> None:
        super().__init__(workspace)
        self._services = services
        self._sessions, self._tasks = services.sessions, services.tasks
        self.workspace = workspace
        self.details = DetailsPane(self._tasks, services.fetch_preview, self._fetch_details, workspace)
        self.transferring = TransfersController(
            workspace, services.manager, self._sessions, self._tasks, services.set_limits
        )
        self.transfers = self.transferring.panel
        self.transfers.hide()
        workspace.add_details(self.details)
        workspace.add_transfers(self.transfers)
        self._places = workspace.places_model
        self.navigator = Navigator(self._sessions, self._places, self._tasks, self)
        self.browser = BrowserController(workspace, self.navigator, self._sessions, self._tasks)
        self.operations = Operations(self._sessions, self._tasks, services.manager, workspace)
        self.connections = ConnectionsController(self._sessions, self._tasks, services.aws_profiles, workspace)
        workspace.contents.view.drag_data = self._drag_data
        self._connect_signals()
        self.show_profiles()

    def _connect_signals(self) -> None:
        a, workspace, browser, operations = self.workspace.commands, self.workspace, self.browser, self.operations
        a.upload.triggered.connect(partial(self._ask_upload, folder=False))
        a.upload_folder.triggered.connect(partial(self._ask_upload, folder=True))
        a.download.triggered.connect(self._ask_download)
        a.new_folder.triggered.connect(self._ask_new_folder)
        a.delete.triggered.connect(self._ask_delete)
        a.properties.triggered.connect(self._show_properties)
        a.show_details.toggled.connect(self._show_details)
        self.navigator.place_changed.connect(self._on_place_changed)
        a.show_transfers.toggled.connect(self.transfers.setVisible)
        a.add_connection.triggered.connect(self.connections.add)
        a.edit_connection.triggered.connect(self._edit_connection)
        a.remove_connection.triggered.connect(self._remove_connection)
        a.add_bucket.triggered.connect(self._add_bucket)
        a.quit.triggered.connect(workspace.window().close)
        a.show_files_in_tree.toggled.connect(self._show_files_in_tree)
        workspace.contents.bucket_requested.connect(a.add_bucket.trigger)
        workspace.contents.view.files_dropped.connect(self._on_dropped_on_contents)
        workspace.places.files_dropped.connect(operations.upload)
        workspace.places.customContextMenuRequested.connect(self._on_places_menu)
        self.transfers.files_dropped.connect(self._on_dropped_on_transfers)
        self.transfers.activity_started.connect(partial(a.show_transfers.setChecked, True))
        self.transfers.details_requested.connect(partial(show_error, workspace))
        self.transferring.upload_requested.connect(operations.upload)
        self.transferring.sign_in_requested.connect(self.connections.edit)
        workspace.welcome.connect_requested.connect(self.connections.add)
        workspace.welcome.demo_requested.connect(self.demo_requested)
        browser.selection_changed.connect(self._on_selection_changed)
        browser.sign_in_requested.connect(self.connections.edit)
        browser.bucket_requested.connect(self.connections.add_bucket)
        operations.rows_added.connect(browser.add_rows)
        operations.places_removed.connect(browser.remove_places)
        operations.progressed.connect(browser.show_progress)
        operations.renamed.connect(self.say)
        operations.refresh_needed.connect(self.navigator.refresh)
        self.connections.profiles_changed.connect(self.show_profiles)
        self.connections.connected.connect(self.open_connection)
        self.connections.connected.connect(self.transferring.signed_in)
        self.connections.removed.connect(self._on_connection_removed)
        self.connections.temporary_keys_used.connect(partial(self.say, _TEMPORARY_KEYS))

    # -- what app asks -----------------------------------------------------------------------

    def show_profiles(self) -> None:
        """Show the connections there are, or the welcome page where there is none."""
        profiles = self._sessions.profiles()
        self._places.set_profiles(profiles)
        self.workspace.show_welcome(is_first=not profiles)
        self.browser.show_place()
        self._show_details()

    def open_connection(self, profile_id: str, location: S3Location = _BUCKETS) -> None:
        """Go to a connection, and open it in the tree."""
        place = Place(profile_id, S3Location())
        self._places.forget(place)
        self.workspace.places.expand(self._places.index_of(place))
        self.navigator.go(Place(profile_id, location))

    def say(self, text: str) -> None:
        """Say something once, in a banner."""
        self.workspace.show_banner(Banner(text, parent=self.workspace))

    def _on_place_changed(self, place: Place) -> None:
        self.transferring.set_place(place)
        self.details.show_rows(place.profile_id, [])

    def _on_connection_removed(self, profile_id: str) -> None:
        """Go on to another connection if one was in this one."""
        self.navigator.leave(profile_id)
        profiles = self._sessions.profiles()
        if self.browser.place is None and profiles:
            self.open_connection(profiles[0].profile_id)

    # -- actions -----------------------------------------------------------------------------

    def _ask_upload(self, *, folder: bool) -> None:
        if self.browser.place is not None:
            self.operations.ask_upload(self.browser.place, folder=folder)

    def _ask_download(self) -> None:
        rows = self.browser.selected_rows()
        if self.browser.place is not None and rows:
            self.operations.ask_download(rows, self.browser.place.profile_id)

    def _ask_new_folder(self) -> None:
        if self.browser.place is not None:
            self.operations.ask_new_folder(self.browser.place, self.workspace.contents.model.has_name)

    def _ask_delete(self) -> None:
        rows = self.browser.selected_rows()
        if self.browser.place is not None and rows:
            self.operations.ask_delete(rows, self.browser.place.profile_id)

    def _on_dropped_on_contents(self, paths: list[Path], folder: S3Location) -> None:
        if self.browser.place is not None:
            self.operations.upload(paths, Place(self.browser.place.profile_id, folder))

    def _on_dropped_on_transfers(self, paths: list[Path]) -> None:
        if self.browser.place is not None and self.browser.place.location.bucket:
            self.operations.upload(paths, self.browser.place)

    def _on_selection_changed(self, rows: Sequence[Row]) -> None:
        if self.browser.place is not None:
            self.details.show_rows(self.browser.place.profile_id, rows)

    def _edit_connection(self) -> None:
        if self.browser.place is not None:
            self.connections.edit(self.browser.place.profile_id)

    def _remove_connection(self) -> None:
        if self.browser.place is not None:
            self.connections.ask_remove(self.browser.place.profile_id)

    def _add_bucket(self) -> None:
        if self.browser.place is not None:
            self.connections.add_bucket(self.browser.place.profile_id)

    def _show_files_in_tree(self, shown: bool) -> None:
        self.navigator.lists_files_in_tree = shown
        for profile in self._sessions.profiles():
            self._places.forget(Place(profile.profile_id, S3Location()))
        if self.browser.place is not None:
            self.workspace.places.show_place(self.browser.place)

    def _on_places_menu(self, point: QPoint) -> None:
        a, view = self.workspace.commands, self.workspace.places
        place: Place | None = view.indexAt(point).data(PlacesRole.PLACE)
        if place is None:
            actions = [a.add_connection, None, a.show_files_in_tree]
        else:
            view.place_chosen.emit(place)  # the actions are about where one is and what is selected there
            in_bucket = [a.upload, a.upload_folder, a.new_folder, None, a.copy_address, a.refresh]
            if place.location.bucket and not place.location.key:
                in_bucket += [None, a.unfinished_uploads]
            of_connection = [a.refresh, a.add_bucket, None, a.edit_connection, a.remove_connection]
            actions = [*(in_bucket if place.location.bucket else of_connection), None, a.show_files_in_tree]
        self.workspace.show_menu(actions, view.viewport().mapToGlobal(point))

    def _show_properties(self) -> None:
        place = self.browser.place
        if place is None:
            return
        profile_id = place.profile_id
        rows: Sequence[Row] = self.browser.selected_rows() or [folder_row(place.location.bucket, place.location.key)]
        if len(rows) == 1 and not rows[0].is_folder:
            head = partial(self._head, profile_id)
            FilePropertiesDialog(rows[0], self._tasks, head, self.workspace).open()
        else:
            list_files = partial(self._sessions.list_files, profile_id)
            FolderPropertiesDialog(rows, self._tasks, list_files, self.workspace).open()

    # -- within ------------------------------------------------------------------------------

    def _show_details(self) -> None:
        """Show them where they are wanted and there is a connection for them to be of."""
        self.details.setVisible(bool(self._sessions.profiles()) and self.workspace.commands.show_details.isChecked())

    def _head(self, profile_id: str, location: S3Location, token: CancelToken | None = None) -> ObjectDetails:
        return self._sessions.store(profile_id).head(location.bucket, location.key, cancel=token)

    def _fetch_details(self, place: Place, token: CancelToken) -> ObjectDetails:
        return self._head(place.profile_id, place.location, token)

    def _drag_data(self, rows: Sequence[Row]) -> QMimeData:
        place = self.browser.place
        assert place is not None  # there are rows only in a place
        # People meet the last name in the transfers. Nothing is made before the drop.
        into = self._services.drag_folder / uuid.uuid4().hex / "Dragged files"
        names = [row.location.key[len(row.location.parent.key) :] for row in rows]
        paths = [into.joinpath(*parts) for parts in local_paths(names)]

        def fetch(finished: Callable[[bool], None]) -> None:
            began_at = monotonic()

            def told(is_complete: bool) -> None:
                finished(is_complete)
                if is_complete and monotonic() - began_at > _DROP_WAITS_S:
                    self._tell_late(into)

            self.operations.fetch_for_drag(rows, place.profile_id, into, told)

        return DragOut(paths, fetch)

    def _tell_late(self, folder: Path) -> None:
        """Nobody tells whether the other program still took the files: say where they are."""
        banner = Banner(_LATE, "Show the files", parent=self.workspace)
        banner.button_clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))))
        banner.button_clicked.connect(self.workspace.hide_banner)
        self.workspace.show_banner(banner)
