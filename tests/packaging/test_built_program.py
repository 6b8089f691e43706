"""The program as people get it: built by PyInstaller, started without Python, on its own demo server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "test-program"
PROGRAM = BUILD / "s3browser" / ("s3browser.exe" if sys.platform == "win32" else "s3browser")
SPEC = ROOT / "packaging" / "pyinstaller" / "s3browser.spec"
# Libraries that graphics drivers load as well: a second, older copy in the bundle crashes them.
SYSTEMS_OWN = ("libstdc++", "libgcc_s", "libGL.", "libEGL", "libX11", "libxcb.so", "libglib", "libssl", "libcrypto")

pytestmark = pytest.mark.timeout(600)  # the first test builds the program


def sources() -> Iterator[Path]:
    """What the built program is made from."""
    yield from (SPEC, ROOT / "pyproject.toml", ROOT / "packaging" / "constraints.txt")
    yield from (path for path in (ROOT / "s3browser").rglob("*.py"))
    yield from (path for path in (ROOT / "resources").rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def program() -> Path:
    """The built program; built again only after a change."""
    if not PROGRAM.exists() or PROGRAM.stat().st_mtime < max(path.stat().st_mtime for path in sources()):
        pyinstaller = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
        folders = ["--distpath", str(BUILD), "--workpath", str(BUILD / "work")]
        built = subprocess.run([*pyinstaller, *folders, str(SPEC)], cwd=ROOT, capture_output=True, text=True)
        assert built.returncode == 0, built.stdout + built.stderr
    return PROGRAM


def test_the_built_program_shows_its_demo(program: Path, tmp_path: Path) -> None:
    picture = tmp_path / "demo.png"
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ}
    environment = {**kept, "HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    command = [str(program), "--demo", "--screenshot", str(picture)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    with Image.open(picture) as image:
        assert image.width >= 900
        assert image.height >= 560
        colours = image.convert("RGB").getcolors(maxcolors=image.width * image.height)
    assert colours is not None
    assert len(colours) > 100, "an empty window has few colours"
    assert max(count for count, _ in colours) < 0.9 * image.width * image.height, "nearly all of it is one colour"


def test_the_bundle_leaves_the_systems_libraries_to_the_system(program: Path) -> None:
    bundled = [file.name for file in program.parent.rglob("*") if file.name.startswith(SYSTEMS_OWN)]
    assert bundled == []


def test_the_bundle_knows_the_services_to_sign_in_with_and_no_others(program: Path) -> None:
    data = program.parent / "_internal" / "botocore" / "data"
    assert {folder.name for folder in data.iterdir() if folder.is_dir()} == {"s3", "sts", "sso", "sso-oidc", "signin"}
