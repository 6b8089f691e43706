"""PowerPoint presentations (.pptx): the text of each slide, in the order of the show."""

from contextlib import suppress
from pathlib import Path

from s3browser.documents.document import Document, Kind
from s3browser.documents.readers import office
from s3browser.documents.readers.markup import Element, Target, local_name, parse
from s3browser.documents.readers.package import Package
from s3browser.documents.readers.plain import PlainText, TextIsFull


def read(path: Path, name: str) -> Document:
    """Read a presentation; slides are parted by an empty line."""
    with Package(path) as package:
        show = _Show()
        parse(package.chunks(package.main_part), show)
        parts = package.related(package.main_part)
        text = PlainText()
        with suppress(TextIsFull):
            for slide in show.slides:
                parse(package.chunks(parts[slide]), _Slide(text))
                text.add("\n")
        return office.document(package, name, Kind.POWERPOINT, text, len(show.slides))


class _Show(Target):
    def __init__(self) -> None:
        super().__init__()
        self.slides: list[str] = []

    def opened(self, tag: str, attributes: Element) -> None:
        if local_name(tag) == "sldId":
            # Two attributes are called id; the one in the relationships' namespace is the reference.
            self.slides += [value for key, value in attributes.items() if key.endswith("/relationships}id")]


class _Slide(Target):
    def __init__(self, text: PlainText) -> None:
        super().__init__()
        self._text = text
        self._in_text = False

    def opened(self, tag: str, attributes: Element) -> None:
        name = local_name(tag)
        self._in_text = name == "t"
        if name == "br":
            self._text.add("\n")

    def closed(self, tag: str) -> None:
        self._in_text = False
        if local_name(tag) == "p":
            self._text.add("\n")

    def data(self, text: str) -> None:
        if self._in_text:
            self._text.add(text)
