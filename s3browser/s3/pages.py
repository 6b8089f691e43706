"""One page of a listing, out of the server's answer: by one expression where it looks as usual, else as XML."""

import re
import sys
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus, unquote_to_bytes
from xml.etree.ElementTree import Element, ParseError, fromstring

from s3browser.model.entries import ListingColumns

_ROOT, _ALWAYS_TOLD = "ListBucketResult", "IsTruncated"
# Every repetition keeps what it took (``++``): no row is tried twice.
_ROW = re.compile(
    r"<Contents><Key>([^<&]++)</Key><LastModified>([^<&]++)</LastModified>"
    r'<ETag>(?:&quot;|&#34;|")?+([^<&"]*+)(?:&quot;|&#34;|")?+</ETag>'
    r"(?:</?Checksum(?:Algorithm|Type)>[^<]*+)*+"
    r"<Size>(\d{1,18})</Size>(?:<StorageClass>([^<&]*+)</StorageClass>)?+"
    r"(?:</?(?:Owner|ID|DisplayName|Type|RestoreStatus|IsRestoreInProgress|RestoreExpiryDate)>[^<]*+)*+</Contents>",
    re.ASCII,
)
_BEGIN, _END = "<Contents>", "</Contents>"
_ENCODING = re.compile(rb"""\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.-]+)""")
# What XML 1.0 has no way to write, not even by its number, and the carriage return, which it makes a line feed.
_BARRED = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x0*([0-9A-Fa-f]{1,8})|0*([0-9]{1,9}));")
_LITERAL = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_PRIVATE_USE = range(0xE000, 0xF900)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DEFAULT_CLASS = "STANDARD"


class UnreadablePageError(ValueError):
    """The answer is no page of a listing."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and how to go on after it.

    Attributes:
        columns: what is on it.
        is_truncated: whether the server has more.
        token: what version 2 of the call goes on with.
        marker: what version 1 goes on with, where the server names it.
    """

    columns: ListingColumns
    is_truncated: bool = False
    token: str = ""
    marker: str = ""

    @property
    def names(self) -> list[str]:
        """Its keys and folders in the order of keys, where the server keeps that."""
        columns = self.columns
        return sorted(columns.keys + columns.folders) if columns.folders else columns.keys

    @property
    def last(self) -> str:
        """The last name in the order of keys, or nothing on an empty page."""
        return max(self.columns.keys[-1:] + self.columns.folders[-1:], default="")

    def without(self, before: "Page") -> "Page":
        """The page without what the one before it had too: the key where it ended, and any folder."""
        columns = self.columns
        if columns.keys and columns.keys[:1] == before.columns.keys[-1:]:
            columns = columns.cut(1, len(columns.keys))
        if columns.folders and before.columns.folders:
            known = set(before.columns.folders)
            columns = replace(columns, folders=[folder for folder in columns.folders if folder not in known])
        return self if columns is self.columns else replace(self, columns=columns)


def read_page(body: bytes) -> Page:
    """The page in an answer to ListObjects or ListObjectsV2.

    Names are decoded where the answer says that they are encoded. Control characters and other signs that XML can't
    carry are taken as they were meant; bytes that are no text become U+FFFD, as in boto3.

    Raises:
        UnreadablePageError: it is none; an S3 error, for example.
    """
    declared = _ENCODING.match(body, 0, 200)
    try:
        text = str(body, declared[1].decode() if declared else "utf-8", "replace").removeprefix("\ufeff")
    except LookupError as error:
        raise UnreadablePageError("The answer is in an encoding that nobody knows.") from error
    try:
        return _read_usual(text) or _read_any(text)
    except (ParseError, ValueError, OverflowError) as error:
        raise UnreadablePageError("The answer is no page of a listing.") from error


def _read_usual(text: str) -> Page | None:
    """The page where every file is written as usual, else None."""
    first, last = text.find(_BEGIN), text.rfind(_END) + len(_END)
    if first < 0:
        return None
    around = text[:first] + text[last:]
    rows = _ROW.findall(text, first, last)
    # Nothing between them, and none left over: without comments around, each is then what XML would make of it.
    if "<!" in around or not len(rows) == text.count(_BEGIN) == text.count(_END + _BEGIN, first, last) + 1:
        return None
    return _page(_Document(around), *map(list, zip(*rows, strict=True)))


