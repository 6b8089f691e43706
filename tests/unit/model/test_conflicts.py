from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from s3browser.exceptions import S3DownloadError
from s3browser.model.conflicts import (
    KEEP_BOTH,
    REPLACE,
    REPLACE_IF_NEWER,
    RESUME,
    RULES,
    SKIP,
    ConflictRule,
    modified_at,
    settled,
)
from s3browser.model.locations import S3Location
from s3browser.model.moments import nanoseconds
from s3browser.model.transfers import Conflict, Direction, Plan, Problem, TransferItem

UP, DOWN = Direction.UPLOAD, Direction.DOWNLOAD
THERE = datetime(2026, 5, 4, 12, tzinfo=UTC)


def item(name: str, direction: Direction = DOWN, *, later_s: float | None = 0.0) -> TransferItem:
    """One of 10 bytes, changed ``later_s`` after THERE; None: nobody knows when."""
    modified_ns = 0 if later_s is None else nanoseconds(THERE + timedelta(seconds=later_s))
    return TransferItem(direction, S3Location("bucket", name), Path("/x") / name, 10, modified_ns)


def conflict(
    name: str, direction: Direction = DOWN, *, later_s: float | None = 0.0, size: int | None = 10, dated: bool = True
) -> Conflict:
    new = item(name, direction, later_s=later_s)
    return Conflict(new, replace(new, local_path=Path("/x/other"), renamed=True), size, THERE if dated else None)


def outcome(rule: ConflictRule, one: Conflict) -> str:
    result = rule.settle(one)
    if result is None:
        return "left"
    if isinstance(result, Problem):
        assert (result.item, result.error) == (one.item, one.obstacle)
        return "problem"
    if result == one.kept_both:
        assert not result.may_replace
        return "both"
    if result == one.item.replacing(unless_same=True):
        return "compared"
    assert result == one.item.replacing()
    return "replaced"


@pytest.mark.parametrize("direction", [UP, DOWN])
def test_the_plain_rules_ask_for_nothing(direction: Direction) -> None:
    for later_s in (None, -100.0, 0.0, 100.0):
        one = conflict("a", direction, later_s=later_s)
        assert [outcome(rule, one) for rule in (KEEP_BOTH, REPLACE, SKIP)] == ["both", "replaced", "left"]


@pytest.mark.parametrize(
    ("direction", "later_s", "dated", "expected"),
    [
        (UP, 100.0, True, "replaced"),
        (UP, 1.0, True, "replaced"),  # an edit right after the upload is not lost
        (UP, 0.0, True, "left"),
        (UP, -100.0, True, "left"),
        (DOWN, 100.0, True, "replaced"),
        (DOWN, 2.5, True, "replaced"),
        (DOWN, 2.0, True, "left"),  # the same, on a disk that keeps even seconds
        (DOWN, -100.0, True, "left"),
        (UP, None, True, "left"),
        (UP, 100.0, False, "left"),
        (DOWN, None, False, "left"),
    ],
)
def test_replace_if_newer(direction: Direction, later_s: float | None, dated: bool, expected: str) -> None:
    for size in (10, 11, None):
        assert outcome(REPLACE_IF_NEWER, conflict("a", direction, later_s=later_s, size=size, dated=dated)) == expected


@pytest.mark.parametrize(
    ("direction", "later_s", "size", "dated", "expected"),
    [
        (UP, -100.0, 10, True, "left"),
        (UP, 0.0, 10, True, "left"),
        (UP, 1.0, 10, True, "replaced"),
        (UP, -100.0, 11, True, "replaced"),
        (UP, -100.0, None, True, "replaced"),
        (UP, -100.0, 10, False, "replaced"),
        (UP, None, 10, True, "replaced"),
        (DOWN, 2.0, 10, True, "left"),
        (DOWN, -100.0, 10, True, "left"),
        (DOWN, 100.0, 10, True, "compared"),  # what was downloaded has the time of its original
        (DOWN, 0.0, 9, True, "replaced"),
        (DOWN, 0.0, None, True, "replaced"),
        (DOWN, None, 10, True, "compared"),
    ],
)
def test_continue(direction: Direction, later_s: float | None, size: int | None, dated: bool, expected: str) -> None:
    assert outcome(RESUME, conflict("a", direction, later_s=later_s, size=size, dated=dated)) == expected


def test_what_cannot_be_replaced_is_a_problem_with_every_rule_that_would() -> None:
    one = replace(conflict("a"), obstacle=S3DownloadError("download", "a", "IsFolder"))
    expected = {KEEP_BOTH: "both", REPLACE: "problem", REPLACE_IF_NEWER: "problem", RESUME: "problem", SKIP: "left"}
    assert {rule: outcome(rule, one) for rule in RULES} == expected


def test_rules_are_told_apart_on_the_screen() -> None:
    assert len({rule.title for rule in RULES}) == len({rule.description for rule in RULES}) == len(RULES) == 5
    assert all(rule.title and rule.description.endswith(".") for rule in RULES)


def test_settling_a_plan_asks_for_the_rule_of_each_conflict() -> None:
    free, before = item("free"), Problem(item("p"), S3DownloadError("download", "p"))
    a, b, c = conflict("a"), conflict("b"), conflict("c")
    obstacle = S3DownloadError("download", "d", "IsFolder")
    d = replace(conflict("d"), obstacle=obstacle)
    plan = Plan(DOWN, (free,), (a, b, c, d), (before,), target="x", has_folders=True, free_bytes=7)
    rules = {a: KEEP_BOTH, b: SKIP, c: REPLACE, d: REPLACE}
    result = settled(plan, rules.__getitem__)
    assert result == Plan(
        DOWN, (free, a.kept_both, c.item.replacing()), (), (before, Problem(d.item, obstacle)),
        target="x", has_folders=True, free_bytes=7,
    )  # fmt: skip
    assert settled(plan, lambda _: SKIP).items == (free,)


def test_when_a_file_was_changed() -> None:
    assert modified_at(item("a", later_s=1.5)) == THERE + timedelta(seconds=1.5)
    assert modified_at(item("a", later_s=None)) is None
