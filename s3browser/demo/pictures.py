"""Pictures drawn for the demo: the same bytes each time."""

import io
from random import Random

from PIL import Image, ImageChops, ImageDraw

Colour = tuple[int, int, int]

# Sky above, sky at the horizon, the sun, the mountains from back to front.
MORNING: tuple[Colour, ...] = ((143, 184, 248), (196, 220, 255), (246, 211, 138), (78, 127, 208), (59, 102, 181))
EVENING: tuple[Colour, ...] = ((94, 84, 160), (247, 176, 138), (255, 226, 160), (122, 88, 150), (66, 56, 110))
SPRING: tuple[Colour, ...] = ((164, 216, 214), (232, 246, 226), (252, 222, 130), (110, 176, 128), (62, 128, 92))
NIGHT: tuple[Colour, ...] = ((18, 28, 64), (62, 82, 140), (232, 236, 250), (38, 52, 104), (22, 32, 70))
ROSE: tuple[Colour, ...] = ((244, 190, 204), (255, 234, 226), (255, 250, 220), (196, 122, 148), (140, 78, 112))
PALETTES = (MORNING, EVENING, SPRING, NIGHT, ROSE)


def landscape(width: int, height: int, palette: tuple[Colour, ...] = MORNING, seed: int = 0) -> Image.Image:
    """Mountains under a sun."""
    high, low, sun, *ranges = palette
    blend = Image.linear_gradient("L").resize((width, height))
    picture = Image.composite(Image.new("RGB", (width, height), low), Image.new("RGB", (width, height), high), blend)
    pen = ImageDraw.Draw(picture)
    dice = Random(seed)  # noqa: S311 (a drawing)
    x, y, radius = width * dice.uniform(0.6, 0.85), height * dice.uniform(0.2, 0.35), height * 0.14
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=sun)
    for depth, colour in enumerate(ranges):
        line: list[tuple[float, float]] = [(0, height)]
        steps = 3 + depth
        for step in range(2 * steps + 1):
            peak = 0.38 + 0.16 * depth if step % 2 else 0.82 + 0.06 * depth
            line.append((width * step / (2 * steps), height * (peak + dice.uniform(-0.07, 0.07))))
        pen.polygon([*line, (width, height)], fill=colour)
    return picture


def png(picture: Image.Image, *, grain: int = 0) -> bytes:
    """As PNG; ``grain`` levels of noise give a drawing the size of a photograph."""
    if grain:
        noise = Image.frombytes("L", picture.size, Random(grain).randbytes(picture.width * picture.height))  # noqa: S311
        speck = noise.point([level * grain // 256 for level in range(256)])
        picture = ImageChops.subtract(picture, Image.merge("RGB", (speck, speck, speck)))
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


def jpeg(picture: Image.Image, *, quality: int = 88, camera: str | None = None) -> bytes:
    """As JPEG, with the camera's name in its EXIF data."""
    exif = Image.Exif()
    if camera:
        exif[0x010F], exif[0x0110] = camera.split(" ", 1)  # make, model
        exif[0x0132] = "2026:04:18 10:12:45"
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()


def logo(size: int, colour: Colour = (31, 111, 235)) -> bytes:
    """A round mark on nothing, as PNG."""
    wide = 4 * size  # drawn large, so that the edges are smooth
    picture = Image.new("RGBA", (wide, wide), (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((0, 0, wide - 1, wide - 1), fill=(*colour, 255))
    pen.polygon([(wide * 0.2, wide * 0.72), (wide * 0.45, wide * 0.3), (wide * 0.7, wide * 0.72)], fill="white")
    pen.polygon([(wide * 0.5, wide * 0.72), (wide * 0.66, wide * 0.45), (wide * 0.83, wide * 0.72)], fill="#cfe0ff")
    out = io.BytesIO()
    picture.resize((size, size)).save(out, "PNG")
    return out.getvalue()
