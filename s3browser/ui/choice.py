from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QWidget

from s3browser.ui.icons import icon
from s3browser.ui.theme import GRID

_ARROW = QSize(3 * GRID // 2, 3 * GRID // 2)


class Choice(QComboBox):
    """A combo box whose arrow follows the theme: a style sheet can only name a picture of one colour."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        middle = (self.height() - _ARROW.height()) // 2
        at_end = QRect(self.width() - GRID - _ARROW.width(), middle, _ARROW.width(), _ARROW.height())
        painter = QPainter(self)
        icon("caret-down").paint(painter, QStyle.visualRect(self.layoutDirection(), self.rect(), at_end))
        painter.end()
