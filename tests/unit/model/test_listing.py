from datetime import UTC, datetime

import pytest

from s3browser.model.entries import BucketEntry, S3FileInfo
from s3browser.model.kinds import BUCKET, FOLDER, PLAIN, kind_of
from s3browser.model.listing import (
    bucket_row,
    file_row,
    folder_row,
    natural_key,
    object_row,
)
from s3browser.model.locations import S3Location

EARLY, LATE = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


def info(key: str, size: int = 1, modified: datetime = EARLY, storage: str = "STANDARD") -> S3FileInfo:
    return S3FileInfo(key, size, modified, "etag", storage)


def test_rows_of_what_a_listing_tells() -> None:
    folder, file = folder_row("b", "f/g/"), file_row("b", info("f/a.pdf", 3, LATE, "GLACIER"))
    assert (folder.name, folder.kind, folder.is_folder, folder.size) == ("g", FOLDER, True, None)
    assert (file.name, file.kind.label, file.is_folder, file.size) == ("a.pdf", "PDF document", False, 3)
    assert (file.modified_at, file.storage_class, file.etag) == (LATE, "GLACIER", "etag")
    bucket = bucket_row(BucketEntry("b", EARLY))
    assert (bucket.name, bucket.kind, bucket.is_folder, bucket.modified_at) == ("b", BUCKET, True, EARLY)


def test_the_row_of_an_object_is_a_folders_where_it_marks_one() -> None:
    assert object_row("b", info("f/g/")) == folder_row("b", "f/g/")
    assert object_row("b", info("f/g", 3)) == file_row("b", info("f/g", 3))


def test_what_has_no_name_says_so() -> None:
    assert folder_row("b", "f//").name == "(no name)"
    assert file_row("b", info("f//")).name == "(no name)"


def test_natural_order() -> None:
    assert sorted(["a10", "A2", "a", "2", "10"], key=natural_key) == ["2", "10", "a", "A2", "a10"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("a.PDF", "PDF document"),
        ("a.b.xlsx", "Spreadsheet"),
        ("a.indd", "INDD file"),
        ("Makefile", "File"),
        (".bashrc", "File"),
        ("a.", "File"),
        ("a.b c", "File"),
        ("a.12345678901", "File"),
    ],
)
def test_kinds(name: str, label: str) -> None:
    assert kind_of(name).label == label
    assert kind_of("no") is PLAIN


def test_a_location_tells_what_a_row_is() -> None:
    assert folder_row("b", "f/").location == S3Location("b", "f/")
