"""Properties, and the counting behind them."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

from PySide6.QtWidgets import QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from s3browser.exceptions import S3AccessDeniedError, S3ConnectionError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.entries import ObjectDetails, S3FileInfo
from s3browser.model.listing import file_row, folder_row
from s3browser.model.locations import S3Location
from s3browser.ui.dialogs.counting import FolderCounter
from s3browser.ui.dialogs.properties import FilePropertiesDialog, FolderPropertiesDialog
from s3browser.ui.tasks import Tasks
from tests.ui.accessibility import nameless, rich_labels, said

MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FILE = file_row("b", S3FileInfo("x/<b>hero</b>.png", 4_203_112, MOMENT, "etag", "STANDARD_IA"))
FOLDER = folder_row("b", "x/Artwork/")


def info(key: str, size: int) -> S3FileInfo:
    return S3FileInfo(key, size, MOMENT, "etag")


def three_files(_location: S3Location, _token: CancelToken) -> Iterator[S3FileInfo]:
    yield info("x/Artwork/", 0)
    yield info("x/Artwork/a", 3_000_000_000)
    yield info("x/Artwork/sub/", 0)
    yield info("x/Artwork/sub/b", 2_000_000_000)


class TestCounter:
    def test_adds_up_folders_and_files_without_folder_markers(
        self, tasks: Tasks, window: QWidget, qtbot: QtBot
    ) -> None:
        counter = FolderCounter(tasks, three_files, window)
        with qtbot.waitSignal(counter.changed) as changed:
            counter.start([FOLDER, FILE])
        assert changed.args == [3, 5_004_203_112, True]

    def test_a_new_start_drops_the_old_one(self, tasks: Tasks, window: QWidget, qtbot: QtBot) -> None:
        started = threading.Event()

        def endless(location: S3Location, token: CancelToken) -> Iterator[S3FileInfo]:
            while location.key != "second/":
                yield info("k", 1)
                started.set()
            yield info("second/k", 7)

        counter = FolderCounter(tasks, endless, window)
        counter.start([FOLDER])
        assert started.wait(10)
        found: list[tuple[int, int, bool]] = []
        counter.changed.connect(lambda *args: found.append(args))
        with qtbot.waitSignal(counter.changed):
            counter.start([folder_row("b", "second/")])
        assert found == [(1, 7, True)]

    def test_reports_on_the_way(self, tasks: Tasks, window: QWidget, qtbot: QtBot) -> None:
        def until_stopped(_location: S3Location, token: CancelToken) -> Iterator[S3FileInfo]:
            while not token.wait(0.001):
                yield info("k", 10)

        counter = FolderCounter(tasks, until_stopped, window)
        with qtbot.waitSignal(counter.changed) as changed:
            counter.start([FOLDER])
        counter.stop()
        assert changed.args is not None
        files, size, is_complete = changed.args
        assert files > 0
        assert size == files * 10
        assert is_complete is False

    def test_failure_is_reported(self, tasks: Tasks, window: QWidget, qtbot: QtBot) -> None:
        error = S3ConnectionError("list", "b")

        def broken(_location: S3Location, _token: CancelToken) -> Iterator[S3FileInfo]:
            yield info("k", 1)
            raise error

        counter = FolderCounter(tasks, broken, window)
        with qtbot.waitSignal(counter.failed) as failed:
            counter.start([FOLDER])
        assert failed.args == [error]


def details(_location: S3Location) -> ObjectDetails:
    return ObjectDetails(
        "x/<b>hero</b>.png", 4_203_112, MOMENT, "d41d8", "STANDARD_IA", "image/png", "v1", "aws:kms",
        {"camera": "<i>Leica"}, {"CRC64NVME": "abc="},
    )  # fmt: skip


class TestFile:
    def test_shows_the_listing_at_once_and_the_rest_when_it_comes(
        self, tasks: Tasks, window: QWidget, qtbot: QtBot
    ) -> None:
        answer = threading.Event()

        def head(location: S3Location) -> ObjectDetails:
            assert answer.wait(10)
            return details(location)

        dialog = FilePropertiesDialog(FILE, tasks, head, window)
        dialog.open()
        assert dialog.facts.value("Kind") == "PNG image"
        assert dialog.facts.value("Size") == "4.2 MB (4,203,112 bytes)"
        assert dialog.facts.value("Storage") == "Infrequent access"
        assert dialog.facts.value("Encryption") == "…"
        answer.set()
        qtbot.waitUntil(lambda: dialog.facts.value("Encryption") == "On (KMS key)")
        box = dialog.findChild(QPlainTextEdit)
        assert isinstance(box, QPlainTextEdit)
        assert box.toPlainText().splitlines() == [
            "Bucket: b",
            "Key: x/<b>hero</b>.png",
            "ETag: d41d8",
            "Version: v1",
            "Content type: image/png",
            "Storage class: STANDARD_IA",
            "Encryption: aws:kms",
            "Checksum CRC64NVME: abc=",
            "Metadata camera: <i>Leica",
        ]
        assert nameless(dialog) == []
        assert rich_labels(dialog) == []

    def test_a_refusal_is_said_in_place(self, tasks: Tasks, window: QWidget, qtbot: QtBot) -> None:
        def refused(_location: S3Location) -> ObjectDetails:
            raise S3AccessDeniedError("read", "s3://b/k", permission="s3:GetObject", resource="arn:aws:s3:::b/k")

        dialog = FilePropertiesDialog(FILE, tasks, refused, window)
        dialog.open()
        qtbot.waitUntil(lambda: "not allowed to do this" in said(dialog))
        assert dialog.facts.value("Encryption") == "—"
        assert dialog.facts.value("Size") == "4.2 MB (4,203,112 bytes)"

    def test_an_answer_after_closing_is_dropped(self, tasks: Tasks, window: QWidget, qtbot: QtBot) -> None:
        asked, answer, answered = threading.Event(), threading.Event(), threading.Event()

        def head(location: S3Location) -> ObjectDetails:
            asked.set()
            assert answer.wait(10)
            answered.set()
            return details(location)

        dialog = FilePropertiesDialog(FILE, tasks, head, window)
        dialog.open()
        assert asked.wait(10)
        gone: list[bool] = []
        dialog.destroyed.connect(lambda: gone.append(True))
        dialog.reject()
        qtbot.waitUntil(lambda: bool(gone))
        answer.set()
        assert answered.wait(10)


class TestFolder:
    def test_counts_and_hides_stop_when_done(self, tasks: Tasks, window: QWidget, qtbot: QtBot) -> None:
        dialog = FolderPropertiesDialog([FOLDER], tasks, three_files, window)
        dialog.open()
        assert dialog.facts.value("Files") == "Counting…"
        assert dialog.stop_button.isVisible()
        qtbot.waitUntil(lambda: dialog.facts.value("Files") == "2")
        assert dialog.facts.value("Size") == "5.0 GB (5,000,000,000 bytes)"
        assert not dialog.stop_button.isVisible()
        assert nameless(dialog) == []

    def test_stop_keeps_what_was_counted(self, tasks: Tasks, window: QWidget, qtbot: QtBot) -> None:
        stopped = threading.Event()

        def until_stopped(_location: S3Location, token: CancelToken) -> Iterator[S3FileInfo]:
            try:
                while not token.wait(0.001):
                    yield info("k", 10)
            finally:  # whoever counts may see the stop first
                stopped.set()

        dialog = FolderPropertiesDialog([FOLDER, FILE], tasks, until_stopped, window)
        dialog.open()
        qtbot.waitUntil(lambda: "so far" in (dialog.facts.value("Files") or ""))
        dialog.stop_button.click()
        assert stopped.wait(10)
        assert (dialog.facts.value("Files") or "").endswith(" or more (stopped)")
        assert not dialog.stop_button.isVisible()

    def test_closing_stops_the_count(self, tasks: Tasks, window: QWidget) -> None:
        started, stopped = threading.Event(), threading.Event()

        def until_stopped(_location: S3Location, token: CancelToken) -> Iterator[S3FileInfo]:
            started.set()
            yield info("k", 10)
            assert token.wait(10)
            stopped.set()

        dialog = FolderPropertiesDialog([FOLDER], tasks, until_stopped, window)
        dialog.open()
        assert started.wait(10)
        dialog.reject()
        assert stopped.wait(10)

    def test_a_failure_says_that_there_may_be_more(self, tasks: Tasks, window: QWidget, qtbot: QtBot) -> None:
        def broken(_location: S3Location, _token: CancelToken) -> Iterator[S3FileInfo]:
            yield info("k", 1)
            raise S3ConnectionError("list", "b", "Timeout")

        dialog = FolderPropertiesDialog([FOLDER], tasks, broken, window)
        dialog.open()
        qtbot.waitUntil(lambda: "not complete" in (dialog.facts.value("Files") or ""))
        assert "The server took too long to answer." in said(dialog)
