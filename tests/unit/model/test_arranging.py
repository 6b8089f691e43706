import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3browser.model.arranging import (
    NOTHING,
    Wish,
    arranged,
    change,
    joined,
    line_of,
    lines_of,
    next_beginning,
    numbers_in,
    runs,
)
from s3browser.model.columns import Columns, Rows, row_columns
from s3browser.model.contents import Contents
from s3browser.model.entries import S3FileInfo
from s3browser.model.listing import Column, Row, file_row, folder_row, natural_key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# What the plain way to do it is: sorted() and in.
_VALUES: dict[Column, Callable[[Row], Any]] = {
    Column.NAME: lambda row: (),
    Column.SIZE: lambda row: -1 if row.size is None else row.size,
    Column.KIND: lambda row: row.kind.label.casefold(),
    Column.MODIFIED: lambda row: row.modified_at or _EPOCH,
    Column.STORAGE: lambda row: row.storage_class,
}


def plainly_sorted(rows: list[Row], wish: Wish) -> list[Row]:
    by_name = sorted(
        rows,
        key=lambda row: (natural_key(row.name), row.location.key),
        reverse=wish.descending and wish.column is Column.NAME,
    )
    if wish.column is not Column.NAME:
        by_name.sort(key=_VALUES[wish.column], reverse=wish.descending)
    return sorted(by_name, key=lambda row: not row.is_folder)


def plainly_filtered(rows: list[Row], wish: Wish) -> list[Row]:
    words = wish.text.casefold().split()
    return [row for row in rows if all(word in row.name.casefold() for word in words)]


def shown(columns: Columns, wish: Wish) -> list[Row]:
    arrangement = arranged(columns, wish, NOTHING)
    return list(Rows(columns, arrangement.shown(np.ones(len(columns), np.bool_))))


# Names in which digits, cases, control characters and what folds to something longer meet each other.
telling = st.text(st.sampled_from("aAbB019½²٣ßſéÉİ \x00\x01\x1e\x1f\n/.-_~🎉"), min_size=1, max_size=14)
keys = telling | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
numbers = st.integers(0, 10**50).map(str) | st.sampled_from(["0", "00", "000", "0" * 40, "1" * 29, "1" * 30, "1" * 400])
counted = st.tuples(st.sampled_from(["a", "A", "", "file-", "\x1e"]), numbers, st.sampled_from(["", "b", ".txt"])).map(
    "".join
)
moments = st.just(0) | st.integers(0, 4 * 10**9)


@st.composite
def folders(draw: st.DrawFn) -> list[Row]:
    rows = []
    for key in draw(st.lists(keys | counted, unique=True, max_size=30)):
        if key.endswith("/"):
            rows.append(folder_row("b", f"p/{key}"))
        else:
            at = _EPOCH + timedelta(seconds=draw(moments))
            storage = draw(st.sampled_from(["STANDARD", "GLACIER", "X"]))
            rows.append(file_row("b", S3FileInfo(f"p/{key}", draw(st.integers(0, 3)), at, "e", storage)))
    return rows


wishes = st.builds(Wish, st.sampled_from(Column), st.booleans())


@given(folders(), wishes)
@example([file_row("b", S3FileInfo(f"p/{key}", 1, _EPOCH, "")) for key in ("a1", "a01", "a001", "A1", "a")], Wish())
def test_sorting_agrees_with_a_plain_reference(rows: list[Row], wish: Wish) -> None:
    assert shown(row_columns("b", "p/", rows), wish) == plainly_sorted(rows, wish)


@given(folders(), keys | st.sampled_from(["a", "A B", "ss", "É", "\n", "1 0", "  "]))
def test_filtering_agrees_with_a_plain_reference(rows: list[Row], text: str) -> None:
    wish = Wish(text=text)
    assert shown(row_columns("b", "p/", rows), wish) == plainly_filtered(plainly_sorted(rows, Wish()), wish)


@given(folders(), folders(), wishes)
def test_a_few_late_rows_find_their_places(rows: list[Row], late: list[Row], wish: Wish) -> None:
    contents = Contents("b", "p/")
    contents.put(rows)
    before = arranged(contents.columns, wish, NOTHING)
    contents.put(late)
    placed = before.with_placed(contents.columns)
    expected = {row.location: row for row in rows} | {row.location: row for row in late}
    assert list(contents.columns.rows(placed.shown(contents.alive))) == plainly_sorted(list(expected.values()), wish)


