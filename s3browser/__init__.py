"""s3browser: a desktop file browser for S3, and the small library under it.

The names below load on first use, so that ``import s3browser`` costs neither boto3 nor PySide6.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from s3browser.client import S3Client
    from s3browser.documents import DocumentProcessor
    from s3browser.exceptions import (
        Cancelled,
        S3AccessDeniedError,
        S3ArchivedError,
        S3BucketError,
        S3BusyError,
        S3ConflictError,
        S3ConnectionError,
        S3CredentialsError,
        S3DownloadError,
        S3FileNotFoundError,
        S3IntegrationError,
        S3IntegrityError,
        S3UnsupportedError,
        S3UploadError,
    )
    from s3browser.model.entries import S3FileInfo
    from s3browser.s3.config import S3Config
    from s3browser.s3.service import S3Service

_HOME = {
    "S3Client": "s3browser.client",
    "DocumentProcessor": "s3browser.documents",
    "S3FileInfo": "s3browser.model.entries",
    "S3Config": "s3browser.s3.config",
    "S3Service": "s3browser.s3.service",
}

__all__ = [
    "Cancelled",
    "DocumentProcessor",
    "S3AccessDeniedError",
    "S3ArchivedError",
    "S3BucketError",
    "S3BusyError",
    "S3Client",
    "S3Config",
    "S3ConflictError",
    "S3ConnectionError",
    "S3CredentialsError",
    "S3DownloadError",
    "S3FileInfo",
    "S3FileNotFoundError",
    "S3IntegrationError",
    "S3IntegrityError",
    "S3Service",
    "S3UnsupportedError",
    "S3UploadError",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME.get(name, "s3browser.exceptions")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
