"""Downloads one object's bytes, taking up a broken line where it broke."""

import re
from collections.abc import Callable, Mapping
from contextlib import closing
from time import monotonic
from typing import TYPE_CHECKING, Any

from s3browser.exceptions import Cancelled, S3ConflictError, S3IntegrationError, S3IntegrityError
from s3browser.model.store import Cancel
from s3browser.s3.translate import Call, translated

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client as BotoClient

MIN_CHUNK_BYTES = 4 * 1024
MAX_CHUNK_BYTES = 1024 * 1024
# A chunk that takes longer is too large: a cancel has to wait for it.
_SLOW_CHUNK_S = 0.1


class Fetch:
    """One ``ObjectStore.fetch``: call it until it returns. ``position`` is where the next byte belongs.

    Not thread-safe; each call is one attempt and blocks. What ``write`` raised is not raised but kept in ``failure``,
    and is the end: the loop of attempts would take some of it for trouble on the line.
    """

    def __init__(
        self,
        client: "BotoClient",
        call: Call,
        write: Callable[[bytes], object],
        *,
        start: int,
        stop: int | None,
        if_match: str | None,
        cancel: Cancel | None,
    ) -> None:
        self._client = client
        self._call = call
        self._write = write
        self._start = start
        self._stop = stop
        self._etag = if_match
        self._cancel = cancel
        self._total: int | None = None
        self.position = start
        self.failure: Exception | None = None

    @property
    def _end(self) -> int | None:
        """Exclusive; None while it is unknown."""
        ends = [end for end in (self._stop, self._total) if end is not None]
        return min(ends, default=None)

    def __call__(self) -> int:
        """Hand over what is still missing, and return how many bytes were handed over in all attempts."""
        if self._end is None or self.position < self._end:
            answer = self._ask()
            if answer is not None:
                with closing(answer["Body"]):
                    self._take(answer)
        return self.position - self._start

    def _ask(self) -> Mapping[str, Any] | None:
        request: dict[str, Any] = {"Bucket": self._call.bucket, "Key": self._call.key}
        if self.position or self._stop is not None:
            # The first attempt at a whole object goes without: an empty object has no range to give (416).
            end = self._end
            request["Range"] = f"bytes={self.position}-{'' if end is None else end - 1}"
        if self._etag:
            request["IfMatch"] = f'"{self._etag}"'
        try:
            with translated(self._call):
                return self._client.get_object(**request)
        except S3IntegrationError as error:
            if error.status != 416:
                raise
            if self.position > self._start:
                raise self._changed() from error
            return None  # nothing at or after ``start``

    def _take(self, answer: Mapping[str, Any]) -> None:
        first, total = self._window(answer)
        etag = answer.get("ETag", "").strip('"')
        if (self._etag and etag and etag != self._etag) or (None not in (self._total, total) and total != self._total):
            # A server that overlooks If-Match
            raise self._changed()
        if first > self.position:
            raise self._call.error(S3IntegrityError, "WrongRange")
        self._etag = self._etag or etag
        self._total = self._total if total is None else total
        end = self._end
        # More than asked for: a server that overlooks Range.
        before = self.position - first
        length = answer.get("ContentLength")
        surplus = end is not None and length is not None and first + length > end
        size = MIN_CHUNK_BYTES
        while not (surplus and end is not None and self.position >= end):
            if self._cancel is not None and self._cancel.is_set():
                raise Cancelled
            began = monotonic()
            with translated(self._call):
                piece = answer["Body"].read(size)
            if not piece:
                break
            size = min(size * 2, MAX_CHUNK_BYTES) if monotonic() - began < _SLOW_CHUNK_S else MIN_CHUNK_BYTES
            dropped = min(before, len(piece))
            before -= dropped
            piece = piece[dropped : None if end is None else dropped + end - self.position]
            if piece:
                try:
                    self._write(piece)
                except Exception as error:
                    self.failure = error
                    return
                self.position += len(piece)
        if end is not None and self.position < end:
            raise self._call.error(
                S3IntegrityError,
                "IncompleteRead",
                reason="The server sent less than it announced.",
                hint="Try again.",
            )

    def _changed(self) -> S3IntegrationError:
        return self._call.error(S3ConflictError, "PreconditionFailed")

    @staticmethod
    def _window(answer: Mapping[str, Any]) -> tuple[int, int | None]:
        """The position of the answer's first byte, and the size of the whole object."""
        if given := re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.get("ContentRange", "")):
            return int(given[1]), None if given[2] == "*" else int(given[2])
        return 0, answer.get("ContentLength")
