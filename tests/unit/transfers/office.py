"""What tests of the queue share: a window that looks when it is told to, a clock, a journal that can break."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from time import monotonic

from s3browser.model.locations import S3Location
from s3browser.model.transfers import BatchSnapshot, Direction, Plan, TransferItem, TransferNews
from s3browser.transfers.journal import Journal
from tests.fakestore import BUCKET

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BIG = 20 * 1024 * 1024


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Window:
    """The window's thread: what is delivered waits until somebody looks."""

    def __init__(self) -> None:
        self.inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.news: list[TransferNews] = []
        self.finished: list[BatchSnapshot] = []

    def hear(self, news: TransferNews) -> None:
        self.news.append(news)
        self.finished += news.finished

    def until(self, condition: Callable[[], object]) -> None:
        """Handle what is delivered until ``condition`` holds."""
        while not condition():
            self.inbox.get(timeout=10)()

    def wait_for_batches(self, count: int = 1) -> list[BatchSnapshot]:
        """Handle what is delivered until ``count`` batches are over."""
        self.until(lambda: len(self.finished) >= count)
        return self.finished


class FullDisk(Journal):
    """A journal whose disk is full for a while."""

    is_full = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
            if self.is_full:
                raise sqlite3.OperationalError("database or disk is full")


def eventually(condition: Callable[[], object]) -> None:
    """Wait for what another thread brings about and nobody tells."""
    deadline = monotonic() + 10
    while not condition():
        assert monotonic() < deadline
        threading.Event().wait(0.001)


def item(key: str = "to/a", size: int = 3, *, way: Direction = Direction.UPLOAD) -> TransferItem:
    return TransferItem(way, S3Location(BUCKET, key), Path("/from") / key, size, modified_ns=7)


def plan(*items: TransferItem, target: str = "to") -> Plan:
    return Plan(items[0].direction if items else Direction.UPLOAD, items, target=target)


def add(journal: Journal, *items: TransferItem, connection_id: str = "office") -> int:
    """A batch of these in the journal; its id."""
    with journal.transaction():
        return journal.add_batch(connection_id, plan(*items), NOW)
