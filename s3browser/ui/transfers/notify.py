from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from s3browser.model.transfers import BatchSnapshot
from s3browser.ui.icons import icon
from s3browser.ui.transfers.faces import batch_summary

LONG = timedelta(seconds=30)
_SHOWN_MS = 15_000


class EndNotice(QObject):
    """Tells that long transfers have ended while another window was in use: a message of the system's, and a mark on
    the window's own button. Where there is no tray to tell it from, the mark alone.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._tray: QSystemTrayIcon | None = None
        self._gone = QTimer(self)
        self._gone.setSingleShot(True)
        self._gone.setInterval(_SHOWN_MS)
        self._gone.timeout.connect(self._hide)
        self.is_allowed = True

    def tell(self, finished: Sequence[BatchSnapshot]) -> None:
        """These batches have just ended."""
        now = datetime.now(UTC)
        long = [batch for batch in finished if batch.started_at is not None and now - batch.started_at > LONG]
        if not long or not self.is_allowed or self._window.window().isActiveWindow():
            return
        QApplication.alert(self._window.window())
        title, text = notice_words(long)
        self._show(title, text, is_bad=any(batch.failed for batch in long))

    def _show(self, title: str, text: str, *, is_bad: bool) -> None:
        if not QSystemTrayIcon.isSystemTrayAvailable() or not QSystemTrayIcon.supportsMessages():
            return
        if self._tray is None:
            picture = self._window.window().windowIcon()
            self._tray = QSystemTrayIcon(icon("cloud") if picture.isNull() else picture, self)
            self._tray.messageClicked.connect(self._bring_window)
            self._tray.activated.connect(self._bring_window)
        kind = QSystemTrayIcon.MessageIcon.Warning if is_bad else QSystemTrayIcon.MessageIcon.Information
        self._tray.show()
        self._tray.showMessage(title, text, kind, _SHOWN_MS)
        self._gone.start()

    @Slot()
    def _hide(self) -> None:
        if self._tray is not None:
            self._tray.hide()

    @Slot()
    def _bring_window(self) -> None:
        self._hide()
        self._window.window().raise_()
        self._window.window().activateWindow()


def notice_words(batches: Sequence[BatchSnapshot]) -> tuple[str, str]:
    """Title and text of the message."""
    is_bad = any(batch.failed for batch in batches)
    title = "Some files did not make it" if is_bad else "Transfers finished"
    return title, "\n".join(batch_summary(batch) for batch in batches)
