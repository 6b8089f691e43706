from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3browser.model.moments import moment, nanoseconds


@pytest.mark.parametrize(
    ("ns", "at"),
    [
        (1, datetime(1970, 1, 1, tzinfo=UTC)),
        (1_700_000_000_123_456_789, datetime(2023, 11, 14, 22, 13, 20, 123456, UTC)),
        (-1_000_000_000, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (0, None),
        (2**63 * 1000, None),
        (-(2**63), datetime(1677, 9, 21, 0, 12, 43, 145224, UTC)),
        (-(2**63) * 1000, None),
    ],
)
def test_moment(ns: int, at: datetime | None) -> None:
    assert moment(ns) == at


def test_nanoseconds() -> None:
    assert nanoseconds(None) == 0
    assert nanoseconds(datetime(1970, 1, 1, 1, 0, 1, tzinfo=timezone(timedelta(hours=1)))) == 1_000_000_000


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_there_and_back_loses_nothing(at: datetime) -> None:
    assert moment(nanoseconds(at)) == (at if nanoseconds(at) else None)
