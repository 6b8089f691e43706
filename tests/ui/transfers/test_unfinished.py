from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from s3browser.exceptions import S3BusyError, S3FileNotFoundError, S3UnsupportedError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.entries import OpenUpload, UploadedPart
from s3browser.model.locations import S3Location
from s3browser.model.store import Cancel, ObjectStore
from s3browser.model.transfers import TransferState
from s3browser.ui.labels import PlainLabel
from s3browser.ui.state_page import StatePage
from s3browser.ui.tasks import Tasks
from s3browser.ui.transfers.unfinished import ThrowAwayDialog, UnfinishedUploadsDialog
from tests.ui.accessibility import nameless, rich_labels
from tests.ui.transfers.conftest import FakeTransfers

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
NOW = datetime.now(UTC)


class OpenUploads:
    """As much of a store as the dialog asks."""

    def __init__(self) -> None:
        self.uploads = [
            OpenUpload("Spring/teaser.mp4", "u1", NOW - timedelta(hours=1)),
            OpenUpload("backup.zip", "u2", NOW - timedelta(days=8)),
            OpenUpload("old.tar", "u3", NOW - timedelta(days=30)),
            OpenUpload("undated.tar", "u4", None),
        ]
        self.sizes_asked: list[str] = []
        self.error: Exception | None = None
        self.abort_error: Exception | None = None

    def list_uploads(self, bucket: str, prefix: str = "", *, cancel: Cancel | None = None) -> Iterator[OpenUpload]:
        if self.error is not None:
            raise self.error
        yield from list(self.uploads)

    def list_parts(self, bucket: str, key: str, upload_id: str, *, cancel: Cancel | None = None) -> list[UploadedPart]:
        self.sizes_asked.append(upload_id)
        if upload_id == "u3":
            raise S3FileNotFoundError("read")
        return [UploadedPart(1, 5_000_000, "e1"), UploadedPart(2, 3_000_000, "e2")]

    def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        if self.abort_error is not None and upload_id == "u3":
            raise self.abort_error
        self.uploads = [each for each in self.uploads if each.upload_id != upload_id]


@pytest.fixture
def store() -> OpenUploads:
    return OpenUploads()


@pytest.fixture
def empty(
    window: QWidget, manager: FakeTransfers, tasks: Tasks, store: OpenUploads
) -> Iterator[UnfinishedUploadsDialog]:
    """Just opened: nothing is known yet."""
    dialog = UnfinishedUploadsDialog("photos", manager, tasks, lambda: cast("ObjectStore", store), window)
    dialog.show()
    yield dialog
    if isValid(dialog):  # it deletes itself when a test closes it
        dialog.close()


@pytest.fixture
def dialog(empty: UnfinishedUploadsDialog, qtbot: QtBot) -> UnfinishedUploadsDialog:
    qtbot.waitUntil(lambda: "…" not in {row[3] for row in cells(empty)} and bool(cells(empty)))
    return empty


def cells(dialog: UnfinishedUploadsDialog) -> list[list[str]]:
    model = dialog.table.model()
    return [[model.index(row, column).data() for column in range(4)] for row in range(model.rowCount())]


def page(dialog: UnfinishedUploadsDialog) -> str:
    found = [each for each in dialog.findChildren(StatePage) if each.isVisible()]
    return found[-1].accessibleName() if found else ""


def question(dialog: UnfinishedUploadsDialog) -> ThrowAwayDialog:
    (found,) = [each for each in dialog.findChildren(ThrowAwayDialog) if each.isVisible()]
    return found


def test_what_was_begun_and_never_finished(dialog: UnfinishedUploadsDialog) -> None:
    model = dialog.table.model()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, dialog)
    assert [[row[0], row[1], row[3]] for row in cells(dialog)] == [
        ["teaser.mp4", "Spring", "8.0 MB"],
        ["backup.zip", "photos", "8.0 MB"],
        ["old.tar", "photos", "—"],
        ["undated.tar", "photos", "8.0 MB"],
    ]
    assert cells(dialog)[3][2] == "—"
    heads = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(4)]
    assert heads == ["Name", "Folder", "Started", "Sent so far"]
    assert str(NOW.year) in model.index(0, 2).data(Qt.ItemDataRole.ToolTipRole)


def test_everything_has_a_name(dialog: UnfinishedUploadsDialog) -> None:
    assert (nameless(dialog), rich_labels(dialog)) == ([], [])


