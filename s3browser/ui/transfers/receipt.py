import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from s3browser.jobs.cancel import CancelToken
from s3browser.model.transfers import BatchSnapshot, TransferSnapshot, TransferState
from s3browser.ui.tasks import Tasks
from s3browser.ui.transfers.engine import Transfers
from s3browser.ui.transfers.faces import folder_of
from s3browser.ui.transfers.receipt_files import CsvReceipt, Heading, PdfReceipt

PAGE = 2000
"""Files asked for at a time, so that 100,000 of them are never in memory together."""

_FILTERS = {"PDF document (*.pdf)": "pdf", "Table for spreadsheets (*.csv)": "csv"}
_ALL = tuple(TransferState)


class Receipts(QObject):
    """Saves what became of a batch: asks where, then writes on the lane “local”, a page after the other.

    Args:
        manager: knows the files.
        tasks: the lanes.
        name_of: what a connection is called.
        window: what the question belongs to.

    Signals:
        saved: the ``Path`` of a receipt that has been written.
    """

    saved = Signal(object)

    def __init__(self, manager: Transfers, tasks: Tasks, name_of: Callable[[str], str], window: QWidget) -> None:
        super().__init__(window)
        self._manager = manager
        self._tasks = tasks
        self._name_of = name_of
        self._window = window

    def ask(self, batch: BatchSnapshot) -> None:
        """Let somebody choose where to save the receipt of a batch, and as what."""
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        dialog = QFileDialog(self._window, "Save receipt", documents)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(_FILTERS))
        dialog.setDefaultSuffix("pdf")
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(_FILTERS.get(chosen, "pdf")))
        dialog.selectFile(suggested_name(batch))
        dialog.fileSelected.connect(lambda name: self.save(batch, Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, batch: BatchSnapshot, path: Path) -> None:
        """Write the receipt; a table where the name ends in ``.csv``, else a PDF."""
        heading = Heading(batch, self._name_of(batch.connection_id), datetime.now(UTC))
        kind = CsvReceipt if path.suffix.lower() == ".csv" else PdfReceipt
        self._ask_page(kind(path, heading), path, batch.batch_id, 0)

    def _ask_page(self, receipt: CsvReceipt | PdfReceipt, path: Path, batch_id: int, offset: int) -> None:
        limit = PAGE if receipt.wanted is None else min(PAGE, receipt.wanted - offset)
        take = partial(self._take_page, receipt, path, batch_id, offset, limit)
        self._manager.files(batch_id, _ALL, offset, limit, take)

    def _take_page(
        self,
        receipt: CsvReceipt | PdfReceipt,
        path: Path,
        batch_id: int,
        offset: int,
        limit: int,
        files: list[TransferSnapshot],
    ) -> None:
        next_offset = offset + len(files)
        is_last = len(files) < limit or next_offset == receipt.wanted

        def work(_: CancelToken) -> None:
            try:
                receipt.add(files)
                if is_last:
                    receipt.finish()
            except Exception:
                receipt.abandon()
                raise

        def done(_: None) -> None:
            if is_last:
                self.saved.emit(path)
            else:
                self._ask_page(receipt, path, batch_id, next_offset)

        self._tasks.run("local", work, done)


def suggested_name(batch: BatchSnapshot) -> str:
    """“Receipt Spring 2026 2026-11-24”; where no single folder was chosen, the target’s. No disk refuses it."""
    when = batch.started_at.astimezone().date().isoformat() if batch.started_at else ""
    words = " ".join(filter(None, ("Receipt", folder_of(batch) or batch.target or batch.name, when)))
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "-", words)[:120].strip(" .")
