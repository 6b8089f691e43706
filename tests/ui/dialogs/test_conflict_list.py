"""The list of names that are there already: rules for all and for some."""

import pytest
from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QStyleOptionViewItem, QToolTip, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from s3browser.model.conflicts import KEEP_BOTH, REPLACE, REPLACE_IF_NEWER, RULES, SKIP, settled
from s3browser.model.transfers import Conflict, Direction, Plan
from s3browser.ui.dialogs.conflict_list import ConflictDelegate, ConflictList
from s3browser.ui.dialogs.conflict_model import ConflictFace, ConflictModel, ConflictRole, Tally, comparison
from tests.ui.accessibility import accessible_name, nameless
from tests.ui.dialogs.plans import BASE, conflict, download

CONFLICTS = (conflict("a.pdf"), conflict("sub/b.pdf", days=-1), conflict("c.pdf"), conflict("d", blocked=True))


@pytest.fixture
def model(window: QWidget) -> ConflictModel:
    return ConflictModel(CONFLICTS, BASE, window)


@pytest.fixture
def shown(model: ConflictModel, window: QWidget, qtbot: QtBot) -> ConflictList:
    view = ConflictList(model, window)
    view.setFixedWidth(590)
    view.show()
    window.activateWindow()
    view.setFocus()
    qtbot.waitUntil(view.hasFocus)
    return view


@pytest.fixture
def opened(shown: ConflictList, monkeypatch: pytest.MonkeyPatch) -> list[QPoint]:
    """Where menus were opened; a platform without a screen has no pop-ups."""
    at: list[QPoint] = []
    monkeypatch.setattr(ConflictList, "_open_menu", lambda _, point: at.append(point))
    return at


def face(model: ConflictModel, row: int) -> ConflictFace:
    found = model.index(row, 0).data(ConflictRole.FACE)
    assert isinstance(found, ConflictFace)
    return found


def rules(model: ConflictModel) -> list[str]:
    return [face(model, row).choice for row in range(model.rowCount())]


def pick(view: ConflictList, row: int) -> None:
    """Select one row, whatever keys an earlier test held down."""
    only = QItemSelectionModel.SelectionFlag.ClearAndSelect
    view.selectionModel().setCurrentIndex(view.model().index(row, 0), only)


def choose(view: ConflictList, text: str) -> None:
    """Choose in the menu of the selected rows."""
    next(action for action in view.rules_menu().actions() if action.text() == text).trigger()


def center(view: ConflictList, row: int, *, of_choice: bool) -> QPoint:
    option = QStyleOptionViewItem()
    view.initViewItemOption(option)
    option.rect = view.visualRect(view.model().index(row, 0))
    delegate = view.itemDelegate()
    assert isinstance(delegate, ConflictDelegate)
    return delegate.choice_area(option).center() if of_choice else option.rect.topLeft() + QPoint(60, 10)


