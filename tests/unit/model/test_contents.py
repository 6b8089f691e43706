from array import array
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3browser.model.arranging import NOTHING, Wish, arranged, matches, next_beginning
from s3browser.model.columns import Rows, page_columns, row_columns, totals
from s3browser.model.contents import Contents, Segments, are_equal, matched
from s3browser.model.entries import BucketEntry, ListingColumns, S3FileInfo
from s3browser.model.listing import Column, Row, bucket_row, file_row, folder_row
from s3browser.model.locations import S3Location

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
HEX = "0123456789abcdef" * 2


def file(name: str, size: int = 1, etag: str = HEX, storage: str = "STANDARD") -> Row:
    return file_row("b", S3FileInfo(f"p/{name}", size, AT, etag, storage))


def folder(name: str) -> Row:
    return folder_row("b", f"p/{name}/")


def page(rows: list[Row]) -> ListingColumns:
    files = [row for row in rows if not row.is_folder]
    return ListingColumns(
        [row.location.key for row in files],
        array("q", [row.size or 0 for row in files]),
        array("q", [int(AT.timestamp()) * 10**9 + AT.microsecond * 1000 for _ in files]),
        [row.etag for row in files],
        [row.storage_class for row in files],
        [row.location.key for row in rows if row.is_folder],
    )


def filled(*rows: Row) -> Contents:
    contents = Contents("b", "p/")
    contents.append(row_columns("b", "p/", list(rows)))
    return contents


def names(contents: Contents) -> list[str]:
    return [row.name for row in contents.columns.rows(contents.numbers())]


etags = st.sampled_from(
    [HEX, HEX.upper(), f"{HEX}-1", f"{HEX}-10000", f"{HEX}-10001", f"{HEX}-0", f"{HEX}-01", "", "x"]
)
keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9) | st.sampled_from(
    ["a.txt", "/", "\n", "ß"]
)
rows = st.lists(
    st.builds(file, keys.filter(lambda key: not key.endswith("/")), st.integers(0, 2**50), etags)
    | st.builds(folder, keys),
    unique_by=lambda row: row.location,
)


class TestColumns:
    @given(rows)
    def test_rows_come_out_as_they_went_in(self, made: list[Row]) -> None:
        assert list(row_columns("b", "p/", made).rows()) == made

    @given(rows)
    def test_pages_give_the_same_rows_as_their_entries_one_by_one(self, made: list[Row]) -> None:
        ordered = [row for row in made if row.is_folder] + [row for row in made if not row.is_folder]
        columns = page_columns("b", "p/", page(made))
        assert list(columns.rows()) == ordered
        alike = row_columns("b", "p/", ordered)
        assert columns.marks.tolist() == alike.marks.tolist()
        assert columns.folded.tobytes() == alike.folded.tobytes()

    def test_what_looks_as_usual_is_kept_in_the_arrays_alone(self) -> None:
        made = [folder("f"), file("ä\U0001f389.PDF"), file("m", etag=f"{HEX}-12"), file("none", etag="")]
        assert page_columns("b", "p/", page(made)).odd == {}
        assert page_columns("b", "p/", page([*made, file("odd", etag="not hex")])).odd == {
            4: file("odd", etag="not hex")
        }

    def test_names_of_a_server_that_lists_what_nobody_asked_for_are_kept_too(self) -> None:
        elsewhere = file_row("b", S3FileInfo("q/x", 1, AT, HEX))
        assert list(page_columns("b", "p/", page([elsewhere])).rows()) == [elsewhere]

    def test_buckets(self) -> None:
        made = [bucket_row(BucketEntry("one", AT)), bucket_row(BucketEntry("two")), folder_row("three", "x/y/")]
        assert list(row_columns("", "", made).rows()) == made

    def test_rows_are_made_when_they_are_looked_at(self) -> None:
        some = row_columns("b", "p/", [folder("f"), file("a", 5), file("b", 7)]).rows()
        assert (len(some), some[1].name, [row.name for row in some[1:]]) == (3, "a", ["a", "b"])
        assert [row.name for row in row_columns("b", "p/", list(some)).folders()] == ["f"]

    def test_totals(self) -> None:
        made = [folder("f"), file("a", 5), file("b", 7)]
        assert totals(made) == totals(row_columns("b", "p/", made).rows()) == (2, 1, 12)


