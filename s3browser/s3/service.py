"""Everything AWS-specific: the calls the program needs, on boto3 and, for the bodies of objects, on its own wire."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from s3browser.exceptions import (
    S3AccessDeniedError,
    S3BucketError,
    S3CredentialsError,
    S3FileNotFoundError,
    S3IntegrationError,
)
from s3browser.jobs.pace import Throttle
from s3browser.jobs.retry import retrying
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
from s3browser.model.locations import DELIMITER
from s3browser.model.store import Cancel, Sent
from s3browser.s3.caller import Caller
from s3browser.s3.checksums import Abilities
from s3browser.s3.config import S3Config
from s3browser.s3.deleting import delete_many
from s3browser.s3.direct import Direct, Request
from s3browser.s3.endpoints import Endpoints
from s3browser.s3.fetching import Fetch, head
from s3browser.s3.headers import details
from s3browser.s3.listing import Listing
from s3browser.s3.multipart import Multipart
from s3browser.s3.ranges import all_columns
from s3browser.s3.session import FALLBACK_REGION, is_amazon
from s3browser.s3.signin import check_credentials, list_buckets
from s3browser.s3.storing import Storing
from s3browser.s3.translate import Call, translated

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client as BotoClient

T = TypeVar("T")

_NO_REASON = 400


class S3Service:
    """S3; an ``ObjectStore``, whose docstrings say what the calls guarantee. Thread-safe.

    Building it costs nothing and asks nobody: the client is made at the first call.

    Args:
        config: how to reach S3. ``bucket_name`` is only what ``_ensure_bucket_exists`` and ``check_credentials``
            fall back to: every bucket can be used.
        throttle: the program's bandwidth; None: a connection of its own, without limits.
    """

    def __init__(self, config: S3Config, throttle: Throttle | None = None) -> None:
        self.config = config
        self._caller = Caller(config)
        self._server = Abilities()
        self._endpoints = Endpoints(self._caller)
        self._direct = Direct(self._endpoints, throttle or Throttle())
        # What is read of folders is not what somebody limits who limits transfers.
        self._listing = Direct(self._endpoints, Throttle())
        self._storing = Storing(self._caller, self._direct, self._server)
        self._multipart = Multipart(self._caller, self._server)
        self._buckets_seen: set[str] = set()

    # ------------------------------------------------------------------ the connection

    def _get_s3_client(self) -> "BotoClient":
        """The boto3 client: built once, shared by every thread.

        Raises:
            S3CredentialsError: the settings are wrong; every problem is named.
            S3CertificateError: the certificate file can't be read.
        """
        return self._caller.client()

    def close(self) -> None:
        """Close the idle connections. A later call opens new ones."""
        self._endpoints.close()
        self._caller.close()

    def keeps_checksums(self, bucket: str) -> bool:
        """As ``ObjectStore`` says."""
        return self._server.keeps_checksums is True

    def check_credentials(self) -> None:
        """Prove the keys with one cheap call.

        Being signed in but not allowed to list the buckets proves them too, if the server answers wrong keys in
        another way. Some do not (radosgw with STS): there, one call with a made-up key shows that it cannot be known.

        Raises:
            S3CredentialsError: missing, wrong, expired or clock-skewed, told apart by ``code``; ``AccessDenied`` where
                the server does not tell wrong keys from missing permissions.
            S3IntegrationError: the server could not be asked.
        """
        check_credentials(self._caller)

    def _validate_credentials(self) -> None:
        """The same as ``check_credentials``."""
        self.check_credentials()

    # ------------------------------------------------------------------ buckets

    def list_buckets(self) -> list[BucketEntry]:
        """As ``ObjectStore`` says."""
        answer = list_buckets(self._caller, Call("list_buckets", server=self._caller.server))
        buckets = [BucketEntry(bucket["Name"], bucket.get("CreationDate")) for bucket in answer.get("Buckets", ())]
        return sorted(buckets, key=lambda bucket: bucket.name)

    def create_bucket(self, bucket: str) -> None:
        """As ``ObjectStore`` says."""
        try:
            self._create(bucket)
        except S3BucketError as error:
            # rclone calls one of ours somebody else's
            unclear = error.code == "BucketAlreadyExists" and self._is_listed(bucket)
            if error.code != "BucketAlreadyOwnedByYou" and not unclear:
                raise
        self._buckets_seen.add(bucket)

    def _create(self, bucket: str) -> None:
        call = Call("create_bucket", bucket)
        meta = self._caller.client().meta
        here: dict[str, Any] = {"Bucket": bucket}
        # us-east-1 is the one region that must not be named.
        if meta.region_name != FALLBACK_REGION:
            here["CreateBucketConfiguration"] = {"LocationConstraint": meta.region_name}
        if not is_amazon(meta.endpoint_url):
            # Most other servers know only their own names for regions; some insist on the one that signs the request.
            try:
                self._caller.run(call, lambda client: client.create_bucket(Bucket=bucket))
                return
            except S3BucketError as error:
                if error.code != "IllegalLocationConstraintException":
                    raise
        self._caller.run(call, lambda client: client.create_bucket(**here))

    def _ensure_bucket_exists(self, bucket: str | None = None, create: bool = False) -> None:
        """Return if the bucket is there and usable with these keys.

        Args:
            bucket: None: the one of the configuration.
            create: create it if it is not there.

        Raises:
            S3BucketError: it is not there (and ``create`` is off), or belongs to somebody else.
            S3AccessDeniedError: it is there, and whose it is cannot be known with these keys.
        """
        name = bucket or self.config.bucket_name
        if not name:
            raise S3BucketError("open_bucket", "", "InvalidBucketName", reason="No bucket is given.")
        call = Call("open_bucket", name)
        try:
            self._explained(call, lambda: self._caller.run(call, lambda client: client.head_bucket(Bucket=name)))
        except S3BucketError as error:
            if not (create and error.code == "NoSuchBucket"):
                raise
            self.create_bucket(name)
        except S3AccessDeniedError as denied:
            if self._is_listed(name) is False:
                raise call.error(
                    S3BucketError, "BucketAlreadyExists", status=denied.status, request_id=denied.request_id
                ) from denied
            raise

    def _is_listed(self, bucket: str) -> bool | None:
        """Whether it is among those of these keys; None where that cannot be known."""
        try:
            return any(mine.name == bucket for mine in self.list_buckets())
        except S3IntegrationError:
            return None

    # ------------------------------------------------------------------ listings

    def list_folder(self, bucket: str, prefix: str, *, cancel: Cancel | None = None) -> Iterator[ListingPage]:
        """As ``ObjectStore`` says."""
        for page in self.list_columns(bucket, prefix, cancel=cancel):
            yield ListingPage(tuple(page.files()), tuple(page.folders))

    def list_files(self, bucket: str, prefix: str, *, cancel: Cancel | None = None) -> Iterator[S3FileInfo]:
        """As ``ObjectStore`` says."""
        for page in self.list_columns(bucket, prefix, deep=True, cancel=cancel):
            yield from page.files()

    def list_columns(
        self, bucket: str, prefix: str, *, deep: bool = False, cancel: Cancel | None = None
    ) -> Iterator[ListingColumns]:
        """As ``ObjectStore`` says."""
        listing = Listing(self._listing, self._caller, bucket, prefix, "" if deep else DELIMITER, cancel)
        for columns in all_columns(listing):
            self._buckets_seen.add(bucket)
            # A folder's own marker is the first of its names.
            yield columns.cut(1, len(columns.keys)) if not deep and columns.keys[:1] == [prefix] else columns

    # ------------------------------------------------------------------ one object

    def head(self, bucket: str, key: str, *, operation: str = "read", cancel: Cancel | None = None) -> ObjectDetails:
        """As ``ObjectStore`` says.

        Raises:
            S3FileNotFoundError: only where the server says that the key is not there.
            S3AccessDeniedError: also where it is not there and these keys may not list the bucket: S3 does not tell.
        """
        call = Call(operation, bucket, key)
        request = Request(call, "HEAD", "HeadObject", cancel=cancel)

        def attempt() -> ObjectDetails:
            with self._caller.pace.slot(cancel):
                try:
                    return head(self._direct, request)
                except S3IntegrationError as error:
                    if error.status != _NO_REASON:
                        raise
                with translated(call):
                    # The region may be wrong, which a HEAD has no body to say. boto3 asks around, and remembers.
                    answer = self._caller.client().head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
                return details(key, cast("Mapping[str, Any]", answer))

        return self._explained(call, lambda: retrying(attempt, self._caller.policy, cancel), cancel)

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
        """As ``ObjectStore`` says. The memory of a ``body`` with ``getbuffer()`` is sent without a copy.

        Raises:
            S3UploadError: ``body`` ended before ``size`` bytes (code ``Changed``), or no header can hold the metadata
                or the content type (``BadMetadata``).
            OSError: ``body`` raised it.
        """
        call = Call("upload", bucket, key)
        return self._storing.put(
            call, body, size, content_type, metadata, lambda: self.head(bucket, key, operation="upload", cancel=cancel),
            if_absent=if_absent, on_sent=on_sent, cancel=cancel,
        )  # fmt: skip

    def create_multipart(
        self,
        bucket: str,
        key: str,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        cancel: Cancel | None = None,
    ) -> str:
        """As ``ObjectStore`` says; metadata and content type are refused as in ``put``."""
        return self._multipart.create(Call("upload", bucket, key), content_type, metadata, cancel)

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
        """As ``ObjectStore`` says; raises what ``put`` raises."""
        return self._storing.put_part(
            Call("upload", bucket, key), upload_id, number, body, size, on_sent=on_sent, cancel=cancel
        )

    def complete_multipart(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[UploadedPart], *, if_absent: bool = False
    ) -> str:
        """As ``ObjectStore`` says."""
        return self._multipart.complete(
            Call("upload", bucket, key), upload_id, parts, lambda: self.head(bucket, key, operation="upload"),
            if_absent=if_absent,
        )  # fmt: skip

    def list_parts(self, bucket: str, key: str, upload_id: str, *, cancel: Cancel | None = None) -> list[UploadedPart]:
        """As ``ObjectStore`` says."""
        return self._multipart.list_parts(Call("upload", bucket, key), upload_id, cancel)

    def list_uploads(self, bucket: str, prefix: str = "", *, cancel: Cancel | None = None) -> Iterator[OpenUpload]:
        """As ``ObjectStore`` says."""
        yield from self._multipart.list_uploads(Call("list", bucket, prefix), cancel)

    def abort_strays(self, bucket: str, key: str) -> None:
        """As ``ObjectStore`` says."""
        self._multipart.abort_strays(Call("upload", bucket, key))

    def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        """As ``ObjectStore`` says."""
        self._multipart.abort(Call("upload", bucket, key), upload_id)

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
        """As ``ObjectStore`` says. What ``write`` or ``on_details`` raises comes out unchanged and ends the fetch."""
        if stop is not None and stop <= start:
            return 0
        attempt = Fetch(
            self._direct, self._caller.pace,
            Request(Call("download", bucket, key), "GET", "GetObject", cancel=cancel), write,
            start=start, stop=stop, if_match=if_match, on_details=on_details,
        )  # fmt: skip
        count = retrying(attempt, self._caller.policy, cancel, lambda: attempt.position)
        if attempt.failure is not None:
            raise attempt.failure
        return count

    # ------------------------------------------------------------------ deleting

    def delete(self, bucket: str, key: str) -> None:
        """As ``ObjectStore`` says."""
        with suppress(S3FileNotFoundError):
            self._caller.run(Call("delete", bucket, key), lambda client: client.delete_object(Bucket=bucket, Key=key))

    def delete_many(self, bucket: str, keys: Sequence[str], *, cancel: Cancel | None = None) -> list[DeleteFailure]:
        """As ``ObjectStore`` says.

        An error that concerns the whole request is raised only while nothing has been deleted; later it becomes the
        reason of every key that is left, so that the caller always learns what is gone.
        """
        return delete_many(
            self._caller.client(), self._caller.policy, bucket, keys, lambda key: self.delete(bucket, key), cancel
        )

    # ------------------------------------------------------------------ inside

    def _explained(self, call: Call, ask: Callable[[], T], cancel: Cancel | None = None) -> T:
        """Ask by a HEAD, whose refusals say nothing but a status, and find out what is behind one.

        A call with a body tells missing keys from missing buckets and expired sign-ins from missing permissions.
        """
        try:
            answer = ask()
        except S3IntegrationError as error:
            told_all = error.retryable or error.code not in (None, "NoSuchBucket")
            if told_all or (isinstance(error, S3FileNotFoundError) and call.bucket in self._buckets_seen):
                raise
            try:
                self._caller.run(
                    call, lambda client: client.list_objects_v2(Bucket=call.bucket, Prefix=call.key, MaxKeys=1), cancel
                )
                self._buckets_seen.add(call.bucket)
            except (S3CredentialsError, S3BucketError) as clearer:
                raise clearer from error
            except S3IntegrationError:
                pass
            raise
        self._buckets_seen.add(call.bucket)
        return answer
