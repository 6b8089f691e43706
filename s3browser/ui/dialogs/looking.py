from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QDialogButtonBox, QProgressBar, QWidget

from s3browser.jobs.cancel import CancelToken
from s3browser.model.text import plural, size_text
from s3browser.ui.dialogs.sheet import Sheet
from s3browser.ui.labels import PlainLabel

SAY_AFTER_MS = 200
SHOW_AFTER_MS = 2000
LOOKING = "Looking at the files…"


class Looking(QObject):
    """Tells that files are being looked at, while that lasts: soon in a line, after two seconds in a sheet with Cancel.

    Args:
        token: of the work; Cancel sets it.
        window: what the sheet belongs to.

    Signals:
        said: the line, empty once it is over.
    """

    said = Signal(str)

    def __init__(self, token: CancelToken, window: QWidget) -> None:
        super().__init__(window)
        self._token = token
        self._window = window
        self._sheet: LookingSheet | None = None
        self._found: tuple[int, int] | None = None
        self._soon = self._timer(SAY_AFTER_MS, self._say)
        self._later = self._timer(SHOW_AFTER_MS, self._show)

    @Slot()
    def end(self) -> None:
        """It is over: nothing is said any more."""
        self._soon.stop()
        self._later.stop()
        if self._sheet is not None:
            self._sheet.accept()
            self._sheet = None
        self.said.emit("")
        self.deleteLater()

    def set_found(self, files: int, size_bytes: int) -> None:
        """Say how much there is so far; for the window’s thread."""
        self._found = files, size_bytes
        if self._sheet is not None:
            self._sheet.set_found(files, size_bytes)

    def _timer(self, after_ms: int, what: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(what)
        timer.start(after_ms)
        return timer

    @Slot()
    def _say(self) -> None:
        self.said.emit(LOOKING)

    @Slot()
    def _show(self) -> None:
        self._sheet = LookingSheet(self._window)
        if self._found is not None:
            self._sheet.set_found(*self._found)
        self._sheet.rejected.connect(self._cancel)
        self._sheet.open()

    @Slot()
    def _cancel(self) -> None:
        self._sheet = None
        self._token.cancel()
        self.end()


class LookingSheet(Sheet):
    """Shows that many files are being looked at before any of them moves, and how many so far.

    ``rejected`` is QDialog’s: look no further, move nothing.
    """

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(LOOKING, parent, window_title="Looking at the files", icon_name="magnifying-glass")
        self._found = PlainLabel("Nothing moves before you have seen what there is.", self, role="muted")
        bar = QProgressBar(self)
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setAccessibleName("Looking at the files")
        self.body.addWidget(self._found)
        self.body.addWidget(bar)
        self.cancel_button = self.add_button("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        self.cancel_button.setDefault(True)
        self.cancel_button.setFocus()

    def set_found(self, files: int, size_bytes: int) -> None:
        """Say how much there is so far."""
        self._found.setText(f"{plural(files, 'file')}, {size_text(size_bytes)} so far")
