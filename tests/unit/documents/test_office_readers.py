import io

import pytest
from PIL import Image

from s3browser.documents.document import Document
from s3browser.documents.limits import MAX_TEXT_CHARACTERS
from s3browser.exceptions import DocumentError
from tests.unit.documents.conftest import Read
from tests.unit.documents.samples import excel, office, opendocument, picture, powerpoint, relationships, word, zipped


def cell(reference: str, content: str, kind: str = "n", style: int = 0) -> str:
    return f'<c r="{reference}" t="{kind}" s="{style}"><v>{content}</v></c>'


def size_of_thumbnail(document: Document) -> tuple[int, int]:
    assert document.thumbnail is not None
    return Image.open(io.BytesIO(document.thumbnail)).size


def test_an_office_file_tells_who_wrote_it(read_here: Read) -> None:
    document = read_here(word(), "a.docx")
    assert (document.title, document.author, document.page_count) == ("Annual report", "Ada Lovelace", 7)
    assert document.facts["Modified"] == "2024-05-01 09:30:00"
    assert size_of_thumbnail(document) == (64, 90)


def test_an_office_file_without_properties_is_read(read_here: Read) -> None:
    document = read_here(
        zipped(
            {
                "_rels/.rels": relationships(a="officeDocument:/word/document.xml"),
                "word/document.xml": "<document><p><t>Bare</t></p></document>",
            }
        )
    )
    assert (document.text, document.title, document.page_count, document.thumbnail) == ("Bare", None, None, None)


def test_a_damaged_picture_of_itself_does_not_spoil_a_document(read_here: Read) -> None:
    document = read_here(word(parts={"docProps/thumbnail.jpeg": b"\xff\xd8\xff broken"}))
    assert (document.text, document.thumbnail) == ("Hello, office.", None)


def test_word_keeps_paragraphs_breaks_and_tables(read_here: Read) -> None:
    cells = "<w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p><w:p/></w:tc><w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>"
    row = f"<w:tr>{cells}</w:tr>"
    body = (
        "<w:p><w:r><w:t>One</w:t><w:tab/><w:t xml:space='preserve'> two</w:t><w:br/><w:t>three</w:t></w:r></w:p>"
        f"<w:tbl>{row.format('a', 'b')}{row.format('c', 'd')}</w:tbl>"
        "<w:p><w:r><w:t>&lt;End&gt;</w:t></w:r></w:p>"
    )
    assert read_here(word(body)).text == "One\t two\nthree\na\tb\nc\td\n<End>"


def test_word_leaves_out_what_was_deleted_and_what_is_said_twice(read_here: Read) -> None:
    body = (
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:t>here</w:t></w:r></w:p>"
        '<mc:AlternateContent xmlns:mc="urn:mc"><mc:Choice><w:p><w:r><w:t>box</w:t></w:r></w:p></mc:Choice>'
        "<mc:Fallback><w:p><w:r><w:t>box</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>"
    )
    assert read_here(word(body)).text == "here\nbox"


def test_excel_reads_every_type_of_cell(read_here: Read) -> None:
    row = (
        cell("A1", "1", "s")
        + cell("B1", "0.30000000000000004")
        + cell("C1", "1", "b")
        + cell("D1", "#DIV/0!", "e")
        + cell("E1", "sum", "str")
        + '<c r="F1" t="inlineStr"><is><t>in</t><t>line</t></is></c>'
        + cell("G1", "99", "s")
        + cell("H1", "1E+21")
    )
    shared = "<si><t>unused</t></si><si><r><t>ri</t></r><r><t>ch</t></r><rPh><t>reading</t></rPh></si>"
    document = read_here(excel(f"<row>{row}</row>", shared=shared))
    assert document.text == "First\nrich\t0.3\tTRUE\t#DIV/0!\tsum\tinline\t\t1e+21"
    assert document.page_count == 1


def test_excel_shows_dates_as_dates(read_here: Read) -> None:
    cells = [
        cell("A1", "45413", style=1),  # a format built into Excel
        cell("B1", "45413", style=2),  # one of the workbook’s own
        cell("C1", "45413", style=3),  # its letters of dates are in quotes
        cell("D1", "45413.395833333336", style=4),
        cell("E1", "0.5", style=1),
        cell("F1", "45413"),
        cell("G1", "1e300", style=1),
        cell("H1", "-3", style=1),
    ]
    text = read_here(excel(f"<row>{''.join(cells)}</row>")).text
    assert text.split("\n")[1].split("\t") == [
        "2024-05-01", "2024-05-01", "45413", "2024-05-01 09:30:00", "12:00:00", "45413", "1e+300", "1899-12-27",
    ]  # fmt: skip


def test_excel_on_old_macs_counts_from_1904(read_here: Read) -> None:
    book = excel(f"<row>{cell('A1', '1', style=1)}</row>", workbook='<workbookPr date1904="1"/>')
    assert read_here(book).text == "First\n1904-01-02"


