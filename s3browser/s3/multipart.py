"""Uploads in parts, but for the parts themselves: opened, joined, looked at and given up through boto3."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from s3browser.exceptions import (
    S3AccessDeniedError,
    S3ConflictError,
    S3FileNotFoundError,
    S3IntegrationError,
    S3IntegrityError,
    S3UnsupportedError,
)
from s3browser.model.entries import ObjectDetails, OpenUpload, UploadedPart
from s3browser.model.store import Cancel
from s3browser.s3.caller import Caller
from s3browser.s3.checksums import Abilities, combined
from s3browser.s3.headers import described, etag, multipart_etag
from s3browser.s3.session import is_amazon
from s3browser.s3.translate import Call, translated

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client as BotoClient

_OLDEST = datetime.min.replace(tzinfo=UTC)


class Multipart:
    """Thread-safe; ``abilities`` is what is known of the server, learnt here too."""

    def __init__(self, caller: Caller, abilities: Abilities) -> None:
        self._caller = caller
        self._server = abilities

    def create(
        self, call: Call, content_type: str | None, metadata: Mapping[str, str] | None, cancel: Cancel | None
    ) -> str:
        """See ``S3Service.create_multipart``."""
        request = {"Bucket": call.bucket, "Key": call.key, **described(call, content_type, metadata)}
        if self._server.keeps_checksums is not False:
            with_sums = {**request, "ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "FULL_OBJECT"}
            try:
                return self._create(call, with_sums, cancel)
            except S3IntegrationError as error:
                if error.status not in (400, 501) or type(error) not in (S3IntegrationError, S3UnsupportedError):
                    raise
            upload_id = self._create(call, request, cancel)
            self._server.keeps_checksums = False
            return upload_id
        return self._create(call, request, cancel)

    def _create(self, call: Call, request: Mapping[str, Any], cancel: Cancel | None) -> str:
        attempts = 0

        def ask(client: "BotoClient") -> Mapping[str, Any]:
            nonlocal attempts
            attempts += 1
            if attempts > 1:
                # The answer may have been lost. Where it can't be looked, it stays as it is.
                with suppress(S3AccessDeniedError, S3UnsupportedError), translated(call):
                    self._abort_strays(client, call)
            return client.create_multipart_upload(**request)

        return str(self._caller.run(call, ask, cancel)["UploadId"])

    def abort_strays(self, call: Call) -> None:
        """See ``S3Service.abort_strays``."""
        self._caller.run(call, lambda client: self._abort_strays(client, call))

    @staticmethod
    def _abort_strays(client: "BotoClient", call: Call) -> None:
        # Those of the key itself come first of all that begin with it.
        answer = client.list_multipart_uploads(Bucket=call.bucket, Prefix=call.key, EncodingType="url")
        decode = unquote if answer.get("EncodingType") == "url" else str
        for upload in answer.get("Uploads", ()):
            if decode(upload["Key"]) == call.key:
                this: Any = {"Bucket": call.bucket, "Key": call.key, "UploadId": upload["UploadId"]}
                with suppress(S3FileNotFoundError), translated(call):
                    if not client.list_parts(**this).get("Parts"):
                        client.abort_multipart_upload(**this)

    def complete(
        self,
        call: Call,
        upload_id: str,
        parts: Sequence[UploadedPart],
        head: Callable[[], ObjectDetails],
        *,
        if_absent: bool,
    ) -> str:
        """See ``S3Service.complete_multipart``; ``head`` reads the object's details."""
        crc = combined(parts) if parts else ""
        request: dict[str, Any] = {
            "Bucket": call.bucket,
            "Key": call.key,
            "UploadId": upload_id,
            "MultipartUpload": {"Parts": [_named(part, with_crc=bool(crc)) for part in parts]},
        }
        if crc:
            request |= {"ChecksumCRC64NVME": crc, "ChecksumType": "FULL_OBJECT"}
        attempts = 0

        def ask(client: "BotoClient") -> Mapping[str, Any]:
            nonlocal attempts
            attempts += 1
            return client.complete_multipart_upload(**request)

        if if_absent and self._server.knows_conditions:
            request["IfNoneMatch"] = "*"
        try:
            try:
                answer = self._caller.run(call, ask)
            except S3UnsupportedError:
                if "IfNoneMatch" not in request:
                    raise
                del request["IfNoneMatch"]
                answer = self._caller.run(call, ask)
                self._server.knows_conditions = False
        except (S3FileNotFoundError, S3ConflictError) as error:
            # An earlier attempt may have joined them, and its answer was lost.
            is_gone = isinstance(error, S3FileNotFoundError)
            if attempts == 1 or not (is_gone or error.status == 412):
                raise
            found = head()
            if not _is_made_of(found, parts, crc):
                raise
            if not is_gone:
                # Another upload of the same file made it; this one is still open.
                with suppress(S3AccessDeniedError):
                    self.abort(call, upload_id)
            return found.etag
        stored = str(answer.get("ChecksumCRC64NVME") or "")
        if crc and stored and "-" not in stored and stored != crc:
            raise call.error(
                S3IntegrityError, "ContentDiffers", reason="What the server joined is not what was sent.",
                hint="Upload the file again.",
            )  # fmt: skip
        return etag(answer) or head().etag  # some servers leave the ETag out here

    def list_parts(self, call: Call, upload_id: str, cancel: Cancel | None) -> list[UploadedPart]:
        """See ``S3Service.list_parts``."""
        request: dict[str, Any] = {"Bucket": call.bucket, "Key": call.key, "UploadId": upload_id}
        parts: dict[int, UploadedPart] = {}
        marker = 0
        while True:
            answer = self._parts_from(call, {**request, "PartNumberMarker": marker} if marker else request, cancel)
            for part in answer.get("Parts", ()):
                number = part["PartNumber"]
                parts[number] = UploadedPart(
                    number, part.get("Size", 0), etag(part), part.get("ChecksumCRC64NVME") or ""
                )
            if not answer.get("IsTruncated"):
                return [parts[number] for number in sorted(parts)]
            last = answer.get("NextPartNumberMarker") or max(parts, default=0)
            if last <= marker:
                raise _stuck(call)
            marker = last

    def _parts_from(self, call: Call, request: Mapping[str, Any], cancel: Cancel | None) -> Mapping[str, Any]:
        return self._caller.run(call, lambda client: client.list_parts(**request), cancel)

    def list_uploads(self, call: Call, cancel: Cancel | None) -> Iterator[OpenUpload]:
        """See ``S3Service.list_uploads``."""
        found: list[OpenUpload] = []
        seen: set[tuple[str, str]] = set()
        where: dict[str, str] = {}
        while True:
            answer = self._uploads_from(call, where, cancel)
            decode = unquote if answer.get("EncodingType") == "url" else str
            found += [
                OpenUpload(decode(upload["Key"]), upload["UploadId"], upload.get("Initiated"))
                for upload in answer.get("Uploads", ())
            ]
            if not answer.get("IsTruncated"):
                break
            marker = (decode(answer.get("NextKeyMarker") or ""), answer.get("NextUploadIdMarker") or "")
            if marker in seen or not marker[0]:
                raise _stuck(call)
            seen.add(marker)
            where = {"KeyMarker": marker[0], **({"UploadIdMarker": marker[1]} if marker[1] else {})}
        # Some servers overlook the prefix, and each has its own order.
        ours = [upload for upload in found if upload.key.startswith(call.key)]
        yield from sorted(ours, key=lambda upload: (upload.key.encode(), upload.started_at or _OLDEST))

    def _uploads_from(self, call: Call, where: Mapping[str, str], cancel: Cancel | None) -> Mapping[str, Any]:
        request: dict[str, Any] = {"Bucket": call.bucket, "Prefix": call.key, **where}
        if is_amazon(self._caller.client().meta.endpoint_url):
            # Names that XML cannot hold. Ceph 16 escapes without saying so, which nobody can undo for certain.
            request["EncodingType"] = "url"
        return self._caller.run(call, lambda client: client.list_multipart_uploads(**request), cancel)

    def abort(self, call: Call, upload_id: str) -> None:
        """See ``S3Service.abort_multipart``."""
        with suppress(S3FileNotFoundError):
            self._caller.run(
                call,
                lambda client: client.abort_multipart_upload(Bucket=call.bucket, Key=call.key, UploadId=upload_id),
            )


def _named(part: UploadedPart, *, with_crc: bool) -> dict[str, Any]:
    named: dict[str, Any] = {"PartNumber": part.number, "ETag": f'"{part.etag}"'}
    return {**named, "ChecksumCRC64NVME": part.crc64nvme} if with_crc else named


def _is_made_of(found: ObjectDetails, parts: Sequence[UploadedPart], crc: str) -> bool:
    if found.size != sum(part.size for part in parts):
        return False
    kept = found.checksums.get("CRC64NVME", "")
    return (bool(crc) and kept == crc) or found.etag == multipart_etag(parts)


def _stuck(call: Call) -> S3IntegrationError:
    return call.error(S3IntegrationError, "ListingStuck", reason="The server keeps sending the same part of this list.")
