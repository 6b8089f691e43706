"""Messages to the one thread that keeps the journal."""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NoReturn, TypeVar

from s3browser.exceptions import Cancelled

T = TypeVar("T")
Message = Callable[[], object]

_GATHER_S = 0.02  # what happens within this time goes into one transaction
_STILL_THERE_S = 0.5


class Inbox:
    """What others want done. ``send`` and ``ask`` are for any thread, ``gather`` and ``close`` for the one that serves.

    Attributes:
        closed: set once nothing more is done.
    """

    def __init__(self) -> None:
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._urgent = threading.Event()
        self.closed = threading.Event()

    def send(self, message: Message, *, urgent: bool = True) -> None:
        """Have something done soon; what is not urgent waits a moment for more to come."""
        self._messages.put(message)
        if urgent:
            self._urgent.set()

    def ask(self, question: Callable[[], T]) -> T:
        """Have something done, and wait for what it returns or raises. Raises Cancelled once nothing more is done."""
        answers: SimpleQueue[Callable[[], T]] = SimpleQueue()

        def answered() -> None:
            try:
                answer = question()
            except Exception as error:
                answers.put(_raising(error))
            else:
                answers.put(lambda: answer)

        self.send(answered)
        while True:
            was_closed = self.closed.is_set()
            with suppress(Empty):
                return answers.get(timeout=0.0 if was_closed else _STILL_THERE_S)()
            if was_closed:
                raise Cancelled

    def gather(self, patience_s: float | None) -> list[Message]:
        """The messages of a moment; none where nothing comes for ``patience_s`` (None: wait for ever). Blocking."""
        try:
            messages = [self._messages.get(timeout=patience_s)]
        except Empty:
            return []
        self._urgent.wait(_GATHER_S)
        self._urgent.clear()
        with suppress(Empty):
            while True:
                messages.append(self._messages.get_nowait())
        return messages


def _raising(error: Exception) -> Callable[[], NoReturn]:
    def answer() -> NoReturn:
        raise error

    return answer
