"""Comma-separated values: parted by commas, semicolons, tabs or bars, whichever makes the straightest columns."""

import csv
import io
from contextlib import suppress
from itertools import islice
from pathlib import Path

from s3browser.documents.document import Document, Kind
from s3browser.documents.limits import MAX_TEXT_CHARACTERS
from s3browser.documents.readers.encoding import decode_file
from s3browser.documents.readers.plain import PlainText, TextIsFull

_DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar"}
_TRIED_ROWS = 20
_TRIED_CHARACTERS = 64 * 1024


def read(path: Path, name: str) -> Document:
    """Read rows; the text is one row a line, cells parted by tabs, line ends within a cell turned into spaces."""
    csv.field_size_limit(MAX_TEXT_CHARACTERS * 4)
    decoded = decode_file(path)
    delimiter = _delimiter_of(decoded.text[:_TRIED_CHARACTERS])
    text = PlainText()
    rows = columns = 0
    with suppress(TextIsFull):
        for row in csv.reader(io.StringIO(decoded.text, newline=""), delimiter=delimiter):
            rows += 1
            columns = max(columns, len(row))
            text.add("\t".join(" ".join(cell.split()) for cell in row) + "\n")
    truncated = decoded.truncated or text.truncated
    return Document(
        key=name,
        kind=Kind.CSV,
        text=str(text),
        truncated=truncated,
        facts={
            "Rows": f"more than {rows - 1:,}" if truncated else f"{rows:,}",
            "Columns": f"{columns:,}",
            "Separator": _DELIMITERS[delimiter],
            "Encoding": decoded.encoding.upper(),
        },
    )


def _delimiter_of(sample: str) -> str:
    def straightness(delimiter: str) -> tuple[float, int]:
        rows = list(islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), _TRIED_ROWS))
        widths = [len(row) for row in rows if row]
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0, usual)

    return max(_DELIMITERS, key=straightness)
