"""Colours and the style sheet, light and dark. The one place that names a colour."""

from dataclasses import asdict, dataclass

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

GRID = 8  # px; every distance is a multiple or half of it


@dataclass(frozen=True, slots=True)
class Colours:
    """Colours by meaning, each ``#rrggbb``; every text colour has a contrast of 4.5:1 or more on its ground."""

    ground: str
    side: str
    raised: str
    hairline: str
    hover: str
    selection: str
    text: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    track: str
    danger: str
    danger_hover: str
    on_danger: str
    warning: str
    warning_ground: str
    success: str
    folder: str
    image: str
    document: str
    sheet: str
    slides: str
    media: str
    archive: str


LIGHT = Colours(
    ground="#ffffff",
    side="#f3f4f6",
    raised="#ffffff",
    hairline="#dfe2e7",
    hover="#eceef2",
    selection="#dfebfb",
    text="#16191f",
    muted="#5b6472",
    accent="#1d66d6",
    accent_hover="#1857b8",
    on_accent="#ffffff",
    track="#e2e5ea",
    danger="#c02626",
    danger_hover="#a01f1f",
    on_danger="#ffffff",
    warning="#8a5300",
    warning_ground="#fff4dc",
    success="#187a3c",
    folder="#d18b11",
    image="#1a8754",
    document="#c0392b",
    sheet="#17834a",
    slides="#c2571a",
    media="#6d45c9",
    archive="#b4581a",
)

DARK = Colours(
    ground="#1b1d24",
    side="#14161b",
    raised="#22252d",
    hairline="#2f333d",
    hover="#262a33",
    selection="#20385f",
    text="#e7e9ee",
    muted="#9ba4b3",
    accent="#5b9cff",
    accent_hover="#7db0ff",
    on_accent="#0b1a33",
    track="#32363f",
    danger="#ff7b72",
    danger_hover="#ff9a93",
    on_danger="#2b0806",
    warning="#f2c265",
    warning_ground="#352a12",
    success="#5fd38d",
    folder="#e6b04a",
    image="#4fc98d",
    document="#ff7b72",
    sheet="#4fc98d",
    slides="#f0945a",
    media="#a98bf5",
    archive="#ef9a56",
)


class Theme(QObject):
    """Follows the system's light or dark and dresses the application in it. Lives on the window's thread."""

    def __init__(self, app: QApplication, scheme: Qt.ColorScheme = Qt.ColorScheme.Unknown) -> None:
        """``scheme`` other than Unknown is kept whatever the system says."""
        super().__init__(app)
        self._app = app
        self._scheme = scheme
        if app.style().name() != "fusion":  # the one that takes a palette and a style sheet alike on all three systems
            app.setStyle("Fusion")
        self._is_dressed = False
        self._apply()
        app.styleHints().colorSchemeChanged.connect(self._apply)

    @property
    def is_dark(self) -> bool:
        """Whether the person, or else the system, asks for dark."""
        asked = self._scheme if self._scheme is not Qt.ColorScheme.Unknown else self._app.styleHints().colorScheme()
        return asked is Qt.ColorScheme.Dark

    def set_scheme(self, scheme: Qt.ColorScheme) -> None:
        """Choose light or dark; Unknown follows the system."""
        self._scheme = scheme
        self._apply()

    def dress(self) -> None:
        """Put the style sheet and the font on, too: the first moment of an empty window does with the palette."""
        self._is_dressed = True
        _prefer_inter(self._app)
        self._apply()

    @Slot()
    def _apply(self) -> None:
        colours = DARK if self.is_dark else LIGHT
        self._app.setPalette(_palette(colours))
        if self._is_dressed:
            self._app.setStyleSheet(_style_sheet(colours))


def _prefer_inter(app: QApplication) -> None:
    """Where no desktop names a font (plain X11), Inter reads better than the fallback, if it is installed."""
    if app.font().family() in ("Sans Serif", "DejaVu Sans") and QFontDatabase.hasFamily("Inter"):
        app.setFont(QFont("Inter", 10))


def current_colours() -> Colours:
    """The colours that the application wears now, read from its palette."""
    return DARK if QApplication.palette().window().color().lightness() < 128 else LIGHT


