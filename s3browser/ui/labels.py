"""Text on screen that is never taken for HTML and never clipped."""

import html

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyle, QWidget

from s3browser.ui.icons import icon

_UNBOUND = 1 << 20  # px; wider than any text
_LINE_CHARS = 56  # a wrapped text’s wish, where the layout leaves it one


def tool_tip(text: str) -> str:
    """``text`` for ``setToolTip``, which would otherwise render a file named ``<img src=…>``."""
    return "<span>{}</span>".format(html.escape(text).replace("\n", "<br>")) if text else ""


def short(name: str, most: int = 32) -> str:
    """``name`` inside a sentence: without its middle where it has more than ``most`` characters."""
    return name if len(name) <= most else _without_middle(name, most - 1)


def set_role(widget: QWidget, role: str) -> None:
    """Dress a widget in another role of the style sheet, at once."""
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


class Picture(QWidget):
    """An icon of ``resources/icons`` that only decorates: it takes no focus, and follows the theme.

    Args:
        name: the icon.
        colour: a colour of ``theme.Colours``.
        size: its sides, in px.
        parent: owns it.
    """

    def __init__(self, name: str, colour: str, size: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon = icon(name, colour)
        self.setFixedSize(size, size)

    def set_icon(self, name: str, colour: str) -> None:
        """Show another icon."""
        self._icon = icon(name, colour)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._icon.paint(painter, self.rect())
        painter.end()


class PlainLabel(QLabel):
    """Plain text that wraps between words, and inside a word only where that is too long for a line.

    QLabel cuts such a word off, and names in S3 are often one word.

    Args:
        text: shown as it is, markup and all.
        parent: owns it.
        role: a role of the style sheet.
        max_lines: a longer text loses its middle (“Annual …2026.pdf”) and shows whole in the tool tip; 0 for any.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None, *, role: str = "", max_lines: int = 0) -> None:
        super().__init__(parent)
        self._max_lines = max_lines
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(max_lines != 1)
        horizontal = QSizePolicy.Policy.Preferred if max_lines == 1 else QSizePolicy.Policy.Ignored
        policy = QSizePolicy(horizontal, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(max_lines != 1)
        self.setSizePolicy(policy)
        if role:
            self.setProperty("role", role)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show another text."""
        super().setText(text)
        self.updateGeometry()
        self._update_tool_tip()

    def sizeHint(self) -> QSize:
        width = int(self._layout(self.text(), _UNBOUND).maximumWidth()) + 1
        if self.wordWrap():
            width = min(width, self.fontMetrics().averageCharWidth() * _LINE_CHARS)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.averageCharWidth() * 4, metrics.height())

    def heightForWidth(self, width: int) -> int:
        margins = self.contentsMargins()
        inside = width - margins.left() - margins.right()
        layout = self._layout(self.shown_text(inside), inside)
        return int(layout.boundingRect().height() + 0.999) + margins.top() + margins.bottom()

    def resizeEvent(self, _event: object) -> None:
        self._update_tool_tip()

    def paintEvent(self, _event: QPaintEvent) -> None:
        inside = self.contentsRect()
        layout = self._layout(self.shown_text(inside.width()), inside.width())
        free = inside.height() - layout.boundingRect().height()
        top = inside.top()
        if self.alignment() & Qt.AlignmentFlag.AlignVCenter:
            top += max(0, int(free / 2))
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        layout.draw(painter, QPointF(inside.left(), top))
        painter.end()

    def shown_text(self, width: int) -> str:
        """The text as it is drawn on lines of ``width`` px: whole, or without its middle."""
        text = self.text().replace("\n", "\u2028")
        if not self._max_lines or self._fits(text, width):
            return text
        low, high = 0, len(text)
        while low < high:  # the most characters that fit
            kept = (low + high + 1) // 2
            if self._fits(_without_middle(text, kept), width):
                low = kept
            else:
                high = kept - 1
        return _without_middle(text, low)

    def _fits(self, text: str, width: int) -> bool:
        if self._max_lines == 1:
            return self._layout(text, _UNBOUND).maximumWidth() <= width
        return self._layout(text, width).lineCount() <= self._max_lines

    def _layout(self, text: str, width: int) -> QTextLayout:
        layout = QTextLayout(text, self.font(), self)
        option = QTextOption(QStyle.visualAlignment(self.layoutDirection(), self.alignment()))
        wraps = self._max_lines != 1
        mode = QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere if wraps else QTextOption.WrapMode.NoWrap
        option.setWrapMode(mode)
        option.setTextDirection(self.layoutDirection())
        layout.setTextOption(option)
        layout.beginLayout()
        height = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(max(width, 1))
            line.setPosition(QPointF(0, height))
            height += line.height()
        layout.endLayout()
        return layout

    def _update_tool_tip(self) -> None:
        if self._max_lines:
            text = self.text()
            self.setToolTip(tool_tip(text) if self.shown_text(self.contentsRect().width()) != text else "")


def _without_middle(text: str, kept: int) -> str:
    tail = kept // 2
    return f"{text[: kept - tail]}…{text[len(text) - tail :]}"
