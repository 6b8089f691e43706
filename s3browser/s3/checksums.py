"""Which checksum goes with a body, and what an answer says of it.

A server that is not known yet gets CRC64NVME and Content-MD5; whether it repeats the CRC in its answer tells whether it
verifies and keeps it (Amazon does; Ceph 16 and rclone do not). From then on it gets the one or the other.
``awscrt`` is imported with the first body.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from s3browser.model.entries import UploadedPart

CRC_HEADER = "x-amz-checksum-crc64nvme"
_MD5 = re.compile(r"[0-9a-f]{32}")
# hashlib lets other threads run while it takes more than 2047 bytes. For a small file the way back is dearer than the
# hashing: every other thread gets a turn first.
_AT_ONCE_BYTES = 2047
_SMALL_BYTES = 64 * 1024


class Abilities:
    """What is known of a server. Thread-safe: the worst of a race is one more answer to look at.

    Attributes:
        keeps_checksums: whether it verifies and keeps CRC64NVME; None: not known yet.
        knows_conditions: whether ``If-None-Match`` does no harm.
    """

    def __init__(self) -> None:
        self.keeps_checksums: bool | None = None
        self.knows_conditions = True


class BodySums:
    """The sums of one body, each made when it is first asked for.

    Args:
        pieces: gives the body from its start.
    """

    def __init__(self, pieces: Callable[[], Iterable[bytes | memoryview]]) -> None:
        self._pieces = pieces
        self._crc: int | None = None
        self._md5: bytes | None = None

    @property
    def crc64nvme(self) -> str:
        """CRC64NVME, base64."""
        if self._crc is None:
            from awscrt.checksums import crc64nvme

            value = 0
            for piece in self._pieces():
                value = crc64nvme(piece, value)
            self._crc = value
        return encoded(self._crc)

    @property
    def md5(self) -> bytes:
        """The MD5's 16 bytes."""
        if self._md5 is None:
            digest = hashlib.md5(usedforsecurity=False)
            for piece in self._pieces():
                if len(piece) <= _SMALL_BYTES:
                    for start in range(0, len(piece), _AT_ONCE_BYTES):
                        digest.update(piece[start : start + _AT_ONCE_BYTES])
                else:
                    digest.update(piece)
            self._md5 = digest.digest()
        return self._md5


def encoded(crc: int) -> str:
    """A CRC64NVME as S3 writes it."""
    return b64encode(crc.to_bytes(8)).decode()


def combined(parts: Sequence[UploadedPart]) -> str:
    """The CRC64NVME of the parts in a row, base64; empty where one has none."""
    from awscrt.checksums import combine_crc64nvme, crc64nvme

    if not all(part.crc64nvme for part in parts):
        return ""
    value = crc64nvme(b"")
    for part in parts:
        value = combine_crc64nvme(value, int.from_bytes(b64decode(part.crc64nvme)), part.size)
    return encoded(value)


def is_md5(etag: str, headers: Mapping[str, str], bucket: str) -> bool:
    """Whether the ETag of an answer is the MD5 of the bytes: not in directory buckets, nor under keys of their own."""
    encryption = headers.get("x-amz-server-side-encryption", "")
    return (
        _MD5.fullmatch(etag) is not None
        and not bucket.endswith("--x-s3")
        and encryption in ("", "AES256")
        and "x-amz-server-side-encryption-customer-algorithm" not in headers
    )


def one_piece(data: bytes | memoryview) -> Callable[[], Iterator[bytes | memoryview]]:
    """What ``BodySums`` takes, for a body at hand."""
    return lambda: iter((data,))
