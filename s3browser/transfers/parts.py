"""The parts of a file: how large, which are still to go, how far the whole has got. Pure, but for the lock."""

import threading
from collections import deque
from collections.abc import Collection, Iterator
from typing import NamedTuple

MIB = 1024 * 1024
MULTIPART_FROM_BYTES = 16 * MIB
MIN_PART_BYTES = 8 * MIB
_MOST_FETCHED_BYTES = 16 * MIB
MAX_PARTS = 9_500  # S3 takes 10,000; the rest is room for servers that take a few less
MAX_OBJECT_BYTES = 5 * 1024 * 1024 * MIB


class Part(NamedTuple):
    """A piece of a file: its number from 1, and the bytes it covers."""

    number: int
    start: int
    size: int


def part_size(size: int) -> int:
    """The size of every part but the last of a file of ``size`` bytes: whole MiB, at least 8, at most 9,500 parts."""
    return max(MIN_PART_BYTES, -(-size // (MAX_PARTS * MIB)) * MIB)


def fetched_part_size(size: int) -> int:
    """As ``part_size``, but up to 16 MiB for an object that has 64 such parts, as fetching takes no memory for a part.

    A request costs a server some milliseconds (rclone's: 0.2 s of a GiB's 1.1). Yet a part that is under way when the
    program ends has to come again, and at 16 MiB that is as much as a slow line should lose.
    """
    return max(part_size(size), min(_MOST_FETCHED_BYTES, size // (64 * MIB) * MIB))


def parts_of(size: int, step: int) -> Iterator[Part]:
    """The parts of a file of ``size`` bytes, ``step`` bytes each, in order; an empty file has one, empty as well."""
    if size <= step:
        return iter((Part(1, 0, size),))
    return (Part(number, start, min(step, size - start)) for number, start in enumerate(range(0, size, step), 1))


class PartList:
    """Which parts of one file are still to go, and how many bytes have moved. Thread-safe.

    Args:
        size: the file's, in bytes.
        step: the size of a part.
        moved: the numbers of the parts that are there already.
        position: what was told before, so that it does not go back where a file starts over.
    """

    def __init__(self, size: int, step: int, moved: Collection[int] = (), position: int = 0) -> None:
        self._lock = threading.Lock()
        self._size = size
        self._left = {part.number: part for part in parts_of(size, step)}
        self._moved_bytes = sum(self._left.pop(number).size for number in moved if number in self._left)
        self._waiting = deque(self._left.values())
        self._under_way: dict[int, int] = {}
        self.position = max(position, self._moved_bytes)

    def take(self) -> Part | None:
        """The next part that nobody has taken, or None."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def report(self, part: Part, count: int) -> None:
        """``count`` bytes of a part have moved; fewer than before where it begins anew."""
        with self._lock:
            if part.number in self._left:
                self._under_way[part.number] = count
                self._advance()

    def finish(self, part: Part) -> None:
        """All of a part has moved. Saying it twice changes nothing."""
        with self._lock:
            if self._left.pop(part.number, None) is not None:
                self._under_way.pop(part.number, None)
                self._moved_bytes += part.size
                self._advance()

    @property
    def gapless(self) -> int:
        """So many bytes from the file's start have moved, with none missing among them."""
        with self._lock:
            first = next(iter(self._left.values()), None)
            return self._size if first is None else first.start + self._under_way.get(first.number, 0)

    def missing(self) -> list[Part]:
        """The parts that have not moved, those under way included, in order."""
        with self._lock:
            return list(self._left.values())

    def _advance(self) -> None:
        position = self._moved_bytes + sum(self._under_way.values())
        if position > self.position:
            self.position = position
