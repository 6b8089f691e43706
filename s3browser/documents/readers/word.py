"""Word documents (.docx): the body's paragraphs and tables."""

from pathlib import Path

from s3browser.documents.document import Document, Kind
from s3browser.documents.readers import office
from s3browser.documents.readers.markup import Element, Target, local_name, parse
from s3browser.documents.readers.package import Package
from s3browser.documents.readers.plain import PlainText


def read(path: Path, name: str) -> Document:
    """Read a document; its number of pages is what Word noted when it was saved."""
    with Package(path) as package:
        body = _Body()
        parse(package.chunks(package.main_part), body)
        pages = office.properties(package, "extended-properties", "Pages").get("Pages", "")
        page_count = int(pages) if pages.isdecimal() and len(pages) < 7 else None
        return office.document(package, name, Kind.WORD, body.text, page_count)


class _Body(Target):
    def __init__(self) -> None:
        super().__init__()
        self.text = PlainText()
        self._in_text = False
        self._cells = 0
        self._gap = ""  # due before the next words of a table's row
        self._fallbacks = 0  # a drawing's text is given twice, for new and for old programs

    def opened(self, tag: str, attributes: Element) -> None:
        match local_name(tag):
            case "Fallback":
                self._fallbacks += 1
            case "t":
                self._in_text = True
            case "tab":
                self._add("\t" if not self._cells else " ")
            case "br" | "cr":
                self._add("\n" if not self._cells else " ")
            case "tc":
                self._cells += 1

    def closed(self, tag: str) -> None:
        match local_name(tag):
            case "Fallback":
                self._fallbacks -= 1
            case "t":
                self._in_text = False
            case "p" if self._cells:
                self._gap = self._gap or " "
            case "p":
                self._add("\n")
            case "tc":
                self._cells -= 1
                self._gap = self._gap.rstrip(" ") + "\t"
            case "tr":
                self._gap = ""
                self._add("\n")

    def data(self, text: str) -> None:
        if self._in_text:
            self._add(text)

    def _add(self, piece: str) -> None:
        if not self._fallbacks:
            self.text.add(self._gap + piece)
            self._gap = ""
