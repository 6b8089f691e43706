import platform
import traceback

from PySide6 import __version__ as pyside_version
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QPushButton, QVBoxLayout, QWidget

from s3browser import __version__
from s3browser.exceptions import Cancelled, S3AccessDeniedError, S3IntegrationError
from s3browser.ui.dialogs.sheet import Sheet, facts_box
from s3browser.ui.fold import Fold
from s3browser.ui.labels import PlainLabel, set_role
from s3browser.ui.theme import GRID

_Role = QDialogButtonBox.ButtonRole


class CopyButton(QPushButton):
    """Puts a text on the clipboard, and says so."""

    def __init__(self, label: str, text: str, parent: QWidget) -> None:
        super().__init__(label, parent)
        self._text = text
        self.clicked.connect(self._copy)

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)
        self.setText("Copied")


class ErrorDialog(Sheet):
    """What was clicked and failed: headline, one reason, one hint, one button that fixes it.

    Args:
        error: gives all the words.
        parent: the window it belongs to.
        retry_text: names the button that fixes it (“Try again”, “Sign in again”); None for no such button.

    Signals:
        action_requested: that button was clicked; the dialog is closed.
    """

    action_requested = Signal()

    def __init__(self, error: S3IntegrationError, parent: QWidget | None, *, retry_text: str | None = None) -> None:
        is_refusal = isinstance(error, S3AccessDeniedError)
        super().__init__(
            error.title,
            parent,
            window_title="Not allowed" if is_refusal else "That didn’t work",
            icon_name="lock" if is_refusal else "warning-circle",
            icon_colour="warning" if is_refusal else "danger",
        )
        self.body.addWidget(PlainLabel(error.reason, self))
        if error.hint:
            self.body.addWidget(PlainLabel(error.hint, self, role="muted"))
        message = error.message_for_it()
        if isinstance(error, S3AccessDeniedError) and error.permission:
            self.body.addWidget(_card(f"Missing: {error.permission} on {error.resource}", self))
        self.body.addWidget(error_details(error, self, with_copy=not is_refusal))

        close = self.add_button("Close", _Role.RejectRole)
        fixing: QPushButton | None = None
        if is_refusal:
            fixing = CopyButton("Copy message for your administrator", message, self)
            self.buttons.addButton(fixing, _Role.AcceptRole)
        if retry_text:
            retry = self.add_button(retry_text, _Role.AcceptRole)
            retry.clicked.connect(self._request_action)
            fixing = fixing or retry
        if fixing:
            set_role(fixing, "primary")
        (fixing or close).setDefault(True)
        (fixing or close).setFocus()

    @Slot()
    def _request_action(self) -> None:
        self.accept()
        self.action_requested.emit()


class BugDialog(Sheet):
    """A fault of the program: says so, and hands over a report without any values of variables.

    Args:
        error: what was not expected.
        parent: the window it belongs to.
    """

    def __init__(self, error: BaseException, parent: QWidget | None) -> None:
        super().__init__(
            "Something went wrong in this program",
            parent,
            window_title="Unexpected problem",
            icon_name="warning-circle",
            icon_colour="danger",
        )
        report = bug_report(error)
        self.body.addWidget(PlainLabel("This is a mistake in the program, not one of yours.", self))
        self.body.addWidget(
            PlainLabel(
                "Copy the report and send it to the people who look after this program. Look at the folder before you "
                "go on: the last step may not have been finished.",
                self,
                role="muted",
            )
        )
        box = facts_box(report, "Report", self, lines=12)
        self.body.addWidget(Fold("Technical details", box, self))
        self.add_button("Close", _Role.RejectRole)
        copy = CopyButton("Copy report", report, self)
        self.buttons.addButton(copy, _Role.AcceptRole)
        set_role(copy, "primary")
        copy.setDefault(True)
        copy.setFocus()


def show_error(parent: QWidget | None, error: BaseException, *, retry_text: str | None = None) -> QDialog | None:
    """Open the dialog that fits the error, without waiting for it.

    Returns:
        The open dialog (connect to an ``ErrorDialog``'s ``action_requested``); None where somebody asked for the stop.
    """
    if isinstance(error, Cancelled):
        return None
    dialog: QDialog
    if isinstance(error, S3IntegrationError):
        dialog = ErrorDialog(error, parent, retry_text=retry_text)
    else:
        dialog = BugDialog(error, parent)
    dialog.open()
    return dialog


def error_details(error: S3IntegrationError, parent: QWidget, *, with_copy: bool = True) -> Fold:
    """The folded facts of an error with “Copy for IT”."""
    content = QWidget(parent)
    layout = QVBoxLayout(content)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GRID)
    layout.addWidget(facts_box(error.details(), "Technical details", content))
    if with_copy:
        copy = CopyButton("Copy for IT", error.message_for_it(), content)
        copy.setAutoDefault(False)
        layout.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)
    return Fold("Technical details", content, parent)


def bug_report(error: BaseException) -> str:
    """The versions and the traceback, as plain text; without the values of variables, which may be secrets."""
    versions = f"s3browser {__version__}, Python {platform.python_version()}, PySide6 {pyside_version}"
    trace = traceback.TracebackException.from_exception(error, capture_locals=False)
    return f"{versions}, {platform.platform()}\n\n{''.join(trace.format())}"


def _card(text: str, parent: QWidget) -> QFrame:
    card = QFrame(parent)
    card.setProperty("role", "card")
    layout = QVBoxLayout(card)
    layout.setContentsMargins(GRID, GRID, GRID, GRID)
    layout.addWidget(PlainLabel(text, card))
    return card
