"""Plans to show."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from s3browser.exceptions import S3DownloadError, S3UploadError
from s3browser.model.locations import S3Location
from s3browser.model.transfers import Conflict, Direction, Plan, Problem, TransferItem

THERE_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ROOT = Path("/home/me/Downloads")
BASE = "Invoices/"


def upload(name: str, size: int = 1000, *, days: int = 0, renamed: bool = False) -> TransferItem:
    """A file that was changed ``days`` after what is there, on its way to the folder “Invoices”."""
    modified_ns = int((THERE_AT + timedelta(days=days)).timestamp()) * 10**9
    return TransferItem(
        Direction.UPLOAD,
        S3Location("acme", BASE + name),
        Path("/home/me") / name,
        size,
        modified_ns=modified_ns,
        renamed=renamed,
    )


def download(key: str, path: str, size: int = 1000, *, renamed: bool = False) -> TransferItem:
    """An object on its way to “Downloads”."""
    location = S3Location("acme", key)
    return TransferItem(Direction.DOWNLOAD, location, ROOT / path, size, renamed=renamed, root=ROOT)


def conflict(name: str, *, days: int = 1, blocked: bool = False) -> Conflict:
    """An upload whose name is taken: 1,000 bytes over 500, ``days`` newer."""
    item = upload(name, days=days)
    kept = replace(item, location=S3Location("acme", f"{BASE}{name} (2)"), renamed=True)
    obstacle = S3UploadError("upload", name, "IsFolder") if blocked else None
    return Conflict(item, kept, 500, THERE_AT, obstacle)


def problem(name: str, reason: str = "Bad name.") -> Problem:
    """An upload that can’t be."""
    return Problem(upload(name), S3UploadError("upload", name, "BadName", reason=reason))


def download_problem(key: str) -> Problem:
    """A download that can’t be."""
    return Problem(download(key, "x"), S3DownloadError("download", key, "BadName", reason="Bad name."))


def uploads(count: int, **more: object) -> Plan:
    """A plan to upload so many files of 1,000 bytes to “Invoices”."""
    items = tuple(upload(f"{number}.txt") for number in range(count))
    return Plan(Direction.UPLOAD, items, target="Invoices", **more)  # type: ignore[arg-type]
