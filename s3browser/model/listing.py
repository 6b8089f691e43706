"""The rows of a folder, and their order. Pure functions."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from s3browser.model.entries import BucketEntry, ListingPage, S3FileInfo
from s3browser.model.kinds import BUCKET, FOLDER, Kind, kind_of
from s3browser.model.locations import S3Location

_DIGITS = re.compile(r"(\d+)")


class Column(IntEnum):
    """The columns of the contents table, in their order."""

    NAME = 0
    SIZE = 1
    KIND = 2
    MODIFIED = 3
    STORAGE = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the contents table: a bucket, a folder or a file.

    Attributes:
        location: where it is.
        name: what is shown; the whole rest of the key where that has no name of its own (``a//``).
        kind: what its name promises.
        size: in bytes; None for buckets and folders.
        modified_at: aware, UTC; a bucket's creation; None for folders.
        storage_class: of a file.
        etag: of a file, without quotes.
    """

    location: S3Location
    name: str
    kind: Kind
    size: int | None = None
    modified_at: datetime | None = None
    storage_class: str = ""
    etag: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether it can be entered: a bucket or a folder."""
        return self.location.is_folder


def bucket_row(bucket: BucketEntry) -> Row:
    """The row of a bucket."""
    return Row(S3Location(bucket.name), bucket.name, BUCKET, modified_at=bucket.created_at)


def folder_row(bucket: str, key: str) -> Row:
    """The row of a folder, whose key ends in the delimiter."""
    location = S3Location(bucket, key)
    return Row(location, location.label, FOLDER)


def file_row(bucket: str, info: S3FileInfo) -> Row:
    """The row of an object."""
    location = S3Location(bucket, info.key)
    name = location.label
    return Row(location, name, kind_of(name), info.size, info.last_modified, info.storage_class, info.etag)


def object_row(bucket: str, info: S3FileInfo) -> Row:
    """The row of an object, which is a folder's where it is a folder's marker."""
    return folder_row(bucket, info.key) if S3Location(bucket, info.key).is_folder else file_row(bucket, info)


def page_rows(bucket: str, page: ListingPage) -> list[Row]:
    """The rows of one page, in the server's order, folders first."""
    return [folder_row(bucket, key) for key in page.folders] + [file_row(bucket, info) for info in page.files]


def natural_key(name: str) -> list[str | int]:
    """Orders ``file2`` before ``file10`` in any case; text and numbers alternate, so two keys always compare."""
    parts: list[str | int] = list(_DIGITS.split(name.casefold()))
    parts[1::2] = [int(digits) for digits in parts[1::2]]
    return parts


_ORDER: dict[Column, Callable[[Row], Any]] = {
    Column.NAME: lambda row: (),
    Column.SIZE: lambda row: -1 if row.size is None else row.size,
    Column.KIND: lambda row: row.kind.label.casefold(),
    Column.MODIFIED: lambda row: row.modified_at.timestamp() if row.modified_at else 0.0,
    Column.STORAGE: lambda row: row.storage_class,
}


def sorted_rows(rows: Iterable[Row], column: Column, *, descending: bool = False) -> list[Row]:
    """Folders first, then by the column, then by name in natural order, then by key, so that the order is total."""
    by_name = sorted(
        rows, key=lambda row: (natural_key(row.name), row.location.key), reverse=descending and column is Column.NAME
    )
    by_column = sorted(by_name, key=_ORDER[column], reverse=descending) if column is not Column.NAME else by_name
    return sorted(by_column, key=lambda row: not row.is_folder)


def filtered_rows(rows: Iterable[Row], text: str) -> list[Row]:
    """The rows whose name contains every word of ``text``, without regard to case."""
    words = text.casefold().split()
    return [row for row in rows if all(word in row.name.casefold() for word in words)]
