"""Order and choice of a folder's rows, as numbers; for a million of them in a second. On any thread."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s3browser.model.columns import NO_SIZE, Columns, Ids, Mask, Table
from s3browser.model.listing import Column, Row, natural_key
from s3browser.model.moments import nanoseconds
from s3browser.model.natural import Check, in_natural_order, pieces

_CHUNK_BYTES = 1 << 17  # stays in the processor's own memory while it is searched
_DENSE_BYTES = 3  # of a word; after so many there is little left to look at

_SOME_LINES = 1 << 15


def _unchecked() -> None:
    """Nobody wants to stop it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How the rows of a folder are to be shown.

    Attributes:
        column: that they are sorted by.
        descending: the greatest first.
        text: words that the names of the shown ones contain, all of them.
    """

    column: Column = Column.NAME
    descending: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The rows of ``Columns`` as they were wished; those that are gone included.

    Attributes:
        wish: see there.
        order: all of them, in order; what came later is at the end, until they are arranged anew.
        matching: which of them are to be shown.
        is_settled: whether nothing has come later.
        by_name: all of them in natural order; None where that was not needed.
    """

    wish: Wish
    order: Ids
    matching: Mask
    is_settled: bool
    by_name: Ids | None = None

    def shown(self, alive: Mask) -> Ids:
        """Of the rows that are there, those that are to be shown, in order."""
        return self.order[(self.matching & alive)[self.order]]

    def grown(self, table: Table) -> "Arrangement":
        """With the rows that have come since, at the end."""
        count = len(self.matching)
        if count == len(table):
            return self
        order = np.concatenate([self.order, np.arange(count, len(table), dtype=np.int32)])
        return Arrangement(self.wish, order, self._matching_of(table), is_settled=False)

    def with_placed(self, table: Table) -> "Arrangement":
        """With the rows that have come since, each where it belongs; for a few of them."""
        place = partial(_Place, table, self.wish)
        late = sorted(range(len(self.matching), len(table)), key=place)
        places = [bisect_left(self.order, place(number), key=place) for number in late]
        return Arrangement(self.wish, np.insert(self.order, places, late), self._matching_of(table), self.is_settled)

    def _matching_of(self, table: Table) -> Mask:
        later = matches(table, self.wish.text, _unchecked, len(self.matching))
        return np.concatenate([self.matching, later])


NOTHING = Arrangement(Wish(), np.zeros(0, np.int32), np.zeros(0, np.bool_), is_settled=True)
"""The arrangement of no rows."""


def arranged(table: Table, wish: Wish, before: Arrangement, check: Check = _unchecked) -> Arrangement:
    """All rows in the wished order: folders first, then by the column, then by name in natural order, then by key.

    Args:
        table: the rows.
        wish: how.
        before: an earlier arrangement of the same rows, or ``NOTHING``; what can be is taken from there.
        check: see ``natural.Check``.
    """
    is_known = len(before.matching) == len(table)
    is_settled = True
    if is_known and (before.wish.column, before.wish.descending) == (wish.column, wish.descending):
        order, by_name, is_settled = before.order, before.by_name, before.is_settled
    else:
        by_name = before.by_name if is_known else None
        if by_name is None:
            by_name = in_natural_order(table, check)
        order = _ordered(table, by_name, wish, check)
    matching = _matching(table, wish.text, before, check) if is_known else matches(table, wish.text, check)
    return Arrangement(wish, order, matching, is_settled, by_name)


def _matching(table: Table, text: str, before: Arrangement, check: Check) -> Mask:
    """As ``matches``; where more was typed only words that are new are looked for."""
    words, old_words = text.casefold().split(), before.wish.text.casefold().split()
    if not all(any(old in word for word in words) for old in old_words):
        return matches(table, text, check)
    new_words = " ".join(word for word in words if word not in old_words)
    return before.matching & matches(table, new_words, check) if new_words else before.matching


def _ordered(table: Table, by_name: Ids, wish: Wish, check: Check) -> Ids:
    if wish.column is Column.NAME:
        order = by_name[::-1] if wish.descending else by_name
    else:
        values = _values(table, wish.column)[by_name]
        check()
        order = by_name[np.argsort(-values if wish.descending else values, kind="stable")]
    check()
    are_folders = (table.sizes == NO_SIZE)[order]
    return np.concatenate([order[are_folders], order[~are_folders]])


def _values(table: Table, column: Column) -> NDArray[np.int64]:
    """What the rows are sorted by."""
    if column is Column.SIZE:
        return table.sizes
    if column is Column.MODIFIED:
        return table.modified_ns
    if column is Column.KIND:
        return _ranks([kind.label.casefold() for kind in table.segments[0].kind_table])[table.kinds]
    return _ranks(table.segments[0].class_table)[table.classes]


def _ranks(texts: Sequence[str]) -> NDArray[np.int64]:
    place = {text: at for at, text in enumerate(sorted(set(texts)))}
    return np.array([place[text] for text in texts], np.int64)


def matches(table: Table, text: str, check: Check, first: int = 0) -> Mask:
    """Which rows' names contain every word of ``text``, without regard to case; looked for from row ``first`` on."""
    words = [word.encode("utf-8", "surrogatepass") for word in text.casefold().split()]
    found = [np.zeros(0, np.bool_)]
    begin = 0
    for segment in table.segments:
        skipped = min(max(first - begin, 0), len(segment))
        here = np.ones(len(segment) - skipped, np.bool_)
        for word in words:
            here &= _containing(segment, word, check, skipped)
        found.append(here)
        begin += len(segment)
    return np.concatenate(found)


