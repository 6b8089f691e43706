"""Files made to do harm: each ends in a typed error or a cut document, in bounded memory and time.

Every file is read as the program reads it, by a small program of its own, so that the peak memory of the worker is
that of this one file. Times are generous against a busy machine; without the limits most of these take hours.
"""

import copy
import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from s3browser.documents.limits import MAX_TEXT_CHARACTERS, MEMORY_BYTES, MIB, READ_TIME_S
from tests.unit.documents.samples import excel, office, opendocument, pdf, pdf_of, picture, word, zipped

PATIENCE_S = READ_TIME_S + 10

_READ = """
import json, resource, sys, time
from pathlib import Path
from s3browser.documents import ReaderProcess
from s3browser.exceptions import DocumentError

started = time.monotonic()
outcome = {}
with ReaderProcess(time_limit_s=float(sys.argv[3])) as reader:
    try:
        document = reader.read(Path(sys.argv[1]), sys.argv[2])
        outcome.update(kind=document.kind, text=document.text[:1000], length=len(document.text), cut=document.truncated)
    except DocumentError as error:
        outcome.update(code=error.code, reason=error.reason, notes="".join(getattr(error, "__notes__", [])))
outcome["seconds"] = time.monotonic() - started
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
outcome["peak_bytes"] = peak * (1 if sys.platform == "darwin" else 1024)
print(json.dumps(outcome))
"""


@dataclass(frozen=True)
class Outcome:
    seconds: float
    peak_bytes: int
    kind: str | None = None
    text: str = ""
    length: int = 0
    cut: bool = False
    code: str | None = None
    reason: str = ""
    notes: str = ""

    @property
    def refused(self) -> bool:
        return self.kind is None


Meet = Callable[..., Outcome]


