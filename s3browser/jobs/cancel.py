import threading
from enum import Enum

from s3browser.exceptions import Cancelled


class StopReason(Enum):
    """Why work was asked to stop."""

    CANCEL = "cancel"
    PAUSE = "pause"
    SHUTDOWN = "shutdown"


class CancelToken:
    """Asks work to stop, once, with a reason. Thread-safe.

    It answers ``is_set()`` and ``wait()`` as ``threading.Event`` does, so that the library takes either.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reason: StopReason | None = None
        self._lock = threading.Lock()

    @property
    def reason(self) -> StopReason | None:
        """Why, or None while nobody asked."""
        return self._reason

    def cancel(self, reason: StopReason = StopReason.CANCEL) -> None:
        """Ask for the stop; the first reason stays."""
        with self._lock:
            if self._reason is None:
                self._reason = reason
        self._event.set()

    def is_set(self) -> bool:
        """Whether somebody asked for the stop."""
        return self._event.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Block up to ``timeout`` seconds; True as soon as somebody asks for the stop."""
        return self._event.wait(timeout)

    def raise_if_cancelled(self) -> None:
        """Raise ``Cancelled`` if somebody asked for the stop."""
        if self.is_set():
            raise Cancelled