class TestContents:
    def test_rows_keep_their_numbers_while_others_come(self) -> None:
        contents = Contents("b", "p/")
        early: list[Segments] = []
        for number in range(50):
            new, replaced = contents.append(row_columns("b", "p/", [file(f"{number}-{each}") for each in range(20)]))
            assert (new.tolist(), set(replaced.tolist())) == (list(range(20 * number, 20 * number + 20)), {-1})
            early.append(contents.columns)
        assert [row.name for row in Rows(early[0], contents.numbers()[:20])] == [f"0-{each}" for each in range(20)]
        assert contents.columns.row(999).name == "49-19"
        assert contents.total == 1000

    def test_rows_of_several_pieces_are_numbered_through(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("s3browser.model.contents.SEGMENT", 8)
        made = [file(f"{number:03}.{'pdf' if number % 3 else 'txt'}", number) for number in range(50)]
        contents = filled(*made[:8])
        assert contents.find([made[7].location]).tolist() == [7]
        contents.append(row_columns("b", "p/", [*made[8:], folder("f"), file("odd", etag="?")]))
        columns = contents.columns
        assert [len(segment) for segment in columns.segments] == [8, 8, 8, 8, 8, 8, 4]
        assert list(columns.rows(contents.numbers())) == [*made, folder("f"), file("odd", etag="?")]
        assert contents.find([row.location for row in made[::-1]]).tolist() == list(range(50))[::-1]
        whole = row_columns("b", "p/", list(columns.rows(contents.numbers())))
        for wish in (*map(Wish, Column), Wish(text="1 txt"), Wish(text="f")):
            expected, found = arranged(whole, wish, NOTHING), arranged(columns, wish, NOTHING)
            assert found.shown(contents.alive).tolist() == expected.shown(contents.alive).tolist()
        assert matches(columns, "49", lambda: None, 45).tolist() == [number == 49 for number in range(45, 52)]
        lines = contents.numbers()
        assert [next_beginning(columns, "04", lines, start) for start in (0, 41, 50)] == [40, 41, 40]
        assert are_equal(columns, filled(*columns.rows(lines)).columns)
        backwards = filled(*made[::-1]).columns
        assert matched(columns, backwards, lines[:50]).tolist() == [*range(49, -1, -1), -1, -1]

    def test_put_adds_what_is_new_and_exchanges_what_has_changed(self) -> None:
        contents = filled(file("a"), file("b"), folder("c"))
        new, replaced = contents.put([file("b"), file("a", 9), file("d"), file("d", 2)])
        assert (new.tolist(), replaced.tolist()) == ([3, 4], [0, -1])
        assert names(contents) == ["b", "c", "a", "d"]
        assert [row.size for row in contents.columns.rows(new)] == [9, 2]

    def test_a_page_that_tells_what_was_put_meanwhile_does_not_say_it_twice(self) -> None:
        contents = filled(file("a"))
        contents.put([file("b", 1)])
        new, replaced = contents.append(page_columns("b", "p/", page([file("b", 2), file("c")])))
        assert (new.tolist(), replaced.tolist()) == ([2, 3], [1, -1])
        assert names(contents) == ["a", "b", "c"]

    def test_what_is_removed_is_not_found(self) -> None:
        contents = filled(file("a"), file("b"), folder("a"))
        wanted = [S3Location("b", "p/a"), S3Location("another", "p/a"), S3Location("b", "p/b"), S3Location("b", "p/a/")]
        assert contents.find(wanted).tolist() == [0, -1, 1, 2]
        contents.remove(contents.find([S3Location("b", "p/a"), S3Location("b", "p/none")]))
        assert contents.find(wanted).tolist() == [-1, -1, 1, 2]
        assert (contents.total, contents.alive.tolist()) == (2, [False, True, True])

    def test_names_and_folders(self) -> None:
        contents = filled(file("a"), folder("f"))
        assert [contents.has_name(name) for name in ("a", "f", "A", "")] == [True, True, False, False]
        assert list(contents.folders()) == [folder("f")]
        contents.remove(contents.find([folder("f").location]))
        assert not contents.has_name("f")
        assert list(contents.folders()) == []

    def test_kinds_and_storage_classes_of_pages_come_together(self) -> None:
        contents = filled(file("a.pdf", storage="GLACIER"))
        contents.append(row_columns("b", "p/", [file("b.txt"), file("c.PDF", storage="GLACIER")]))
        shown = [(row.kind.label, row.storage_class) for row in contents.columns.rows(contents.numbers())]
        assert shown == [("PDF document", "GLACIER"), ("Text", "STANDARD"), ("PDF document", "GLACIER")]


class TestAnotherListing:
    def test_rows_are_found_again(self) -> None:
        old, new = filled(file("a"), file("b"), folder("c")), filled(folder("c"), file("0"), file("a", 7))
        assert matched(old.columns, new.columns, new.numbers()).tolist() == [2, -1, 0]
        new.remove(new.find([folder("c").location]))
        assert matched(old.columns, new.columns, new.numbers()).tolist() == [2, -1, -1]

    def test_nothing_is_found_in_nothing(self) -> None:
        old, new = filled(file("a")), filled()
        assert matched(old.columns, new.columns, new.numbers()).tolist() == [-1]
        assert matched(new.columns, old.columns, old.numbers()).tolist() == []

    @pytest.mark.parametrize(
        "other", [[file("a")], [file("a"), file("c")], [file("a"), file("b", 2)], [file("a"), file("b", etag="x")],
                  [file("a"), file("b", storage="X")]]
    )  # fmt: skip
    def test_another_is_told_from_the_same(self, other: list[Row]) -> None:
        old = filled(file("a"), file("b"))
        assert are_equal(old.columns, filled(file("a"), file("b")).columns)
        assert not are_equal(old.columns, filled(*other).columns)
