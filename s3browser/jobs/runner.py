"""How work leaves the window's thread. Knows neither S3 nor Qt."""

import queue
import threading
from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from s3browser.exceptions import Cancelled
from s3browser.jobs.cancel import CancelToken, StopReason

T = TypeVar("T")
Deliver = Callable[[Callable[[], None]], None]


class _Job:
    """What somebody wants done, until it is let go of where the results belong.

    Its callables hold on to objects of the window. Were a lane's thread the last to forget them, Qt's would be
    destroyed there, which can deadlock; so ``finish`` empties the job, and only ``finish`` does.
    """

    __slots__ = ("_done", "_failed", "token", "work")

    def __init__(
        self,
        work: Callable[[CancelToken], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
        token: CancelToken,
    ) -> None:
        self.work: Callable[[CancelToken], Any] | None = work
        self._done: Callable[[Any], None] | None = done
        self._failed: Callable[[Exception], None] | None = failed
        self.token = token

    def finish(self, result: Any, error: Exception | None) -> None:
        """Call what the outcome asks for, unless the token was cancelled. On the thread that owns the results."""
        done, failed = self._done, self._failed
        self.work = self._done = self._failed = None
        if self.token.is_set() or done is None or failed is None:
            return
        if error is None:
            done(result)
        elif not isinstance(error, Cancelled):
            failed(error)


class JobRunner:
    """Named lanes of daemon threads. Thread-safe; ``submit`` never blocks.

    Daemon threads, because a ThreadPoolExecutor keeps a closed window's process alive until its
    socket times out. Results of a cancelled token are dropped: that is the whole scheme for stale answers.

    Args:
        lanes: name of each lane to its number of threads; a lane is first in, first out.
        deliver: brings a callback to the thread that owns the results (the window's); tests call it inline.
    """

    def __init__(self, lanes: Mapping[str, int], deliver: Deliver) -> None:
        self._deliver = deliver
        self._queues: dict[str, queue.SimpleQueue[_Job | None]] = {lane: queue.SimpleQueue() for lane in lanes}
        self._live: set[_Job] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._threads = [
            (
                lane,
                threading.Thread(target=self._serve, args=(lane,), name=f"s3b-{lane}-{number}", daemon=True),
            )
            for lane, count in lanes.items()
            for number in range(count)
        ]
        for _, thread in self._threads:
            thread.start()

    def submit(
        self,
        lane: str,
        work: Callable[[CancelToken], T],
        *,
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        token: CancelToken | None = None,
    ) -> CancelToken:
        """Run ``work(token)`` on a lane; ``done(result)`` or ``failed(error)`` is delivered.

        Neither is, once the token was cancelled.

        Returns:
            The token: cancel it to stop the work at its next safe point and to drop its results.
        """
        token = token or CancelToken()
        job = _Job(work, done, failed, token)
        with self._lock:
            if self._closed:
                token.cancel(StopReason.SHUTDOWN)
                return token
            self._live.add(job)
        self._queues[lane].put(job)
        return token

    def post(self, token: CancelToken, callback: Callable[[], None]) -> None:
        """From inside ``work``: deliver an early part of a result (a page), unless the token was cancelled."""
        self._deliver(lambda: None if token.is_set() else callback())

    def shutdown(self, timeout_s: float = 2.0) -> bool:
        """Take nothing more, cancel everything with SHUTDOWN and wait at most ``timeout_s`` seconds in all.

        Returns:
            Whether every thread ended; those that did not are daemons and end with the process.
        """
        with self._lock:
            self._closed = True
            live = list(self._live)
        for job in live:
            job.token.cancel(StopReason.SHUTDOWN)
        for lane, _ in self._threads:
            self._queues[lane].put(None)
        deadline = monotonic() + timeout_s
        for _, thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))
        return not any(thread.is_alive() for _, thread in self._threads)

    def _serve(self, lane: str) -> None:
        while (job := self._queues[lane].get()) is not None:
            self._run(job)

    def _run(self, job: _Job) -> None:
        result: Any = None
        failure: Exception | None = None
        try:
            job.token.raise_if_cancelled()
            assert job.work is not None
            result = job.work(job.token)
        except Cancelled:
            failure = Cancelled()  # without the traceback, whose frames hold on to what the work used
        except Exception as error:
            failure = error
        with self._lock:
            self._live.discard(job)
        self._deliver(partial(job.finish, result, failure))
        del failure  # or the error and its traceback, which has this frame, would keep each other alive
