"""Stores bodies: with a checksum that fits the server, under a condition if need be, and compared with the answer."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from s3browser.exceptions import S3ConflictError, S3IntegrationError, S3IntegrityError, S3UnsupportedError
from s3browser.jobs.retry import retrying
from s3browser.model.entries import ObjectDetails, UploadedPart
from s3browser.model.store import Cancel, Sent
from s3browser.s3.bodies import UploadBody
from s3browser.s3.caller import Caller
from s3browser.s3.checksums import CRC_HEADER, Abilities, is_md5
from s3browser.s3.direct import Direct, Request, require_s3
from s3browser.s3.headers import described
from s3browser.s3.signing import query_string
from s3browser.s3.translate import Call, translated

# What was stored differs from what was sent: once it is the line, twice it is something that stays.
_MAX_DIFFERENCES = 2


@dataclass(slots=True)
class _Plan:
    """What goes with a request besides its body, as far as the server is known to take it."""

    headers: Mapping[str, str]
    with_crc: bool
    with_condition: bool


class Storing:
    """Puts objects and parts. Thread-safe.

    Args:
        caller: its retries and its pace.
        direct: what sends.
        abilities: what is known of the server; learnt here.
    """

    def __init__(self, caller: Caller, direct: Direct, abilities: Abilities) -> None:
        self._caller = caller
        self._direct = direct
        self._server = abilities

    def put(
        self,
        call: Call,
        source: BinaryIO,
        size: int,
        content_type: str | None,
        metadata: Mapping[str, str] | None,
        head: Callable[[], ObjectDetails],
        *,
        if_absent: bool,
        on_sent: Sent | None,
        cancel: Cancel | None,
    ) -> str:
        """See ``S3Service.put``; ``head`` reads the object's details."""
        headers = object_headers(call, content_type, metadata)
        body = UploadBody(source, size, cancel, call)
        request = Request(call, "PUT", "PutObject", body=body, cancel=cancel, on_sent=on_sent)
        try:
            return self._store(request, body, headers, if_absent=if_absent)[0]
        except S3ConflictError as conflict:
            if not (if_absent and conflict.status == 412 and request.may_be_done):
                raise
            found = head()
            if not _is_what_was_sent(found, body):
                raise
            return found.etag

    def put_part(
        self,
        call: Call,
        upload_id: str,
        number: int,
        source: BinaryIO,
        size: int,
        *,
        on_sent: Sent | None,
        cancel: Cancel | None,
    ) -> UploadedPart:
        """See ``S3Service.put_part``."""
        body = UploadBody(source, size, cancel, call)
        query = query_string({"partNumber": str(number), "uploadId": upload_id})
        request = Request(call, "PUT", "UploadPart", query, body, cancel, on_sent)
        etag, crc = self._store(request, body, {}, if_absent=False)
        return UploadedPart(number, size, etag, crc)

    def _store(
        self, request: Request, body: UploadBody, headers: Mapping[str, str], *, if_absent: bool
    ) -> tuple[str, str]:
        """The ETag and the CRC that the server keeps, if any."""
        differences = 0
        pace = self._caller.pace

        def attempt() -> tuple[str, str] | S3IntegrationError:
            nonlocal differences
            with pace.slot(request.cancel):
                answer = self._within_its_means(request, body, headers, if_absent=if_absent)
            try:
                return self._compared(request, body, answer)
            except S3IntegrityError as error:
                differences += 1
                if differences == _MAX_DIFFERENCES:
                    return error
                raise

        stored = retrying(attempt, self._caller.policy, request.cancel)
        if isinstance(stored, S3IntegrationError):
            raise stored
        return stored

    def _within_its_means(
        self, request: Request, body: UploadBody, headers: Mapping[str, str], *, if_absent: bool
    ) -> Mapping[str, str]:
        """The headers of the good answer. What this server does not know is left out, and remembered."""
        known = self._server.keeps_checksums
        plan = _Plan(headers, body.size > 0 and known is not False, if_absent and self._server.knows_conditions)
        wanted = (plan.with_crc, plan.with_condition)
        while True:
            try:
                answer = self._send(request, body, plan)
            except S3IntegrationError as error:
                if error.status not in (400, 501) or type(error) not in (S3IntegrationError, S3UnsupportedError):
                    raise
                # Which header it was nobody tells: the checksum goes first, the condition matters more.
                if plan.with_crc and known is None:
                    plan.with_crc = False
                elif plan.with_condition and isinstance(error, S3UnsupportedError):
                    plan.with_condition = False
                else:
                    raise
                continue
            if wanted[1] and not plan.with_condition:
                self._server.knows_conditions = False
            elif wanted[0] and not plan.with_crc:
                self._server.keeps_checksums = False
            elif plan.with_crc and known is None:
                self._server.keeps_checksums = CRC_HEADER in answer
            return answer

    def _send(self, request: Request, body: UploadBody, plan: _Plan) -> Mapping[str, str]:
        headers = dict(plan.headers)
        if plan.with_crc:
            headers["x-amz-sdk-checksum-algorithm"] = "CRC64NVME"
            headers[CRC_HEADER] = body.sums.crc64nvme
        if body.size and not (plan.with_crc and self._server.keeps_checksums):
            headers["content-md5"] = b64encode(body.sums.md5).decode()
        if plan.with_condition:
            headers["if-none-match"] = "*"
        with self._direct.ask(request, headers) as answer:
            require_s3(answer, request.call)
            request.may_be_done = True
            with translated(request.call):
                answer.read()
        return answer.headers

    def _compared(self, request: Request, body: UploadBody, answer: Mapping[str, str]) -> tuple[str, str]:
        """What the answer says, which has to be what was sent."""
        etag = answer.get("etag", "").strip('"')
        crc = answer.get(CRC_HEADER, "")
        sums = body.sums
        kept = self._server.keeps_checksums
        differs = bool(crc) and bool(body.size) and crc != sums.crc64nvme
        if not kept and is_md5(etag, answer, request.call.bucket):
            differs = differs or etag != sums.md5.hex()
        if differs:
            raise request.call.error(
                S3IntegrityError,
                "ContentDiffers",
                reason="What the server stored is not what was sent.",
                hint="Try again.",
            )
        return etag, crc if kept else ""


def object_headers(call: Call, content_type: str | None, metadata: Mapping[str, str] | None) -> dict[str, str]:
    """What describes an object, as headers; raises as ``described``."""
    parameters: Mapping[str, Any] = described(call, content_type, metadata)
    headers = {f"x-amz-meta-{name.lower()}": value for name, value in parameters.get("Metadata", {}).items()}
    if content_type:
        headers["content-type"] = content_type
    return headers


def _is_what_was_sent(found: ObjectDetails, body: UploadBody) -> bool:
    if found.size != body.size:
        return False
    if crc := found.checksums.get("CRC64NVME"):
        return crc == body.sums.crc64nvme
    return found.etag == body.sums.md5.hex()
