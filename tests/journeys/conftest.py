import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.journeys.desktop import Desktop, desktop
from tests.journeys.person import Person

collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]  # other systems have no X server to start

StartProgram = Callable[..., Person]
"""``theme``, the saved ``connection`` it begins with and ``environment`` are to be named, and may be left out."""


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    """One display for all journeys; every program on it ends with its test."""
    with desktop(tmp_path_factory.mktemp("desktop")) as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder of the person."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def sit_down(screen: Desktop, home: Path) -> Iterator[StartProgram]:
    """Starts the program, and somebody to use it; see ``StartProgram``."""
    with ExitStack() as stack:

        def start(theme: str = "light", connection: str = "", environment: Mapping[str, str] | None = None) -> Person:
            program = stack.enter_context(
                screen.running(home, "s3browser", "--theme", theme, environment=environment or {})
            )
            person = Person(screen, program, theme)
            person.sits_down(connection)
            return person

        yield start
