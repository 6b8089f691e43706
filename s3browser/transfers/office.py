"""What the clerk has others do."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from s3browser.transfers.desk import Job
from s3browser.transfers.journalrows import Leftover
from s3browser.transfers.records import Active, Batch

T = TypeVar("T")


class Office(Protocol):
    """None of it blocks."""

    def job(self, active: Active, *, is_big: bool) -> Job:
        """What the workers do for a transfer; ``Clerk.settle`` is told what has become of it."""

    def feed(self) -> None:
        """There may be work on the desk."""

    def prove(self, batch: Batch) -> None:
        """Look for the files of a batch on their target; ``Clerk.take_proof`` is told."""

    def throw_away(self, leftover: Leftover) -> None:
        """Remove it from the other side; ``Clerk.leftover_is_gone`` is told."""

    def look_for(self, connection_id: str) -> None:
        """See whether a connection works again; ``Clerk.connection_looked_at`` is told."""

    def deliver(self, callback: Callable[[T], object], value: T) -> None:
        """Call back on the window's thread."""

    def complain(self, error: Exception) -> None:
        """Show a fault of ours, which must not stop the others' transfers."""
