"""The options of the fault harness, and its table at the end."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue

import pytest

from tests.faults.run import Place
from tests.faults.verdict import Verdict

_AT_A_TIME = 4
_TALLY: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, action="append", help="only this seed of the fault harness (repeatable)")
    parser.addoption("--seeds", default="0-499", help="the seeds of the fault harness, as 0-499")


class Harness:
    """Plays several seeds at a time."""

    def __init__(self, places: list[Place]) -> None:
        self._free: SimpleQueue[Place] = SimpleQueue()
        for place in places:
            self._free.put(place)
        self._pool = ThreadPoolExecutor(len(places))

    def play(self, seeds: list[int]) -> list[Verdict]:
        """Let them happen."""
        return list(self._pool.map(self._play, seeds))

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _play(self, seed: int) -> Verdict:
        place = self._free.get()
        try:
            verdict = place.play(seed)
        finally:
            self._free.put(place)
        _TALLY.update(verdict.tally)
        _TALLY["runs"] += 1
        return verdict


@pytest.fixture(scope="session")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    folder = tmp_path_factory.mktemp("faults")
    with ExitStack() as stack:
        harness = Harness([stack.enter_context(Place(folder / str(number))) for number in range(_AT_A_TIME)])
        yield harness
        harness.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _TALLY:
        terminalreporter.section("what happened in the fault harness")
        for name, count in sorted(_TALLY.items()):
            terminalreporter.write_line(f"{count:7}  {name}")
