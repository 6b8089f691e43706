"""Sets everything up and runs it: the one door for newcomers, for `make check` and for CI.

    python3 packaging/bootstrap.py demo         set up; show the program on its demo server
    python3 packaging/bootstrap.py test         set up; lint, import contracts, types, tests, coverage
    python3 packaging/bootstrap.py test-ceph    set up; the tests that need Ceph's S3 server (Linux)
    python3 packaging/bootstrap.py package      set up; build the program and, on Debian and Ubuntu, its .deb
    python3 packaging/bootstrap.py pin          write packaging/constraints.txt anew with the newest versions

What follows `demo`, `test` and `test-ceph` is handed on, to the program or to pytest. Needs nothing but Python 3.11.
The virtual environment is `.venv`; a second run starts at once. Details of every step are in build/bootstrap.log.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (this file is what an older Python meets first)
    sys.exit(f"s3browser needs Python 3.11 or newer, and this is {sys.version.split()[0]}.")

import ctypes
import hashlib
import json
import os
import re
import shlex
import subprocess
import tempfile
import time
import venv
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

from system_packages import CEPH, PACKAGING, TESTS, VENV, WINDOW, MissingPackagesError, Need, ensure

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOG = BUILD / "bootstrap.log"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
VENV_FOLDER = ROOT / ".venv"
STAMP = VENV_FOLDER / "bootstrap.json"
BIN = VENV_FOLDER / ("Scripts" if sys.platform == "win32" else "bin")
PYTHON = BIN / ("python.exe" if sys.platform == "win32" else "python")
BUILD_BACKEND = ["hatchling", "editables"]  # installed first: pip would build in an environment without our pins
PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
PYTEST = ["-m", "pytest", "--color=yes" if sys.stdout.isatty() else "--color=no"]
FULLY_COVERED = "s3browser/exceptions.py,s3browser/model/*,s3browser/s3/translate.py,s3browser/transfers/*"

CHECKS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "import contracts": ["lint-imports"],
    "types": ["mypy"],
}


def stop(text: str) -> NoReturn:
    """End with a message and exit code 1."""
    sys.exit(f"\n{text}")


def start_log() -> None:
    """Begin the log of this run."""
    BUILD.mkdir(exist_ok=True)
    LOG.write_text(f"{shlex.join(sys.argv)}\nPython {sys.version} on {sys.platform}\n", encoding="utf-8")


def run_quietly(what: str, command: list[str]) -> None:
    """Run a command under one line of text; its output goes to the log, and to the screen only when it fails."""
    print(f"{what} … ", end="", flush=True)
    began_at = time.monotonic()
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with LOG.open("ab") as log:
        log.write(f"\n$ {shlex.join(command)}\n".encode())
        log.flush()
        start = log.tell()
        code = subprocess.run(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT).returncode
    if code != 0:
        print("failed")
        output = LOG.read_bytes()[start:].decode(errors="replace").splitlines()
        stop("\n".join([*output[-20:], "", f"That did not work: {shlex.join(command)}", f"All of it is in {LOG}"]))
    print(f"done ({time.monotonic() - began_at:.0f} s)")


def set_up(extra: str, needs: Iterable[Need], reason: str) -> None:
    """Bring in the system's packages, the virtual environment and the Python packages, as far as they are missing."""
    start_log()
    try:
        ensure([*VENV, *needs], reason, run_quietly)
    except MissingPackagesError as error:
        stop(str(error))
    state: dict[str, str | list[str]] = {
        "path": str(ROOT),  # a virtual environment does not survive being moved
        "packages": hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + CONSTRAINTS.read_bytes()).hexdigest(),
    }
    works = PYTHON.exists() and subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0
    stamp = json.loads(STAMP.read_text()) if works and STAMP.exists() else {}
    extras = sorted({extra, *stamp.get("extras", [])})
    state["extras"] = extras
    if stamp == state:
        return
    if not works or stamp.get("path", state["path"]) != state["path"]:
        print("Making the virtual environment in .venv", flush=True)
        venv.create(VENV_FOLDER, with_pip=True, clear=True, symlinks=os.name != "nt")
    STAMP.unlink(missing_ok=True)
    pip_install = [str(PYTHON), *PIP, "install", "--constraint", str(CONSTRAINTS)]
    run_quietly("Preparing the installation", [*pip_install, *BUILD_BACKEND])
    package = f"{ROOT}[{','.join(extras)}]"
    run_quietly(
        "Installing Python packages, which can take a few minutes",
        [*pip_install, "--no-build-isolation", "--editable", package],
    )
    STAMP.write_text(json.dumps(state))


def has_display() -> bool:
    """Whether a window can open here. DISPLAY alone says little: it may name a server that has gone."""
    if sys.platform != "linux":
        return True
    wayland = os.environ.get("WAYLAND_DISPLAY")
    if wayland and Path(os.environ.get("XDG_RUNTIME_DIR", ""), wayland).exists():
        return True
    if not os.environ.get("DISPLAY"):
        return False
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    can_connect = xcb.xcb_connection_has_error(connection) == 0
    xcb.xcb_disconnect(connection)
    return bool(can_connect)


