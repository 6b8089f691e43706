from collections.abc import Callable, Sequence
from typing import Protocol

from s3browser.model.transfers import BatchSnapshot, PanelLook, Plan, TransferNews, TransferSnapshot, TransferState


class Transfers(Protocol):
    """What the window asks of the ``TransferManager``, or of ``RemoteTransfers`` in its place.

    Every call returns at once, from any thread; what it asks for happens soon after. Callbacks come on the window's
    thread, in the order of the calls, and not at all once the program is ending. What is asked of a transfer or a
    batch that it no longer suits (a pause of one that is done) does nothing.
    """

    def add_listener(self, listener: Callable[[TransferNews], None]) -> None:
        """Call ``listener`` with the news from now on, for as long as the program runs."""

    def pause(self, transfer_id: int) -> None:
        """Let it rest; what has arrived of it is kept."""

    def resume(self, transfer_id: int) -> None:
        """Let it go on where it was."""

    def cancel(self, transfer_id: int) -> None:
        """Stop it; nothing of it is kept."""

    def retry(self, transfer_id: int) -> None:
        """Queue it again after it failed or was cancelled."""

    def move_to_front(self, transfer_id: int) -> None:
        """Let it be the next to start."""

    def remove(self, transfer_id: int) -> None:
        """Take one that is over out of the panel."""

    def pause_batch(self, batch_id: int) -> None:
        """Let all of a batch rest."""

    def resume_batch(self, batch_id: int) -> None:
        """Let all of a batch go on."""

    def cancel_batch(self, batch_id: int) -> None:
        """Stop all of a batch that is not over."""

    def retry_batch(self, batch_id: int) -> None:
        """Queue all of a batch again that failed, was cancelled or did not arrive."""

    def pause_all(self) -> None:
        """Let everything rest."""

    def resume_all(self) -> None:
        """Let everything go on."""

    def cancel_all(self) -> None:
        """Stop everything that is not over."""

    def retry_failed(self) -> None:
        """Queue everything again that failed."""

    def clear_finished(self) -> None:
        """Take everything that is over out of the panel."""

    def release(self, connection_id: str) -> None:
        """End the hold of a connection: try now."""

    def look(self, first: int, last: int, seen: Callable[[PanelLook], None]) -> None:
        """What the panel shows, with the rows from ``first`` to ``last``, both included; none if ``last < first``."""

    def history(
        self, search: str, before_id: int | None, limit: int, seen: Callable[[list[BatchSnapshot]], None]
    ) -> None:
        """Batches older than ``before_id`` (None: from the newest on) that ``search`` fits, the newest first."""

    def files(
        self,
        batch_id: int,
        states: Sequence[TransferState],
        offset: int,
        limit: int,
        seen: Callable[[list[TransferSnapshot]], None],
    ) -> None:
        """The transfers of a batch that are in one of ``states``, by id, from the ``offset``-th on."""

    def set_connections(self, count: int) -> None:
        """How many transfers go at a time, from now on."""


class Starter(Protocol):
    """Likewise, what a drop or a click asks of it."""

    def start(self, plan: Plan, connection_id: str, started: Callable[[int], object] = ...) -> None:
        """Queue all of a settled plan; its batch's id is told as soon as it is written down."""


class Engine(Transfers, Starter, Protocol):
    """All of it."""
