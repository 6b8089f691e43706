from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QDialogButtonBox, QGridLayout, QWidget

from s3browser.exceptions import S3IntegrationError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.connections import ConnectionProfile, Secret
from s3browser.model.text import plural
from s3browser.ui.connections.form import ConnectionForm
from s3browser.ui.dialogs.error import error_details
from s3browser.ui.dialogs.sheet import Sheet
from s3browser.ui.labels import Picture, PlainLabel, set_role
from s3browser.ui.tasks import Tasks
from s3browser.ui.theme import GRID

TestConnection = Callable[[ConnectionProfile, Secret | None], int | None]
"""Connects and returns how many buckets it sees, None where the keys may not list them; blocking, on a lane.

Raises the errors of ``s3browser.exceptions``. No secret means the saved one, or another way to sign in.
"""

_SOON_MS = 200


class ConnectionDialog(Sheet):
    """Makes or edits a connection, and tries it out in place.

    Args:
        tasks: runs the test.
        test_connection: see ``TestConnection``.
        aws_profiles: the names in ``~/.aws``.
        profile: what to edit; its keys stay unless others are typed. None for a new connection.
        parent: the window it belongs to.

    Signals:
        saved: the ``ConnectionProfile`` and its ``Secret``, or None to keep what there is; the dialog is closed.
    """

    saved = Signal(object, object)

    def __init__(
        self,
        tasks: Tasks,
        test_connection: TestConnection,
        aws_profiles: Sequence[str],
        profile: ConnectionProfile | None,
        parent: QWidget | None,
    ) -> None:
        title = "Edit connection" if profile else "New connection"
        super().__init__(title, parent, window_title=title)
        self._tasks = tasks
        self._test_connection = test_connection
        self._token: CancelToken | None = None
        self.form = ConnectionForm(aws_profiles, profile, self)
        self.body.addWidget(self.form)
        self.outcome = Outcome(self)
        self.body.addWidget(self.outcome)

        role = QDialogButtonBox.ButtonRole
        self.test_button = self.add_button("Test connection", role.ResetRole)
        self.test_button.setAutoDefault(False)
        self.save_button = self.add_button("Save" if profile else "Connect", role.AcceptRole, look="primary")
        self.save_button.setDefault(True)
        self.add_button("Cancel", role.RejectRole)

        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self.outcome.show_waiting)
        self.test_button.clicked.connect(self._test_or_stop)
        self.save_button.clicked.connect(self._save)
        self.form.edited.connect(self._forget_test)
        self.finished.connect(self._forget_test)
        self.form.kind.setFocus()

    @Slot()
    def _test_or_stop(self) -> None:
        if self._token is not None:
            self._forget_test()
            return
        self.outcome.clear()
        if not self.form.check():
            return
        profile, secret = self.form.profile(), self.form.secret()
        token = CancelToken()
        self._token = token
        self.destroyed.connect(lambda: token.cancel())
        self.test_button.setText("Stop test")
        self._soon.start()
        self._tasks.run(
            "actions", lambda _: self._test_connection(profile, secret), self._on_passed, self._on_failed, token
        )

    @Slot()
    def _forget_test(self) -> None:
        """What was tested is not what is entered now, or nobody waits any more."""
        if self._token is not None:
            self._token.cancel()
        self._end_test()
        self.outcome.clear()

    def _end_test(self) -> None:
        self._token = None
        self._soon.stop()
        self.test_button.setText("Test connection")

    def _on_passed(self, bucket_count: int | None) -> None:
        self._end_test()
        self.outcome.show_success(bucket_count, names_buckets=bool(self.form.profile().buckets))
        self.reveal(self.outcome)

    def _on_failed(self, error: Exception) -> None:
        self._end_test()
        self.outcome.show_error(error)
        self.reveal(self.outcome)

    @Slot()
    def _save(self) -> None:
        if not self.form.check():
            return
        profile, secret = self.form.profile(), self.form.secret()
        self.accept()
        self.saved.emit(profile, secret)


class Outcome(QWidget):
    """How the test went, in place: nothing, waiting, green, or the error's words with its details."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._picture = Picture("check-circle", "success", 2 * GRID, self)
        self._text = PlainLabel("", self)
        self._hint = PlainLabel("", self, role="muted")
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, GRID, 0, 0)
        self._layout.setHorizontalSpacing(GRID)
        self._layout.setVerticalSpacing(GRID // 2)
        self._layout.setColumnStretch(1, 1)
        self._layout.addWidget(self._picture, 0, 0, Qt.AlignmentFlag.AlignTop)
        self._layout.addWidget(self._text, 0, 1)
        self._layout.addWidget(self._hint, 1, 1)
        self._details: QWidget | None = None
        self.hide()

    @property
    def text(self) -> str:
        """What shows; empty for nothing."""
        return " ".join(label.text() for label in (self._text, self._hint) if label.text())

    @Slot()
    def clear(self) -> None:
        """Say nothing."""
        self._show("", "", "", "")
        self.hide()

    @Slot()
    def show_waiting(self) -> None:
        """Say that the server was asked."""
        self._show("circle-notch", "muted", "Connecting…", "")

    def show_success(self, bucket_count: int | None, *, names_buckets: bool) -> None:
        """Say what the test saw; without permission to list, what to do about it."""
        if bucket_count is not None:
            self._show("check-circle", "success", f"Connected. {plural(bucket_count, 'bucket')}.", "")
        elif names_buckets:
            self._show("check-circle", "success", "Connected.", "")
        else:
            hint = "These keys may not list the buckets. Enter the names of yours under “Advanced”."
            self._show("check-circle", "success", "Connected.", hint)

    def show_error(self, error: Exception) -> None:
        """Say why it failed, and what may help."""
        if isinstance(error, S3IntegrationError):
            self._show("warning-circle", "danger", error.reason, error.hint or "")
            self._details = error_details(error, self)
            self._layout.addWidget(self._details, 2, 1)
            self._details.show()
        else:
            self._show("warning-circle", "danger", "The test stopped at a mistake in this program.", "")

    def _show(self, icon_name: str, role: str, text: str, hint: str) -> None:
        if self._details is not None:
            self._details.hide()
            self._details.deleteLater()
            self._details = None
        if icon_name:
            self._picture.set_icon(icon_name, role)
        self._text.setText(text)
        set_role(self._text, role)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.show()
