"""A desktop of its own for the program: an X server, a window manager, a pointer and a keyboard.

Nothing here knows the program's inside. What a test sees is what a person sees: windows with their titles, and
colours on the screen; the rest it asks the server and the file system.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any, Final

from PIL import Image, ImageGrab

from tests.servers.process import leash, program, tail

ROOT: Final = Path(__file__).parents[2]
SCREEN: Final = (1920, 1080)
PICTURES: Final = "S3BROWSER_TEST_PICTURES"
"""Names a folder that ``Desktop.picture`` saves into, for people who want to see what the tests saw."""

_LOOK_EVERY_S = 0.05
_DRAG_STEPS = 12
# What would lead the program out of its box: the person's keyring, settings and real desktop.
_FOREIGN = {"PYTHON_KEYRING_BACKEND", "WAYLAND_DISPLAY"}
_FOREIGN_PREFIXES = ("QT_", "XDG_", "S3BROWSER_")


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the screen, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def centre(self) -> tuple[int, int]:
        """The point in its middle."""
        return self.x + self.width // 2, self.y + self.height // 2


class Desktop:
    """What a person has in front of them. Make it with ``desktop``."""

    def __init__(self, display: str) -> None:
        self.display = display

    def has_window_manager(self) -> bool:
        """Whether windows are being managed."""
        return self._xdotool("get_desktop", check=False).strip().isdigit()

    # -- windows -----------------------------------------------------------------------------

    def window(self, title: str) -> str | None:
        """The id of the visible window whose title has ``title`` in it, or None."""
        found = self._xdotool("search", "--onlyvisible", "--name", re.escape(title), check=False).split()
        return found[-1] if found else None

    def area(self, window: str) -> Area:
        """Where a window is, without its frame."""
        shown = self._xdotool("getwindowgeometry", "--shell", window)
        values = dict(line.split("=", 1) for line in shown.splitlines())
        return Area(*(int(values[name]) for name in ("X", "Y", "WIDTH", "HEIGHT")))

    def place(self, window: str, area: Area) -> None:
        """Move and resize a window."""
        self._xdotool("windowsize", window, str(area.width), str(area.height))
        self._xdotool("windowmove", window, str(area.x), str(area.y))

    def activate(self, window: str) -> None:
        """Bring a window to the front and give it the keyboard."""
        self._xdotool("windowactivate", "--sync", window)

    def in_front(self, title: str) -> str | None:
        """The id of the window that has the keyboard if its title has ``title`` in it, or None."""
        window = self._xdotool("getactivewindow", check=False).strip()
        return window if window and title in self._xdotool("getwindowname", window, check=False) else None

    def title_in_front(self) -> str:
        """The whole title of the window that has the keyboard; empty for none."""
        return self._xdotool("getactivewindow", "getwindowname", check=False).strip()

    # -- keys and pointer ----------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Press keys one after the other; ``ctrl+n`` presses two together."""
        self._xdotool("key", "--delay", "20", *keys)

    def type(self, text: str) -> None:
        """Type ASCII text."""
        self._xdotool("type", "--delay", "4", text)

    def click(self, point: tuple[int, int], *, button: int = 1, times: int = 1) -> None:
        """Click at a point of the screen."""
        self._xdotool(*_move(point), "click", "--repeat", str(times), "--delay", "60", str(button))

    def hover(self, point: tuple[int, int]) -> None:
        """Move the pointer to a point."""
        self._xdotool(*_move(point))

    def pick_up(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press the button at ``start`` and carry what is there to ``end``, step by step as a hand does."""
        steps = [
            tuple(int(a + (b - a) * step / _DRAG_STEPS) for a, b in zip(start, end, strict=True))
            for step in range(1, _DRAG_STEPS + 1)
        ]
        # The first step is a small one: a drag begins where the pointer left its place by a few pixels.
        nudge = (start[0] + 12, start[1] + 12)
        moves = [part for x, y in (nudge, *steps, end) for part in (*_move((x, y)), "sleep", "0.03")]
        self._xdotool(*_move(start), "mousedown", "1", "sleep", "0.05", *moves)

    def drop(self) -> None:
        """Let go of what was picked up."""
        self._xdotool("mouseup", "1")

    def _xdotool(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            [program("xdotool"), *arguments],
            env={**os.environ, "DISPLAY": self.display},
            capture_output=True,
            text=True,
            timeout=30,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"xdotool {' '.join(arguments)[:200]}: {done.stderr.strip()}")
        return done.stdout

    # -- the screen --------------------------------------------------------------------------

    def screen(self) -> Image.Image:
        """All of the screen as it is now."""
        return ImageGrab.grab(xdisplay=self.display)

    def shows(self, colour: str, area: Area, *, pixels: int = 8, within: int = 24) -> bool:
        """Whether at least so many pixels of an area have a colour, ``#rrggbb``.

        Red, green and blue may each be off by ``within`` of 255: the pixels of thin lines are never quite their colour.
        """
        wanted = bytes.fromhex(colour.removeprefix("#"))
        part = self.screen().crop((area.x, area.y, area.x + area.width, area.y + area.height)).convert("RGB")
        found: Any = part.getcolors(part.width * part.height)
        alike: list[int] = [
            count for count, one in found if all(abs(a - b) <= within for a, b in zip(one, wanted, strict=True))
        ]
        return sum(alike) >= pixels

    def picture(self, name: str) -> None:
        """Save what the screen shows, where ``PICTURES`` names a folder."""
        if folder := os.environ.get(PICTURES):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self._xdotool("sleep", "0.3")  # nothing depends on it: a picture of a window half drawn tells little
            self.screen().save(Path(folder, f"{name}.png"))

    # -- programs ----------------------------------------------------------------------------

    @contextmanager
    def running(
        self, home: Path, module: str, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator["Running"]:
        """Run a module of Python with ``home`` as its home folder, until the block ends at the latest."""
        (home / "tmp").mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", module, *arguments]
        log = home / f"{module.rsplit('.', 1)[-1]}.log"
        with _background(command, log, cwd=ROOT, env=self._environment(home) | dict(environment)) as started:
            started.last_look = lambda: self.screen().save(home / "screen-at-the-failure.png")
            yield started

    def _environment(self, home: Path) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _FOREIGN and not name.startswith(_FOREIGN_PREFIXES)
        }
        return kept | {
            "DISPLAY": self.display,
            "HOME": str(home),
            "S3BROWSER_HOME": str(home / "s3browser"),
            "TMPDIR": str(home / "tmp"),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={home}/no-bus",  # without any, Qt would start a bus of its own
            "QT_QPA_PLATFORM": "xcb",
            "LC_ALL": "C.UTF-8",
        }


class Running:
    """A program that was started. ``last_look`` is called before a wait for it fails."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log
        self.last_look: Callable[[], object] = lambda: None

    def until(self, condition: Callable[[], object], what: str, *, timeout_s: float = 15.0) -> None:
        """Wait until ``condition()`` is true.

        Raises:
            AssertionError: it took too long, or the program ended; names ``what`` was waited for.
        """
        deadline = monotonic() + timeout_s
        while not condition():
            if monotonic() > deadline:
                self.last_look()
                raise AssertionError(f"after {timeout_s:g} s still not: {what}\n{tail(self.log)}")
            try:
                code = self.process.wait(_LOOK_EVERY_S)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"ended with status {code} before: {what}\n{tail(self.log)}")

    def wait(self, timeout_s: float) -> int:
        """The exit status, once it has ended by itself."""
        return self.process.wait(timeout_s)

    def kill(self) -> None:
        """End it, and what it started, without asking."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def leftovers(self) -> list[str]:
        """The processes that it started and that are still there."""
        return [line for line in _processes() if line.startswith(f"{self.process.pid} ")]


def _processes() -> list[str]:
    """Every process as ``session pid state command``."""
    listing = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = stat.read_text().split(" (", 1)
        except OSError:  # it has just ended
            continue
        command, fields = rest.rsplit(") ", 1)
        state, _parent, _group, session = fields.split()[:4]
        listing.append(f"{session} {pid} {state} {command}")
    return listing


def _move(point: tuple[int, int]) -> tuple[str, str, str]:
    return "mousemove", str(point[0]), str(point[1])


@contextmanager
def desktop(folder: Path) -> Iterator[Desktop]:
    """Start an X server and a window manager with their logs in ``folder``; both end with the block."""
    width, height = SCREEN
    screen = ["-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"]
    reader, writer = os.pipe()
    with ExitStack() as stack:
        answer = stack.enter_context(os.fdopen(reader))
        with os.fdopen(writer, "wb"):
            command = [program("Xvfb"), "-displayfd", str(writer), *screen]
            server = stack.enter_context(_background(command, folder / "xvfb.log", pass_fds=[writer]))
        number = answer.readline().strip()
        assert number, f"Xvfb did not start.\n{tail(folder / 'xvfb.log')}"
        made = Desktop(f":{number}")
        home = {**os.environ, "DISPLAY": made.display, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        stack.enter_context(_background([program("openbox"), "--sm-disable"], folder / "openbox.log", env=home))
        server.until(made.has_window_manager, "the window manager")
        yield made


@contextmanager
def _background(command: list[str], log: Path, **options: Any) -> Iterator["Running"]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*leash(), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,
        )
    started = Running(process, log)
    try:
        yield started
    finally:
        started.kill()
