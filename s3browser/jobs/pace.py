"""How fast, and how much at a time: the bandwidth of the whole program, and the requests one server gets."""

import threading
from collections.abc import Callable
from time import monotonic
from types import TracebackType

from s3browser.exceptions import Cancelled, S3BusyError, S3IntegrationError
from s3browser.jobs.fibers import current, pause
from s3browser.model.store import Cancel

# Waits end this often to see a cancel or another limit.
_LOOK_S = 0.25
# Under a limit bytes go in pieces of an eighth of a second, so that the rate is even and a cancel soon seen.
_PIECES_PER_S = 8
_MIN_PIECE = 1024
_TURN_S = 0.02
_BUSY_STATUSES = (429, 503)
_SUCCESSES_FOR_ONE_MORE = 20
_BETWEEN_CUTS_S = 1.0


class Throttle:
    """Bandwidth limits for both ways, shared by every transfer of the program. Thread-safe.

    Without a limit a call costs two attribute look-ups.

    Args:
        clock: seconds; the tests' own.
        sleep: waits so many seconds, or until the cancel is set; the tests' own.
    """

    def __init__(
        self, clock: Callable[[], float] = monotonic, sleep: Callable[[float, Cancel | None], object] | None = None
    ) -> None:
        self._up = _Bucket(clock, sleep or pause)
        self._down = _Bucket(clock, sleep or pause)

    def set_limits(self, upload: int | None, download: int | None) -> None:
        """Bytes per second from now on, for those who wait already too; None: as fast as it goes."""
        self._up.set_rate(upload)
        self._down.set_rate(download)

    def take_up(self, wanted: int, cancel: Cancel | None = None) -> int:
        """Block until bytes may leave, and return how many: at most ``wanted``, at least one.

        Raises:
            Cancelled: ``cancel`` was set while it waited.
        """
        return wanted if self._up.rate is None else self._up.take(wanted, cancel)

    def take_down(self, wanted: int, cancel: Cancel | None = None) -> int:
        """As ``take_up``, for bytes that are to be received."""
        return wanted if self._down.rate is None else self._down.take(wanted, cancel)

    def give_back_down(self, unused: int) -> None:
        """Of what ``take_down`` granted, so much did not come."""
        self._down.give_back(unused)


class _Bucket:
    """A token bucket that may go into debt by one piece: who takes, takes at once and waits until it is paid."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float, Cancel | None], object]) -> None:
        self.rate: int | None = None
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = 0.0
        self._filled_at = clock()

    def set_rate(self, rate: int | None) -> None:
        with self._lock:
            self._fill()
            self._tokens = 0.0
            self.rate = max(1, rate) if rate is not None else None

    def take(self, wanted: int, cancel: Cancel | None) -> int:
        while True:
            with self._lock:
                rate = self.rate
                if rate is None:
                    return wanted
                self._fill()
                if self._tokens >= 0:
                    granted = min(wanted, max(_MIN_PIECE, rate // _PIECES_PER_S))
                    self._tokens -= granted
                    return granted
                wait_s = -self._tokens / rate
            if cancel is not None and cancel.is_set():
                raise Cancelled
            self._sleep(min(wait_s, _LOOK_S), cancel)

    def give_back(self, unused: int) -> None:
        if self.rate is not None and unused:
            with self._lock:
                self._tokens += unused

    def _fill(self) -> None:
        now = self._clock()
        if self.rate is not None:
            # Not more than one piece is saved up: a pause is no reason for a burst.
            most = max(_MIN_PIECE, self.rate / _PIECES_PER_S)
            self._tokens = min(most, self._tokens + (now - self._filled_at) * self.rate)
        self._filled_at = now


class Pace:
    """How many requests a server gets at a time: fewer once it says that it is busy, then slowly more. Thread-safe.

    Args:
        most: the limit to begin with, and never exceeded.
        clock: seconds; the tests' own.
    """

    def __init__(self, most: int, clock: Callable[[], float] = monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._limit = most
        self._running = 0
        self._waiting = 0
        self._successes = 0
        self._cut_at = clock() - _BETWEEN_CUTS_S

    @property
    def limit(self) -> int:
        """How many requests may run at a time now."""
        return self._limit

    def slot(self, cancel: Cancel | None = None) -> "_Slot":
        """A context for one request; entering it blocks while too many run, leaving it takes note of how it went.

        Raises:
            Cancelled: ``cancel`` was set while it waited.
        """
        return _Slot(self, cancel)

    def heed(self, error: BaseException) -> None:
        """Take note of a request's failure that ran without a slot."""
        if not isinstance(error, S3BusyError) or not _says_slow_down(error):
            return
        with self._lock:
            self._successes = 0
            now = self._clock()
            if now - self._cut_at >= _BETWEEN_CUTS_S:
                self._cut_at = now
                self._limit = max(1, self._limit // 2)

    def enter(self, cancel: Cancel | None) -> None:
        """Begin a request; see ``slot``."""
        while not self._has_entered(patiently=current() is None):
            if cancel is not None and cancel.is_set():
                raise Cancelled
            if current() is not None:  # those who can make room may be fibers of this thread
                pause(_TURN_S, cancel)

    def _has_entered(self, *, patiently: bool) -> bool:
        with self._lock:
            if self._running >= self._limit and patiently:
                self._waiting += 1
                self._freed.wait(_LOOK_S)
                self._waiting -= 1
            if self._running >= self._limit:
                return False
            self._running += 1
            return True

    def leave(self, error: BaseException | None) -> None:
        """End a request; see ``slot``."""
        with self._lock:
            self._running -= 1
            if error is None and self._limit < self._most:
                self._successes += 1
                if self._successes >= _SUCCESSES_FOR_ONE_MORE:
                    self._successes = 0
                    self._limit += 1
                    self._freed.notify()
            if self._waiting:  # to look for them costs more than to know
                self._freed.notify()
        if error is not None:
            self.heed(error)


class _Slot:
    __slots__ = ("_cancel", "_pace")

    def __init__(self, pace: Pace, cancel: Cancel | None) -> None:
        self._pace = pace
        self._cancel = cancel

    def __enter__(self) -> None:
        self._pace.enter(self._cancel)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pace.leave(error)


def _says_slow_down(error: S3IntegrationError) -> bool:
    return error.status in _BUSY_STATUSES or error.code in ("SlowDown", "Busy", "ServiceUnavailable")
