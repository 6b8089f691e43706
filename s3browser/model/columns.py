"""The rows of a folder as arrays: 132 bytes a row instead of 362, and little to be done row by row."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Protocol, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from s3browser.model.entries import ListingColumns
from s3browser.model.kinds import FOLDER, Kind, kind_of
from s3browser.model.listing import Row, file_row, folder_row
from s3browser.model.locations import DELIMITER, S3Location
from s3browser.model.moments import moment, nanoseconds

T = TypeVar("T")
Bytes: TypeAlias = NDArray[np.uint8]
Ids: TypeAlias = NDArray[np.int32]
"""Rows, each by its number: its place in the arrays."""
Mask: TypeAlias = NDArray[np.bool_]
"""One entry a row."""

NO_SIZE = -1
_END = "\n"
_ETAG_BYTES = 16
_ETAG = re.compile(r"([0-9a-f]{32})(?:-([1-9][0-9]{0,3}|10000))?", re.ASCII)
_HEX = re.compile(r"[0-9a-f]*", re.ASCII)
_NIL = "0" * (2 * _ETAG_BYTES)
_NO_ETAG = 2**16 - 1


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows as arrays. Nothing that is in it changes any more, so every thread may read it.

    Attributes:
        bucket: where the rows are; empty for the list of buckets.
        prefix: of the folder they are in.
        names: UTF-8, one after the other, a line feed after each.
        starts: where each name begins in ``names``; one more entry than there are rows.
        folded: as ``names``, without regard to case.
        folded_starts: as ``starts``, for ``folded``.
        marks: a hash of each key, by which rows are found. Different keys with one mark are so rare that nobody has
            met them: one pair in thirty million folders of a million rows.
        sizes: in bytes; ``NO_SIZE`` for what can be entered.
        modified_ns: nanoseconds since 1970; 0 where it is not known.
        etags: 16 bytes of each, as far as they look as usual.
        parts: the number behind an ETag's hyphen; 0 for none, ``_NO_ETAG`` where there is no ETag at all.
        kinds: places in ``kind_table``.
        kind_table: what the rows' names promise.
        classes: places in ``class_table``.
        class_table: how they are stored.
        odd: rows that the arrays do not tell whole, by their numbers.
    """

    bucket: str
    prefix: str
    names: Bytes
    starts: NDArray[np.int64]
    folded: Bytes
    folded_starts: NDArray[np.int64]
    marks: NDArray[np.int64]
    sizes: NDArray[np.int64]
    modified_ns: NDArray[np.int64]
    etags: Bytes
    parts: NDArray[np.uint16]
    kinds: NDArray[np.uint16]
    kind_table: Sequence[Kind]
    classes: NDArray[np.uint16]
    class_table: Sequence[str]
    odd: dict[int, Row]

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def are_folders(self) -> Mask:
        """Which rows can be entered."""
        are_folders: Mask = self.sizes == NO_SIZE
        return are_folders

    def name(self, number: int) -> str:
        """What is shown of a row."""
        raw = self.names[self.starts[number] : self.starts[number + 1] - 1]
        return raw.tobytes().decode("utf-8", "surrogatepass")

    def row(self, number: int) -> Row:
        """A row by its number."""
        if number in self.odd:
            return self.odd[number]
        name, size = self.name(number), int(self.sizes[number])
        kind = self.kind_table[self.kinds[number]]
        if size == NO_SIZE:
            return Row(S3Location(self.bucket, f"{self.prefix}{name}{DELIMITER}"), name, kind)
        etag, parts = self.etags[number].tobytes().hex(), int(self.parts[number])
        if parts:
            etag = "" if parts == _NO_ETAG else f"{etag}-{parts}"
        return Row(
            S3Location(self.bucket, self.prefix + name),
            name,
            kind,
            size,
            moment(int(self.modified_ns[number])),
            self.class_table[self.classes[number]],
            etag,
        )

    @property
    def segments(self) -> "Sequence[Columns]":
        """Itself: see ``Table``."""
        return (self,)

    def rows(self) -> "Rows":
        """All of its rows."""
        return Rows(self, np.arange(len(self), dtype=np.int32))

    def folders(self) -> "Rows":
        """Those of its rows that can be entered."""
        return Rows(self, np.flatnonzero(self.are_folders).astype(np.int32))

    def part(self, first: int, after: int) -> "Columns":
        """Its rows from ``first`` up to ``after`` (exclusive)."""
        if first == 0 and after == len(self):
            return self
        return Columns(
            self.bucket,
            self.prefix,
            self.names[self.starts[first] : self.starts[after]],
            self.starts[first : after + 1] - self.starts[first],
            self.folded[self.folded_starts[first] : self.folded_starts[after]],
            self.folded_starts[first : after + 1] - self.folded_starts[first],
            self.marks[first:after],
            self.sizes[first:after],
            self.modified_ns[first:after],
            self.etags[first:after],
            self.parts[first:after],
            self.kinds[first:after],
            self.kind_table,
            self.classes[first:after],
            self.class_table,
            {number - first: row for number, row in self.odd.items() if first <= number < after},
        )


