"""Plan, then move: what a drop leads to, with a manager that only notes what it is asked."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from s3browser.exceptions import S3BusyError
from s3browser.jobs.runner import JobRunner
from s3browser.model.connections import ConnectionProfile, Secret
from s3browser.model.listing import folder_row
from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.model.transfers import BatchSnapshot, Direction, Plan, TransferNews
from s3browser.settings.profiles import ProfileStore
from s3browser.settings.secrets import SecretStore
from s3browser.ui import operations as module
from s3browser.ui.dialogs import looking
from s3browser.ui.dialogs.looking import LOOKING, LookingSheet
from s3browser.ui.dialogs.plan_sheet import PlanSheet
from s3browser.ui.operations import Operations
from s3browser.ui.relay import GuiRelay
from s3browser.ui.sessions import Sessions
from s3browser.ui.tasks import LANES, Tasks
from tests.fakestore import FakeStore
from tests.ui.accessibility import said
from tests.ui.dialogs.plans import conflict, download, problem, upload, uploads

D = TypeVar("D", bound=QDialog)
TARGET = Place("p1", S3Location("acme", "Invoices/"))
ROWS = [folder_row("acme", "x/")]


class NotingManager:
    """Notes what is to be started; its batches are numbered from 1."""

    def __init__(self) -> None:
        self.started: list[tuple[Plan, str]] = []

    def start(self, plan: Plan, connection_id: str, started: Callable[[int], object] = lambda _: None) -> None:
        self.started.append((plan, connection_id))
        started(len(self.started))


@pytest.fixture
def manager() -> NotingManager:
    return NotingManager()


@pytest.fixture
def store() -> FakeStore:
    return FakeStore({"acme": {}})


@pytest.fixture
def errors() -> list[Exception]:
    return []


@pytest.fixture
def operations(
    window: QWidget, tmp_path: Path, store: FakeStore, manager: NotingManager, errors: list[Exception]
) -> Iterator[Operations]:
    runner = JobRunner(LANES, GuiRelay(window).deliver)
    sessions = Sessions(ProfileStore(tmp_path / "connections.json"), SecretStore(), lambda profile, secret: store)
    sessions.add_passing(ConnectionProfile("p1", "Acme"), Secret("key", "secret"))
    yield Operations(sessions, Tasks(runner, errors.append), manager, window)
    assert runner.shutdown()


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Callable[[Plan], None]:
    """Say what the next plans are."""

    def plan(plan: Plan) -> None:
        monkeypatch.setattr(module, "plan_upload", lambda *_, **__: plan)
        monkeypatch.setattr(module, "plan_download", lambda *_, **__: plan)

    return plan


def shown(kind: type[D]) -> list[D]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]


def sheet(qtbot: QtBot) -> PlanSheet:
    qtbot.waitUntil(lambda: len(shown(PlanSheet)) == 1)
    return shown(PlanSheet)[0]


def finished(batch_id: int, done: int, total: int, **more: object) -> TransferNews:
    facts: dict[str, object] = {"failed": total - done, "cancelled": 0, "position_bytes": 0, "total_bytes": 0}
    batch = BatchSnapshot(batch_id, "p1", Direction.UPLOAD, total, done, **(facts | more))  # type: ignore[arg-type]
    return TransferNews(finished=(batch,))


class TestUpload:
    def test_a_small_plain_drop_starts_at_once(
        self, operations: Operations, manager: NotingManager, planned: Callable[[Plan], None], qtbot: QtBot
    ) -> None:
        plan = uploads(3, has_folders=True)
        planned(plan)
        operations.upload([], TARGET)
        qtbot.waitUntil(lambda: manager.started == [(plan, "p1")])
        assert shown(PlanSheet) == []

    @pytest.mark.parametrize(
        "plan",
        [
            uploads(51, has_folders=True),
            replace(uploads(0), items=(upload("a", 200_000_000),)),
            uploads(1, conflicts=(conflict("a"),)),
            uploads(1, problems=(problem("a"),)),
            uploads(1, unchecked=S3BusyError("list")),
            uploads(1, free_bytes=999),
        ],
    )
    def test_any_other_shows_first_and_starts_when_it_is_wanted(
        self, operations: Operations, manager: NotingManager, planned: Callable[[Plan], None], qtbot: QtBot, plan: Plan
    ) -> None:
        planned(plan)
        operations.upload([], TARGET)
        asked = sheet(qtbot)
        assert manager.started == []
        asked.go_button.click()
        ((settled, connection_id),) = manager.started
        assert settled.items[: len(plan.items)] == plan.items
        assert (settled.conflicts, connection_id) == ((), "p1")

    def test_cancel_moves_nothing(
        self, operations: Operations, manager: NotingManager, planned: Callable[[Plan], None], qtbot: QtBot
    ) -> None:
        planned(uploads(51, has_folders=True))
        operations.upload([], TARGET)
        sheet(qtbot).cancel_button.click()
        assert manager.started == []

    def test_names_in_the_sheet_begin_at_the_folder(
        self, operations: Operations, planned: Callable[[Plan], None], qtbot: QtBot
    ) -> None:
        planned(uploads(0, conflicts=(conflict("sub/a"), conflict("b"))))
        operations.upload([], TARGET)
        asked = sheet(qtbot)
        assert asked.conflict_list.model().index(0, 0).data() == "sub/a"
        asked.close()

    def test_all_left_alone_starts_nothing(
        self, operations: Operations, manager: NotingManager, planned: Callable[[Plan], None], qtbot: QtBot
    ) -> None:
        planned(uploads(0))
        with qtbot.waitSignal(operations.progressed):
            operations.upload([], TARGET)
        assert manager.started == []

    def test_the_time_is_that_of_the_last_batch(
        self, operations: Operations, planned: Callable[[Plan], None], qtbot: QtBot
    ) -> None:
        began = datetime.now(UTC) - timedelta(seconds=10)
        operations.on_news(finished(1, 1000, 1000, total_bytes=1000, started_at=began))
        planned(uploads(18_000, has_folders=True))
        operations.upload([], TARGET)
        asked = sheet(qtbot)
        assert "about 3 minutes" in said(asked)
        asked.close()


class TestDownload:
    def test_other_names_are_told_where_no_sheet_shows_them(
        self, operations: Operations, manager: NotingManager, planned: Callable[[Plan], None], qtbot: QtBot
    ) -> None:
        items = (download("x/a:b", "a_b", renamed=True), download("x/c?", "c_", renamed=True))
        planned(Plan(Direction.DOWNLOAD, items))
        with qtbot.waitSignal(operations.renamed) as told:
            operations.download(ROWS, "p1", Path("/home/me"))
        assert told.args == ["“a:b” is saved as “a_b”, and 1 more file under another name."]
        assert len(manager.started) == 1
        assert operations.download_folder == Path("/home/me")

    def test_the_sheet_tells_them_itself(
        self, operations: Operations, planned: Callable[[Plan], None], qtbot: QtBot
    ) -> None:
        planned(Plan(Direction.DOWNLOAD, (download("x/a:b", "a_b", renamed=True),), free_bytes=1))
        operations.download(ROWS, "p1", Path("/home/me"))
        asked = sheet(qtbot)
        assert "1 file gets another name" in said(asked)
        with qtbot.assertNotEmitted(operations.renamed):
            asked.go_button.click()


class TestLooking:
    def test_says_that_it_looks_and_takes_it_back(
        self, operations: Operations, store: FakeStore, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(looking, "SAY_AFTER_MS", 0)
        gate = store.hang("list_files")
        with qtbot.waitSignal(operations.progressed) as told:
            operations.download(ROWS, "p1", Path("/"))
        assert told.args == [LOOKING]
        with qtbot.waitSignal(operations.progressed) as told:
            gate.release()
        assert told.args == [""]

    def test_counts_while_it_looks(
        self, operations: Operations, store: FakeStore, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(looking, "SHOW_AFTER_MS", 0)
        monkeypatch.setattr(module, "_TELL_EVERY_S", 0.0)
        store.write("acme", "x/a", b"aaa")
        gate = store.hang("list_files", key="y/")
        operations.download([*ROWS, folder_row("acme", "y/")], "p1", tmp_path)
        qtbot.waitUntil(lambda: any("1 file, 3 bytes so far" in said(each) for each in shown(LookingSheet)))
        gate.release()
        qtbot.waitUntil(lambda: not shown(LookingSheet))
        sheet(qtbot).close()  # the folder “y” is not there

    def test_cancel_while_looking_starts_nothing(
        self,
        operations: Operations,
        store: FakeStore,
        manager: NotingManager,
        errors: list[Exception],
        qtbot: QtBot,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        monkeypatch.setattr(looking, "SHOW_AFTER_MS", 0)
        gate = store.hang("list_files")
        operations.download(ROWS, "p1", tmp_path)
        qtbot.waitUntil(lambda: bool(shown(LookingSheet)))
        with qtbot.waitSignal(operations.progressed) as told:
            shown(LookingSheet)[0].cancel_button.click()
        assert told.args == [""]
        gate.release()
        assert (manager.started, errors, shown(LookingSheet), shown(PlanSheet)) == ([], [], [], [])

    def test_a_failed_look_shows_why(
        self, operations: Operations, store: FakeStore, errors: list[Exception], qtbot: QtBot, tmp_path: Path
    ) -> None:
        store.fail("list_files", S3BusyError("list"))
        with qtbot.waitSignal(operations.progressed) as told:
            operations.download(ROWS, "p1", tmp_path)
        assert told.args == [""]
        assert [type(error) for error in errors] == [S3BusyError]


class TestDrag:
    def test_waits_for_the_end_of_its_batch(
        self,
        operations: Operations,
        manager: NotingManager,
        planned: Callable[[Plan], None],
        qtbot: QtBot,
        tmp_path: Path,
    ) -> None:
        planned(Plan(Direction.DOWNLOAD, (download("x/a:b", "a_b", renamed=True),)))
        heard: list[bool] = []
        with qtbot.waitSignal(operations.renamed):
            operations.fetch_for_drag(ROWS, "p1", tmp_path / "drag", heard.append)
        operations.on_news(finished(99, 1, 1))
        assert heard == []
        operations.on_news(finished(1, 0, 1))
        assert heard == [False]
        operations.on_news(finished(1, 1, 1))
        assert heard == [False]

    def test_with_nothing_to_fetch_all_is_there(
        self, operations: Operations, planned: Callable[[Plan], None], qtbot: QtBot, tmp_path: Path
    ) -> None:
        planned(Plan(Direction.DOWNLOAD))
        heard: list[bool] = []
        operations.fetch_for_drag(ROWS, "p1", tmp_path / "drag", heard.append)
        qtbot.waitUntil(lambda: heard == [True])

    def test_what_cannot_be_fetched_ends_the_drop_and_shows_why(
        self,
        operations: Operations,
        manager: NotingManager,
        planned: Callable[[Plan], None],
        qtbot: QtBot,
        tmp_path: Path,
    ) -> None:
        planned(uploads(1, problems=(problem("a"),)))
        heard: list[bool] = []
        operations.fetch_for_drag(ROWS, "p1", tmp_path / "drag", heard.append)
        asked = sheet(qtbot)
        qtbot.waitUntil(lambda: heard == [False])
        asked.close()
        assert manager.started == []
