"""Keeps in the journal what a transfer has on the other side. For workers; see ``Keeper`` in ``run``."""

from collections.abc import Callable
from pathlib import Path

from s3browser.model.entries import UploadedPart
from s3browser.transfers.clerk import Clerk
from s3browser.transfers.inbox import Inbox
from s3browser.transfers.journal import Journal
from s3browser.transfers.journalrows import TransferRecord
from s3browser.transfers.run import Partial


class JournalKeeper:
    """The ``Keeper`` of one transfer.

    ``keep_upload`` and ``keep_download`` raise Cancelled where that can't be written down now: then the transfer goes
    back to the queue, and what is kept is written, and taken up, as soon as there is room on the disk.
    """

    def __init__(self, inbox: Inbox, clerk: Clerk, record: TransferRecord) -> None:
        self._inbox = inbox
        self._clerk = clerk
        self._record = record

    def partial(self) -> Partial | None:
        """What an earlier run left. Blocking."""
        return self._inbox.ask(
            lambda: self._clerk.ledger.read(lambda journal: journal.partial(self._record.transfer_id))
        )

    def keep_upload(self, upload_id: str, part_size: int) -> None:
        """As ``Keeper`` says."""
        self.keep(Partial(part_size, upload_id, size=self._record.item.size))

    def keep_download(self, temp: Path, etag: str, size: int, part_size: int) -> None:
        """As ``Keeper`` says."""
        self.keep(Partial(part_size, temp=temp, etag=etag, size=size))

    def keep_part(self, part: UploadedPart) -> None:
        """As ``Keeper`` says."""
        self._note(lambda journal: journal.keep_part(self._record.transfer_id, part))

    def forget(self) -> None:
        """As ``Keeper`` says."""
        self._note(lambda journal: journal.forget_partial(self._record.transfer_id))

    def keep(self, kept: Partial) -> None:
        """All that is on the other side, at once."""
        self._inbox.ask(lambda: self._clerk.ledger.keep(lambda journal: journal.keep_partial(self._record, kept)))

    def _note(self, write: Callable[[Journal], object]) -> None:
        self._inbox.send(lambda: self._clerk.ledger.note(write), urgent=False)
