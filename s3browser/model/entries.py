from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class S3FileInfo:
    """One object as a listing tells it.

    Attributes:
        key: the whole key.
        size: in bytes.
        last_modified: aware, UTC.
        etag: without its quotes.
        storage_class: ``STANDARD``, ``GLACIER``, …
    """

    key: str
    size: int
    last_modified: datetime
    etag: str
    storage_class: str = "STANDARD"


@dataclass(frozen=True, slots=True)
class BucketEntry:
    """One bucket; ``created_at`` is aware, UTC, or None where the server does not say."""

    name: str
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListingPage:
    """One page of a folder.

    Attributes:
        files: in the server's order; the folder's own marker object is left out.
        folders: the keys of the folders directly below, each ending in the delimiter.
    """

    files: tuple[S3FileInfo, ...]
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ObjectDetails:
    """What HEAD tells of one object. ``checksums`` maps an algorithm (``CRC32``) to its base64 value."""

    key: str
    size: int
    last_modified: datetime
    etag: str
    storage_class: str = "STANDARD"
    content_type: str = ""
    version_id: str | None = None
    encryption: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """One stored part of a multipart upload.

    Attributes:
        number: from 1.
        size: in bytes.
        etag: without quotes.
        crc64nvme: its CRC64NVME, base64, where the server verified and kept it; else empty.
    """

    number: int
    size: int
    etag: str
    crc64nvme: str = ""


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """A multipart upload that was neither completed nor aborted; ``started_at`` is aware, UTC, or None."""

    key: str
    upload_id: str
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeleteFailure:
    """One key of a batch that was not deleted, and why."""

    key: str
    error: Exception
