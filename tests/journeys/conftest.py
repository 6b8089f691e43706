from collections.abc import Iterator

import pytest

from tests.journeys.desktop import Desktop, desktop


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    """One display for all journeys; every program on it ends with its test."""
    with desktop(tmp_path_factory.mktemp("desktop")) as made:
        yield made
