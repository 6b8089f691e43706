"""Many small pieces of blocking work in one thread, which goes on with another one while one waits.

The door to greenlet.

A thread that waits for an answer gives up Python’s lock and the processor, and has to get both back. With eight threads
on files of 4 KiB that costs more than the files. A ``Hub`` runs such work in *fibers*: it is written as for a thread,
and where it would wait it calls ``wait_for`` or ``pause``, which in a fiber let the others go on. Whatever blocks
otherwise blocks all fibers of the hub; what may take long, as a disk does, goes through ``off_hand``.

A lock must not be held where a fiber may wait: the next fiber of the same thread would wait for it for ever.
"""

import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from s3browser.model.store import Cancel

if TYPE_CHECKING:
    from greenlet import greenlet

T = TypeVar("T")
Step = Callable[[], object]

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

# Fibers look this often whether they are to stop.
_LOOK_S = 0.1
# What has taken longer than this lately is done by a thread of its own, which costs about a tenth of it.
_SLOW_S = 0.001
_WEIGHT = 0.1  # of the latest time in the average

_here = threading.local()


def wait_for(what: Any, event: int, timeout_s: float) -> bool:
    """Block until a socket is ready; whether it is. In a fiber, the others go on."""
    hub = current()
    if hub is not None:
        return hub.park(timeout_s, what, event)
    with selectors.DefaultSelector() as selector:
        selector.register(what, event)
        return bool(selector.select(timeout_s))


def pause(seconds: float, cancel: Cancel | None = None) -> bool:
    """Block so long, or until ``cancel`` is set; whether it is. In a fiber, the others go on."""
    hub = current()
    if hub is None:
        return (cancel or threading.Event()).wait(seconds)
    deadline = monotonic() + seconds
    while (left_s := deadline - monotonic()) > 0:
        if cancel is not None and cancel.is_set():
            return True
        hub.park(min(left_s, _LOOK_S))
    return cancel is not None and cancel.is_set()


def off_hand(work: Callable[[], T]) -> T:
    """Return ``work()``. In a fiber, where such work has taken long lately, a thread does it and the others go on."""
    hub = current()
    return work() if hub is None else hub.off_hand(work)


def current() -> "Hub | None":
    """The hub whose fiber this is, or None in a thread that runs none."""
    hub: Hub | None = getattr(_here, "hub", None)
    return hub


@dataclass(slots=True)
class _Wait:
    """What a fiber waits for."""

    fiber: "greenlet"
    deadline_s: float
    what: Any = None


class Hub:
    """Runs fibers in the calling thread; for one ``run``. Not thread-safe.

    Args:
        clock: seconds; the tests' own.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        from greenlet import getcurrent, greenlet

        self._clock = clock
        self._getcurrent = getcurrent
        self._greenlet = greenlet
        self._main = getcurrent()
        self._waits: dict[greenlet, _Wait] = {}
        self._selector = (getattr(selectors, "PollSelector", None) or selectors.SelectSelector)()
        self._took_s = 0.0
        self._done: deque[greenlet] = deque()
        self._bell: tuple[socket.socket, socket.socket] | None = None
        self._error: Exception | None = None

    def run(self, first: Callable[[], Step | None], following: Callable[[], Step | None]) -> None:
        """Run fibers until there is nothing more to do. Blocking.

        Args:
            first: the step that another fiber begins with; None while there is to be none. It is asked whenever a
                fiber waits.
            following: what a fiber does after a step; None ends the fiber.

        Raises:
            Exception: what a step raised first, once all fibers have ended.
        """
        _here.hub = self
        try:
            while True:
                while (step := first()) is not None:
                    self._greenlet(self._live).switch(step, following)
                if not self._waits:
                    break
                self._turn()
        finally:
            _here.hub = None
            self._selector.close()
            for end in self._bell or ():
                end.close()
        if self._error is not None:
            raise self._error

    def park(self, timeout_s: float, what: Any = None, event: int = READ) -> bool:
        """Let the others go on until ``what`` is ready, which is told, or so long. In a fiber."""
        fiber = self._getcurrent()
        self._waits[fiber] = _Wait(fiber, self._clock() + timeout_s, what)
        if what is not None:
            self._selector.register(what, event, fiber)
        is_ready: bool = self._main.switch()
        return is_ready

    def off_hand(self, work: Callable[[], T]) -> T:
        """See the module’s function. In a fiber."""
        if self._took_s <= _SLOW_S:
            began_s = self._clock()
            try:
                return work()
            finally:
                self._note(self._clock() - began_s)
        result: list[T] = []
        failure: list[BaseException] = []
        fiber = self._getcurrent()
        bell = self._rung()

        def do() -> None:
            began_s = self._clock()
            try:
                result.append(work())
            except BaseException as error:
                failure.append(error)
            self._note(self._clock() - began_s)
            self._done.append(fiber)
            with suppress(OSError):  # the fiber has seen it already, and was the last one
                bell.send(b"!")

        threading.Thread(target=do, name="s3b-off-hand", daemon=True).start()
        while not (result or failure):
            self.park(_LOOK_S)
        if failure:
            raise failure[0]
        return result[0]

    def _note(self, seconds: float) -> None:
        self._took_s += (seconds - self._took_s) * _WEIGHT

    def _rung(self) -> socket.socket:
        """What a thread says with that it has done something."""
        if self._bell is None:
            self._bell = socket.socketpair()
            self._selector.register(self._bell[0], READ)
        return self._bell[1]

    def _live(self, step: Step | None, following: Callable[[], Step | None]) -> None:
        """All of a fiber."""
        while step is not None:
            try:
                step()
            except Exception as error:
                self._error = self._error or error
            step = following()

    def _turn(self) -> None:
        """Wait until some fiber can go on, and let those go on that can."""
        first_s = min(wait.deadline_s for wait in self._waits.values())
        for key, _ in self._selector.select(max(0.0, first_s - self._clock())):
            if key.data is not None:
                self._wake(key.data, is_ready=True)
            else:
                key.fileobj.recv(4096)  # type: ignore[union-attr] # the bell
        while self._done:
            wait = self._waits.get(fiber := self._done.popleft())
            if wait is not None and wait.what is None:  # or it has seen that already, and waits for something else
                self._wake(fiber, is_ready=True)
        now_s = self._clock()
        for wait in [*self._waits.values()]:
            if wait.deadline_s <= now_s:
                self._wake(wait.fiber, is_ready=False)

    def _wake(self, fiber: "greenlet", *, is_ready: bool) -> None:
        wait = self._waits.pop(fiber)
        if wait.what is not None:
            self._selector.unregister(wait.what)
        fiber.switch(is_ready)
