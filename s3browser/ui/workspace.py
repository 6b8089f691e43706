from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QByteArray, QPoint, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from s3browser.ui.actions import Actions
from s3browser.ui.banner import Banner
from s3browser.ui.browser.contents_pane import ContentsPane
from s3browser.ui.browser.deed_bar import DeedBar
from s3browser.ui.browser.path_bar import PathBar
from s3browser.ui.browser.places_model import PlacesModel
from s3browser.ui.browser.places_view import PlacesView
from s3browser.ui.connections.welcome import WelcomePage
from s3browser.ui.icons import icon
from s3browser.ui.theme import GRID

_SIDE_WIDTH = GRID * 29
_DETAILS_WIDTH = GRID * 35
_DETAILS_MIN_WIDTH = GRID * 26
_ROOM_FOR_DETAILS = GRID * 125  # of the window: with less, the names in the table would be cut
_FILTER_WIDTHS = GRID * 16, GRID * 26


class Workspace(QWidget):
    """What fills the window: places on the left, contents in the middle, a column at the right. Layout only.

    Where it gets narrow the column at the right goes, and comes back with the room.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.commands = Actions(self)
        self.places_model = PlacesModel(self)
        self.places = PlacesView(self.places_model, self)
        self.contents = ContentsPane(self)
        self.path_bar = PathBar(self)
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("Filter this folder")
        self.filter.setAccessibleName("Filter this folder")
        self.filter.setClearButtonEnabled(True)
        self.filter.addAction(icon("magnifying-glass"), QLineEdit.ActionPosition.LeadingPosition)
        self.filter.setMinimumWidth(_FILTER_WIDTHS[0])
        self.filter.setMaximumWidth(_FILTER_WIDTHS[1])
        self.info = QLabel(self)
        self.info.setProperty("role", "muted")
        self.info.setTextFormat(Qt.TextFormat.PlainText)
        self.welcome = WelcomePage(self)
        self.banner: Banner | None = None
        self._has_room = True
        self._took_details_away = False
        self._banners = QVBoxLayout()
        self._banners.setContentsMargins(0, 0, 0, 0)

        self._browse = QWidget(self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._browse)
        self._stack.addWidget(self.welcome)
        self._lay_out_browse()
        self._columns = QSplitter(Qt.Orientation.Horizontal, self)
        self._columns.setHandleWidth(1)
        self._columns.setChildrenCollapsible(False)
        self._columns.addWidget(self._side())
        self._columns.addWidget(self._middle())
        self._columns.setStretchFactor(1, 1)
        self._columns.setSizes([_SIDE_WIDTH, self.window().width() - _SIDE_WIDTH])
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._columns)
        self._order_tabs()
        self.path_bar.left.connect(self.contents.view.setFocus)
        self.contents.view.setFocus()
        self.addActions([action for action in vars(self.commands).values() if isinstance(action, QAction)])

    def add_details(self, details: QWidget) -> None:
        """Put the details at the right."""
        details.setMinimumWidth(_DETAILS_MIN_WIDTH)
        self._columns.addWidget(details)
        middle = self.window().width() - _SIDE_WIDTH - _DETAILS_WIDTH
        self._columns.setSizes([_SIDE_WIDTH, middle, _DETAILS_WIDTH])

    def add_transfers(self, transfers: QWidget) -> None:
        """Put the transfers below the contents."""
        self._rows.addWidget(transfers)
        self._rows.setStretchFactor(0, 1)
        self._order_tabs()

    def _order_tabs(self) -> None:
        """From left to right and from top to bottom; Qt’s own order is that of construction."""
        for before, after in pairwise([self._add_button, self.places, *self._tab_order]):
            self.setTabOrder(before, after)

    # -- layout ------------------------------------------------------------------------------

    def _side(self) -> QWidget:
        side = QFrame(self)
        side.setProperty("role", "side")
        side.setMinimumWidth(GRID * 22)
        heading = QLabel("PLACES", side)
        heading.setProperty("role", "section")
        self._add_button = _button(self.commands.add_connection, side, role="quiet", with_text=False)
        head = QHBoxLayout()
        head.setContentsMargins(GRID * 2, GRID * 2, GRID, 0)
        head.addWidget(heading, 1)
        head.addWidget(self._add_button)
        layout = QVBoxLayout(side)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addLayout(head)
        tree = QHBoxLayout()
        tree.setContentsMargins(GRID, 0, GRID, GRID)
        tree.addWidget(self.places)
        layout.addLayout(tree, 1)
        return side

    def _middle(self) -> QWidget:
        self._rows = QSplitter(Qt.Orientation.Vertical, self)
        self._rows.setHandleWidth(1)
        self._rows.setChildrenCollapsible(False)
        self._rows.addWidget(self._stack)
        return self._rows

    def _lay_out_browse(self) -> None:
        a = self.commands
        top = QHBoxLayout()
        top.setContentsMargins(GRID, GRID, GRID * 2, GRID)
        top.setSpacing(GRID // 2)
        ways = [
            _button(action, self._browse, role="quiet", with_text=False)
            for action in (a.back, a.forward, a.up, a.refresh)
        ]
        for way in ways:
            top.addWidget(way)
        top.addSpacing(GRID)
        top.addWidget(self.path_bar, 3)
        top.addWidget(self.filter, 2)
        details = _button(a.show_details, self._browse, role="quiet", with_text=False)
        top.addWidget(details)

        upload = _button(a.upload, self._browse, role="primary")
        a.upload.changed.connect(lambda: upload.setIcon(icon("upload-simple", "on_accent")))  # menus have it in grey
        more = QMenu(upload)
        more.addAction(a.upload)
        more.addAction(a.upload_folder)
        upload.setMenu(more)
        upload.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        # Delete never sits beside Download.
        others = [_button(action, self._browse, role="deed") for action in (a.download, a.new_folder, a.delete)]
        bar = DeedBar(upload, others, self.info, self._browse)

        path = self.path_bar.first_in_tab_order
        self._tab_order: list[QWidget] = [*ways, path, self.filter, details, upload, *others, self.contents.view]

        layout = QVBoxLayout(self._browse)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._banners)
        layout.addLayout(top)
        layout.addWidget(_hairline(self._browse))
        layout.addWidget(bar)
        layout.addWidget(_hairline(self._browse))
        layout.addWidget(self.contents, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        has_room = self.width() >= _ROOM_FOR_DETAILS
        if has_room == self._has_room:
            return
        self._has_room = has_room
        shown = self.commands.show_details
        if has_room:
            shown.setChecked(shown.isChecked() or self._took_details_away)
        else:  # somebody may still ask for them
            self._took_details_away = shown.isChecked()
            shown.setChecked(False)

    # -- what the controllers say --------------------------------------------------------------

    def show_welcome(self, is_first: bool) -> None:
        """Show the page for someone without a connection, or the browser."""
        self._stack.setCurrentWidget(self.welcome if is_first else self._browse)

    def show_banner(self, banner: Banner) -> None:
        """Show one banner over the contents; it takes the place of another."""
        self.hide_banner()
        self.banner = banner
        banner.closed.connect(self.contents.view.setFocus)
        self._banners.addWidget(banner)

    def add_banner(self, banner: Banner) -> None:
        """Show a banner that stays beside any other, until ``remove_banner``."""
        banner.closed.connect(self.contents.view.setFocus)
        self._banners.insertWidget(0, banner)

    def hide_banner(self) -> None:
        """Take the banner away."""
        if self.banner is not None:
            self.remove_banner(self.banner)
            self.banner = None

    def remove_banner(self, banner: Banner) -> None:
        """Delete a banner. The keyboard goes back to the contents, not to whatever button comes next."""
        if banner.isAncestorOf(self.window().focusWidget()):
            self.contents.view.setFocus()
        banner.hide()
        banner.deleteLater()

    def show_menu(self, actions: Sequence[QAction | None], at: QPoint) -> None:
        """Show a context menu at a point of the screen; None is a separator."""
        menu = QMenu(self)
        for action in actions:
            if action is None:
                menu.addSeparator()
            else:
                menu.addAction(action)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(at)

    def layout_state(self) -> dict[str, QByteArray]:
        """Where everything is, to be remembered."""
        return {
            "columns": self._columns.saveState(),
            "rows": self._rows.saveState(),
            "table": self.contents.view.column_state(),
        }

    def restore_layout(self, state: dict[str, QByteArray]) -> None:
        """Undo of ``layout_state``; what is missing or does not fit is ignored."""
        self._columns.restoreState(state.get("columns", QByteArray()))
        self._rows.restoreState(state.get("rows", QByteArray()))
        self.contents.view.restore_column_state(state.get("table", QByteArray()))


def _button(action: QAction, parent: QWidget, *, role: str = "", with_text: bool = True) -> QToolButton:
    button = QToolButton(parent)
    button.setDefaultAction(action)
    if role:
        button.setProperty("role", role)
    style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if with_text else Qt.ToolButtonStyle.ToolButtonIconOnly
    button.setToolButtonStyle(style)
    button.setAccessibleName(action.text().rstrip("…"))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _hairline(parent: QWidget) -> QFrame:
    line = QFrame(parent)
    line.setProperty("role", "hairline")
    line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return line
