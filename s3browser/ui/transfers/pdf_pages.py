from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMarginsF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPageLayout, QPageSize, QPainter, QPdfWriter, QPen

from s3browser.ui.theme import LIGHT

_DPI = 96
_MARGIN_MM = 18
_LINE = 18.0
_GAP = 12.0
_COLUMNS = (0.41, 0.11, 0.12, 0.36)  # of the width
_RIGHT = 1  # the column of numbers


class PdfPages:
    """An A4 document of plain lines and one table, painted from top to bottom in light colours. Blocking.

    Not a QTextDocument: that lays out long tables by a timer, which a lane’s thread has not.
    """

    def __init__(self, path: Path, title: str) -> None:
        self._writer = QPdfWriter(str(path))
        self._writer.setTitle(title)
        self._writer.setCreator("s3browser")
        self._writer.setResolution(_DPI)
        self._writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
        self._writer.setPageMargins(margins, QPageLayout.Unit.Millimeter)
        self._painter = QPainter(self._writer)
        self._width, self._height = float(self._writer.width()), float(self._writer.height())
        self._y = 0.0
        self._page = 1

    def title(self, text: str) -> None:
        """A headline."""
        self._text(QRectF(0, self._y, self._width, 30), text, LIGHT.text, _font(18, QFont.Weight.DemiBold))
        self._y += 30 + _GAP

    def sentence(self, text: str, colour: str) -> None:
        """A paragraph that wraps; ``colour`` is ``#rrggbb``."""
        font = _font(11)
        wrap = Qt.TextFlag.TextWordWrap
        area = QFontMetricsF(font, self._writer).boundingRect(QRectF(0, 0, self._width, 1000), int(wrap), text)
        self._make_room(area.height())
        self._painter.setFont(font)
        self._painter.setPen(QColor(colour))
        self._painter.drawText(QRectF(0, self._y, self._width, area.height() + 2), int(wrap), text)
        self._y += area.height() + _GAP

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Names and their values, one a line."""
        for name, value in facts:
            self._text(QRectF(0, self._y, self._width * 0.22, _LINE), name, LIGHT.muted, _font(9))
            self._text(QRectF(self._width * 0.22, self._y, self._width * 0.78, _LINE), value, LIGHT.text, _font(9))
            self._y += _LINE
        self._y += _GAP

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table of four columns, the second of numbers; its head stands on every page."""
        self._row(head, _font(9, QFont.Weight.DemiBold))
        for row in rows:
            if self._make_room(_LINE):
                self._row(head, _font(9, QFont.Weight.DemiBold))
            self._row(row, _font(9))
        self._y += _GAP

    def end(self) -> None:
        """Close the document."""
        self._number()
        self._painter.end()

    def _row(self, cells: Sequence[str], font: QFont) -> None:
        left = 0.0
        for column, (cell, share) in enumerate(zip(cells, _COLUMNS, strict=True)):
            width = self._width * share
            side = Qt.AlignmentFlag.AlignRight if column == _RIGHT else Qt.AlignmentFlag.AlignLeft
            self._text(QRectF(left, self._y, width - _GAP, _LINE), cell, LIGHT.text, font, side)
            left += width
        self._y += _LINE
        self._painter.setPen(QPen(QColor(LIGHT.hairline), 0.5))
        self._painter.drawLine(0, int(self._y), int(self._width), int(self._y))

    def _text(
        self,
        area: QRectF,
        text: str,
        colour: str,
        font: QFont,
        side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:
        shown = QFontMetricsF(font, self._writer).elidedText(text, Qt.TextElideMode.ElideMiddle, area.width())
        self._painter.setFont(font)
        self._painter.setPen(QColor(colour))
        flags = side | Qt.AlignmentFlag.AlignVCenter
        self._painter.drawText(area, int(flags) | int(Qt.TextFlag.TextSingleLine), shown)

    def _make_room(self, height: float) -> bool:
        """Begin another page where this one is full; whether it did."""
        if self._y + height <= self._height - 2 * _LINE:
            return False
        self._number()
        self._writer.newPage()
        self._page += 1
        self._y = 0.0
        return True

    def _number(self) -> None:
        area = QRectF(0, self._height - _LINE, self._width, _LINE)
        self._text(area, str(self._page), LIGHT.muted, _font(8), Qt.AlignmentFlag.AlignRight)


def _font(points: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    font = QFont()
    font.setPointSize(points)
    font.setWeight(weight)
    return font
