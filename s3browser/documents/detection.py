"""The kind of a file: its content decides, its name only between kinds of text."""

import mmap
from pathlib import Path, PurePosixPath

from s3browser.documents.document import Kind
from s3browser.documents.readers.encoding import looks_like_text
from s3browser.exceptions import DocumentError

_HEAD_BYTES = 64 * 1024
_PDF_HEAD_BYTES = 1024  # a PDF may begin with something else that far: readers accept it, and printers write it

_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Office before 2007, and the wrapping of encrypted Office files since
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")

_TEXT_SUFFIXES = {
    ".csv": Kind.CSV,
    ".tsv": Kind.CSV,
    ".md": Kind.MARKDOWN,
    ".markdown": Kind.MARKDOWN,
    ".html": Kind.HTML,
    ".htm": Kind.HTML,
    ".xhtml": Kind.HTML,
}
_OFFICE_FOLDERS = {"word": Kind.WORD, "xl": Kind.EXCEL, "ppt": Kind.POWERPOINT}
_KNOWN_SUFFIXES = frozenset(
    {".pdf", ".docx", ".docm", ".dotx", ".xlsx", ".xlsm", ".xltx", ".pptx", ".pptm", ".ppsx", ".odt", ".ods", ".odp"}
    | {".zip", ".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".txt"}
    | set(_TEXT_SUFFIXES)
)


def detect(path: Path, name: str) -> Kind:
    """The kind of a file.

    Raises:
        DocumentError: ``UnknownKind``; ``Encrypted`` for an Office file with a password; ``Empty``; damaged, where the
            content is of no kind but the name promises one.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    suffix = PurePosixPath(name.rsplit("/", 1)[-1]).suffix.lower()
    if not head:
        raise DocumentError("process", code="Empty")
    if b"%PDF-" in head[:_PDF_HEAD_BYTES]:
        return Kind.PDF
    if head.startswith(_IMAGES) or _is_webp(head) or _is_bmp(head):
        return Kind.IMAGE
    if head.startswith(_ZIPS):
        return _kind_of_zip(path)
    if head.startswith(_OLE) and _holds(path, _ENCRYPTED_OFFICE):
        raise DocumentError("process", code="Encrypted")
    if looks_like_text(head):
        start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if start.startswith((b"<!doctype html", b"<html")):
            return Kind.HTML
        return _TEXT_SUFFIXES.get(suffix, Kind.TEXT)
    raise DocumentError("process", code=None if suffix in _KNOWN_SUFFIXES else "UnknownKind")


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_bmp(head: bytes) -> bool:
    # Two letters are a weak sign: BMW begins with them too. The reserved field is always zero.
    return head[:2] == b"BM" and head[6:10] == b"\0\0\0\0"


def _holds(path: Path, needle: bytes) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(needle) >= 0


def _kind_of_zip(path: Path) -> Kind:
    from s3browser.documents.readers.package import Package

    with Package(path) as package:
        if package.media_type.startswith("application/vnd.oasis.opendocument."):
            return Kind.OPENDOCUMENT
        if package.main_part.endswith(".bin"):  # .xlsb: Excel’s binary workbook
            raise DocumentError("process", code="UnknownKind")
        return _OFFICE_FOLDERS.get(package.main_part.split("/")[0], Kind.ZIP)
