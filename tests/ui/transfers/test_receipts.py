import csv
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from s3browser.exceptions import S3DownloadError
from s3browser.jobs.runner import JobRunner
from s3browser.model.transfers import Direction, Proof, TransferState
from s3browser.ui.relay import GuiRelay
from s3browser.ui.tasks import LANES, Tasks
from s3browser.ui.transfers.receipt import PAGE, Receipts, suggested_name
from s3browser.ui.transfers.receipt_files import PDF_FILES, CsvReceipt, Heading, PdfReceipt, save_error
from tests.ui.transfers.conftest import FakeTransfers, batch, transfer

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
S = TransferState
STARTED = datetime(2026, 11, 24, 10, 14, tzinfo=UTC)
BATCH = batch(1, total=3, done=2, failed=1, total_bytes=6000, started_at=STARTED, proof=Proof(2, 2))


@pytest.fixture
def receipts(window: QWidget, tasks: Tasks, manager: FakeTransfers) -> Receipts:
    manager.listed = [
        transfer(1, S.DONE, etag="abc123"),
        transfer(2, S.FAILED),
        transfer(3, S.DONE, name="=HYPERLINK(1).csv", direction=Direction.DOWNLOAD),
        transfer(4, S.DONE, batch_id=2),
    ]
    return Receipts(manager, tasks, lambda _: "Acme <Marketing>", window)


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def text(path: Path) -> str:
    written = " ".join(page.extract_text() for page in PdfReader(path).pages)
    return " ".join(unicodedata.normalize("NFKC", written).split())  # without the ligatures of a font


def test_a_table_has_every_file(receipts: Receipts, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "receipt.csv"
    with qtbot.waitSignal(receipts.saved) as told:
        receipts.save(BATCH, path)
    assert told.args == [path]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "or a spreadsheet takes it for something else"
    head, *files = rows(path)
    assert head == ["File", "Address", "Size in bytes", "What became of it", "ETag", "On this computer"]
    local = str(Path("/home/anna/a.txt"))
    assert files[0] == ["a.txt", "s3://bucket/Invoices/a.txt", "2000", "arrived", "abc123", local]
    assert [row[3] for row in files] == ["arrived", "failed", "arrived"]
    assert files[2][0] == "'=HYPERLINK(1).csv", "a spreadsheet would run it"
    assert [each.name for each in tmp_path.iterdir()] == ["receipt.csv"]


def test_a_large_table_comes_in_pages(receipts: Receipts, manager: FakeTransfers, qtbot: QtBot, tmp_path: Path) -> None:
    manager.listed = [transfer(number, S.DONE) for number in range(2 * PAGE)]
    with qtbot.waitSignal(receipts.saved):
        receipts.save(batch(1, total=2 * PAGE), tmp_path / "r.csv")
    assert manager.asked == [("files", offset, PAGE) for offset in (0, PAGE, 2 * PAGE)]
    assert len(rows(tmp_path / "r.csv")) == 2 * PAGE + 1


def test_a_pdf_says_what_when_and_where(receipts: Receipts, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "receipt.pdf"
    with qtbot.waitSignal(receipts.saved):
        receipts.save(BATCH, path)
    written = text(path)
    for words in ("Receipt", "Acme <Marketing>", "Invoices", "2 arrived, 1 failed", "a.txt", "abc123", "2026"):
        assert words in written
    assert "These are the first" not in written


def test_a_long_pdf_is_cut_and_says_where_the_rest_is(
    receipts: Receipts, manager: FakeTransfers, qtbot: QtBot, tmp_path: Path
) -> None:
    manager.listed = [transfer(number, S.DONE) for number in range(PDF_FILES + 1)]
    with qtbot.waitSignal(receipts.saved):
        receipts.save(batch(1, total=PDF_FILES + 1, done=PDF_FILES + 1), tmp_path / "r.pdf")
    assert manager.asked == [("files", 0, PDF_FILES)]
    written = text(tmp_path / "r.pdf")
    assert "These are the first 500 of 501 files." in written
    pages = len(PdfReader(tmp_path / "r.pdf").pages)
    assert written.count("File Size Result ETag") >= pages - 1 > 5, "each page says what its columns are"


def test_names_are_no_markup_and_paper_waits_for_nothing(tmp_path: Path) -> None:
    receipt = PdfReceipt(tmp_path / "r.pdf", Heading(batch(total=2, done=2), "<i>Acme", STARTED))
    receipt.add([transfer(1, S.DONE, name="<b>.txt"), transfer(2, S.DONE, name=f"{'long' * 40}.txt")])
    receipt.finish()
    written = text(tmp_path / "r.pdf")
    assert "2 of 2 files uploaded to Invoices, not checked yet" in written
    assert "<b>.txt" in written
    assert "<i>Acme" in written
    assert "long" * 40 not in written, "it would run over the next column"


@pytest.mark.parametrize("name", ["r.csv", "r.pdf"])
def test_what_cannot_be_written_says_why(
    window: QWidget, manager: FakeTransfers, qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    errors: list[Exception] = []
    runner = JobRunner(LANES, GuiRelay(window).deliver)
    receipts = Receipts(manager, Tasks(runner, errors.append), lambda _: "Acme", window)
    receipts.save(BATCH, tmp_path / "missing" / name)
    qtbot.waitUntil(lambda: bool(errors))
    assert runner.shutdown()
    (error,) = errors
    assert isinstance(error, S3DownloadError)
    assert error.title == f"Couldn’t save {name}"
    assert error.reason == "The folder to save it in is not there."


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path) -> None:
    receipt = CsvReceipt(tmp_path / "r.csv", Heading(BATCH, "Acme", STARTED))
    receipt.abandon()
    receipt.add([transfer(1, S.DONE)])
    receipt.abandon()
    assert list(tmp_path.iterdir()) == []


def test_a_table_whose_name_is_taken_by_a_folder(tmp_path: Path) -> None:
    (tmp_path / "r.csv").mkdir()
    receipt = CsvReceipt(tmp_path / "r.csv", Heading(BATCH, "Acme", STARTED))
    with pytest.raises(S3DownloadError, match=r"r\.csv"):
        receipt.finish()


def test_an_unknown_fault_of_the_disk_has_words_too() -> None:
    error = save_error(Path("r.csv"), OSError(9999, "strange"))
    assert error.reason == "The receipt could not be written on this computer."


def test_somebody_is_asked_where(receipts: Receipts, window: QWidget, qtbot: QtBot, tmp_path: Path) -> None:
    receipts.ask(BATCH)
    (dialog,) = window.findChildren(QFileDialog)
    assert dialog.nameFilters() == ["PDF document (*.pdf)", "Table for spreadsheets (*.csv)"]
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    assert dialog.defaultSuffix() == "pdf"
    dialog.filterSelected.emit("Table for spreadsheets (*.csv)")
    assert dialog.defaultSuffix() == "csv"
    with qtbot.waitSignal(receipts.saved):
        dialog.fileSelected.emit(str(tmp_path / "chosen.csv"))
    assert len(rows(tmp_path / "chosen.csv")) == 4
    dialog.close()


def test_the_suggested_name_suits_every_disk() -> None:
    assert suggested_name(BATCH) == "Receipt Invoices 2026-11-24"
    assert suggested_name(replace(BATCH, name="Spring 2026/")) == "Receipt Spring 2026 2026-11-24"
    assert suggested_name(batch(target="a/b:c", started_at=None)) == "Receipt a-b-c"
    assert suggested_name(batch(target="", name="x.pdf", started_at=None)) == "Receipt x.pdf"
