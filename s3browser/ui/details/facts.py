from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QGridLayout, QWidget

from s3browser.ui.labels import PlainLabel
from s3browser.ui.theme import GRID

Fact = tuple[str, str]
"""Name and value: ``("Modified", "Today, 09:14")``."""


class FactGrid(QWidget):
    """Facts in two columns; the values wrap wherever they must, and can be copied.

    Args:
        parent: owns it.
        name_width: of the first column, in px.
    """

    def __init__(self, parent: QWidget, *, name_width: int = 12 * GRID) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GRID)
        self._grid.setVerticalSpacing(GRID)
        self._grid.setColumnMinimumWidth(0, name_width)
        self._grid.setColumnStretch(1, 1)
        self._labels: dict[str, tuple[PlainLabel, PlainLabel]] = {}

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these, in this order, and no others."""
        if [name for name, _ in facts] != list(self._labels):
            self._rebuild([name for name, _ in facts])
        for name, value in facts:
            self._labels[name][1].setText(value)

    def value(self, name: str) -> str | None:
        """What a fact says, or None where it is not shown."""
        return self._labels[name][1].text() if name in self._labels else None

    def _rebuild(self, names: Sequence[str]) -> None:
        for labels in self._labels.values():
            for label in labels:
                self._grid.removeWidget(label)
                label.hide()
                label.deleteLater()
        self._labels = {}
        for line, name in enumerate(names):
            caption = PlainLabel(name, self, role="muted", max_lines=1)
            value = PlainLabel("", self)
            copy = QAction("Copy", value)
            copy.triggered.connect(partial(_copy, value))
            value.addAction(copy)
            value.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
            self._grid.addWidget(caption, line, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(value, line, 1)
            self._labels[name] = (caption, value)
            caption.show()
            value.show()


def _copy(label: PlainLabel) -> None:
    QGuiApplication.clipboard().setText(label.text())
