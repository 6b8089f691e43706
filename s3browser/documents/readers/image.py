"""Pictures: the size, what the camera noted, and a thumbnail that stands upright.

The header decides whether a picture is decoded at all: what the pixels would take in memory is computed from it. JPEGs
are decoded at an eighth, a quarter or half of their size (``draft``), so those of the largest cameras pass.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from PIL import ExifTags, Image, ImageOps

from s3browser.documents.document import Document, Kind
from s3browser.documents.limits import MAX_DECODED_BYTES, THUMBNAIL_SIDE_PIXELS
from s3browser.exceptions import DocumentError

_FORMATS = ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP")  # of the 40 that Pillow would try
_BYTES_A_PIXEL = {"1": 2, "L": 1, "P": 5, "I;16": 3, "I;16B": 3}  # with the copy that ``_plain`` makes
_SIDES = (THUMBNAIL_SIDE_PIXELS, THUMBNAIL_SIDE_PIXELS)

Image.MAX_IMAGE_PIXELS = None  # it warns by pixels and before ``draft``; ``_png`` refuses by memory and after it


def read(path: Path, name: str) -> Document:
    """Read an image's facts and make its thumbnail."""
    with path.open("rb") as file, _open(file) as image:
        width, height = image.size
        notes = _Notes.of(image)
        return Document(
            key=name,
            kind=Kind.IMAGE,
            title=notes.title,
            author=notes.author,
            page_count=getattr(image, "n_frames", 1) if image.format == "TIFF" else None,
            thumbnail=_png(image, notes.orientation),
            facts={
                "Dimensions": f"{width:,} × {height:,} pixels",
                "Format": (image.format or "").replace("MPO", "JPEG"),
                "Camera": notes.camera,
                "Taken": notes.taken,
            },
        )


def thumbnail_of(data: bytes) -> bytes | None:
    """A thumbnail of the picture that an office file carries of itself, or None if it is none that can be shown."""
    try:
        with _open(io.BytesIO(data)) as image:
            return _png(image)
    except Exception:  # Pillow’s answers to damaged bytes are of every type; the document itself may be sound
        return None


def png_of(image: Image.Image) -> bytes:
    """A picture as a PNG with sides of at most ``THUMBNAIL_SIDE_PIXELS``; the picture itself may change."""
    image.thumbnail(_SIDES)
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


@dataclass(frozen=True, slots=True)
class _Notes:
    """What the camera or the scanner noted (EXIF)."""

    title: str = ""
    author: str = ""
    camera: str = ""
    taken: str = ""
    orientation: int = 1

    @classmethod
    def of(cls, image: Image.Image) -> Self:
        try:
            exif = image.getexif()
            details = exif.get_ifd(ExifTags.IFD.Exif)
        except Exception:  # damaged notes come in as many types as damaged pictures, but the picture may be sound
            return cls()
        maker, model = _words(exif.get(ExifTags.Base.Make)), _words(exif.get(ExifTags.Base.Model))
        taken = _words(details.get(ExifTags.Base.DateTimeOriginal)) or _words(exif.get(ExifTags.Base.DateTime))
        orientation = exif.get(ExifTags.Base.Orientation)
        return cls(
            title=_words(exif.get(ExifTags.Base.ImageDescription)),
            author=_words(exif.get(ExifTags.Base.Artist)),
            camera=model if model.startswith(maker) else f"{maker} {model}".strip(),
            taken=taken.replace(":", "-", 2),  # the date’s two colons, not the time’s
            orientation=orientation if isinstance(orientation, int) else 1,
        )


def _open(file: IO[bytes]) -> Image.Image:
    return Image.open(file, formats=_FORMATS)


def _png(image: Image.Image, orientation: int = 1) -> bytes:
    image.draft(None, _SIDES)  # None keeps the mode
    width, height = image.size
    if width * height * _BYTES_A_PIXEL.get(image.mode, 4) > MAX_DECODED_BYTES:
        raise DocumentError("process", code="TooLarge")
    image.load()
    plain = _plain(image)
    plain.thumbnail(_SIDES)  # before it is turned upright: turning copies every pixel
    plain.getexif()[ExifTags.Base.Orientation] = orientation
    return png_of(ImageOps.exif_transpose(plain))


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be shrunk smoothly and saved as a PNG: gray, RGB or RGBA."""
    if image.mode in ("L", "RGB", "RGBA"):
        return image
    if image.mode in ("1", "I;16", "I;16B"):
        return image.convert("L")
    has_alpha = image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _words(value: object) -> str:
    return value.strip(" \0") if isinstance(value, str) else ""
