"""Whether bytes are the object’s: by the checksum it has, or by an ETag that is an MD5. Computed in native code.

``awscrt`` is imported when it is first needed: most programs start without moving a file.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from s3browser.model.entries import ObjectDetails, UploadedPart
from s3browser.transfers.parts import parts_of

PART_SIZE_METADATA = "s3browser-part-size"
"""Metadata of an object in parts on a server that keeps no checksum: it makes the ETag one."""

_MD5 = re.compile(r"[0-9a-f]{32}")
_MD5_OF_PARTS = re.compile(r"[0-9a-f]{32}-([1-9]\d{0,4})")
_CRC_BYTES = {"CRC64NVME": 8, "CRC32C": 4, "CRC32": 4}  # the best first


class Hasher(Protocol):
    """Takes bytes, in order."""

    def update(self, data: Any, /) -> object:
        """Take the next bytes."""


class Crc:
    """A CRC under way; ``value`` is what it is so far."""

    __slots__ = ("_function", "value")

    def __init__(self, function: Callable[[bytes, int], int], value: int = 0) -> None:
        self._function = function
        self.value = value

    def update(self, data: Any, /) -> None:
        """Take the next bytes."""
        self.value = self._function(data, self.value)


class Check(Protocol):
    """How the bytes of an object can be proved."""

    @property
    def in_order(self) -> bool:
        """Whether one hasher has to take all parts in order; else each part has its own."""

    @property
    def step(self) -> int:
        """The size the parts must have, but the last; 0 where any will do."""

    def hasher(self) -> Hasher:
        """A new one."""

    def matches(self, hashed: Sequence[tuple[int, Any]]) -> bool:
        """Whether these are the object’s bytes: the size and the hasher of every part, in order."""


class CrcCheck:
    """By a CRC of the whole object, put together from those of the parts."""

    in_order = False
    step = 0

    def __init__(self, algorithm: str, wanted: str) -> None:
        from awscrt import checksums

        name = algorithm.lower()
        self.algorithm = algorithm
        self._wanted = wanted
        self._function = getattr(checksums, name)
        self._combine = getattr(checksums, f"combine_{name}")

    def hasher(self, known: str = "") -> Crc:
        """A new one; or one that has taken the bytes whose CRC, in base64, is ``known``."""
        return Crc(self._function, int.from_bytes(base64.b64decode(known)))

    def encoded(self, crc: Crc) -> str:
        """Its value in base64, as S3 writes it."""
        return base64.b64encode(crc.value.to_bytes(_CRC_BYTES[self.algorithm])).decode()

    def matches(self, hashed: Sequence[tuple[int, Crc]]) -> bool:
        """See ``Check``."""
        whole = self.hasher()
        for size, crc in hashed:
            whole.value = self._combine(whole.value, crc.value, size)
        return self.encoded(whole) == self._wanted


class Md5Check:
    """By an ETag that is the MD5 of the whole."""

    in_order = True
    step = 0

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted

    def hasher(self) -> "hashlib._Hash":
        """See ``Check``."""
        return hashlib.md5(usedforsecurity=False)

    def matches(self, hashed: Sequence[tuple[int, "hashlib._Hash"]]) -> bool:
        """See ``Check``."""
        return [md5.hexdigest() for _, md5 in hashed] == [self._wanted]


class PartsCheck(Md5Check):
    """By the ETag of an object in parts: the MD5 of the MD5s of parts of a known size."""

    in_order = False

    def __init__(self, wanted: str, step: int) -> None:
        super().__init__(wanted)
        self.step = step

    def matches(self, hashed: Sequence[tuple[int, "hashlib._Hash"]]) -> bool:
        """See ``Check``."""
        return _etag_of([md5.digest() for _, md5 in hashed]) == self._wanted


def check_for(bucket: str, details: ObjectDetails) -> Check | None:
    """How an object’s bytes can be proved, or None where the server tells nothing that does.

    An ETag counts as an MD5 if it looks like one and the object is not encrypted with a key of its own (KMS) nor in a
    directory bucket. Checksums of parts, not of the whole (``…-5``), don’t count: nobody tells where the parts begin.
    """
    for algorithm in _CRC_BYTES if details.checksums else ():
        if (wanted := details.checksums.get(algorithm)) and "-" not in wanted:
            return CrcCheck(algorithm, wanted)
    if details.encryption not in (None, "", "AES256") or bucket.endswith("--x-s3"):
        return None
    if _MD5.fullmatch(details.etag):
        return Md5Check(details.etag)
    if in_parts := _MD5_OF_PARTS.fullmatch(details.etag):
        count = int(in_parts[1])
        told = details.metadata.get(PART_SIZE_METADATA) or details.metadata.get(PART_SIZE_METADATA.title()) or ""
        step = int(told) if told.isascii() and told.isdecimal() else 0
        step = details.size if count == 1 else step
        if step and -(-details.size // step) == count:
            return PartsCheck(details.etag, step)
    return None


def is_proved(check: Check | None, view: memoryview) -> bool:
    """Whether these are all the bytes of the object, as far as ``check`` can tell."""
    if check is None:
        return True
    hashed = []
    for _, start, size in parts_of(len(view), check.step or len(view)):
        hasher = check.hasher()
        hasher.update(view[start : start + size])
        hashed.append((size, hasher))
    return check.matches(hashed)


def part_hasher(part: UploadedPart) -> tuple[Hasher, Callable[[], bool]] | None:
    """What takes the bytes that should be a stored part, and what tells whether they are; None if nothing can."""
    if part.crc64nvme:
        check = CrcCheck("CRC64NVME", part.crc64nvme)
        crc = check.hasher()
        return crc, lambda: check.encoded(crc) == part.crc64nvme
    if _MD5.fullmatch(part.etag):
        md5 = hashlib.md5(usedforsecurity=False)
        return md5, lambda: md5.hexdigest() == part.etag
    return None


def are_whole(parts: Sequence[UploadedPart], details: ObjectDetails) -> bool:
    """Whether an object is made of exactly these parts, by its CRC or its ETag."""
    if details.etag and details.etag == etag_of_parts(parts):
        return True
    wanted = details.checksums.get("CRC64NVME", "")
    if not wanted or not all(part.crc64nvme for part in parts):
        return False
    check = CrcCheck("CRC64NVME", wanted)
    return check.matches([(part.size, check.hasher(part.crc64nvme)) for part in parts])


def etag_of_parts(parts: Sequence[UploadedPart]) -> str:
    """The ETag S3 gives what is made of these parts; empty where theirs are no MD5s."""
    if not all(_MD5.fullmatch(part.etag) for part in parts):
        return ""
    return _etag_of([bytes.fromhex(part.etag) for part in parts])


def _etag_of(digests: Sequence[bytes]) -> str:
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"
