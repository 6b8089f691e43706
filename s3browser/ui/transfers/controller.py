from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices

from s3browser.model.places import Place
from s3browser.model.transfers import PanelLook, TransferNews
from s3browser.settings.preferences import Preferences
from s3browser.ui.banner import Banner
from s3browser.ui.labels import short
from s3browser.ui.sessions import Sessions
from s3browser.ui.tasks import Tasks
from s3browser.ui.transfers.awake import KeepAwake
from s3browser.ui.transfers.diary import DiaryDialog
from s3browser.ui.transfers.engine import Transfers
from s3browser.ui.transfers.holds import HoldBanners
from s3browser.ui.transfers.notify import EndNotice
from s3browser.ui.transfers.panel import TransfersPanel, moves_now
from s3browser.ui.transfers.receipt import Receipts
from s3browser.ui.transfers.settings_dialog import TransferSettingsDialog
from s3browser.ui.transfers.unfinished import UnfinishedUploadsDialog
from s3browser.ui.workspace import Workspace

SetLimits = Callable[[int | None, int | None], None]
"""Called with the most bytes/s of all uploads and of all downloads; None for as many as there are."""


class TransfersController(QObject):
    """What belongs to the transfers besides the panel: holds, diary, receipts, settings, unfinished uploads.

    Attributes:
        panel: the transfers panel, to be put into the workspace.

    Signals:
        sign_in_requested: the id of a connection to sign in to again.
        upload_requested: ``list[Path]`` and the ``Place`` they are to be uploaded to.
        preferences_changed: the ``Preferences``, as somebody has just changed them.
    """

    sign_in_requested = Signal(str)
    upload_requested = Signal(object, object)
    preferences_changed = Signal(object)

    def __init__(
        self, workspace: Workspace, manager: Transfers, sessions: Sessions, tasks: Tasks, set_limits: SetLimits
    ) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._manager = manager
        self._sessions = sessions
        self._tasks = tasks
        self._set_limits = set_limits
        self._preferences = Preferences()
        self._place: Place | None = None
        self._diary: DiaryDialog | None = None
        self._awake = KeepAwake()
        self._end_notice = EndNotice(workspace)
        self._holds = HoldBanners(workspace, self._name_of)
        self._receipts = Receipts(manager, tasks, self._name_of, workspace)
        a = workspace.commands
        self.panel = TransfersPanel(manager, (a.diary, a.transfer_settings), (a.unfinished_uploads,), workspace)
        a.diary.triggered.connect(self.show_diary)
        a.unfinished_uploads.triggered.connect(self._show_unfinished_here)
        a.transfer_settings.triggered.connect(self.show_settings)
        self.set_place(None)
        self.panel.receipt_requested.connect(self._receipts.ask)
        self.panel.looked.connect(self._on_looked)
        self._receipts.saved.connect(self._tell_saved)
        self._holds.try_now_requested.connect(manager.release)
        self._holds.sign_in_requested.connect(self.sign_in_requested)
        manager.add_listener(self._on_news)

    # -- what the window says ------------------------------------------------------------------

    def set_preferences(self, preferences: Preferences) -> None:
        """Let transfers go by these from now on."""
        self._preferences = preferences
        self._manager.set_connections(preferences.max_connections)
        self._set_limits(preferences.upload_limit, preferences.download_limit)
        self._awake.set_allowed(preferences.keep_awake)
        self._end_notice.is_allowed = preferences.tell_end

    def set_place(self, place: Place | None) -> None:
        """Where somebody is."""
        self._place = place
        self._workspace.commands.unfinished_uploads.setEnabled(place is not None and bool(place.location.bucket))
        self.panel.set_folder(place.location if place is not None else None)

    def signed_in(self, connection_id: str) -> None:
        """Somebody has signed in to a connection again: what waited for that goes on."""
        self._manager.release(connection_id)

    def stop(self) -> None:
        """Let the computer sleep: the program ends."""
        self._awake.set_allowed(False)

    # -- dialogs -------------------------------------------------------------------------------

    @Slot()
    def show_diary(self) -> None:
        """Open the diary, or bring the open one to the front."""
        if self._diary is not None:
            self._diary.raise_()
            self._diary.activateWindow()
            return
        self._diary = DiaryDialog(self._manager, self._workspace)
        self._diary.receipt_requested.connect(self._receipts.ask)
        self._diary.finished.connect(self._forget_diary)
        self._diary.show()  # beside the window, not in its way

    @Slot()
    def _forget_diary(self) -> None:
        self._diary = None

    @Slot()
    def show_settings(self) -> None:
        """Open the settings of transfers."""
        dialog = TransferSettingsDialog(self._preferences, self._workspace)
        dialog.changed.connect(self._on_settings_changed)
        dialog.open()

    @Slot(object)
    def _on_settings_changed(self, preferences: Preferences) -> None:
        self.set_preferences(preferences)
        self.preferences_changed.emit(preferences)

    @Slot()
    def _show_unfinished_here(self) -> None:
        if self._place is not None:
            self.show_unfinished(self._place.profile_id, self._place.location.bucket)

    def show_unfinished(self, profile_id: str, bucket: str) -> None:
        """Open the list of a bucket's unfinished uploads."""
        dialog = UnfinishedUploadsDialog(
            bucket, self._manager, self._tasks, lambda: self._sessions.store(profile_id), self._workspace
        )
        dialog.continue_requested.connect(
            lambda path, folder: self.upload_requested.emit([path], Place(profile_id, folder))
        )
        dialog.open()

    # -- what happens --------------------------------------------------------------------------

    def _on_news(self, news: TransferNews) -> None:
        self._end_notice.tell(news.finished)
        if self._diary is not None:
            self._diary.take_news(news)

    @Slot(object)
    def _on_looked(self, look: PanelLook) -> None:
        self._holds.show(look.holds)
        self._awake.set_wanted(moves_now(look))

    @Slot(object)
    def _tell_saved(self, path: Path) -> None:
        banner = Banner(
            f"The receipt is saved as “{short(path.name, 48)}”.",
            "Open",
            icon_name="check-circle",
            colour="success",
            parent=self._workspace,
        )
        banner.button_clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))))
        banner.button_clicked.connect(self._workspace.hide_banner)
        self._workspace.show_banner(banner)

    def _name_of(self, connection_id: str) -> str:
        profile = self._sessions.profile(connection_id)
        return profile.name if profile is not None else "a connection that was removed"
