"""What the operating system has to bring on Linux, how to tell that it is missing, and what installs it.

A library counts as present when it can be loaded, a program when it is on the PATH: names of packages differ between
systems and tell little about a machine where something was built by hand. Windows and macOS need nothing of this.
"""

import ctypes
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


class MissingPackagesError(Exception):
    """Something is missing and may not, or could not, be installed; the text says what to do."""


@dataclass(frozen=True)
class Need:
    """One thing the system has to bring, and the package that has it in each family of systems."""

    name: str
    is_present: Callable[[], bool]
    debian: str
    fedora: str = ""
    arch: str = ""
    suse: str = ""


@dataclass(frozen=True)
class Family:
    """A family of Linux systems: the ``ID`` or ``ID_LIKE`` in its os-release, and its installing command."""

    name: str
    ids: frozenset[str]
    refresh: tuple[str, ...]
    install: tuple[str, ...]


FAMILIES = (
    Family(
        "debian",
        frozenset({"debian", "ubuntu"}),
        ("apt-get", "update"),
        ("apt-get", "install", "--yes", "--no-install-recommends"),
    ),
    Family("fedora", frozenset({"fedora", "rhel", "centos"}), (), ("dnf", "install", "--assumeyes")),
    Family("arch", frozenset({"arch"}), (), ("pacman", "-S", "--needed", "--noconfirm")),
    Family("suse", frozenset({"suse", "opensuse"}), (), ("zypper", "--non-interactive", "install")),
)


def library(soname: str, debian: str, fedora: str, arch: str, suse: str) -> Need:
    """A shared library, by the name that a program loads it with."""

    def loads() -> bool:
        try:
            ctypes.CDLL(soname)
        except OSError:
            return False
        return True

    return Need(soname, loads, debian, fedora, arch, suse)


def program(name: str, debian: str, fedora: str, arch: str, suse: str) -> Need:
    """A program on the PATH."""
    return Need(name, lambda: shutil.which(name) is not None, debian, fedora, arch, suse)


def has_font() -> bool:
    """Whether there is any font to draw text with; without one Qt draws nothing at all."""
    folders = (Path(folder).expanduser() for folder in FONT_FOLDERS)
    return any(file.suffix.lower() in {".ttf", ".otf", ".ttc"} for folder in folders for file in folder.rglob("*"))


def has_venv() -> bool:
    """Whether virtual environments can be made; Debian ships that part of Python separately."""
    return subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True).returncode == 0


def has_libpython() -> bool:
    """Whether PyInstaller finds Python as a library to pack; Debian ships it separately."""
    soname = str(sysconfig.get_config_var("INSTSONAME"))
    try:
        ctypes.CDLL(soname)
    except OSError:
        return any(Path(str(sysconfig.get_config_var(key)), soname).exists() for key in ("LIBDIR", "LIBPL"))
    return True


VENV = (Need("Python’s venv", has_venv, f"python{PYTHON}-venv", "python3", "python", "python3"),)

# What `ldd` names for Qt's libraries, its xcb, wayland and offscreen platforms and its image readers.
WINDOW = (
    library("libstdc++.so.6", "libstdc++6", "libstdc++", "gcc-libs", "libstdc++6"),
    library("libGL.so.1", "libgl1", "libglvnd-glx", "libglvnd", "Mesa-libGL1"),
    library("libEGL.so.1", "libegl1", "libglvnd-egl", "libglvnd", "Mesa-libEGL1"),
    library("libX11.so.6", "libx11-6", "libX11", "libx11", "libX11-6"),
    library("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb", "libx11", "libX11-xcb1"),
    library("libxcb.so.1", "libxcb1", "libxcb", "libxcb", "libxcb1"),
    library("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor", "libxcb-cursor0"),
    library("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", "xcb-util-wm", "libxcb-icccm4"),
    library("libxcb-image.so.0", "libxcb-image0", "xcb-util-image", "xcb-util-image", "libxcb-image0"),
    library("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms", "libxcb-keysyms1"),
    library("libxcb-randr.so.0", "libxcb-randr0", "libxcb", "libxcb", "libxcb-randr0"),
    library("libxcb-render.so.0", "libxcb-render0", "libxcb", "libxcb", "libxcb-render0"),
    library(
        "libxcb-render-util.so.0",
        "libxcb-render-util0",
        "xcb-util-renderutil",
        "xcb-util-renderutil",
        "libxcb-render-util0",
    ),
    library("libxcb-shape.so.0", "libxcb-shape0", "libxcb", "libxcb", "libxcb-shape0"),
    library("libxcb-shm.so.0", "libxcb-shm0", "libxcb", "libxcb", "libxcb-shm0"),
    library("libxcb-sync.so.1", "libxcb-sync1", "libxcb", "libxcb", "libxcb-sync1"),
    library("libxcb-util.so.1", "libxcb-util1", "xcb-util", "xcb-util", "libxcb-util1"),
    library("libxcb-xfixes.so.0", "libxcb-xfixes0", "libxcb", "libxcb", "libxcb-xfixes0"),
    library("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb", "libxcb", "libxcb-xkb1"),
    library("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon", "libxkbcommon", "libxkbcommon0"),
    library(
        "libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11", "libxkbcommon-x11-0"
    ),
    library("libwayland-client.so.0", "libwayland-client0", "libwayland-client", "wayland", "libwayland-client0"),
    library("libwayland-cursor.so.0", "libwayland-cursor0", "libwayland-cursor", "wayland", "libwayland-cursor0"),
    library("libwayland-egl.so.1", "libwayland-egl1", "libwayland-egl", "wayland", "libwayland-egl1"),
    library("libdbus-1.so.3", "libdbus-1-3", "dbus-libs", "dbus", "libdbus-1-3"),
    library("libfontconfig.so.1", "libfontconfig1", "fontconfig", "fontconfig", "fontconfig"),
    library("libfreetype.so.6", "libfreetype6", "freetype", "freetype2", "libfreetype6"),
    library("libglib-2.0.so.0", "libglib2.0-0", "glib2", "glib2", "libglib-2_0-0"),
    library("libgthread-2.0.so.0", "libglib2.0-0", "glib2", "glib2", "libgthread-2_0-0"),
    library("libgssapi_krb5.so.2", "libgssapi-krb5-2", "krb5-libs", "krb5", "krb5"),
    library("libbrotlidec.so.1", "libbrotli1", "libbrotli", "brotli", "libbrotlidec1"),
    library("libzstd.so.1", "libzstd1", "libzstd", "zstd", "libzstd1"),
    Need("a font", has_font, "fonts-dejavu-core", "dejavu-sans-fonts", "ttf-dejavu", "dejavu-fonts"),
)