def test_excel_keeps_columns_apart_and_sheets_in_order(read_here: Read) -> None:
    rows = f"<row>{cell('C1', '1')}{cell('E1', '2')}</row><row/><row><c><v>3</v></c><c><v>4</v></c></row>"
    document = read_here(excel(rows, {"Second &amp; last": f"<row>{cell('A1', '5')}</row>"}))
    assert document.text == "First\n\t\t1\t\t2\n\n3\t4\n\nSecond & last\n5"
    assert document.page_count == 2


def test_powerpoint_follows_the_order_of_the_show(read_here: Read) -> None:
    slides = (
        "<a:p><a:r><a:t>One</a:t></a:r><a:br/><a:r><a:t>more</a:t></a:r></a:p>",
        "<a:p><a:r><a:t>Two</a:t></a:r></a:p>",
    )
    document = read_here(powerpoint(*slides))
    assert (document.text, document.page_count) == ("One\nmore\n\nTwo", 2)


def test_opendocument_text(read_here: Read) -> None:
    body = (
        "<office:text><text:tracked-changes><text:p>deleted</text:p></text:tracked-changes><text:h>Head</text:h>"
        '<text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d<text:span>e</text:span>'
        "<office:annotation><text:p>remark</text:p></office:annotation></text:p></office:text>"
    )
    document = read_here(opendocument("text", body))
    assert document.text == "Head\na   b\tc\nde"
    assert (document.title, document.author, document.page_count) == ("Minutes", "Grace Hopper", 3)
    assert document.facts == {"Format": "OpenDocument text", "Modified": "2024-05-01 09:30:00"}
    assert size_of_thumbnail(document) == (90, 64)


def test_opendocument_spreadsheet(read_here: Read) -> None:
    def cells(*words: str) -> str:
        return "".join(f"<table:table-cell><text:p>{word}</text:p></table:table-cell>" for word in words)

    gap = '<table:table-cell table:number-columns-repeated="2"/>'
    body = (
        f'<table:table table:name="Sums"><table:table-row>{cells("a")}{gap}{cells("b")}{gap}</table:table-row>'
        f'<table:table-row table:number-rows-repeated="2">{cells("c")}</table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row></table:table>'
        f'<table:table table:name="More"><table:table-row><table:table-cell table:number-columns-repeated="3">'
        "<text:p>x</text:p></table:table-cell></table:table-row></table:table>"
    )
    document = read_here(opendocument("spreadsheet", body))
    assert document.text == "Sums\na\t\t\tb\nc\nc\n\n\nMore\nx\tx\tx"
    assert document.page_count == 2


def test_opendocument_presentation_leaves_the_notes_out(read_here: Read) -> None:
    page = '<draw:page><text:p>{}</text:p><pr:notes xmlns:pr="urn:pr"><text:p>say this</text:p></pr:notes></draw:page>'
    document = read_here(opendocument("presentation", page.format("One") + page.format("Two")))
    assert (document.text, document.page_count) == ("One\n\nTwo", 2)


@pytest.mark.parametrize("mark", ["encryption-data", "loext:encrypted-package"])
def test_an_encrypted_opendocument_says_so(read_here: Read, mark: str) -> None:
    manifest = f'<!DOCTYPE manifest:manifest PUBLIC "x" "Manifest.dtd"><manifest><{mark}/></manifest>'
    with pytest.raises(DocumentError) as caught:
        read_here(opendocument("text", "<text:p/>", {"META-INF/manifest.xml": manifest}))
    assert caught.value.code == "Encrypted"


def test_long_documents_are_cut_and_say_so(read_here: Read) -> None:
    paragraph = f"<w:p><w:r><w:t>{'x' * 1_000}</w:t></w:r></w:p>"
    document = read_here(word(paragraph * 1_100))
    assert document.truncated
    assert len(document.text) == MAX_TEXT_CHARACTERS


def test_a_relation_that_leaves_the_package_leads_nowhere(read_here: Read) -> None:
    outside = (
        '<Relationships><Relationship Id="a" Type="x/officeDocument" Target="../../word/document.xml"/></Relationships>'
    )
    document = read_here(zipped({"_rels/.rels": outside, "word/document.xml": "<document><p><t>In</t></p></document>"}))
    assert document.text == "In"
    external = outside.replace("Id=", 'TargetMode="External" Id=')
    assert read_here(zipped({"_rels/.rels": external})).kind == "zip"


def test_an_absent_main_part_is_damage(read_here: Read) -> None:
    with pytest.raises(DocumentError) as caught:
        read_here(office("word/document.xml", {}))
    assert caught.value.code is None
    assert "KeyError" in caught.value.__notes__[0]


def test_a_large_thumbnail_is_left_out(read_here: Read) -> None:
    huge = picture("BMP", (2_000, 1_500))
    assert read_here(word(parts={"docProps/thumbnail.jpeg": huge})).thumbnail is None
