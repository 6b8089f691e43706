"""Web pages as text: no script, no style, and nothing is fetched."""

import re
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path

from s3browser.documents.document import Document, Kind
from s3browser.documents.limits import MAX_WORDS_CHARACTERS
from s3browser.documents.readers.encoding import decode_file
from s3browser.documents.readers.plain import PlainText, TextIsFull

_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_DECLARED_WITHIN = 4_096  # bytes
_SPACE = re.compile(r"\s+")
_LINES = frozenset(  # elements that begin a new line
    {"address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li"}
    | {"main", "nav", "ol", "option", "p", "pre", "section", "table", "title", "tr", "ul"}
)
_CELLS = frozenset({"td", "th"})
_UNSEEN = frozenset({"script", "style"})


def read(path: Path, name: str) -> Document:
    """Read a page's title, author and visible text."""
    with path.open("rb") as file:
        found = _DECLARED.search(file.read(_DECLARED_WITHIN))
    decoded = decode_file(path, declared=found.group(1).decode("ascii") if found else None)
    page = _Page()
    with suppress(TextIsFull):
        page.feed(decoded.text)
        page.close()
    return Document(
        key=name,
        kind=Kind.HTML,
        title=page.title.strip(),
        author=page.author,
        text=str(page.text).strip(),
        truncated=decoded.truncated or page.text.truncated,
        facts={"Encoding": decoded.encoding.upper()},
    )


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.author = ""
        self.text = PlainText()
        self._in_title = False
        self._unseen = 0
        self._as_written = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "pre":
            self._as_written += 1
        elif tag == "title":
            self._in_title = not self.title
        elif tag in _CELLS and self.text.last not in ("", "\n"):
            self.text.add("\t")
        elif tag == "meta":
            values = dict(attrs)
            if (values.get("name") or "").lower() == "author":
                self.author = self.author or values.get("content") or ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # “<script/>” and “<pre/>” open an element in HTML, but here they would never be closed.
        if tag not in _UNSEEN and tag not in ("pre", "title"):
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._break(tag)
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "pre":
            self._as_written = max(0, self._as_written - 1)
        elif tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._in_title:
            self.title = (self.title + data)[:MAX_WORDS_CHARACTERS]
            return
        if not self._as_written:
            data = _SPACE.sub(" ", data)
            if self.text.last in ("", "\n", "\t", " "):
                data = data.lstrip(" ")
        self.text.add(data)

    def _break(self, tag: str) -> None:
        if tag in _LINES and self.text.last not in ("", "\n"):
            self.text.add("\n")
