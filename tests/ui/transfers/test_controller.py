"""What belongs to the transfers besides the panel, in a whole window on an S3 in memory."""

import contextlib
import sys
import threading
import types
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QPushButton, QSystemTrayIcon, QToolButton
from pytestqt.qtbot import QtBot

from s3browser.exceptions import S3ConnectionError, S3CredentialsError
from s3browser.model.connections import ConnectionProfile, Secret
from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.model.transfers import Hold, Proof, TransferNews, TransferState
from s3browser.settings.preferences import Preferences
from s3browser.settings.profiles import ProfileStore
from s3browser.settings.secrets import SecretStore
from s3browser.ui.actions import Actions
from s3browser.ui.banner import Banner
from s3browser.ui.main_window import MainWindow
from s3browser.ui.sessions import Sessions
from s3browser.ui.tasks import Tasks
from s3browser.ui.transfers.awake import KeepAwake
from s3browser.ui.transfers.controller import TransfersController
from s3browser.ui.transfers.diary import DiaryDialog
from s3browser.ui.transfers.notify import EndNotice, notice_words
from s3browser.ui.transfers.settings_dialog import TransferSettingsDialog
from s3browser.ui.transfers.unfinished import UnfinishedUploadsDialog
from s3browser.ui.workspace import Workspace
from tests.fakestore import FakeStore
from tests.ui.accessibility import nameless
from tests.ui.transfers.conftest import FakeTransfers, batch, transfer

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
D = TypeVar("D", bound=QDialog)
B = TypeVar("B", bound=QAbstractButton)
S = TransferState
NETWORK = Hold("p1", S3ConnectionError("upload"), 14)
SIGN_IN = Hold("p1", S3CredentialsError("upload"), 14)