@pytest.fixture
def meet(tmp_path: Path) -> Meet:
    """Reads hostile bytes, and holds for all: in time, and in the memory that a worker may have."""

    def read(content: bytes, name: str, *, time_limit_s: float = READ_TIME_S) -> Outcome:
        path = tmp_path / "hostile"
        path.write_bytes(content)
        result = subprocess.run(
            [sys.executable, "-c", _READ, str(path), name, str(time_limit_s)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S + 30,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        outcome = Outcome(**json.loads(result.stdout))
        assert outcome.seconds < PATIENCE_S
        assert outcome.peak_bytes <= MEMORY_BYTES
        return outcome

    return read


# ZIP bombs ------------------------------------------------------------------------------------------------------------


def overlapping(copies: int, size_bytes: int) -> bytes:
    """A flat bomb: every member’s entry points to the same packed zeros."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("kernel", bytes(size_bytes))
        for number in range(copies):
            twin = copy.copy(archive.filelist[0])
            twin.filename = f"{number}"
            archive.filelist.append(twin)
    return target.getvalue()


def claiming(content: bytes, size_bytes: int) -> bytes:
    """The archive’s last member says in the directory that it unpacks to so much."""
    place = content.rindex(b"PK\x01\x02")
    return content[: place + 24] + struct.pack("<I", size_bytes) + content[place + 28 :]


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.docx"])
def test_a_flat_bomb_of_ten_gigabytes(meet: Meet, name: str) -> None:
    outcome = meet(overlapping(10_000, 1_000_000), name)
    assert outcome.code == "TooLarge"
    assert outcome.peak_bytes < 60 * MIB


def test_a_nested_bomb_is_not_opened(meet: Meet) -> None:
    content = zipped({"zeros": bytes(50_000_000)})
    for level in range(5):
        content = zipped({f"{level}-{number}.zip": content for number in range(10)})
    outcome = meet(content, "42.zip")
    assert outcome.kind == "zip"
    assert outcome.text.startswith("4-0.zip\t")
    assert outcome.peak_bytes < 60 * MIB


def test_an_archive_of_more_members_than_fit(meet: Meet) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("one", b"")
        for number in range(150_000):
            twin = copy.copy(archive.filelist[0])
            twin.filename = f"{number:060}"
            archive.filelist.append(twin)
    outcome = meet(target.getvalue(), "many.zip")
    assert outcome.code == "TooLarge"
    assert outcome.peak_bytes < 60 * MIB


def test_an_office_file_that_unpacks_to_nothing_but_air(meet: Meet) -> None:
    outcome = meet(word("<w:p>" + " " * 150_000_000 + "</w:p>"), "air.docx")
    assert outcome.code == "TooLarge"
    assert outcome.peak_bytes < 80 * MIB


def test_an_office_file_that_unpacks_to_endless_text(meet: Meet) -> None:
    outcome = meet(word("<w:p><w:t>" + "a" * 100_000_000 + "</w:t></w:p>"), "endless.docx")
    assert (outcome.length, outcome.cut) == (MAX_TEXT_CHARACTERS, True)
    assert outcome.peak_bytes < 80 * MIB


def test_a_member_that_lies_about_its_size(meet: Meet) -> None:
    outcome = meet(claiming(zipped({"_rels/.rels": "<Relationships/>"}), 0xF0000000), "liar.docx")
    assert outcome.code == "TooLarge"
    outcome = meet(claiming(word(), 3), "liar.docx")
    assert outcome.refused or outcome.text == "Hello, office."


def test_packed_by_a_method_that_takes_gigabytes(meet: Meet) -> None:
    outcome = meet(zipped({"mimetype": "application/vnd.oasis.opendocument.text"}, zipfile.ZIP_LZMA), "lzma.odt")
    assert outcome.refused
    assert "method 14" in outcome.notes


# XML ------------------------------------------------------------------------------------------------------------------

LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY lol0 "lol">'
    + "".join(f'<!ENTITY lol{level} "{f"&lol{level - 1};" * 10}">' for level in range(1, 10))
    + "]><a>&lol9;</a>"
)
QUADRATIC = f'<!DOCTYPE a [<!ENTITY x "{"x" * 100_000}">]><a>{"&x;" * 100_000}</a>'
EXTERNAL = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><document><p><t>&x;</t></p></document>'
PARAMETER = '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd">%x;]><document/>'
REMOTE = '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><document/>'


@pytest.mark.parametrize("document", [LAUGHS, QUADRATIC, EXTERNAL, PARAMETER, REMOTE])
@pytest.mark.parametrize("form", ["main", "relations", "properties", "opendocument"])
def test_xml_with_entities_is_refused(meet: Meet, document: str, form: str) -> None:
    content = {
        "main": lambda: office("word/document.xml", {"word/document.xml": document}),
        "relations": lambda: zipped({"_rels/.rels": document}),
        "properties": lambda: word(parts={"docProps/core.xml": document}),
        "opendocument": lambda: opendocument("text", "", {"content.xml": document}),
    }[form]()
    outcome = meet(content, "a.docx")
    assert outcome.refused
    assert "DTDForbidden" in outcome.notes
    assert outcome.peak_bytes < 60 * MIB


def test_xml_nested_without_end(meet: Meet) -> None:
    outcome = meet(word("<w:p>" * 1_000_000), "deep.docx")
    assert outcome.refused
    assert outcome.peak_bytes < 60 * MIB


def test_xml_of_one_long_mark(meet: Meet) -> None:
    meet(word('<w:p a="' + "x" * 60_000_000 + '"/>'), "mark.docx")


def test_twelve_million_elements(meet: Meet) -> None:
    outcome = meet(word("<w:p/>" * 12_000_000), "elements.docx")
    assert outcome.cut
    assert outcome.peak_bytes < 80 * MIB


def test_a_sheet_of_far_columns(meet: Meet) -> None:
    outcome = meet(excel('<row><c r="XFD1"><v>1</v></c></row>' * 3_000_000), "far.xlsx")
    assert outcome.cut
    assert outcome.peak_bytes < 80 * MIB


def test_shared_texts_without_end(meet: Meet) -> None:
    outcome = meet(excel('<row><c t="s"><v>0</v></c></row>', shared="<si><t>a</t></si>" * 7_000_000), "texts.xlsx")
    assert outcome.text == "First\na"
    assert outcome.cut
    assert outcome.peak_bytes < 80 * MIB


def test_cells_and_spaces_that_stand_for_billions(meet: Meet) -> None:
    cell = '<table:table-cell table:number-columns-repeated="999999999"><text:p>x</text:p></table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="999999999">{cell * 50}</table:table-row>'
    outcome = meet(opendocument("spreadsheet", f"<table:table>{row * 50}</table:table>"), "repeats.ods")
    assert outcome.cut
    assert outcome.peak_bytes < 80 * MIB
    spaces = '<text:p><text:s text:c="999999999"/></text:p>' * 100_000
    outcome = meet(opendocument("text", spaces), "spaces.odt")
    assert outcome.cut
    assert outcome.peak_bytes < 80 * MIB


# Images ---------------------------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def huge_png(side: int) -> bytes:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def patched(content: bytes, place: int, patch: bytes) -> bytes:
    return content[:place] + patch + content[place + len(patch) :]


def huge_jpeg(*, progressive: bool = False) -> bytes:
    content = picture("JPEG", progressive=progressive)
    frame = max(content.find(b"\xff\xc0"), content.find(b"\xff\xc2"))
    return patched(content, frame + 5, struct.pack(">HH", 65_500, 65_500))


def huge_tiff() -> bytes:
    content = picture("TIFF")
    directory = int.from_bytes(content[4:8], "little") + 2
    for entry in (directory, directory + 12):  # ImageWidth, ImageLength
        content = patched(content, entry + 2, struct.pack("<HII", 4, 1, 100_000))
    return content


HUGE: dict[str, bytes] = {
    "100,000 × 100,000.png": huge_png(100_000),
    "2,000,000,000 × 2,000,000,000.png": huge_png(2_000_000_000),
    "huge.bmp": patched(picture("BMP"), 18, struct.pack("<ii", 100_000, 100_000)),
    "huge.gif": patched(picture("GIF", mode="P"), 6, struct.pack("<HH", 65_535, 65_535)),
    "huge.jpg": huge_jpeg(),
    "huge-progressive.jpg": huge_jpeg(progressive=True),
    "huge.tif": huge_tiff(),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_picture_too_large_to_decode(meet: Meet, name: str) -> None:
    outcome = meet(HUGE[name], name)
    assert outcome.code == "TooLarge"
    assert outcome.peak_bytes < 60 * MIB


def test_a_webp_with_a_canvas_of_a_gigabyte(meet: Meet) -> None:
    inner = picture("WEBP", lossless=True)[12:]
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + (16_383).to_bytes(3, "little") * 2
    body = b"WEBP" + canvas + b"ANIM" + struct.pack("<I", 6) + bytes(6) + inner
    outcome = meet(b"RIFF" + struct.pack("<I", len(body)) + body, "canvas.webp")
    assert outcome.refused
    assert outcome.peak_bytes < 60 * MIB


def test_a_png_with_a_remark_of_a_hundred_megabytes(meet: Meet) -> None:
    content = picture("PNG")
    remark = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000)))
    outcome = meet(content[:33] + remark + content[33:], "remark.png")
    assert outcome.refused
    assert outcome.peak_bytes < 60 * MIB


def test_a_huge_picture_as_a_thumbnail_is_left_out(meet: Meet) -> None:
    outcome = meet(word(parts={"docProps/thumbnail.jpeg": huge_png(100_000)}), "a.docx")
    assert outcome.text == "Hello, office."
    assert outcome.peak_bytes < 60 * MIB


# PDF ------------------------------------------------------------------------------------------------------------------

CATALOG = "<< /Type /Catalog /Pages 2 0 R >>"


def page_of(content: bytes, resources: str = "") -> list[str]:
    return [
        CATALOG,
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << {resources} >> >>",
        f"<< /Length {len(content)} /Filter /FlateDecode >>\nstream\n{content.decode('latin-1')}\nendstream",
    ]


def test_a_pdf_whose_pages_are_their_own_ancestors(meet: Meet) -> None:
    tree = [
        CATALOG,
        "<< /Type /Pages /Kids [2 0 R 3 0 R 2 0 R] /Count 1000000 >>",
        "<< /Type /Pages /Parent 2 0 R /Kids [2 0 R 3 0 R] /Count 999999999 >>",
    ]
    assert meet(pdf_of(tree), "tree.pdf").refused


def test_a_pdf_that_lies_about_lengths_and_counts(meet: Meet) -> None:
    for lie in (
        pdf("Hello").replace(b"/Length ", b"/Length 9999999"),
        pdf("Hello").replace(b"/Length ", b"/Length -"),
        pdf("Hello").replace(b"/Count 1", b"/Count 2000000000"),
        pdf("Hello").replace(b"0000000000 65535 f", b"9999999999 65535 f"),
        pdf("Hello").replace(b"[0 0 612 792]", b"[0 0 1e30 1]"),
        pdf("Hello").replace(b"[0 0 612 792]", b"[0 0 9999999 9999999]"),
        pdf("Hello").replace(b"[0 0 612 792]", b"[0 0 0 0]"),
    ):
        outcome = meet(lie, "lie.pdf")
        assert outcome.refused or outcome.text in ("Hello", "")
        assert outcome.peak_bytes < 100 * MIB


def test_a_pdf_whose_page_unpacks_to_a_gigabyte(meet: Meet) -> None:
    packer = zlib.compressobj(1)
    spaces = b" " * (50 * MIB)
    content = b"".join(packer.compress(spaces) for _ in range(20)) + packer.flush()
    assert meet(pdf_of(page_of(content)), "flate.pdf").refused


def test_a_pdf_of_millions_of_lines(meet: Meet) -> None:
    content = zlib.compress(b"0 0 m 1 1 l S " * 15_000_000, 1)
    outcome = meet(pdf_of(page_of(content)), "lines.pdf")
    assert outcome.reason == "The document is damaged or too large to show here."


def test_a_pdf_of_forms_in_forms(meet: Meet) -> None:
    """Twenty levels, each ten times the next."""
    form = "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F {} 0 R >> >> /Length {} >>"
    draws = "/F Do " * 10
    bodies = page_of(zlib.compress(draws.encode()), "/XObject << /F 5 0 R >>")
    bodies += [f"{form.format(number + 1, len(draws))}\nstream\n{draws}\nendstream" for number in range(5, 25)]
    assert meet(pdf_of([*bodies, f"{form.format(5, 3)}\nstream\n0 g\nendstream"]), "forms.pdf").refused


def test_a_pdf_with_a_picture_of_thirty_gigabytes(meet: Meet) -> None:
    pixels = zlib.compress(bytes(10_000_000)).decode("latin-1")
    bodies = page_of(zlib.compress(b"q 600 0 0 700 0 0 cm /I Do Q"), "/XObject << /I 5 0 R >>")
    image = (
        "<< /Type /XObject /Subtype /Image /Width 100000 /Height 100000 /ColorSpace /DeviceRGB /BitsPerComponent 8"
        f" /Length {len(pixels)} /Filter /FlateDecode >>\nstream\n{pixels}\nendstream"
    )
    outcome = meet(pdf_of([*bodies, image]), "picture.pdf")
    assert outcome.kind == "pdf"
    assert outcome.peak_bytes < 100 * MIB


# Text -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["line.txt", "line.csv", "line.md"])
def test_fifty_megabytes_in_one_line(meet: Meet, name: str) -> None:
    outcome = meet(b"a" * 50_000_000, name)
    assert (outcome.length, outcome.cut) == (MAX_TEXT_CHARACTERS, True)
    assert outcome.peak_bytes < 100 * MIB


@pytest.mark.parametrize("unit", [b",", b'"', b'","', b"\n", b"\xff\xfe"])
def test_fifty_megabytes_of_marks(meet: Meet, unit: bytes) -> None:
    outcome = meet(unit * (50_000_000 // len(unit)), "marks.csv")
    assert outcome.peak_bytes < 150 * MIB


def test_a_page_of_ten_million_elements_in_each_other(meet: Meet) -> None:
    outcome = meet(b"<html>" + b"<div>" * 10_000_000, "deep.html")
    assert outcome.cut
    assert outcome.peak_bytes < 100 * MIB


@pytest.mark.parametrize("mark", [b"<", b"<!--", b"<a ", b"&", b"<![CDATA["])
def test_a_page_of_marks_that_never_end(meet: Meet, mark: bytes) -> None:
    outcome = meet(b"<html>" + mark * (4_000_000 // len(mark)), "marks.html", time_limit_s=0.8)
    assert outcome.seconds < 10
    assert not outcome.refused or outcome.code == "TooLarge"
