"""Packs dist/s3browser, which PyInstaller built, into dist/s3browser_<version>_<architecture>.deb.

Run by `python3 packaging/bootstrap.py package`. The program goes to /opt/s3browser, a link to it to /usr/bin. There are
no maintainer scripts: dpkg's triggers refresh menus and icons. The graphics libraries, OpenSSL and the like are the
system's, so that its updates reach them; the list comes from system_packages.py, which is tested on bare systems.
"""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "packaging")]
from render_icon import render_icon  # noqa: E402
from system_packages import WINDOW  # noqa: E402

PROGRAM = ROOT / "dist" / "s3browser"
STAGE = ROOT / "build" / "deb"
SOURCES = Path(__file__).resolve().parent
MAINTAINER = "s3browser contributors <s3browser@localhost>"
ICON_SIZES_PX = (16, 32, 48, 64, 128, 256)
# What Python's own modules load, besides the libraries of the window.
PYTHON_NEEDS = ("libbz2-1.0", "libcrypt1", "libexpat1", "liblzma5", "libsqlite3-0", "libssl3", "libuuid1", "zlib1g")
RENAMED = {"libglib2.0-0": "libglib2.0-0t64", "libssl3": "libssl3t64"}  # since Debian 13 and Ubuntu 24.04


def depends() -> str:
    """The packages that the program needs, as the value of ``Depends``."""
    libc = f"libc6 (>= {os.confstr('CS_GNU_LIBC_VERSION').split()[1]})"  # type: ignore[union-attr]
    names = sorted({need.debian for need in WINDOW if need.name.startswith("lib")} | set(PYTHON_NEEDS))
    return ", ".join([libc, *(f"{RENAMED[name]} | {name}" if name in RENAMED else name for name in names)])


def architecture() -> str:
    """Debian's name for this machine's kind of processor."""
    command = ["dpkg", "--print-architecture"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def version() -> str:
    """The version of the checkout that was built."""
    found = re.search(r'^__version__ = "(.+)"$', (ROOT / "s3browser" / "__init__.py").read_text(), re.MULTILINE)
    assert found
    return found.group(1)


def changelog() -> str:
    """One entry in Debian's own form, which its tools read; the real one lies beside it."""
    now = format_datetime(datetime.now().astimezone())
    return f"s3browser ({version()}) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- {MAINTAINER}  {now}\n"


def install(source: Path, target: str) -> None:
    """Copy one file to where it will be on the system, readable for everybody."""
    path = STAGE / target
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)


def stage() -> None:
    """Lay out the package's files in build/deb."""
    shutil.rmtree(STAGE, ignore_errors=True)
    shutil.copytree(PROGRAM, STAGE / "opt" / "s3browser", symlinks=True)
    install(SOURCES / "s3browser.desktop", "usr/share/applications/s3browser.desktop")
    install(SOURCES / "copyright", "usr/share/doc/s3browser/copyright")
    install(ROOT / "resources" / "s3browser.svg", "usr/share/icons/hicolor/scalable/apps/s3browser.svg")
    for size_px in ICON_SIZES_PX:
        render_icon(STAGE / f"usr/share/icons/hicolor/{size_px}x{size_px}/apps/s3browser.png", size_px)
    install(ROOT / "CHANGELOG.md", "usr/share/doc/s3browser/CHANGELOG.md")
    (STAGE / "usr/share/doc/s3browser/changelog.gz").write_bytes(gzip.compress(changelog().encode(), mtime=0))
    (STAGE / "usr/bin").mkdir()
    (STAGE / "usr/bin/s3browser").symlink_to("/opt/s3browser/s3browser")
    for path in [STAGE, *STAGE.rglob("*")]:
        if not path.is_symlink():
            is_program = path.is_dir() or path == STAGE / "opt/s3browser/s3browser"
            path.chmod(0o755 if is_program else 0o644)


def write_control() -> None:
    """Write the package's description and the checksums of its files."""
    files = sorted(path for path in STAGE.rglob("*") if path.is_file() and not path.is_symlink())
    folder = STAGE / "DEBIAN"
    folder.mkdir(mode=0o755)
    control = (SOURCES / "control.in").read_text().format(
        version=version(),
        maintainer=MAINTAINER,
        architecture=architecture(),
        depends=depends(),
        installed_size_kib=sum(path.stat().st_size for path in files) // 1024,
    )  # fmt: skip
    (folder / "control").write_text(control)
    sums = [f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(STAGE)}\n" for path in files]
    (folder / "md5sums").write_text("".join(sums))
    for file in folder.iterdir():
        file.chmod(0o644)


def main() -> None:
    """Build the package and print its path."""
    if not (PROGRAM / "s3browser").exists():
        sys.exit("The program is not built yet. Run: python3 packaging/bootstrap.py package")
    stage()
    write_control()
    package = ROOT / "dist" / f"s3browser_{version()}_{architecture()}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", STAGE, package], check=True)
    print(package)


if __name__ == "__main__":
    main()
