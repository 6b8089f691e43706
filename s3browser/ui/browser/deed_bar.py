from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from s3browser.ui.labels import set_role
from s3browser.ui.theme import GRID

_STYLES = {"deed": Qt.ToolButtonStyle.ToolButtonTextBesideIcon, "quiet": Qt.ToolButtonStyle.ToolButtonIconOnly}


class DeedBar(QWidget):
    """What can be done here, as a row of buttons, and a line of facts at its end. Where it is narrow all but the first
    button show their icon only: words cut off in their middle say less.

    Args:
        first: keeps its words.
        others: of the role “deed”; their words are in their tool tips, too.
        info: the line; it goes where nothing else can.
        parent: owns it.
    """

    def __init__(self, first: QToolButton, others: Sequence[QToolButton], info: QLabel, parent: QWidget) -> None:
        super().__init__(parent)
        self._first = first
        self._others = others
        self._info = info
        self._width_with_words = 0
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID)
        layout.setSpacing(GRID)
        for button in (first, *others):
            layout.addWidget(button)
        layout.addStretch(1)
        layout.addWidget(info)

    def minimumSizeHint(self) -> QSize:
        """As narrow as without words."""
        return QSize(GRID * 40, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:  # the line has become longer or shorter
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        shows_words = self._others[0].toolButtonStyle() is _STYLES["deed"]
        if shows_words:
            self._width_with_words = sum(button.sizeHint().width() for button in self._others)
        spaces = GRID * (4 + len(self._others) + 1)
        room = self.width() - spaces - self._first.sizeHint().width() - self._info.sizeHint().width()
        if (room >= self._width_with_words) is shows_words:
            return
        for button in self._others:
            role = "quiet" if shows_words else "deed"
            button.setToolButtonStyle(_STYLES[role])
            set_role(button, role)
