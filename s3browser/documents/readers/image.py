"""Pictures: the size, what the camera noted, and a thumbnail that stands upright.

The header decides whether a picture is decoded at all: what the pixels would take in memory is computed from it. JPEGs
are decoded at an eighth, a quarter or half of their size (``draft``), so those of the largest cameras pass.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from PIL import ExifTags, Image

from s3browser.documents.document import Document, Kind
from s3browser.documents.limits import MAX_DECODED_BYTES, THUMBNAIL_SIDE_PIXELS
from s3browser.exceptions import DocumentError

_FORMATS = ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP")  # of the 40 that Pillow would try
_PIXEL_BYTES = {"1": 2, "L": 1, "P": 5, "PA": 8, "I;16": 2, "I;16B": 2}  # copies included; others: 4
_UPRIGHT = {  # EXIF’s orientation: what undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)
_SIDES = (THUMBNAIL_SIDE_PIXELS, THUMBNAIL_SIDE_PIXELS)

Image.MAX_IMAGE_PIXELS = None  # it warns by pixels and before ``draft``; ``_load`` refuses by memory and after it


def read(path: Path, name: str) -> Document:
    """Read an image's facts and make its thumbnail."""
    with path.open("rb") as file, _open(file) as image:
        width, height = image.size  # before a JPEG's is divided
        _load(image)
        notes = _Notes.of(image)
        if notes.orientation in _SIDEWAYS:
            width, height = height, width
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
            _load(image)
            return _png(image)
    except Exception:  # Pillow’s answers to damaged bytes are of every type; the document itself may be sound
        return None


def png_of(image: Image.Image) -> bytes:
    """A picture as a PNG with sides of at most ``THUMBNAIL_SIDE_PIXELS``; the picture itself may change."""
    image.thumbnail(_SIDES)
    image.info = {}  # what would be saved too: colour profiles of any size, places
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


def _load(image: Image.Image) -> None:
    """Decode the pixels, if the header says that they fit. Before anything else is asked of the image: much decodes it.

    Raises:
        DocumentError: ``TooLarge``.
    """
    image.draft(None, _SIDES)  # None keeps the mode
    width, height = image.size
    pixel_bytes = 8 if "transparency" in image.info else _PIXEL_BYTES.get(image.mode, 4)
    if width * height * pixel_bytes > MAX_DECODED_BYTES:
        raise DocumentError("process", code="TooLarge")
    image.load()


def _png(image: Image.Image, orientation: int = 1) -> bytes:
    if image.mode in ("1", "P", "PA") or "transparency" in image.info:  # between these colours there are no others
        image = image.convert("L" if image.mode == "1" else _colours(image))
    image.thumbnail(_SIDES)  # before it is turned upright: turning copies every pixel
    if image.mode.startswith("I;16"):  # 16 bits of gray, of which ``convert`` alone would make white
        image = image.convert("I").point(lambda gray: gray * (1 / 256))
    if image.mode not in ("L", "RGB", "RGBA"):
        image = image.convert("L" if image.mode in ("I", "F") else _colours(image))
    return png_of(image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image)


def _colours(image: Image.Image) -> str:
    return "RGBA" if image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info else "RGB"


def _words(value: object) -> str:
    return value.strip(" \0") if isinstance(value, str) else ""