class TestModel:
    def test_keeps_qts_rules(self, model: ConflictModel, qtmodeltester: ModelTester) -> None:
        qtmodeltester.check(model)  # type: ignore[no-untyped-call]
        assert model.index(0, 0).data(Qt.ItemDataRole.DecorationRole) is None
        assert model.data(QModelIndex()) is None

    def test_a_row_says_what_is_known_of_both(self, model: ConflictModel) -> None:
        first = face(model, 0)
        assert (first.name, first.choice, first.is_own) == ("a.pdf", "Keep both", False)
        assert first.facts == "There: 500 bytes, 1 Mar 2026 · New: 1 KB, 2 Mar 2026"
        assert face(model, 1).name == "sub/b.pdf"
        assert model.index(1, 0).data() == "sub/b.pdf"
        said = model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
        assert said == f"a.pdf. Keep both. {first.facts}"

    def test_a_download_is_named_as_on_this_computer(self, window: QWidget) -> None:
        item = download("x/sub/a", "sub/a")
        model = ConflictModel([Conflict(item, item)], "", window)
        assert face(model, 0).name == "sub/a"
        assert face(model, 0).facts == "New: 1 KB"
        assert comparison(Conflict(item, item)) == "New: 1 KB"

    def test_a_rule_for_all_leaves_alone_what_has_its_own(self, model: ConflictModel, qtbot: QtBot) -> None:
        with qtbot.waitSignals([model.rules_changed, model.dataChanged]):
            model.set_own([2], SKIP)
        model.set_rule(REPLACE)
        assert rules(model) == ["Replace", "Replace", "Skip", "Replace"]
        assert [face(model, row).is_own for row in range(4)] == [False, False, True, False]
        assert (model.rule, model.own_count) == (REPLACE, 1)
        model.set_own([2, 3], None)
        assert rules(model) == ["Replace"] * 4
        model.set_own([0], SKIP)
        model.clear_own()
        assert (rules(model), model.own_count) == (["Replace"] * 4, 0)

    def test_counts_what_comes_of_them(self, model: ConflictModel) -> None:
        assert model.tally() == Tally(kept=4, size_bytes=4000)
        model.set_rule(REPLACE)
        assert model.tally() == Tally(replaced=3, impossible=1, size_bytes=3000)
        model.set_rule(REPLACE_IF_NEWER)
        assert model.tally() == Tally(replaced=2, left=1, impossible=1, size_bytes=2000)
        assert model.tally().moved == 2
        model.set_own([0, 3], KEEP_BOTH)
        model.set_own([1], REPLACE)
        assert model.tally() == Tally(kept=2, replaced=2, size_bytes=4000)

    def test_settles_a_plan_by_the_rules_of_its_rows(self, model: ConflictModel) -> None:
        model.set_rule(SKIP)
        model.set_own([0], REPLACE)
        model.set_own([2], KEEP_BOTH)
        plan = settled(Plan(Direction.UPLOAD, conflicts=CONFLICTS), model.rule_of())
        assert [(item.location.name, item.may_replace) for item in plan.items] == [
            ("a.pdf", True),
            ("c.pdf (2)", False),
        ]
        assert not plan.problems


