"""Draws the program's icon as a Windows .ico with the sizes that Windows shows: `python make_ico.py FILE`."""

import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from render_icon import render_icon

SIZES_PX = (16, 20, 24, 32, 40, 48, 64, 256)

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, Image.open(render_icon(Path(folder, "icon.png"), 256)) as image:
        image.save(sys.argv[1], sizes=[(size, size) for size in SIZES_PX])
