from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QObject, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from s3browser.model.columns import row_columns
from s3browser.model.entries import S3FileInfo
from s3browser.model.listing import Column, Row, file_row, folder_row
from s3browser.model.locations import S3Location
from s3browser.ui.browser.contents_model import ContentsModel, ContentsRole


def file(name: str, size: int = 1, day: int = 1, storage: str = "STANDARD") -> Row:
    return file_row("b", S3FileInfo(name, size, datetime(2026, 1, day, tzinfo=UTC), "e", storage))


def folder(name: str) -> Row:
    return folder_row("b", name + "/")


@pytest.fixture
def model(qapp: QApplication) -> Iterator[ContentsModel]:
    owner = QObject()
    model = ContentsModel(owner)
    model.begin(S3Location("b"))
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, owner)
    yield model
    owner.deleteLater()


def add(model: ContentsModel, rows: list[Row]) -> None:
    model.append(row_columns("b", "", rows))


def names(model: ContentsModel) -> list[str]:
    return [model.index(line, 0).data() for line in range(model.rowCount())]


def test_folders_come_first_and_numbers_count(model: ContentsModel) -> None:
    add(model, [file("file10"), file("file2"), folder("zoo"), folder("Art")])
    model.finish()
    assert names(model) == ["Art", "zoo", "file2", "file10"]


def test_pages_are_appended_and_ordered_at_the_end(model: ContentsModel) -> None:
    add(model, [file("b")])
    add(model, [file("a")])
    assert names(model) == ["b", "a"]
    model.finish()
    assert names(model) == ["a", "b"]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column.SIZE, ["d", "b", "c", "a"]),
        (Column.MODIFIED, ["d", "c", "a", "b"]),
        (Column.KIND, ["d", "b", "a", "c"]),
        (Column.NAME, ["d", "a", "b", "c"]),
    ],
)
def test_every_column_sorts_both_ways_with_folders_first(
    model: ContentsModel, column: Column, expected: list[str]
) -> None:
    add(model, [file("a.txt", 30, 2), file("b.pdf", 10, 3), file("c.zip", 20, 1), folder("d")])
    model.sort(column, Qt.SortOrder.AscendingOrder)
    assert [name[0] for name in names(model)] == expected
    model.sort(column, Qt.SortOrder.DescendingOrder)
    assert [name[0] for name in names(model)] == [expected[0], *reversed(expected[1:])]


def test_a_held_index_follows_its_row_through_sorting(model: ContentsModel) -> None:
    add(model, [file("a", 3), file("b", 2), file("c", 1)])
    held = QPersistentModelIndex(model.index(0, 0))
    model.sort(Column.SIZE, Qt.SortOrder.AscendingOrder)
    assert held.row() == 2
    assert held.data() == "a"


def test_the_filter_wants_every_word_in_any_case(model: ContentsModel) -> None:
    add(model, [file("Annual report.pdf"), file("report draft.txt"), folder("Reports 2026")])
    model.set_filter("REPORT an")
    assert names(model) == ["Annual report.pdf"]
    assert model.total == 3
    model.set_filter("")
    assert len(names(model)) == 3


def test_rows_that_come_while_filtered_are_filtered_too(model: ContentsModel) -> None:
    model.set_filter("keep")
    add(model, [file("keep 1"), file("drop 1")])
    model.put([file("keep 0"), file("drop 0")])
    assert names(model) == ["keep 0", "keep 1"]
    assert model.total == 4


def test_put_inserts_at_its_place_and_updates_in_place(model: ContentsModel) -> None:
    add(model, [file("a", 1), file("c", 1)])
    model.put([file("b", 7)])
    model.put([file("a", 5)])
    assert names(model) == ["a", "b", "c"]
    assert model.index(0, Column.SIZE).data() == "5 bytes"


def test_remove_takes_out_only_what_is_named(model: ContentsModel) -> None:
    add(model, [file("a"), file("b"), file("c")])
    model.remove([S3Location("b", "a"), S3Location("b", "c"), S3Location("b", "not there")])
    assert names(model) == ["b"]
    assert model.total == 1


def test_cells_say_what_they_are(model: ContentsModel) -> None:
    add(model, [folder("d"), file("x.pdf", 1500, storage="STANDARD_IA")])
    assert [model.index(0, c).data() for c in Column] == ["d", "—", "Folder", "—", "—"]
    assert [model.index(1, c).data() for c in (0, 1, 2, 4)] == ["x.pdf", "2 KB", "PDF document", "Infrequent access"]
    assert model.index(1, Column.SIZE).data(Qt.ItemDataRole.AccessibleTextRole) == "Size: 2 KB"
    assert isinstance(model.index(1, 0).data(ContentsRole.ROW), Row)


def test_only_files_can_be_dragged_and_only_folders_dropped_on(model: ContentsModel) -> None:
    add(model, [folder("d"), file("x")])
    on_folder, on_file = model.index(0, 0).flags(), model.index(1, 0).flags()
    assert on_folder & Qt.ItemFlag.ItemIsDropEnabled
    assert not on_file & Qt.ItemFlag.ItemIsDropEnabled
    assert on_file & Qt.ItemFlag.ItemIsDragEnabled


def test_files_and_folders_can_be_dragged_out_and_buckets_cannot(model: ContentsModel) -> None:
    add(model, [file("a.txt"), folder("f"), folder_row("bucket", "")])
    model.finish()
    draggable = {
        model.index(line, 0).data()
        for line in range(3)
        if model.flags(model.index(line, 0)) & Qt.ItemFlag.ItemIsDragEnabled
    }
    assert draggable == {"a.txt", "f"}


def test_a_column_that_is_not_there_is_not_sorted_by(model: ContentsModel) -> None:
    add(model, [file("b"), file("a")])
    model.sort(len(Column))
    model.finish()
    assert names(model) == ["a", "b"]
