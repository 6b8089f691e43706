"""What a person does in the program, by keys and pointer."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from s3browser.ui.theme import DARK, LIGHT
from tests.journeys.desktop import Area, Desktop, Running
from tests.journeys.neighbour import TITLE
from tests.servers.server import Server

_MAIN = Area(8, 32, 1280, 800)
_NEIGHBOUR = Area(1480, 240, 300, 200)
_TO_ADVANCED = ["Tab"] * 3
_TO_CERTIFICATES = ["Tab"] * 5
_TO_TEST = ["Tab"] * 3


class Person:
    """Sits in front of the program's window, 1280 × 800 at the left of the screen."""

    def __init__(self, desktop: Desktop, program: Running, theme: str) -> None:
        self.desktop = desktop
        self.program = program
        self.colours = DARK if theme == "dark" else LIGHT
        self._theme = theme

    @property
    def contents(self) -> tuple[int, int]:
        """A free place in the table: below its middle."""
        return _MAIN.x + 620, _MAIN.y + 480

    @property
    def first_row(self) -> tuple[int, int]:
        """On the name in the table's first row."""
        return _MAIN.x + 300, _MAIN.y + 147

    @property
    def panel(self) -> Area:
        """Where the transfers show themselves."""
        return Area(_MAIN.x + 240, _MAIN.y + 580, 600, 220)

    @property
    def _top(self) -> Area:
        """Where banners show themselves."""
        return Area(_MAIN.x + 240, _MAIN.y, 600, 40)

    def picture(self, step: str) -> None:
        """Keep what is to be seen now, where somebody wants to look at it."""
        self.desktop.picture(f"{step}-{self._theme}")

    def sits_down(self, connection: str = "") -> None:
        """Bring the window to its place, and wait for what it begins with: the buckets of a connection, or a welcome.

        A saved connection has to have a bucket.
        """
        title = f"{connection} – s3browser" if connection else "s3browser"
        self.program.until(lambda: self.desktop.window(title), "the window")
        window = self.desktop.window(title)
        assert window is not None
        self.desktop.place(window, _MAIN)
        if connection:
            self.sees_first_row()
        else:
            self.program.until(lambda: self.desktop.shows(self.colours.accent, _MAIN, pixels=500), "the welcome page")
        self.desktop.activate(window)

    def waits_for(self, title: str, *, timeout_s: float = 15.0) -> Area:
        """Wait until the window with this in its title has the keyboard; return where it is."""
        self.program.until(lambda: self.desktop.in_front(title), f"“{title}” in front", timeout_s=timeout_s)
        window = self.desktop.in_front(title)
        assert window is not None
        return self.desktop.area(window)

    def is_asked(self, verb: str) -> None:
        """Wait for the sheet that shows what is about to be moved: “Upload”, “Download”."""
        self.program.until(lambda: self.desktop.title_in_front() == verb, f"the sheet “{verb}” in front")

    def is_at(self, title: str) -> None:
        """Wait until the main window shows this place."""
        self.waits_for(f"{title} – s3browser")

    def fills_in(self, server: Server, *, secret_key: str | None = None) -> None:
        """Open the connection dialog and type everything."""
        self.desktop.press("ctrl+n")
        self.waits_for("New connection")
        self.picture("connection-empty")
        self.desktop.press("Down", "Tab")
        self.desktop.type(server.endpoint_url)
        self.desktop.press("Tab", "Tab")
        self.desktop.type(server.access_key_id)
        self.desktop.press("Tab")
        self.desktop.type(secret_key or server.secret_access_key)
        self.desktop.press(*_TO_ADVANCED, "space", *_TO_CERTIFICATES)
        if server.ca_file:
            self.desktop.type(str(server.ca_file))
        self.picture("connection-filled")

    def tests_connection(self, outcome: str) -> None:
        """Press “Test connection” and wait until the dialog says ``outcome``: a colour."""
        self.desktop.press(*_TO_TEST, "space")
        self.program.until(
            lambda: self.desktop.shows(outcome, self.waits_for("New connection")),
            "the outcome of the test",
            timeout_s=30,
        )
        self.picture("connection-tested")

    def connects(self, server: Server) -> None:
        """Go through the dialog; on this desktop there is no keyring, so the keys stay for this session."""
        self.fills_in(server)
        self.tests_connection(self.colours.success)
        self.desktop.press("Return")
        self.waits_for("No keyring")
        self.picture("no-keyring")
        self.desktop.press("Return")
        self.is_at(f"127.0.0.1:{server.port}")

    def goes_to(self, address: str) -> None:
        """Type an address."""
        self.desktop.press("ctrl+l")
        self.desktop.type(address)
        self.desktop.press("Return")
        self.is_at(address.rstrip("/").rsplit("/", 1)[-1])

    def chooses(self, title: str, path: Path) -> None:
        """Type a path into the system’s file chooser."""
        self.waits_for(title)
        self.desktop.type(str(path))
        self.picture("chooser")
        self.desktop.press("Return")

    def sees_transfers(self) -> None:
        """Wait until the transfers have shown themselves: their ground has another colour than the table’s."""
        self.program.until(
            lambda: self.desktop.shows(self.colours.side, self.panel, pixels=20_000, within=0), "the transfers"
        )

    def sees_transfers_end(self, colour: str, what: str, *, timeout_s: float = 30.0) -> None:
        """Wait until the transfers tell by a colour how they ended."""
        self.program.until(lambda: self.desktop.shows(colour, self.panel), what, timeout_s=timeout_s)

    def drops(self, start: tuple[int, int]) -> None:
        """Carry what is at ``start`` to a free place in the table, and let go of it once the table has lit up."""
        self.desktop.pick_up(start, self.contents)
        x, y = self.contents
        lit = Area(_MAIN.x + 236, _MAIN.y + 126, 776, 674)
        steps = cycle((-2, 2))

        def lights_up() -> bool:
            # A drag that begins late, on a busy computer, learns only from the next move where the pointer is.
            self.desktop.hover((x + next(steps), y))
            return self.desktop.shows(self.colours.accent, lit, pixels=1500, within=0)

        self.program.until(lights_up, "where a drop would go")
        self.desktop.drop()

    def is_told(self) -> bool:
        """Whether a banner shows over the contents."""
        return self.desktop.shows(self.colours.warning_ground, self._top, pixels=5_000, within=4)

    def sees_first_row(self) -> None:
        """Wait until there is something in the table."""
        x, y = self.first_row
        row = Area(x - 40, y - 12, 200, 24)
        self.program.until(lambda: self.desktop.shows(self.colours.text, row), "a row")

    @contextmanager
    def beside(self, home: Path, verb: str, *paths: Path) -> Iterator[tuple[int, int]]:
        """Have another program’s window at the right of the screen; yields its middle."""
        with self.desktop.running(home, "tests.journeys.neighbour", verb, *map(str, paths)) as neighbour:
            neighbour.until(lambda: self.desktop.window(TITLE), "the other program’s window")
            window = self.desktop.window(TITLE)
            assert window is not None
            self.desktop.place(window, _NEIGHBOUR)
            neighbour.until(lambda: self.desktop.area(window).x >= _NEIGHBOUR.x, "the other window in its place")
            yield _NEIGHBOUR.centre
