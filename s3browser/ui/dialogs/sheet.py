from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLayout,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from s3browser.ui.labels import Picture, PlainLabel, set_role
from s3browser.ui.theme import GRID

WIDTH = 480  # px
WIDE = 640  # px; with a list of files that are compared. It still fits a 1280 px screen at 150 %
_MARGIN = 3 * GRID
_BODY_WIDTH = WIDTH - 2 * _MARGIN
_CHROME = 27 * GRID  # px of a screen's height that head, buttons, title bar, task bar and Qt’s guess at them take


class Sheet(QDialog):
    """A calm dialog: a headline, a body that scrolls only where the screen is too low, a row of buttons.

    It is as high as its words need, at any text size. Open it with ``open()``; it deletes itself when closed.
    ``width`` is in px.

    Attributes:
        body: the layout to fill.
        buttons: the row, in the order of the platform; see ``add_button``.
    """

    def __init__(
        self,
        title: str,
        parent: QWidget | None = None,
        *,
        window_title: str,
        icon_name: str = "",
        icon_colour: str = "muted",
        width: int = WIDTH,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(window_title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.headline = PlainLabel(title, self, role="heading", max_lines=3)
        head = QHBoxLayout()
        head.setSpacing(2 * GRID)
        if icon_name:
            head.addWidget(Picture(icon_name, icon_colour, 3 * GRID, self), 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.headline, 1)

        content = QWidget(self)
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(GRID)
        self._scroll = _Body(content, self.body, width - 2 * _MARGIN, self)
        self.buttons = QDialogButtonBox(self)
        self.buttons.rejected.connect(self.reject)

        self._column = layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, 2 * GRID)
        layout.setSpacing(2 * GRID)
        layout.addLayout(head)
        layout.addWidget(self._scroll)
        layout.addWidget(self.buttons)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)

    def add_button(self, text: str, role: QDialogButtonBox.ButtonRole, *, look: str = "") -> QPushButton:
        """A button of the row; ``look`` is a role of the style sheet (``primary``, ``danger``)."""
        button = self.buttons.addButton(text, role)
        # With a proxy, Tab leaves out the buttons before the one it stands for.
        self.buttons.setFocusProxy(None)  # type: ignore[arg-type]  # None is how Qt documents to have none
        if look:
            set_role(button, look)
        return button

    def open(self) -> None:
        """Show it over its parent, at once as high as it stays.

        Where it grew a moment later, it would ask for its size and, with that, for a place that is not yet known: on
        X11 that is the corner of the screen, its title bar out of sight.
        """
        for child in self.findChildren(QWidget):
            child.ensurePolished()  # the style sheet’s sizes, which Qt would learn only once they show
        super().open()

    def reveal(self, widget: QWidget) -> None:
        """Scroll to a widget of the body that has just changed, where the screen is too low for all of it."""
        self.body.activate()
        self._column.activate()
        self._scroll.ensureWidgetVisible(widget, 0, 0)
        QTimer.singleShot(0, self, lambda: self._on_grown(widget))  # once the sheet has its new height

    def _on_grown(self, widget: QWidget) -> None:
        """It grows downwards, and no window manager brings it back onto the screen."""
        self._scroll.ensureWidgetVisible(widget, 0, 0)
        screen = self.screen().availableGeometry()
        below = self.frameGeometry().bottom() - screen.bottom()
        if self.isVisible() and below > 0:
            self.move(self.x(), max(screen.top(), self.y() - below))


class _Body(QScrollArea):
    """As high as its content needs at its width, up to the screen's height."""

    def __init__(self, content: QWidget, layout: QLayout, width: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._layout = layout
        self._width = width
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setWidget(content)

    def sizeHint(self) -> QSize:
        height = self._layout.totalHeightForWidth(self._width)
        if height < 0:  # nothing in it wraps
            height = self._layout.totalSizeHint().height()
        screen = self.screen() or QGuiApplication.primaryScreen()
        return QSize(self._width, min(height, screen.availableGeometry().height() - _CHROME))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


def facts_box(text: str, name: str, parent: QWidget, *, lines: int = 8) -> QPlainTextEdit:
    """Read-only text to select and copy, at most ``lines`` high; ``name`` is for screen readers."""
    box = QPlainTextEdit(text, parent)
    box.setReadOnly(True)
    box.setTabChangesFocus(True)
    box.setAccessibleName(name)
    box.setProperty("role", "facts")
    box.ensurePolished()
    metrics = box.fontMetrics()
    inside = _BODY_WIDTH - 4 * GRID
    needed = sum(1 + metrics.horizontalAdvance(line) // inside for line in text.split("\n"))
    box.setFixedHeight(metrics.lineSpacing() * min(lines, needed) + 3 * GRID)
    return box
