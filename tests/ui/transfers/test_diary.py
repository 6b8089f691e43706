from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from s3browser.model.transfers import BatchSnapshot, Proof, TransferNews
from s3browser.ui.dates import clock_text, day_text
from s3browser.ui.transfers.diary import PAGE, DiaryDialog
from s3browser.ui.transfers.faces import Action
from tests.ui.accessibility import nameless, rich_labels
from tests.ui.transfers.conftest import FakeTransfers, batch

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
NOON = datetime.now().astimezone().replace(hour=12, minute=5)


def past(number: int, days: int, **what: object) -> BatchSnapshot:
    return batch(number, started_at=(NOON - timedelta(days=days)).astimezone(UTC), **what)


@pytest.fixture
def diary(qtbot: QtBot, window: QWidget, manager: FakeTransfers) -> Iterator[DiaryDialog]:
    """Three entries of three days."""
    manager.past = [
        past(9, 0, total=214, done=212, failed=2, proof=Proof(212, 212)),
        past(8, 1, done=1, name="teaser.mp4", target="Print", proof=Proof(1, 1)),
        past(7, 400, total=3, done=3, proof=Proof(3, 3), target="Contracts"),
    ]
    dialog = DiaryDialog(manager, window)
    dialog.show()
    qtbot.waitExposed(dialog)
    yield dialog
    dialog.close()


def lines(diary: DiaryDialog) -> list[str]:
    model = diary.view.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_by_day_the_newest_first(diary: DiaryDialog) -> None:
    model = diary.view.model()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    clock = clock_text(NOON)
    long_ago = (NOON - timedelta(days=400)).date()
    assert lines(diary) == [
        "Today",
        f"{clock}  You uploaded 212 files to Invoices; 2 failed",
        "Yesterday",
        f"{clock}  You uploaded teaser.mp4 to Print",
        day_text(long_ago, NOON.date()),
        f"{clock}  You uploaded 3 files to Contracts",
    ]
    assert model.index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole).endswith("2 failed, 1 KB")
    assert model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole) == "Today"
    diary.grab()


def test_days_as_people_say_them() -> None:
    today = date(2026, 11, 24)
    assert day_text(today, today) == "Today"
    assert day_text(date(2026, 11, 23), today) == "Yesterday"
    assert day_text(date(2026, 11, 16), today) == "Monday 16 November"
    assert day_text(date(2025, 12, 5), today) == "Friday 5 December 2025"
    assert clock_text(None) == ""


def test_everything_has_a_name(diary: DiaryDialog) -> None:
    assert (nameless(diary), rich_labels(diary)) == ([], [])
    assert diary.view.accessibleName() == "Transfers by day"


def test_it_searches_as_one_types(diary: DiaryDialog, manager: FakeTransfers) -> None:
    QTest.keyClicks(diary.search_edit, "prin")
    assert [question[0] for question in manager.questions] == ["", "p", "pr", "pri", "prin"]
    assert [line.split("  ")[-1] for line in lines(diary)] == ["Yesterday", "You uploaded teaser.mp4 to Print"]
    QTest.keyClicks(diary.search_edit, "x")
    assert lines(diary) == []
    assert diary.view.empty_text == "Nothing fits “prinx”."


def test_an_answer_to_an_earlier_question_is_dropped(diary: DiaryDialog, manager: FakeTransfers) -> None:
    manager.is_slow = True
    diary.search_edit.setText("Print")
    assert diary.view.empty_text == "Looking…"
    diary.search_edit.setText("Contracts")
    manager.answer()
    assert [line.split("  ")[-1] for line in lines(diary)][1:] == ["You uploaded 3 files to Contracts"]


def test_an_empty_diary_says_what_will_be_in_it(window: QWidget, manager: FakeTransfers) -> None:
    diary = DiaryDialog(manager, window)
    assert lines(diary) == []
    assert diary.view.empty_text.startswith("Nothing has been transferred yet.")