class Table(Protocol):
    """Rows as arrays, in one piece (``Columns``) or in several (``contents.Segments``), numbered through."""

    def __len__(self) -> int: ...

    @property
    def segments(self) -> Sequence[Columns]:
        """Its pieces; their rows follow one another."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """As in ``Columns``; like all of these of all pieces, which takes a copy."""

    @property
    def modified_ns(self) -> NDArray[np.int64]:
        """As in ``Columns``."""

    @property
    def kinds(self) -> NDArray[np.uint16]:
        """As in ``Columns``; the table is the same for all pieces."""

    @property
    def classes(self) -> NDArray[np.uint16]:
        """As in ``Columns``; the table is the same for all pieces."""

    def row(self, number: int) -> Row:
        """A row by its number."""


class Rows(Sequence[Row]):
    """Rows of a table in some order, each made when it is looked at. Any thread."""

    def __init__(self, table: Table, numbers: Ids) -> None:
        self._table = table
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> "Rows": ...
    def __getitem__(self, at: int | slice) -> "Row | Rows":
        if isinstance(at, slice):
            return Rows(self._table, self._numbers[at])
        return self._table.row(int(self._numbers[at]))

    def __iter__(self) -> Iterator[Row]:
        return map(self._table.row, self._numbers.tolist())

    @property
    def folders(self) -> int:
        """How many can be entered."""
        return int(np.count_nonzero(self._table.sizes[self._numbers] == NO_SIZE))

    @property
    def size_bytes(self) -> int:
        """The sizes of its files, added up."""
        return int(np.maximum(self._table.sizes[self._numbers], 0).sum())


def totals(rows: Sequence[Row]) -> tuple[int, int, int]:
    """How many files, how many folders, and the bytes of the files."""
    if isinstance(rows, Rows):
        folders = rows.folders
        return len(rows) - folders, folders, rows.size_bytes
    folders = sum(row.is_folder for row in rows)
    return len(rows) - folders, folders, sum(row.size or 0 for row in rows)


def mark_of(location: S3Location) -> int:
    """What a row is found by."""
    return hash(location.key or location.bucket)


def page_columns(bucket: str, prefix: str, page: ListingColumns) -> Columns:
    """The rows of one page of a folder, folders first, then in the server's order."""
    keys, count = page.folders + page.keys, len(page.folders)
    begin = len(prefix)
    names = [key[begin:-1] for key in page.folders] + [key[begin:] for key in page.keys]
    text = _END.join(names)
    is_usual = (
        text.count(_END) == max(0, len(names) - 1)
        and DELIMITER not in text
        and all(names)
        and all(map(str.startswith, keys, repeat(prefix)))
        and all(map(str.endswith, page.folders, repeat(DELIMITER)))
    )
    etags, parts, odd_etags = _etags(page.etags, count)
    if not is_usual or odd_etags:
        rows = [folder_row(bucket, key) for key in page.folders] + [file_row(bucket, info) for info in page.files()]
        return row_columns(bucket, prefix, rows)
    return Columns(
        bucket,
        prefix,
        *_lines(names, text),
        *_lines(names, text.casefold()),
        np.fromiter(map(hash, keys), np.int64, len(keys)),
        np.concatenate([np.full(count, NO_SIZE, np.int64), np.array(page.sizes, np.int64)]),
        np.concatenate([np.zeros(count, np.int64), np.array(page.modified_ns, np.int64)]),
        etags,
        parts,
        *_kinds(count, names[count:]),
        *_coded([""] * count + page.storage_classes),
        {},
    )


