"""PDF documents, by PDFium, the reader in Chrome.

It does everything that is wanted: text, properties, encryption with an empty password, and the picture of page 1. It
has been fuzzed for years and is fast; pypdf, which only does the text, is pure Python and slow on what is hostile.
PyPDFium2's PDFium has neither JavaScript nor XFA in it.
"""

import math
import re
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pypdfium2
import pypdfium2.raw

from s3browser.documents.document import Document, Kind
from s3browser.documents.limits import MAX_PDF_PAGES, PDF_TEXT_TIME_S, THUMBNAIL_SIDE_PIXELS
from s3browser.documents.readers.image import png_of
from s3browser.documents.readers.plain import PlainText, TextIsFull
from s3browser.exceptions import DocumentError

_DATE = re.compile(r"D:(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d))?")


def read(path: Path, name: str) -> Document:
    """Read a PDF: the text of its pages, parted by empty lines, and the first one's picture."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY):
            raise DocumentError("process", code="Encrypted") from error
        raise
    with document:
        with suppress(pypdfium2.PdfiumError):
            document.init_forms()  # before a page is loaded, or what was filled in is not drawn
        text = _text(document)
        date = _DATE.match(document.get_metadata_value("ModDate") or document.get_metadata_value("CreationDate"))
        return Document(
            key=name,
            kind=Kind.PDF,
            title=document.get_metadata_value("Title"),
            author=document.get_metadata_value("Author"),
            page_count=len(document),
            text=str(text).strip("\n"),
            truncated=text.truncated,
            thumbnail=_thumbnail(document),
            facts={"Modified": _date_words(date) if date else ""},
        )


def _text(document: pypdfium2.PdfDocument) -> PlainText:
    """The pages' text.

    Raises:
        DocumentError: there is no page that can be read.
    """
    text = PlainText()
    readable = 0
    deadline = monotonic() + PDF_TEXT_TIME_S
    with suppress(TextIsFull):
        for number in range(len(document)):
            if number >= MAX_PDF_PAGES or monotonic() > deadline:
                text.truncated = True
                break
            with suppress(pypdfium2.PdfiumError):  # one broken page; the others may be sound
                page = document[number]
                readable += 1
                text.add(page.get_textpage().get_text_bounded() + "\n\n")
                page.close()
    if not readable:
        raise DocumentError("process")
    return text


def _thumbnail(document: pypdfium2.PdfDocument) -> bytes | None:
    with suppress(pypdfium2.PdfiumError):
        page = document[0]
        longest = max(page.get_size())
        if math.isfinite(longest) and longest >= 1:
            return png_of(page.render(scale=THUMBNAIL_SIDE_PIXELS / longest).to_pil())
    return None


def _date_words(date: re.Match[str]) -> str:
    year, month, day, hour, minute = date.groups()
    return f"{year}-{month}-{day}" + (f" {hour}:{minute}" if hour else "")
