"""What travels in the headers of one object: metadata, ETags, the details of a HEAD."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from typing import Any

from s3browser.exceptions import S3UploadError
from s3browser.model.entries import ObjectDetails, UploadedPart
from s3browser.s3.translate import Call

_ONE_LINE = 10_000
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_HEADER = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def described(call: Call, content_type: str | None, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    """The parameters of a call that stores an object.

    Raises:
        S3UploadError: no header can hold one of them. botocore would call it trouble on the line.
    """
    parameters: dict[str, Any] = {}
    if content_type:
        if not content_type.isascii() or _NOT_IN_HEADER.search(content_type):
            raise call.error(S3UploadError, "BadMetadata", reason="The content type holds characters it may not have.")
        parameters["ContentType"] = content_type
    if metadata:
        for name, value in metadata.items():
            if not _TOKEN.fullmatch(name) or _NOT_IN_HEADER.search(value):
                reason = f"The metadata “{name}” has a name or a value that S3 can’t store."
                raise call.error(S3UploadError, "BadMetadata", reason=reason)
        parameters["Metadata"] = {name: to_header(value) for name, value in metadata.items()}
    return parameters


def details(key: str, answer: Mapping[str, Any]) -> ObjectDetails:
    """What the answer to HeadObject says."""
    return ObjectDetails(
        key,
        answer.get("ContentLength", 0),
        answer["LastModified"],
        etag(answer),
        answer.get("StorageClass") or "STANDARD",
        answer.get("ContentType", ""),
        answer.get("VersionId"),
        answer.get("ServerSideEncryption") or answer.get("SSECustomerAlgorithm"),
        {name: from_header(value) for name, value in answer.get("Metadata", {}).items()},
        {
            name.removeprefix("Checksum"): value
            for name, value in answer.items()
            if name.startswith("Checksum") and name != "ChecksumType"
        },
    )


def etag(answer: Mapping[str, Any]) -> str:
    """Without its quotes; empty where the server left it out."""
    return str(answer.get("ETag", "")).strip('"')


def multipart_etag(parts: Sequence[UploadedPart]) -> str | None:
    """The ETag S3 gives an object of these parts, or None where theirs are no MD5 sums."""
    try:
        sums = b"".join(bytes.fromhex(part.etag) for part in parts)
    except ValueError:
        return None
    return f"{hashlib.md5(sums, usedforsecurity=False).hexdigest()}-{len(parts)}"


def to_header(text: str) -> str:
    """What is not ASCII as RFC 2047 says, which is how S3 gives it back."""
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=_ONE_LINE).encode()


def from_header(text: str) -> str:
    """The reverse of ``to_header``; what was not made that way comes back as it is."""
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, ValueError, LookupError):
        return text
