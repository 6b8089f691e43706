"""Draws the program's icon, resources/s3browser.svg, as a PNG: `python render_icon.py FILE SIZE_IN_PIXELS`."""

import os
import sys
from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SOURCE = Path(__file__).resolve().parent.parent / "resources" / "s3browser.svg"


def render_icon(target: Path, size_px: int) -> Path:
    """Write the icon as a square PNG of this size, and return its path."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication.instance() or QGuiApplication([])
    image = QImage(size_px, size_px, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(SOURCE)).render(painter, QRectF(0, 0, size_px, size_px))
    painter.end()
    target.parent.mkdir(parents=True, exist_ok=True)
    if not image.save(str(target)):
        raise OSError(f"could not write {target}")
    del application
    return target


if __name__ == "__main__":
    render_icon(Path(sys.argv[1]), int(sys.argv[2]))
