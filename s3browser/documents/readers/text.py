"""Plain text and Markdown, which is shown as it was written."""

import re
from pathlib import Path

from s3browser.documents.detection import detect
from s3browser.documents.document import Document, Kind
from s3browser.documents.limits import MAX_TEXT_CHARACTERS
from s3browser.documents.readers.encoding import decode_file

_HEADING = re.compile(r"^#{1,6}[ \t]+([^\n]+)", re.MULTILINE)
_HEADING_WITHIN = 4_096  # characters


def read(path: Path, name: str) -> Document:
    """Read text in any encoding; the title of Markdown is its first heading."""
    kind = detect(path, name)
    decoded = decode_file(path)
    heading = _HEADING.search(decoded.text[:_HEADING_WITHIN]) if kind is Kind.MARKDOWN else None
    return Document(
        key=name,
        kind=kind,
        title=heading.group(1).strip().rstrip("#") if heading else None,
        text=decoded.text[:MAX_TEXT_CHARACTERS],
        truncated=decoded.truncated or len(decoded.text) > MAX_TEXT_CHARACTERS,
        facts={"Encoding": decoded.encoding.upper()},
    )
