from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QAccessible,
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

from s3browser.exceptions import S3BusyError
from s3browser.jobs.runner import JobRunner
from s3browser.model.locations import S3Location
from s3browser.model.transfers import TransferSnapshot, TransferState
from s3browser.transfers.manager import TransferManager
from s3browser.ui.theme import DARK, LIGHT, Theme
from s3browser.ui.transfers.faces import Action
from s3browser.ui.transfers.panel import TransfersPanel
from tests.fakestore import FakeStore
from tests.ui.accessibility import nameless, rich_labels
from tests.ui.transfers.conftest import Upload, many

# Menus and tool tips are drawn off the screen, where nothing can be raised over anything else.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def names(panel: TransfersPanel) -> list[str]:
    panel.refresh()
    model = panel.view.model()
    return [model.index(row, 0).data() or "" for row in range(model.rowCount())]


def spoken(panel: TransfersPanel, row: int) -> str:
    return panel.view.model().index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) or ""


def shown(panel: TransfersPanel, qtbot: QtBot, *expected: str) -> None:
    """Wait until the rows are these."""
    qtbot.waitUntil(lambda: names(panel) == list(expected))


def failed(panel: TransfersPanel, qtbot: QtBot, row: int) -> None:
    """Wait until that row has failed."""
    qtbot.waitUntil(lambda: len(names(panel)) > row and "failed:" in spoken(panel, row))


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


def test_what_runs_then_what_failed_then_what_waits_then_what_is_over(
    panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload
) -> None:
    QAbstractItemModelTester(
        panel.view.model(), QAbstractItemModelTester.FailureReportingMode.Fatal, panel.view.model()
    )
    upload("over.txt")
    shown(panel, qtbot, "over.txt uploaded to Invoices")
    store.fail("put", S3BusyError("upload"), key="Invoices/bad.txt")
    gates = [store.hang("put", key=f"Invoices/{name}") for name in ("a.txt", "b.txt")]
    upload("bad.txt", "a.txt", "b.txt", "c.txt", "d.txt")
    shown(panel, qtbot, "a.txt", "b.txt", "bad.txt", "c.txt", "d.txt", "over.txt uploaded to Invoices")
    assert spoken(panel, 2) == "Upload bad.txt, failed: The server is busy or has a problem right now."
    assert spoken(panel, 3) == "Upload c.txt, 2 KB, waiting"
    # A time left may follow, where the first upload's end was seen in between.
    assert panel.status.accessibleName().startswith("2 active · 2 waiting · 1 failed · 2 KB of 8 KB")
    for gate in gates:
        gate.release()
    shown(panel, qtbot, "bad.txt", "4 of 5 files uploaded to Invoices; 1 failed", "over.txt uploaded to Invoices")
    assert panel.status.accessibleName() == "4 of 5 files uploaded to Invoices · 1 failed"
    panel.clear_button.click()
    assert names(panel) == []
    assert panel.status.accessibleName() == "Nothing is being transferred"


def test_a_name_is_never_markup(panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload) -> None:
    gate = store.hang("put")
    upload("<b>x<i>.txt")
    shown(panel, qtbot, "<b>x<i>.txt")
    point = panel.view.visualRect(panel.view.model().index(0, 0)).center()
    event = QHelpEvent(QEvent.Type.ToolTip, point, panel.view.viewport().mapToGlobal(point))
    QApplication.sendEvent(panel.view.viewport(), event)
    assert QToolTip.text().startswith("<span>&lt;b&gt;x&lt;i&gt;.txt<br>")
    QToolTip.hideText()
    gate.release()


def test_everything_has_a_name_and_none_is_markup(panel: TransfersPanel) -> None:
    assert (nameless(panel), rich_labels(panel)) == ([], [])
    interface = QAccessible.queryAccessibleInterface(panel.view)
    assert interface.text(QAccessible.Text.Name) == "Transfers"


# ---------------------------------------------------------------------- what a row offers


def test_cancelling_by_its_button(panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload) -> None:
    gate = store.hang("put", times=2)
    upload("a.txt", "b.txt", "c.txt")
    shown(panel, qtbot, "a.txt", "b.txt", "c.txt")
    click(panel, 2, Action.CANCEL)
    assert names(panel) == ["a.txt", "b.txt"]
    click(panel, 0, Action.CANCEL)
    shown(panel, qtbot, "b.txt")
    gate.release()
    shown(panel, qtbot, "1 of 3 files uploaded to Invoices; 2 cancelled")
    click(panel, 0, Action.RETRY)
    shown(panel, qtbot, "3 of 3 files uploaded to Invoices")


