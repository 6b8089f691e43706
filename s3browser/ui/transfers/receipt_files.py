"""What a receipt says, as a table for spreadsheets and as a PDF. Blocking, on a lane."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from s3browser.exceptions import S3DownloadError, S3IntegrationError
from s3browser.model.text import plural, size_text
from s3browser.model.transfers import BatchSnapshot, Direction, TransferSnapshot, TransferState
from s3browser.ui.dates import full_date_text
from s3browser.ui.theme import LIGHT
from s3browser.ui.transfers.faces import CHECKING, batch_summary
from s3browser.ui.transfers.pdf_pages import PdfPages

PDF_FILES = 500
"""How many files a PDF lists; more are for the table."""

_HEAD = ("File", "Address", "Size in bytes", "What became of it", "ETag", "On this computer")
BECAME = {
    TransferState.DONE: "arrived",
    TransferState.FAILED: "failed",
    TransferState.CANCELLED: "cancelled",
    TransferState.PAUSED: "paused",
    TransferState.RUNNING: "under way",
    TransferState.QUEUED: "waiting",
}
_ERRNO_CODES = {28: "DiskFull", 122: "DiskFull", 13: "Unwritable", 1: "Unwritable", 30: "Unwritable", 2: "NoFolder"}


@dataclass(frozen=True, slots=True)
class Heading:
    """What a receipt says before its files. ``connection`` is what the connection is called."""

    batch: BatchSnapshot
    connection: str
    made_at: datetime

    @property
    def facts(self) -> Sequence[tuple[str, str]]:
        """Name and value of each line."""
        batch = self.batch
        up = batch.direction is Direction.UPLOAD
        counts = [(batch.done, "arrived"), (batch.failed, "failed"), (batch.cancelled, "cancelled")]
        return (
            ("Connection", self.connection),
            ("Uploaded to" if up else "Downloaded to", batch.target or "—"),
            ("Started", full_date_text(batch.started_at)),
            ("Receipt made", full_date_text(self.made_at)),
            ("Files", f"{batch.total:,}: " + ", ".join(f"{count:,} {what}" for count, what in counts if count)),
            ("Size", size_text(batch.total_bytes)),
        )


class CsvReceipt:
    """A table of every file, written a page at a time; it appears under its name when it is complete."""

    def __init__(self, path: Path, heading: Heading) -> None:
        self._path = path
        self._part = path.with_name(f".~s3b-{os.getpid()}-{path.name}")
        self._heading = heading
        self._file: IO[str] | None = None
        self._writer: Any = None

    wanted: int | None = None
    """How many files it takes; None: all."""

    def add(self, files: Sequence[TransferSnapshot]) -> None:
        """Write some more files.

        Raises:
            S3DownloadError: the disk would not take them.
        """
        try:
            if self._file is None:
                # With a mark at its start: without it a spreadsheet takes UTF-8 for something else.
                self._file = self._part.open("w", encoding="utf-8-sig", errors="replace", newline="")
                self._writer = csv.writer(self._file)
                self._writer.writerow(_HEAD)
            self._writer.writerows(_cells(each) for each in files)
        except OSError as error:
            raise save_error(self._path, error) from error

    def finish(self) -> None:
        """Put it under its name. Raises S3DownloadError likewise."""
        self.add(())
        assert self._file is not None
        try:
            self._file.close()
            self._part.replace(self._path)
        except OSError as error:
            raise save_error(self._path, error) from error

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)


class PdfReceipt:
    """Pages to print or to send, with the first ``PDF_FILES`` files."""

    wanted: int | None = PDF_FILES

    def __init__(self, path: Path, heading: Heading) -> None:
        self._path = path
        self._heading = heading
        self._files: list[TransferSnapshot] = []

    def add(self, files: Sequence[TransferSnapshot]) -> None:
        """Take some more files."""
        self._files += files

    def finish(self) -> None:
        """Write it.

        Raises:
            S3DownloadError: it could not be written.
        """
        try:
            with self._path.open("wb"):  # Qt would not say why it cannot
                pass
        except OSError as error:
            raise save_error(self._path, error) from error
        batch = self._heading.batch
        is_green = batch.proof is not None and batch.proof.is_complete and not batch.failed
        pages = PdfPages(self._path, "Receipt")
        pages.title("Receipt")
        # Paper waits for nothing.
        summary = batch_summary(batch).replace(CHECKING, ", not checked yet")
        pages.sentence(summary, LIGHT.success if is_green else LIGHT.text)
        pages.facts(self._heading.facts)
        rows = [
            (name_of(each), size_text(each.item.size), BECAME[each.state], etag_of(each) or "—") for each in self._files
        ]
        pages.table(("File", "Size", "Result", "ETag"), rows)
        if batch.total > len(rows):
            pages.sentence(
                f"These are the first {len(rows):,} of {plural(batch.total, 'file')}. "
                "A receipt saved as a table (CSV) lists all of them.",
                LIGHT.muted,
            )
        pages.end()

    def abandon(self) -> None:
        """Nothing has been written yet."""


def save_error(path: Path, error: OSError) -> S3IntegrationError:
    """Why a receipt could not be written."""
    code = _ERRNO_CODES.get(error.errno or 0)
    reason = None if code else "The receipt could not be written on this computer."
    return S3DownloadError("save_receipt", str(path), code, reason=reason, server_message=error.strerror)


def _cells(transfer: TransferSnapshot) -> tuple[str | int, ...]:
    item = transfer.item
    return (
        _inert(name_of(transfer)),
        str(item.location),
        item.size,
        BECAME[transfer.state],
        etag_of(transfer),
        _inert(str(item.local_path)),
    )


def _inert(text: str) -> str:
    """A spreadsheet would run a name that begins like a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def name_of(transfer: TransferSnapshot) -> str:
    """The file’s."""
    return transfer.item.location.name or transfer.item.local_path.name


def etag_of(transfer: TransferSnapshot) -> str:
    """Of what arrived; empty where that is not known."""
    return transfer.etag or transfer.item.etag