def row_columns(bucket: str, prefix: str, rows: Sequence[Row]) -> Columns:
    """Any rows of a folder, or the buckets of a connection."""
    names = [row.name for row in rows]
    folded = [name.casefold() for name in names]
    etags, parts, _ = _etags([row.etag for row in rows], 0)
    made = Columns(
        bucket,
        prefix,
        *_lines(names, _END.join(names)),
        *_lines(folded, _END.join(folded)),
        np.array([mark_of(row.location) for row in rows], np.int64),
        np.array([NO_SIZE if row.is_folder else row.size or 0 for row in rows], np.int64),
        np.array([nanoseconds(row.modified_at) for row in rows], np.int64),
        etags,
        parts,
        *_coded([row.kind for row in rows]),
        *_coded([row.storage_class for row in rows]),
        {},
    )
    made.odd.update((number, row) for number, row in enumerate(rows) if made.row(number) != row)
    return made


def _lines(texts: Sequence[str], joined: str) -> tuple[Bytes, NDArray[np.int64]]:
    """The texts as they are kept, which joined by line feeds are ``joined``; where there are any in them."""
    raw = np.frombuffer(f"{joined}{_END}".encode("utf-8", "surrogatepass") if texts else b"", np.uint8)
    after = np.flatnonzero(raw == ord(_END)) + 1
    if len(after) != len(texts):
        after = np.cumsum([len(text.encode("utf-8", "surrogatepass")) + 1 for text in texts])
    return raw, np.concatenate([np.zeros(1, np.int64), after])


def _etags(etags: Sequence[str], folders: int) -> tuple[Bytes, NDArray[np.uint16], bool]:
    """The ETags behind those of so many folders, which have none, and whether there are any that do not fit."""
    count = folders + len(etags)
    raw = np.zeros((count, _ETAG_BYTES), np.uint8)
    parts = np.zeros(count, np.uint16)
    parts[:folders] = _NO_ETAG
    joined = "".join(etags)
    if set(map(len, etags)) == {2 * _ETAG_BYTES} and _HEX.fullmatch(joined):  # as most pages are: a tenth of the time
        raw[folders:] = np.frombuffer(bytes.fromhex(joined), np.uint8).reshape(-1, _ETAG_BYTES)
        return raw, parts, False
    usual = [_ETAG.fullmatch(etag) for etag in etags]
    raw[folders:] = np.frombuffer(
        bytes.fromhex("".join(found[1] if found else _NIL for found in usual)), np.uint8
    ).reshape(-1, _ETAG_BYTES)
    parts[folders:] = [int(found[2] or 0) if found else _NO_ETAG for found in usual]
    return raw, parts, any(etag and not found for etag, found in zip(etags, usual, strict=True))


def _kinds(folders: int, names: Iterable[str]) -> tuple[NDArray[np.uint16], list[Kind]]:
    """What the names of files behind so many folders promise; each ending is looked at once."""
    table = [FOLDER]
    known: dict[str, int] = {}
    codes = [0] * folders
    for name in names:
        stem, _, ending = name.rpartition(".")
        code = known.get(ending if stem else "")
        if code is None:
            code = known[ending if stem else ""] = len(table)
            table.append(kind_of(name))
        codes.append(code)
    return np.array(codes, np.uint16), table


def _coded(values: Iterable[T]) -> tuple[NDArray[np.uint16], list[T]]:
    """Each value by its place in a table."""
    known: dict[T, int] = {}
    codes = [known.setdefault(value, len(known)) for value in values]
    return np.array(codes, np.uint16), list(known)
