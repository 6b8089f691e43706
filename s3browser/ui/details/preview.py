from PySide6.QtCore import QBuffer, QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QIcon,
    QImage,
    QImageReader,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPixmap,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QStackedWidget, QWidget

from s3browser.model.kinds import Kind
from s3browser.ui.icons import icon
from s3browser.ui.theme import GRID, current_colours

_LARGEST_SIDE = 1024  # px; a thumbnail that claims more is no thumbnail
_TALLEST = 30 * GRID
_ICON_HEIGHT = 19 * GRID
_TEXT_LINES = 14
_SHOWN_CHARACTERS = 8_000


def thumbnail_image(png: bytes | None) -> QImage | None:
    """Decode a document’s thumbnail, or None where there is none to show. Any thread."""
    if not png:
        return None
    data = QByteArray(png)
    buffer = QBuffer(data)
    reader = QImageReader(buffer, QByteArray(b"png"))
    size = reader.size()
    if not size.isValid() or max(size.width(), size.height()) > _LARGEST_SIDE:
        return None
    image = reader.read()
    return None if image.isNull() else image


class Preview(QStackedWidget):
    """What a file looks like: its picture, its first lines, or the big icon of its kind."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.picture = _Picture(self)
        self.page = QPlainTextEdit(self)
        self.page.setReadOnly(True)
        self.page.setTabChangesFocus(True)
        self.page.setProperty("role", "page")
        self.page.setAccessibleName("The first lines")
        self.page.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.page.setFrameShape(QFrame.Shape.NoFrame)
        self.page.document().setDocumentMargin(GRID)
        self.addWidget(self.picture)
        self.addWidget(self.page)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_kind(self, kind: Kind) -> None:
        """Show the icon of a kind."""
        self.picture.show_icon(icon(kind.icon, kind.colour))
        self.setCurrentWidget(self.picture)
        self.updateGeometry()

    def show_image(self, image: QImage, name: str) -> None:
        """Show a picture, as high as it is at this width."""
        self.picture.show_image(image, name)
        self.setCurrentWidget(self.picture)
        self.updateGeometry()

    def show_text(self, text: str) -> None:
        """Show the first lines of a text."""
        self.page.setPlainText(text[:_SHOWN_CHARACTERS])
        self.setCurrentWidget(self.page)
        self.updateGeometry()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        if self.currentWidget() is self.page:
            return self.page.fontMetrics().lineSpacing() * _TEXT_LINES + 2 * GRID
        return self.picture.heightForWidth(width)

    def sizeHint(self) -> QSize:
        width = max(self.width(), 1)
        return QSize(26 * GRID, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, GRID)


class _Picture(QWidget):
    """A pixmap scaled to the width, with round corners; or an icon on a quiet ground."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._pixmap: QPixmap | None = None
        self._icon = QIcon()

    def show_icon(self, of_kind: QIcon) -> None:
        self._pixmap, self._icon = None, of_kind
        self.setAccessibleName("")
        self.update()

    def show_image(self, image: QImage, name: str) -> None:
        self._pixmap = QPixmap.fromImage(image)
        self.setAccessibleName(f"Preview of {name}")
        self.update()

    @property
    def shows_image(self) -> bool:
        """Whether it is a picture rather than an icon."""
        return self._pixmap is not None

    def heightForWidth(self, width: int) -> int:
        if self._pixmap is None:
            return _ICON_HEIGHT
        return min(_TALLEST, max(GRID, round(self._pixmap.height() * min(1.0, width / self._pixmap.width()))))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        ground = QPainterPath()
        if self._pixmap is None:
            ground.addRoundedRect(QRectF(self.rect()), GRID, GRID)
            painter.fillPath(ground, QColor(current_colours().side))
            side = 7 * GRID
            self._icon.paint(painter, (self.width() - side) // 2, (self.height() - side) // 2, side, side)
        else:
            size = self._pixmap.size()
            if size.width() > self.width() or size.height() > self.height():
                size = size.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRectF((self.width() - size.width()) / 2, 0, size.width(), size.height())
            ground.addRoundedRect(target, GRID / 2, GRID / 2)
            painter.setClipPath(ground)
            painter.drawPixmap(target, self._pixmap, QRectF(self._pixmap.rect()))
            painter.setClipping(False)
            painter.setPen(QColor(current_colours().hairline))
            painter.drawPath(ground)
        painter.end()
