from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from s3browser.ui.labels import Picture, PlainLabel
from s3browser.ui.theme import GRID


class StatePage(QWidget):
    """Fills a place that has nothing to show, says why, and what to do next.

    Args:
        icon_name: of ``resources/icons``.
        title: the headline.
        text: a sentence or two under it.
        button: what it says; empty for none.
        colour: the icon's, of ``theme.Colours``.
        parent: owns it.

    Signals:
        button_clicked: the one way on.
    """

    button_clicked = Signal()

    def __init__(
        self, icon_name: str, title: str, text: str = "", button: str = "", *, colour: str = "muted", parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(f"{title}. {text}" if text else title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * GRID, 4 * GRID, 4 * GRID, 4 * GRID)
        layout.setSpacing(GRID)
        layout.addStretch(2)
        layout.addWidget(Picture(icon_name, colour, 6 * GRID, self), 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(GRID)
        for words, role, lines in ((title, "heading", 2), (text, "muted", 4)):
            if words:
                label = PlainLabel(words, self, role=role, max_lines=lines)
                label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
                layout.addWidget(label)
        if button:
            way_on = QPushButton(button, self)
            way_on.clicked.connect(self.button_clicked)
            layout.addSpacing(GRID)
            layout.addWidget(way_on, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