class Keeper:
    """Stands in for wakepy: notes on which threads the computer is kept awake."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self.let_go = threading.Event()
        self.asked = threading.Event()
        self.error: Exception | None = None
        self.active = True

    @contextlib.contextmanager
    def running(self, *, on_fail: str) -> Iterator[Any]:
        assert on_fail == "pass"
        self.held.append(threading.current_thread().name)
        self.asked.set()
        if self.error is not None:
            raise self.error
        yield types.SimpleNamespace(active=self.active)
        self.let_go.set()


@pytest.fixture(autouse=True)
def keeper(monkeypatch: pytest.MonkeyPatch) -> Keeper:
    keeper = Keeper()
    module: Any = types.ModuleType("wakepy")
    module.keep = keeper
    monkeypatch.setitem(sys.modules, "wakepy", module)
    return keeper


@pytest.fixture
def limits() -> list[tuple[int | None, int | None]]:
    return []


@pytest.fixture
def controller(
    qtbot: QtBot,
    tasks: Tasks,
    manager: FakeTransfers,
    tmp_path: Path,
    limits: list[tuple[int | None, int | None]],
) -> Iterator[TransfersController]:
    window = MainWindow()
    qtbot.addWidget(window)
    workspace = Workspace(window)
    sessions = Sessions(ProfileStore(tmp_path / "c.json"), SecretStore(), lambda profile, secret: FakeStore())  # type: ignore[arg-type, return-value, unused-ignore]
    sessions.add_passing(ConnectionProfile("p1", "Acme"), Secret("key", "secret"))
    controller = TransfersController(
        workspace, manager, sessions, tasks, lambda upload, download: limits.append((upload, download))
    )
    manager.on_put = controller.panel.refresh
    workspace.add_transfers(controller.panel)
    workspace.show_welcome(is_first=False)
    window.setCentralWidget(workspace)
    window.show()
    qtbot.waitExposed(window)
    yield controller
    controller.stop()


def banners(controller: TransfersController) -> list[str]:
    QApplication.processEvents()  # a layout shows what is new in it a moment later
    found = controller.panel.window().findChildren(Banner)
    return [each.accessibleName() for each in found if each.isVisible()]


def commands(controller: TransfersController) -> Actions:
    workspace = controller.parent()
    assert isinstance(workspace, Workspace)
    return workspace.commands


def press(controller: TransfersController, text: str) -> None:
    next(each for each in controller.panel.window().findChildren(QPushButton) if each.text() == text).click()


def opened(controller: TransfersController, kind: type[D]) -> list[D]:
    return [each for each in controller.panel.window().findChildren(kind) if each.isVisible()]


# ---------------------------------------------------------------------- holds


def test_a_lost_network_is_said_once_and_goes_by_itself(
    controller: TransfersController, manager: FakeTransfers
) -> None:
    manager.hold(NETWORK)
    words = "The connection to Acme is lost. 14 transfers go on by themselves as soon as it is back."
    assert banners(controller) == [words]
    manager.hold(Hold("p1", NETWORK.error, 1))
    assert banners(controller) == [
        "The connection to Acme is lost. 1 transfer goes on by itself as soon as it is back."
    ]
    press(controller, "Try now")
    assert manager.asked == [("release", "p1")]
    manager.hold()
    assert banners(controller) == []


def test_a_sign_in_that_expired_asks_for_another(
    controller: TransfersController, manager: FakeTransfers, qtbot: QtBot
) -> None:
    manager.holds = (SIGN_IN,)
    manager.put(transfer(1, S.QUEUED))
    assert banners(controller) == ["Your sign-in to Acme has expired. 14 transfers wait for you."]
    with qtbot.waitSignal(controller.sign_in_requested) as told:
        press(controller, "Sign in again")
    assert told.args == ["p1"]
    controller.signed_in("p1")
    assert manager.asked == [("release", "p1")]
    manager.hold(Hold("p1", SIGN_IN.error, 1), Hold("gone", SIGN_IN.error, 2))
    assert "Your sign-in to Acme has expired. 1 transfer waits for you." in banners(controller)
    assert any("a connection that was removed" in words for words in banners(controller))


def the_button(workspace: Workspace, kind: type[B]) -> B:
    banner = workspace.findChild(Banner)
    assert banner is not None
    button = banner.findChild(kind)
    assert button is not None
    return button


def test_a_banner_that_goes_gives_the_keyboard_back_to_the_contents(
    controller: TransfersController, manager: FakeTransfers
) -> None:
    workspace = controller.panel.window().findChild(Workspace)
    assert workspace is not None
    view, window = workspace.contents.view, workspace.window()
    manager.hold(NETWORK)
    assert len(banners(controller)) == 1
    button = the_button(workspace, QPushButton)
    button.setFocus()
    assert window.focusWidget() is button
    manager.hold()
    assert window.focusWidget() is view
    manager.hold(SIGN_IN)
    assert len(banners(controller)) == 1
    close = the_button(workspace, QToolButton)
    close.setFocus()
    close.click()
    assert window.focusWidget() is view
    controller.panel.fold_button.setFocus()
    manager.hold()
    assert window.focusWidget() is controller.panel.fold_button, "a focus elsewhere stays"


def test_a_passing_message_takes_nothing_from_a_hold(controller: TransfersController, manager: FakeTransfers) -> None:
    workspace = controller.parent()
    assert isinstance(workspace, Workspace)
    manager.hold(NETWORK)
    workspace.show_banner(Banner("Something else", parent=workspace))
    assert len(banners(controller)) == 2
    workspace.hide_banner()
    assert len(banners(controller)) == 1
    assert nameless(workspace) == []


def test_what_was_put_away_stays_away_until_the_next_time(
    controller: TransfersController, manager: FakeTransfers
) -> None:
    manager.hold(NETWORK)
    QApplication.processEvents()
    (banner,) = [each for each in controller.panel.window().findChildren(Banner) if each.isVisible()]
    banner.findChildren(QToolButton)[-1].click()
    manager.hold(NETWORK)
    assert banners(controller) == []
    manager.hold(SIGN_IN)
    assert len(banners(controller)) == 1, "another matter"
    manager.hold()
    manager.hold(NETWORK)
    assert len(banners(controller)) == 1


# ---------------------------------------------------------------------- dialogs


def test_the_diary_opens_once(controller: TransfersController, manager: FakeTransfers, qtbot: QtBot) -> None:
    assert commands(controller).diary.shortcut().toString() == "Ctrl+H"
    commands(controller).diary.trigger()
    commands(controller).diary.trigger()
    (diary,) = opened(controller, DiaryDialog)
    manager.past = [batch(3, total=1, done=1, name="a.txt")]
    manager.tell(TransferNews(finished=tuple(manager.past)))
    qtbot.waitUntil(lambda: len(manager.questions) == 2)
    diary.close()
    assert opened(controller, DiaryDialog) == []
    commands(controller).diary.trigger()
    assert len(opened(controller, DiaryDialog)) == 1
    opened(controller, DiaryDialog)[0].close()


def test_settings_count_at_once_and_are_told(
    controller: TransfersController,
    manager: FakeTransfers,
    qtbot: QtBot,
    limits: list[tuple[int | None, int | None]],
) -> None:
    controller.set_preferences(Preferences(max_connections=5))
    assert (manager.asked, limits) == ([("set_connections", 5)], [(None, None)])
    commands(controller).transfer_settings.trigger()
    (dialog,) = opened(controller, TransferSettingsDialog)
    with qtbot.waitSignal(controller.preferences_changed) as told:
        dialog.upload_limit.setValue(2)
    assert told.args == [Preferences(max_connections=5, upload_limit=2_000_000)]
    assert limits[-1] == (2_000_000, None)
    dialog.close()
    controller.show_settings()
    (again,) = opened(controller, TransferSettingsDialog)
    assert again.upload_limit.value() == 2
    again.close()


def test_unfinished_uploads_need_a_bucket(controller: TransfersController, qtbot: QtBot, tmp_path: Path) -> None:
    action = commands(controller).unfinished_uploads
    assert not action.isEnabled()
    controller.set_place(Place("p1", S3Location()))
    assert not action.isEnabled()
    controller.set_place(Place("p1", S3Location("photos", "2026/")))
    action.trigger()
    (dialog,) = opened(controller, UnfinishedUploadsDialog)
    folder = S3Location("photos", "Spring/")
    with qtbot.waitSignal(controller.upload_requested) as told:
        dialog.continue_requested.emit(tmp_path / "a.mp4", folder)
    assert told.args == [[tmp_path / "a.mp4"], Place("p1", folder)]
    dialog.close()


def test_a_saved_receipt_can_be_opened(
    controller: TransfersController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: shown.append(url.toLocalFile()))
    controller._receipts.saved.emit(tmp_path / "Receipt.pdf")
    assert banners(controller) == ["The receipt is saved as “Receipt.pdf”."]
    banner = controller.panel.window().findChild(Banner)
    assert banner is not None
    assert banner.property("colour") == "success", "it is no warning"
    press(controller, "Open")
    assert (shown, banners(controller)) == ([str(tmp_path / "Receipt.pdf")], [])


# ---------------------------------------------------------------------- awake


def test_the_computer_stays_awake_while_something_moves(
    controller: TransfersController, manager: FakeTransfers, keeper: Keeper, qtbot: QtBot
) -> None:
    manager.put(transfer(1, S.PAUSED))
    assert keeper.held == []
    manager.put(transfer(1))
    qtbot.waitUntil(keeper.asked.is_set)
    manager.put(transfer(1, position=1000))
    assert not keeper.let_go.is_set()
    manager.put(transfer(1, S.PAUSED))
    qtbot.waitUntil(keeper.let_go.is_set)
    assert keeper.held == ["s3b-awake"], "on a thread of its own: it may block"


def test_not_while_the_network_is_gone_and_not_where_nobody_wants_it(
    controller: TransfersController, manager: FakeTransfers, keeper: Keeper, qtbot: QtBot
) -> None:
    manager.holds = (Hold("p1", NETWORK.error, 1),)
    manager.put(transfer(1, S.QUEUED))
    controller.set_preferences(Preferences(keep_awake=False))
    manager.holds = ()
    manager.put(transfer(1))
    assert keeper.held == []
    controller.set_preferences(Preferences())
    qtbot.waitUntil(keeper.asked.is_set)
    controller.stop()
    qtbot.waitUntil(keeper.let_go.is_set)


@pytest.mark.parametrize("error", [None, OSError("no bus")])
def test_a_computer_that_cannot_be_kept_awake_is_noted_in_the_log_only(
    keeper: Keeper, qtbot: QtBot, caplog: pytest.LogCaptureFixture, error: Exception | None
) -> None:
    caplog.set_level("INFO")
    keeper.active, keeper.error = False, error
    awake = KeepAwake()
    awake.set_wanted(True)
    qtbot.waitUntil(lambda: "can’t be kept awake" in caplog.text)
    assert awake.is_on
    awake.set_wanted(False)
    assert not awake.is_on


# ---------------------------------------------------------------------- the end of long transfers


LONG_AGO = datetime.now(UTC) - timedelta(seconds=40)


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What the system was asked to show; it has a tray."""
    messages: list[tuple[str, ...]] = []
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
    monkeypatch.setattr(QSystemTrayIcon, "supportsMessages", staticmethod(lambda: True))
    monkeypatch.setattr(QSystemTrayIcon, "show", lambda self: None)
    monkeypatch.setattr(QSystemTrayIcon, "hide", lambda self: messages.append(("hidden",)))
    monkeypatch.setattr(
        QSystemTrayIcon,
        "showMessage",
        lambda self, title, text, kind, shown_ms: messages.append((title, text, kind.name)),
    )
    monkeypatch.setattr(QApplication, "alert", staticmethod(lambda window: messages.append(("alert",))))
    return messages


