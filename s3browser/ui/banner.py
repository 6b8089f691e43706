from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QWidget

from s3browser.ui.icons import icon
from s3browser.ui.labels import Picture, PlainLabel
from s3browser.ui.theme import GRID


class Banner(QFrame):
    """A slim line over the window, for what concerns all of it: offline, signed out.

    Args:
        text: what is the matter.
        button: what its button says; empty for none.
        icon_name: of ``resources/icons``.
        colour: of ``theme.Colours``: “warning”, or “success” for what is as it should be.
        parent: owns it.

    Signals:
        button_clicked: the way out was clicked.
        closed: somebody put it away; it is hidden.
    """

    button_clicked = Signal()
    closed = Signal()

    def __init__(
        self, text: str, button: str = "", *, icon_name: str = "warning", colour: str = "warning", parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self.setProperty("colour", colour)
        self._words = PlainLabel("", self, max_lines=2)
        self.set_text(text)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * GRID, GRID // 2, GRID, GRID // 2)
        layout.setSpacing(GRID)
        layout.addWidget(Picture(icon_name, colour, 2 * GRID, self))
        layout.addWidget(self._words, 1)
        if button:
            way_out = QPushButton(button, self)
            way_out.clicked.connect(self.button_clicked)
            layout.addWidget(way_out)
        close = QToolButton(self)
        close.setIcon(icon("x", "muted"))
        close.setProperty("role", "quiet")
        close.setAccessibleName("Close this message")
        close.setToolTip("Close this message")
        close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        close.clicked.connect(self._close)
        layout.addWidget(close)

    def set_text(self, text: str) -> None:
        """Say something else of the same matter."""
        self._words.setText(text)
        self.setAccessibleName(text)

    @Slot()
    def _close(self) -> None:
        self.hide()
        self.closed.emit()
