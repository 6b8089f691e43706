from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from s3browser.model.kinds import Kind
from s3browser.ui.labels import Picture, PlainLabel
from s3browser.ui.theme import GRID

SHOWN = 5


class NameList(QFrame):
    """A card with the first few names of a batch, each on one line, and how many more there are.

    Args:
        entries: kind and name of the first ``SHOWN``.
        count: how many there are.
        parent: owns it.
    """

    def __init__(self, entries: Sequence[tuple[Kind, str]], count: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        layout = QGridLayout(self)
        layout.setContentsMargins(GRID * 3 // 2, GRID, GRID * 3 // 2, GRID)
        layout.setHorizontalSpacing(GRID)
        layout.setVerticalSpacing(GRID // 2)
        layout.setColumnStretch(1, 1)
        for line, (kind, name) in enumerate(entries):
            layout.addWidget(Picture(kind.icon, kind.colour, 2 * GRID, self), line, 0, Qt.AlignmentFlag.AlignTop)
            layout.addWidget(PlainLabel(name, self, max_lines=1), line, 1)
        if count > SHOWN:
            layout.addWidget(PlainLabel(f"and {count - SHOWN:,} more", self, role="muted"), SHOWN, 1)
