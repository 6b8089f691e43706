"""The window's end of the transfers, which have a process of their own. The other end is ``host``."""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from s3browser.exceptions import S3IntegrationError
from s3browser.jobs.cancel import CancelToken, StopReason
from s3browser.jobs.channel import Channel
from s3browser.jobs.runner import JobRunner
from s3browser.model.transfers import (
    BatchSnapshot,
    PanelLook,
    Plan,
    TransferNews,
    TransferSnapshot,
    TransferState,
)
from s3browser.transfers.messages import (
    Answer,
    Call,
    Close,
    Closed,
    Credentials,
    Fault,
    Forget,
    Limits,
    PlanPiece,
    Setup,
    Trouble,
    Wanted,
)

_PIECE = 256  # files of a plan in one message
_MOST_STARTS, _WITHIN_S = 3, 60.0

_log = logging.getLogger(__name__)


class Process(Protocol):
    """A process that serves a ``Host``."""

    channel: Channel

    def end(self, timeout_s: float) -> None:
        """Wait at most so long for its end, and kill it then; close the channel."""


class RemoteTransfers:
    """A ``TransferManager`` in another process; calls and callbacks are the same. Every call returns at once.

    A host that ends unexpectedly is started again and goes on from its journal, a few times a minute at most.

    Args:
        start: starts the process; cheap.
        journal: where its journal is.
        credentials: connection id → what its store is made of; blocking, called on the lane ``actions``. Raises as the
            manager's ``stores``.
        runner: delivers, and has the lane.
        connections: how many transfers, or parts of them, move at a time.
        on_trouble: hears what is wrong, on the window's thread.
    """

    def __init__(
        self,
        start: Callable[[], Process],
        journal: Path,
        credentials: Callable[[str], Credentials],
        runner: JobRunner,
        *,
        connections: int,
        on_trouble: Callable[[S3IntegrationError], object],
    ) -> None:
        self._start_process = start
        self._credentials = credentials
        self._runner = runner
        self._on_trouble = on_trouble
        self._setup = Setup(journal, connections, None, None)
        self._token = CancelToken()
        self._listeners: list[Callable[[TransferNews], None]] = []
        self._tickets = count(1)
        self._lock = threading.Lock()
        self._open: dict[int, tuple[Call, Callable[[Any], object]]] = {}
        self._is_kept = False
        self._is_over = threading.Event()
        self._outbox: queue.SimpleQueue[Iterable[object]] = queue.SimpleQueue()
        self._started_at: deque[float] = deque(maxlen=_MOST_STARTS)
        self._process = self._started()
        threading.Thread(target=self._send_all, name="s3b-transfers-out", daemon=True).start()
        threading.Thread(target=self._receive_all, name="s3b-transfers-in", daemon=True).start()

    # ------------------------------------------------------------------ as TransferManager

    def add_listener(self, listener: Callable[[TransferNews], None]) -> None:
        """As ``TransferManager`` says."""
        self._listeners.append(listener)

    def start(self, plan: Plan, connection_id: str, started: Callable[[int], object] = lambda _: None) -> None:
        """As ``TransferManager`` says."""
        if plan.conflicts:
            raise ValueError("settle the plan’s conflicts first")
        rest = replace(plan, items=(), problems=())
        self._ask("start", (rest, connection_id), started, _pieces(plan))

    def pause(self, transfer_id: int) -> None:
        """As ``TransferManager`` says."""
        self._call("pause", transfer_id)

    def resume(self, transfer_id: int) -> None:
        """As ``TransferManager`` says."""
        self._call("resume", transfer_id)

    def cancel(self, transfer_id: int) -> None:
        """As ``TransferManager`` says."""
        self._call("cancel", transfer_id)

    def retry(self, transfer_id: int) -> None:
        """As ``TransferManager`` says."""
        self._call("retry", transfer_id)

    def move_to_front(self, transfer_id: int) -> None:
        """As ``TransferManager`` says."""
        self._call("move_to_front", transfer_id)

    def remove(self, transfer_id: int) -> None:
        """As ``TransferManager`` says."""
        self._call("remove", transfer_id)

    def pause_batch(self, batch_id: int) -> None:
        """As ``TransferManager`` says."""
        self._call("pause_batch", batch_id)

    def resume_batch(self, batch_id: int) -> None:
        """As ``TransferManager`` says."""
        self._call("resume_batch", batch_id)

    def cancel_batch(self, batch_id: int) -> None:
        """As ``TransferManager`` says."""
        self._call("cancel_batch", batch_id)

    def retry_batch(self, batch_id: int) -> None:
        """As ``TransferManager`` says."""
        self._call("retry_batch", batch_id)

    def pause_all(self) -> None:
        """As ``TransferManager`` says."""
        self._call("pause_all")

    def resume_all(self) -> None:
        """As ``TransferManager`` says."""
        self._call("resume_all")

    def cancel_all(self) -> None:
        """As ``TransferManager`` says."""
        self._call("cancel_all")

    def retry_failed(self) -> None:
        """As ``TransferManager`` says."""
        self._call("retry_failed")

    def clear_finished(self) -> None:
        """As ``TransferManager`` says."""
        self._call("clear_finished")

    def release(self, connection_id: str) -> None:
        """As ``TransferManager`` says."""
        self._call("release", connection_id)

    def set_connections(self, count: int) -> None:
        """As ``TransferManager`` says."""
        self._setup = self._setup._replace(connections=count)
        self._call("set_connections", count)

    def look(self, first: int, last: int, seen: Callable[[PanelLook], object]) -> None:
        """As ``TransferManager`` says."""
        self._ask("look", (first, last), seen)

    def history(
        self, search: str, before_id: int | None, limit: int, seen: Callable[[list[BatchSnapshot]], object]
    ) -> None:
        """As ``TransferManager`` says."""
        self._ask("history", (search, before_id, limit), seen)

    def files(
        self,
        batch_id: int,
        states: Sequence[TransferState],
        offset: int,
        limit: int,
        seen: Callable[[list[TransferSnapshot]], object],
    ) -> None:
        """As ``TransferManager`` says."""
        self._ask("files", (batch_id, states, offset, limit), seen)

    def shutdown(self, timeout_s: float) -> bool:
        """As ``TransferManager`` says; the process is gone then."""
        self._token.cancel(StopReason.SHUTDOWN)
        deadline = monotonic() + timeout_s
        self._send(Close(timeout_s))
        self._is_over.wait(timeout_s)
        self._process.end(max(0.0, deadline - monotonic()))
        return self._is_kept

    # ------------------------------------------------------------------ besides

    def set_limits(self, upload: int | None, download: int | None) -> None:
        """Bytes per second of all transfers, from now on; None: as fast as it goes."""
        self._setup = self._setup._replace(upload_limit=upload, download_limit=download)
        self._send(Limits(upload, download))

    def forget(self, connection_id: str) -> None:
        """A connection was changed or removed: what starts from now on sees that."""
        self._send(Forget(connection_id))

    # ------------------------------------------------------------------ out

    def _call(self, method: str, *arguments: object) -> None:
        self._send(Call(method, arguments))

    def _ask(
        self,
        method: str,
        arguments: tuple[object, ...],
        answered: Callable[[Any], object],
        before: Iterable[object] = (),
    ) -> None:
        ticket = next(self._tickets)
        call = Call(method, arguments, ticket)
        with self._lock:
            self._open[ticket] = call, answered
        self._outbox.put(_one_after_another(before, call))

    def _send(self, message: object) -> None:
        self._outbox.put((message,))

    def _send_all(self) -> None:
        """Never on the window's thread: the pipe may be full, and a large plan takes its time."""
        while not self._is_over.is_set():
            for message in self._outbox.get():
                try:
                    self._process.channel.send(message)
                except OSError:
                    break  # ``_receive_all`` hears of it too

    # ------------------------------------------------------------------ in

    def _receive_all(self) -> None:
        while True:
            try:
                while not isinstance(message := self._process.channel.receive(), Closed):
                    self._take(message)
                self._is_kept = message.is_kept
                break
            except (EOFError, OSError):
                if self._token.is_set() or not self._start_again():
                    break
        self._is_over.set()
        self._outbox.put(())

    def _take(self, message: object) -> None:
        match message:
            case TransferNews():
                self._deliver(lambda: self._tell(message))
            case Answer(ticket, value):
                with self._lock:
                    _, answered = self._open.pop(ticket)
                self._deliver(lambda: answered(value))
            case Wanted(ticket, connection_id):
                work = partial(self._answer, ticket, connection_id)
                self._runner.submit("actions", work, done=_ignore, failed=_raise, token=self._token)
            case Trouble(error):
                self._deliver(lambda: self._on_trouble(error))
            case Fault(fault, text):
                fault.add_note(text)
                self._deliver(partial(_raise, fault))
            case _:
                raise TypeError(message)

    def _answer(self, ticket: int, connection_id: str, _: CancelToken) -> None:
        try:
            self._send(Answer(ticket, self._credentials(connection_id)))
        except S3IntegrationError as error:
            self._send(Answer(ticket, error))

    def _tell(self, news: TransferNews) -> None:
        for listener in self._listeners:
            listener(news)

    def _deliver(self, callback: Callable[[], object]) -> None:
        self._runner.post(self._token, lambda: (callback(), None)[1])

    # ------------------------------------------------------------------ when it dies

    def _started(self) -> Process:
        self._started_at.append(monotonic())
        process = self._start_process()
        process.channel.send(self._setup)  # before all that waits to be sent; an empty pipe has room for it
        return process

    def _start_again(self) -> bool:
        """Start the process that has ended once more, unless it does so all the time."""
        self._process.end(0.0)
        _log.error("the process of the transfers ended unexpectedly")
        now = monotonic()
        if len(self._started_at) == _MOST_STARTS and now - self._started_at[0] < _WITHIN_S:
            self._deliver(lambda: self._on_trouble(_ended("It did so several times: start the program anew.")))
            return False
        self._process = self._started()
        with self._lock:
            asked, self._open = self._open, {}
        # Whether a batch is in the journal nobody knows; every other question can be asked again.
        for call, answered in asked.values():
            if call.method == "start":
                self._deliver(lambda: self._on_trouble(_ended("Look whether your files are in the list of transfers.")))
            else:
                self._ask(call.method, call.arguments, answered)
        self._deliver(lambda: self._tell(TransferNews(changed=True)))
        return True


def _pieces(plan: Plan) -> Iterator[PlanPiece]:
    for first in range(0, max(len(plan.items), len(plan.problems)), _PIECE):
        yield PlanPiece(plan.items[first : first + _PIECE], plan.problems[first : first + _PIECE])


def _one_after_another(before: Iterable[object], last: object) -> Iterator[object]:
    yield from before
    yield last


def _ended(hint: str) -> S3IntegrationError:
    return S3IntegrationError(
        "transfer", "files", "Interrupted", reason="The part of the program that moves files ended unexpectedly.",
        hint=hint,
    )  # fmt: skip


def _ignore(_: None) -> None:
    """An answer: it has been sent."""


def _raise(error: Exception) -> None:
    raise error
