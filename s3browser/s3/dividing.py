"""Where a long listing can be cut in two, told from the names that have come so far. Pure functions."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase, digits

TOP = "\U0010ffff"
"""Behind every other character in the order of keys."""

# What is left has to look like at least so many pages; to fetch one costs as much as to ask whether there is any.
_MIN_PAGES = 6
_KINDS = (digits, "abcdef", "ABCDEF", ascii_lowercase, ascii_uppercase)
_LAST_ASCII = "\x7f"
_SURROGATES = range(0xD800, 0xE000)


class Alphabets:
    """The characters that names can be expected to have, at each position. Not thread-safe."""

    def __init__(self) -> None:
        self._seen: dict[int, set[str]] = {}
        self._sorted: dict[int, list[str]] = {}
        self.highest = ""

    def learn(self, names: Iterable[str]) -> None:
        """Where there is a digit, there may be any, and likewise with letters."""
        for name in names:
            self.highest = max(self.highest, *name)
            for position, character in enumerate(name):
                seen = self._seen.setdefault(position, set())
                if character not in seen:
                    seen.update(next((kind for kind in _KINDS if character in kind), character))
                    self._sorted.pop(position, None)

    def at(self, position: int) -> list[str]:
        """The characters, sorted."""
        if position not in self._sorted:
            self._sorted[position] = sorted(self._seen.get(position, ()))
        return self._sorted[position]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a listing that is being read.

    Attributes:
        after: where it began (exclusive), made up; empty for the first one.
        first: the first name of the last two pages; the last page's where there is but one.
        at: the last name so far.
        upto: where it ends (inclusive); None: it is open.
        page_count: how many pages ``first`` to ``at`` are.
    """

    after: str
    first: str
    at: str
    upto: str | None
    page_count: int


def dividing_name(of: Stretch, alphabets: Alphabets) -> str | None:
    """A made-up name between ``at`` and ``upto``, where several pages seem to lie between them; else None.

    How much lies on either side cannot be known. Where the last pages begin alike, a cut is made behind everything that
    begins alike: numbers and dates are divided at their digits, paths at their folders; in the middle of the levels,
    so that a few cuts at once find the one that matters. Other cuts are between two characters of one level; they are
    the better ones where an earlier cut has shown that the level has several.

    Args:
        of: the part.
        alphabets: has learnt ``first`` and ``at``.
    """
    level = 0 if of.upto is None else _shared(of.at, of.upto)
    # One page may be all there is of what begins as it does.
    alike = _shared(of.first, of.at) if of.page_count > 1 else 0
    name = _between(of, level, alphabets) if of.after and _shared(of.after, of.at) >= level else None
    if name is None and alike > level:
        name = of.at[: (level + alike + 1) // 2] + TOP
    name = name or _between(of, level, alphabets)
    return name if name is not None and of.at < name and (of.upto is None or name < of.upto) else None


def _between(of: Stretch, level: int, alphabets: Alphabets) -> str | None:
    """The name in the middle of the characters that may still come at this level."""
    low, high = of.at[level : level + 1], TOP if of.upto is None else of.upto[level : level + 1]
    started = of.first[level : level + 1] if _shared(of.first, of.at) >= level else ""
    if low > _LAST_ASCII:
        # Too many to know them all.
        here, end, began = ord(low), min(ord(high), ord(alphabets.highest)), ord(started or low)
        middle = (here + end + 1) // 2
        character = "" if middle in _SURROGATES else chr(middle)
    else:
        alphabet = alphabets.at(level)
        here, end, began = bisect_right(alphabet, low), bisect_left(alphabet, high), bisect_right(alphabet, started)
        character = alphabet[(here + end) // 2] if here < end else ""
    if not character or (end - here) * of.page_count < _MIN_PAGES * max(1, here - began):
        return None
    return of.at[:level] + character


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    shorter = min(len(one), len(other))
    return next((index for index in range(shorter) if one[index] != other[index]), shorter)
