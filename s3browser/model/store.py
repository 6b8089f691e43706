"""The calls the program needs of S3, as ``ui``, ``transfers`` and ``documents`` see them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO, Protocol

from s3browser.model.entries import (
    BucketEntry,
    DeleteFailure,
    ListingColumns,
    ListingPage,
    ObjectDetails,
    OpenUpload,
    S3FileInfo,
    UploadedPart,
)

Sent = Callable[[int], object]
"""Called with how many bytes of a body have left this computer; it goes back where the body is sent again."""


class Cancel(Protocol):
    """What a blocking call asks whether to stop: a ``CancelToken`` or a ``threading.Event``."""

    def is_set(self) -> bool:
        """Whether to stop."""

    def wait(self, timeout: float | None = None) -> bool:
        """Block up to ``timeout`` seconds; whether to stop."""


class ObjectStore(Protocol):
    """S3 as plain blocking calls. Thread-safe; call it from a lane, never from the window's thread.

    Every call retries by itself what can pass by itself, raises ``Cancelled`` soon after ``cancel`` is set, and raises
    the errors of ``s3browser.exceptions``. A server that falls silent holds a cancel up until the read timeout, but not
    that of ``put``, ``put_part`` and ``fetch``.
    Sizes and positions are bytes. Keys are taken as they are.
    """

    def keeps_checksums(self, bucket: str) -> bool:
        """Whether this server verifies and keeps CRC64NVME; found out with the first upload, False until known.

        Costs nothing.
        """

    def check_credentials(self) -> None:
        """Prove the keys with one cheap call; being signed in but not allowed to list buckets is a proof too."""

    def list_buckets(self) -> list[BucketEntry]:
        """Every bucket the keys may see, by name."""

    def create_bucket(self, bucket: str) -> None:
        """Create it in the connection's region; one that is ours already is no error."""

    def list_folder(self, bucket: str, prefix: str, *, cancel: Cancel | None = None) -> Iterator[ListingPage]:
        """What lies directly in a folder, a page at a time; at least one page."""

    def list_files(self, bucket: str, prefix: str, *, cancel: Cancel | None = None) -> Iterator[S3FileInfo]:
        """Every object whose key begins with ``prefix``, at any depth, folder markers included; in keys' order."""

    def list_columns(
        self, bucket: str, prefix: str, *, deep: bool = False, cancel: Cancel | None = None
    ) -> Iterator[ListingColumns]:
        """``list_folder``, or with ``deep`` ``list_files``, as columns: what to take where there may be a million.

        At least one page; a page may be empty. No name comes twice.
        """

    def head(self, bucket: str, key: str, *, operation: str = "read", cancel: Cancel | None = None) -> ObjectDetails:
        """One object's details. ``operation`` is what they are needed for, as the title of an error names it."""

    def put(
        self,
        bucket: str,
        key: str,
        body: BinaryIO,
        size: int,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
        on_sent: Sent | None = None,
        cancel: Cancel | None = None,
    ) -> str:
        """Store ``size`` bytes read from ``body``'s start as one object, and return its ETag.

        The bytes go with a checksum that the server verifies, and what it answers is compared with it.
        ``body`` may be rewound and read again.

        Raises:
            S3ConflictError: with ``if_absent``, something has this key already. An object that an earlier attempt of
                this very call stored, whose answer was lost, is no conflict. A server that does not know conditions
                replaces what is there.
            S3IntegrityError: what was stored is not what was sent, on every attempt.
        """

    def create_multipart(
        self,
        bucket: str,
        key: str,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        cancel: Cancel | None = None,
    ) -> str:
        """Open a multipart upload and return its upload id; what a lost answer left open is gone (``abort_strays``).

        Where it raises, the server may have opened one nevertheless.
        """

    def put_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        number: int,
        body: BinaryIO,
        size: int,
        *,
        on_sent: Sent | None = None,
        cancel: Cancel | None = None,
    ) -> UploadedPart:
        """Store one part (``number`` from 1); ``body`` is read, verified and retried as in ``put``.

        Raises:
            S3FileNotFoundError: there is no such upload (any more).
        """

    def complete_multipart(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[UploadedPart], *, if_absent: bool = False
    ) -> str:
        """Join the parts into the object, and return its ETag. An answer that was lost does not make it fail.

        Raises:
            S3ConflictError: as ``put``.
            S3FileNotFoundError: there is no such upload, and no object made of these parts.
        """

    def list_parts(self, bucket: str, key: str, upload_id: str, *, cancel: Cancel | None = None) -> list[UploadedPart]:
        """The parts that the server has of an open upload, by number.

        Raises:
            S3FileNotFoundError: there is no such upload (any more).
        """

    def list_uploads(self, bucket: str, prefix: str = "", *, cancel: Cancel | None = None) -> Iterator[OpenUpload]:
        """Every open multipart upload whose key begins with ``prefix``, by key, the oldest of a key first.

        Raises:
            S3UnsupportedError: this server cannot tell.
        """

    def abort_strays(self, bucket: str, key: str) -> None:
        """Throw away the open uploads of exactly this key that have no parts: nobody may know their upload id.

        That is what is left where ``create_multipart`` was interrupted. One that somebody else has opened this very
        moment looks the same, and has to be opened again.

        Raises:
            S3UnsupportedError: this server cannot tell.
        """

    def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        """Throw the parts away; an upload that is gone already is no error."""

    def fetch(
        self,
        bucket: str,
        key: str,
        write: Callable[[bytes | memoryview], object],
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        on_details: Callable[[ObjectDetails], object] | None = None,
        cancel: Cancel | None = None,
    ) -> int:
        """Hand the bytes from ``start`` up to ``stop`` to ``write``, each exactly once and in order.

        ``stop`` is exclusive; None means to the end. A broken line is taken up where it broke, under ``If-Match``.
        ``write`` gets up to 1 MiB at a time and may not keep it: the memory is used again. ``on_details`` is called
        once, before the first byte, with what the answer tells of the whole object.

        Returns:
            How many bytes were handed over.

        Raises:
            S3ConflictError: the object is no longer the one with ETag ``if_match``.
            S3IntegrityError: the server sent fewer bytes than it announced, on every attempt.
        """

    def delete(self, bucket: str, key: str) -> None:
        """Delete one object; one that is not there is no error."""

    def delete_many(self, bucket: str, keys: Sequence[str], *, cancel: Cancel | None = None) -> list[DeleteFailure]:
        """Delete any number of objects, a thousand a request; return those that stayed, with the reason."""
