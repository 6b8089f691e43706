from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from s3browser.ui.icons import icon
from s3browser.ui.theme import GRID


class Fold(QWidget):
    """A line that unfolds what few people need: “Technical details”, “Advanced”.

    Signals:
        toggled: unfolded, or folded again.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = QToolButton(self)
        self.button.setText(title)
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setProperty("role", "fold")
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.content = content
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.button)
        layout.addWidget(content)
        self.button.toggled.connect(self._on_toggled)
        self._on_toggled(False)
        self._order_tabs()

    def set_open(self, is_open: bool) -> None:
        """Unfold or fold."""
        self.button.setChecked(is_open)

    def _order_tabs(self) -> None:
        """The line comes before what it unfolds, which was made before it."""
        before: QWidget = self.button
        for each in (self.content, *self.content.findChildren(QWidget)):
            if each.focusPolicy() & Qt.FocusPolicy.TabFocus and each.window() is self.window():  # not a pop-up
                self.setTabOrder(before, each)
                before = each

    @Slot(bool)
    def _on_toggled(self, is_open: bool) -> None:
        self.content.setVisible(is_open)
        ahead = "caret-right" if self.layoutDirection() is Qt.LayoutDirection.LeftToRight else "caret-left"
        self.button.setIcon(icon("caret-down" if is_open else ahead))
        self.toggled.emit(is_open)
