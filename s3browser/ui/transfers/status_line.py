from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from s3browser.ui.labels import tool_tip


@dataclass(frozen=True, slots=True)
class Fact:
    """A part of the line; of the parts that don’t fit, the one with the highest ``rank`` goes first.

    One that has a ``brief`` form gets that before anything goes.
    """

    text: str
    rank: int = 0
    brief: str = ""


class StatusLine(QLabel):
    """One line of facts, “2 active · 14 waiting · about 3 minutes left”. Where it is narrow it says less."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._facts: Sequence[Fact] = ()
        self.setProperty("role", "muted")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def set_facts(self, facts: Sequence[Fact]) -> None:
        """Say something else."""
        if facts != self._facts:
            self._facts = facts
            self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        whole = _joined(self._facts)
        shown = list(self._facts)
        metrics = self.fontMetrics()
        if metrics.horizontalAdvance(whole) > self.width():
            shown = [replace(fact, text=fact.brief or fact.text) for fact in shown]
        while len(shown) > 1 and metrics.horizontalAdvance(_joined(shown)) > self.width():
            shown.remove(max(shown, key=lambda fact: fact.rank))
        text = metrics.elidedText(_joined(shown), Qt.TextElideMode.ElideRight, self.width())
        self.setText(text)
        self.setToolTip(tool_tip(whole) if text != whole else "")
        self.setAccessibleName(whole)


def _joined(facts: Sequence[Fact]) -> str:
    return " · ".join(fact.text for fact in facts)
