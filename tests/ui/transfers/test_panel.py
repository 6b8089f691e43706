from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QAccessible,
    QAction,
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QHelpEvent,
)
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QSplitter, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from s3browser.exceptions import S3BusyError, S3ConnectionError
from s3browser.model.locations import S3Location
from s3browser.model.transfers import Hold, Proof, TransferNews, TransferState
from s3browser.ui.icons import icon
from s3browser.ui.theme import DARK, LIGHT, Theme
from s3browser.ui.transfers.faces import Action
from s3browser.ui.transfers.panel import TransfersPanel
from tests.ui.accessibility import nameless, rich_labels
from tests.ui.transfers.conftest import FakeTransfers, batch, transfer

# Menus and tool tips are drawn off the screen, where nothing can be raised over anything else.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
S = TransferState


def names(panel: TransfersPanel) -> list[str]:
    model = panel.view.model()
    return [model.index(row, 0).data() or "" for row in range(model.rowCount())]


def spoken(panel: TransfersPanel, row: int) -> str:
    return panel.view.model().index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) or ""


def click(panel: TransfersPanel, row: int, action: Action) -> None:
    area = panel.view.button_area(row, action)
    assert not area.isEmpty()
    QTest.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=area.center())


def press(panel: TransfersPanel, row: int, key: Qt.Key) -> None:
    panel.view.selectRow(row)
    QTest.keyClick(panel.view, key)


def open_menu(panel: TransfersPanel, row: int) -> QMenu:
    view = panel.view
    view.selectRow(row)
    point = view.visualRect(view.currentIndex()).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, point, view.mapToGlobal(point))
    QApplication.sendEvent(view.viewport(), event)
    menu = view.findChildren(QMenu)[-1]
    assert isinstance(menu, QMenu)
    return menu


def choose(menu: QMenu, text: str) -> None:
    next(action for action in menu.actions() if action.text() == text).trigger()
    menu.close()


# ---------------------------------------------------------------------- rows


def test_what_runs_then_failed_then_waits_then_rests_then_what_is_over(
    panel: TransfersPanel, manager: FakeTransfers
) -> None:
    model = panel.view.model()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    manager.batches = [batch(done=1, name="over.txt", proof=Proof(1, 1))]
    manager.put(
        transfer(4, S.PAUSED, position=500),
        transfer(3, S.QUEUED),
        transfer(2, S.FAILED, error=S3BusyError("upload")),
        transfer(1, position=1000),
    )
    assert names(panel) == ["a.txt", "b.txt", "c.txt", "d.txt", "over.txt arrived in Invoices"]
    assert spoken(panel, 1) == "Upload b.txt, failed: The server is busy or has a problem right now."
    assert spoken(panel, 2) == "Upload c.txt, 2 KB, waiting"
    assert spoken(panel, 3) == "Upload d.txt, 25 %, paused, 500 bytes of 2 KB"
    assert panel.status.accessibleName() == "1 active · 1 waiting · 1 paused · 1 failed · 2 KB of 8 KB"
    manager.put(transfer(2, S.FAILED, error=S3BusyError("upload")))
    assert panel.status.accessibleName() == "over.txt arrived in Invoices · 1 failed in all"
    manager.put()
    panel.clear_button.click()
    assert names(panel) == []
    assert panel.status.accessibleName() == "Nothing is being transferred"


