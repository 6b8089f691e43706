"""OpenDocument texts, spreadsheets and presentations (.odt, .ods, .odp)."""

from pathlib import Path

from s3browser.documents.document import Document, Kind
from s3browser.documents.limits import MAX_REPEATS, MIB
from s3browser.documents.readers.image import thumbnail_of
from s3browser.documents.readers.markup import Element, Properties, Target, local_name, parse
from s3browser.documents.readers.package import Package
from s3browser.documents.readers.plain import PlainText
from s3browser.exceptions import DocumentError

_MANIFEST_BYTES = MIB
_FORMATS = {
    "text": "OpenDocument text",
    "spreadsheet": "OpenDocument spreadsheet",
    "presentation": "OpenDocument presentation",
}
_COUNTED = {"spreadsheet": "table", "presentation": "page"}
_UNSEEN = frozenset({"annotation", "tracked-changes", "forms", "notes"})  # notes: of the speaker


def read(path: Path, name: str) -> Document:
    """Read an OpenDocument; a text's number of pages is what was noted when it was saved."""
    with Package(path) as package:
        # Searched, not parsed: the only XML here that may have a document type, in files of OpenOffice 2.
        if package.has("META-INF/manifest.xml"):
            manifest = package.read("META-INF/manifest.xml", _MANIFEST_BYTES)
            if b"encryption-data" in manifest or b"encrypted-package" in manifest:
                raise DocumentError("process", code="Encrypted")
        variant = package.media_type.rsplit(".", 1)[-1].removesuffix("-template")
        body = _Body(_COUNTED.get(variant))
        parse(package.chunks("content.xml"), body)
        meta = _Meta()
        if package.has("meta.xml"):
            parse(package.chunks("meta.xml"), meta)
        picture = package.picture("Thumbnails/thumbnail.png")
        return Document(
            key=name,
            kind=Kind.OPENDOCUMENT,
            title=meta.values.get("title"),
            author=meta.values.get("initial-creator") or meta.values.get("creator"),
            page_count=body.count if variant in _COUNTED else meta.page_count,
            text=str(body.text).strip("\n"),
            truncated=body.text.truncated,
            thumbnail=thumbnail_of(picture) if picture else None,
            facts={
                "Format": _FORMATS.get(variant, "OpenDocument"),
                "Modified": meta.values.get("date", "").split(".")[0].replace("T", " "),
            },
        )


class _Meta(Properties):
    def __init__(self) -> None:
        super().__init__("title", "initial-creator", "creator", "date")
        self.page_count: int | None = None

    def opened(self, tag: str, attributes: Element) -> None:
        super().opened(tag, attributes)
        if local_name(tag) == "document-statistic":
            pages = _attribute(attributes, "page-count")
            self.page_count = int(pages) if pages.isdecimal() and len(pages) < 7 else None


class _Body(Target):
    """Gathers paragraphs; in a table they fill cells, and a row is written when it ends."""

    def __init__(self, counted: str | None) -> None:
        super().__init__()
        self.text = PlainText()
        self.count = 0
        self._counted = counted
        self._unseen = 0
        self._paragraphs = 0
        self._rows: list[_Row] = []  # the open ones: tables may stand in cells

    def opened(self, tag: str, attributes: Element) -> None:
        name = local_name(tag)
        if name in _UNSEEN:
            self._unseen += 1
        if self._unseen:
            return
        if name == self._counted:
            self.count += 1
        match name:
            case "p" | "h":
                self._paragraphs += 1
            case "s":
                self._add(" " * _repeats(attributes, "c"))
            case "tab":
                self._add("\t")
            case "line-break":
                self._add("\n")
            case "table" if _attribute(attributes, "name") and self._counted == "table":
                self._add(_attribute(attributes, "name") + "\n")
            case "table-row":
                self._rows.append(_Row(_repeats(attributes, "number-rows-repeated")))
            case "table-cell" | "covered-table-cell" if self._rows:
                self._rows[-1].open_cell(_repeats(attributes, "number-columns-repeated"))

    def closed(self, tag: str) -> None:
        name = local_name(tag)
        if name in _UNSEEN:
            self._unseen -= 1
            return
        if self._unseen:
            return
        match name:
            case "p" | "h":
                self._paragraphs -= 1
                self._add(" " if self._rows else "\n")
            case "table-cell" | "covered-table-cell" if self._rows:
                self._rows[-1].close_cell()
            case "table-row" if self._rows:
                row = self._rows.pop()
                line = row.line()
                for _ in range(row.repeats if line else 1):
                    self._add(line + ("\n" if not self._rows else " "))
            case "page" | "table" if not self._rows:
                self._add("\n")

    def data(self, text: str) -> None:
        if self._paragraphs and not self._unseen:
            self._add(text)

    def _add(self, piece: str) -> None:
        if self._rows:
            self._rows[-1].add(piece)
        else:
            self.text.add(piece)


class _Row:
    def __init__(self, repeats: int) -> None:
        self.repeats = repeats
        self._written = PlainText()
        self._gap = 0  # tabs due before the next cell that holds something
        self._cell: list[str] = []
        self._cell_repeats = 1

    def open_cell(self, repeats: int) -> None:
        self._cell.clear()
        self._cell_repeats = repeats

    def add(self, piece: str) -> None:
        self._cell.append(piece)

    def close_cell(self) -> None:
        words = " ".join("".join(self._cell).split())
        self._cell.clear()
        if not words:
            self._gap += self._cell_repeats
            return
        self._written.add("\t" * self._gap + "\t".join([words] * self._cell_repeats))
        self._gap = 1

    def line(self) -> str:
        return str(self._written)


def _attribute(attributes: Element, name: str) -> str:
    return next((value for key, value in attributes.items() if local_name(key) == name), "")


def _repeats(attributes: Element, name: str) -> int:
    value = _attribute(attributes, name)
    return min(int(value), MAX_REPEATS) if value.isdecimal() and len(value) < 10 else 1
