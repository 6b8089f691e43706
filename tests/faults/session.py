"""One life of the program without its window: what the zygote's children do until they end or are killed."""

import json
import os
import traceback
from collections.abc import Callable
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from s3browser.jobs.runner import JobRunner
from s3browser.model.store import ObjectStore
from s3browser.model.transfers import PanelLook, TransferSnapshot, TransferState
from s3browser.transfers.journal import Journal
from s3browser.transfers.manager import TransferManager
from tests.faults.orders import CONNECTION, PATIENCE_S, Orders

_LANE_THREADS = 6
_MOST = 1000


class _Session:
    def __init__(self, orders: Orders, store: ObjectStore) -> None:
        self._orders = orders
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._runner = JobRunner({"transfers": _LANE_THREADS, "journal": 1, "actions": 1}, self._inbox.put)
        self._trouble: list[str] = []
        self.manager = TransferManager(
            self._runner, lambda _: store, lambda: Journal.open(orders.journal), connections=orders.connections,
            on_trouble=lambda error: self._trouble.append(str(error.code)),
        )  # fmt: skip

    def run(self) -> dict[str, Any]:
        """Live; returns what is to be reported."""
        ids = [batch.batch_id for batch in self._ask(self.manager.history, "", None, _MOST)]
        if not ids or self._orders.second_try == "again":
            self._start()
        if self._orders.second_try == "retry":
            self.manager.retry_failed()
        is_over = self._live()
        rows = self._rows()
        if self._orders.second_try is not None:
            self.manager.clear_finished()
            self._ask(self.manager.look, 0, 0)
            self._tidied()
            self._ask(self.manager.look, 0, 0)
        is_kept = self.manager.shutdown(PATIENCE_S)
        return {"is_over": is_over, "is_kept": is_kept, "rows": rows, "trouble": self._trouble}

    def _start(self) -> None:
        self._ask(self.manager.start, self._orders.plan, CONNECTION)

    def _live(self) -> bool:
        """Until nothing is left to do, or somebody quits; whether it came to its end."""
        began_at = monotonic()
        actions = list(self._orders.actions)
        while True:
            while actions and actions[0][0] <= monotonic() - began_at:
                _, kind, number = actions.pop(0)
                if kind == "quit":
                    return False
                self._act(kind, number)
            look: PanelLook = self._ask(self.manager.look, 0, 100)
            counts = look.counts
            if not (counts[TransferState.QUEUED] or counts[TransferState.RUNNING]):
                if counts[TransferState.PAUSED] and not actions:
                    self.manager.resume_all()
                elif not actions and all(batch.proof or not batch.done for batch in look.batches) and self._is_kept():
                    return True
            if monotonic() - began_at > PATIENCE_S:
                raise TimeoutError(f"nothing ends: {dict(counts)}, {look.holds}, {look.rows}, {look.batches}")
            self._hear(0.005)

    def _is_kept(self) -> bool:
        """Whether the journal says so, too; it can't be written while the disk is full."""
        return all(row.state.is_final for row in self._snapshots())

    def _act(self, kind: str, number: int) -> None:
        manager = self.manager
        if kind == "pause_all":
            manager.pause_all()
        elif kind == "resume_all":
            manager.resume_all()
        else:
            rows = self._snapshots()
            one = {"pause": manager.pause, "resume": manager.resume, "cancel": manager.cancel, "retry": manager.retry}
            one.get(kind, manager.move_to_front)(rows[number % len(rows)].transfer_id)

    def _snapshots(self) -> list[TransferSnapshot]:
        batches = self._ask(self.manager.history, "", None, _MOST)
        states = list(TransferState)
        return [row for batch in batches for row in self._ask(self.manager.files, batch.batch_id, states, 0, _MOST)]

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {
                "id": row.transfer_id,
                "key": row.item.location.key,
                "path": os.fsdecode(row.item.local_path),
                "state": row.state.value,
                "error": type(row.error).__name__ if row.error else "",
                "code": getattr(row.error, "code", None) or "",
                "text": repr(row.error),
            }
            for row in self._snapshots()
        ]

    def _tidied(self) -> None:
        """Until the only thread that throws away has done what it was told to."""
        done: list[None] = []
        self._runner.submit("actions", lambda _: None, done=done.append, failed=lambda _: None)
        while not done:
            self._inbox.get(timeout=PATIENCE_S)()

    def _ask(self, question: Callable[..., object], *values: object) -> Any:
        answers: list[Any] = []
        question(*values, answers.append)
        while not answers:
            self._inbox.get(timeout=PATIENCE_S)()
        return answers[0]

    def _hear(self, patience_s: float) -> None:
        try:
            self._inbox.get(timeout=patience_s)()
        except Empty:
            return


def live(orders: Orders, store: ObjectStore) -> None:
    """A whole session, in this process, which ends with it."""
    try:
        report = _Session(orders, store).run()
    except BaseException:
        report = {"crash": traceback.format_exc()}
    orders.report.write_text(json.dumps(report), encoding="utf-8")