def _containing(columns: Columns, word: bytes, check: Check, first: int) -> Mask:
    """Which rows' folded names contain the bytes, among which there is no line feed."""
    starts = columns.folded_starts[first:]
    found = np.zeros(len(starts) - 1, np.bool_)
    for begin, after in pieces(starts, _CHUNK_BYTES):
        check()
        text = columns.folded[starts[begin] : starts[after]]
        count = max(0, len(text) - len(word) + 1)
        begins = text[:count] == word[0]
        for offset in range(1, min(len(word), _DENSE_BYTES)):
            begins &= text[offset : count + offset] == word[offset]
        places = np.flatnonzero(begins)
        for offset in range(_DENSE_BYTES, len(word)):
            places = places[text[places + offset] == word[offset]]
        if len(places):
            found[begin + np.searchsorted(starts[begin:after] - starts[begin], places, "right") - 1] = True
    return found


def next_beginning(table: Table, text: str, shown: Ids, start: int) -> int | None:
    """The line, from ``start`` on and around, whose name begins with ``text``, without regard to case."""
    wanted = text.casefold().encode("utf-8", "surrogatepass")
    for begin in [*range(start, len(shown), _SOME_LINES), *range(0, start, _SOME_LINES)]:
        lines = _beginning(table, wanted, shown[begin : begin + _SOME_LINES])
        if len(lines):
            return int(begin + lines[0])
    return None


def _beginning(table: Table, wanted: bytes, numbers: Ids) -> NDArray[np.intp]:
    """At which places the numbers are those of rows whose folded names begin with the bytes."""
    found, first = [np.zeros(0, np.intp)], 0
    for segment in table.segments:
        places = np.flatnonzero((numbers >= first) & (numbers < first + len(segment)))
        begins, ends = segment.folded_starts[:-1], segment.folded_starts[1:]
        places = places[(ends - begins)[numbers[places] - first] > len(wanted)]
        for offset, byte in enumerate(wanted):
            places = places[segment.folded[begins[numbers[places] - first] + offset] == byte]
        found.append(places)
        first += len(segment)
    return np.sort(np.concatenate(found))


def line_of(shown: Ids, number: int) -> int | None:
    """The line of a row, or None."""
    lines = np.flatnonzero(shown == number)
    return int(lines[0]) if len(lines) else None


def joined(shown: Ids, more: Ids) -> Ids:
    """The lines with more of them at the end."""
    return np.concatenate([shown, more])


@dataclass(frozen=True, slots=True)
class Change:
    """How a table comes from its lines to others: more at the end, then all change places, then fewer at the end.

    Attributes:
        arrangement: that is shown in the end.
        old: the lines before.
        grown: these with the rows that are new at the end.
        moved: the new lines, with the rows that go at the end.
        new: the lines in the end.
        is_none: whether nothing is another.
    """

    arrangement: Arrangement
    old: Ids
    grown: Ids
    moved: Ids
    new: Ids
    is_none: bool


def change(old: Ids, arrangement: Arrangement, alive: Mask) -> Change:
    """What is to be done to a table that shows ``old``, so that it shows an arrangement."""
    new = arrangement.shown(alive)
    if np.array_equal(old, new):
        return Change(arrangement, old, old, old, old, is_none=True)
    return Change(arrangement, old, *_steps(old, new), new, is_none=False)


def _steps(old: Ids, new: Ids) -> tuple[Ids, Ids]:
    """The old lines with what is new at the end, and the new ones with what goes at the end."""
    count = int(max(old.max(initial=-1), new.max(initial=-1))) + 1
    were, are = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    were[old], are[new] = True, True
    return joined(old, new[~were[new]]), joined(new, old[~are[old]])


def lines_of(shown: Ids, numbers: Ids) -> list[tuple[int, int]]:
    """The lines of these rows, as ``runs``."""
    if len(numbers) <= 1:
        lines = [line_of(shown, number) for number in numbers.tolist()]
        return [(line, line) for line in lines if line is not None]
    chosen = np.zeros(int(max(shown.max(initial=-1), numbers.max(initial=-1))) + 1, np.bool_)
    chosen[numbers] = True
    return runs(chosen[shown])


def numbers_in(shown: Ids, spans: Iterable[tuple[int, int]]) -> Ids:
    """The rows of these lines, given as first and last of each run, from above to below."""
    return np.concatenate([shown[:0], *(shown[first : last + 1] for first, last in sorted(spans))])


def runs(chosen: Mask) -> list[tuple[int, int]]:
    """First and last of each run of chosen lines that follow one another."""
    edges = np.flatnonzero(np.diff(chosen.astype(np.int8), prepend=0, append=0))
    return list(zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True))


class _Place:
    """Where one row belongs in a wished order; compares as ``arranged`` sorts."""

    __slots__ = ("_is_descending", "_is_file", "_name", "_value")

    def __init__(self, table: Table, wish: Wish, number: int) -> None:
        row = table.row(number)
        self._is_file = not row.is_folder
        self._value = _value(row, wish.column)
        self._name = natural_key(row.name), row.location.key
        self._is_descending = wish.descending, wish.descending and wish.column is Column.NAME

    def __lt__(self, other: "_Place") -> bool:
        if self._is_file != other._is_file:
            return other._is_file
        value_descends, name_descends = self._is_descending
        if self._value != other._value:
            return bool(self._value < other._value) is not value_descends
        if self._name != other._name:
            return (self._name < other._name) is not name_descends
        return False


def _value(row: Row, column: Column) -> Any:
    if column is Column.SIZE:
        return NO_SIZE if row.size is None else row.size
    if column is Column.MODIFIED:
        return nanoseconds(row.modified_at)
    if column is Column.KIND:
        return row.kind.label.casefold()
    return row.storage_class if column is Column.STORAGE else None
