"""The journal as the clerk writes it: many changes at once, and none is lost while the disk is full."""

from collections.abc import Callable
from typing import TypeVar

from s3browser.exceptions import Cancelled, SettingsError
from s3browser.transfers.journal import Journal
from s3browser.transfers.journalfile import JournalError
from s3browser.transfers.target import NewEntries

T = TypeVar("T")


class Ledger:
    """Collects what is to be written until somebody flushes. Not thread-safe: the clerk's own; blocks for the disk.

    Args:
        journal: what it writes into.
        entries: the folders of files that have arrived, brought to the disk before that is written down.
        on_trouble: hears that it can't be written, once until it can be again.

    Attributes:
        cannot_write: whether it could not be written the last time.
    """

    def __init__(self, journal: Journal, entries: NewEntries, on_trouble: Callable[[SettingsError], object]) -> None:
        self.journal = journal
        self._entries = entries
        self.cannot_write = False
        self._on_trouble = on_trouble
        self._writes: list[Callable[[], object]] = []

    def write(self, write: Callable[[], object]) -> None:
        """Have something written down with the next ``flush``."""
        self._writes.append(write)

    def flush(self) -> None:
        """Write down what has happened. What is refused is kept, in its order, for the next time.

        Raises:
            JournalError: it can't be written now.
        """
        if self._writes:
            self._entries.sync()
            with self.journal.transaction():
                for write in self._writes:
                    write()
            self._writes.clear()

    def change(self, change: Callable[[], T]) -> T:
        """Change the journal now; all of it, or nothing. Raises JournalError where that can't be done."""
        self.flush()
        with self.journal.transaction():
            return change()

    def is_up_to_date(self) -> bool:
        """Write down what has happened, if that can be done now; whether it could."""
        try:
            self.flush()
        except JournalError as error:
            self.complain(error)
            return False
        return True

    def complain(self, error: Exception) -> None:
        """It can't be written: say so, if nobody has yet."""
        if not self.cannot_write:
            self.cannot_write = True
            trouble = SettingsError(
                "save_transfers", code="Unwritable",
                reason="What has been transferred can’t be written down, so nothing more is started for now.",
                hint="Check that the disk has free space. It goes on by itself.",
            )  # fmt: skip
            trouble.__cause__ = error
            self._on_trouble(trouble)

    def keep(self, write: Callable[[Journal], object]) -> None:
        """Write something down now.

        Raises:
            Cancelled: it can't be now, but will be; nothing more should be done for it before that.
        """
        self.note(write)
        if not self.is_up_to_date():
            raise Cancelled

    def note(self, write: Callable[[Journal], object]) -> None:
        """Write something down soon."""
        self.write(lambda: write(self.journal))

    def read(self, question: Callable[[Journal], T]) -> T:
        """What the journal says, with all that has happened."""
        self.is_up_to_date()
        return question(self.journal)