def test_more_comes_as_one_scrolls(window: QWidget, manager: FakeTransfers, qtbot: QtBot) -> None:
    manager.past = [past(number, 0, done=1, name=f"{number}.txt") for number in range(250, 0, -1)]
    diary = DiaryDialog(manager, window)
    diary.show()
    qtbot.waitExposed(diary)
    assert len(lines(diary)) == PAGE + 1
    diary.view.scrollToBottom()
    qtbot.waitUntil(lambda: len(lines(diary)) == 2 * PAGE + 1)
    diary.view.scrollToBottom()
    qtbot.waitUntil(lambda: len(lines(diary)) == 251)
    assert [before for _, before, _ in manager.questions] == [None, 151, 51]
    assert lines(diary).count("Today") == 1
    assert not diary.view.model().canFetchMore(diary.view.rootIndex())
    diary.close()


def test_send_again_and_receipt_by_button_and_key(diary: DiaryDialog, manager: FakeTransfers, qtbot: QtBot) -> None:
    area = diary.view.button_area(1, Action.SEND_AGAIN)
    QTest.mouseClick(diary.view.viewport(), Qt.MouseButton.LeftButton, pos=area.center())
    diary.view.selectRow(1)
    QTest.keyClick(diary.view, Qt.Key.Key_Return)
    assert manager.asked == [("retry_batch", 9)] * 2
    assert diary.isVisible(), "Enter belongs to the row"
    with qtbot.waitSignal(diary.receipt_requested) as told:
        point = diary.view.button_area(3, Action.RECEIPT).center()
        QTest.mouseClick(diary.view.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert told.args == [manager.past[1]]


def test_the_menu_of_an_entry(diary: DiaryDialog, manager: FakeTransfers) -> None:
    point = diary.view.visualRect(diary.view.model().index(1, 0)).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, point, diary.view.mapToGlobal(point))
    QApplication.sendEvent(diary.view.viewport(), event)
    menu = diary.view.findChildren(QMenu)[-1]
    assert [action.text() for action in menu.actions()] == ["Send again", "Receipt…"]
    menu.actions()[0].trigger()
    menu.close()
    assert manager.asked == [("retry_batch", 9)]


def test_the_keyboard_goes_from_entry_to_entry(diary: DiaryDialog) -> None:
    view = diary.view
    view.setFocus()
    for key, row in (
        (Qt.Key.Key_Home, 1),
        (Qt.Key.Key_Down, 3),
        (Qt.Key.Key_End, 5),
        (Qt.Key.Key_Up, 3),
        (Qt.Key.Key_Up, 1),
        (Qt.Key.Key_Up, 1),
    ):
        QTest.keyClick(view, key)
        assert view.currentIndex().row() == row
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(30, 5))
    assert view.currentIndex().row() == 1, "a day can’t be chosen"


def test_ctrl_f_leads_to_the_search(diary: DiaryDialog, qtbot: QtBot) -> None:
    diary.activateWindow()
    diary.view.setFocus()
    qtbot.waitUntil(diary.view.hasFocus)
    QTest.keyClick(diary.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert diary.search_edit.hasFocus()


def test_what_ends_meanwhile_shows(diary: DiaryDialog, manager: FakeTransfers, qtbot: QtBot) -> None:
    new = past(10, 0, done=1, name="new.txt")
    manager.past.insert(0, new)
    diary.take_news(TransferNews(changed=True))
    diary.take_news(TransferNews(finished=(new,)))
    qtbot.waitUntil(lambda: lines(diary)[1].endswith("You uploaded new.txt to Invoices"))
    assert len(manager.questions) == 2


def test_without_a_date_there_is_no_heading(window: QWidget, manager: FakeTransfers) -> None:
    manager.past = [batch(1, done=1, name="a.txt", started_at=None)]
    assert lines(DiaryDialog(manager, window)) == ["You uploaded a.txt to Invoices"]
