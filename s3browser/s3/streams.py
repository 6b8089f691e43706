"""The bodies of uploads: one object, or one part of it."""

import io
import os
from typing import BinaryIO

from s3browser.exceptions import Cancelled, S3UploadError
from s3browser.model.store import Cancel
from s3browser.s3.translate import Call


class UploadBody(io.RawIOBase):
    """``size`` bytes of ``source``, from its start, as botocore wants to read them: seekable, of a known length.

    It is read twice (for the signature's SHA-256 and to be sent) and again in every attempt. What goes wrong in
    ``read`` is kept in ``failure``, because botocore wraps whatever is raised while it sends.

    Args:
        source: where the bytes come from; not closed.
        size: in bytes.
        cancel: ``read`` raises ``Cancelled`` once it is set.
        call: for the words of the error where ``source`` ends early.
    """

    def __init__(self, source: BinaryIO, size: int, cancel: Cancel | None, call: Call) -> None:
        super().__init__()
        self._source = source
        self._size = size
        self._cancel = cancel
        self._call = call
        self._at = 0
        self.failure: Exception | None = None
        source.seek(0)

    def __len__(self) -> int:
        return self._size

    def readable(self) -> bool:  # noqa: D102 (as io says)
        return True

    def seekable(self) -> bool:  # noqa: D102
        return True

    def tell(self) -> int:  # noqa: D102
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:  # noqa: D102
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = min(max(0, base + offset), self._size)
        self._source.seek(self._at)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes; never fewer than announced in all.

        Raises:
            Cancelled: ``cancel`` is set.
            S3UploadError: ``source`` ended early; a server would wait for the rest until its time-out.
            OSError: as ``source`` raised it.
        """
        left = self._size - self._at
        wanted = left if size is None or size < 0 else min(size, left)
        try:
            if self._cancel is not None and self._cancel.is_set():
                raise Cancelled
            piece = self._source.read(wanted) if wanted else b""
            if wanted and not piece:
                raise self._call.error(S3UploadError, "Changed")
        except Exception as error:
            self.failure = error
            raise
        self._at += len(piece)
        return piece
