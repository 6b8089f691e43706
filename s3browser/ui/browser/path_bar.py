from functools import partial
from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QStackedLayout,
    QToolButton,
    QWidget,
)

from s3browser.model.locations import S3Location, parse_location
from s3browser.ui.labels import tool_tip
from s3browser.ui.theme import GRID

_MAX_STEP_WIDTH = GRID * 28


class PathBar(QWidget):
    """Where one is: steps to click, or an address to type after a click beside them or Ctrl+L.

    Signals:
        location_chosen: an ``S3Location`` was clicked.
        location_typed: an ``S3Location`` was typed, folder or file.
        left: typing has ended, by Enter or Escape; the keyboard should go on to the contents.
    """

    location_chosen = Signal(object)
    location_typed = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._root_name = ""
        self._location = S3Location()
        self._steps = QWidget(self)
        self._steps_layout = QHBoxLayout(self._steps)
        self._steps_layout.setContentsMargins(0, 0, 0, 0)
        self._steps_layout.setSpacing(0)
        self._edit = QLineEdit(self)
        self._edit.setAccessibleName("Address")
        self._edit.setPlaceholderText("s3://bucket/folder/")
        self._edit.installEventFilter(self)
        self._edit.returnPressed.connect(self._on_return)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._steps)
        self._stack.addWidget(self._edit)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Path")

    def show_location(self, root_name: str, location: S3Location) -> None:
        """Show a location; ``root_name`` stands for the list of buckets (the connection's name)."""
        self._root_name, self._location = root_name, location
        self._rebuild()
        self._stack.setCurrentWidget(self._steps)

    def edit(self) -> None:
        """Let the address be typed."""
        self._show_problem("")
        self._edit.setText(str(self._location) if self._location.bucket else "s3://")
        self._stack.setCurrentWidget(self._edit)
        self._edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._edit.selectAll()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.edit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._rebuild()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Its own context menu takes the focus too, and gives it back.
        left = (
            isinstance(event, QFocusEvent) and event.lostFocus() and event.reason() != Qt.FocusReason.PopupFocusReason
        )
        escaped = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if watched is self._edit and escaped:
            self._leave()
        elif watched is self._edit and left:
            self._stack.setCurrentWidget(self._steps)
        return super().eventFilter(watched, event)

    def _on_return(self) -> None:
        try:
            location = parse_location(self._edit.text())
        except ValueError as problem:
            self._show_problem(str(problem))
            return
        self._show_problem("")
        self._leave()
        self.location_typed.emit(location)

    def _show_problem(self, problem: str) -> None:
        self._edit.setProperty("problem", bool(problem))
        self._edit.setToolTip(tool_tip(problem))
        self._edit.style().polish(self._edit)

    def _leave(self) -> None:
        self.left.emit()  # first: hiding the focus would pass it on to the first of the steps
        self._stack.setCurrentWidget(self._steps)

    def _rebuild(self) -> None:
        while (item := self._steps_layout.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()  # deleted later, but gone now
                old.deleteLater()
        steps = [S3Location(), *self._location.trail]
        buttons = [self._step(step, is_last=step == steps[-1]) for step in steps]
        hidden = _how_many_to_fold([button.sizeHint().width() + GRID * 2 for button in buttons], self.width())
        in_order: list[QWidget] = [self._edit, *buttons[hidden:]]
        if hidden:
            folded = self._folded(steps[:hidden])
            self._steps_layout.addWidget(folded)
            in_order.insert(1, folded)
        for button in buttons[:hidden]:
            button.hide()
            button.deleteLater()
        for number, button in enumerate(buttons[hidden:]):
            if number or hidden:
                self._steps_layout.addWidget(self._mark())
            self._steps_layout.addWidget(button)
        self._steps_layout.addStretch(1)
        for before, after in pairwise(in_order):
            QWidget.setTabOrder(before, after)  # new widgets come last otherwise

    @property
    def first_in_tab_order(self) -> QWidget:
        """The first widget of the bar for the Tab key; the others follow it."""
        return self._edit

    def _name(self, step: S3Location) -> str:
        return step.label if step.bucket else self._root_name

    def _step(self, step: S3Location, *, is_last: bool) -> QToolButton:
        button = QToolButton(self._steps)
        button.setProperty("role", "quiet")
        font = button.font()
        font.setBold(is_last)
        button.setFont(font)
        name = self._name(step)
        text = button.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _MAX_STEP_WIDTH)
        button.setText(text.replace("&", "&&"))
        button.setAccessibleName(f"Go to {name}")
        button.clicked.connect(partial(self._on_step_clicked, step))
        return button

    def _on_step_clicked(self, step: S3Location) -> None:
        self.location_chosen.emit(step)

    def _folded(self, steps: list[S3Location]) -> QToolButton:
        button = QToolButton(self._steps)
        button.setProperty("role", "quiet")
        button.setText("…")
        button.setAccessibleName("Folders above")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for step in steps:
            menu.addAction(self._name(step).replace("&", "&&"), partial(self._on_step_clicked, step))
        button.setMenu(menu)
        return button

    def _mark(self) -> QLabel:
        mark = QLabel("›", self._steps)
        mark.setProperty("role", "muted")
        return mark


def _how_many_to_fold(widths: list[int], room: int) -> int:
    """How many steps from the left have to hide so that the rest, the last one at least, fits."""
    hidden = 0
    while hidden < len(widths) - 1 and sum(widths[hidden:]) + (GRID * 5 if hidden else 0) > room:
        hidden += 1
    return hidden
