"""What has happened, told on the window's thread: several things in one while it is busy."""

import threading
from collections.abc import Callable

from s3browser.model.transfers import BatchSnapshot, Hold, StoredObject, TransferNews

Listener = Callable[[TransferNews], None]


class News:
    """Collects news until they can be told. Thread-safe.

    Args:
        post: brings a callback to the thread of the listeners.
    """

    def __init__(self, post: Callable[[Callable[[], None]], object]) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._is_due = False
        self._is_changed = False
        self._added: list[int] = []
        self._stored: list[StoredObject] = []
        self._finished: dict[int, BatchSnapshot] = {}
        self._holds: tuple[Hold, ...] = ()

    def add_listener(self, listener: Listener) -> None:
        """Call ``listener`` with the news from now on."""
        self._listeners.append(listener)

    def changed(self) -> None:
        """The state of a transfer changed."""
        with self._lock:
            self._is_changed = True

    def added(self, batch_id: int) -> None:
        """A batch was started."""
        with self._lock:
            self._added.append(batch_id)

    def stored(self, stored: StoredObject) -> None:
        """An upload stored an object."""
        with self._lock:
            self._stored.append(stored)

    def finished(self, batch: BatchSnapshot) -> None:
        """Nothing is left to do of a batch."""
        with self._lock:
            self._finished[batch.batch_id] = batch

    def unfinished(self, batch_id: int) -> None:
        """Something is left to do of it after all."""
        with self._lock:
            self._finished.pop(batch_id, None)

    def tell(self, holds: tuple[Hold, ...]) -> None:
        """See that the news are told soon, if there are any; ``holds`` is how things stand with them now."""
        with self._lock:
            if holds != self._holds:
                self._holds, self._is_changed = holds, True
            if self._is_due or not (self._is_changed or self._added or self._stored or self._finished):
                return
            self._is_due = True
        self._post(self._tell)

    def _tell(self) -> None:
        with self._lock:
            news = TransferNews(
                tuple(self._added), self._is_changed, tuple(self._stored), tuple(self._finished.values()), self._holds
            )
            self._is_due = self._is_changed = False
            self._added, self._stored, self._finished = [], [], {}
        for listener in self._listeners:
            listener(news)
