import threading
from enum import Enum

from s3browser.exceptions import Cancelled


class StopReason(Enum):
    """Why work was asked to stop."""

    CANCEL = "cancel"
    PAUSE = "pause"
    SHUTDOWN = "shutdown"


_lock = threading.Lock()  # one for all: thousands of tokens are made, and hardly any of them is used


class CancelToken:
    """Asks work to stop, once, with a reason. Thread-safe.

    It answers ``is_set()`` and ``wait()`` as ``threading.Event`` does, so that the library takes either.
    """

    __slots__ = ("_event", "_reason")

    def __init__(self) -> None:
        self._reason: StopReason | None = None
        self._event: threading.Event | None = None  # of those who wait: most tokens never see one

    @property
    def reason(self) -> StopReason | None:
        """Why, or None while nobody asked."""
        return self._reason

    def cancel(self, reason: StopReason = StopReason.CANCEL) -> None:
        """Ask for the stop; the first reason stays."""
        with _lock:
            if self._reason is None:
                self._reason = reason
            event = self._event
        if event is not None:
            event.set()

    def is_set(self) -> bool:
        """Whether somebody asked for the stop."""
        return self._reason is not None

    def wait(self, timeout: float | None = None) -> bool:
        """Block up to ``timeout`` seconds; True as soon as somebody asks for the stop."""
        with _lock:
            if self._reason is not None:
                return True
            event = self._event = self._event or threading.Event()
        return event.wait(timeout)

    def raise_if_cancelled(self) -> None:
        """Raise ``Cancelled`` if somebody asked for the stop."""
        if self._reason is not None:
            raise Cancelled
