from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from s3browser.exceptions import S3IntegrationError


class Kind(StrEnum):
    """What a document is, by its content."""

    PDF = "pdf"
    WORD = "word"
    EXCEL = "excel"
    POWERPOINT = "powerpoint"
    OPENDOCUMENT = "opendocument"
    TEXT = "text"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"
    IMAGE = "image"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class Document:
    """What could be read of one document.

    Attributes:
        key: the object's key, or the name given to ``read_document``.
        kind: by content; the name decides only between kinds of text.
        title: on one line, or None where the document has none.
        author: likewise.
        page_count: pages, slides or sheets; None where the kind has none or the file does not say.
        text: plain text; lines end in a line feed, cells are parted by tabs. For a ZIP its listing, for an image empty.
        truncated: whether there is more text than ``text`` holds (``limits.MAX_TEXT_CHARACTERS``).
        thumbnail: a PNG, its longest side at most 512 pixels, or None.
        facts: what else a person may want to know, name to value, as words: ``Camera``, ``Encoding``, …
    """

    key: str
    kind: Kind
    title: str | None = None
    author: str | None = None
    page_count: int | None = None
    text: str = ""
    truncated: bool = False
    thumbnail: bytes | None = field(default=None, repr=False)
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Processed:
    """The outcome for one key of a batch: exactly one of ``document`` and ``error`` is not None."""

    key: str
    document: Document | None = None
    error: S3IntegrationError | None = None
