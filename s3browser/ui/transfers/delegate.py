from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from s3browser.ui.icons import icon
from s3browser.ui.labels import tool_tip
from s3browser.ui.theme import GRID, current_colours
from s3browser.ui.transfers.faces import Action, Face
from s3browser.ui.transfers.model import FaceRole

AnyIndex = QModelIndex | QPersistentModelIndex

_ICON = GRID * 2
BUTTON = GRID * 3 + GRID // 2
"""The least width and the height of a painted button, in px."""
_BAR = 6
_ICONS: Mapping[Action, str] = {
    Action.PAUSE: "pause",
    Action.RESUME: "play",
    Action.CANCEL: "x",
}  # the others are painted as words


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the parts of one row are painted, in the view's coordinates."""

    picture: QRect
    name: QRect
    facts: QRect
    second: QRect
    buttons: tuple[tuple[Action, QRect], ...]


class TransferDelegate(QStyledItemDelegate):
    """Paints a row from its ``Face``: no widget a row, so that 100,000 rows cost what is visible.

    The buttons are painted too; ``button_at`` says which one a point hits, ``hovered`` which one lights up.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.hovered: tuple[int, Action] | None = None

    @staticmethod
    def row_height(metrics: QFontMetrics) -> int:
        """The height of every row, in px: two lines of text, or one and a bar."""
        return max(GRID * 5, metrics.height() * 2 + GRID)

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(GRID * 40, self.row_height(option.fontMetrics))

    def button_at(self, option: QStyleOptionViewItem, face: Face, point: QPoint) -> Action | None:
        """The button of a row painted with ``option`` that ``point`` hits, or None."""
        return next((action for action, area in self._places(option, face).buttons if area.contains(point)), None)

    def button_area(self, option: QStyleOptionViewItem, face: Face, action: Action) -> QRect:
        """Where a row painted with ``option`` has that button; an empty rectangle if it has not."""
        return next((area for each, area in self._places(option, face).buttons if each is action), QRect())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        face = index.data(FaceRole)
        if not isinstance(face, Face):
            return
        colours = current_colours()
        places = self._places(option, face)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # A name runs the way its letters do, and our English from left to right even in a mirrored window.
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        self._paint_ground(painter, option)
        icon(face.picture, face.colour).paint(painter, places.picture)
        self._paint_text(
            painter, option, places.name, face.name, getattr(colours, face.name_colour), Qt.TextElideMode.ElideMiddle
        )
        facts = Qt.AlignmentFlag.AlignLeft if face.is_sentence else Qt.AlignmentFlag.AlignRight
        self._paint_text(painter, option, places.facts, face.facts, colours.muted, Qt.TextElideMode.ElideRight, facts)
        if face.problem:
            colour = getattr(colours, face.colour)
            self._paint_text(painter, option, places.second, face.problem, colour, Qt.TextElideMode.ElideRight)
        elif face.progress is not None:
            self._paint_bar(painter, option, places.second, face.progress, getattr(colours, face.colour))
        for action, area in places.buttons:
            self._paint_button(painter, option, index.row(), action, area)
        painter.restore()

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: AnyIndex
    ) -> bool:
        face = index.data(FaceRole)
        if event.type() is not QEvent.Type.ToolTip or not isinstance(face, Face):
            return super().helpEvent(event, view, option, index)
        action = self.button_at(option, face, event.pos())
        text = action.value if action else face.whole
        QToolTip.showText(event.globalPos(), tool_tip(text), view.viewport())
        return True

    # -- layout ------------------------------------------------------------------------------

    def _places(self, option: QStyleOptionViewItem, face: Face) -> _Places:
        """Laid out from left to right, then mirrored where people read the other way."""
        metrics = option.fontMetrics
        row = option.rect.adjusted(GRID * 2, 0, -(GRID // 2) - _room_for_scroll_bar(option), 0)
        right = row.right() + 1
        buttons: list[tuple[Action, QRect]] = []
        for action in reversed(face.actions):
            width = BUTTON if action in _ICONS else metrics.horizontalAdvance(action.value) + GRID * 2
            right -= width
            top = row.top() + (row.height() - BUTTON) // 2
            buttons.insert(0, (action, QRect(right, top, width, BUTTON)))
        right -= GRID
        left = row.left() + _ICON + GRID
        has_text_below = bool(face.problem) or face.is_sentence
        two_lines = has_text_below or face.progress is not None
        line = metrics.height()
        second_height = line if has_text_below else _BAR
        gap = 0 if has_text_below else GRID // 2
        top = row.top() + (row.height() - (line + gap + second_height if two_lines else line)) // 2
        second = QRect(left, top + line + gap, max(0, right - left), second_height)
        if face.is_sentence:
            name, facts = second.translated(0, -line), second
        else:
            facts_width = min(metrics.horizontalAdvance(face.facts) + 1, (right - left) * 2 // 3) if face.facts else 0
            facts = QRect(right - facts_width, top, facts_width, line)
            name = QRect(left, top, max(0, facts.left() - left - (GRID * 2 if facts_width else 0)), line)
        picture = QRect(row.left(), row.top() + (row.height() - _ICON) // 2, _ICON, _ICON)

        def mirrored(area: QRect) -> QRect:
            return QStyle.visualRect(option.direction, option.rect, area)

        return _Places(
            mirrored(picture),
            mirrored(name),
            mirrored(facts),
            mirrored(second),
            tuple((action, mirrored(area)) for action, area in buttons),
        )

    # -- paint -------------------------------------------------------------------------------

    @staticmethod
    def _paint_ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
        colours = current_colours()
        selected = option.state & QStyle.StateFlag.State_Selected
        if selected or option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, QColor(colours.selection if selected else colours.hover))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(colours.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5))

    @staticmethod
    def _paint_text(
        painter: QPainter,
        option: QStyleOptionViewItem,
        area: QRect,
        text: str,
        colour: str,
        elide: Qt.TextElideMode,
        alignment: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:
        painter.setPen(QColor(colour))
        shown = option.fontMetrics.elidedText(text, elide, area.width())
        flags = QStyle.visualAlignment(option.direction, alignment | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(area, int(flags) | int(Qt.TextFlag.TextSingleLine), shown)

    @staticmethod
    def _paint_bar(painter: QPainter, option: QStyleOptionViewItem, area: QRect, progress: float, colour: str) -> None:
        colours = current_colours()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.track))
        painter.drawRoundedRect(area, _BAR / 2, _BAR / 2)
        if progress <= 0:
            return
        done = QRect(area.left(), area.top(), max(_BAR, round(area.width() * min(progress, 1.0))), area.height())
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(QStyle.visualRect(option.direction, area, done), _BAR / 2, _BAR / 2)

    def _paint_button(
        self, painter: QPainter, option: QStyleOptionViewItem, row: int, action: Action, area: QRect
    ) -> None:
        colours = current_colours()
        lit = self.hovered == (row, action)
        if lit:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.track))
            painter.drawRoundedRect(area, 6, 6)
        if action in _ICONS:
            picture = QRect(0, 0, _ICON, _ICON)
            picture.moveCenter(area.center())
            icon(_ICONS[action], "muted").paint(painter, picture)
        else:
            # On the selection's ground the plain accent would have too little contrast.
            strong = lit or option.state & QStyle.StateFlag.State_Selected
            painter.setPen(QColor(colours.accent_hover if strong else colours.accent))
            painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine), action.value)


def _room_for_scroll_bar(option: QStyleOptionViewItem) -> int:
    """What the rows leave free at their end, in px: the buttons stay where they are when the scroll bar appears."""
    view = option.widget
    bar = view.verticalScrollBar() if isinstance(view, QAbstractItemView) else None
    return bar.sizeHint().width() if bar is not None and not bar.isVisible() else 0
