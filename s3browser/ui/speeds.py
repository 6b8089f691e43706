import math
from collections.abc import Callable
from datetime import UTC, datetime

from s3browser.model.forecast import seconds_needed
from s3browser.model.transfers import BatchSnapshot, Direction

_SMALL = 1_000_000  # bytes a file; below it the number of files decides how long they take, above it their size
_TOO_SHORT_S = 1.0  # a batch that was over sooner says more about the start than about the speed


def _now() -> datetime:
    return datetime.now(UTC)


class Speeds:
    """How fast each connection was when it was last measured, to say how long the next batch takes.

    Small files go as fast as their number, others as fast as their bytes, so the two are kept apart.
    """

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        self._now = now
        self._per_s: dict[tuple[str, Direction | None, bool], float] = {}

    def note(self, batch: BatchSnapshot) -> None:
        """Measure a batch that has just ended; one that failed, was cancelled or was over at once says nothing."""
        if batch.started_at is None or not batch.total or batch.done != batch.total:
            return
        seconds = (self._now() - batch.started_at).total_seconds()
        if seconds >= _TOO_SHORT_S:
            is_small = _is_small(batch.total, batch.total_bytes)
            amount = batch.total if is_small else batch.total_bytes
            self._per_s[batch.connection_id, batch.direction, is_small] = amount / seconds

    def seconds(self, connection_id: str, direction: Direction, files: int, size_bytes: int) -> float | None:
        """How long so much will take; None while nothing like it was measured."""
        is_small = _is_small(files, size_bytes)
        per_s = self._per_s.get((connection_id, direction, is_small), 0.0)
        # Of small files the bytes cost next to nothing beside the asking, of big ones the asking beside the bytes.
        bytes_per_s, files_per_s = (math.inf, per_s) if is_small else (per_s, math.inf)
        return seconds_needed(files, size_bytes, bytes_per_s, files_per_s)


def _is_small(files: int, size_bytes: int) -> bool:
    return size_bytes < files * _SMALL
