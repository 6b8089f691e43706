from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from s3browser.exceptions import S3AccessDeniedError, SettingsError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.connections import ConnectionProfile, Secret
from s3browser.ui.connections.dialog import ConnectionDialog
from s3browser.ui.connections.keyring_notice import KeyringNotice
from s3browser.ui.dialogs.add_bucket import AddBucketDialog
from s3browser.ui.sessions import Sessions
from s3browser.ui.tasks import Tasks


class ConnectionsController(QObject):
    """Adds, changes and removes connections: dialogs here, files and keyring on the lane "local".

    Signals:
        profiles_changed: there are others now, or one has another name.
        connected: the id of a connection that was just saved.
        removed: the id of a connection that was just removed.
        temporary_keys_used: a connection was saved without its keys, which expire anyway.
    """

    profiles_changed = Signal()
    connected = Signal(str)
    removed = Signal(str)
    temporary_keys_used = Signal()

    def __init__(
        self, sessions: Sessions, tasks: Tasks, aws_profiles: Callable[[], list[str]], window: QWidget
    ) -> None:
        """``aws_profiles`` reads the names in ``~/.aws``; blocking."""
        super().__init__(window)
        self._sessions = sessions
        self._tasks = tasks
        self._aws_profiles = aws_profiles
        self._window = window

    def add(self) -> None:
        """Ask for a new connection."""
        self._open_dialog(None)

    def edit(self, profile_id: str) -> None:
        """Let a connection be changed."""
        self._open_dialog(self._sessions.profile(profile_id))

    def add_bucket(self, profile_id: str) -> None:
        """Ask for a bucket's name, for keys that may not list the buckets."""
        profile = self._sessions.profile(profile_id)
        if profile is None:
            return

        def add(entry: str) -> None:
            known = [address for address in profile.buckets if address != entry]
            self._save(replace(profile, buckets=(*known, entry)), None)

        dialog = AddBucketDialog(self._window)
        dialog.bucket_entered.connect(add)
        dialog.open()

    def ask_remove(self, profile_id: str) -> None:
        """Forget a connection and its keys, after a question; nothing on the server changes."""
        profile = self._sessions.profile(profile_id)
        if profile is None:
            return
        box = QMessageBox(self._window)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle("Remove connection")
        box.setText(f"Remove the connection “{profile.name}”?")
        box.setInformativeText("Its keys are removed from this computer. The files on the server stay.")
        remove = box.addButton("Remove connection", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        remove.clicked.connect(lambda: self._remove(profile_id))
        box.finished.connect(box.deleteLater)
        box.open()

    # -- within ------------------------------------------------------------------------------

    def _open_dialog(self, profile: ConnectionProfile | None) -> None:
        def show(names: list[str]) -> None:
            dialog = ConnectionDialog(self._tasks, self._test, names, profile, self._window)
            dialog.saved.connect(self._save)
            dialog.open()

        self._tasks.run("local", lambda _: self._aws_profiles(), show)

    def _test(self, profile: ConnectionProfile, secret: Secret | None) -> int | None:
        """How many buckets these keys see, None where they may not list them. Blocking."""
        store = self._sessions.connect(profile, secret)
        store.check_credentials()
        try:
            return len(store.list_buckets())
        except S3AccessDeniedError:
            return None

    def _save(self, profile: ConnectionProfile, secret: Secret | None, *, only_this_session: bool = False) -> None:
        def work(_: CancelToken) -> bool:
            is_kept = secret is None or self._sessions.save_secret(
                profile.profile_id, secret, only_this_session=only_this_session
            )
            self._sessions.save(profile)
            return is_kept

        def done(is_kept: bool) -> None:
            self.profiles_changed.emit()
            self.connected.emit(profile.profile_id)
            if not is_kept and not only_this_session:
                self.temporary_keys_used.emit()

        def failed(error: Exception) -> None:
            if secret is None or not isinstance(error, SettingsError) or error.operation != "save_secret":
                self._tasks.show_error(error)
                return
            notice = KeyringNotice(error, self._window)
            notice.session_only_chosen.connect(lambda: self._save(profile, secret, only_this_session=True))
            notice.open()

        self._tasks.run("local", work, done, failed)

    def _remove(self, profile_id: str) -> None:
        def done(_: None) -> None:
            self.removed.emit(profile_id)
            self.profiles_changed.emit()

        self._tasks.run("local", lambda _: self._sessions.remove(profile_id), done)