# PyInstaller takes the xcb helpers of WINDOW from the machine it builds on.
PACKAGING = (
    program("objdump", "binutils", "binutils", "binutils", "binutils"),
    program("dpkg-deb", "dpkg", "dpkg", "dpkg", "dpkg"),
    Need("Python as a library", has_libpython, f"libpython{PYTHON}", "python3-libs", "python", "libpython3"),
)

TESTS = (
    program("git", "git", "git", "git", "git"),
    program("Xvfb", "xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb", "xorg-x11-server-Xvfb"),
    program("xdotool", "xdotool", "xdotool", "xdotool", "xdotool"),
    program("openbox", "openbox", "openbox", "openbox", "openbox"),
    program("dbus-run-session", "dbus", "dbus-daemon", "dbus", "dbus-1"),
    program("gnome-keyring-daemon", "gnome-keyring", "gnome-keyring", "gnome-keyring", "gnome-keyring"),
)

CEPH = (
    program("ceph", "ceph-common", "ceph-common", "ceph", "ceph-common"),
    program("ceph-mon", "ceph-mon", "ceph-mon", "ceph", "ceph-mon"),
    program("ceph-osd", "ceph-osd", "ceph-osd", "ceph", "ceph-osd"),
    program("radosgw", "radosgw", "ceph-radosgw", "ceph", "ceph-radosgw"),
    program("faketime", "faketime", "libfaketime", "libfaketime", "libfaketime"),
)


def missing(needs: Iterable[Need]) -> list[Need]:
    """The needs that are not met; none on systems other than Linux."""
    return [need for need in needs if not need.is_present()] if sys.platform == "linux" else []


def system_family() -> Family | None:
    """The family of this system, or None for one that is not known here."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return None
    ids = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    ids |= {name.split("-")[0] for name in ids}  # opensuse-leap, opensuse-tumbleweed
    return next((family for family in FAMILIES if family.ids & ids), None)


def package_names(needs: Iterable[Need], family: Family) -> list[str]:
    """The packages that bring these needs, each named once."""
    names = {str(getattr(need, family.name)) for need in needs}
    if family.name == "debian" and has_time64_names():
        names = {f"{name}t64" if name == "libglib2.0-0" else name for name in names}
    return sorted(names)


def has_time64_names() -> bool:
    """Whether this is Debian 13, Ubuntu 24.04 or newer, where some libraries got the suffix ``t64``."""
    release = platform.freedesktop_os_release()
    try:
        version = float(release.get("VERSION_ID", ""))
    except ValueError:  # testing and unstable have no number
        return True
    return version >= (24.04 if release.get("ID") == "ubuntu" else 13)


def install_commands(needs: Iterable[Need], family: Family, *, as_root: bool) -> list[list[str]]:
    """The commands that install what is missing, with ``sudo`` where this is not root."""
    before = [] if as_root else ["sudo"]
    install = [*before, *family.install, *package_names(needs, family)]
    return [[*before, *family.refresh], install] if family.refresh else [install]


def ensure(needs: Iterable[Need], reason: str, run: Callable[[str, list[str]], None]) -> None:
    """Install what is missing, after asking; root without a terminal (a container, CI) is not asked.

    Args:
        needs: what has to be there.
        reason: what it is for: "to show the window".
        run: runs a command under a heading, and raises when it fails.

    Raises:
        MissingPackagesError: it may not be installed, or is still missing afterwards.
    """
    absent = missing(needs)
    if not absent:
        return
    names = ", ".join(need.name for need in absent)
    family = system_family()
    if family is None:
        raise MissingPackagesError(f"These are missing {reason}, and this kind of Linux is not known here:\n  {names}")
    as_root = os.geteuid() == 0
    commands = install_commands(absent, family, as_root=as_root)
    lines = "\n".join(f"  {shlex.join(command)}" for command in commands)
    has_terminal = sys.stdin.isatty()
    if not as_root and (not has_terminal or shutil.which("sudo") is None):
        lines = lines.replace("  sudo ", "  ")
        raise MissingPackagesError(f"System packages are missing {reason}. Run this as root, then try again:\n{lines}")
    if has_terminal:
        print(f"System packages are missing {reason}. This would install them:\n{lines}")
        if input("Install them now? [Y/n] ").strip().lower() not in {"", "y", "yes"}:
            raise MissingPackagesError("Nothing was installed.")
    *refresh, install = commands
    for command in refresh:
        run("Updating the list of system packages", command)
    run(f"Installing {len(package_names(absent, family))} system packages {reason}", install)
    still_absent = missing(absent)
    if still_absent:
        names = ", ".join(need.name for need in still_absent)
        raise MissingPackagesError(f"The system packages were installed, but these are still missing: {names}")
