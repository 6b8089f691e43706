"""Everything AWS-specific: the calls the program needs, on boto3."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from email.header import Header, decode_header, make_header
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from s3browser.exceptions import (
    S3AccessDeniedError,
    S3BucketError,
    S3ConnectionError,
    S3CredentialsError,
    S3FileNotFoundError,
    S3IntegrationError,
    S3UnsupportedError,
)
from s3browser.jobs.retry import RetryPolicy, retrying
from s3browser.model.entries import (
    BucketEntry,
    DeleteFailure,
    ListingPage,
    ObjectDetails,
    S3FileInfo,
    UploadedPart,
)
from s3browser.model.locations import DELIMITER
from s3browser.model.store import Cancel
from s3browser.s3.config import S3Config
from s3browser.s3.deleting import delete_many
from s3browser.s3.fetching import Fetch
from s3browser.s3.listing import Page, file_info, pages
from s3browser.s3.session import FALLBACK_REGION, build_client, is_amazon
from s3browser.s3.streams import UploadBody
from s3browser.s3.translate import Call, translated

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client as BotoClient

T = TypeVar("T")


class S3Service:
    """S3 through boto3; an ``ObjectStore``, whose docstrings say what the calls guarantee. Thread-safe.

    Building it costs nothing and asks nobody: the client is made at the first call.

    Args:
        config: how to reach S3. ``bucket_name`` is only what ``_ensure_bucket_exists`` falls back to.
    """

    def __init__(self, config: S3Config) -> None:
        self.config = config
        self._policy = RetryPolicy(max(1, config.max_attempts), config.max_backoff_s)
        self._lock = threading.Lock()
        self._client: BotoClient | None = None
        self._buckets_seen: set[str] = set()

    # ------------------------------------------------------------------ the connection

    def _get_s3_client(self) -> "BotoClient":
        """The boto3 client: built once, shared by every thread.

        Raises:
            S3CredentialsError: the settings are wrong; every problem is named.
            S3CertificateError: the certificate file can't be read.
        """
        with self._lock:
            if self._client is None:
                self._client = build_client(self.config, self._connect())
            return self._client

    def close(self) -> None:
        """Close the idle connections. A later call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def check_credentials(self) -> None:
        """Prove the keys with one cheap call.

        Being signed in but not allowed to list the buckets proves them too, if the server answers wrong keys in
        another way. Some do not (radosgw with STS): there, one call with a made-up key shows that it cannot be known.

        Raises:
            S3CredentialsError: missing, wrong, expired or clock-skewed, told apart by ``code``; ``AccessDenied`` where
                the server does not tell wrong keys from missing permissions.
            S3IntegrationError: the server could not be asked.
        """
        # Fewer attempts: somebody waits, and what is wrong is mostly the address.
        policy = replace(self._policy, max_attempts=min(2, self._policy.max_attempts))
        try:
            self._list_buckets(self._get_s3_client(), policy)
        except (S3AccessDeniedError, S3UnsupportedError) as refused:
            if refused.code == "UserSuspended":
                raise
            if self.config.bucket_name and self._bucket_answers(self.config.bucket_name):
                return
            if isinstance(refused, S3UnsupportedError):
                raise
            if not self._tells_wrong_keys(policy):
                raise self._connect().error(
                    S3CredentialsError,
                    "AccessDenied",
                    status=refused.status,
                    request_id=refused.request_id,
                    server_message=refused.server_message,
                    reason="The server refused without saying why: the keys may be wrong, or may not list buckets.",
                    hint="Check both keys. If they are right, open a bucket by its name.",
                ) from refused

    def _validate_credentials(self) -> None:
        """The same as ``check_credentials``."""
        self.check_credentials()

    def _connect(self) -> Call:
        return Call("connect", server=self.config.endpoint_url or "Amazon S3")

    def _bucket_answers(self, bucket: str) -> bool:
        call = self._connect()
        try:
            self._run(call, lambda client: client.list_objects_v2(Bucket=bucket, MaxKeys=1))
        except (S3AccessDeniedError, S3BucketError):
            return False
        return True

    def _tells_wrong_keys(self, policy: RetryPolicy) -> bool:
        """Whether the server answers a key that cannot exist in another way than a missing permission."""
        if is_amazon(self._get_s3_client().meta.endpoint_url):
            return True
        made_up = replace(
            self.config, access_key_id="S3BROWSERNOSUCHKEY00", secret_access_key="-" * 40, session_token=None
        )
        client = build_client(made_up, self._connect())
        try:
            self._list_buckets(client, policy)
        except S3CredentialsError:
            return True
        except S3AccessDeniedError:
            return False
        finally:
            client.close()
        return False

    # ------------------------------------------------------------------ buckets

    def list_buckets(self) -> list[BucketEntry]:
        """As ``ObjectStore`` says."""
        page = self._list_buckets(
            self._get_s3_client(), self._policy, Call("list_buckets", server=self._connect().server)
        )
        return [BucketEntry(bucket["Name"], bucket.get("CreationDate")) for bucket in page.get("Buckets", ())]

    def _list_buckets(self, client: "BotoClient", policy: RetryPolicy, call: Call | None = None) -> Mapping[str, Any]:
        call = call or self._connect()

        def attempt() -> Mapping[str, Any]:
            with translated(call):
                page: Mapping[str, Any] = client.list_buckets()
            if "Buckets" not in page and "Owner" not in page:
                # A web page that happens to be XML parses as an answer with nothing in it.
                raise call.error(S3ConnectionError, "NotS3")
            return page

        return retrying(attempt, policy)

    def create_bucket(self, bucket: str) -> None:
        """As ``ObjectStore`` says."""
        client = self._get_s3_client()
        region = client.meta.region_name
        request: dict[str, Any] = {"Bucket": bucket}
        # us-east-1 is the one region that must not be named; other servers know only their own names for regions.
        if region != FALLBACK_REGION and is_amazon(client.meta.endpoint_url):
            request["CreateBucketConfiguration"] = {"LocationConstraint": region}
        try:
            self._run(Call("create_bucket", bucket), lambda client: client.create_bucket(**request))
        except S3BucketError as error:
            if error.code != "BucketAlreadyOwnedByYou":
                raise
        self._buckets_seen.add(bucket)

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
            self._explained(call, lambda client: client.head_bucket(Bucket=name))
        except S3BucketError as error:
            if not (create and error.code == "NoSuchBucket"):
                raise
            self.create_bucket(name)
        except S3AccessDeniedError as denied:
            if self._is_somebody_elses(name):
                raise call.error(
                    S3BucketError, "BucketAlreadyExists", status=denied.status, request_id=denied.request_id
                ) from denied
            raise

    def _is_somebody_elses(self, bucket: str) -> bool:
        try:
            return all(mine.name != bucket for mine in self.list_buckets())
        except S3AccessDeniedError:
            return False

    # ------------------------------------------------------------------ listings

    def list_folder(self, bucket: str, prefix: str, *, cancel: Cancel | None = None) -> Iterator[ListingPage]:
        """As ``ObjectStore`` says."""
        for page in self._pages(bucket, prefix, DELIMITER, cancel):
            yield ListingPage(
                tuple(file_info(entry) for entry in page.get("Contents", ()) if entry["Key"] != prefix),
                tuple(entry["Prefix"] for entry in page.get("CommonPrefixes", ())),
            )

    def list_files(self, bucket: str, prefix: str, *, cancel: Cancel | None = None) -> Iterator[S3FileInfo]:
        """As ``ObjectStore`` says."""
        for page in self._pages(bucket, prefix, "", cancel):
            yield from map(file_info, page.get("Contents", ()))

    def _pages(self, bucket: str, prefix: str, delimiter: str, cancel: Cancel | None) -> Iterator[Page]:
        call = Call("list", bucket, prefix)
        request = {"Bucket": bucket, "Prefix": prefix, **({"Delimiter": delimiter} if delimiter else {})}

        def fetch(api: str, where: Mapping[str, str]) -> Page:
            page: Page = self._run(call, lambda client: getattr(client, api)(**request, **where), cancel)
            self._buckets_seen.add(bucket)
            return page

        def stuck() -> S3IntegrationError:
            return call.error(
                S3IntegrationError, "ListingStuck", reason="The server keeps sending the same part of this list."
            )

        return pages(fetch, stuck)

    # ------------------------------------------------------------------ one object

    def head(self, bucket: str, key: str) -> ObjectDetails:
        """As ``ObjectStore`` says.

        Raises:
            S3FileNotFoundError: only where the server says that the key is not there.
            S3AccessDeniedError: also where it is not there and these keys may not list the bucket: S3 does not tell.
        """
        answer: Mapping[str, Any] = self._explained(
            Call("read", bucket, key),
            lambda client: client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED"),
        )
        return ObjectDetails(
            key,
            answer.get("ContentLength", 0),
            answer["LastModified"],
            answer.get("ETag", "").strip('"'),
            answer.get("StorageClass") or "STANDARD",
            answer.get("ContentType", ""),
            answer.get("VersionId"),
            answer.get("ServerSideEncryption") or answer.get("SSECustomerAlgorithm"),
            {name: _from_header(value) for name, value in answer.get("Metadata", {}).items()},
            {
                name.removeprefix("Checksum"): value
                for name, value in answer.items()
                if name.startswith("Checksum") and name != "ChecksumType"
            },
        )

    def put(
        self,
        bucket: str,
        key: str,
        body: BinaryIO,
        size: int,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        cancel: Cancel | None = None,
    ) -> str:
        """As ``ObjectStore`` says.

        Raises:
            S3UploadError: ``body`` ended before ``size`` bytes (code ``Changed``).
            OSError: ``body`` raised it.
        """
        request = {"Bucket": bucket, "Key": key, "ContentLength": size, **_described(content_type, metadata)}
        answer = self._send(
            Call("upload", bucket, key),
            body,
            size,
            cancel,
            lambda client, stream: client.put_object(Body=stream, **request),
        )
        return _etag(answer)

    def create_multipart(
        self,
        bucket: str,
        key: str,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        cancel: Cancel | None = None,
    ) -> str:
        """As ``ObjectStore`` says."""
        request = {"Bucket": bucket, "Key": key, **_described(content_type, metadata)}
        answer = self._run(
            Call("upload", bucket, key), lambda client: client.create_multipart_upload(**request), cancel
        )
        return str(answer["UploadId"])

    def put_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        number: int,
        body: BinaryIO,
        size: int,
        *,
        cancel: Cancel | None = None,
    ) -> UploadedPart:
        """As ``ObjectStore`` says; raises what ``put`` raises."""
        request: dict[str, Any] = {"Bucket": bucket, "Key": key, "UploadId": upload_id, "PartNumber": number}
        answer = self._send(
            Call("upload", bucket, key),
            body,
            size,
            cancel,
            lambda client, stream: client.upload_part(Body=stream, ContentLength=size, **request),
        )
        return UploadedPart(number, size, _etag(answer))

    def complete_multipart(self, bucket: str, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> str:
        """As ``ObjectStore`` says. An answer that was lost on the way does not make it fail."""
        call = Call("upload", bucket, key)
        request: dict[str, Any] = {
            "Bucket": bucket,
            "Key": key,
            "UploadId": upload_id,
            "MultipartUpload": {
                "Parts": [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts],
            },
        }
        attempts = 0

        def complete(client: "BotoClient") -> Mapping[str, Any]:
            nonlocal attempts
            attempts += 1
            return client.complete_multipart_upload(**request)

        try:
            # Some servers leave the ETag out here.
            return _etag(self._run(call, complete)) or self.head(bucket, key).etag
        except S3FileNotFoundError as gone:
            if attempts == 1 or gone.code != "NoSuchUpload":
                raise
            expected = _multipart_etag(parts)
            if expected is None or self.head(bucket, key).etag != expected:
                raise
            return expected

    def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        """As ``ObjectStore`` says."""
        call = Call("upload", bucket, key)
        with suppress(S3FileNotFoundError):
            self._run(call, lambda client: client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id))

    def fetch(
        self,
        bucket: str,
        key: str,
        write: Callable[[bytes], object],
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        cancel: Cancel | None = None,
    ) -> int:
        """As ``ObjectStore`` says. What ``write`` raises comes out unchanged and ends the fetch."""
        if stop is not None and stop <= start:
            return 0
        attempt = Fetch(
            self._get_s3_client(), Call("download", bucket, key), write,
            start=start, stop=stop, if_match=if_match, cancel=cancel,
        )  # fmt: skip
        return retrying(attempt, self._policy, cancel, lambda: attempt.position)

    # ------------------------------------------------------------------ deleting

    def delete(self, bucket: str, key: str) -> None:
        """As ``ObjectStore`` says."""
        with suppress(S3FileNotFoundError):
            self._run(Call("delete", bucket, key), lambda client: client.delete_object(Bucket=bucket, Key=key))

    def delete_many(self, bucket: str, keys: Sequence[str], *, cancel: Cancel | None = None) -> list[DeleteFailure]:
        """As ``ObjectStore`` says.

        An error that concerns the whole request is raised only while nothing has been deleted; later it becomes the
        reason of every key that is left, so that the caller always learns what is gone.
        """
        return delete_many(
            self._get_s3_client(), self._policy, bucket, keys, lambda key: self.delete(bucket, key), cancel
        )

    # ------------------------------------------------------------------ inside

    def _run(self, call: Call, request: Callable[["BotoClient"], T], cancel: Cancel | None = None) -> T:
        client = self._get_s3_client()

        def attempt() -> T:
            with translated(call):
                return request(client)

        return retrying(attempt, self._policy, cancel)

    def _send(
        self,
        call: Call,
        body: BinaryIO,
        size: int,
        cancel: Cancel | None,
        request: Callable[["BotoClient", Any], Mapping[str, Any]],
    ) -> Mapping[str, Any]:
        client = self._get_s3_client()

        def attempt() -> Mapping[str, Any]:
            stream = UploadBody(body, size, cancel, call)
            try:
                with translated(call):
                    return request(client, stream if size else b"")
            except Exception:
                if stream.failure is not None:
                    raise stream.failure from None
                raise

        return retrying(attempt, self._policy, cancel)

    def _explained(self, call: Call, request: Callable[["BotoClient"], T]) -> T:
        """Run a HEAD, whose refusals say nothing but a status, and find out what is behind one.

        A call with a body tells missing keys from missing buckets and expired sign-ins from missing permissions.
        """
        try:
            answer = self._run(call, request)
        except S3IntegrationError as error:
            told_all = error.retryable or error.code not in (None, "NoSuchBucket")
            if told_all or (isinstance(error, S3FileNotFoundError) and call.bucket in self._buckets_seen):
                raise
            try:
                self._run(call, lambda client: client.list_objects_v2(Bucket=call.bucket, Prefix=call.key, MaxKeys=1))
                self._buckets_seen.add(call.bucket)
            except (S3CredentialsError, S3BucketError) as clearer:
                raise clearer from error
            except S3IntegrationError:
                pass
            raise
        self._buckets_seen.add(call.bucket)
        return answer


def _described(content_type: str | None, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    described: dict[str, Any] = {}
    if content_type:
        described["ContentType"] = content_type
    if metadata:
        described["Metadata"] = {name: _to_header(value) for name, value in metadata.items()}
    return described


def _to_header(text: str) -> str:
    """Metadata travels in headers: what is not ASCII as RFC 2047 says, which is how S3 gives it back."""
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=10_000).encode()


def _from_header(text: str) -> str:
    try:
        return str(make_header(decode_header(text)))
    except (ValueError, LookupError):
        return text


def _etag(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ETag", "")).strip('"')


def _multipart_etag(parts: Sequence[UploadedPart]) -> str | None:
    """The ETag S3 gives an object of these parts, or None where theirs are no MD5 sums."""
    try:
        sums = b"".join(bytes.fromhex(part.etag) for part in parts)
    except ValueError:
        return None
    return f"{hashlib.md5(sums, usedforsecurity=False).hexdigest()}-{len(parts)}"
