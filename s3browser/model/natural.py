"""Natural order for a million names: ``file2`` before ``file10``, in any case.

Each name is written so that comparing bytes compares naturally, all names at once; then they are sorted by eight bytes
at a time, and by the next eight only where those are the same. It is all done by numpy, which gives Python's lock up.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from s3browser.model.columns import Bytes, Ids, Mask, Table

_CHUNK_BYTES = 1 << 18  # what is made of it stays in the processor's own memory
_WORD_BYTES = 8
# Written before a number: how many digits it has, so that a longer one is a greater one. Less than any sign of a text.
_MANY_DIGITS = 0x1E
# Written before a control character, which otherwise could be taken for one of the above.
_CONTROL = 0x1F
_FIRST_PLAIN = 0x20
_NEWLINE, _ZERO = ord("\n"), ord("0")

Check = Callable[[], object]
"""Called now and then; raises when the work is not wanted any more."""


def in_natural_order(table: Table, check: Check) -> Ids:
    """Every row, by its name in natural order; names that are the same to it by their keys.

    As ``sorted`` does with ``listing.natural_key`` and the key. On any thread.
    """
    text, starts = _written(table, check)
    order, same = _by_bytes(text, starts, check)
    for first, last in same:
        numbers = order[first:last].tolist()
        check()
        order[first:last] = sorted(numbers, key=lambda number: table.row(number).location.key)
    return order


def _written(table: Table, check: Check) -> tuple[Bytes, NDArray[np.int64]]:
    """The names as they are compared: each ends in a zero byte."""
    most = sum(2 * len(segment.folded) for segment in table.segments) + _WORD_BYTES
    text = np.empty(most, np.uint8)  # more than it can be; what stays unused costs nothing
    starts = np.zeros(len(table) + 1, np.int64)
    row = end = 0
    for segment in table.segments:
        for first, after in pieces(segment.folded_starts, _CHUNK_BYTES):
            check()
            some = segment.folded_starts[first : after + 1]
            piece, ends = _piece_written(segment.folded[some[0] : some[-1]], some[1:] - some[0] - 1)
            text[end : end + len(piece)] = piece
            starts[row + 1 : row + 1 + len(ends)] = end + ends + 1
            row, end = row + len(ends), end + len(piece)
    text[end : end + _WORD_BYTES] = 0  # a word may reach beyond the last name
    return text[: end + _WORD_BYTES], starts


def pieces(starts: NDArray[np.int64], size_bytes: int) -> Iterator[tuple[int, int]]:
    """The rows, as first and after the last, in pieces of some such size of text."""
    edges = np.searchsorted(starts, np.arange(starts[0], starts[-1], size_bytes))
    edges = np.unique(np.append(edges, len(starts) - 1)).tolist()
    return pairwise(edges)


def _piece_written(text: Bytes, ends: NDArray[np.int64]) -> tuple[Bytes, NDArray[np.int64]]:
    """Some names, and where each of them ends, before and after."""
    is_digit = (text - np.uint8(_ZERO)) < 10
    edges = np.flatnonzero(is_digit[1:] != is_digit[:-1]) + 1
    if len(text) and is_digit[0]:
        edges = np.insert(edges, 0, 0)
    first, after = edges[::2], edges[1::2]  # of each number; no name ends without a line feed
    zeros = _leading_zeros(text, first, after)
    digits = after - first - zeros
    many = digits >= _MANY_DIGITS
    controls = np.flatnonzero(text < _FIRST_PLAIN)
    controls = np.setdiff1d(controls, ends, assume_unique=True) if len(controls) > len(ends) else controls[:0]

    moved = np.zeros(len(text) + 1, np.int32)  # how far each byte is moved by what is put in or left out just before it
    moved[first + zeros] += np.where(many, 3, 1)
    moved[controls] += 1
    kept = _outside(len(text), first[zeros > 0], (first + zeros)[zeros > 0])
    moved[1:][~kept] -= 1
    to = np.arange(len(text)) + np.cumsum(moved[:-1])
    made = np.empty(len(text) + int(moved.sum()), np.uint8)
    made[to[kept]] = text[kept]
    before = to[first + zeros]
    made[before - 1] = np.where(many, digits & 0xFF, digits)
    made[before[many] - 2] = digits[many] >> 8
    made[before[many] - 3] = _MANY_DIGITS
    made[to[controls] - 1] = _CONTROL
    made[to[ends]] = 0
    return made, to[ends]


def _leading_zeros(text: Bytes, first: NDArray[np.int64], after: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many zeros each number begins with that say nothing; of nothing but zeros, one says something."""
    zeros = np.zeros(len(first), np.int64)
    padded = np.flatnonzero((text[first] == _ZERO) & (after - first > 1))
    if len(padded):
        others = np.flatnonzero(text != _ZERO)
        begin = others[np.searchsorted(others, first[padded])]
        zeros[padded] = np.minimum(begin, after[padded] - 1) - first[padded]
    return zeros


def _outside(count: int, first: NDArray[np.int64], after: NDArray[np.int64]) -> Mask:
    """Which of so many places lie in none of the runs."""
    steps = np.zeros(count + 1, np.int8)
    steps[first] = 1
    steps[after] = -1
    outside: Mask = np.cumsum(steps[:-1], dtype=np.int8) == 0
    return outside


def _by_bytes(text: Bytes, starts: NDArray[np.int64], check: Check) -> tuple[Ids, list[tuple[int, int]]]:
    """The rows in the order of their bytes; and which lines of it (first and after the last) are of equal ones."""
    count = len(starts) - 1
    words = np.ndarray((len(text) - _WORD_BYTES + 1,), ">u8", text, strides=(1,))
    order = np.arange(count, dtype=np.int32)
    lines = np.arange(count, dtype=np.int32)  # those that are not settled yet
    groups = np.zeros(count, np.int32)  # of each of these the first line of those it is equal to so far
    at = starts[:-1].copy()
    same: list[tuple[int, int]] = []
    while len(lines):
        check()
        rows = order[lines]
        left = starts[rows + 1] - at[rows]
        word = words[at[rows]].astype(np.uint64)
        word &= ~np.uint64(0) << (np.maximum(_WORD_BYTES - left, 0) * 8).astype(np.uint64)
        if len(lines) == count:
            different = int(np.bitwise_or.reduce(word ^ word[0]))
            common = _WORD_BYTES - (different.bit_length() + 7) // 8
            if 0 < common < left.min():
                at += common
                continue
            by_word = np.argsort(word, kind="stable")
        else:
            by_word = np.lexsort((word, groups))
        rows, word, left = rows[by_word], word[by_word], left[by_word]
        order[lines] = rows
        edges = np.ones(len(lines) + 1, np.bool_)
        edges[1:-1] = (word[1:] != word[:-1]) | (groups[1:] != groups[:-1])
        edge = np.flatnonzero(edges)
        sizes = np.diff(edge)
        has_ended = left[edge[:-1]] <= _WORD_BYTES
        same += [
            (first, first + size)
            for first, size in zip(
                lines[edge[:-1]][(sizes > 1) & has_ended].tolist(), sizes[(sizes > 1) & has_ended].tolist(), strict=True
            )
        ]
        is_open = np.repeat((sizes > 1) & ~has_ended, sizes)
        groups = np.repeat(lines[edge[:-1]], sizes)[is_open]
        lines = lines[is_open]
        at[rows[is_open]] += _WORD_BYTES
    return order, same
