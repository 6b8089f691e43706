from dataclasses import replace
from pathlib import Path

import pytest

from s3browser.exceptions import S3AccessDeniedError, S3UploadError
from s3browser.model.forecast import PLAIN_BYTES, PLAIN_FILES, fits, is_plain, seconds_needed
from s3browser.model.locations import S3Location
from s3browser.model.transfers import Conflict, Direction, Plan, Problem, TransferItem


def item(size: int = 1, *, renamed: bool = False) -> TransferItem:
    return TransferItem(Direction.DOWNLOAD, S3Location("bucket", "a"), Path("/x/a"), size, renamed=renamed)


ONE = Plan(Direction.DOWNLOAD, (item(),))
TAKEN = Conflict(item(5), item(5, renamed=True))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (ONE, True),
        (Plan(Direction.UPLOAD), True),
        (replace(ONE, items=(item(renamed=True),)), True),
        (replace(ONE, items=(item(0),) * 1000), True),
        (replace(ONE, items=(item(0),) * PLAIN_FILES, has_folders=True), True),
        (replace(ONE, items=(item(0),) * (PLAIN_FILES + 1), has_folders=True), False),
        (replace(ONE, items=(item(PLAIN_BYTES),)), True),
        (replace(ONE, items=(item(PLAIN_BYTES), item())), False),
        (replace(ONE, free_bytes=1), True),
        (replace(ONE, free_bytes=0), False),
        (replace(ONE, conflicts=(TAKEN,)), False),
        (replace(ONE, problems=(Problem(item(), S3UploadError("upload")),)), False),
        (replace(ONE, unchecked=S3AccessDeniedError("list")), False),
    ],
)
def test_only_what_is_small_and_plain_starts_without_a_question(plan: Plan, expected: bool) -> None:
    assert is_plain(plan) is expected


def test_room_is_needed_for_what_is_in_conflict_too() -> None:
    plan = replace(ONE, conflicts=(TAKEN,))
    assert plan.total_bytes == 6
    assert plan.count == 2
    assert [fits(replace(plan, free_bytes=free)) for free in (None, 7, 6, 5)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("count", "size_bytes", "speeds", "expected"),
    [
        (100, 0, (10e6, 50.0), 2.0),
        (1, 1_000_000_000, (10e6, 50.0), 100.02),
        (0, 0, (1.0, 1.0), 0.0),
        (1, 1, (0.0, 50.0), None),
        (1, 1, (10e6, 0.0), None),
    ],
)
def test_how_long_it_takes(count: int, size_bytes: int, speeds: tuple[float, float], expected: float | None) -> None:
    assert seconds_needed(count, size_bytes, *speeds) == (expected if expected is None else pytest.approx(expected))
