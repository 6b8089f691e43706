"""The transfers' own process: it moves, and the window only watches. The window's end is ``remote``.

Whoever moves thousands of files in Python holds its lock most of the time. In one process with the window that made it
late by tens of milliseconds; see ``docs/decisions/0009``.
"""

import pickle
import queue
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

from s3browser.exceptions import Cancelled, SettingsError
from s3browser.jobs.channel import Channel
from s3browser.jobs.pace import Throttle
from s3browser.jobs.runner import JobRunner
from s3browser.model.connections import ConnectionProfile, Secret
from s3browser.model.store import ObjectStore
from s3browser.transfers.journal import Journal
from s3browser.transfers.manager import MAX_CONNECTIONS, TransferManager
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

Connect = Callable[[ConnectionProfile, Secret | None, Throttle], ObjectStore]

LANES = {"transfers": MAX_CONNECTIONS, "journal": 1, "actions": 3}
"""Lane to threads: ``transfers`` for bytes, ``journal`` for the clerk, ``actions`` for what is asked of the server."""


class Host:
    """Has the ``TransferManager``, and does with it what comes through the channel.

    Args:
        channel: to the window's process.
        connect: makes a store; cheap, as the server is asked later.
    """

    def __init__(self, channel: Channel, connect: Connect) -> None:
        self._channel = channel
        self._connect = connect
        self._throttle = Throttle()
        self._stores = _Stores(self._ask_for, self._store_of)
        self._tickets = count(1)
        self._asked: dict[int, queue.SimpleQueue[Any]] = {}
        self._is_closing = False
        self._pieces: list[PlanPiece] = []
        self._to_deliver: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._manager: TransferManager

    def serve(self) -> None:
        """Do what the window asks until it closes the transfers. Blocking.

        Raises:
            EOFError: the window is gone, and nobody has stopped anything. The journal is good for that.
        """
        setup: Setup = self._channel.receive()
        self._throttle.set_limits(setup.upload_limit, setup.download_limit)
        threading.Thread(target=self._deliver_all, name="s3b-deliver", daemon=True).start()
        runner = JobRunner(LANES, self._to_deliver.put)
        self._manager = TransferManager(
            runner,
            self._stores,
            partial(Journal.open, setup.journal),
            connections=setup.connections,
            on_trouble=self._tell_trouble,
        )
        self._manager.add_listener(self._channel.send)
        while not isinstance(message := self._channel.receive(), Close):
            try:
                self._take(message)
            except Exception as error:
                self._tell_fault(error)
        self._is_closing = True
        for answer in list(self._asked.values()):
            answer.put(Cancelled())
        is_kept = self._manager.shutdown(message.timeout_s)
        self._channel.send(Closed(is_kept))

    def _take(self, message: object) -> None:
        match message:
            case Call(method, arguments, ticket):
                answer = () if ticket is None else (partial(self._answer, ticket),)
                getattr(self._manager, method)(*self._with_plan(method, arguments), *answer)
            case PlanPiece():
                self._pieces.append(message)
            case Answer(ticket, value):
                self._asked.pop(ticket).put(value)
            case Forget(connection_id):
                self._stores.forget(connection_id)
            case Limits(upload, download):
                self._throttle.set_limits(upload, download)
            case _:
                raise TypeError(message)

    def _with_plan(self, method: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, with the plan's pieces put together."""
        if method != "start":
            return arguments
        pieces, self._pieces = self._pieces, []
        plan, *rest = arguments
        items = tuple(item for piece in pieces for item in piece.items)
        problems = tuple(problem for piece in pieces for problem in piece.problems)
        return replace(plan, items=items, problems=problems), *rest

    # -- to the window; a pipe may be full, so in a thread of its own -----------------------------

    def _deliver_all(self) -> None:
        while True:
            callback = self._to_deliver.get()
            try:
                callback()
            except BrokenPipeError:
                return  # ``serve`` hears of it too
            except Exception as error:
                self._tell_fault(error)

    def _answer(self, ticket: int, value: object) -> None:
        self._channel.send(Answer(ticket, value))

    def _tell_trouble(self, error: SettingsError) -> None:
        self._channel.send(Trouble(error))

    def _tell_fault(self, error: Exception) -> None:
        text = "".join(traceback.format_exception(error))
        try:
            self._channel.send(Fault(error, text))
        except (pickle.PicklingError, TypeError, AttributeError):  # not every exception can be
            self._channel.send(Fault(RuntimeError(repr(error)), text))

    # -- stores ---------------------------------------------------------------------------------

    def _ask_for(self, connection_id: str) -> Credentials:
        """Ask the window. Blocking: the keyring may ask to be unlocked, until the window closes the transfers."""
        ticket = next(self._tickets)
        answer = self._asked[ticket] = queue.SimpleQueue()
        self._channel.send(Wanted(ticket, connection_id))
        value = Cancelled() if self._is_closing else answer.get()
        if isinstance(value, Exception):
            raise value
        credentials: Credentials = value
        return credentials

    def _store_of(self, credentials: Credentials) -> ObjectStore:
        return self._connect(*credentials, self._throttle)


class _Stores:
    """The store of each connection that was used. Thread-safe; a call is blocking."""

    def __init__(self, ask_for: Callable[[str], Credentials], store_of: Callable[[Credentials], ObjectStore]) -> None:
        self._ask_for = ask_for
        self._store_of = store_of
        self._stores: dict[str, ObjectStore] = {}
        self._opening: dict[str, threading.Lock] = {}
        self._forgotten = 0
        self._lock = threading.Lock()

    def __call__(self, connection_id: str) -> ObjectStore:
        with self._lock:
            opening = self._opening.setdefault(connection_id, threading.Lock())
        with opening:  # one connection's prompt must not hold up the others
            known = self._stores.get(connection_id)
            if known is not None:
                return known
            before = self._forgotten
            store = self._store_of(self._ask_for(connection_id))
            with self._lock:
                if before == self._forgotten:  # or it was made of what is no longer true
                    self._stores[connection_id] = store
            return store

    def forget(self, connection_id: str) -> None:
        with self._lock:
            self._forgotten += 1
            self._stores.pop(connection_id, None)