@pytest.mark.parametrize(
    ("failed", "title", "kind"),
    [(0, "Transfers finished", "Information"), (2, "Some files did not make it", "Warning")],
)
def test_the_end_of_a_long_upload_is_told_to_who_is_elsewhere(
    controller: TransfersController,
    manager: FakeTransfers,
    messages: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    failed: int,
    title: str,
    kind: str,
) -> None:
    monkeypatch.setattr(MainWindow, "isActiveWindow", lambda self: False)
    long = batch(total=9, done=9 - failed, failed=failed, proof=Proof(9 - failed, 9 - failed), started_at=LONG_AGO)
    manager.tell(TransferNews(finished=(batch(2, done=1, name="quick.txt"), long)))
    words = "9 of 9 files arrived in Invoices" if not failed else "7 of 9 files arrived in Invoices; 2 failed"
    assert messages == [("alert",), (title, words, kind)]
    notice = controller._end_notice
    notice._bring_window()
    notice._hide()
    assert messages[2:] == [("hidden",)] * 2


@pytest.mark.parametrize("why", ["short", "undated", "in use", "unwanted"])
def test_other_ends_are_not_told(
    controller: TransfersController,
    manager: FakeTransfers,
    messages: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    why: str,
) -> None:
    monkeypatch.setattr(MainWindow, "isActiveWindow", lambda self: why == "in use")
    controller.set_preferences(Preferences(tell_end=why != "unwanted"))
    started = {"short": datetime.now(UTC), "undated": None}.get(why, LONG_AGO)
    manager.tell(TransferNews(finished=(batch(done=1, name="a.txt", started_at=started),)))
    assert messages == []


def test_without_a_tray_the_mark_alone(
    controller: TransfersController, messages: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: False))
    monkeypatch.setattr(MainWindow, "isActiveWindow", lambda self: False)
    notice = EndNotice(controller.panel)
    notice.tell([batch(done=1, name="a.txt", started_at=LONG_AGO)])
    notice._hide()
    assert messages == [("alert",)]


def test_several_ends_are_one_message() -> None:
    title, text = notice_words([batch(done=1, name="a.txt", proof=Proof(1, 1)), batch(failed=1, name="b.txt")])
    assert (title, text) == ("Some files did not make it", "a.txt arrived in Invoices\nb.txt failed")