def test_trying_again_by_its_button(panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload) -> None:
    store.fail("put", S3BusyError("upload"))
    upload("a.txt")
    failed(panel, qtbot, 0)
    assert panel.status.accessibleName() == "1 failed"
    click(panel, 0, Action.RETRY)
    shown(panel, qtbot, "a.txt uploaded to Invoices")


@pytest.mark.parametrize("key", [Qt.Key.Key_R, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_trying_again_by_key(
    panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload, key: Qt.Key
) -> None:
    store.fail("put", S3BusyError("upload"))
    upload("a.txt")
    failed(panel, qtbot, 0)
    press(panel, 0, Qt.Key.Key_Delete)
    assert names(panel) == ["a.txt"], "there is nothing to cancel"
    press(panel, 0, key)
    shown(panel, qtbot, "a.txt uploaded to Invoices")


def test_cancelling_by_key(panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload) -> None:
    store.hang("put")
    upload("a.txt")
    shown(panel, qtbot, "a.txt")
    press(panel, 0, Qt.Key.Key_R)
    assert names(panel) == ["a.txt"], "it has not failed"
    press(panel, 0, Qt.Key.Key_Delete)
    shown(panel, qtbot, "a.txt cancelled")


def test_details_are_asked_for(panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload) -> None:
    error = S3BusyError("upload")
    store.fail("put", error)
    upload("a.txt")
    failed(panel, qtbot, 0)
    with qtbot.waitSignal(panel.details_requested) as told:
        click(panel, 0, Action.DETAILS)
    assert told.args == [error]
    with qtbot.waitSignal(panel.details_requested):
        choose(open_menu(panel, 0), "Details…")


def test_the_menu_cancels_one_or_the_whole(
    panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload
) -> None:
    store.hang("put", key="Invoices/a.txt")
    gate = store.hang("put", key="Invoices/other.txt")
    upload("other.txt")
    upload("a.txt", "b.txt", "c.txt", "d.txt")
    shown(panel, qtbot, "other.txt", "a.txt", "b.txt", "c.txt", "d.txt")
    choose(open_menu(panel, 2), "Cancel")
    shown(panel, qtbot, "other.txt", "a.txt", "c.txt", "d.txt")
    choose(open_menu(panel, 3), "Cancel this whole upload")
    shown(panel, qtbot, "other.txt", "0 of 4 files uploaded to Invoices; 4 cancelled")
    gate.release()
    shown(panel, qtbot, "0 of 4 files uploaded to Invoices; 4 cancelled", "other.txt uploaded to Invoices")
    choose(open_menu(panel, 0), "Clear finished")
    assert names(panel) == []


def test_all_at_once_by_the_header(panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload) -> None:
    store.fail("put", S3BusyError("upload"), times=2)
    upload("a.txt", "b.txt")
    both = ["0 of 2 files uploaded to Invoices; 2 failed", "a.txt", "b.txt"]
    qtbot.waitUntil(lambda: sorted(names(panel)) == both)  # the two workers fail in either order
    assert (panel.retry_button.isVisible(), panel.cancel_button.isVisible()) == (True, False)
    gate = store.hang("put", times=2)
    panel.retry_button.click()
    qtbot.waitUntil(panel.cancel_button.isVisible)
    assert (panel.retry_button.isVisible(), panel.clear_button.isVisible()) == (False, False)
    panel.cancel_button.click()
    shown(panel, qtbot, "0 of 2 files uploaded to Invoices; 2 cancelled")
    gate.release()


def test_a_button_let_go_elsewhere_does_nothing(
    panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload
) -> None:
    gate = store.hang("put")
    upload("a.txt")
    shown(panel, qtbot, "a.txt")
    area = panel.view.button_area(0, Action.CANCEL)
    QTest.mousePress(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=area.center())
    QTest.mouseRelease(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(100, area.center().y()))
    gate.release()
    shown(panel, qtbot, "a.txt uploaded to Invoices")


def test_rows_that_move_under_the_pointer_are_safe(
    panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload
) -> None:
    gates = {name: store.hang("put", key=f"Invoices/{name}") for name in ("a.txt", "b.txt", "c.txt")}
    upload("a.txt", "b.txt", "c.txt", "d.txt")
    shown(panel, qtbot, "a.txt", "b.txt", "c.txt", "d.txt")
    at = panel.view.button_area(1, Action.CANCEL).center()
    QTest.mousePress(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    gates["a.txt"].release()
    shown(panel, qtbot, "b.txt", "c.txt", "d.txt")
    QTest.mouseRelease(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    for gate in gates.values():
        gate.release()
    shown(panel, qtbot, "3 of 4 files uploaded to Invoices; 1 cancelled")
    assert "Invoices/b.txt" not in store.buckets["bucket"], "what was under the pointer when it went down"


def test_the_chosen_transfer_stays_chosen(
    panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload
) -> None:
    gates = {name: store.hang("put", key=f"Invoices/{name}") for name in ("a.txt", "b.txt", "c.txt")}
    upload("a.txt", "b.txt", "c.txt", "d.txt")
    shown(panel, qtbot, "a.txt", "b.txt", "c.txt", "d.txt")
    panel.view.selectRow(3)
    gates["a.txt"].release()
    shown(panel, qtbot, "b.txt", "c.txt", "d.txt")
    assert panel.view.currentIndex().row() == 2
    panel.view.selectRow(0)
    gates["b.txt"].release()
    qtbot.waitUntil(lambda: "b.txt" not in names(panel))
    assert not panel.view.currentIndex().isValid(), "Del must not hit its neighbour"
    assert not panel.view.selectionModel().hasSelection()
    gates["c.txt"].release()
    shown(panel, qtbot, "4 of 4 files uploaded to Invoices")


# ---------------------------------------------------------------------- 100,000 of them


class Counted(TransferManager):
    """Starts nothing, and notes how many rows it was asked for."""

    def __init__(self, runner: JobRunner) -> None:
        super().__init__(runner, "transfers", workers=0)
        self.asked: list[int] = []

    def rows_by_state(
        self, states: Iterable[TransferState], start: int, stop: int
    ) -> tuple[Mapping[TransferState, int], list[TransferSnapshot]]:
        self.asked.append(stop - start)
        return super().rows_by_state(states, start, stop)


@pytest.fixture
def manager_at_rest(runner: JobRunner) -> Counted:
    return Counted(runner)


@pytest.fixture
def long_panel(qtbot: QtBot, window: QWidget, manager_at_rest: Counted) -> TransfersPanel:
    """100,000 rows, six of them in sight."""
    panel = TransfersPanel(manager_at_rest, window)
    panel.resize(800, panel.sizeHint().height() + 2 * panel.view.row_height)
    panel.show()
    qtbot.waitExposed(window)
    manager_at_rest.start(FakeStore(), many(100_000))
    panel.refresh()
    QApplication.processEvents()
    return panel


def test_many_rows_cost_what_is_visible(long_panel: TransfersPanel, manager_at_rest: Counted) -> None:
    model = long_panel.view.model()
    assert model.rowCount() == 100_000
    assert sum(manager_at_rest.asked) < 50
    assert long_panel.status.accessibleName() == "100,000 waiting · 0 bytes of 100 MB"
    manager_at_rest.asked.clear()
    press(long_panel, 0, Qt.Key.Key_End)
    QApplication.processEvents()
    assert long_panel.view.currentIndex().row() == 99_999
    assert model.index(99_999, 0).data() == "99999.jpg"
    QTest.keyClicks(long_panel.view, "zq")
    long_panel.refresh()
    assert sum(manager_at_rest.asked) < 200, "a block around what came into sight"


def test_only_rows_in_sight_that_changed_are_told(
    long_panel: TransfersPanel, manager_at_rest: Counted, qtbot: QtBot
) -> None:
    model = long_panel.view.model()
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    long_panel.refresh()
    assert told == []
    manager_at_rest.cancel(manager_at_rest.rows(50_000, 50_001)[0].transfer_id)
    long_panel.refresh()
    assert (told, model.rowCount()) == ([], 99_999)
    manager_at_rest.cancel(manager_at_rest.rows(2, 3)[0].transfer_id)
    long_panel.refresh()
    ((first, last),) = told
    assert (first, last < 10) == (2, True)


def test_the_rows_agree_with_themselves(long_panel: TransfersPanel, manager_at_rest: Counted, window: QWidget) -> None:
    model = long_panel.view.model()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, window)
    long_panel.view.scrollToBottom()
    manager_at_rest.start(FakeStore(), many(10))
    long_panel.refresh()
    assert model.rowCount() == 100_010
    manager_at_rest.cancel_all()
    long_panel.refresh()
    assert names(long_panel) == [
        "0 of 10 files uploaded to Invoices; 10 cancelled",
        "0 of 100,000 files uploaded to Invoices; 100,000 cancelled",
    ]


def test_a_row_that_went_away_between_two_looks_is_empty(long_panel: TransfersPanel, manager_at_rest: Counted) -> None:
    manager_at_rest.cancel_all()
    index = long_panel.view.model().index(70_000, 0)
    assert index.data() is None
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) is None


# ---------------------------------------------------------------------- when it looks, and how it stands


def test_it_looks_only_while_something_moves(
    panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload
) -> None:
    timer = panel.findChild(QTimer)
    assert timer is not None
    assert not timer.isActive()
    gate = store.hang("put")
    with qtbot.waitSignal(panel.activity_started):
        upload("a.txt")
    assert (timer.isActive(), timer.interval()) == (True, 200)
    gate.release()
    qtbot.waitUntil(lambda: not timer.isActive())
    assert panel.status.accessibleName() == "a.txt uploaded to Invoices", "nobody has to ask for the end"


def test_the_bar_shows_the_whole(panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload) -> None:
    assert not panel.progress.isVisible()
    gate = store.hang("put", key="Invoices/b.txt")
    upload("a.txt", "b.txt")
    shown(panel, qtbot, "b.txt")
    assert (panel.progress.isVisible(), panel.progress.value()) == (True, 500)
    gate.release()
    qtbot.waitUntil(lambda: not panel.progress.isVisible())


def test_folding(qtbot: QtBot, window: QWidget, manager: TransferManager, store: FakeStore, upload: Upload) -> None:
    splitter = QSplitter(Qt.Orientation.Vertical, window)
    splitter.addWidget(QWidget(splitter))
    panel = TransfersPanel(manager, splitter)
    splitter.addWidget(panel)
    splitter.resize(800, 600)
    splitter.setSizes([300, 300])
    splitter.show()
    gate = store.hang("put")
    upload("a.txt")
    qtbot.waitUntil(lambda: names(panel) == ["a.txt"] and "waiting" not in spoken(panel, 0))
    before = panel.height()
    panel.fold_button.click()
    assert (panel.is_folded, panel.fold_button.accessibleName()) == (True, "Show every transfer")
    assert panel.height() < panel.view.row_height * 1.5
    assert panel.geometry().bottom() == splitter.rect().bottom(), "the contents have the room"
    assert panel.status.accessibleName().startswith("1 active"), "the line goes on"
    panel.fold_button.click()
    assert (panel.is_folded, panel.height()) == (False, before)
    assert panel.fold_button.accessibleName() == "Fold to one line"
    gate.release()
    shown(panel, qtbot, "a.txt uploaded to Invoices")


def test_a_narrow_line_says_what_matters_most(
    panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload
) -> None:
    store.fail("put", S3BusyError("upload"), key="Invoices/bad.txt")
    gates = [store.hang("put", key=f"Invoices/{name}") for name in ("a.txt", "b.txt")]
    upload("bad.txt", "a.txt", "b.txt", "c.txt")
    shown(panel, qtbot, "a.txt", "b.txt", "bad.txt", "c.txt")
    line = panel.status
    whole = "2 active · 1 waiting · 1 failed · 2 KB of 6 KB"
    line.resize(600, line.height())
    assert (line.text(), line.toolTip()) == (whole, "")
    line.resize(line.fontMetrics().horizontalAdvance("2 active · 1 failed") + 1, line.height())
    assert line.text() == "2 active · 1 failed"
    assert (whole in line.toolTip(), line.accessibleName()) == (True, whole)
    for gate in gates:
        gate.release()


def test_it_follows_light_and_dark(theme: Theme, panel: TransfersPanel) -> None:
    def ground() -> QColor:
        return panel.grab().toImage().pixelColor(400, 60)

    theme.set_scheme(Qt.ColorScheme.Light)
    light = ground()
    theme.set_scheme(Qt.ColorScheme.Dark)
    dark = ground()
    theme.set_scheme(Qt.ColorScheme.Unknown)
    assert (light, dark) == (QColor(LIGHT.side), QColor(DARK.side))


def test_mirrored_where_people_read_from_right_to_left(
    panel: TransfersPanel, qtbot: QtBot, store: FakeStore, upload: Upload
) -> None:
    gate = store.hang("put")
    upload("a.txt")
    shown(panel, qtbot, "a.txt")
    assert panel.view.button_area(0, Action.CANCEL).left() > 400
    panel.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert panel.view.button_area(0, Action.CANCEL).left() < 400
    click(panel, 0, Action.CANCEL)
    shown(panel, qtbot, "a.txt cancelled")
    gate.release()


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
