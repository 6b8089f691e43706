"""Excel workbooks (.xlsx): every sheet's cells as they read, dates included.

A cell holds a number, or the number of a text that the whole workbook shares. Whether a number is a date is only
said by the cell's style, so the styles are read too.
"""

import re
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from s3browser.documents.document import Document, Kind
from s3browser.documents.limits import MAX_COLUMNS, MAX_TEXT_CHARACTERS
from s3browser.documents.readers import office
from s3browser.documents.readers.markup import Element, Enough, Target, local_name, parse
from s3browser.documents.readers.package import Package
from s3browser.documents.readers.plain import PlainText, TextIsFull

_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})  # Excel's built-in ones
_NOT_LETTERS_OF_DATES = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|General')
_LETTERS_OF_DATES = re.compile("[ymdhs]", re.IGNORECASE)
_COLUMN = re.compile("[A-Z]{1,3}")
_MAX_SHARED_TEXTS = 200_000
_MAX_SHARED_CHARACTERS = 4 * MAX_TEXT_CHARACTERS
_MAX_STYLES = 70_000  # Excel itself allows 64,000


def read(path: Path, name: str) -> Document:
    """Read a workbook: each sheet's name, then its rows, cells parted by tabs, then an empty line."""
    with Package(path) as package:
        workbook = _Workbook()
        parse(package.chunks(package.main_part), workbook)
        parts = package.related(package.main_part)
        shared, styles = _SharedTexts(), _Styles()
        for part, target in ((parts.get("sharedStrings"), shared), (parts.get("styles"), styles)):
            if part and package.has(part):
                parse(package.chunks(part), target)
        text = PlainText()
        with suppress(TextIsFull):
            for title, reference in workbook.sheets:
                text.add(f"{title}\n")
                cells = _Cells(text, shared.texts, styles.dates, workbook.epoch)
                parse(package.chunks(parts[reference]), cells)
                text.add("\n")
        text.truncated = text.truncated or shared.truncated
        return office.document(package, name, Kind.EXCEL, text, len(workbook.sheets))


class _Workbook(Target):
    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str]] = []
        self.epoch = datetime(1899, 12, 30)

    def opened(self, tag: str, attributes: Element) -> None:
        match local_name(tag):
            case "sheet":
                reference = next(value for key, value in attributes.items() if key.endswith("/relationships}id"))
                self.sheets.append((attributes.get("name", ""), reference))
            case "workbookPr" if attributes.get("date1904") in ("1", "true"):
                self.epoch = datetime(1904, 1, 1)


class _SharedTexts(Target):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.truncated = False
        self._pieces: list[str] = []
        self._characters = 0
        self._in_text = False
        self._phonetic = False  # the reading of a Japanese word, beside the word

    def opened(self, tag: str, attributes: Element) -> None:
        match local_name(tag):
            case "rPh":
                self._phonetic = True
            case "t":
                self._in_text = not self._phonetic

    def closed(self, tag: str) -> None:
        match local_name(tag):
            case "rPh":
                self._phonetic = False
            case "t":
                self._in_text = False
            case "si":
                self.texts.append("".join(self._pieces))
                self._pieces.clear()
                if len(self.texts) >= _MAX_SHARED_TEXTS:
                    self._stop()

    def data(self, text: str) -> None:
        if self._in_text:
            self._pieces.append(text)
            self._characters += len(text)
            if self._characters > _MAX_SHARED_CHARACTERS:
                self._stop()

    def _stop(self) -> None:
        self.truncated = True
        raise Enough


class _Styles(Target):
    def __init__(self) -> None:
        super().__init__()
        self.dates: list[bool] = []  # by the number of the style
        self._date_formats = set(_DATE_FORMATS)
        self._in_cell_formats = False

    def opened(self, tag: str, attributes: Element) -> None:
        match local_name(tag):
            case "numFmt":
                pattern = _NOT_LETTERS_OF_DATES.sub("", attributes.get("formatCode", ""))
                if _LETTERS_OF_DATES.search(pattern):
                    self._date_formats.add(int(attributes["numFmtId"]))
            case "cellXfs":
                self._in_cell_formats = True
            case "xf" if self._in_cell_formats:
                self.dates.append(int(attributes.get("numFmtId", 0)) in self._date_formats)
                if len(self.dates) > _MAX_STYLES:
                    raise Enough

    def closed(self, tag: str) -> None:
        if local_name(tag) == "cellXfs":
            raise Enough


class _Cells(Target):
    def __init__(self, text: PlainText, shared: list[str], dates: list[bool], epoch: datetime) -> None:
        super().__init__()
        self._text = text
        self._shared = shared
        self._dates = dates
        self._epoch = epoch
        self._column = 0  # where the next cell would be, were none left out
        self._written = 0  # tabs in this row
        self._cell: Element = {}
        self._value: list[str] = []
        self._in_value = False

    def opened(self, tag: str, attributes: Element) -> None:
        match local_name(tag):
            case "row":
                self._column = self._written = 0
            case "c":
                self._cell = attributes
                self._value.clear()
            case "v" | "t":
                self._in_value = True

    def closed(self, tag: str) -> None:
        match local_name(tag):
            case "v" | "t":
                self._in_value = False
            case "c":
                self._place("".join(self._value))
            case "row":
                self._text.add("\n")

    def data(self, text: str) -> None:
        if self._in_value:
            self._value.append(text)

    def _place(self, value: str) -> None:
        found = _COLUMN.match(self._cell.get("r", ""))
        column = min(_column_number(found.group()) if found else self._column, MAX_COLUMNS)
        self._column = column + 1
        words = " ".join(self._words(value).split())
        if words:
            self._text.add("\t" * (column - self._written) + words)
            self._written = max(column, self._written)

    def _words(self, value: str) -> str:
        match self._cell.get("t", "n"):
            case "s":
                index = int(value or -1)
                return self._shared[index] if 0 <= index < len(self._shared) else ""
            case "b":
                return {"1": "TRUE", "0": "FALSE"}.get(value, value)
            case "n" if value:
                return self._number(value)
        return value

    def _number(self, value: str) -> str:
        number = float(value)
        style = int(self._cell.get("s", 0))
        if 0 <= style < len(self._dates) and self._dates[style]:
            with suppress(OverflowError):
                moment = self._epoch + timedelta(seconds=round(number * 86_400))
                if 0 <= number < 1:
                    return f"{moment:%H:%M:%S}"
                return f"{moment:%Y-%m-%d}" if moment.time() == moment.min.time() else f"{moment:%Y-%m-%d %H:%M:%S}"
        return f"{number:.15g}"


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