def test_many_names_with_long_common_beginnings_are_sorted() -> None:
    chosen = random.Random(1)
    names = {f"photo-{chosen.randrange(10**8)}-{'x' * chosen.randrange(40)}-{number}.JPG" for number in range(20_000)}
    rows = [file_row("b", S3FileInfo(name, 1, _EPOCH, "")) for name in sorted(names)]
    assert shown(row_columns("b", "", rows), Wish()) == plainly_sorted(rows, Wish())


def test_what_is_known_already_is_not_worked_out_again() -> None:
    columns = row_columns("b", "", [file_row("b", S3FileInfo(name, 1, _EPOCH, "")) for name in ("b", "a")])
    first = arranged(columns, Wish(), NOTHING)
    filtered = arranged(columns, Wish(text="b"), first)
    assert filtered.order is first.order
    by_size = arranged(columns, Wish(Column.SIZE, text="b"), filtered)
    assert (by_size.by_name, by_size.matching) == (first.by_name, filtered.matching)


def test_rows_that_come_later_are_at_the_end_until_all_is_arranged_anew() -> None:
    contents = Contents("b")
    contents.put([file_row("b", S3FileInfo(name, 1, _EPOCH, "")) for name in ("b", "c")])
    before = arranged(contents.columns, Wish(text="b"), NOTHING)
    contents.put([file_row("b", S3FileInfo(name, 1, _EPOCH, "")) for name in ("ab", "a")])
    grown = before.grown(contents.columns)
    assert [row.name for row in contents.columns.rows(grown.shown(contents.alive))] == ["b", "ab"]
    assert (before.is_settled, grown.is_settled) == (True, False)
    assert grown.grown(contents.columns) is grown
    assert not arranged(contents.columns, Wish(), grown).is_settled, "only another filter"
    assert arranged(contents.columns, Wish(), NOTHING).is_settled


def test_sorting_ends_where_nobody_wants_it_any_more() -> None:
    columns = row_columns("b", "", [folder_row("b", "a/")])

    def stop() -> None:
        raise InterruptedError

    for wish in (Wish(Column.SIZE), Wish(text="a")):
        with pytest.raises(InterruptedError):
            arranged(columns, wish, NOTHING, stop)


def test_typing_finds_the_next_name() -> None:
    columns = row_columns("b", "", [folder_row("b", f"{name}/") for name in ("Anna", "Ärger", "annex", "b")])
    lines = columns.rows()._numbers
    assert [next_beginning(columns, "AN", lines, start) for start in range(4)] == [0, 2, 2, 0]
    assert next_beginning(columns, "är", lines, 3) == 1
    assert next_beginning(columns, "bb", lines, 0) is None


def ids(*numbers: int) -> Any:
    return np.array(numbers, np.int32)


def test_lines_come_and_go_at_the_end() -> None:
    arrangement = replace(NOTHING, order=ids(2, 5, 4, 3), matching=np.ones(6, np.bool_))
    alive = np.array([True, True, True, True, False, True])
    made = change(ids(3, 1, 2), arrangement, alive)
    assert (made.grown.tolist(), made.moved.tolist(), made.new.tolist()) == ([3, 1, 2, 5], [2, 5, 3, 1], [2, 5, 3])
    assert (made.arrangement, made.old.tolist(), made.is_none) == (arrangement, [3, 1, 2], False)
    assert change(ids(2, 5, 3), arrangement, alive).is_none
    assert change(ids(), NOTHING, alive[:0]).is_none
    assert joined(ids(1), ids(2)).tolist() == [1, 2]


def test_lines_of_rows() -> None:
    order = ids(4, 0, 7, 2, 1)
    assert line_of(order, 7) == 2
    assert line_of(order, 3) is None
    assert lines_of(order, ids(2, 7, 4, 9)) == [(0, 0), (2, 3)]
    assert [lines_of(order, each) for each in (ids(), ids(7), ids(9))] == [[], [(2, 2)], []]
    assert numbers_in(order, [(3, 4), (0, 1)]).tolist() == [4, 0, 2, 1]
    assert numbers_in(order, []).tolist() == []
    assert runs(np.array([True, True, False, True])) == [(0, 1), (3, 3)]
