"""ZIP files, opened within bounds: office files are ZIP files of XML.

Read here with zipfile and defusedxml rather than with python-docx, openpyxl and python-pptx: those load a whole
document as a tree before the first word of it can be had, inside archives whose unpacked size nobody limits. What is
wanted of it, its words, is a stream, and a stream can be stopped at a limit.
"""

import io
import posixpath
import zipfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from s3browser.documents.limits import (
    MAX_ARCHIVE_BYTES,
    MAX_ARCHIVE_RATIO,
    MAX_DIRECTORY_BYTES,
    MAX_EMBEDDED_IMAGE_BYTES,
    MAX_UNPACKED_BYTES,
    MIB,
)
from s3browser.documents.readers.markup import Element, Target, local_name, parse
from s3browser.exceptions import DocumentError

_CHUNK_BYTES = 4 * MIB  # large, because expat reads a long name or comment again with every piece
_ENCRYPTED = 0x1  # a member’s flag
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # all that office files use; LZMA’s dictionary may be 4 GB


class Package:
    """A ZIP file, and if it is an Office file (OPC) or an OpenDocument, its parts. Use it with ``with``.

    Raises:
        DocumentError: ``TooLarge``: a bomb, or more members than are ever shown.
        zipfile.BadZipFile: damaged.
    """

    def __init__(self, path: Path) -> None:
        self._file = _Stream(path)
        try:
            self._zip = zipfile.ZipFile(self._file)
        except BaseException:
            self._file.close()
            raise
        self._left_bytes = MAX_UNPACKED_BYTES
        unpacked_bytes = sum(member.file_size for member in self.members)
        if unpacked_bytes > max(MAX_ARCHIVE_BYTES, MAX_ARCHIVE_RATIO * path.stat().st_size):
            self.close()
            raise DocumentError("process", code="TooLarge")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    @property
    def members(self) -> list[zipfile.ZipInfo]:
        """What the archive's directory says it holds."""
        return self._zip.infolist()

    @property
    def comment(self) -> str:
        """The archive's comment, mostly empty."""
        return self._zip.comment.decode("utf-8", "replace")

    @property
    def media_type(self) -> str:
        """What an OpenDocument says it is; empty for others."""
        return self.read("mimetype", 100).decode("ascii", "replace").strip() if self.has("mimetype") else ""

    @property
    def main_part(self) -> str:
        """The part that an Office file begins with; empty for others."""
        return self.root.get("officeDocument", "")

    @cached_property
    def root(self) -> dict[str, str]:
        """What an Office file as a whole refers to (``related``); empty for others."""
        return self.related("")

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return part in self._zip.NameToInfo

    def chunks(self, part: str) -> Iterator[bytes]:
        """A part's bytes, unpacked piece by piece.

        Raises:
            DocumentError: ``Encrypted``, or ``TooLarge``: all parts read so far make more than ``MAX_UNPACKED_BYTES``.
            KeyError: there is no such part.
        """
        info = self._zip.getinfo(part)
        if info.flag_bits & _ENCRYPTED:
            raise DocumentError("process", code="Encrypted")
        if info.compress_type not in _METHODS:
            raise zipfile.BadZipFile(f"{part} is packed by method {info.compress_type}")
        with self._zip.open(info) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                self._left_bytes -= len(chunk)
                if self._left_bytes < 0:
                    raise DocumentError("process", code="TooLarge")
                yield chunk

    def read(self, part: str, limit_bytes: int) -> bytes:
        """A part's bytes, or its first ``limit_bytes``. Errors as of ``chunks``."""
        content = bytearray()
        for chunk in self.chunks(part):
            content += chunk
            if len(content) >= limit_bytes:
                break
        return bytes(content[:limit_bytes])

    def related(self, part: str) -> dict[str, str]:
        """The parts that an Office part refers to: by the reference's id, and by the last word of its type."""
        folder, name = posixpath.split(part)
        relations = _Relations(folder)
        listing = posixpath.join(folder, "_rels", f"{name}.rels")
        if self.has(listing):
            parse(self.chunks(listing), relations)
        return relations.parts

    def picture(self, part: str | None) -> bytes | None:
        """A picture that the package carries of itself, or None where there is none of a sensible size."""
        if not part or not self.has(part) or self._zip.getinfo(part).file_size > MAX_EMBEDDED_IMAGE_BYTES:
            return None
        return self.read(part, MAX_EMBEDDED_IMAGE_BYTES)


class _Relations(Target):
    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder
        self.parts: dict[str, str] = {}

    def opened(self, tag: str, attributes: Element) -> None:
        if local_name(tag) != "Relationship" or attributes.get("TargetMode") == "External":
            return
        target = unquote(attributes.get("Target", ""))
        part = posixpath.normpath(posixpath.join("/", self._folder, target)).lstrip("/")
        self.parts[attributes.get("Id", "")] = part
        self.parts.setdefault(attributes.get("Type", "").rsplit("/", 1)[-1], part)


class _Stream(io.FileIO):
    """A file that gives out no more than the directory of a sensible archive in one piece.

    zipfile reads that directory in one call, as large as the file says it is, and makes an object of each member; what
    a member holds it reads in small pieces. So this bounds the number of members before there is one.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), "rb")

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise DocumentError("process", code="TooLarge")
        return super().read(-1 if size is None else size) or b""
