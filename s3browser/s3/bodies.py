"""The bodies of uploads: one object, or one part of it."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from s3browser.exceptions import Cancelled, S3UploadError
from s3browser.model.store import Cancel
from s3browser.s3.checksums import BodySums, one_piece
from s3browser.s3.translate import Call

if TYPE_CHECKING:
    from s3browser.s3.wire import Body

# A body up to here is read once and kept while it is sent.
MAX_KEPT_BYTES = 64 * 1024 * 1024
_PIECE_BYTES = 1024 * 1024


class UploadBody:
    """``size`` bytes of ``source``, from its start.

    Where ``source`` has ``getbuffer()`` (``io.BytesIO``), its memory is sent as it is. Else up to ``MAX_KEPT_BYTES``
    are read once; more is read anew to be hashed and for every attempt, and what goes wrong then is kept in
    ``failure``: whoever sends takes it for trouble on the line.

    Args:
        source: where the bytes come from; not closed.
        size: in bytes.
        cancel: reading raises ``Cancelled`` once it is set.
        call: for the words of the error where ``source`` ends early.

    Raises:
        S3UploadError: ``source`` ended early.
    """

    def __init__(self, source: BinaryIO, size: int, cancel: Cancel | None, call: Call) -> None:
        self._source = source
        self._cancel = cancel
        self._call = call
        self.size = size
        self.failure: Exception | None = None
        self.content: Body = self._pieces
        if (view := _memory(source)) is not None:
            if len(view) < size:
                raise self._ended_early()
            self.content = view[:size]
        elif size <= MAX_KEPT_BYTES:
            self.content = b"".join(self._pieces())
        pieces = self.content if callable(self.content) else one_piece(self.content)
        self.sums = BodySums(pieces)

    def _pieces(self) -> Iterator[bytes]:
        try:
            self._source.seek(0)
            left = self.size
            while left:
                if self._cancel is not None and self._cancel.is_set():
                    raise Cancelled
                piece = self._source.read(min(left, _PIECE_BYTES))
                if not piece:
                    raise self._ended_early()
                left -= len(piece)
                yield piece
        except Exception as error:
            self.failure = error
            raise

    def _ended_early(self) -> Exception:
        return self._call.error(S3UploadError, "Changed")


def _memory(source: Any) -> memoryview | None:
    # One derived from BytesIO may read in its own way.
    if type(source) is io.BytesIO or (hasattr(source, "getbuffer") and not isinstance(source, io.BytesIO)):
        view: memoryview = source.getbuffer()
        return view
    return None
