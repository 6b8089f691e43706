"""Whatever happens, every file arrives whole or its row says why not, and nothing is left lying about.

One seed again: ``pytest tests/faults --seed 123``. Others, in the background: ``… --seeds 500-9999``.
"""

import pytest

from tests.faults.conftest import Harness

_BLOCK = 10


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if seeds := metafunc.config.getoption("--seed", None):
        blocks = [seeds]
    else:
        first, last = map(int, metafunc.config.getoption("--seeds", "0-499").split("-"))
        blocks = [list(range(start, min(start + _BLOCK, last + 1))) for start in range(first, last + 1, _BLOCK)]
    metafunc.parametrize("seeds", blocks, ids=lambda block: f"{block[0]}-{block[-1]}")


def test_seeds(harness: Harness, seeds: list[int]) -> None:
    wrong = [verdict for verdict in harness.play(seeds) if verdict.wrong]
    assert not wrong, "\n" + "\n".join(map(str, wrong))
