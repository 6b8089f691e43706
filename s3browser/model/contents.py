from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s3browser.model.columns import Columns, Ids, Mask, Rows, mark_of, row_columns
from s3browser.model.listing import Row
from s3browser.model.locations import DELIMITER, S3Location

_MARK_BITS = 0xFFFF
_FIRST_ROOM = 1024


class Contents:
    """The rows of one folder, to which rows are added and from which rows are taken. One thread, the window's.

    A row is its number for as long as this object lives, whatever comes and goes; one that has changed is another row.
    What is read elsewhere is read from ``columns``.

    Args:
        bucket: where it is; empty for the list of buckets.
        prefix: of the folder.
    """

    def __init__(self, bucket: str = "", prefix: str = "") -> None:
        empty = row_columns(bucket, prefix, [])
        self._kinds, self._classes = _Table(empty.kind_table), _Table(empty.class_table)
        self._parts = {
            name: _Growing(getattr(empty, name), 2 ** (place / len(_GROWING))) for place, name in enumerate(_GROWING)
        }
        self._odd: dict[int, Row] = {}
        self._put: set[int] = set()
        self._alive = _Growing(np.zeros(0, np.bool_), 1)
        self._bucket, self._prefix = bucket, prefix
        self.columns = self._now()

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
        return self.columns.rows(np.flatnonzero(self._alive.values & self.columns.are_folders).astype(np.int32))

    def append(self, block: Columns) -> tuple[Ids, Ids]:
        """Add the rows of a page. What it returns, and what happens to rows that are there already, is as of ``put``.

        A listing says nothing twice; only what has been put meanwhile is looked for.
        """
        if self._put and not self._put.isdisjoint(block.marks.tolist()):
            return self.put(block.rows())
        return self._append(block), np.full(len(block), -1, np.int32)

    def _append(self, block: Columns) -> Ids:
        before = len(self.columns)
        names, folded = self._parts["names"].count, self._parts["folded"].count
        added: dict[str, NDArray[Any]] = {
            "starts": block.starts[1:] + names,
            "folded_starts": block.folded_starts[1:] + folded,
            "kinds": self._kinds.codes(block.kind_table)[block.kinds],
            "classes": self._classes.codes(block.class_table)[block.classes],
        }
        for name, part in self._parts.items():
            part.append(added.get(name, getattr(block, name)))
        self._odd.update((before + number, row) for number, row in block.odd.items())
        self._alive.append(np.ones(len(block), np.bool_))
        self.columns = self._now()
        return np.arange(before, before + len(block), dtype=np.int32)

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
        return self._append(row_columns(self._bucket, self._prefix, [row for row, _ in news])), replaced

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
        marks = self.columns.marks
        few = np.zeros(_MARK_BITS + 1, np.bool_)
        few[np.fromiter(wanted, np.int64, len(wanted)) & _MARK_BITS] = True
        for number in np.flatnonzero(few[marks & _MARK_BITS] & self._alive.values).tolist():
            for at, location in wanted.get(int(marks[number]), ()):
                if self.columns.row(number).location == location:
                    found[at] = number
        return found

    def has_name(self, name: str) -> bool:
        """Whether a file or folder directly in it is called so."""
        key = self._prefix + name
        return bool((self.find([S3Location(self._bucket, key), S3Location(self._bucket, key + DELIMITER)]) >= 0).any())

    def _now(self) -> Columns:
        parts = {name: part.values for name, part in self._parts.items()}
        return Columns(
            self._bucket, self._prefix, **parts,
            kind_table=self._kinds.values, class_table=self._classes.values, odd=self._odd,
        )  # fmt: skip


_GROWING = (
    "names", "starts", "folded", "folded_starts", "marks", "sizes", "modified_ns", "etags", "parts", "kinds", "classes",
)  # fmt: skip


class _Growing:
    """An array at whose end more is added; what is in it stays where it is for everybody who has looked at it.

    Args:
        values: that it begins with.
        phase: from 1 to 2; arrays of different phases do not move to larger rooms at the same moment, which would
            hold the window up.
    """

    def __init__(self, values: NDArray[Any], phase: float) -> None:
        self._capacity = _FIRST_ROOM * phase
        self.values = self._room = values.copy()

    @property
    def count(self) -> int:
        return len(self.values)

    def append(self, more: NDArray[Any]) -> None:
        before, after = len(self.values), len(self.values) + len(more)
        if after > len(self._room):
            while self._capacity < after:
                self._capacity *= 2
            room = np.empty((int(self._capacity), *self._room.shape[1:]), self._room.dtype)
            room[:before] = self.values
            self._room = room
        self._room[before:after] = more
        self.values = self._room[:after]


class _Table:
    """Values, each by its place."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.values: list[Any] = []
        self._places: dict[Any, int] = {}
        self.codes(values)

    def codes(self, values: Sequence[Any]) -> NDArray[np.uint16]:
        """The places of these values, which are put in where they are not there yet."""
        for value in values:
            if value not in self._places:
                self._places[value] = len(self.values)
                self.values.append(value)
        return np.array([self._places[value] for value in values], np.uint16)


def matched(old: Columns, new: Columns, numbers: Ids) -> Ids:
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


def are_equal(old: Columns, new: Columns) -> bool:
    """Whether they have the same rows in the same order."""
    return (
        len(old) == len(new)
        and all(np.array_equal(getattr(old, name), getattr(new, name)) for name in _GROWING)
        and (old.odd, list(old.class_table)) == (new.odd, list(new.class_table))
    )