def _palette(c: Colours) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, colour in {
        role.Window: c.ground,
        role.Base: c.ground,
        role.AlternateBase: c.side,
        role.Button: c.raised,
        role.ToolTipBase: c.raised,
        role.WindowText: c.text,
        role.Text: c.text,
        role.ButtonText: c.text,
        role.ToolTipText: c.text,
        role.PlaceholderText: c.muted,
        role.Highlight: c.selection,
        role.HighlightedText: c.text,
        role.Link: c.accent,
        role.Accent: c.accent,
        role.Mid: c.hairline,
        role.Dark: c.hairline,
        role.Light: c.raised,
    }.items():
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        dimmed = QColor(c.muted)
        dimmed.setAlphaF(0.6)
        palette.setColor(QPalette.ColorGroup.Disabled, which, dimmed)
    return palette


def _style_sheet(c: Colours) -> str:
    sheet = _SHEET
    for name, value in asdict(c).items():
        sheet = sheet.replace(f"@{name};", f"{value};")
    return sheet


# "@name;" stands for a colour. Widgets opt in by class, by object name or by the dynamic property "role".
_SHEET = """
QToolTip { color: @text; background: @raised; border: 1px solid @hairline; padding: 4px 6px; }
QMenu { background: @raised; border: 1px solid @hairline; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 4px; }
QMenu::item:selected { background: @selection; }
QMenu::item:disabled { color: @muted; }
QMenu::separator { height: 1px; background: @hairline; margin: 4px 8px; }
QSplitter::handle { background: @hairline; }

QTreeView, QTableView { background: @ground; border: none; outline: 0; selection-background-color: @selection; }
QTreeView::item, QTableView::item { border: none; padding: 0 4px; }
QTreeView::item:hover { background: @hover; }
QTreeView::item:focus { border: 1px solid @accent; }
QTreeView::item:selected, QTableView::item:selected { background: @selection; color: @text; }
QHeaderView { background: @ground; border: none; }
QHeaderView::section { background: @ground; color: @muted; border: none; border-bottom: 1px solid @hairline;
    padding: 6px 8px; font-weight: 500; }
QHeaderView::section:hover { color: @text; }

QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QTextEdit { background: @raised; border: 1px solid @hairline;
    border-radius: 6px; padding: 5px 8px; selection-background-color: @accent; selection-color: @on_accent; }
QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
    border: 1px solid @accent; }
QAbstractSpinBox { padding: 5px 28px 5px 8px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: none; background: transparent; width: 24px; }
QAbstractSpinBox::up-button { subcontrol-origin: border; subcontrol-position: top right; margin: 3px 2px 0 0; }
QAbstractSpinBox::down-button { subcontrol-origin: border; subcontrol-position: bottom right; margin: 0 2px 3px 0; }
QAbstractSpinBox::up-arrow, QAbstractSpinBox::down-arrow { image: none; }
QLineEdit:disabled, QComboBox:disabled { color: @muted; background: @side; }
QLineEdit[problem="true"] { border: 1px solid @danger; }
QComboBox { padding: 5px 10px; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: none; }
QComboBox QAbstractItemView { background: @raised; border: 1px solid @hairline;
    selection-background-color: @selection; }

QCheckBox { spacing: 8px; padding: 2px 0; outline: 0; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid @muted; border-radius: 4px; background: @raised; }
QCheckBox::indicator:hover, QCheckBox::indicator:focus { border-color: @accent; }
QCheckBox::indicator:checked { border-color: @accent; background: @accent; }
QRadioButton { spacing: 8px; }
QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid @muted; border-radius: 8px;
    background: @raised; }
QRadioButton::indicator:hover, QRadioButton::indicator:focus { border-color: @accent; }
QRadioButton::indicator:checked { width: 6px; height: 6px; border: 5px solid @accent; background: @on_accent; }

QPushButton { background: @raised; border: 1px solid @hairline; border-radius: 6px;
    padding: 6px 14px; min-height: 18px; outline: 0; }
QPushButton:hover { background: @hover; }
QPushButton:focus { border: 1px solid @accent; }
QPushButton:disabled { color: @muted; background: @side; }
QPushButton[role="primary"] { background: @accent; border: 1px solid @accent; color: @on_accent; font-weight: 600; }
QPushButton[role="primary"]:hover { background: @accent_hover; border-color: @accent_hover; }
QPushButton[role="primary"]:disabled { background: @track; border-color: @track; color: @muted; }
QPushButton[role="danger"] { background: @danger; border: 1px solid @danger; color: @on_danger; font-weight: 600; }
QPushButton[role="danger"]:hover { background: @danger_hover; border-color: @danger_hover; }
QPushButton[role="danger"]:disabled { background: @track; border-color: @track; color: @muted; }
QPushButton[role="primary"]:focus, QPushButton[role="danger"]:focus { border: 1px solid @text; }
QPushButton[role="link"] { background: transparent; border: none; color: @accent; padding: 2px 4px; text-align: left; }
QPushButton[role="link"]:hover { text-decoration: underline; }

QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 6px 10px; }
QToolButton:hover { background: @hover; }
QToolButton:pressed, QToolButton:checked { background: @selection; }
QToolButton:focus { border: 1px solid @accent; }
QToolButton:disabled { color: @muted; }
QToolButton[role="primary"] { background: @accent; color: @on_accent; font-weight: 600;
    padding: 6px 6px 6px 14px; }
QToolButton[role="primary"]:hover { background: @accent_hover; }
QToolButton[role="primary"]:focus { border: 1px solid @text; }
QToolButton[role="primary"]:disabled { background: @track; color: @muted; }
QToolButton[role="quiet"] { padding: 4px; }
QToolButton[role="deed"] { padding: 6px 3px 6px 10px; }
QToolButton[role="fold"] { color: @muted; padding: 3px 6px 3px 0; }
QToolButton[role="fold"]:hover { color: @text; background: transparent; }
QToolButton[role="fold"]:checked { background: transparent; }
QToolButton::menu-indicator { image: none; }

QProgressBar { background: @track; border: none; border-radius: 3px; min-height: 6px; max-height: 6px; }
QProgressBar::chunk { background: @accent; border-radius: 3px; }

QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: @track; border-radius: 4px; margin: 2px; min-height: 28px; min-width: 28px; }
QScrollBar::handle:hover { background: @muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: none; }

QLabel[role="title"] { font-size: 20px; font-weight: 600; }
QLabel[role="heading"] { font-size: 15px; font-weight: 600; }
QLabel[role="section"] { color: @muted; font-size: 11px; font-weight: 600; }
QLabel[role="muted"] { color: @muted; }
QLabel[role="danger"] { color: @danger; }
QLabel[role="success"] { color: @success; }
QLabel[role="warning"] { color: @warning; }
QPlainTextEdit[role="facts"] { background: @side; color: @text; font-size: 12px; }
QPlainTextEdit[role="page"] { background: @side; border: none; border-radius: 8px; padding: 0; font-size: 11px; }

QTreeView[role="card"] { background: @raised; border: 1px solid @hairline; border-radius: 8px; padding: 4px; }
QTreeView[role="card"]::item { padding: 3px 4px; }
QFrame[role="side"], QTreeView[role="side"] { background: @side; }
QTreeView[role="side"]::item { padding: 3px 4px; border-radius: 4px; }
QProgressBar[role="strip"] { background: transparent; border-radius: 0; min-height: 2px; max-height: 2px; }
QProgressBar[role="strip"]::chunk { border-radius: 0; }
QFrame[role="hairline"] { background: @hairline; border: none; max-height: 1px; min-height: 1px; }
QFrame[role="card"] { background: @raised; border: 1px solid @hairline; border-radius: 8px; }
QFrame[role="banner"] { border: none; border-bottom: 1px solid @hairline; }
QFrame[role="banner"][colour="warning"] { background: @warning_ground; }
QFrame[role="banner"][colour="warning"] QLabel { color: @warning; background: transparent; }
QFrame[role="banner"][colour="success"] { background: @side; }
QFrame[role="drop"] { background: transparent; border: 2px solid @accent; border-radius: 8px; }
QLabel[role="drop"] { background: @accent; color: @on_accent; border-radius: 6px; padding: 6px 14px; font-weight: 600; }
"""
