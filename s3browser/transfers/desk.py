"""Who works on what: hands out files and parts of big ones to the workers. Thread-safe; nothing blocks."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial

from s3browser.exceptions import Cancelled
from s3browser.jobs.cancel import CancelToken
from s3browser.transfers.parts import Part
from s3browser.transfers.run import Run

Step = Callable[[], None]
"""A piece of work for one worker; blocking."""

OPEN_BIG_FILES = 3
"""So many big files move at a time: the first ones are to arrive first."""


class Size(Enum):
    """How a file is moved: by a fiber among others, by a worker of its own, or in parts by several workers."""

    TINY = "tiny"
    SMALL = "small"
    BIG = "big"


class Job:
    """One transfer that is to be moved; its steps may run in different workers at the same time.

    Args:
        transfer_id: whose.
        size: how it is moved.
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
        size: Size,
        token: CancelToken,
        open_run: Callable[[], Run],
        started: Callable[[], None],
        ended: Callable[[Exception | None], None],
    ) -> None:
        self.transfer_id = transfer_id
        self.size = size
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
    """What waits for a worker. The three sizes share the workers evenly, as far as there are files of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Size, OrderedDict[int, Job]] = {size: OrderedDict() for size in Size}
        self._at_work = dict.fromkeys(Size, 0)

    def offer(self, job: Job) -> None:
        """Put a job at the end of the queue."""
        with self._lock:
            self._waiting[job.size][job.transfer_id] = job

    def withdraw(self, wanted: Callable[[Job], bool]) -> list[Job]:
        """Take back the jobs that nobody has taken up yet and that are ``wanted``."""
        with self._lock:
            found = [
                job for waiting in self._waiting.values() for job in waiting.values()
                if not job.is_begun and wanted(job)
            ]  # fmt: skip
            for job in found:
                del self._waiting[job.size][job.transfer_id]
            return found

    def remove(self, transfer_id: int) -> None:
        """A big file has ended."""
        with self._lock:
            self._waiting[Size.BIG].pop(transfer_id, None)

    def take(self, *sizes: Size) -> Step | None:
        """The next piece of work of one of these sizes for a worker, or None: there is none, or others come first."""
        with self._lock:
            size = self._due(sizes)
            if size is None:
                return None
            if size is Size.BIG:
                step = next(step for job in self._open_big() if (step := job.next_step()) is not None)
            else:
                step = self._waiting[size].popitem(last=False)[1].move_whole
            self._at_work[size] += 1
            return partial(self._work, step, size)

    def has_work(self, *sizes: Size) -> bool:
        """Whether ``take`` would give something."""
        with self._lock:
            return self._due(sizes) is not None

    @property
    def small_count(self) -> int:
        """How many files wait that are not big."""
        return len(self._waiting[Size.TINY]) + len(self._waiting[Size.SMALL])

    @property
    def big_count(self) -> int:
        """How many big files there are, those at work included."""
        return len(self._waiting[Size.BIG])

    def _due(self, sizes: Sequence[Size]) -> Size | None:
        """Of these sizes, the one whose turn it is: that of which the fewest are at work, or none."""
        ready = [size for size in Size if self._has_step(size)]
        fewest = min((self._at_work[size] for size in ready), default=0)
        return next((size for size in ready if size in sizes and self._at_work[size] == fewest), None)

    def _has_step(self, size: Size) -> bool:
        return any(job.has_step for job in self._open_big()) if size is Size.BIG else bool(self._waiting[size])

    def _open_big(self) -> list[Job]:
        return [job for job, _ in zip(self._waiting[Size.BIG].values(), range(OPEN_BIG_FILES), strict=False)]

    def _work(self, step: Step, size: Size) -> None:
        try:
            step()
        finally:
            with self._lock:
                self._at_work[size] -= 1
