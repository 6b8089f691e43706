from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from s3browser.ui.labels import Picture, PlainLabel
from s3browser.ui.theme import GRID


class StatePage(QWidget):
    """Fills a place that has nothing to show, says why, and what to do next.

    Signals:
        action_requested: the button was clicked.
    """

    action_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._picture = Picture("folder", "muted", 6 * GRID, self)
        self._title = PlainLabel("", self, role="heading", max_lines=2)
        self._text = PlainLabel("", self, role="muted", max_lines=4)
        self.button = QPushButton(self)
        self.button.clicked.connect(self.action_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * GRID, 4 * GRID, 4 * GRID, 4 * GRID)
        layout.setSpacing(GRID)
        layout.addStretch(2)
        layout.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(GRID)
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            layout.addWidget(label)
        layout.addSpacing(GRID)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def show_state(
        self, icon_name: str, title: str, text: str = "", button: str = "", *, colour: str = "muted"
    ) -> None:
        """Say something else; an empty ``button`` hides it. ``colour`` is one of ``theme.Colours``."""
        self._picture.set_icon(icon_name, colour)
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.setAccessibleName(f"{title}. {text}" if text else title)

    @property
    def title(self) -> str:
        """The headline that shows."""
        return self._title.text()

    @property
    def text(self) -> str:
        """The sentence under it."""
        return self._text.text()
