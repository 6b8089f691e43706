from collections.abc import Sequence

from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
    QWidget,
)

from s3browser.model.conflicts import RULES
from s3browser.ui.dialogs.conflict_model import AnyIndex, ConflictFace, ConflictModel, ConflictRole
from s3browser.ui.icons import icon
from s3browser.ui.labels import tool_tip
from s3browser.ui.one_column import as_list
from s3browser.ui.theme import GRID, current_colours

_ICON = 2 * GRID
_CARET = 3 * GRID // 2
_LINE_GAP = 2
_SHOWN = 5  # rows at most; the others scroll
_MENU_KEYS = (Qt.Key.Key_Space, Qt.Key.Key_F2)  # Enter is the sheet’s: it does what the default button says


class ConflictDelegate(QStyledItemDelegate):
    """Paints a name with both sides’ facts below it, and at its end what is done with it."""

    @staticmethod
    def row_height(metrics: QFontMetrics) -> int:
        """The height of every row, in px: two lines of text."""
        return 2 * metrics.height() + _LINE_GAP + 3 * GRID // 2

    def choice_area(self, option: QStyleOptionViewItem) -> QRect:
        """Where a row painted with ``option`` has its rule; a click there opens the menu."""
        return QStyle.visualRect(option.direction, option.rect, self._choice(option))

    @staticmethod
    def _choice(option: QStyleOptionViewItem) -> QRect:
        bold = QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        metrics = QFontMetrics(bold)
        width = max(metrics.horizontalAdvance(rule.title) for rule in RULES) + _CARET + 3 * GRID
        return QRect(option.rect.right() + 1 - width, option.rect.top(), width, option.rect.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        face = index.data(ConflictRole.FACE)
        if not isinstance(face, ConflictFace):
            return
        colours, line = current_colours(), option.fontMetrics.height()
        row, choice = option.rect, self._choice(option)
        top = row.top() + (row.height() - 2 * line - _LINE_GAP) // 2
        left = row.left() + GRID + _ICON + GRID
        words = QRect(left, top, choice.left() - left - GRID, line)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # a name runs the way its letters do
        _paint_ground(painter, option)
        picture = QRect(row.left() + GRID, row.top() + (row.height() - _ICON) // 2, _ICON, _ICON)
        icon(face.kind.icon, face.kind.colour).paint(painter, QStyle.visualRect(option.direction, row, picture))
        middle, right = Qt.TextElideMode.ElideMiddle, Qt.TextElideMode.ElideRight
        _paint_text(painter, option, words, face.name, colours.text, middle)
        _paint_text(painter, option, words.translated(0, line + _LINE_GAP), face.facts, colours.muted, right)
        caret = QRect(0, 0, _CARET, _CARET)
        caret.moveCenter(choice.center())
        caret.moveRight(choice.right() - GRID)
        icon("caret-down").paint(painter, QStyle.visualRect(option.direction, row, caret))
        if face.is_own:
            font = painter.font()
            font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
        title = choice.adjusted(GRID, 0, -_CARET - GRID, 0)
        _paint_text(painter, option, title, face.choice, colours.text if face.is_own else colours.muted, right)
        painter.restore()

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: AnyIndex
    ) -> bool:
        face = index.data(ConflictRole.FACE)
        if event.type() is not QEvent.Type.ToolTip or not isinstance(face, ConflictFace):
            return super().helpEvent(event, view, option, index)
        QToolTip.showText(event.globalPos(), tool_tip(f"{face.name}\n{face.facts}"), view.viewport())
        return True


def _paint_ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    colours = current_colours()
    selected = option.state & QStyle.StateFlag.State_Selected
    if selected or option.state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(option.rect, QColor(colours.selection if selected else colours.hover))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if option.state & QStyle.StateFlag.State_HasFocus:
        painter.setPen(QPen(QColor(colours.accent), 1))
        painter.drawRect(option.rect.adjusted(0, 0, -1, -1))


def _paint_text(
    painter: QPainter, option: QStyleOptionViewItem, area: QRect, text: str, colour: str, elide: Qt.TextElideMode
) -> None:
    painter.setPen(QColor(colour))
    shown = painter.fontMetrics().elidedText(text, elide, area.width())
    flags = QStyle.visualAlignment(option.direction, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    place = QStyle.visualRect(option.direction, option.rect, area)
    painter.drawText(place, int(flags) | int(Qt.TextFlag.TextSingleLine), shown)


class ConflictList(QTableView):
    """The names that are there already, where each can get a rule of its own. No widget a row: there may be 50,000.

    A click on a row’s rule, Space, F2 or the menu key opens the rules for every selected row. A table of one column,
    since a QListView would lay out every row at each change.
    """

    def __init__(self, model: ConflictModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._rules = model
        self._delegate = ConflictDelegate(self)
        self.setProperty("role", "card")
        self.setAccessibleName("Files that are there already")
        self.setAccessibleDescription("Space chooses what to do with the selected files.")
        self.setItemDelegate(self._delegate)
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        as_list(self)
        self._fit_rows()

    def selected_rows(self) -> Sequence[int]:
        """The selected rows, from top to bottom."""
        selection = self.selectionModel().selection()
        ranges = [selection.at(number) for number in range(selection.count())]
        return sorted(row for each in ranges for row in range(each.top(), each.bottom() + 1))

    def rules_menu(self) -> QMenu:
        """The rules, for the selected rows; the caller shows it."""
        rows = self.selected_rows()
        menu = QMenu(self)
        group = QActionGroup(menu)
        current = {self._rules.rule_at(row).title for row in rows}
        for rule in RULES:
            action = QAction(rule.title, group)
            action.setCheckable(True)
            action.setChecked(current == {rule.title})
            action.triggered.connect(lambda _=False, rule=rule: self._rules.set_own(rows, rule))
            menu.addAction(action)
        menu.addSeparator()
        back = menu.addAction("As for all", lambda: self._rules.set_own(rows, None))
        back.setEnabled(self._rules.own_count > 0)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    # -- Qt's side ---------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _MENU_KEYS and self.selected_rows():
            self._open_menu(self._menu_corner(self.currentIndex().row()))
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._choice_at(event.position().toPoint())
        is_plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if event.button() is not Qt.MouseButton.LeftButton or row is None or not is_plain:
            super().mousePressEvent(event)
            return
        if row not in self.selected_rows():
            only = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.selectionModel().setCurrentIndex(self._rules.index(row, 0), only)
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._open_menu(self._menu_corner(row))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.selected_rows():
            self._open_menu(event.globalPos())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_rows()

    # -- within ------------------------------------------------------------------------------

    def _open_menu(self, at: QPoint) -> None:
        self.rules_menu().popup(at)

    def _option(self, row: int) -> QStyleOptionViewItem:
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        option.rect = self.visualRect(self._rules.index(row, 0))
        return option

    def _choice_at(self, point: QPoint) -> int | None:
        """The row whose rule is at a point of the viewport, or None."""
        row = self.rowAt(point.y())
        return row if row >= 0 and self._delegate.choice_area(self._option(row)).contains(point) else None

    def _menu_corner(self, row: int) -> QPoint:
        area = self._delegate.choice_area(self._option(row))
        corner = area.bottomLeft() if self.layoutDirection() is Qt.LayoutDirection.LeftToRight else area.bottomRight()
        return self.viewport().mapToGlobal(corner)

    def _fit_rows(self) -> None:
        height = ConflictDelegate.row_height(self.fontMetrics())
        if self.verticalHeader().defaultSectionSize() != height:  # each time Qt goes through all the rows
            self.verticalHeader().setDefaultSectionSize(height)
        self.setFixedHeight(min(self._rules.rowCount(), _SHOWN) * height + 2 * self.frameWidth())

    def sizeHint(self) -> QSize:
        return QSize(40 * GRID, self.minimumHeight())
