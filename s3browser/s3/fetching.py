"""Downloads one object's bytes, taking up a broken line where it broke."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from s3browser.exceptions import Cancelled, S3ConflictError, S3IntegrationError, S3IntegrityError
from s3browser.jobs.pace import Pace
from s3browser.model.entries import ObjectDetails
from s3browser.s3.direct import Direct, Request, require_s3
from s3browser.s3.headers import from_header
from s3browser.s3.translate import Call, translated
from s3browser.s3.wire import Answer

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_METADATA = "x-amz-meta-"
_CHECKSUM = "x-amz-checksum-"
_ALGORITHMS = {_CHECKSUM + name.lower(): name for name in ("CRC64NVME", "CRC32C", "CRC32", "SHA256", "SHA1")}


class Fetch:
    """One ``ObjectStore.fetch``: call it until it returns. ``position`` is where the next byte belongs.

    Not thread-safe; each call is one attempt and blocks. What ``write`` or ``on_details`` raised is not raised but kept
    in ``failure``, and is the end: the loop of attempts would take some of it for trouble on the line.
    """

    def __init__(
        self,
        direct: Direct,
        pace: Pace,
        request: Request,
        write: Callable[[bytes | memoryview], object],
        *,
        start: int,
        stop: int | None,
        if_match: str | None,
        on_details: Callable[[ObjectDetails], object] | None,
    ) -> None:
        self._direct = direct
        self._pace = pace
        self._request = request
        self._call: Call = request.call
        self._write = write
        self._start = start
        self._stop = stop
        self._etag = if_match
        self._on_details = on_details
        self._total: int | None = None
        self.position = start
        self.failure: Exception | None = None

    @property
    def _end(self) -> int | None:
        """Exclusive; None while it is unknown."""
        if self._stop is None or self._total is None:
            return self._stop if self._total is None else self._total
        return min(self._stop, self._total)

    def __call__(self) -> int:
        """Hand over what is still missing, and return how many bytes were handed over in all attempts."""
        end = self._end
        if end is None or self.position < end:
            with self._pace.slot(self._request.cancel):
                answer = self._ask()
                if answer is not None:
                    with answer:
                        self._take(answer)
        return self.position - self._start

    def _ask(self) -> Answer | None:
        headers = {"accept-encoding": "identity", "x-amz-checksum-mode": "ENABLED"}
        if self.position or self._stop is not None:
            # The first attempt at a whole object goes without: an empty object has no range to give (416).
            end = self._end
            headers["range"] = f"bytes={self.position}-{'' if end is None else end - 1}"
        if self._etag:
            headers["if-match"] = f'"{self._etag}"'
        try:
            return self._direct.ask(self._request, headers)
        except S3IntegrationError as error:
            if error.status != 416:
                raise
            if self.position > self._start:
                raise self._changed() from error
            return None  # nothing at or after ``start``

    def _take(self, answer: Answer) -> None:
        require_s3(answer, self._call)
        first, total = self._window(answer)
        etag = answer.headers.get("etag", "").strip('"')
        if (self._etag and etag and etag != self._etag) or (None not in (self._total, total) and total != self._total):
            # A server that overlooks If-Match
            raise self._changed()
        if first > self.position:
            raise self._call.error(S3IntegrityError, "WrongRange")
        self._etag = self._etag or etag
        self._total = self._total if total is None else total
        end = self._end
        if self._on_details is not None:
            on_details, self._on_details = self._on_details, None
            size = first + (answer.length or 0) if total is None else total
            if not self._handed_over(on_details, _details(self._call.key, answer.headers, size)):
                return
        before = self.position - first
        cancel = self._request.cancel
        while end is None or self.position < end:
            if cancel is not None and cancel.is_set():
                raise Cancelled
            with translated(self._call):
                piece = answer.receive()
            if not piece:
                break
            if before or (end is not None and len(piece) > end - self.position):
                dropped = min(before, len(piece))
                before -= dropped
                piece = piece[dropped : None if end is None else dropped + end - self.position]
            if piece and not self._handed_over(self._write, piece):
                return
            self.position += len(piece)
        if end is not None and self.position < end:
            raise self._call.error(
                S3IntegrityError,
                "IncompleteRead",
                reason="The server sent less than it announced.",
                hint="Try again.",
            )

    def _handed_over(self, to: Callable[[Any], object], what: Any) -> bool:
        try:
            to(what)
        except Exception as error:
            self.failure = error
            return False
        return True

    def _changed(self) -> S3IntegrationError:
        return self._call.error(S3ConflictError, "PreconditionFailed")

    @staticmethod
    def _window(answer: Answer) -> tuple[int, int | None]:
        """The position of the answer's first byte, and the size of the whole object."""
        told = answer.headers.get("content-range")
        if told is not None and (given := _RANGE.fullmatch(told)):
            return int(given[1]), None if given[2] == "*" else int(given[2])
        return 0, answer.length


def head(direct: Direct, request: Request) -> ObjectDetails:
    """One attempt at an object's details.

    Not by boto3: it takes what has come of a head for the whole where the line breaks between two of its lines, and
    then the time of the last change, or half a number, is missing without a word.
    """
    with direct.ask(request, {"x-amz-checksum-mode": "ENABLED"}) as answer:
        require_s3(answer, request.call)
        return _details(request.call.key, answer.headers, int(answer.headers.get("content-length", 0)))


def _details(key: str, headers: Mapping[str, str], size: int) -> ObjectDetails:
    """What an answer's headers tell of the whole object."""
    metadata: dict[str, str] = {}
    checksums: dict[str, str] = {}
    for name in headers:
        if name.startswith(_METADATA):
            metadata[name.removeprefix(_METADATA)] = from_header(headers[name])
        elif name.startswith(_CHECKSUM) and (algorithm := _ALGORITHMS.get(name)):
            checksums[algorithm] = headers[name]
    return ObjectDetails(
        key,
        size,
        _moment(headers.get("last-modified", "")) or datetime.now(UTC),
        headers.get("etag", "").strip('"'),
        headers.get("x-amz-storage-class") or "STANDARD",
        headers.get("content-type", ""),
        headers.get("x-amz-version-id"),
        headers.get("x-amz-server-side-encryption") or headers.get("x-amz-server-side-encryption-customer-algorithm"),
        metadata,
        checksums,
    )


@lru_cache(maxsize=64)  # files that were stored together share their second, and parsing it is dear
def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None
