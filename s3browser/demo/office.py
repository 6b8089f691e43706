"""Small documents of the demo, written by hand so that no office library is needed: the same bytes each time."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument"

Cell = str | float | tuple[str, float]  # the last: a formula without its "=", and what it comes to


def archive(files: Mapping[str, bytes | str], *, packed: bool = True) -> bytes:
    """A ZIP of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as file:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (2026, 1, 5, 9, 0, 0))
            file.writestr(entry, content, file.compression)
    return out.getvalue()


def docx(title: str, paragraphs: Sequence[str], author: str = "Acme Marketing") -> bytes:
    """A Word document: the title, then the paragraphs; one that begins with ``# `` is a heading."""

    def paragraph(text: str, style: str) -> str:
        return (
            f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>'
            f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'
        )

    def style(name: str, label: str, size_pt: int, *, bold: bool) -> str:
        weight = "<w:b/>" if bold else ""
        return (
            f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{label}"/>'
            f'<w:pPr><w:spacing w:after="160"/></w:pPr><w:rPr>{weight}<w:sz w:val="{2 * size_pt}"/></w:rPr></w:style>'
        )

    body = paragraph(title, "Title") + "".join(
        paragraph(text.removeprefix("# "), "Heading1" if text.startswith("# ") else "Normal") for text in paragraphs
    )
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    styles = style("Normal", "Normal", 11, bold=False) + style("Title", "Title", 24, bold=True)
    return archive(
        {
            **_package("word/document.xml", f"{_TYPES}.wordprocessingml.document.main+xml", title, author, {
                "word/styles.xml": f"{_TYPES}.wordprocessingml.styles+xml",
            }),
            "word/_rels/document.xml.rels": _relations({"styles": ("styles.xml", f"{_OFFICE}/styles")}),
            "word/styles.xml": (
                f"{_XML}<w:styles {space}>{styles}{style('Heading1', 'heading 1', 15, bold=True)}</w:styles>"
            ),
            "word/document.xml": f"{_XML}<w:document {space}><w:body>{body}</w:body></w:document>",
        }
    )  # fmt: skip


def xlsx(title: str, sheet: str, rows: Sequence[Sequence[Cell]], author: str = "Acme Finance") -> bytes:
    """A spreadsheet of one sheet; the first row is bold."""

    def cell(value: Cell, row: int, column: int) -> str:
        place = f'r="{chr(ord("A") + column)}{row}" s="{1 if row == 1 else 0}"'
        if isinstance(value, tuple):
            return f"<c {place}><f>{escape(value[0])}</f><v>{value[1]}</v></c>"
        if isinstance(value, str):
            return f'<c {place} t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        return f"<c {place}><v>{value}</v></c>"

    data = "".join(
        f'<row r="{number}">{"".join(cell(value, number, column) for column, value in enumerate(row))}</row>'
        for number, row in enumerate(rows, start=1)
    )
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return archive(
        {
            **_package("xl/workbook.xml", f"{_TYPES}.spreadsheetml.sheet.main+xml", title, author, {
                "xl/worksheets/sheet1.xml": f"{_TYPES}.spreadsheetml.worksheet+xml",
                "xl/styles.xml": f"{_TYPES}.spreadsheetml.styles+xml",
            }),
            "xl/_rels/workbook.xml.rels": _relations({
                "sheet": ("worksheets/sheet1.xml", f"{_OFFICE}/worksheet"),
                "styles": ("styles.xml", f"{_OFFICE}/styles"),
            }),
            "xl/workbook.xml": (
                f'{_XML}<workbook {space} xmlns:r="{_OFFICE}"><sheets>'
                f'<sheet name="{escape(sheet)}" sheetId="1" r:id="sheet"/></sheets></workbook>'
            ),
            "xl/styles.xml": (
                f'{_XML}<styleSheet {space}><fonts><font><sz val="11"/></font><font><b/><sz val="11"/></font></fonts>'
                "<fills><fill><patternFill patternType=\"none\"/></fill></fills><borders><border/></borders>"
                "<cellStyleXfs><xf/></cellStyleXfs>"
                "<cellXfs><xf fontId=\"0\"/><xf fontId=\"1\" applyFont=\"1\"/></cellXfs>"
                "<cellStyles><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles></styleSheet>"
            ),
            "xl/worksheets/sheet1.xml": (
                f'{_XML}<worksheet {space}><cols><col min="1" max="1" width="34" customWidth="1"/></cols>'
                f"<sheetData>{data}</sheetData></worksheet>"
            ),
        }
    )  # fmt: skip


def pdf(
    title: str,
    pages: Sequence[Sequence[str]],
    *,
    author: str = "Acme Marketing",
    picture: tuple[bytes, int, int] | None = None,
) -> bytes:
    """A PDF of A4 pages, a line each; the first line of a page is large.

    Args:
        title: for the document's information.
        pages: lines of text; only what Windows-1252 has is shown.
        author: for the document's information.
        picture: a JPEG with its width and height in pixels, shown on the first page.
    """
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",  # the pages, once they are numbered
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Title %s /Author %s /Producer (s3browser) >>" % (_pdf_text(title), _pdf_text(author)),
    ]
    resources = b"/Font << /F 3 0 R >>"
    if picture is not None:
        data, width, height = picture
        objects.append(
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8"
            b" /Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream" % (width, height, len(data), data)
        )
        resources += b" /XObject << /P 5 0 R >>"
    kids: list[int] = []
    for number, lines in enumerate(pages):
        first, *rest = lines or [""]
        drawing = b"BT /F 22 Tf 57 770 Td %s Tj ET\n" % _pdf_text(first)
        top = 730.0
        if picture is not None and number == 0:
            shown = 481 * picture[2] / picture[1]
            top -= shown + 24
            drawing += b"q 481 0 0 %.2f 57 %.2f cm /P Do Q\n" % (shown, 745 - shown)
        drawing += b"BT /F 11 Tf 16 TL 57 %.2f Td\n" % top
        drawing += b"".join(b"%s Tj T*\n" % _pdf_text(line) for line in rest) + b"ET"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << %s >> /Contents %d 0 R >>"
            % (resources, len(objects))
        )
        kids.append(len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))
    return _pdf_file(objects)


def _pdf_text(text: str) -> bytes:
    plain = text.encode("cp1252", "replace")
    return b"(" + plain.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") + b")"


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def _relations(targets: Mapping[str, tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="{name}" Type="{kind}" Target="{target}"/>' for name, (target, kind) in targets.items()
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


def _package(main: str, kind: str, title: str, author: str, parts: Mapping[str, str]) -> dict[str, str]:
    """What every Office Open XML file has: the list of types, the way to the main part, title and author."""
    core = "application/vnd.openxmlformats-package.core-properties+xml"
    overrides = "".join(
        f'<Override PartName="/{part}" ContentType="{content}"/>'
        for part, content in {main: kind, "docProps/core.xml": core, **parts}.items()
    )
    return {
        "[Content_Types].xml": (
            f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
        ),
        "_rels/.rels": _relations(
            {
                "main": (main, f"{_OFFICE}/officeDocument"),
                "core": ("docProps/core.xml", f"{_PACKAGE}/relationships/metadata/core-properties"),
            }
        ),
        "docProps/core.xml": (
            f'{_XML}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<dc:title>{escape(title)}</dc:title><dc:creator>{escape(author)}</dc:creator></cp:coreProperties>"
        ),
    }