def demo(arguments: list[str]) -> int:
    """Show the program on its demo server, or a picture of it where there is no display."""
    set_up("demo", WINDOW, "to show the window")
    command = [str(PYTHON), "-m", "s3browser", "--demo", *arguments]
    if has_display():
        print("Starting s3browser on its demo server.", flush=True)
        return subprocess.run(command, cwd=ROOT).returncode
    picture = BUILD / "demo.png"
    if "--screenshot" not in arguments:
        picture.unlink(missing_ok=True)
        print(
            "There is no display here, so no window can open. The running demo is drawn into this picture:", flush=True
        )
        command += ["--screenshot", str(picture)]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}).returncode
    if code == 0 and "--screenshot" not in arguments and not picture.exists():
        stop("The program ended well, but drew no picture.")
    return code


def run_stage(name: str, command: list[str], results: dict[str, tuple[bool, float]]) -> None:
    """Run one check; what it prints is shown when it fails."""
    began_at = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    results[name] = (done.returncode == 0, time.monotonic() - began_at)
    if done.returncode != 0:
        print(f"--- {name} failed: {shlex.join(command)}\n{done.stdout}", flush=True)


def run_pytest(name: str, arguments: list[str], results: dict[str, tuple[bool, float]]) -> str:
    """Run pytest with its output on screen, and return its closing line."""
    began_at = time.monotonic()
    environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
    command = [str(PYTHON), *PYTEST, *arguments]
    closing = ""
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            closing = line.strip() if re.search(r"\bin [\d.]+s\b", line) else closing
    results[name] = (process.returncode == 0, time.monotonic() - began_at)
    return closing or f"pytest ended with code {process.returncode} and without a summary"


def report(results: dict[str, tuple[bool, float]], closing: str) -> int:
    """Print what passed and how long it took, pytest's closing line last."""
    print()
    for name, (passed, duration_s) in results.items():
        print(f"{'passed' if passed else 'FAILED'}  {duration_s:6.1f} s  {name}")
    print(closing, flush=True)
    return 0 if all(passed for passed, _ in results.values()) else 1


def test(arguments: list[str]) -> int:
    """Everything that `make check` and CI ask for. With arguments only pytest, on what they name."""
    set_up("test", [*WINDOW, *PACKAGING, *TESTS], "to run the tests")
    results: dict[str, tuple[bool, float]] = {}
    if arguments:
        return report(results, run_pytest("tests", arguments, results))
    for name, command in CHECKS.items():
        run_stage(name, [str(BIN / command[0]), *command[1:]], results)
    closing = run_pytest("tests", ["--cov", "--cov-report="], results)
    coverage = [str(PYTHON), "-m", "coverage", "report", "--skip-covered", "--show-missing"]
    run_stage("coverage of everything", coverage, results)
    run_stage("coverage of the core", [*coverage, f"--include={FULLY_COVERED}", "--fail-under=100"], results)
    return report(results, closing)


def test_ceph(arguments: list[str]) -> int:
    """The tests on Ceph's S3 server, which really refuses, expires and enforces."""
    set_up("test", [*WINDOW, *PACKAGING, *TESTS, *CEPH], "to run the tests on Ceph’s S3 server")
    results: dict[str, tuple[bool, float]] = {}
    return report(results, run_pytest("tests on Ceph", ["-m", "ceph", *arguments], results))


def package(arguments: list[str]) -> int:
    """Build the program as a folder that needs no Python, and the .deb where dpkg is at home."""
    set_up("package", [*WINDOW, *PACKAGING], "to build the program")
    spec = str(ROOT / "packaging" / "pyinstaller" / "s3browser.spec")
    pyinstaller = ["-m", "PyInstaller", "--noconfirm", "--workpath", str(BUILD / "pyinstaller"), *arguments, spec]
    run_quietly("Building the program", [str(PYTHON), *pyinstaller])
    if sys.platform == "linux":
        run_quietly("Building the Debian package", [str(PYTHON), "packaging/debian/build_deb.py"])
    for file in sorted((ROOT / "dist").glob("s3browser*")):
        print(file)
    return 0


def pin(arguments: list[str]) -> int:
    """Write constraints.txt: the newest versions that fit together on the oldest Python, which newer ones take too."""
    if arguments or sys.version_info[:2] != (3, 11):
        stop("Run `pin` without arguments and with Python 3.11, so that the pins suit every version.")
    start_log()
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True, symlinks=True)
        python = str(Path(folder, "bin", "python"))
        run_quietly(
            "Finding the newest versions",
            [python, *PIP, "install", "--upgrade", "setuptools", *BUILD_BACKEND, f"{ROOT}[test]"],
        )
        freeze = [python, *PIP, "freeze", "--all", "--exclude", "pip", "--exclude", "s3browser"]
        pins = subprocess.run(freeze, check=True, capture_output=True, text=True).stdout
    header = "# Written by `python3.11 packaging/bootstrap.py pin`; every command of bootstrap.py installs these.\n"
    CONSTRAINTS.write_text(header + pins)
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "demo": demo,
    "test": test,
    "test-ceph": test_ceph,
    "package": package,
    "pin": pin,
}


def main() -> int:
    """Run the command named first."""
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        print(__doc__)
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    return COMMANDS[sys.argv[1]](sys.argv[2:])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
