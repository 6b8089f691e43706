from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3browser.transfers.parts import (
    MAX_OBJECT_BYTES,
    MIB,
    MULTIPART_FROM_BYTES,
    Part,
    PartList,
    fetched_part_size,
    part_size,
    parts_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("size", "size_of_a_part", "count"),
    [
        (MULTIPART_FROM_BYTES - 1, 8 * MIB, 2),
        (MULTIPART_FROM_BYTES, 8 * MIB, 2),
        (MULTIPART_FROM_BYTES + 1, 8 * MIB, 3),
        (9_500 * 8 * MIB, 8 * MIB, 9_500),
        (9_500 * 8 * MIB + 1, 9 * MIB, 8_445),
        (MAX_OBJECT_BYTES, 552 * MIB, 9_498),
    ],
)
def test_part_sizes(size: int, size_of_a_part: int, count: int) -> None:
    assert part_size(size) == size_of_a_part
    assert sum(1 for _ in parts_of(size, part_size(size))) == count


@pytest.mark.parametrize(
    ("size", "size_of_a_part"),
    [
        (17 * MIB, 8 * MIB),
        (576 * MIB - 1, 8 * MIB),
        (576 * MIB, 9 * MIB),
        (1024 * MIB, 16 * MIB),
        (100_000 * MIB, 16 * MIB),
        (MAX_OBJECT_BYTES, 552 * MIB),
    ],
)
def test_sizes_of_parts_that_are_fetched(size: int, size_of_a_part: int) -> None:
    assert fetched_part_size(size) == size_of_a_part


@given(st.integers(0, MAX_OBJECT_BYTES))
def test_parts_of_any_size_keep_to_the_limits_of_s3(size: int) -> None:
    step = part_size(size)
    assert step % MIB == 0
    assert 8 * MIB <= step <= 5 * 1024 * MIB
    assert -(-size // step) <= 9_500


@given(st.integers(0, 200), st.integers(1, 60))
def test_parts_cover_a_file(size: int, step: int) -> None:
    parts = list(parts_of(size, step))
    assert sum(part.size for part in parts) == size
    assert parts[0][:2] == (1, 0)
    assert all(part.size == step for part in parts[:-1])
    assert all(one.start + one.size == two.start and two.number == one.number + 1 for one, two in pairwise(parts))


def test_an_empty_file_is_one_part() -> None:
    assert list(parts_of(0, 4)) == [Part(1, 0, 0)]


def test_parts_are_handed_out_once_and_missing_until_they_have_moved() -> None:
    parts = PartList(10, 4, moved={2})
    first, last = Part(1, 0, 4), Part(3, 8, 2)
    assert (parts.take(), parts.take(), parts.take()) == (first, last, None)
    assert parts.missing() == [first, last]
    parts.finish(last)
    assert parts.missing() == [first]


def test_bytes_are_gapless_up_to_the_first_that_is_missing() -> None:
    parts = PartList(10, 4, moved={2})
    first, last = Part(1, 0, 4), Part(3, 8, 2)
    parts.report(last, 1)
    assert parts.gapless == 0
    parts.report(first, 3)
    assert parts.gapless == 3
    parts.finish(first)
    assert parts.gapless == 9
    parts.finish(last)
    assert parts.gapless == 10


def test_a_position_never_goes_back() -> None:
    parts = PartList(10, 4, moved={2})
    first, last = Part(1, 0, 4), Part(3, 8, 2)
    seen = [parts.position]
    steps: list[Callable[[], None]] = [
        lambda: parts.report(first, 3),
        lambda: parts.report(last, 2),
        lambda: parts.report(first, 1),
        lambda: parts.finish(first),
        lambda: parts.finish(first),
        lambda: parts.report(first, 2),  # a thread that comes too late
        lambda: parts.finish(last),
    ]
    for step in steps:
        step()
        seen.append(parts.position)
    assert seen == [4, 7, 9, 9, 10, 10, 10, 10]
    assert PartList(10, 4, position=7).position == 7
