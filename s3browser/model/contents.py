from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from s3browser.model.columns import NO_SIZE, Columns, Ids, Mask, Rows, mark_of, row_columns
from s3browser.model.kinds import Kind
from s3browser.model.listing import Row
from s3browser.model.locations import DELIMITER, S3Location

T = TypeVar("T")
_MARK_BITS = 0xFFFF

SEGMENT = 1 << 16
"""Rows in a piece."""


@dataclass(frozen=True, slots=True)
class Segments:
    """The rows of a folder, in pieces of ``SEGMENT`` rows; the last may have fewer. A ``Table``. Any thread."""

    segments: tuple[Columns, ...]

    def __len__(self) -> int:
        return SEGMENT * (len(self.segments) - 1) + len(self.segments[-1])

    def row(self, number: int) -> Row:
        """A row by its number."""
        return self.segments[number // SEGMENT].row(number % SEGMENT)

    def rows(self, numbers: Ids) -> Rows:
        """Some of its rows."""
        return Rows(self, numbers)

    @property
    def marks(self) -> NDArray[np.int64]:
        """See ``Columns``; of all pieces, which takes a copy."""
        return np.concatenate([segment.marks for segment in self.segments])

    @property
    def sizes(self) -> NDArray[np.int64]:
        """See ``Table``."""
        return np.concatenate([segment.sizes for segment in self.segments])

    @property
    def modified_ns(self) -> NDArray[np.int64]:
        """See ``Table``."""
        return np.concatenate([segment.modified_ns for segment in self.segments])

    @property
    def kinds(self) -> NDArray[np.uint16]:
        """See ``Table``."""
        return np.concatenate([segment.kinds for segment in self.segments])

    @property
    def classes(self) -> NDArray[np.uint16]:
        """See ``Table``."""
        return np.concatenate([segment.classes for segment in self.segments])


class Contents:
    """The rows of one folder, to which rows are added and from which rows are taken. One thread, the window's.

    A row is its number for as long as this object lives, whatever comes and goes; one that has changed is another row.
    What is read elsewhere is read from ``columns``. Rows are kept in pieces, because moving a million of them to where
    there is more room would hold the window up.

    Args:
        bucket: where it is; empty for the list of buckets.
        prefix: of the folder.
    """

    def __init__(self, bucket: str = "", prefix: str = "") -> None:
        self._empty = row_columns(bucket, prefix, [])
        self._kinds, self._classes = _Coding[Kind](), _Coding[str]()
        self._full: list[Columns] = []
        self._last = self._piece()
        self._put: set[int] = set()
        self._alive = _Growing(np.zeros(0, np.bool_))
        self.columns = Segments((self._last.columns,))

    def _piece(self) -> "_Piece":
        return _Piece(self._empty, self._kinds, self._classes)

    @property
    def alive(self) -> Mask:
        """Which rows are still there, by their numbers."""
        return self._alive.values

    @property
    def total(self) -> int:
        """How many rows there are."""
        return int(np.count_nonzero(self._alive.values))

    def numbers(self) -> Ids:
        """The rows that are there, as they came."""
        return np.flatnonzero(self._alive.values).astype(np.int32)

    def folders(self) -> Rows:
        """The folders and buckets among them."""
        are_folders = self.columns.sizes == NO_SIZE
        return self.columns.rows(np.flatnonzero(self._alive.values & are_folders).astype(np.int32))

    def append(self, block: Columns) -> tuple[Ids, Ids]:
        """Add the rows of a page. What it returns, and what happens to rows that are there already, is as of ``put``.

        A listing says nothing twice; only what has been put meanwhile is looked for.
        """
        if self._put and not self._put.isdisjoint(block.marks.tolist()):
            return self.put(block.rows())
        return self._append(block), np.full(len(block), -1, np.int32)

    def _append(self, block: Columns) -> Ids:
        before, done = len(self.columns), 0
        while done < len(block):
            if self._last.count == SEGMENT:
                self._full.append(self._last.columns)
                self._last = self._piece()
            more = min(len(block) - done, SEGMENT - self._last.count)
            self._last.append(block.part(done, done + more))
            done += more
        self._alive.append(np.ones(done, np.bool_))
        self.columns = Segments((*self._full, self._last.columns))
        return np.arange(before, before + done, dtype=np.int32)

    def put(self, rows: Iterable[Row]) -> tuple[Ids, Ids]:
        """Add rows, and change those that are there already and are different.

        Returns:
            The numbers of the rows that are new, and those of the ones whose place they take, -1 for none.
        """
        latest = {row.location: row for row in rows}
        known = self.find(latest)
        news = [
            (row, number)
            for row, number in zip(latest.values(), known.tolist(), strict=True)
            if number < 0 or self.columns.row(number) != row
        ]
        replaced = np.array([number for _, number in news], np.int32)
        self.remove(replaced)
        self._put.update(map(mark_of, latest))
        return self._append(row_columns(self._empty.bucket, self._empty.prefix, [row for row, _ in news])), replaced

    def remove(self, numbers: Ids) -> None:
        """Take rows out; -1 is none."""
        self._alive.values[numbers[numbers >= 0]] = False

    def find(self, locations: Iterable[S3Location]) -> Ids:
        """The number of the row of each location, -1 where it is not there. Takes milliseconds in a million rows."""
        wanted: dict[int, list[tuple[int, S3Location]]] = {}
        count = 0
        for location in locations:
            wanted.setdefault(mark_of(location), []).append((count, location))
            count += 1
        found = np.full(count, -1, np.int32)
        few = np.zeros(_MARK_BITS + 1, np.bool_)
        few[np.fromiter(wanted, np.int64, len(wanted)) & _MARK_BITS] = True
        for place, segment in enumerate(self.columns.segments):
            begin = place * SEGMENT
            alive = self._alive.values[begin : begin + SEGMENT]
            for number in np.flatnonzero(few[segment.marks & _MARK_BITS] & alive).tolist():
                for at, location in wanted.get(int(segment.marks[number]), ()):
                    if segment.row(number).location == location:
                        found[at] = begin + number
        return found

    def has_name(self, name: str) -> bool:
        """Whether a file or folder directly in it is called so."""
        key, bucket = self._empty.prefix + name, self._empty.bucket
        return bool((self.find([S3Location(bucket, key), S3Location(bucket, key + DELIMITER)]) >= 0).any())


_GROWING = (
    "names", "starts", "folded", "folded_starts", "marks", "sizes", "modified_ns", "etags", "parts", "kinds", "classes",
)  # fmt: skip


class _Growing:
    """An array at whose end more is added; what is in it stays where it is for everybody who has looked at it."""

    def __init__(self, values: NDArray[Any]) -> None:
        self.values = self._room = values.copy()

    def append(self, more: NDArray[Any]) -> None:
        before, after = len(self.values), len(self.values) + len(more)
        if after > len(self._room):
            room = np.empty((max(after, 2 * before), *self._room.shape[1:]), self._room.dtype)
            room[:before] = self.values
            self._room = room
        self._room[before:after] = more
        self.values = self._room[:after]


class _Coding(Generic[T]):
    """Values, each by its place in a table that grows."""

    def __init__(self) -> None:
        self.table: list[T] = []
        self._places: dict[T, int] = {}

    def places(self, values: Sequence[T]) -> NDArray[np.uint16]:
        """The places of these values, which are put in where they are not there yet."""
        for value in values:
            if value not in self._places:
                self._places[value] = len(self.table)
                self.table.append(value)
        return np.array([self._places[value] for value in values], np.uint16)


class _Piece:
    """A segment while it grows."""

    def __init__(self, empty: Columns, kinds: _Coding[Kind], classes: _Coding[str]) -> None:
        self._kinds, self._classes = kinds, classes
        self._parts = {name: _Growing(getattr(empty, name)) for name in _GROWING}
        self.columns = replace(empty, kind_table=kinds.table, class_table=classes.table, odd={})

    @property
    def count(self) -> int:
        return len(self.columns)

    def append(self, block: Columns) -> None:
        columns = self.columns
        other: dict[str, NDArray[Any]] = {
            "starts": block.starts[1:] + len(columns.names),
            "folded_starts": block.folded_starts[1:] + len(columns.folded),
            "kinds": self._kinds.places(block.kind_table)[block.kinds],
            "classes": self._classes.places(block.class_table)[block.classes],
        }
        for name, part in self._parts.items():
            part.append(other.get(name, getattr(block, name)))
        columns.odd.update((len(columns) + number, row) for number, row in block.odd.items())
        values: dict[str, Any] = {name: part.values for name, part in self._parts.items()}
        self.columns = replace(columns, **values)


def matched(old: Segments, new: Segments, numbers: Ids) -> Ids:
    """Which of the rows ``numbers`` of ``new`` has the location of each row of ``old``; -1 for none of them.

    For another listing of the same folder. Some 0.3 s for a million rows, on any thread.
    """
    numbers = numbers[np.argsort(new.marks[numbers], kind="stable")]
    marks = np.append(new.marks[numbers], 0)
    by_mark = np.argsort(old.marks, kind="stable")  # so that one search follows the other through the memory
    at = np.searchsorted(marks[:-1], old.marks[by_mark])
    found = np.full(len(old), -1, np.int32)
    is_there = (marks[at] == old.marks[by_mark]) & (at < len(numbers))
    found[by_mark[is_there]] = numbers[at[is_there]]
    return found


def are_equal(old: Segments, new: Segments) -> bool:
    """Whether they have the same rows in the same order."""
    return len(old) == len(new) and all(map(_are_equal, old.segments, new.segments))


def _are_equal(old: Columns, new: Columns) -> bool:
    return (
        all(np.array_equal(getattr(old, name), getattr(new, name)) for name in _GROWING)
        and (old.odd, list(old.class_table)) == (new.odd, list(new.class_table))
    )  # fmt: skip
