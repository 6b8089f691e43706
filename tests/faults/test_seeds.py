"""Whatever happens, every file arrives whole or its row says why not, and nothing is left lying about.

One seed again: ``pytest tests/faults --seed 123``.
"""

import pytest

from tests.faults.conftest import Harness

_BLOCK = 10


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if seeds := metafunc.config.getoption("--seed", None):
        blocks = [seeds]
    else:
        count = metafunc.config.getoption("--seeds", 500)
        blocks = [list(range(start, min(start + _BLOCK, count))) for start in range(0, count, _BLOCK)]
    metafunc.parametrize("seeds", blocks, ids=lambda block: f"{block[0]}-{block[-1]}")


def test_seeds(harness: Harness, seeds: list[int]) -> None:
    wrong = [verdict for verdict in harness.play(seeds) if verdict.wrong]
    assert not wrong, "\n" + "\n".join(map(str, wrong))
