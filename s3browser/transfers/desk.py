"""Who works on what: hands out small files and parts of big ones to the workers. Thread-safe; nothing blocks."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from s3browser.exceptions import Cancelled
from s3browser.jobs.cancel import CancelToken
from s3browser.transfers.parts import Part
from s3browser.transfers.run import Run

Step = Callable[[], None]
"""A piece of work for one worker; blocking."""

OPEN_BIG_FILES = 3
"""So many big files move at a time: the first ones are to arrive first."""


class Job:
    """One transfer that is to be moved; its steps may run in different workers at the same time.

    Args:
        transfer_id: whose.
        is_big: whether it goes in parts.
        token: stops it.
        open_run: makes the run; blocking, called once, in a worker.
        started: called in the worker that takes it up.
        ended: called once with what became of it: None where it arrived, else what ended it; in a worker.

    Attributes:
        run: the run, once there is one.
        begun_at: how many bytes earlier runs had moved, once that is known.
    """

    def __init__(
        self,
        transfer_id: int,
        is_big: bool,
        token: CancelToken,
        open_run: Callable[[], Run],
        started: Callable[[], None],
        ended: Callable[[Exception | None], None],
    ) -> None:
        self.transfer_id = transfer_id
        self.is_big = is_big
        self.token = token
        self.run: Run | None = None
        self.begun_at: int | None = None
        self._open_run = open_run
        self._started = started
        self._ended = ended
        self._lock = threading.Lock()
        self._is_begun = False
        self._next: Part | None = None
        self._in_flight = 0
        self._error: Exception | None = None

    def move_whole(self) -> None:
        """All of it in one step."""
        self._begin()
        while (step := self.next_step()) is not None:
            step()

    def next_step(self) -> Step | None:
        """What a worker can do for it now, or None."""
        with self._lock:
            if not self._is_begun:
                self._is_begun = True
                return self._begin
            part = self._next
            if part is None or self.run is None:
                return None
            self._next = self.run.take_part()
            self._in_flight += 1
            return partial(self._move, part)

    @property
    def is_begun(self) -> bool:
        """Whether a worker has taken it up."""
        return self._is_begun

    @property
    def has_step(self) -> bool:
        """Whether ``next_step`` would give one."""
        return not self._is_begun or self._next is not None

    def _begin(self) -> None:
        self._started()
        self._is_begun = True
        try:
            self.token.raise_if_cancelled()
            self.run = self._open_run()
            self.run.begin()
            self.begun_at = self.run.position
            part = self.run.take_part()
        except Exception as error:
            self._end(error)
            return
        with self._lock:
            self._next = part
        if part is None:
            self._finish()

    def _move(self, part: Part) -> None:
        assert self.run is not None
        failure: Exception | None = None
        try:
            self.run.move(part)
        except Exception as error:
            failure = error
        with self._lock:
            self._in_flight -= 1
            if failure is not None:
                # The first one is the truth; the others were stopped because of it.
                if self._error is None or isinstance(self._error, Cancelled):
                    self._error = failure
                self._next = None
            elif self._next is None and self._error is None:
                self._next = self.run.take_part()  # the server may have lost one
            is_over = self._in_flight == 0 and self._next is None
        if failure is not None:
            self.token.cancel()
        if is_over:
            self._finish()

    def _finish(self) -> None:
        assert self.run is not None
        try:
            if self._error is not None:
                raise self._error
            self.run.finish()
        except Exception as error:
            self._end(error)
        else:
            self._end(None)

    def _end(self, error: Exception | None) -> None:
        """Tell what has become of it; once.

        What is called knows this job, and this job it: thousands of such rings would wait for Python's collector, which
        holds up the window while it looks for them.
        """
        ended = self._ended
        del self._open_run, self._started, self._ended
        ended(error)


class Desk:
    """What waits for a worker. Small files and big ones share the workers by halves where there are both."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._small: OrderedDict[int, Job] = OrderedDict()
        self._big: OrderedDict[int, Job] = OrderedDict()
        self._small_at_work = 0
        self._big_at_work = 0

    def offer(self, job: Job) -> None:
        """Put a job at the end of the queue."""
        with self._lock:
            (self._big if job.is_big else self._small)[job.transfer_id] = job

    def withdraw(self, wanted: Callable[[Job], bool]) -> list[Job]:
        """Take back the jobs that nobody has taken up yet and that are ``wanted``."""
        with self._lock:
            found = [job for job in (*self._small.values(), *self._big.values()) if not job.is_begun and wanted(job)]
            for job in found:
                (self._big if job.is_big else self._small).pop(job.transfer_id)
            return found

    def remove(self, transfer_id: int) -> None:
        """A big file has ended."""
        with self._lock:
            self._big.pop(transfer_id, None)

    def take(self) -> Step | None:
        """The next piece of work for a worker, or None."""
        with self._lock:
            big = (
                self._next_big() if self._big and (not self._small or self._big_at_work < self._small_at_work) else None
            )
            if big is not None:
                self._big_at_work += 1
                return partial(self._work, big, is_big=True)
            if self._small:
                _, job = self._small.popitem(last=False)
                self._small_at_work += 1
                return partial(self._work, job.move_whole, is_big=False)
            return None

    @property
    def small_count(self) -> int:
        """How many small files wait."""
        return len(self._small)

    @property
    def big_count(self) -> int:
        """How many big files there are, those at work included."""
        return len(self._big)

    @property
    def has_work(self) -> bool:
        """Whether ``take`` would give something."""
        with self._lock:
            return bool(self._small) or any(job.has_step for job in self._open_big())

    def _open_big(self) -> list[Job]:
        return [job for job, _ in zip(self._big.values(), range(OPEN_BIG_FILES), strict=False)]

    def _next_big(self) -> Step | None:
        return next((step for job in self._open_big() if (step := job.next_step()) is not None), None)

    def _work(self, step: Step, *, is_big: bool) -> None:
        try:
            step()
        finally:
            with self._lock:
                if is_big:
                    self._big_at_work -= 1
                else:
                    self._small_at_work -= 1
