"""The whole window on an S3 in memory: what a person does, and what they then see."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QMimeData, QObject, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QMenu, QRadioButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from s3browser.documents import Document, Kind
from s3browser.exceptions import (
    S3AccessDeniedError,
    S3BusyError,
    S3ConnectionError,
    S3CredentialsError,
    S3IntegrationError,
)
from s3browser.jobs.runner import JobRunner
from s3browser.model.columns import row_columns
from s3browser.model.conflicts import REPLACE
from s3browser.model.connections import ConnectionProfile, Secret
from s3browser.model.entries import DeleteFailure
from s3browser.model.listing import folder_row
from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.settings.profiles import ProfileStore
from s3browser.settings.secrets import SecretStore
from s3browser.transfers.host import LANES
from s3browser.transfers.journal import Journal
from s3browser.transfers.manager import TransferManager
from s3browser.ui import workspace_controller
from s3browser.ui.browser.contents_view import ContentsView
from s3browser.ui.dialogs.add_bucket import AddBucketDialog
from s3browser.ui.dialogs.confirm_delete import ConfirmDeleteDialog
from s3browser.ui.dialogs.delete_problems import DeleteProblemsDialog
from s3browser.ui.dialogs.error import ErrorDialog
from s3browser.ui.dialogs.new_folder import NewFolderDialog
from s3browser.ui.dialogs.plan_sheet import PlanSheet
from s3browser.ui.main_window import MainWindow
from s3browser.ui.relay import GuiRelay
from s3browser.ui.sessions import Sessions
from s3browser.ui.state_page import StatePage
from s3browser.ui.tasks import LANES as OF_THE_WINDOW
from s3browser.ui.tasks import Tasks
from s3browser.ui.transfers.diary import DiaryDialog
from s3browser.ui.transfers.unfinished import UnfinishedUploadsDialog
from s3browser.ui.workspace import Workspace
from s3browser.ui.workspace_controller import Services, WorkspaceController
from tests.fakestore import FakeStore

D = TypeVar("D", bound=QDialog)
PROFILE = ConnectionProfile("p1", "Acme")
HERE = S3Location("photos", "2026/")


@pytest.fixture
def store() -> FakeStore:
    return FakeStore({"photos": {"2026/a.txt": b"aaa", "2026/b10.txt": b"b", "2026/b2.txt": b"bb", "2026/sub/c": b"c"}})


@pytest.fixture
def errors() -> list[Exception]:
    return []


@pytest.fixture
def controller(
    qtbot: QtBot, tmp_path: Path, store: FakeStore, errors: list[Exception]
) -> Iterator[WorkspaceController]:
    window = MainWindow()
    qtbot.addWidget(window)
    owner = QObject()
    runner = JobRunner(LANES | OF_THE_WINDOW, GuiRelay(owner).deliver)
    tasks = Tasks(runner, errors.append)
    sessions = Sessions(ProfileStore(tmp_path / "connections.json"), SecretStore(), lambda profile, secret: store)
    sessions.add_passing(PROFILE, Secret("key", "secret"))
    manager = TransferManager(runner, sessions.store, partial(Journal.open, tmp_path / "transfers.sqlite"))
    document = Document("a.txt", Kind.TEXT, text="aaa")
    services = Services(sessions, tasks, manager, lambda *_: document, list, tmp_path / "drag", lambda *_: None)
    controller = WorkspaceController(Workspace(window), services)
    manager.add_listener(controller.operations.on_news)
    window.setCentralWidget(controller.workspace)
    window.show()
    yield controller
    manager.shutdown(2.0)
    assert runner.shutdown()
    window.close()
    owner.deleteLater()


@pytest.fixture
def opened(controller: WorkspaceController, qtbot: QtBot) -> WorkspaceController:
    """The window in a folder with three files and a folder."""
    go(controller, qtbot, HERE)
    return controller


def go(controller: WorkspaceController, qtbot: QtBot, location: S3Location) -> None:
    with qtbot.waitSignal(controller.navigator.listing_finished):
        controller.open_connection("p1", location)


def names(controller: WorkspaceController) -> list[str]:
    return [row.name for row in controller.workspace.contents.model.rows()]


def select(controller: WorkspaceController, *wanted: str) -> None:
    rows = controller.workspace.contents.model.rows()
    controller.workspace.contents.view.select({row.location for row in rows if row.name in wanted})


def dialog(qtbot: QtBot, kind: type[D]) -> D:
    """The one open dialog of a kind."""

    def find() -> list[D]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]

    qtbot.waitUntil(lambda: len(find()) == 1)
    return find()[0]


def drop(view: ContentsView, paths: list[Path], at: QPoint | None = None) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    point = QPointF(at or QPoint(5, view.viewport().height() - 5))
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(point.toPoint(), copy, data, left, none)
    QApplication.sendEvent(view.viewport(), enter)
    assert enter.isAccepted()
    QApplication.sendEvent(view.viewport(), QDropEvent(point, copy, data, left, none))


def test_a_folder_shows_in_natural_order_with_its_counts(opened: WorkspaceController) -> None:
    assert names(opened) == ["sub", "a.txt", "b2.txt", "b10.txt"]
    assert opened.workspace.info.text() == "4 items"
    assert opened.workspace.window().windowTitle() == "2026 – s3browser"


def test_back_forward_and_up(opened: WorkspaceController, qtbot: QtBot) -> None:
    commands = opened.workspace.commands
    with qtbot.waitSignal(opened.navigator.listing_finished):
        commands.up.trigger()
    assert names(opened) == ["2026"]
    with qtbot.waitSignal(opened.navigator.listing_finished):
        commands.back.trigger()
    assert names(opened)[0] == "sub"
    with qtbot.waitSignal(opened.navigator.listing_finished):
        commands.forward.trigger()
    assert names(opened) == ["2026"]
    assert not commands.forward.isEnabled()


def test_the_tree_follows_to_where_one_goes(opened: WorkspaceController, qtbot: QtBot) -> None:
    place = Place("p1", HERE)
    qtbot.waitUntil(lambda: opened.workspace.places.currentIndex() == opened.workspace.places_model.index_of(place))


def test_the_filter_narrows_and_says_of_how_many(opened: WorkspaceController, qtbot: QtBot) -> None:
    QTest.keyClicks(opened.workspace.filter, "b1")
    assert names(opened) == ["b10.txt"]
    assert opened.workspace.info.text() == "1 of 4 items"


def test_a_refresh_keeps_the_selection_and_shows_what_is_new(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    view = opened.workspace.contents.view
    view.reveal(S3Location("photos", "2026/b2.txt"))
    select(opened, "a.txt", "b2.txt")
    store.write("photos", "2026/new.txt", b"new")
    with qtbot.waitSignal(opened.navigator.listing_finished):
        opened.workspace.commands.refresh.trigger()
    assert "new.txt" in names(opened)
    assert [row.name for row in opened.browser.selected_rows()] == ["a.txt", "b2.txt"]
    assert view.current_location() == S3Location("photos", "2026/b2.txt")


def test_a_typed_address_of_a_file_opens_its_folder_and_selects_it(opened: WorkspaceController, qtbot: QtBot) -> None:
    with qtbot.waitSignal(opened.navigator.listing_finished):
        opened.workspace.path_bar.location_typed.emit(S3Location("photos", "2026/sub/c"))
    assert [row.name for row in opened.browser.selected_rows()] == ["c"]


def test_a_typed_address_without_slash_of_a_folder_opens_it(opened: WorkspaceController, qtbot: QtBot) -> None:
    with qtbot.waitSignal(opened.navigator.listing_finished):
        opened.workspace.path_bar.location_typed.emit(S3Location("photos", "2026/sub"))
    assert names(opened) == ["c"]


def test_dropped_files_and_folders_are_uploaded_and_shown(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "x.txt").write_bytes(b"xx")
    (tmp_path / "y.txt").write_bytes(b"yyy")
    drop(opened.workspace.contents.view, [tmp_path / "new", tmp_path / "y.txt"])
    qtbot.waitUntil(lambda: {"new", "y.txt"} <= set(names(opened)))
    assert store.data("2026/new/x.txt", "photos") == b"xx"
    assert store.data("2026/y.txt", "photos") == b"yyy"


def test_a_drop_on_a_folder_row_goes_into_that_folder(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore, tmp_path: Path
) -> None:
    (tmp_path / "y.txt").write_bytes(b"yyy")
    view = opened.workspace.contents.view
    drop(view, [tmp_path / "y.txt"], view.visualRect(opened.workspace.contents.model.index(0, 0)).center())
    qtbot.waitUntil(lambda: "2026/sub/y.txt" in store.buckets["photos"])


def test_nothing_can_be_dropped_on_the_list_of_buckets(
    controller: WorkspaceController, qtbot: QtBot, tmp_path: Path
) -> None:
    go(controller, qtbot, S3Location())
    (tmp_path / "y.txt").write_bytes(b"y")
    with pytest.raises(AssertionError):
        drop(controller.workspace.contents.view, [tmp_path / "y.txt"])


def test_a_name_that_is_there_is_asked_about_once_and_both_are_kept(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore, tmp_path: Path
) -> None:
    for name in ("a.txt", "b2.txt"):
        (tmp_path / name).write_bytes(b"mine")
    opened.operations.upload([tmp_path / "a.txt", tmp_path / "b2.txt"], Place("p1", HERE))
    dialog(qtbot, PlanSheet).go_button.click()
    qtbot.waitUntil(lambda: {"a (2).txt", "b2 (2).txt"} <= set(names(opened)))
    assert store.data("2026/a.txt", "photos") == b"aaa"


def test_what_cannot_be_uploaded_is_summed_up_before_anything_moves(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore, tmp_path: Path
) -> None:
    (tmp_path / "ok.txt").write_bytes(b"ok")
    opened.operations.upload([tmp_path / "ok.txt", tmp_path / "missing.txt"], Place("p1", HERE))
    asked = dialog(qtbot, PlanSheet)
    assert "2026/ok.txt" not in store.buckets["photos"]
    with qtbot.waitSignal(asked.confirmed):
        asked.go_button.click()
    qtbot.waitUntil(lambda: "2026/ok.txt" in store.buckets["photos"])


def test_a_download_writes_the_files_with_their_folders(
    opened: WorkspaceController, qtbot: QtBot, tmp_path: Path
) -> None:
    select(opened, "a.txt", "sub")
    opened.operations.download(opened.browser.selected_rows(), "p1", tmp_path)
    qtbot.waitUntil(lambda: (tmp_path / "a.txt").exists() and (tmp_path / "sub" / "c").exists())
    assert (tmp_path / "a.txt").read_bytes() == b"aaa"


def test_a_new_folder_is_made_and_shown_in_table_and_tree(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    opened.workspace.commands.new_folder.trigger()
    asked = dialog(qtbot, NewFolderDialog)
    QTest.keyClicks(asked.name_edit, "Reports")
    asked.create_button.click()
    qtbot.waitUntil(lambda: "Reports" in names(opened))
    assert "2026/Reports/" in store.buckets["photos"]


def test_delete_counts_the_files_and_takes_the_rows_out(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    select(opened, "sub", "a.txt")
    opened.workspace.commands.delete.trigger()
    asked = dialog(qtbot, ConfirmDeleteDialog)
    qtbot.waitUntil(asked.delete_button.isEnabled)
    assert asked.delete_button.text() == "Delete 2 files"
    asked.delete_button.click()
    qtbot.waitUntil(lambda: names(opened) == ["b2.txt", "b10.txt"])
    assert "2026/sub/c" not in store.buckets["photos"]


def test_a_failed_listing_stands_where_the_rows_would_be_and_can_be_retried(
    controller: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    store.fail("list_folder", S3BusyError("list", "s3://photos/2026/"), key=HERE.key)
    with qtbot.waitSignal(controller.navigator.listing_failed):
        controller.open_connection("p1", HERE)
    page = controller.workspace.contents.findChild(StatePage)
    assert isinstance(page, StatePage)
    assert "busy" in page.accessibleName()
    with qtbot.waitSignal(controller.navigator.listing_finished):
        page.button_clicked.emit()
    assert len(names(controller)) == 4


@pytest.mark.parametrize(
    ("error", "signal"),
    [
        (S3CredentialsError("list_buckets", code="ExpiredToken"), "sign_in_requested"),
        (S3AccessDeniedError("list_buckets"), "bucket_requested"),
    ],
)
def test_a_refused_sign_in_or_list_of_buckets_offers_the_way_on(
    controller: WorkspaceController, qtbot: QtBot, store: FakeStore, error: S3IntegrationError, signal: str
) -> None:
    store.fail("list_buckets", error, times=5)
    with qtbot.waitSignal(controller.navigator.listing_failed):
        controller.open_connection("p1", S3Location())
    with qtbot.waitSignal(getattr(controller.browser, signal)) as asked:
        controller.workspace.contents.help_requested.emit(error)
    assert asked.args == ["p1"]


def test_a_denied_folder_shows_the_missing_permission_for_the_administrator(
    controller: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    error = S3AccessDeniedError("list", "s3://photos/", permission="s3:ListBucket", resource="arn:aws:s3:::photos")
    controller.workspace.contents.help_requested.emit(error)
    shown = dialog(qtbot, ErrorDialog)
    shown.close()


def test_leaving_a_folder_drops_what_still_comes_of_it(
    controller: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    gate = store.hang("list_folder", key=HERE.key)
    controller.open_connection("p1", HERE)
    qtbot.waitUntil(gate.reached.is_set)
    go(controller, qtbot, S3Location("photos", "2026/sub/"))
    gate.release()
    qtbot.wait(50)
    assert names(controller) == ["c"]


def test_copy_address_copies_what_is_selected(opened: WorkspaceController) -> None:
    select(opened, "a.txt")
    opened.workspace.commands.copy_address.trigger()
    assert QGuiApplication.clipboard().text() == "s3://photos/2026/a.txt"


def test_without_a_connection_the_welcome_page_shows(controller: WorkspaceController) -> None:
    controller._sessions.remove("p1")
    controller.connections.removed.emit("p1")
    controller.show_profiles()
    assert controller.workspace.welcome.isVisible()


def test_every_action_has_words_and_either_a_shortcut_or_a_reason(controller: WorkspaceController) -> None:
    without = {"open", "show_files_in_tree", "edit_connection", "remove_connection", "add_bucket"}
    without |= {"transfer_settings", "unfinished_uploads"}
    for name, action in vars(controller.workspace.commands).items():
        assert isinstance(action, QAction)
        assert action.text()
        assert action.toolTip()
        assert bool(action.shortcuts()) != (name in without), name


def test_shortcuts_are_not_given_twice(controller: WorkspaceController) -> None:
    given = [key.toString() for action in vars(controller.workspace.commands).values() for key in action.shortcuts()]
    assert len(given) == len(set(given))


def test_delete_never_stands_beside_download(controller: WorkspaceController) -> None:
    buttons = [b for b in controller.workspace.findChildren(QToolButton) if b.defaultAction()]
    order = sorted((b.mapTo(controller.workspace, QPoint()).x(), b.defaultAction().text()) for b in buttons)
    texts = [text for _, text in order]
    assert abs(texts.index("Delete…") - texts.index("Download…")) > 1


def test_tab_goes_from_left_to_right_and_from_top_to_bottom(opened: WorkspaceController, qtbot: QtBot) -> None:
    workspace = opened.workspace
    workspace.window().activateWindow()
    workspace.places.setFocus()
    qtbot.waitUntil(workspace.places.hasFocus)
    corners: list[tuple[int, int]] = []
    while not workspace.contents.view.hasFocus() and len(corners) < 30:
        QTest.keyClick(workspace.window().focusWidget(), Qt.Key.Key_Tab)
        corner = workspace.window().focusWidget().mapTo(workspace, QPoint())
        corners.append((corner.y() // 40, corner.x()))
    assert workspace.contents.view.hasFocus()
    assert corners == sorted(corners)
    assert len(corners) > 8


def test_after_a_typed_address_the_keyboard_is_in_the_contents(opened: WorkspaceController, qtbot: QtBot) -> None:
    window = opened.workspace.window()
    window.activateWindow()
    opened.workspace.commands.edit_path.trigger()
    qtbot.waitUntil(lambda: isinstance(window.focusWidget(), QLineEdit))
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert window.focusWidget() is opened.workspace.contents.view


def test_a_drag_out_downloads_at_the_drop_only(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore, tmp_path: Path
) -> None:
    select(opened, "a.txt")
    drag_data = opened.workspace.contents.view.drag_data
    assert drag_data is not None
    data = drag_data(opened.browser.selected_rows())
    assert data.hasUrls()
    paths = [Path(url.toLocalFile()) for url in data.urls()]
    assert [path.name for path in paths] == ["a.txt"]
    assert paths[0].read_bytes() == b"aaa"


def test_the_tree_stops_at_ten_pages_and_shows_all_on_request(
    qtbot: QtBot, controller: WorkspaceController, store: FakeStore
) -> None:
    store.page_size = 2
    for number in range(30):
        store.write("photos", f"many/{number:02}/x", b"")
    place = Place("p1", S3Location("photos", "many/"))
    go(controller, qtbot, place.location)
    model = controller.workspace.places_model
    qtbot.waitUntil(lambda: model.index_of(place).isValid())
    controller.workspace.places.expand(model.index_of(place))
    qtbot.waitUntil(lambda: model.rowCount(model.index_of(place)) == 21)
    controller.workspace.places.more_requested.emit(place)
    qtbot.waitUntil(lambda: model.rowCount(model.index_of(place)) == 30)


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (S3ConnectionError("list", "s3://photos/2026/", "Timeout"), True),
        (S3AccessDeniedError("list", "s3://photos/2026/"), False),
    ],
)
def test_a_failed_refresh_warns_and_keeps_the_rows_that_may_still_be_true(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore, error: S3IntegrationError, stays: bool
) -> None:
    store.fail("list_folder", error, key=HERE.key)
    with qtbot.waitSignal(opened.navigator.listing_failed):
        opened.workspace.commands.refresh.trigger()
    assert bool(names(opened)) is stays
    assert (opened.workspace.banner is not None) is stays
    with qtbot.waitSignal(opened.navigator.listing_finished):
        opened.workspace.commands.refresh.trigger()
    assert len(names(opened)) == 4
    assert opened.workspace.banner is None


def test_space_shows_and_hides_the_details(opened: WorkspaceController, qtbot: QtBot) -> None:
    view = opened.workspace.contents.view
    before = opened.details.isVisible()
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert opened.details.isVisible() is not before


def test_where_it_is_narrow_the_details_go_and_come_back_with_the_room(opened: WorkspaceController) -> None:
    window, details = opened.workspace.window(), opened.details
    window.resize(853, 533)
    assert not details.isVisible()
    opened.workspace.commands.show_details.trigger()
    assert details.isVisible(), "somebody asked for them"
    window.resize(1280, 800)
    assert details.isVisible()
    opened.workspace.commands.show_details.trigger()
    window.resize(853, 533)
    window.resize(1280, 800)
    assert not details.isVisible(), "nobody wanted them before"


@pytest.mark.parametrize("with_details", [False, True])
@pytest.mark.usefixtures("theme")
def test_a_narrow_window_cuts_nothing_off(opened: WorkspaceController, qtbot: QtBot, with_details: bool) -> None:
    workspace, window = opened.workspace, opened.workspace.window()
    window.resize(853, 533)
    workspace.commands.show_details.setChecked(with_details)
    browse = workspace.filter.parentWidget()
    assert browse is not None

    def is_cut(each: QWidget) -> bool:
        right = each.mapTo(browse, each.rect().topRight()).x()
        return right >= browse.width() or each.width() < each.minimumSizeHint().width()

    buttons = [each for each in browse.findChildren(QToolButton) if each.isVisible() and each.accessibleName()]
    qtbot.waitUntil(lambda: not any(map(is_cut, (*buttons, workspace.filter, workspace.info))))
    assert len(buttons) >= 9
    assert workspace.path_bar.width() > 100


@pytest.mark.usefixtures("theme")
def test_where_words_do_not_fit_their_icons_do(opened: WorkspaceController) -> None:
    workspace = opened.workspace

    def with_words() -> list[str]:
        bar = workspace.info.parentWidget()
        assert bar is not None
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        return [each.accessibleName() for each in bar.findChildren(QToolButton) if each.toolButtonStyle() == style]

    workspace.commands.show_details.setChecked(True)
    everything = ["Upload", "Download", "New folder", "Delete"]
    assert with_words() == everything
    workspace.info.setText("2 of 1,000 items selected · 1.3 GB · and a line that has become much too long for this")
    QApplication.processEvents()
    assert with_words() == ["Upload"]
    workspace.info.setText("4 items")
    QApplication.processEvents()
    assert with_words() == everything


def test_a_plan_that_fails_takes_back_that_it_is_being_made(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore, errors: list[Exception], tmp_path: Path
) -> None:
    store.fail("list_files", S3BusyError("list"))
    select(opened, "sub")
    opened.operations.download(opened.browser.selected_rows(), "p1", tmp_path)
    qtbot.waitUntil(lambda: len(errors) == 1)
    assert opened.workspace.info.text() == "1 selected"


def test_a_drag_out_makes_no_folder_before_the_drop_and_gives_up_at_once_where_it_fails(
    opened: WorkspaceController, store: FakeStore, errors: list[Exception], tmp_path: Path
) -> None:
    store.fail("list_files", S3BusyError("list"))
    select(opened, "sub")
    drag_data = opened.workspace.contents.view.drag_data
    assert drag_data is not None
    data = drag_data(opened.browser.selected_rows())
    assert not (tmp_path / "drag").exists()
    started = time.monotonic()
    assert not data.urls()
    assert time.monotonic() - started < 10
    assert len(errors) == 1


def test_a_file_that_is_gone_leaves_though_another_that_begins_like_it_stayed(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    store.write("photos", "2026/a.txt.old", b"")
    go(opened, qtbot, HERE)
    select(opened, "a.txt", "a.txt.old")
    failure = DeleteFailure("2026/a.txt.old", S3AccessDeniedError("delete"))
    delete_many = store.delete_many
    store.delete_many = lambda bucket, keys, **more: [*delete_many(bucket, keys[:1], **more), failure]  # type: ignore[method-assign]
    opened.operations._delete(opened.browser.selected_rows(), "p1")
    qtbot.waitUntil(lambda: "a.txt" not in names(opened))
    assert "a.txt.old" in names(opened)
    dialog(qtbot, DeleteProblemsDialog).close()


def test_what_changes_during_a_refresh_is_not_taken_back_by_it(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    gate = store.hang("list_folder", key=HERE.key)
    opened.workspace.commands.refresh.trigger()
    qtbot.waitUntil(gate.reached.is_set)
    new = S3Location("photos", "2026/new/")
    opened.browser.add_rows(Place("p1", HERE), [folder_row(new.bucket, new.key)])
    opened.browser.remove_places([Place("p1", S3Location("photos", "2026/a.txt"))])
    with qtbot.waitSignal(opened.navigator.listing_finished):
        gate.release()
    assert names(opened) == ["new", "sub", "b2.txt", "b10.txt"]


def test_trying_again_where_nothing_is_shown_shows_the_first_page_at_once(
    controller: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    store.page_size = 2
    store.fail("list_folder", S3BusyError("list", "s3://photos/2026/"), key=HERE.key)
    with qtbot.waitSignal(controller.navigator.listing_failed):
        controller.open_connection("p1", HERE)
    controller.navigator.stop()
    controller.workspace.contents.on_listing_started(Place("p1", HERE), True)
    controller.workspace.contents.on_rows_listed(row_columns("photos", "2026/", [folder_row("photos", "2026/sub/")]))
    assert names(controller) == ["sub"]


def test_a_listing_that_breaks_off_by_a_fault_of_ours_says_so(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    opened.navigator.listing_failed.emit(ZeroDivisionError("a fault"))
    banner = opened.workspace.banner
    assert banner is not None
    assert banner.accessibleName() == "Something went wrong. a fault"


def test_the_tree_follows_a_listing_of_a_folder_it_knows(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    model, here = opened.workspace.places_model, Place("p1", HERE)
    qtbot.waitUntil(lambda: model.index_of(here).isValid())
    opened.workspace.places.expand(model.index_of(here))
    sub = Place("p1", S3Location("photos", "2026/sub/"))
    qtbot.waitUntil(lambda: model.index_of(sub).isValid())
    store.delete_many("photos", ["2026/sub/c"])
    store.write("photos", "2026/other/x", b"")
    opened.workspace.filter.setText("a.txt")
    with qtbot.waitSignal(opened.navigator.listing_finished):
        opened.workspace.commands.refresh.trigger()
    assert not model.index_of(sub).isValid()
    assert model.index_of(Place("p1", S3Location("photos", "2026/other/"))).isValid()


def test_a_typed_address_is_forgotten_once_one_goes_elsewhere(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    gate = store.hang("head")
    opened.workspace.path_bar.location_typed.emit(S3Location("photos", "2026/sub/c"))
    qtbot.waitUntil(gate.reached.is_set)
    go(opened, qtbot, S3Location("photos"))
    gate.release()
    qtbot.wait(50)
    assert opened.browser.place == Place("p1", S3Location("photos"))


def test_a_typed_file_is_shown_though_the_filter_would_hide_it(opened: WorkspaceController, qtbot: QtBot) -> None:
    opened.workspace.filter.setText("b10")
    with qtbot.waitSignal(opened.navigator.listing_finished):
        opened.workspace.path_bar.location_typed.emit(S3Location("photos", "2026/a.txt"))
    assert [row.name for row in opened.browser.selected_rows()] == ["a.txt"]


def test_removing_the_connection_one_is_in_goes_on_to_another(opened: WorkspaceController, qtbot: QtBot) -> None:
    opened._sessions.add_passing(ConnectionProfile("p2", "Home"), Secret("key", "secret"))
    opened.show_profiles()
    with qtbot.waitSignal(opened.navigator.listing_finished):
        opened.connections._remove("p1")
    assert opened.browser.place == Place("p2", S3Location())
    assert opened.workspace.window().windowTitle() == "Home – s3browser"


def test_without_any_connection_left_the_window_names_no_place(opened: WorkspaceController, qtbot: QtBot) -> None:
    with qtbot.waitSignal(opened.connections.profiles_changed):
        opened.connections._remove("p1")
    assert opened.workspace.window().windowTitle() == "s3browser"
    assert not opened.workspace.commands.upload.isEnabled()


def test_a_new_name_of_the_connection_shows_where_one_stands_on_it(
    controller: WorkspaceController, qtbot: QtBot, tmp_path: Path
) -> None:
    go(controller, qtbot, S3Location())
    with qtbot.waitSignal(controller.connections.connected):
        controller.connections._save(ConnectionProfile("p1", "Acme Ltd"), None)
    assert controller.workspace.window().windowTitle() == "Acme Ltd – s3browser"
    assert not (tmp_path / "connections.json").exists()  # a passing connection stays one


def test_the_tree_still_shows_where_one_is_when_it_shows_files(opened: WorkspaceController, qtbot: QtBot) -> None:
    view, model = opened.workspace.places, opened.workspace.places_model
    qtbot.waitUntil(lambda: view.currentIndex().isValid())
    opened.workspace.commands.show_files_in_tree.setChecked(True)
    qtbot.waitUntil(lambda: view.currentIndex().isValid())
    assert view.currentIndex() == model.index_of(Place("p1", HERE))


def test_a_menu_on_a_file_in_the_tree_is_about_that_file(
    opened: WorkspaceController, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workspace, "show_menu", lambda *_: None)  # a platform without a screen has no pop-ups
    view, model = opened.workspace.places, opened.workspace.places_model
    opened.workspace.commands.show_files_in_tree.setChecked(True)
    qtbot.waitUntil(lambda: model.index_of(Place("p1", HERE)).isValid())
    view.expand(model.index_of(Place("p1", HERE)))
    file = Place("p1", S3Location("photos", "2026/a.txt"))
    qtbot.waitUntil(lambda: model.index_of(file).isValid())
    with qtbot.waitSignal(opened.navigator.listing_finished):
        opened.navigator.go(Place("p1", S3Location("photos")))
    qtbot.waitUntil(lambda: view.visualRect(model.index_of(file)).isValid())
    with qtbot.waitSignal(opened.navigator.listing_finished):
        view.customContextMenuRequested.emit(view.visualRect(model.index_of(file)).center())
    assert [row.name for row in opened.browser.selected_rows()] == ["a.txt"]


def test_a_drag_out_that_took_long_says_where_the_files_are(
    opened: WorkspaceController, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace_controller, "_DROP_WAITS_S", -1.0)
    select(opened, "a.txt")
    drag_data = opened.workspace.contents.view.drag_data
    assert drag_data is not None
    assert drag_data(opened.browser.selected_rows()).urls()
    assert opened.workspace.banner is not None


def test_an_account_without_buckets_offers_to_add_one(
    controller: WorkspaceController, qtbot: QtBot, store: FakeStore
) -> None:
    store.buckets.clear()
    go(controller, qtbot, S3Location())
    page = controller.workspace.contents.findChild(StatePage)
    assert isinstance(page, StatePage)
    page.button_clicked.emit()
    dialog(qtbot, AddBucketDialog).close()


def test_an_upload_over_the_selected_file_shows_in_the_details(
    opened: WorkspaceController, qtbot: QtBot, tmp_path: Path
) -> None:
    select(opened, "a.txt")
    (tmp_path / "a.txt").write_bytes(b"longer than before")
    opened.operations.upload([tmp_path / "a.txt"], Place("p1", HERE))
    asked = dialog(qtbot, PlanSheet)
    next(each for each in asked.findChildren(QRadioButton) if each.text() == REPLACE.title).click()
    with qtbot.waitSignal(opened.browser.selection_changed) as changed:
        asked.go_button.click()
    assert changed.args is not None
    assert [row.size for row in changed.args[0]] == [18]


def test_a_name_this_computer_cannot_store_is_told(
    opened: WorkspaceController, qtbot: QtBot, store: FakeStore, tmp_path: Path
) -> None:
    store.write("photos", "2026/sub/CON", b"device")
    store.write("photos", "2026/sub/what?.txt", b"question")
    select(opened, "sub")
    with qtbot.waitSignal(opened.operations.renamed) as told:
        opened.operations.download(opened.browser.selected_rows(), "p1", tmp_path)
    assert told.args is not None
    assert "” is saved as “" in told.args[0]
    assert told.args[0].endswith(", and 1 more file under another name.")
    qtbot.waitUntil(lambda: len(list((tmp_path / "sub").glob("[!.]*"))) == 3)
    assert opened.workspace.banner is not None


def menu_texts(controller: WorkspaceController, qtbot: QtBot, place: Place) -> list[str]:
    """What the tree offers of a place."""
    view = controller.workspace.places
    index = controller.workspace.places_model.index_of(place)
    view.scrollTo(index)
    view.customContextMenuRequested.emit(view.visualRect(index).center())
    menus = [each for each in QApplication.topLevelWidgets() if isinstance(each, QMenu) and each.isVisible()]
    texts = [action.text() for action in menus[-1].actions() if action.text()]
    menus[-1].close()
    return texts


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_a_bucket_in_the_tree_offers_its_unfinished_uploads(opened: WorkspaceController, qtbot: QtBot) -> None:
    model = opened.workspace.places_model
    bucket, folder = Place("p1", S3Location("photos")), Place("p1", HERE)
    qtbot.waitUntil(lambda: model.index_of(folder).isValid())
    assert "Unfinished uploads…" not in menu_texts(opened, qtbot, folder)
    assert "Unfinished uploads…" in menu_texts(opened, qtbot, bucket)
    opened.workspace.commands.unfinished_uploads.trigger()
    asked = dialog(qtbot, UnfinishedUploadsDialog)
    qtbot.waitUntil(lambda: any("Nothing is unfinished" in p.accessibleName() for p in asked.findChildren(StatePage)))
    asked.close()


def test_an_upload_is_proved_and_stands_in_the_diary(opened: WorkspaceController, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "y.txt").write_bytes(b"yyy")
    drop(opened.workspace.contents.view, [tmp_path / "y.txt"])
    status = opened.transfers.status
    qtbot.waitUntil(lambda: status.accessibleName() == "y.txt arrived in 2026")
    opened.workspace.commands.diary.trigger()
    diary = dialog(qtbot, DiaryDialog)
    model = diary.view.model()
    qtbot.waitUntil(lambda: model.rowCount() == 2)
    assert model.index(0, 0).data() == "Today"
    assert model.index(1, 0).data().endswith("You uploaded y.txt to 2026")
    diary.close()
