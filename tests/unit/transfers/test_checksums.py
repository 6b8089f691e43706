import base64
import hashlib
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3browser.model.entries import ObjectDetails, UploadedPart
from s3browser.transfers.checksums import are_whole, check_for, etag_of_parts, is_proved, part_hasher
from tests.fakestore import crc64nvme

DATA = b"0123456789"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CRC32 = base64.b64encode(zlib.crc32(DATA).to_bytes(4)).decode()
CRC32C = base64.b64encode((0x280C069E).to_bytes(4)).decode()
MD5 = hashlib.md5(DATA).hexdigest()


def md5_of_parts(*parts: bytes) -> str:
    digest = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
    return f"{digest}-{len(parts)}"


def details(etag: str = "opaque", **rest: Any) -> ObjectDetails:
    return ObjectDetails("k", len(DATA), NOW, etag, **rest)


PROVABLE = [
    details(checksums={"CRC64NVME": crc64nvme(DATA)}),
    details(checksums={"CRC32C": CRC32C, "SHA256": "ignored"}),
    details(checksums={"CRC32": CRC32}),
    details("0" * 32, checksums={"CRC32": CRC32}),
    details(MD5),
    details(MD5, encryption="AES256"),
    details(md5_of_parts(DATA)),
    details(md5_of_parts(b"0123", b"4567", b"89"), metadata={"s3browser-part-size": "4"}),
    details(md5_of_parts(b"0123", b"4567", b"89"), metadata={"S3Browser-Part-Size": "4"}),
]


@pytest.mark.parametrize("of", PROVABLE, ids=str)
def test_bytes_are_proved_and_others_refused(of: ObjectDetails) -> None:
    check = check_for("b", of)
    assert check is not None
    assert is_proved(check, memoryview(DATA))
    assert not is_proved(check, memoryview(DATA[::-1]))


@pytest.mark.parametrize(
    ("bucket", "of"),
    [
        ("b", details()),
        ("b", details("")),
        ("b", details(MD5, encryption="aws:kms")),
        ("b--use1-az4--x-s3", details(MD5)),
        ("b", details(checksums={"CRC32": f"{CRC32}-3"})),
        ("b", details(md5_of_parts(b"0123", b"4567", b"89"))),
        ("b", details(md5_of_parts(b"0123", b"4567", b"89"), metadata={"s3browser-part-size": "5"})),
        ("b", details(md5_of_parts(b"0123", b"4567", b"89"), metadata={"s3browser-part-size": "four"})),
    ],
    ids=str,
)
def test_what_proves_nothing(bucket: str, of: ObjectDetails) -> None:
    assert check_for(bucket, of) is None
    assert is_proved(None, memoryview(b"anything"))


def test_an_empty_object_is_proved() -> None:
    empty = ObjectDetails("k", 0, NOW, hashlib.md5(b"").hexdigest())
    assert is_proved(check_for("b", empty), memoryview(b""))


@given(st.binary(min_size=1), st.integers(1, 20), st.sampled_from(["CRC64NVME", "CRC32"]))
def test_the_crc_of_the_parts_is_that_of_the_whole(data: bytes, step: int, algorithm: str) -> None:
    wanted = crc64nvme(data) if algorithm == "CRC64NVME" else base64.b64encode(zlib.crc32(data).to_bytes(4)).decode()
    check = check_for("b", ObjectDetails("k", len(data), NOW, "", checksums={algorithm: wanted}))
    assert check is not None
    hashed = []
    for start in range(0, len(data), step):
        hasher = check.hasher()
        hasher.update(memoryview(data)[start : start + step])
        hashed.append((len(data[start : start + step]), hasher))
    assert check.matches(hashed)


def part(number: int, data: bytes, *, crc: bool = True, etag: str | None = None) -> UploadedPart:
    return UploadedPart(
        number, len(data), hashlib.md5(data).hexdigest() if etag is None else etag, crc64nvme(data) if crc else ""
    )


@pytest.mark.parametrize("crc", [True, False])
def test_a_stored_part_is_told_from_another(crc: bool) -> None:
    for data, same in ((b"abc", True), (b"abd", False)):
        hashing = part_hasher(part(1, b"abc", crc=crc))
        assert hashing is not None
        hasher, is_it = hashing
        hasher.update(data)
        assert is_it() is same
    assert part_hasher(part(1, b"abc", crc=False, etag="opaque")) is None


def test_an_object_is_known_by_its_parts() -> None:
    parts = [part(1, b"01234"), part(2, b"56789")]
    opaque = [part(1, b"01234", etag="x"), part(2, b"56789", etag="y")]
    assert etag_of_parts(opaque) == ""
    assert are_whole(parts, details(md5_of_parts(b"01234", b"56789")))
    assert are_whole(opaque, details(checksums={"CRC64NVME": crc64nvme(DATA)}))
    assert not are_whole(opaque, details(""))
    assert not are_whole([part(1, DATA, crc=False, etag="x")], details(checksums={"CRC64NVME": crc64nvme(DATA)}))
    assert not are_whole(parts, details(checksums={"CRC64NVME": crc64nvme(b"other")}))
