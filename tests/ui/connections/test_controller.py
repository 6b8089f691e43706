from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from s3browser.exceptions import S3AccessDeniedError, SettingsError
from s3browser.jobs.runner import JobRunner
from s3browser.model.connections import ConnectionProfile, Secret
from s3browser.settings.profiles import ProfileStore
from s3browser.settings.secrets import SecretStore
from s3browser.ui.connections.controller import ConnectionsController
from s3browser.ui.connections.dialog import ConnectionDialog
from s3browser.ui.connections.keyring_notice import KeyringNotice
from s3browser.ui.dialogs.add_bucket import AddBucketDialog
from s3browser.ui.relay import GuiRelay
from s3browser.ui.sessions import Sessions
from s3browser.ui.tasks import LANES, Tasks
from tests.fakestore import FakeStore

D = TypeVar("D", bound=QDialog)
PROFILE = ConnectionProfile("p1", "Acme")
SECRET = Secret("AKIAEXAMPLE", "very secret")


def no_keyring() -> NoReturn:
    raise SettingsError("save_secret", "this connection", "NoKeyring")


@pytest.fixture
def store() -> FakeStore:
    return FakeStore.sample()


@pytest.fixture
def sessions(tmp_path: Path, store: FakeStore) -> Sessions:
    return Sessions(ProfileStore(tmp_path / "connections.json"), SecretStore(no_keyring), lambda *_: store)


@pytest.fixture
def controller(qtbot: QtBot, sessions: Sessions) -> Iterator[ConnectionsController]:
    window = QWidget()
    qtbot.addWidget(window)
    owner = QObject()
    runner = JobRunner(LANES, GuiRelay(owner).deliver)
    errors: list[Exception] = []
    controller = ConnectionsController(sessions, Tasks(runner, errors.append), lambda: ["work"], window)
    window.show()
    yield controller
    assert errors == []
    runner.shutdown()
    owner.deleteLater()


def dialog(qtbot: QtBot, kind: type[D]) -> D:
    def find() -> list[D]:
        shown = (w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible())
        # What other tests left open has lost its window by now.
        return [w for w in shown if (above := w.parentWidget()) is not None and above.isVisible()]

    qtbot.waitUntil(lambda: len(find()) == 1)
    return find()[0]


def test_without_a_keyring_the_keys_stay_for_this_session_and_in_no_file(
    controller: ConnectionsController, qtbot: QtBot, sessions: Sessions, tmp_path: Path
) -> None:
    controller.add()
    asked = dialog(qtbot, ConnectionDialog)
    asked.saved.emit(PROFILE, SECRET)
    asked.close()
    notice = dialog(qtbot, KeyringNotice)
    with qtbot.waitSignals([controller.connected, controller.profiles_changed]):
        notice.session_only_chosen.emit()
    notice.close()
    assert list(sessions.profiles()) == [PROFILE]
    assert sessions.store("p1").list_buckets()
    assert "very secret" not in (tmp_path / "connections.json").read_text()


def test_temporary_keys_are_told_not_to_be_kept(qtbot: QtBot, controller: ConnectionsController) -> None:
    with qtbot.waitSignals([controller.connected, controller.temporary_keys_used]):
        controller._save(PROFILE, Secret("ASIAEXAMPLE", "secret", "token"))


def test_a_bucket_added_by_name_is_kept_with_the_connection(
    controller: ConnectionsController, qtbot: QtBot, sessions: Sessions
) -> None:
    sessions.save(PROFILE)
    controller.add_bucket("p1")
    asked = dialog(qtbot, AddBucketDialog)
    with qtbot.waitSignal(controller.connected):
        asked.bucket_entered.emit("reports/2026/")
    asked.close()
    assert [profile.buckets for profile in sessions.profiles()] == [("reports/2026/",)]


def test_the_test_counts_buckets_and_passes_for_keys_that_may_not_list_them(
    controller: ConnectionsController, store: FakeStore
) -> None:
    assert controller._test(PROFILE, SECRET) == 3
    store.fail("list_buckets", S3AccessDeniedError("list_buckets"))
    assert controller._test(PROFILE, SECRET) is None


def test_removing_asks_first_and_takes_the_keys_along(
    controller: ConnectionsController, qtbot: QtBot, sessions: Sessions
) -> None:
    sessions.save(PROFILE)
    controller.ask_remove("p1")
    box = dialog(qtbot, QMessageBox)
    assert "Acme" in box.text()
    with qtbot.waitSignal(controller.removed) as removed:
        next(button for button in box.buttons() if button.text() == "Remove connection").click()
    assert removed.args == ["p1"]
    assert list(sessions.profiles()) == []
