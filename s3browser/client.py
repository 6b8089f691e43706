"""The five calls that most scripts need."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from s3browser.exceptions import S3FileNotFoundError, S3IntegrationError
from s3browser.model.entries import S3FileInfo
from s3browser.model.locations import S3Location, key_problem
from s3browser.model.store import Cancel, ObjectStore
from s3browser.model.transfers import Progress
from s3browser.s3.config import S3Config
from s3browser.s3.service import S3Service
from s3browser.transfers.download import download_file
from s3browser.transfers.upload import upload_file


class S3Client:
    """One bucket. Every call blocks; thread-safe. Building it asks nobody: the first call signs in.

    Every call raises, besides what it says itself, the errors that any call can meet: ``S3CredentialsError``,
    ``S3AccessDeniedError``, ``S3BucketError``, ``S3ConnectionError``, ``S3BusyError`` and the others of
    ``s3browser.exceptions``; what can pass by itself has been tried again by then. A key that S3 can't store is an
    ``S3IntegrationError`` with code ``BadName``.

    ``on_progress(bytes_so_far, total)`` is called on the calling thread with a position that never goes back.
    ``cancel`` is a ``threading.Event`` or alike; soon after it is set the call raises ``Cancelled``.

    ``close()``, or the end of a ``with`` block, lets go of the connections that are kept for the next call.

    Args:
        config: the bucket, and how to reach it.

    Raises:
        S3CredentialsError: the settings are wrong; every problem is named.
        S3BucketError: only the bucket's name is.
    """

    def __init__(self, config: S3Config, *, _store: ObjectStore | None = None) -> None:
        config.validate()
        self._bucket = config.bucket_name
        self._store = _store or S3Service(config)

    def close(self) -> None:
        """Close the idle connections. A later call opens new ones."""
        if isinstance(self._store, S3Service):
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def upload_file(
        self,
        local_path: str | os.PathLike[str],
        key: str | None = None,
        *,
        on_progress: Progress | None = None,
        cancel: Cancel | None = None,
        metadata: Mapping[str, str] | None = None,
        content_type: str | None = None,
    ) -> str:
        """Store a file and return its ``s3://bucket/key`` URL; an object that is there already is replaced.

        Args:
            local_path: the file.
            key: the file's name where None.
            on_progress: see the class.
            cancel: see the class.
            metadata: kept with the object.
            content_type: guessed from the file's name where None.

        Raises:
            S3UploadError: the file is missing, a folder, unreadable or was changed while it was sent, or S3 can't
                store the key.
        """
        location = S3Location(self._bucket, Path(local_path).name if key is None else key)
        upload_file(
            self._store, local_path, location,
            on_progress=on_progress, cancel=cancel, metadata=metadata, content_type=content_type,
        )  # fmt: skip
        return str(location)

    def download_file(
        self,
        key: str,
        local_path: str | os.PathLike[str],
        *,
        on_progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Path:
        """Save an object as a file and return its path; a file that is there already is replaced, all at once.

        Raises:
            S3FileNotFoundError: there is no such object.
            S3DownloadError: the disk is full, the folder is missing or read-only, or the name can't be stored.
            S3IntegrityError: what arrived is not what was stored.
        """
        location = self._at("download", key)
        return download_file(self._store, location, local_path, on_progress=on_progress, cancel=cancel)

    def list_files(self, prefix: str = "") -> Iterator[S3FileInfo]:
        """Every object whose key begins with ``prefix``, at any depth; a page is fetched when it is needed."""
        return self._store.list_files(self._bucket, self._at("list", prefix).key if prefix else "")

    def delete_file(self, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        self._store.delete(self._bucket, self._at("delete", key).key)

    def file_exists(self, key: str) -> bool:
        """Whether there is such an object: False only if S3 says that there is none.

        Raises:
            S3AccessDeniedError: these keys may not know.
        """
        location = self._at("exists", key)
        try:
            self._store.head(location.bucket, location.key, operation="exists")
        except S3FileNotFoundError:
            return False
        return True

    def _at(self, operation: str, key: str) -> S3Location:
        """Where ``key`` is. Raises S3IntegrationError for a key that S3 can't even be asked about."""
        if problem := key_problem(key):
            raise S3IntegrationError(operation, f"s3://{self._bucket}/{key}", "BadName", reason=problem)
        return S3Location(self._bucket, key)
