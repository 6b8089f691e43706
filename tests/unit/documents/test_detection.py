import pytest

from s3browser.documents.document import Kind
from s3browser.exceptions import DocumentError
from tests.unit.documents.conftest import Read
from tests.unit.documents.samples import EVERY_KIND, office, opendocument, pdf, picture, zipped

KINDS = {
    "a.pdf": Kind.PDF,
    "a.docx": Kind.WORD,
    "a.xlsx": Kind.EXCEL,
    "a.pptx": Kind.POWERPOINT,
    "a.odt": Kind.OPENDOCUMENT,
    "a.ods": Kind.OPENDOCUMENT,
    "a.odp": Kind.OPENDOCUMENT,
    "a.zip": Kind.ZIP,
    "a.txt": Kind.TEXT,
    "a.csv": Kind.CSV,
    "a.md": Kind.MARKDOWN,
    "a.html": Kind.HTML,
} | dict.fromkeys(("a.png", "a.jpg", "a.gif", "a.webp", "a.bmp", "a.tif"), Kind.IMAGE)


def test_there_is_a_sample_of_every_kind() -> None:
    assert EVERY_KIND.keys() == KINDS.keys()
    assert set(KINDS.values()) == set(Kind)


@pytest.mark.parametrize("name", EVERY_KIND)
def test_every_kind_is_known(read_here: Read, name: str) -> None:
    assert read_here(EVERY_KIND[name], f"folder/{name}").kind is KINDS[name]


@pytest.mark.parametrize("name", set(EVERY_KIND) - {"a.csv", "a.md", "a.html"})
@pytest.mark.parametrize("wrong", ["a.mp3", "no-suffix", "a.xlsx", "a.JPEG"])
def test_content_counts_more_than_the_name(read_here: Read, name: str, wrong: str) -> None:
    assert read_here(EVERY_KIND[name], wrong).kind is KINDS[name]


def test_text_in_a_file_named_pdf_is_text(read_here: Read) -> None:
    assert read_here(b"Not a PDF at all.\n", "report.pdf").text == "Not a PDF at all.\n"


@pytest.mark.parametrize("start", [b"<!DOCTYPE HTML>", b"\xef\xbb\xbf\n <html lang=en>"])
def test_html_is_known_without_its_suffix(read_here: Read, start: bytes) -> None:
    assert read_here(start + b"<p>x", "page.txt").kind is Kind.HTML


def test_a_pdf_may_begin_late(read_here: Read) -> None:
    assert read_here(b"\x1b%-12345X@PJL JOB\r\n" + pdf("Printed"), "a.pdf").text == "Printed"


@pytest.mark.parametrize("content", [b"BMW is a maker of cars.", b"PKZIP was a program.", b"GIFT", b"%!PS-Adobe"])
def test_text_that_begins_like_something_else_is_text(read_here: Read, content: bytes) -> None:
    assert read_here(content).kind is Kind.TEXT


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.txt", "Empty"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0", "program", "UnknownKind"),
        (b"\x1f\x8b\x08\0" + bytes(range(256)), "a.tar.gz", "UnknownKind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old.doc", "UnknownKind"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99 + "EncryptedPackage".encode("utf-16-le"),
            "a.docx",
            "Encrypted",
        ),
        (office("xl/workbook.bin", {"xl/workbook.bin": b"\x83\x01"}), "a.xlsb", "UnknownKind"),
        (b"\0" * 4096, "damaged-disk.pdf", None),
        (b"PK\x03\x04", "a.zip", None),
    ],
)
def test_what_cannot_be_read_says_why(read_here: Read, content: bytes, name: str, code: str | None) -> None:
    with pytest.raises(DocumentError) as refused:
        read_here(content, name)
    assert refused.value.code == code


def test_an_office_like_package_of_another_program_is_an_archive(read_here: Read) -> None:
    drawing = office("visio/document.xml", {"visio/document.xml": "<a/>"})
    assert read_here(drawing, "plan.vsdx").kind is Kind.ZIP
    assert read_here(zipped({"mimetype": "application/epub+zip", "a": "b"}), "book.epub").kind is Kind.ZIP


def test_the_main_part_may_have_any_name(read_here: Read) -> None:
    # Word on the web calls the main part document2.xml
    moved = office("word/document2.xml", {"word/document2.xml": "<document><p><t>Moved</t></p></document>"})
    assert read_here(moved, "a.docx").text == "Moved"


def test_templates_are_documents_too(read_here: Read) -> None:
    template = opendocument("text-template", "<text:p>Dear</text:p>")
    assert read_here(template, "a.ott").facts["Format"] == "OpenDocument text"


def test_a_picture_named_otherwise_is_a_picture(read_here: Read) -> None:
    assert read_here(picture("PNG"), "photo.txt").kind is Kind.IMAGE
