"""Phosphor's icons, drawn in the theme's colours at any size. The door to ``resources/icons``."""

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from s3browser.ui.theme import current_colours

_PACKAGE = Path(__file__).parent.parent
RESOURCES = next(path for path in (_PACKAGE / "resources", _PACKAGE.parent / "resources") if path.is_dir())


def icon(name: str, colour: str = "muted") -> QIcon:
    """An icon of ``resources/icons`` in a colour of ``theme.Colours``; it follows a change of theme at its next paint.

    Raises:
        FileNotFoundError: there is no icon of this name.
    """
    return _icon(name, colour)


@cache
def _icon(name: str, colour: str) -> QIcon:
    return QIcon(_SvgIconEngine(_source(name), colour))


@cache
def _source(name: str) -> str:
    return (RESOURCES / "icons" / f"{name}.svg").read_text(encoding="utf-8")


class _SvgIconEngine(QIconEngine):
    """Paints one SVG with ``currentColor`` replaced; finished pixmaps are kept by size, state and theme."""

    def __init__(self, source: str, colour: str) -> None:
        super().__init__()
        self._source = source
        self._colour = colour
        self._pixmaps: dict[tuple[int, int, float, str], QPixmap] = {}

    def clone(self) -> QIconEngine:
        return _SvgIconEngine(self._source, self._colour)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        device = painter.device()
        scale = device.devicePixelRatio() if device else 1.0
        painter.drawPixmap(rect, self.scaledPixmap(rect.size() * scale, mode, state, scale))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        colour = str(getattr(current_colours(), "muted" if mode is QIcon.Mode.Disabled else self._colour))
        key = (size.width(), size.height(), scale, colour + mode.name)
        if key not in self._pixmaps:
            pixmap = QPixmap(size)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            if mode is QIcon.Mode.Disabled:
                painter.setOpacity(0.5)
            renderer = QSvgRenderer(QByteArray(self._source.replace("currentColor", colour).encode()))
            renderer.render(painter, QRectF(QPoint(), size.toSizeF()))
            painter.end()
            pixmap.setDevicePixelRatio(scale)
            self._pixmaps[key] = pixmap
        return self._pixmaps[key]