def test_sizes_are_asked_of_rows_in_sight_only(
    empty: UnfinishedUploadsDialog, store: OpenUploads, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: bool(cells(empty)))
    store.uploads = [OpenUpload(f"{number:04}.mov", f"n{number}", NOW) for number in range(1000)]
    empty.refresh()
    qtbot.waitUntil(lambda: len(cells(empty)) == 1000)
    qtbot.waitUntil(lambda: cells(empty)[0][3] == "8.0 MB")
    assert cells(empty)[999][3] == "…"
    empty.table.scrollToBottom()
    qtbot.waitUntil(lambda: cells(empty)[999][3] == "8.0 MB")
    assert len(store.sizes_asked) < 150
    assert len(set(store.sizes_asked)) == len(store.sizes_asked)


def test_sizes_that_cannot_be_read_are_no_error(
    empty: UnfinishedUploadsDialog, store: OpenUploads, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> list[UploadedPart]:
        raise S3BusyError("read")

    monkeypatch.setattr(store, "list_parts", fail)
    empty.refresh()
    qtbot.waitUntil(lambda: [row[3] for row in cells(empty)] == ["—"] * 4)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (S3UnsupportedError("list"), "This server can’t tell. It does not say which uploads were begun"),
        (S3BusyError("list", "photos"), "Couldn’t open photos. The server is busy or has a problem right now."),
    ],
)
def test_a_server_that_does_not_tell(
    empty: UnfinishedUploadsDialog, store: OpenUploads, qtbot: QtBot, error: Exception, words: str
) -> None:
    qtbot.waitUntil(lambda: bool(cells(empty)))
    store.error = error
    empty.refresh()
    qtbot.waitUntil(lambda: page(empty).startswith(words))
    assert not empty.throw_button.isVisible()
    assert empty.close_button.isVisible()
    store.error = None
    for again in empty.findChildren(QPushButton):
        if again.text() == "Try again":
            again.click()
            qtbot.waitUntil(lambda: len(cells(empty)) == 4)


def test_nothing_unfinished(empty: UnfinishedUploadsDialog, store: OpenUploads, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: bool(cells(empty)))
    store.uploads = []
    empty.refresh()
    qtbot.waitUntil(lambda: page(empty).startswith("Nothing is unfinished here"))


def test_what_can_be_done_depends_on_what_is_chosen(dialog: UnfinishedUploadsDialog) -> None:
    def offered() -> tuple[bool, bool, bool]:
        buttons = dialog.continue_button, dialog.throw_button, dialog.old_button
        return buttons[0].isEnabled(), buttons[1].isEnabled(), buttons[2].isEnabled()

    assert offered() == (False, False, True)
    dialog.table.selectRow(0)
    assert offered() == (True, True, True)
    dialog.table.selectAll()
    assert offered() == (False, True, True)


def test_throwing_one_away_asks_first(dialog: UnfinishedUploadsDialog, store: OpenUploads, qtbot: QtBot) -> None:
    dialog.table.selectRow(1)
    dialog.throw_button.click()
    asked = question(dialog)
    assert asked.headline.text() == "Throw away the unfinished upload of “backup.zip”?"
    assert asked.throw_button.text() == "Throw away upload"
    assert (nameless(asked), rich_labels(asked)) == ([], [])
    asked.reject()
    assert len(store.uploads) == 4
    dialog.throw_button.click()
    question(dialog).throw_button.click()
    qtbot.waitUntil(lambda: [row[0] for row in cells(dialog)] == ["teaser.mp4", "old.tar", "undated.tar"])
    assert [each.upload_id for each in store.uploads] == ["u1", "u3", "u4"]


def test_throwing_the_old_ones_away(dialog: UnfinishedUploadsDialog, store: OpenUploads, qtbot: QtBot) -> None:
    dialog.old_button.click()
    asked = question(dialog)
    assert asked.headline.text() == "Throw away 2 unfinished uploads?"
    assert asked.throw_button.text() == "Throw away 2 uploads"
    asked.throw_button.click()
    qtbot.waitUntil(lambda: [row[0] for row in cells(dialog)] == ["teaser.mp4", "undated.tar"])
    assert not dialog.old_button.isEnabled()


