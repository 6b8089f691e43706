"""The rows of a folder, one by one. Pure functions."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from s3browser.model.entries import BucketEntry, S3FileInfo
from s3browser.model.kinds import BUCKET, FOLDER, Kind, kind_of
from s3browser.model.locations import S3Location

_DIGITS = re.compile(r"([0-9]+)")


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


def natural_key(name: str) -> list[str | int]:
    """Orders ``file2`` before ``file10`` in any case; text and numbers alternate, so two keys always compare."""
    parts: list[str | int] = list(_DIGITS.split(name.casefold()))
    parts[1::2] = [int(digits) for digits in parts[1::2]]
    return parts