def test_one_file_that_failed_has_no_second_line(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.batches = [batch(failed=1, name="a.txt")]
    manager.put(transfer(1, S.FAILED, error=S3BusyError("upload")))
    assert names(panel) == ["a.txt"]


def test_a_name_is_never_markup(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.put(transfer(1, name="<b>x<i>.txt"))
    point = panel.view.visualRect(panel.view.model().index(0, 0)).center()
    event = QHelpEvent(QEvent.Type.ToolTip, point, panel.view.viewport().mapToGlobal(point))
    QApplication.sendEvent(panel.view.viewport(), event)
    assert QToolTip.text().startswith("<span>&lt;b&gt;x&lt;i&gt;.txt<br>")
    QToolTip.hideText()


def test_everything_has_a_name_and_none_is_markup(qtbot: QtBot, window: QWidget, manager: FakeTransfers) -> None:
    panel = TransfersPanel(manager, [QAction(icon("gear"), "Settings…", window)], parent=window)
    manager.put(transfer(1))
    assert (nameless(panel), rich_labels(panel)) == ([], [])
    interface = QAccessible.queryAccessibleInterface(panel.view)
    assert interface.text(QAccessible.Text.Name) == "Transfers"


def test_what_waits_for_the_network_says_so(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.holds = (Hold("p1", S3ConnectionError("upload"), 1),)
    manager.put(transfer(1, S.QUEUED), transfer(2, S.QUEUED, connection_id="p2"))
    assert spoken(panel, 0) == "Upload a.txt, waits for the network, 2 KB"
    assert spoken(panel, 1) == "Upload b.txt, 2 KB, waiting"


# ---------------------------------------------------------------------- what a row offers


@pytest.mark.parametrize(
    ("state", "action", "asked"),
    [
        (S.RUNNING, Action.PAUSE, ("pause", 1)),
        (S.RUNNING, Action.CANCEL, ("cancel", 1)),
        (S.QUEUED, Action.PAUSE, ("pause", 1)),
        (S.PAUSED, Action.RESUME, ("resume", 1)),
        (S.PAUSED, Action.CANCEL, ("cancel", 1)),
        (S.FAILED, Action.RETRY, ("retry", 1)),
    ],
)
def test_by_its_button(
    panel: TransfersPanel, manager: FakeTransfers, state: TransferState, action: Action, asked: tuple[object, ...]
) -> None:
    manager.put(transfer(1, state))
    click(panel, 0, action)
    assert manager.asked == [asked]


@pytest.mark.parametrize(
    ("state", "key", "asked"),
    [
        (S.RUNNING, Qt.Key.Key_Space, [("pause", 1)]),
        (S.PAUSED, Qt.Key.Key_Space, [("resume", 1)]),
        (S.FAILED, Qt.Key.Key_Space, []),
        (S.RUNNING, Qt.Key.Key_Delete, [("cancel", 1)]),
        (S.QUEUED, Qt.Key.Key_Backspace, [("cancel", 1)]),
        (S.FAILED, Qt.Key.Key_Delete, []),
        (S.FAILED, Qt.Key.Key_R, [("retry", 1)]),
        (S.FAILED, Qt.Key.Key_Return, [("retry", 1)]),
        (S.FAILED, Qt.Key.Key_Enter, [("retry", 1)]),
        (S.RUNNING, Qt.Key.Key_R, []),
    ],
)
def test_by_key(
    panel: TransfersPanel, manager: FakeTransfers, state: TransferState, key: Qt.Key, asked: list[tuple[object, ...]]
) -> None:
    manager.put(transfer(1, state))
    press(panel, 0, key)
    assert manager.asked == asked


def test_space_pauses_and_then_continues(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.put(transfer(1), transfer(2))
    press(panel, 0, Qt.Key.Key_Space)
    assert names(panel) == ["b.txt", "a.txt"]
    QTest.keyClick(panel.view, Qt.Key.Key_Space)
    assert manager.asked == [("pause", 1), ("resume", 1)], "what was chosen stays chosen"


def test_details_are_asked_for(panel: TransfersPanel, manager: FakeTransfers, qtbot: QtBot) -> None:
    error = S3BusyError("upload")
    manager.put(transfer(1, S.FAILED, error=error))
    with qtbot.waitSignal(panel.details_requested) as told:
        click(panel, 0, Action.DETAILS)
    assert told.args == [error]
    with qtbot.waitSignal(panel.details_requested):
        choose(open_menu(panel, 0), "Details…")


@pytest.mark.parametrize(
    ("state", "words", "asked"),
    [
        (S.RUNNING, "Pause", ("pause", 1)),
        (S.QUEUED, "Move to the top", ("move_to_front", 1)),
        (S.QUEUED, "Pause this whole upload", ("pause_batch", 7)),
        (S.PAUSED, "Continue this whole upload", ("resume_batch", 7)),
        (S.RUNNING, "Cancel this whole upload", ("cancel_batch", 7)),
        (S.FAILED, "Remove from this list", ("remove", 1)),
        (S.RUNNING, "Pause all", ("pause_all",)),
        (S.PAUSED, "Continue all", ("resume_all",)),
        (S.RUNNING, "Cancel all", ("cancel_all",)),
        (S.FAILED, "Clear finished", ("clear_finished",)),
    ],
)
def test_by_the_menu(
    panel: TransfersPanel, manager: FakeTransfers, state: TransferState, words: str, asked: tuple[object, ...]
) -> None:
    manager.put(transfer(1, state, batch_id=7))
    choose(open_menu(panel, 0), words)
    assert manager.asked == [asked]


def test_the_menu_below_the_rows_has_what_concerns_all(qtbot: QtBot, window: QWidget, manager: FakeTransfers) -> None:
    diary, unfinished = QAction(icon("gear"), "Diary…", window), QAction("Unfinished uploads…", window)
    panel = TransfersPanel(manager, [diary], [unfinished], window)
    panel.show()
    (button,) = panel.command_buttons
    assert button.accessibleName() == "Diary"
    menu = open_menu(panel, 0)
    texts = [action.text() for action in menu.actions() if action.text()]
    menu.close()
    assert texts == ["Pause all", "Try all again", "Cancel all", "Clear finished", "Diary…", "Unfinished uploads…"]


def test_a_batch_is_sent_again_or_gets_its_receipt(panel: TransfersPanel, manager: FakeTransfers, qtbot: QtBot) -> None:
    short_of_two = batch(7, total=9, done=7, failed=2, proof=Proof(9, 7))
    manager.finish(short_of_two)
    click(panel, 0, Action.SEND_AGAIN)
    press(panel, 0, Qt.Key.Key_R)
    assert manager.asked == [("retry_batch", 7)] * 2
    with qtbot.waitSignal(panel.receipt_requested) as told:
        click(panel, 0, Action.RECEIPT)
    assert told.args == [short_of_two]


def test_all_at_once_by_the_header(panel: TransfersPanel, manager: FakeTransfers) -> None:
    def offered() -> list[str]:
        buttons = (panel.pause_button, panel.retry_button, panel.cancel_button, panel.clear_button)
        return [button.text() for button in buttons if button.isVisible()]

    assert offered() == []
    manager.put(transfer(1, S.FAILED), transfer(2, S.FAILED))
    assert offered() == ["Try all again", "Clear finished"]
    panel.retry_button.click()
    manager.put(transfer(1), transfer(2, S.PAUSED))
    assert offered() == ["Pause all", "Cancel all"]
    panel.pause_button.click()
    assert offered() == ["Continue all", "Cancel all"]
    panel.pause_button.click()
    panel.cancel_button.click()
    assert manager.asked == [("retry_failed",), ("pause_all",), ("resume_all",), ("cancel_all",)]


def test_a_button_let_go_elsewhere_does_nothing(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.put(transfer(1))
    area = panel.view.button_area(0, Action.CANCEL)
    QTest.mousePress(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=area.center())
    QTest.mouseRelease(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(100, area.center().y()))
    assert manager.asked == []


def test_rows_that_move_under_the_pointer_are_safe(panel: TransfersPanel, manager: FakeTransfers) -> None:
    rows = [transfer(number) for number in range(1, 5)]
    manager.put(*rows)
    at = panel.view.button_area(1, Action.CANCEL).center()
    QTest.mousePress(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    manager.put(*rows[1:])
    QTest.mouseRelease(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert manager.asked == [("cancel", 2)], "what was under the pointer when it went down"


def test_the_chosen_transfer_stays_chosen(panel: TransfersPanel, manager: FakeTransfers) -> None:
    rows = [transfer(number) for number in range(1, 5)]
    manager.put(*rows)
    panel.view.selectRow(3)
    manager.put(*rows[1:])
    assert panel.view.currentIndex().row() == 2
    panel.view.selectRow(0)
    manager.put(*rows[2:])
    assert not panel.view.currentIndex().isValid(), "Del must not hit its neighbour"
    assert not panel.view.selectionModel().hasSelection()
    QTest.keyClick(panel.view, Qt.Key.Key_Delete)
    assert manager.asked == []


def test_the_button_under_the_pointer_lights_up(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.put(transfer(1))
    area = panel.view.button_area(0, Action.PAUSE)

    def ground() -> QColor:
        return panel.view.viewport().grab().toImage().pixelColor(area.left() + 3, area.center().y())

    QTest.mouseMove(panel.view.viewport(), QPoint(100, area.center().y()))
    before = ground()
    QTest.mouseMove(panel.view.viewport(), area.center())
    assert ground() != before
    QApplication.sendEvent(panel.view, QEvent(QEvent.Type.Leave))
    assert ground() == before


def test_the_buttons_stay_where_they_are_when_the_scroll_bar_comes(
    panel: TransfersPanel, manager: FakeTransfers, qtbot: QtBot
) -> None:
    def cancel_button() -> tuple[int, int]:
        area = panel.view.button_area(0, Action.CANCEL)
        return area.left(), area.right()

    manager.put(transfer(1))
    before = cancel_button()
    right = panel.fold_button.mapTo(panel, panel.fold_button.rect().topRight()).x()
    assert before[1] == right, "below the button that folds"
    manager.put(*(transfer(number) for number in range(1, 20)))
    qtbot.waitUntil(panel.view.verticalScrollBar().isVisible)
    assert cancel_button() == before


def test_a_narrow_line_says_how_many_arrived_rather_than_where(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.batches = [batch(total=60, done=56, failed=4, name="Contracts/", proof=Proof(56, 56))]
    manager.put(*(transfer(number, S.FAILED, error=S3BusyError("upload")) for number in range(4)))
    assert panel.status.text() == "56 of 60 files of “Contracts” arrived in Invoices · 4 failed"
    panel.status.resize(panel.status.fontMetrics().horizontalAdvance("56 of 60 files arrived · 4 failed") + 4, 20)
    assert panel.status.text() == "56 of 60 files arrived · 4 failed"
    assert panel.status.accessibleName().startswith("56 of 60 files of “Contracts”")


# ---------------------------------------------------------------------- 100,000 of them


@pytest.fixture
def long_panel(panel: TransfersPanel, manager: FakeTransfers) -> TransfersPanel:
    """100,000 rows, six of them in sight."""
    waiting = transfer(1, S.QUEUED, size=1000)
    manager.put(*(replace(waiting, transfer_id=number) for number in range(100_000)))
    QApplication.processEvents()
    return panel


def test_many_rows_cost_what_is_visible(long_panel: TransfersPanel, manager: FakeTransfers) -> None:
    model = long_panel.view.model()
    assert model.rowCount() == 100_000
    assert all(last - first < 40 for first, last in manager.looks)
    assert long_panel.status.accessibleName() == "100,000 waiting · 0 bytes of 100 MB"
    manager.looks.clear()
    press(long_panel, 0, Qt.Key.Key_End)
    QApplication.processEvents()
    assert long_panel.view.currentIndex().row() == 99_999
    assert model.index(99_999, 0).data() == "a.txt"
    QTest.keyClicks(long_panel.view, "zq")
    assert 0 < len(manager.looks) < 5, "a few looks, not one for each row"
    assert all(last - first < 40 for first, last in manager.looks)


def test_rows_not_yet_fetched_are_blank_and_fetched_at_once(long_panel: TransfersPanel, manager: FakeTransfers) -> None:
    model, view = long_panel.view.model(), long_panel.view
    manager.is_slow = True
    view.scrollTo(model.index(50_000, 0))
    assert model.index(50_000, 0).data() is None
    view.viewport().grab()  # blank, and no harm
    manager.answer()
    assert model.index(50_000, 0).data() == "a.txt"


def test_what_is_chosen_before_it_was_fetched_can_be_acted_on_afterwards(
    long_panel: TransfersPanel, manager: FakeTransfers
) -> None:
    manager.is_slow = True
    press(long_panel, 0, Qt.Key.Key_End)
    QTest.keyClick(long_panel.view, Qt.Key.Key_Delete)
    assert manager.asked == [], "nobody knows yet what is there"
    manager.answer()
    manager.answer()
    QTest.keyClick(long_panel.view, Qt.Key.Key_Delete)
    assert manager.asked == [("cancel", 99_999)]


def test_only_rows_in_sight_that_changed_are_told(long_panel: TransfersPanel, manager: FakeTransfers) -> None:
    model = long_panel.view.model()
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    long_panel.refresh()
    assert told == []
    del manager.rows[50_000]
    long_panel.refresh()
    assert (told, model.rowCount()) == ([], 99_999)
    del manager.rows[2]
    long_panel.refresh()
    ((first, last),) = told
    assert (first, last < 20) == (2, True)


def test_the_rows_agree_with_themselves(panel: TransfersPanel, manager: FakeTransfers, window: QWidget) -> None:
    model = panel.view.model()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, window)
    manager.put(*(transfer(number, S.QUEUED) for number in range(1000)))
    QApplication.processEvents()
    panel.view.scrollToBottom()
    manager.put(*manager.rows, *(transfer(number, S.QUEUED) for number in range(2000, 2010)))
    assert model.rowCount() == 1010
    manager.finish(batch(2, total=10, cancelled=10), batch(1, total=1000, cancelled=1000))
    QApplication.processEvents()  # the view scrolls to what is left
    assert names(panel) == [
        "0 of 10 files uploaded to Invoices; 10 cancelled",
        "0 of 1,000 files uploaded to Invoices; 1,000 cancelled",
    ]


# ---------------------------------------------------------------------- when it looks, and how it stands


def test_it_looks_only_while_something_moves(panel: TransfersPanel, manager: FakeTransfers, qtbot: QtBot) -> None:
    timer = panel.findChild(QTimer)
    assert timer is not None
    assert not timer.isActive()
    with qtbot.waitSignal(panel.activity_started):
        manager.rows = [transfer(1)]
        manager.tell(TransferNews(added=(1,)))
    assert (timer.isActive(), timer.interval()) == (True, 200)
    manager.put(transfer(1, S.PAUSED))
    panel.refresh()
    assert not timer.isActive()
    manager.holds = (Hold("p1", S3ConnectionError("upload"), 1),)
    manager.put(transfer(1, S.QUEUED))
    assert not timer.isActive(), "nothing moves before the network is back"
    manager.holds = ()
    manager.put(transfer(1, S.QUEUED))
    assert timer.isActive()
    manager.finish(batch(done=1, name="a.txt"))
    assert not timer.isActive()
    assert panel.status.accessibleName() == "a.txt uploaded to Invoices, checking…", "nobody has to ask for the end"


def test_one_look_at_a_time(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.looks.clear()
    manager.is_slow = True
    panel.refresh()
    timer = panel.findChild(QTimer)
    assert timer is not None
    timer.timeout.emit()
    assert len(manager.looks) == 1, "a look in flight is not doubled"
    manager.rows = [transfer(1)]
    panel.refresh()
    panel.refresh()
    assert len(manager.looks) == 1
    manager.answer()
    assert len(manager.looks) == 2, "what happened meanwhile may not be in the answer"
    manager.answer()
    assert (len(manager.looks), names(panel)) == (2, ["a.txt"])


def test_the_bar_shows_the_whole(panel: TransfersPanel, manager: FakeTransfers) -> None:
    assert not panel.progress.isVisible()
    manager.totals = batch(0, total=2, done=1, position_bytes=500, total_bytes=1000, seconds_left=180.0)
    manager.put(transfer(1))
    assert (panel.progress.isVisible(), panel.progress.value()) == (True, 500)
    assert panel.status.accessibleName().endswith("about 3 minutes left")
    manager.totals = batch(0, total=4, done=1, total_bytes=0)
    manager.put(transfer(1, size=0))
    assert panel.progress.value() == 250, "of the files where all are empty"
    manager.finish(batch(done=1))
    assert not panel.progress.isVisible()


def test_the_line_tells_how_fast_the_whole_is(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.totals = batch(0, total_bytes=8_000_000, position_bytes=2_000_000, bytes_per_s=1e6, seconds_left=6.0)
    manager.put(transfer(1))
    assert panel.status.accessibleName() == "1 active · 2.0 MB of 8.0 MB · 1.0 MB/s · a few seconds left"


def test_while_all_wait_for_the_network_no_time_is_promised(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.totals = batch(0, total_bytes=8000, position_bytes=2000, bytes_per_s=500.0, seconds_left=12.0)
    manager.holds = (Hold("p1", S3ConnectionError("upload"), 2),)
    manager.put(transfer(1), transfer(2, S.QUEUED), transfer(3, S.PAUSED))
    assert panel.status.accessibleName() == "2 waiting for the network · 1 paused · 2 KB of 8 KB"
    manager.put(transfer(1), transfer(2, S.QUEUED), transfer(4, S.QUEUED, connection_id="p2"))
    assert panel.status.accessibleName().startswith("1 active · 2 waiting"), "others go on"


def test_the_menu_clears_what_is_over_while_others_go_on(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.put(transfer(1))
    assert [each.text() for each in open_menu(panel, 0).actions() if each.text() and not each.isEnabled()] == [
        "Try all again",
        "Clear finished",
    ]
    manager.batches = [batch(done=1, proof=Proof(1, 1))]
    panel.refresh()
    choose(open_menu(panel, 0), "Clear finished")
    assert manager.asked == [("clear_finished",)]
    manager.put(transfer(1), transfer(2, S.FAILED))
    choose(open_menu(panel, 0), "Try all again")
    assert manager.asked[-1] == ("retry_failed",)


def test_folding(qtbot: QtBot, window: QWidget, manager: FakeTransfers) -> None:
    splitter = QSplitter(Qt.Orientation.Vertical, window)
    splitter.addWidget(QWidget(splitter))
    panel = TransfersPanel(manager, parent=splitter)
    splitter.addWidget(panel)
    splitter.resize(800, 600)
    splitter.setSizes([300, 300])
    splitter.show()
    manager.put(transfer(1))
    before = panel.height()
    panel.fold_button.click()
    assert (panel.is_folded, panel.fold_button.accessibleName()) == (True, "Show every transfer")
    assert panel.height() < panel.view.row_height * 1.5
    assert panel.geometry().bottom() == splitter.rect().bottom(), "the contents have the room"
    assert panel.status.accessibleName().startswith("1 active"), "the line goes on"
    panel.fold_button.click()
    assert (panel.is_folded, panel.height()) == (False, before)
    assert panel.fold_button.accessibleName() == "Fold to one line"
    assert names(panel) == ["a.txt"]


def test_a_narrow_line_says_what_matters_most(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.put(transfer(1), transfer(2), transfer(3, S.QUEUED), transfer(4, S.FAILED), transfer(5, S.PAUSED))
    line = panel.status
    whole = "2 active · 1 waiting · 1 paused · 1 failed · 0 bytes of 10 KB"
    line.resize(600, line.height())
    assert (line.text(), line.toolTip()) == (whole, "")
    line.resize(line.fontMetrics().horizontalAdvance("2 active · 1 failed") + 1, line.height())
    assert line.text() == "2 active · 1 failed"
    assert (whole in line.toolTip(), line.accessibleName()) == (True, whole)


def test_it_follows_light_and_dark(theme: Theme, panel: TransfersPanel) -> None:
    def ground() -> QColor:
        return panel.grab().toImage().pixelColor(400, 60)

    theme.set_scheme(Qt.ColorScheme.Light)
    light = ground()
    theme.set_scheme(Qt.ColorScheme.Dark)
    dark = ground()
    theme.set_scheme(Qt.ColorScheme.Unknown)
    assert (light, dark) == (QColor(LIGHT.side), QColor(DARK.side))


@pytest.mark.parametrize(("proof", "colour"), [(Proof(9, 9), LIGHT.success), (Proof(9, 7), LIGHT.danger)])
def test_proof_is_painted_in_its_colour(
    theme: Theme, panel: TransfersPanel, manager: FakeTransfers, proof: Proof, colour: str
) -> None:
    theme.set_scheme(Qt.ColorScheme.Light)
    missing = proof.looked_for - proof.found
    manager.finish(batch(total=9, done=9 - missing, failed=missing, proof=proof))
    picture = panel.view.viewport().grab().toImage()
    row = panel.view.row_height
    seen = {picture.pixelColor(x, y).name() for x in range(40, 300) for y in range(row)}
    theme.set_scheme(Qt.ColorScheme.Unknown)
    assert colour in seen


def test_mirrored_where_people_read_from_right_to_left(panel: TransfersPanel, manager: FakeTransfers) -> None:
    manager.put(transfer(1))
    assert panel.view.button_area(0, Action.CANCEL).left() > 400
    panel.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert panel.view.button_area(0, Action.CANCEL).left() < 400
    click(panel, 0, Action.CANCEL)
    assert manager.asked == [("cancel", 1)]


# ---------------------------------------------------------------------- files dropped on it


def drag(panel: TransfersPanel, *urls: QUrl) -> bool:
    """Bring them over the panel; whether it would take them."""
    data = QMimeData()
    data.setUrls(list(urls))
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDragEnterEvent(panel.rect().center(), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(panel, event)
    return event.isAccepted()


def let_go(panel: TransfersPanel, *urls: QUrl) -> None:
    """Drop them on the panel; Qt does so only after it would take them."""
    data = QMimeData()
    data.setUrls(list(urls))
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(panel.rect().center()), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(panel, event)
    assert event.isAccepted()


def test_files_dropped_on_it_go_to_the_open_folder(panel: TransfersPanel, qtbot: QtBot, tmp_path: Path) -> None:
    panel.set_folder(S3Location("bucket", "Invoices/"))
    with qtbot.waitSignal(panel.files_dropped) as told:
        assert drag(panel, QUrl.fromLocalFile(str(tmp_path / "a.txt")))
        let_go(panel, QUrl.fromLocalFile(str(tmp_path / "a.txt")))
    assert told.args == [[tmp_path / "a.txt"]]


def test_folded_it_still_names_where_a_drop_goes(panel: TransfersPanel, tmp_path: Path) -> None:
    panel.set_folder(S3Location("bucket", "Spring 2026/"))
    panel.set_folded(True)
    assert drag(panel, QUrl.fromLocalFile(str(tmp_path)))
    (label,) = (each for each in panel.findChildren(QLabel) if each.text() == "Upload to Spring 2026")
    assert label.isVisible()
    assert panel.rect().contains(label.geometry())
    QApplication.sendEvent(panel, QDragLeaveEvent())  # Qt keeps a bare pointer to what a drag is over
    assert not label.isVisible()


@pytest.mark.parametrize("folder", [None, S3Location()])
def test_without_an_open_bucket_nothing_can_be_dropped(
    panel: TransfersPanel, tmp_path: Path, folder: S3Location | None
) -> None:
    panel.set_folder(folder)
    assert not drag(panel, QUrl.fromLocalFile(str(tmp_path)))


def test_what_is_no_file_of_this_computer_is_refused(panel: TransfersPanel) -> None:
    panel.set_folder(S3Location("bucket"))
    assert not drag(panel, QUrl("https://example.com/a.txt"))


# ---------------------------------------------------------------------- from the last time


@pytest.mark.parametrize(("state", "shows_itself"), [(S.QUEUED, True), (S.PAUSED, True), (S.FAILED, False)])
def test_what_goes_on_from_the_last_time_shows_itself_once(
    qtbot: QtBot, window: QWidget, manager: FakeTransfers, state: TransferState, shows_itself: bool
) -> None:
    manager.is_slow = True
    manager.rows = [transfer(1, state)]
    panel = TransfersPanel(manager, parent=window)
    heard: list[None] = []
    panel.activity_started.connect(lambda: heard.append(None))
    manager.answer()
    assert bool(heard) is shows_itself
    heard.clear()
    manager.rows = [transfer(1)]
    panel.refresh()
    manager.answer()
    assert not heard, "who has folded it away is not contradicted"


def test_failures_of_the_batch_that_ended_are_not_told_as_those_of_all(
    panel: TransfersPanel, manager: FakeTransfers
) -> None:
    manager.batches = [batch(2, total=60, done=58, failed=2, proof=Proof(58, 58))]
    manager.put(transfer(1, S.FAILED), transfer(2, S.FAILED))
    assert panel.status.accessibleName() == "58 of 60 files arrived in Invoices · 2 failed"
    manager.put(transfer(1, S.FAILED), transfer(2, S.FAILED), transfer(3, S.FAILED))
    assert panel.status.accessibleName() == "58 of 60 files arrived in Invoices · 3 failed in all"
