"""A manager that moves nothing: a test says how things stand, and sees what was asked for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from s3browser.model.locations import S3Location
from s3browser.model.transfers import (
    BatchSnapshot,
    Direction,
    Hold,
    PanelLook,
    TransferItem,
    TransferNews,
    TransferSnapshot,
    TransferState,
)
from s3browser.ui.transfers.panel import TransfersPanel

INVOICES = S3Location("bucket", "Invoices/")
S = TransferState
_ORDER = (S.RUNNING, S.FAILED, S.QUEUED, S.PAUSED)


class FakeTransfers:
    """What the UI sees of the ``TransferManager``.

    Looks, histories and pages of files are answered at once, or by ``answer()`` where ``is_slow`` is set. Every other
    call is noted in ``asked`` as its name and arguments; the simple ones change the rows as the real one would.
    """

    def __init__(self) -> None:
        self.rows: list[TransferSnapshot] = []
        self.batches: list[BatchSnapshot] = []
        self.holds: tuple[Hold, ...] = ()
        self.totals: BatchSnapshot | None = None
        self.past: list[BatchSnapshot] = []
        self.listed: list[TransferSnapshot] = []
        self.own: dict[str, TransferState] = {}
        self.asked: list[tuple[object, ...]] = []
        self.looks: list[tuple[int, int]] = []
        self.questions: list[tuple[str, int | None, int]] = []
        self.is_slow = False
        self.on_put: Callable[[], None] = lambda: None
        self._late: list[Callable[[], None]] = []
        self._listeners: list[Callable[[TransferNews], None]] = []

    # -- for tests -----------------------------------------------------------------------------

    def put(self, *rows: TransferSnapshot) -> None:
        """These are the transfers now; tell the window, and let it look as its timer would."""
        self.rows = list(rows)
        self.tell(TransferNews(changed=True, holds=self.holds))
        self.on_put()

    def finish(self, *batches: BatchSnapshot) -> None:
        """These batches have ended, and nothing else is left."""
        self.rows, self.batches = [], [*batches, *self.batches]
        self.tell(TransferNews(changed=True, finished=batches, holds=self.holds))

    def hold(self, *holds: Hold) -> None:
        """These are the holds now; tell the window."""
        self.holds = holds
        self.tell(TransferNews(holds=holds))
        self.on_put()

    def tell(self, news: TransferNews) -> None:
        for listener in self._listeners:
            listener(news)

    def answer(self) -> None:
        """Give every answer that is due."""
        late, self._late = self._late, []
        for each in late:
            each()

    # -- what the window asks --------------------------------------------------------------------

    def add_listener(self, listener: Callable[[TransferNews], None]) -> None:
        self._listeners.append(listener)

    def look(self, first: int, last: int, seen: Callable[[PanelLook], None]) -> None:
        self.looks.append((first, last))
        rows = [row for state in _ORDER for row in self.rows if row.state is state]
        counts = {state: sum(row.state is state for row in rows) for state in TransferState}
        totals = self.totals or replace(
            batch(total=len(rows), name=""),
            position_bytes=sum(row.position for row in rows),
            total_bytes=sum(row.item.size for row in rows),
        )
        look = PanelLook(
            counts, first, tuple(rows[first : last + 1]), tuple(self.batches), totals, self.holds, is_paused=False
        )
        self._answer(lambda: seen(look))

    def history(
        self, search: str, before_id: int | None, limit: int, seen: Callable[[list[BatchSnapshot]], None]
    ) -> None:
        self.questions.append((search, before_id, limit))
        fits = [each for each in self.past if search.lower() in f"{each.name} {each.target}".lower()]
        older = [each for each in fits if before_id is None or each.batch_id < before_id]
        self._answer(lambda: seen(older[:limit]))

    def files(
        self,
        batch_id: int,
        states: Sequence[TransferState],
        offset: int,
        limit: int,
        seen: Callable[[list[TransferSnapshot]], None],
    ) -> None:
        self.asked.append(("files", offset, limit))
        found = [each for each in self.listed if each.batch_id == batch_id and each.state in states]
        self._answer(lambda: seen(found[offset : offset + limit]))

    def open_uploads(self, bucket: str, seen: Callable[[dict[str, TransferState]], None]) -> None:
        self.asked.append(("open_uploads", bucket))
        own = dict(self.own)
        self._answer(lambda: seen(own))

    def pause(self, transfer_id: int) -> None:
        self._move("pause", transfer_id, S.PAUSED)

    def resume(self, transfer_id: int) -> None:
        self._move("resume", transfer_id, S.QUEUED)

    def retry(self, transfer_id: int) -> None:
        self._move("retry", transfer_id, S.QUEUED)

    def cancel(self, transfer_id: int) -> None:
        self.asked.append(("cancel", transfer_id))
        self.rows = [row for row in self.rows if row.transfer_id != transfer_id]

    def move_to_front(self, transfer_id: int) -> None:
        self.asked.append(("move_to_front", transfer_id))
        self.rows.sort(key=lambda row: row.transfer_id != transfer_id)

    def remove(self, transfer_id: int) -> None:
        self.asked.append(("remove", transfer_id))

    def pause_batch(self, batch_id: int) -> None:
        self.asked.append(("pause_batch", batch_id))

    def resume_batch(self, batch_id: int) -> None:
        self.asked.append(("resume_batch", batch_id))

    def cancel_batch(self, batch_id: int) -> None:
        self.asked.append(("cancel_batch", batch_id))

    def retry_batch(self, batch_id: int) -> None:
        self.asked.append(("retry_batch", batch_id))

    def pause_all(self) -> None:
        self.asked.append(("pause_all",))
        self.rows = [replace(row, state=S.PAUSED) for row in self.rows]

    def resume_all(self) -> None:
        self.asked.append(("resume_all",))
        self.rows = [replace(row, state=S.QUEUED) for row in self.rows]

    def cancel_all(self) -> None:
        self.asked.append(("cancel_all",))

    def retry_failed(self) -> None:
        self.asked.append(("retry_failed",))

    def clear_finished(self) -> None:
        self.asked.append(("clear_finished",))
        self.batches = []

    def release(self, connection_id: str) -> None:
        self.asked.append(("release", connection_id))

    def set_connections(self, count: int) -> None:
        self.asked.append(("set_connections", count))

    def _move(self, name: str, transfer_id: int, state: TransferState) -> None:
        self.asked.append((name, transfer_id))
        self.rows = [replace(row, state=state) if row.transfer_id == transfer_id else row for row in self.rows]

    def _answer(self, answer: Callable[[], None]) -> None:
        if self.is_slow:
            self._late.append(answer)
        else:
            answer()


def transfer(
    number: int,
    state: TransferState = S.RUNNING,
    *,
    name: str = "",
    size: int = 2000,
    position: int = 0,
    error: Exception | None = None,
    direction: Direction = Direction.UPLOAD,
    connection_id: str = "p1",
    batch_id: int = 1,
    etag: str = "",
) -> TransferSnapshot:
    """A transfer of ``a.txt``, ``b.txt``, …"""
    name = name or f"{chr(96 + number) if number < 27 else number}.txt"
    item = TransferItem(direction, INVOICES.child(name), Path("/home/anna") / name, size)
    return TransferSnapshot(number, batch_id, item, state, position, error, connection_id=connection_id, etag=etag)


def batch(number: int = 1, **what: object) -> BatchSnapshot:
    """An upload to Invoices, of which a test says what is special."""
    plain = BatchSnapshot(
        number,
        "p1",
        Direction.UPLOAD,
        total=1,
        done=0,
        failed=0,
        cancelled=0,
        position_bytes=0,
        total_bytes=1000,
        target="Invoices",
        started_at=datetime.now(UTC),
    )
    return replace(plain, **what)  # type: ignore[arg-type]  # the fields of BatchSnapshot


@pytest.fixture
def manager() -> FakeTransfers:
    return FakeTransfers()


@pytest.fixture
def panel(qtbot: QtBot, window: QWidget, manager: FakeTransfers) -> TransfersPanel:
    """Six rows high."""
    panel = TransfersPanel(manager, parent=window)
    manager.on_put = panel.refresh
    panel.resize(800, panel.sizeHint().height() + 2 * panel.view.row_height)
    panel.show()
    qtbot.waitExposed(window)
    return panel
