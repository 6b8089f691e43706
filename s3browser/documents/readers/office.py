"""What Word, Excel and PowerPoint files have in common: who wrote them, and the picture they carry of themselves."""

from s3browser.documents.document import Document, Kind
from s3browser.documents.readers.image import thumbnail_of
from s3browser.documents.readers.markup import Properties, parse
from s3browser.documents.readers.package import Package
from s3browser.documents.readers.plain import PlainText


def properties(package: Package, relation: str, *names: str) -> dict[str, str]:
    """Named values of the package's core or extended properties; absent ones are left out."""
    values = Properties(*names)
    part = package.root.get(relation)
    if part and package.has(part):
        parse(package.chunks(part), values)
    return values.values


def document(package: Package, name: str, kind: Kind, text: PlainText, page_count: int | None) -> Document:
    """The document of an Office package, its words given."""
    core = properties(package, "core-properties", "title", "creator", "modified")
    picture = package.picture(package.root.get("thumbnail"))
    return Document(
        key=name,
        kind=kind,
        title=core.get("title"),
        author=core.get("creator"),
        page_count=page_count,
        text=str(text).strip("\n"),
        truncated=text.truncated,
        thumbnail=thumbnail_of(picture) if picture else None,
        facts={"Modified": core.get("modified", "").replace("T", " ").removesuffix("Z")},
    )
