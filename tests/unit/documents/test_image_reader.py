import io

import pytest
from PIL import ExifTags, Image, TiffImagePlugin

from s3browser.documents.document import Document
from tests.unit.documents.conftest import Read
from tests.unit.documents.samples import picture


def thumbnail(document: Document) -> Image.Image:
    assert document.thumbnail is not None
    return Image.open(io.BytesIO(document.thumbnail))


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_every_format_gives_its_size_and_a_small_picture(read_here: Read, form: str) -> None:
    document = read_here(saved(Image.new("RGB", (1_500, 1_000), (200, 30, 30)), form))
    assert document.facts["Dimensions"] == "1,500 × 1,000 pixels"
    assert document.facts["Format"] == form
    assert thumbnail(document).size in ((512, 341), (512, 342))
    red, green, blue = thumbnail(document).convert("RGB").getpixel((100, 100))  # type: ignore[misc]
    assert red > 180
    assert max(green, blue) < 50


def test_a_small_picture_is_not_blown_up(read_here: Read) -> None:
    assert thumbnail(read_here(picture("PNG", (40, 30)))).size == (40, 30)


@pytest.mark.parametrize(
    ("form", "mode", "colour", "seen"),
    [
        ("PNG", "1", 1, 255),
        ("TIFF", "1", 1, 255),
        ("PNG", "L", 90, 90),
        ("PNG", "I;16", 90 * 256, 90),  # sixteen bits: halved to eight, not cut off to white
        ("TIFF", "I;16B", 90 * 256, 90),
        ("TIFF", "F", 90.0, 90),
        ("PNG", "LA", (90, 128), (90, 90, 90, 128)),
        ("PNG", "RGBA", (10, 20, 30, 40), (10, 20, 30, 40)),
        ("TIFF", "CMYK", (0, 255, 0, 0), (255, 0, 255)),
    ],
)
def test_every_way_to_store_colours(read_here: Read, form: str, mode: str, colour: float, seen: object) -> None:
    document = read_here(saved(Image.new(mode, (1_200, 700), colour), form))
    assert thumbnail(document).getpixel((5, 5)) == pytest.approx(seen, abs=2)  # shrinking rounds


@pytest.mark.parametrize(
    ("form", "mode", "colour", "transparency"),
    [("GIF", "P", 1, 1), ("PNG", "P", 1, 1), ("PNG", "RGB", (1, 2, 3), (1, 2, 3))],
)
def test_a_colour_that_stands_for_nothing(
    read_here: Read, form: str, mode: str, colour: float, transparency: object
) -> None:
    image = Image.new(mode, (20, 20), colour)
    if mode == "P":
        image.putpalette([0, 0, 0, 10, 200, 30])
    document = read_here(saved(image, form, transparency=transparency))
    assert thumbnail(document).mode == "RGBA"
    assert thumbnail(document).getpixel((3, 3))[3] == 0  # type: ignore[index]


def test_a_photo_tells_who_when_and_with_what(read_here: Read) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Canon"
    exif[ExifTags.Base.Model] = "Canon EOS R5"
    exif[ExifTags.Base.Artist] = "Ada"
    exif[ExifTags.Base.ImageDescription] = "The harbour"
    exif[ExifTags.Base.DateTime] = "2025:01:01 00:00:00"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:01 09:30:12"
    document = read_here(saved(Image.new("RGB", (60, 40)), "JPEG", exif=exif))
    assert (document.title, document.author) == ("The harbour", "Ada")
    assert document.facts["Camera"] == "Canon EOS R5"
    assert document.facts["Taken"] == "2024-05-01 09:30:12"


def test_a_maker_that_the_model_does_not_name_is_added(read_here: Read) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "FUJIFILM ", "X-T5\0"
    assert read_here(saved(Image.new("RGB", (6, 4)), "JPEG", exif=exif)).facts["Camera"] == "FUJIFILM X-T5"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photo_taken_sideways_stands_upright(read_here: Read, form: str) -> None:
    image = Image.new("L", (1_000, 600), 0)
    image.paste(255, (0, 0, 100, 600))  # the left edge, which is up when the camera was turned (orientation 6)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    document = read_here(saved(image.convert("RGB"), form, exif=exif))
    upright = thumbnail(document).convert("L")
    assert document.facts["Dimensions"] == "600 × 1,000 pixels"
    assert upright.size == (307, 512)
    assert upright.getpixel((150, 10)) > 200  # type: ignore[operator]
    assert upright.getpixel((10, 400)) < 50  # type: ignore[operator]


@pytest.mark.parametrize(
    "notes", [b"Exif\0\0garbage", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0MM\0*\xff\xff\xff\xff"]
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow’s, which goes nowhere from the worker
def test_damaged_notes_do_not_spoil_a_photo(read_here: Read, notes: bytes) -> None:
    document = read_here(saved(Image.new("RGB", (60, 40)), "JPEG", exif=notes))
    assert thumbnail(document).size == (60, 40)
    assert "Camera" not in document.facts


def test_an_orientation_that_is_none(read_here: Read) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 77
    assert thumbnail(read_here(saved(Image.new("RGB", (60, 40)), "JPEG", exif=exif))).size == (60, 40)


def test_a_fax_of_several_pages_counts_them(read_here: Read) -> None:
    pages = [Image.new("1", (60, 80)) for _ in range(3)]
    fax = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    assert read_here(fax).page_count == 3
    assert read_here(picture("GIF", mode="P")).page_count is None


def test_a_tiff_whose_pages_go_round_in_a_circle(read_here: Read) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    content = bytearray(saved(Image.new("L", (8, 8)), "TIFF", tiffinfo=tags))
    start = int.from_bytes(content[4:8], "little")
    count = int.from_bytes(content[start : start + 2], "little")
    content[start + 2 + 12 * count :][:4] = content[4:8]
    link = start + 2 + 12 * count
    content[link : link + 4] = start.to_bytes(4, "little")
    assert read_here(bytes(content)).page_count == 1


def test_the_largest_cameras_photo_fits(read_here: Read) -> None:
    """108 megapixels: 324 MB of pixels, were they decoded in full."""
    photo = saved(Image.new("L", (12_000, 9_000), 128), "JPEG")
    assert thumbnail(read_here(photo)).size == (512, 384)


def test_nothing_but_pixels_comes_along(read_here: Read) -> None:
    photo = saved(Image.new("RGB", (60, 40)), "JPEG", icc_profile=b"profile" * 100, comment=b"secret")
    assert thumbnail(read_here(photo)).info == {}
