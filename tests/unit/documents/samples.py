"""Documents made on the spot: sound ones, each as small as it can be, and what the hostile ones are made of."""

import io
import zipfile
from collections.abc import Mapping

from PIL import Image
from pypdf import PdfReader, PdfWriter

CORE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">
<dc:title>Annual report</dc:title><dc:creator>Ada Lovelace</dc:creator>
<dcterms:modified>2024-05-01T09:30:00Z</dcterms:modified></cp:coreProperties>"""

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SLIDE = "http://schemas.openxmlformats.org/presentationml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"

Parts = Mapping[str, str | bytes]


def zipped(parts: Parts, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def relationships(**targets: str) -> str:
    """``rId1="styles:styles.xml"``: id, the last word of the type, and the target."""
    rows = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{target.split(":")[0]}" Target="{target.split(":")[1]}"/>'
        for key, target in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}">{rows}</Relationships>'


def office(main: str, parts: Parts) -> bytes:
    """An Office package with properties and a thumbnail; ``main`` names the part it begins with."""
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relationships(
                rId1=f"officeDocument:{main}",
                rId2="core-properties:docProps/core.xml",
                rId3="extended-properties:docProps/app.xml",
                rId4="thumbnail:docProps/thumbnail.jpeg",
            ),
            "docProps/core.xml": CORE,
            "docProps/app.xml": "<Properties><Pages>7</Pages></Properties>",
            "docProps/thumbnail.jpeg": picture("JPEG", (64, 90)),
            **parts,
        }
    )


def word(body: str = "<w:p><w:r><w:t>Hello, office.</w:t></w:r></w:p>", parts: Parts | None = None) -> bytes:
    document = f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    return office("word/document.xml", {"word/document.xml": document, **(parts or {})})


def excel(rows: str, sheets: Mapping[str, str] | None = None, workbook: str = "", shared: str = "") -> bytes:
    """A workbook; ``rows`` is the first sheet’s, ``sheets`` are more of them, title to rows."""
    everything = {"First": rows, **(sheets or {})}
    listing = "".join(f'<sheet name="{title}" r:id="rId{number}"/>' for number, title in enumerate(everything, 1))
    parts = {
        f"xl/worksheets/sheet{number}.xml": f'<worksheet xmlns="{SHEET}"><sheetData>{content}</sheetData></worksheet>'
        for number, content in enumerate(everything.values(), 1)
    }
    references = {f"rId{number}": f"worksheet:worksheets/sheet{number}.xml" for number in range(1, len(everything) + 1)}
    formats = (
        '<numFmt numFmtId="164" formatCode="[Red]dd/mm/yyyy"/>',
        '<numFmt numFmtId="165" formatCode="0.0 &quot;hd&quot;"/>',  # letters of dates in quotes: no date
    )
    used = "".join(f'<xf numFmtId="{number}"/>' for number in (0, 14, 164, 165, 22))
    styles = (
        f"<numFmts>{''.join(formats)}</numFmts>"
        f'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        f"<cellXfs>{used}</cellXfs>"
    )
    book = f"{workbook}<sheets>{listing}</sheets>"
    return office(
        "xl/workbook.xml",
        {
            "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}">{book}</workbook>',
            "xl/_rels/workbook.xml.rels": relationships(
                **references, shared="sharedStrings:sharedStrings.xml", styles="styles:/xl/styles.xml"
            ),
            "xl/sharedStrings.xml": f'<sst xmlns="{SHEET}">{shared}</sst>',
            "xl/styles.xml": f'<styleSheet xmlns="{SHEET}">{styles}</styleSheet>',
            **parts,
        },
    )


def powerpoint(*slides: str) -> bytes:
    """A presentation whose slides are stored in the reverse of their order in the show."""
    listing = "".join(f'<p:sldId id="{256 + number}" r:id="rId{number}"/>' for number in range(len(slides)))
    names = [f"slides/slide{len(slides) - number}.xml" for number in range(len(slides))]
    spaces = f'xmlns:p="{SLIDE}" xmlns:a="{DRAWING}" xmlns:r="{OFFICE}"'
    return office(
        "ppt/presentation.xml",
        {
            "ppt/presentation.xml": f"<p:presentation {spaces}><p:sldIdLst>{listing}</p:sldIdLst></p:presentation>",
            "ppt/_rels/presentation.xml.rels": relationships(
                **{f"rId{number}": f"slide:{name}" for number, name in enumerate(names)}
            ),
            **{f"ppt/{name}": f"<p:sld {spaces}>{slide}</p:sld>" for name, slide in zip(names, slides, strict=True)},
        },
    )


def opendocument(variant: str, body: str, parts: Parts | None = None) -> bytes:
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{variant}",
            "content.xml": '<office:document-content xmlns:office="urn:o" xmlns:text="urn:t" xmlns:table="urn:tab"'
            f' xmlns:draw="urn:d"><office:body>{body}</office:body></office:document-content>',
            "meta.xml": '<office:document-meta xmlns:office="urn:o" xmlns:dc="urn:dc" xmlns:meta="urn:m"><office:meta>'
            "<dc:title>Minutes</dc:title><meta:initial-creator>Grace Hopper</meta:initial-creator>"
            '<dc:date>2024-05-01T09:30:00.123</dc:date><meta:document-statistic meta:page-count="3"/>'
            "</office:meta></office:document-meta>",
            "Thumbnails/thumbnail.png": picture("PNG", (90, 64)),
            **(parts or {}),
        }
    )


def picture(form: str, size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: object) -> bytes:
    target = io.BytesIO()
    image = Image.new(mode, size)
    image.paste(
        0xFF if mode in ("L", "P", "1") else 0xFFFF if mode == "I;16" else (255,) * len(image.getbands()), (0, 0, 8, 8)
    )
    image.save(target, form, **options)
    return target.getvalue()


def pdf(*pages: str, title: str = "Invoice 12", author: str = "Billing") -> bytes:
    """A PDF written by hand: each page is a line of text."""
    bodies = ["<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    bodies.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>")
    bodies.append(f"<< /Title ({title}) /Author ({author}) /ModDate (D:20240501093000Z) >>")
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    for number, page in enumerate(pages):
        content = f"BT /F1 24 Tf 72 700 Td ({page}) Tj ET"
        bodies.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R"
            f" /Resources << /Font << /F1 {font} >> >> >>"
        )
        bodies.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    return pdf_of(bodies, info=3)


def pdf_of(bodies: list[str], info: int | None = None) -> bytes:
    """A PDF of numbered objects with a right cross-reference table."""
    content = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(content))
        content += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(content)
    content += f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n".encode()
    content += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    extra = f" /Info {info} 0 R" if info else ""
    content += f"trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R{extra} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(content)


def encrypted_pdf(user_password: str, algorithm: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("Secret plans"))))
    writer.encrypt(user_password, "owner", algorithm=algorithm)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


EVERY_KIND: Mapping[str, bytes] = {
    "a.pdf": pdf("Hello, PDF."),
    "a.docx": word(),
    "a.xlsx": excel('<row><c r="A1" t="inlineStr"><is><t>Hello</t></is></c></row>'),
    "a.pptx": powerpoint("<a:p><a:t>Hello</a:t></a:p>"),
    "a.odt": opendocument("text", "<text:p>Hello</text:p>"),
    "a.ods": opendocument("spreadsheet", '<table:table table:name="T"><table:table-row/></table:table>'),
    "a.odp": opendocument("presentation", "<draw:page><text:p>Hello</text:p></draw:page>"),
    "a.png": picture("PNG"),
    "a.jpg": picture("JPEG"),
    "a.gif": picture("GIF", mode="P"),
    "a.webp": picture("WEBP"),
    "a.bmp": picture("BMP"),
    "a.tif": picture("TIFF"),
    "a.zip": zipped({"b.txt": "b"}),
    "a.txt": "Größe".encode(),
    "a.csv": b"a;b\n1;2\n",
    "a.md": b"# Title\n\ntext\n",
    "a.html": b"<!doctype html><title>T</title><p>Hello",
}
