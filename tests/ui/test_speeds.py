from datetime import UTC, datetime, timedelta

import pytest

from s3browser.model.transfers import BatchSnapshot, Direction
from s3browser.ui.speeds import Speeds

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def batch(files: int, size: int, seconds: float, **more: object) -> BatchSnapshot:
    known: dict[str, object] = {"done": files, "failed": 0, "cancelled": 0, "position_bytes": size}
    started_at = NOW - timedelta(seconds=seconds)
    facts = known | {"started_at": started_at} | more
    return BatchSnapshot(1, "p1", Direction.UPLOAD, files, total_bytes=size, **facts)  # type: ignore[arg-type]


@pytest.fixture
def speeds() -> Speeds:
    return Speeds(lambda: NOW)


def test_nothing_is_said_before_anything_was_measured(speeds: Speeds) -> None:
    assert speeds.seconds("p1", Direction.UPLOAD, 10, 10**9) is None


def test_big_files_take_as_long_as_their_bytes(speeds: Speeds) -> None:
    speeds.note(batch(2, 200_000_000, seconds=10))
    assert speeds.seconds("p1", Direction.UPLOAD, 40, 100_000_000) == pytest.approx(5)
    assert speeds.seconds("p1", Direction.UPLOAD, 1_000_000, 100_000_000) is None


def test_small_files_take_as_long_as_their_number(speeds: Speeds) -> None:
    speeds.note(batch(1000, 4_000_000, seconds=2))
    assert speeds.seconds("p1", Direction.UPLOAD, 5000, 1) == pytest.approx(10)
    assert speeds.seconds("p1", Direction.UPLOAD, 5, 10**9) is None


def test_each_connection_and_direction_has_its_own(speeds: Speeds) -> None:
    speeds.note(batch(2, 200_000_000, seconds=10))
    assert speeds.seconds("p2", Direction.UPLOAD, 1, 10**9) is None
    assert speeds.seconds("p1", Direction.DOWNLOAD, 1, 10**9) is None


def test_the_last_measure_counts(speeds: Speeds) -> None:
    speeds.note(batch(1, 100_000_000, seconds=10))
    speeds.note(batch(1, 100_000_000, seconds=5))
    assert speeds.seconds("p1", Direction.UPLOAD, 1, 40_000_000) == pytest.approx(2)


@pytest.mark.parametrize(
    "ended",
    [
        batch(2, 200_000_000, seconds=10, done=1, failed=1),
        batch(2, 200_000_000, seconds=0.5),
        batch(2, 200_000_000, seconds=10, started_at=None),
        batch(0, 0, seconds=10),
    ],
)
def test_what_failed_or_was_over_at_once_says_nothing(speeds: Speeds, ended: BatchSnapshot) -> None:
    speeds.note(ended)
    assert speeds.seconds("p1", Direction.UPLOAD, 2, 200_000_000) is None
    assert speeds.seconds("p1", Direction.UPLOAD, 2, 2) is None


def test_measures_with_the_real_clock() -> None:
    speeds = Speeds()
    speeds.note(batch(1, 10**9, seconds=0, started_at=datetime.now(UTC) - timedelta(seconds=10)))
    assert speeds.seconds("p1", Direction.UPLOAD, 1, 10**9) == pytest.approx(10, rel=0.1)
