"""Fields whose marks follow the theme: a style sheet can only name a picture of one colour."""

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QStyle, QStyleOptionButton, QStyleOptionSpinBox, QWidget

from s3browser.ui.icons import icon
from s3browser.ui.theme import GRID


class NumberField(QDoubleSpinBox):
    """A number that can be typed, or stepped with arrows and with the arrow keys."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setDecimals(0)
        self.lineEdit().setTextMargins(GRID // 2 + 2, 0, 0, 0)  # a style sheet's padding does not reach it

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionSpinBox()
        self.initStyleOption(option)
        painter = QPainter(self)
        control = QStyle.SubControl
        for which, name in ((control.SC_SpinBoxUp, "caret-up"), (control.SC_SpinBoxDown, "caret-down")):
            area = self.style().subControlRect(QStyle.ComplexControl.CC_SpinBox, option, which, self)
            arrow = QRect(0, 0, GRID + 2, GRID + 2)
            arrow.moveCenter(area.center())
            icon(name).paint(painter, arrow)
        painter.end()


class TickBox(QCheckBox):
    """A check box with its tick."""

    def sizeHint(self) -> QSize:
        return super().sizeHint() + QSize(GRID // 2, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.isChecked():
            return
        option = QStyleOptionButton()
        self.initStyleOption(option)
        box = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        painter = QPainter(self)
        icon("check", "on_accent").paint(painter, box.adjusted(2, 2, -2, -2))
        painter.end()