class TestList:
    def test_the_menu_gives_the_selected_rows_their_own_rule(self, shown: ConflictList, model: ConflictModel) -> None:
        pick(shown, 1)
        QTest.keyClick(shown, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
        assert shown.selected_rows() == [1, 2]
        choose(shown, "Skip")
        assert rules(model) == ["Keep both", "Skip", "Skip", "Keep both"]
        choose(shown, "As for all")
        assert model.own_count == 0

    def test_the_menu_shows_what_is_chosen_now(self, shown: ConflictList, model: ConflictModel) -> None:
        model.set_own([1], SKIP)
        pick(shown, 1)
        actions = shown.rules_menu().actions()
        assert [action.text() for action in actions if action.isChecked()] == ["Skip"]
        assert [action.text() for action in actions if action.text()] == [*(r.title for r in RULES), "As for all"]
        shown.selectAll()
        assert not any(action.isChecked() for action in shown.rules_menu().actions())

    @pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_F2])
    def test_a_key_opens_the_menu(self, shown: ConflictList, opened: list[QPoint], key: Qt.Key) -> None:
        QTest.keyClick(shown, key)
        assert opened == []  # nothing is selected
        pick(shown, 2)
        QTest.keyClick(shown, key)
        corner = shown.viewport().mapFromGlobal(opened[0])
        assert shown.rowAt(corner.y()) == 2
        assert shown.selected_rows() == [2]

    def test_a_click_on_a_rule_opens_the_menu_for_its_row(self, shown: ConflictList, opened: list[QPoint]) -> None:
        left = Qt.MouseButton.LeftButton
        QTest.mouseClick(shown.viewport(), left, pos=center(shown, 1, of_choice=False))
        assert (opened, shown.selected_rows()) == ([], [1])
        QTest.mouseClick(shown.viewport(), left, pos=center(shown, 3, of_choice=True))
        assert (len(opened), shown.selected_rows()) == (1, [3])

    def test_a_click_on_a_rule_keeps_what_else_is_selected(self, shown: ConflictList, opened: list[QPoint]) -> None:
        shown.selectAll()
        QTest.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=center(shown, 2, of_choice=True))
        assert (len(opened), shown.selected_rows()) == (1, [0, 1, 2, 3])

    def test_a_click_with_ctrl_only_selects(self, shown: ConflictList, opened: list[QPoint]) -> None:
        pick(shown, 0)
        ctrl = Qt.KeyboardModifier.ControlModifier
        QTest.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, ctrl, center(shown, 2, of_choice=True))
        assert (opened, shown.selected_rows()) == ([], [0, 2])

    def test_the_context_menu_is_about_what_is_selected(self, shown: ConflictList, opened: list[QPoint]) -> None:
        def ask() -> None:
            point = QPoint(10, 10)
            event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, point, shown.viewport().mapToGlobal(point))
            QApplication.sendEvent(shown.viewport(), event)

        ask()
        assert opened == []
        pick(shown, 0)
        ask()
        assert len(opened) == 1

    def test_mirrored_the_rule_is_at_the_left(self, shown: ConflictList, opened: list[QPoint]) -> None:
        shown.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        assert center(shown, 0, of_choice=True).x() < shown.width() // 3
        QTest.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=center(shown, 0, of_choice=True))
        assert len(opened) == 1

    def test_is_painted_selected_hovered_and_own(self, shown: ConflictList, model: ConflictModel) -> None:
        before = shown.grab().toImage()
        model.set_own([1], SKIP)
        own = shown.grab().toImage()
        assert own != before
        pick(shown, 0)
        selected = shown.grab().toImage()
        assert selected != own
        QTest.mouseMove(shown.viewport(), center(shown, 2, of_choice=False))
        assert shown.grab().toImage() != selected

    def test_the_tool_tip_has_the_whole_name(
        self, shown: ConflictList, model: ConflictModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[str] = []
        monkeypatch.setattr(QToolTip, "showText", lambda _point, text, _widget: told.append(text))
        delegate, option = shown.itemDelegate(), QStyleOptionViewItem()
        point = QPoint(5, 5)
        event = QHelpEvent(QEvent.Type.ToolTip, point, shown.mapToGlobal(point))
        assert delegate.helpEvent(event, shown, option, model.index(0, 0))
        assert "a.pdf<br>There: 500 bytes" in told[0]
        assert not delegate.helpEvent(event, shown, option, QModelIndex())

    def test_is_named_for_a_screen_reader(self, shown: ConflictList, window: QWidget) -> None:
        assert nameless(window) == []
        assert accessible_name(shown) == "Files that are there already"

    def test_is_as_high_as_its_rows_up_to_five(self, shown: ConflictList, window: QWidget) -> None:
        row = ConflictDelegate.row_height(shown.fontMetrics())
        assert shown.height() == 4 * row + 2 * shown.frameWidth()
        many = ConflictModel([CONFLICTS[0]] * 50_000, BASE, window)
        assert ConflictList(many, window).sizeHint().height() == 5 * row + 2 * shown.frameWidth()

    def test_rows_grow_with_the_text(self, shown: ConflictList) -> None:
        before, font = shown.height(), shown.font()
        font.setPointSize(font.pointSize() * 2)
        shown.setFont(font)
        assert shown.height() > before

    def test_a_row_of_another_model_is_not_painted(self, shown: ConflictList) -> None:
        pixmap = shown.grab()
        before = pixmap.toImage()
        painter = QPainter(pixmap)
        shown.itemDelegate().paint(painter, QStyleOptionViewItem(), QModelIndex())
        painter.end()
        assert pixmap.toImage() == before
