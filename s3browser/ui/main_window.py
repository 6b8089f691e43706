"""The window itself, empty: what it imports is all that has to be there before it can be seen."""

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow

from s3browser.ui.theme import GRID


class MainWindow(QMainWindow):
    """A frame that shows at once; its ``Workspace`` is put in as soon as it has been seen.

    Signals:
        first_painted: the window has been seen.
        closing: the window is about to close.
    """

    first_painted = Signal()
    closing = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("s3browser")
        self.resize(GRID * 160, GRID * 100)
        self.setMinimumSize(GRID * 80, GRID * 55)
        self.installEventFilter(self)  # until the first paint: a filter in Python delays every event

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self and event.type() is QEvent.Type.Paint:
            self.removeEventFilter(self)
            QTimer.singleShot(0, self.first_painted.emit)
        return super().eventFilter(watched, event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit()
        super().closeEvent(event)
