"""XML as a stream, without entities, external references or bottomless nesting."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from defusedxml.ElementTree import DefusedXMLParser

from s3browser.documents.limits import MAX_XML_DEPTH
from s3browser.documents.readers.plain import TextIsFull
from s3browser.exceptions import DocumentError

Element = Mapping[str, str]  # an element's attributes, by "{namespace}name"


class Enough(Exception):  # noqa: N818 (not an error)
    """Raised by a target that has seen all it wants."""


class Target:
    """What happens to the elements of a document as they come. No tree is built.

    Names are "{namespace}name". Override ``opened``, ``closed`` and ``data``.
    """

    def __init__(self) -> None:
        self._depth = 0

    def start(self, tag: str, attributes: Element) -> None:
        """Called by the parser."""
        self._depth += 1
        if self._depth > MAX_XML_DEPTH:
            raise DocumentError("process")
        self.opened(tag, attributes)

    def end(self, tag: str) -> None:
        """Called by the parser."""
        self._depth -= 1
        self.closed(tag)

    def opened(self, tag: str, attributes: Element) -> None:
        """An element begins."""

    def closed(self, tag: str) -> None:
        """An element ends."""

    def data(self, text: str) -> None:
        """A piece of the text between two marks."""


def parse(chunks: Iterable[bytes], target: Target) -> None:
    """Feed a document to a target, to its end or until the target has enough or its text is full.

    Raises:
        defusedxml.DefusedXmlException: it has a document type, an entity or an external reference.
        xml.etree.ElementTree.ParseError: it is not well-formed.
    """
    parser: Any = DefusedXMLParser(target=target, forbid_dtd=True)
    with suppress(Enough, TextIsFull):
        for chunk in chunks:
            parser.feed(chunk)
        parser.close()


def local_name(tag: str) -> str:
    """The name without its namespace: Office writes the same names in two namespaces, transitional and strict."""
    return tag.rsplit("}", 1)[-1]


class Properties(Target):
    """The values of named elements of a small document, as those of ``docProps/core.xml``: the first of each name."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self._names = names
        self._open: str | None = None
        self.values: dict[str, str] = {}

    def opened(self, tag: str, attributes: Element) -> None:
        """Take up the text of a wanted element."""
        name = local_name(tag)
        if name in self._names and name not in self.values:
            self._open = name
            self.values[name] = ""

    def closed(self, tag: str) -> None:
        """Put it down again."""
        self._open = None

    def data(self, text: str) -> None:
        """Add to the element that is open."""
        if self._open and len(self.values[self._open]) < 1_000:
            self.values[self._open] += text
