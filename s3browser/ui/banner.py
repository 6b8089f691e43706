from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QWidget

from s3browser.ui.icons import icon
from s3browser.ui.labels import Picture, PlainLabel
from s3browser.ui.theme import GRID


class Banner(QFrame):
    """A slim line over the window, for what concerns all of it: offline, signed out. Hidden until it has a message.

    Signals:
        action_requested: its button was clicked.
        closed: somebody put it away.
    """

    action_requested = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self._picture = Picture("warning", "warning", 2 * GRID, self)
        self._text = PlainLabel("", self, max_lines=2)
        self.button = QPushButton(self)
        self.button.clicked.connect(self.action_requested)
        self.close_button = QToolButton(self)
        self.close_button.setIcon(icon("x", "warning"))
        self.close_button.setProperty("role", "quiet")
        self.close_button.setAccessibleName("Close this message")
        self.close_button.setToolTip("Close this message")
        self.close_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.close_button.clicked.connect(self._close)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * GRID, GRID // 2, GRID, GRID // 2)
        layout.setSpacing(GRID)
        layout.addWidget(self._picture)
        layout.addWidget(self._text, 1)
        layout.addWidget(self.button)
        layout.addWidget(self.close_button)
        self.hide()

    def show_message(self, text: str, button: str = "", *, icon_name: str = "warning") -> None:
        """Say it, in place of what was said before; an empty ``button`` hides it."""
        self._picture.set_icon(icon_name, "warning")
        self._text.setText(text)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.setAccessibleName(text)
        self.show()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    @Slot()
    def _close(self) -> None:
        self.hide()
        self.closed.emit()
