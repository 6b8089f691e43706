"""The sheet that shows what a drop will move."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton, QRadioButton, QTreeWidget, QWidget
from pytestqt.qtbot import QtBot

from s3browser.exceptions import S3AccessDeniedError
from s3browser.model.conflicts import REPLACE, SKIP
from s3browser.model.transfers import Conflict, Direction, Plan
from s3browser.ui.dialogs.conflict_list import ConflictList
from s3browser.ui.dialogs.plan_sheet import PlanSheet
from s3browser.ui.fold import Fold
from tests.ui.accessibility import nameless, rich_labels, said
from tests.ui.dialogs.plans import BASE, conflict, download, problem, upload, uploads

MANY = (conflict("a"), conflict("sub/b"), conflict("<i>c", days=-1))
DENIED = S3AccessDeniedError("list", "s3://acme/Invoices/")


def show(plan: Plan, window: QWidget, seconds: float | None = None) -> PlanSheet:
    sheet = PlanSheet(plan, BASE, lambda files, size: seconds, window)
    sheet.open()
    return sheet


def choose(sheet: PlanSheet, title: str) -> None:
    next(radio for radio in sheet.findChildren(QRadioButton) if radio.text() == title).click()


def fold(sheet: PlanSheet, title: str) -> Fold:
    return next(each for each in sheet.findChildren(Fold) if each.button.text() == title)


def button(sheet: PlanSheet, text: str) -> QPushButton:
    return next(each for each in sheet.findChildren(QPushButton) if each.text() == text)


def confirmed(sheet: PlanSheet, qtbot: QtBot) -> Plan:
    with qtbot.waitSignal(sheet.confirmed) as told, qtbot.waitSignal(sheet.accepted):
        sheet.go_button.click()
    assert told.args is not None
    plan = told.args[0]
    assert isinstance(plan, Plan)
    return plan


@pytest.mark.parametrize("plan", [uploads(3), uploads(0, conflicts=MANY[:1]), uploads(0, conflicts=MANY)])
def test_it_opens_in_the_size_it_keeps(window: QWidget, plan: Plan) -> None:
    sheet = show(plan, window, seconds=20)
    size = sheet.size()
    QApplication.processEvents()
    assert sheet.size() == size, "a window manager that is just placing it would lose its place"


class TestPlainFolder:
    def test_says_how_much_and_how_long(self, window: QWidget) -> None:
        sheet = show(uploads(214), window, seconds=180)
        assert sheet.headline.text() == "Upload 214 files to “Invoices”?"
        assert "214 KB · about 3 minutes" in said(sheet)
        assert sheet.go_button.text() == "Upload 214 files"
        assert sheet.go_button.property("role") == "primary"
        assert not sheet.findChildren(QRadioButton)

    def test_asks_for_the_time_of_what_moves(self, window: QWidget) -> None:
        asked: list[tuple[int, int]] = []
        sheet = PlanSheet(uploads(2, conflicts=MANY), BASE, lambda *much: asked.append(much), window)
        choose(sheet, "Skip")
        assert asked == [(5, 5000), (2, 2000)]

    def test_enter_starts_it(self, window: QWidget, qtbot: QtBot) -> None:
        plan = uploads(214)
        sheet = show(plan, window)
        qtbot.waitUntil(sheet.go_button.hasFocus)
        with qtbot.waitSignal(sheet.confirmed) as told:
            QTest.keyClick(sheet.focusWidget(), Qt.Key.Key_Return)
        assert told.args == [plan]

    def test_escape_moves_nothing(self, window: QWidget, qtbot: QtBot) -> None:
        sheet = show(uploads(214), window)
        with qtbot.assertNotEmitted(sheet.confirmed), qtbot.waitSignal(sheet.rejected):
            QTest.keyClick(sheet, Qt.Key.Key_Escape)


class TestConflicts:
    def test_one_is_shown_with_both_sides(self, window: QWidget, qtbot: QtBot) -> None:
        sheet = show(uploads(0, conflicts=(conflict("a.pdf"),)), window)
        words = said(sheet)
        assert "“a.pdf” is there already" in words
        assert "There: 500 bytes, 1 Mar 2026 · New: 1 KB, 2 Mar 2026" in words
        assert not sheet.findChildren(ConflictList)
        assert sheet.go_button.text() == "Keep both"
        plan = confirmed(sheet, qtbot)
        assert [item.location.name for item in plan.items] == ["a.pdf (2)"]
        assert plan.conflicts == ()

    def test_one_of_which_nothing_is_known_shows_no_facts(self, window: QWidget) -> None:
        item = replace(download("x", "x"), size=0)
        sheet = show(Plan(Direction.DOWNLOAD, conflicts=(Conflict(item, item),)), window)
        assert "New: 0 bytes" in said(sheet)
        assert "There:" not in said(sheet)

    def test_many_are_settled_by_one_choice(self, window: QWidget, qtbot: QtBot) -> None:
        sheet = show(uploads(211, conflicts=MANY), window)
        assert "3 files are there already" in said(sheet)
        assert sheet.go_button.text() == "Upload 214 files"
        choose(sheet, "Replace")
        assert sheet.go_button.text() == "Replace 3 files and upload 211"
        assert sheet.go_button.property("role") == "danger"
        choose(sheet, "Replace if newer")
        assert sheet.go_button.text() == "Replace 2 files and upload 211"
        assert "1 file stays as it is" in said(sheet)
        plan = confirmed(sheet, qtbot)
        assert [item.location.name for item in plan.items if item.may_replace] == ["a", "b"]
        assert len(plan.items) == 213

    def test_each_can_have_its_own(self, window: QWidget, qtbot: QtBot) -> None:
        sheet = show(uploads(0, conflicts=MANY), window)
        fold(sheet, "Choose for each file").set_open(True)
        reset = button(sheet, "Use the same for all")
        assert not reset.isEnabled()
        sheet.conflict_list.selectAll()
        actions = sheet.conflict_list.rules_menu().actions()
        next(action for action in actions if action.text() == "Replace").trigger()
        assert "3 files go by their own choice." in said(sheet)
        assert sheet.go_button.text() == "Replace 3 files"
        reset.click()
        assert "press Space" in said(sheet)
        assert sheet.go_button.text() == "Upload 3 files"
        choose(sheet, "Skip")
        sheet.conflict_list.model().set_own([1], REPLACE)  # type: ignore[attr-defined]
        assert [item.location.key for item in confirmed(sheet, qtbot).items] == ["Invoices/sub/b"]

    def test_all_skipped_moves_nothing_and_says_so(self, window: QWidget, qtbot: QtBot) -> None:
        sheet = show(uploads(0, conflicts=MANY), window)
        choose(sheet, SKIP.title)
        assert sheet.go_button.text() == "Skip 3 files"
        assert confirmed(sheet, qtbot).items == ()

    def test_what_cannot_be_replaced_is_told_at_once(self, window: QWidget) -> None:
        sheet = show(uploads(0, conflicts=(conflict("a", blocked=True),)), window)
        assert "can’t be replaced" not in said(sheet)
        choose(sheet, "Replace")
        assert "1 file can’t be replaced, because a folder is in the way." in said(sheet)
        assert sheet.go_button.text() == "Nothing to upload"
        assert not sheet.go_button.isEnabled()
        choose(sheet, "Keep both")
        assert sheet.go_button.isEnabled()

    def test_the_choices_have_the_keyboard(self, window: QWidget, qtbot: QtBot) -> None:
        sheet = show(uploads(1, conflicts=MANY), window)
        qtbot.waitUntil(lambda: isinstance(sheet.focusWidget(), QRadioButton) and sheet.focusWidget().hasFocus())
        QTest.keyClick(sheet.focusWidget(), Qt.Key.Key_Down)
        assert sheet.go_button.text() == "Replace 3 files and upload 1"
        with qtbot.waitSignal(sheet.confirmed):
            QTest.keyClick(sheet.focusWidget(), Qt.Key.Key_Return)

    def test_enter_in_the_list_is_the_sheets(self, window: QWidget, qtbot: QtBot) -> None:
        sheet = show(uploads(1, conflicts=MANY), window)
        fold(sheet, "Choose for each file").set_open(True)
        sheet.conflict_list.setFocus()
        qtbot.waitUntil(sheet.conflict_list.hasFocus)
        with qtbot.waitSignal(sheet.confirmed):
            QTest.keyClick(sheet.conflict_list, Qt.Key.Key_Return)

    def test_tab_goes_from_top_to_bottom(self, window: QWidget, qtbot: QtBot) -> None:
        sheet = show(uploads(1, conflicts=MANY, problems=(problem("p"),)), window)
        for each in sheet.findChildren(Fold):
            each.set_open(True)
        sheet.conflict_list.model().set_own([0], SKIP)  # type: ignore[attr-defined]
        qtbot.waitUntil(lambda: isinstance(sheet.focusWidget(), QRadioButton) and sheet.focusWidget().hasFocus())
        met: list[QWidget] = [sheet.focusWidget()]
        while len(met) < 20:
            QTest.keyClick(sheet.focusWidget(), Qt.Key.Key_Tab)
            if sheet.focusWidget() is met[0]:
                break
            met.append(sheet.focusWidget())
        assert met[1:-2] == [
            fold(sheet, "Choose for each file").button,
            sheet.conflict_list,
            button(sheet, "Use the same for all"),
            fold(sheet, "Which, and why").button,
            sheet.findChild(QTreeWidget),
            button(sheet, "Copy list"),
        ]
        assert set(met[-2:]) == {sheet.go_button, sheet.cancel_button}


class TestProblems:
    PROBLEMS = (problem("CON"), problem("<u>b"), problem("c", "Not allowed."))

    def test_are_listed_by_reason_and_can_be_copied(self, window: QWidget, qtbot: QtBot) -> None:
        sheet = show(uploads(198, problems=self.PROBLEMS), window)
        assert "3 files can’t be uploaded." in said(sheet)
        tree = sheet.findChild(QTreeWidget)
        assert isinstance(tree, QTreeWidget)
        assert tree.isVisible()
        reasons = [item.text(0) for at in range(tree.topLevelItemCount()) if (item := tree.topLevelItem(at))]
        assert reasons == ["Bad name.", "Not allowed."]
        button(sheet, "Copy list").click()
        lines = QGuiApplication.clipboard().text().split("\n")
        assert [line.split("\t")[1] for line in lines] == ["Bad name.", "Bad name.", "Not allowed."]
        assert lines[1].split("\t")[0].endswith("<u>b")
        assert len(confirmed(sheet, qtbot).items) == 198

    def test_are_folded_where_there_is_more_to_settle(self, window: QWidget) -> None:
        sheet = show(uploads(1, conflicts=MANY, problems=self.PROBLEMS), window)
        assert not fold(sheet, "Which, and why").content.isVisible()
        assert "3 files can’t be uploaded." in said(sheet)

    def test_with_nothing_left_there_is_nothing_to_start(self, window: QWidget, qtbot: QtBot) -> None:
        sheet = show(uploads(0, problems=self.PROBLEMS), window)
        assert sheet.headline.text() == "None of these 3 files can be uploaded"
        assert [each.text() for each in sheet.buttons.buttons()] == [sheet.cancel_button.text()] == ["Close"]
        qtbot.waitUntil(sheet.cancel_button.hasFocus)
        with qtbot.waitSignal(sheet.rejected):
            QTest.keyClick(sheet.focusWidget(), Qt.Key.Key_Return)

    def test_says_which_files_get_another_name(self, window: QWidget) -> None:
        items = (download("x/a:b", "a_b", renamed=True), download("x/c", "c"))
        taken = download("x/d?", "d_", renamed=True)
        sheet = show(Plan(Direction.DOWNLOAD, items, (Conflict(taken, taken),), target="Downloads"), window)
        fold(sheet, "2 files get another name").set_open(True)
        box = sheet.findChild(QPlainTextEdit)
        assert isinstance(box, QPlainTextEdit)
        assert box.toPlainText() == "a:b → a_b\nd? → d_"


class TestRisks:
    def test_what_does_not_fit_is_not_the_default(self, window: QWidget, qtbot: QtBot) -> None:
        plan = Plan(Direction.DOWNLOAD, (download("a", "a", 5_000_000_000),), target="Downloads", free_bytes=10**9)
        sheet = show(plan, window)
        assert "There is not enough space in “Downloads”" in said(sheet)
        qtbot.waitUntil(sheet.cancel_button.hasFocus)
        assert sheet.cancel_button.isDefault()
        assert confirmed(sheet, qtbot) == plan

    def test_skipping_can_make_it_fit(self, window: QWidget) -> None:
        item = download("b", "b", 5_000_000_000)
        plan = Plan(Direction.DOWNLOAD, (download("a", "a"),), (Conflict(item, item),), target="D", free_bytes=10**9)
        sheet = show(plan, window)
        assert "not enough space" in said(sheet)
        choose(sheet, "Skip")
        assert "not enough space" not in said(sheet)
        assert "1 KB · 1.0 GB free in “D”" in said(sheet)
        assert sheet.go_button.isDefault()
        assert sheet.go_button.property("role") == "primary"

    def test_warns_where_nobody_may_look(self, window: QWidget, qtbot: QtBot) -> None:
        sheet = show(uploads(3, unchecked=DENIED), window)
        assert "A file with the same name would be replaced." in said(sheet)
        assert "Technical details" in said(sheet)
        qtbot.waitUntil(sheet.cancel_button.hasFocus)
        with qtbot.assertNotEmitted(sheet.confirmed), qtbot.waitSignal(sheet.rejected):
            QTest.keyClick(sheet.focusWidget(), Qt.Key.Key_Return)

    def test_goes_on_where_that_is_wanted(self, window: QWidget, qtbot: QtBot) -> None:
        assert len(confirmed(show(uploads(3, unchecked=DENIED), window), qtbot).items) == 3


@pytest.mark.parametrize("plan", [
    uploads(3),
    uploads(3, conflicts=MANY, problems=TestProblems.PROBLEMS, unchecked=DENIED),
    uploads(0, problems=TestProblems.PROBLEMS),
    Plan(Direction.UPLOAD, (upload("<b>", renamed=True),), target="<i>"),
])  # fmt: skip
def test_every_part_has_a_name_and_none_is_markup(plan: Plan, window: QWidget) -> None:
    sheet = show(plan, window)
    assert nameless(sheet) == []
    assert rich_labels(sheet) == []


def test_long_names_leave_the_sentence_readable(window: QWidget) -> None:
    plan = Plan(Direction.UPLOAD, (upload("n" * 300),), (conflict("m" * 300),), target="p" * 300)
    sheet = show(plan, window)
    assert "Upload 2 files to “p" in sheet.headline.shown_text(sheet.headline.width())


def test_fits_a_small_screen_with_50_000_names_that_are_there(window: QWidget, qtbot: QtBot) -> None:
    sheet = show(uploads(1, conflicts=tuple(conflict(f"{n}.txt") for n in range(50_000))), window)
    fold(sheet, "Choose for each file").set_open(True)
    assert sheet.go_button.text() == "Upload 50,001 files"
    assert sheet.sizeHint().boundedTo(QSize(660, 640)) == sheet.sizeHint()
    assert len(sheet.findChildren(QWidget)) < 100


def test_stays_on_the_screen_when_it_unfolds(window: QWidget, qtbot: QtBot) -> None:
    sheet = show(uploads(1, conflicts=tuple(conflict(f"{n}.txt") for n in range(9))), window)
    screen = sheet.screen().availableGeometry()
    before = sheet.height()
    sheet.move(0, screen.bottom() - before)
    fold(sheet, "Choose for each file").set_open(True)
    qtbot.waitUntil(lambda: sheet.height() > before)
    qtbot.waitUntil(lambda: sheet.frameGeometry().bottom() <= screen.bottom())
    assert sheet.y() >= screen.top()