def _read_any(text: str) -> Page:
    """The page as an XML parser sees it."""
    document = _Document(text)
    entries = [fields for fields in document.all("Contents") if fields.get("Key")]
    return _page(
        document,
        [fields["Key"] for fields in entries],
        [fields.get("LastModified", "") for fields in entries],
        [fields.get("ETag", "").strip('"') for fields in entries],
        [fields.get("Size") or "0" for fields in entries],
        [fields.get("StorageClass", "") for fields in entries],
    )


def _page(
    document: "_Document", keys: list[str], times: list[str], etags: list[str], sizes: list[str], classes: list[str]
) -> Page:
    told = document.told
    folders = [fields["Prefix"] for fields in document.all("CommonPrefixes") if fields.get("Prefix")]
    marker = told.get("NextMarker", "")
    if told.get("EncodingType") == "url":
        keys, folders, marker = _decoded(keys), _decoded(folders), unquote_plus(marker)
    known: dict[str, str] = {"": _DEFAULT_CLASS}  # one text for all, not one each
    columns = ListingColumns(
        keys,
        array("q", map(int, sizes)),
        _times_ns(times),
        etags,
        [known.setdefault(each, each) for each in classes],
        folders,
    )
    return Page(columns, told.get("IsTruncated") == "true", told.get("NextContinuationToken", ""), marker)


class _Document:
    """A parsed answer; what XML can't carry is spelt out while it goes through the parser."""

    def __init__(self, text: str) -> None:
        if "<!DOCTYPE" in text:
            raise UnreadablePageError("An answer of S3 has no document type.")
        self._mark = ""
        if "&#" in text or _BARRED.search(text):
            self._mark = next(chr(code) for code in _PRIVATE_USE if chr(code) not in text)
            parts = _LITERAL.split(text.replace(">\r\n", ">\n"))
            parts[::2] = [_REFERENCE.sub(self._spelt_reference, part) for part in parts[::2]]
            text = _BARRED.sub(lambda found: self._spelt(ord(found[0])), "".join(parts))
        self._root = fromstring(text)  # noqa: S314 (no document type, so there are no entities to blow up)
        self.told = {_local_name(child): self._text(child) for child in self._root if not len(child)}
        # Servers have been seen that give it another name, which boto3 does not look at.
        if _local_name(self._root) != _ROOT and _ALWAYS_TOLD not in self.told:
            raise UnreadablePageError("The answer is something else.")

    def all(self, name: str) -> Iterator[dict[str, str]]:
        """Every element of this name, as its fields."""
        for child in self._root:
            if _local_name(child) == name:
                yield {_local_name(field): self._text(field) for field in child}

    def _text(self, element: Element) -> str:
        text = element.text or ""
        if self._mark and self._mark in text:
            start, *rest = text.split(self._mark)
            return start + "".join(
                chr(int(code, 16)) + more for code, _, more in (part.partition(";") for part in rest)
            )
        return text

    def _spelt(self, code: int) -> str:
        return f"{self._mark}{code:x};"

    def _spelt_reference(self, found: re.Match[str]) -> str:
        code = int(found[1], 16) if found[1] else int(found[2])
        return self._spelt(code if code <= sys.maxunicode and not 0xD800 <= code < 0xE000 else ord("\ufffd"))


def _local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _decoded(names: list[str]) -> list[str]:
    """The names without their encoding, all of them at once: one by one takes several times as long."""
    joined = "\n".join(names)
    if "%" not in joined and "+" not in joined:
        return names
    plain = unquote_to_bytes(joined.replace("+", " ")).decode("utf-8", "replace").split("\n")
    return plain if len(plain) == len(names) else [unquote_plus(name) for name in names]  # line feeds are in a name


def _times_ns(texts: Iterable[str]) -> "array[int]":
    """Nanoseconds since 1970, 0 for nothing."""
    read = datetime.fromisoformat
    try:
        return array("q", [(read(text) - _EPOCH) // _MICROSECOND * 1000 for text in texts])
    except (TypeError, ValueError):
        return array("q", [_time_ns(text) for text in texts])


def _time_ns(text: str) -> int:
    from botocore.utils import parse_timestamp

    if not text:
        return 0
    at = parse_timestamp(text)
    return (at.replace(tzinfo=at.tzinfo or UTC) - _EPOCH) // _MICROSECOND * 1000
