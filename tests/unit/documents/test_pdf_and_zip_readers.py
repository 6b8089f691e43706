import io
import zipfile

import pytest
from PIL import Image

from s3browser.documents.limits import MAX_LISTED_MEMBERS, MAX_PDF_PAGES, MAX_TEXT_CHARACTERS
from s3browser.exceptions import DocumentError
from tests.unit.documents.conftest import Read
from tests.unit.documents.samples import encrypted_pdf, pdf, pdf_of, zipped


def test_a_pdf_gives_its_text_and_the_picture_of_its_first_page(read_here: Read) -> None:
    document = read_here(pdf("First page", "Second page"), "a.pdf")
    assert (document.title, document.author, document.page_count) == ("Invoice 12", "Billing", 2)
    assert document.text == "First page\n\nSecond page"
    assert document.facts == {"Modified": "2024-05-01 09:30"}
    assert document.thumbnail is not None
    image = Image.open(io.BytesIO(document.thumbnail)).convert("L")
    assert image.size == (396, 512)
    assert image.getextrema() != (255, 255)  # something is written on the paper
    assert image.getpixel((300, 400)) == 255


def test_what_was_filled_into_a_form_is_in_the_picture(read_here: Read) -> None:
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    form = pdf_of(
        [
            f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] /DR << /Font << /F {font} >> >> >> >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Annots [4 0 R] >>",
            "<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Ada Lovelace) /DA (/F 20 Tf 0 g) /F 4"
            " /Rect [20 80 180 120] /P 3 0 R >>",
        ]
    )
    document = read_here(form)
    assert document.thumbnail is not None
    darkest, _ = Image.open(io.BytesIO(document.thumbnail)).convert("L").getextrema()
    assert darkest == 0


def test_properties_in_utf16(read_here: Read) -> None:
    title = "<FEFF" + "Größe 漢".encode("utf-16-be").hex() + ">"
    assert read_here(pdf("x").replace(b"(Invoice 12)", title.encode())).title == "Größe 漢"


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_pdf_with_a_password_says_so(read_here: Read, algorithm: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_here(encrypted_pdf("secret", algorithm))
    assert caught.value.code == "Encrypted"


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_pdf_that_only_forbids_printing_can_be_read(read_here: Read, algorithm: str) -> None:
    assert read_here(encrypted_pdf("", algorithm)).text == "Secret plans"


def test_a_broken_page_does_not_spoil_the_others(read_here: Read) -> None:
    broken = pdf("One", "Two", "Three").replace(b"/Kids [4 0 R 6 0 R 8 0 R]", b"/Kids [4 0 R 99 0 R 8 0]")
    assert read_here(broken).text.startswith("One")


def test_a_long_pdf_is_cut_and_says_so(read_here: Read) -> None:
    document = read_here(pdf(*(f"Page {number}" for number in range(MAX_PDF_PAGES + 1))))
    assert document.truncated
    assert document.page_count == MAX_PDF_PAGES + 1
    assert document.text.endswith(f"Page {MAX_PDF_PAGES - 1}")


def test_an_archive_is_listed(read_here: Read) -> None:
    document = read_here(zipped({"docs/": b"", "docs/täst.txt": b"x" * 2_000, "a\nb.bin": b""}), "a.zip")
    assert document.text == "docs/\ndocs/täst.txt\t2 KB\na b.bin\t0 bytes\n"
    assert document.facts == {"Files": "2", "Unpacked size": "2 KB"}


def test_an_archive_in_an_archive_stays_shut(read_here: Read) -> None:
    content = b"x"
    for level in range(20):
        content = zipped({f"{level}.zip": content})
    assert read_here(content).text.startswith("19.zip\t")


def test_an_empty_archive_is_an_archive(read_here: Read) -> None:
    assert read_here(zipped({})).facts["Files"] == "0"


def test_a_locked_archive_still_shows_its_names(read_here: Read) -> None:
    content = bytearray(zipped({"secret.txt": b"x"}))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + flags] |= 1
    document = read_here(bytes(content))
    assert document.text == "secret.txt\t1 byte\n"
    assert document.facts["Protection"] == "Some files need a password"


def test_a_locked_office_package_says_so(read_here: Read) -> None:
    content = bytearray(zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a/>"}))
    place = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1)
    content[place + 8] |= 1
    with pytest.raises(DocumentError) as caught:
        read_here(bytes(content))
    assert caught.value.code == "Encrypted"


def test_a_long_listing_is_cut_and_says_so(read_here: Read) -> None:
    document = read_here(zipped({str(number): b"" for number in range(MAX_LISTED_MEMBERS + 1)}, zipfile.ZIP_STORED))
    assert document.truncated
    assert document.text.count("\n") == MAX_LISTED_MEMBERS
    assert document.facts["Files"] == f"{MAX_LISTED_MEMBERS + 1:,}"
    assert len(document.text) < MAX_TEXT_CHARACTERS