def test_what_this_program_is_sending_is_shown_but_left_alone(
    dialog: UnfinishedUploadsDialog, manager: FakeTransfers, store: OpenUploads, qtbot: QtBot
) -> None:
    manager.own = {"u1": TransferState.QUEUED, "u2": TransferState.PAUSED}
    store.sizes_asked.clear()
    dialog.refresh()
    qtbot.waitUntil(lambda: [row[3] for row in cells(dialog)] == ["being sent", "paused", "—", "8.0 MB"])
    assert manager.asked[-1] == ("open_uploads", "photos")
    tip = dialog.table.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "This program is sending it. Pause or cancel it in the transfers."
    assert store.sizes_asked == ["u3", "u4"]
    dialog.table.selectRow(0)
    assert not dialog.throw_button.isEnabled()
    dialog.table.selectAll()
    assert [each.upload_id for each in dialog.chosen()] == ["u3", "u4"]
    assert [each.upload_id for each in dialog.old()] == ["u3"]


@pytest.mark.parametrize(
    ("own", "words"), [("u1 u2 u3", "These were begun"), ("u1 u2 u3 u4", "This program is sending")]
)
def test_it_says_whose_they_are(
    dialog: UnfinishedUploadsDialog, manager: FakeTransfers, qtbot: QtBot, own: str, words: str
) -> None:
    manager.own = dict.fromkeys(own.split(), TransferState.QUEUED)
    dialog.refresh()
    qtbot.waitUntil(lambda: [row[3] for row in cells(dialog)][:1] == ["being sent"])
    assert [label for label in dialog.findChildren(PlainLabel) if label.isVisible() and label.text().startswith(words)]


def test_what_has_been_taken_up_since_is_not_thrown_away(
    dialog: UnfinishedUploadsDialog, manager: FakeTransfers, store: OpenUploads, qtbot: QtBot
) -> None:
    dialog.old_button.click()
    manager.own = {"u2": TransferState.QUEUED}
    question(dialog).throw_button.click()
    qtbot.waitUntil(lambda: [each.upload_id for each in store.uploads] == ["u1", "u2", "u4"])
    assert dialog.problem.text() == "1 upload stayed: this program is sending it."
    qtbot.waitUntil(lambda: [row[3] for row in cells(dialog)] == ["8.0 MB", "being sent", "8.0 MB"])


def test_an_answer_after_the_end_is_dropped(
    dialog: UnfinishedUploadsDialog, manager: FakeTransfers, qtbot: QtBot
) -> None:
    manager.is_slow = True
    manager.asked.clear()
    dialog.refresh()
    qtbot.waitUntil(lambda: bool(manager.asked))
    dialog.close()
    QApplication.processEvents()
    manager.answer()


def test_what_could_not_be_thrown_away_stays_and_says_why(
    dialog: UnfinishedUploadsDialog, store: OpenUploads, qtbot: QtBot
) -> None:
    store.abort_error = S3BusyError("delete")
    dialog.old_button.click()
    question(dialog).throw_button.click()
    qtbot.waitUntil(dialog.problem.isVisible)
    assert dialog.problem.text() == (
        "1 upload could not be thrown away. The server is busy or has a problem right now."
    )
    assert "old.tar" in [row[0] for row in cells(dialog)]


def test_continuing_with_the_file(dialog: UnfinishedUploadsDialog, qtbot: QtBot) -> None:
    dialog.table.selectRow(0)
    dialog.continue_button.click()
    (files,) = dialog.findChildren(QFileDialog)
    assert files.windowTitle() == "Choose “teaser.mp4” on this computer"
    files.fileSelected.emit("/home/anna/other.mp4")
    assert dialog.problem.text() == "“other.mp4” has another name. To continue, choose “teaser.mp4”."
    assert dialog.isVisible()
    with qtbot.waitSignal(dialog.continue_requested) as told:
        files.fileSelected.emit("/home/anna/teaser.mp4")
    assert told.args == [Path("/home/anna/teaser.mp4"), S3Location("photos", "Spring/")]
    assert not dialog.isVisible()


def test_closing_drops_what_still_comes(
    window: QWidget,
    manager: FakeTransfers,
    tasks: Tasks,
    store: OpenUploads,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokens: list[CancelToken] = []

    def listed(_bucket: str, *, cancel: CancelToken) -> Iterator[OpenUpload]:
        tokens.append(cancel)
        cancel.wait(10)
        yield OpenUpload("late", "u9")

    monkeypatch.setattr(store, "list_uploads", listed)
    dialog = UnfinishedUploadsDialog("photos", manager, tasks, lambda: cast("ObjectStore", store), window)
    dialog.show()
    qtbot.waitUntil(lambda: bool(tokens))
    dialog.close()
    assert tokens[0].is_set()
    QApplication.processEvents()
