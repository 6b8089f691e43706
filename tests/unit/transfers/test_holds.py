import pytest

from s3browser.exceptions import (
    Cancelled,
    S3AccessDeniedError,
    S3BusyError,
    S3ConnectionError,
    S3CredentialsError,
    S3IntegrationError,
    SettingsError,
)
from s3browser.model.transfers import Hold
from s3browser.transfers.holds import (
    CONNECTION_REMOVED,
    FIRST_DELAY_S,
    MAX_DELAY_S,
    Holds,
    holds_up,
    look,
    passes,
    waits_for_somebody,
)
from tests.fakestore import FakeStore
from tests.unit.transfers.office import Clock

OFFLINE = S3ConnectionError("upload", "server")
SIGNED_OUT = S3CredentialsError("upload", code="ExpiredToken")
REMOVED = S3CredentialsError("upload", code=CONNECTION_REMOVED)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def holds(clock: Clock) -> Holds:
    return Holds(clock)


def test_nothing_waits_at_first(holds: Holds) -> None:
    assert holds.seconds_to_next() is None
    assert holds.take_due() == []
    assert not holds.remove("office")
    assert holds.snapshot({"office": 3}) == ()


def test_a_connection_is_tried_ever_less_often(holds: Holds, clock: Clock) -> None:
    holds.add("office", OFFLINE)
    delays = []
    for _ in range(10):
        delay_s = holds.seconds_to_next()
        assert delay_s is not None
        delays.append(delay_s)
        assert holds.take_due() == []
        clock.now_s += delay_s
        assert holds.take_due() == ["office"]
        assert holds.take_due() == [], "one at a time"
        assert holds.seconds_to_next() is None
        holds.add("office", OFFLINE)
    assert delays[:3] == [FIRST_DELAY_S, FIRST_DELAY_S * 1.5, FIRST_DELAY_S * 2.25]
    assert delays[-1] == MAX_DELAY_S


def test_what_has_to_be_put_right_by_somebody_is_tried_seldom(holds: Holds) -> None:
    holds.add("office", SIGNED_OUT)
    assert holds.seconds_to_next() == MAX_DELAY_S


def test_the_others_of_a_connection_change_nothing(holds: Holds, clock: Clock) -> None:
    holds.add("office", OFFLINE)
    clock.now_s = 1.0
    holds.add("office", SIGNED_OUT)
    assert holds.seconds_to_next() == FIRST_DELAY_S - 1.0
    assert holds.snapshot({"office": 2}) == (Hold("office", OFFLINE, 2),)


def test_the_first_due_counts_and_overdue_is_now(holds: Holds, clock: Clock) -> None:
    holds.add("away", SIGNED_OUT)
    holds.add("office", OFFLINE)
    assert holds.seconds_to_next() == FIRST_DELAY_S
    clock.now_s = 10.0
    assert holds.seconds_to_next() == 0.0
    assert holds.take_due() == ["office"]
    assert holds.connection_ids == ["away", "office"]
    assert "away" in holds
    assert holds.remove("away")
    assert "away" not in holds


def test_only_what_something_waits_for_is_shown(holds: Holds) -> None:
    holds.add("office", OFFLINE)
    assert holds.snapshot({}) == ()
    assert holds.snapshot({"office": 0}) == ()


@pytest.mark.parametrize(
    ("error", "does_pass", "does_wait"),
    [
        (OFFLINE, True, False),
        (S3BusyError("upload"), True, False),
        (SIGNED_OUT, False, True),
        (SettingsError("load_secret", code="KeyringLocked"), False, True),
        (REMOVED, False, False),
        (S3AccessDeniedError("upload"), False, False),
        (KeyError(), False, False),
        (Cancelled(), False, False),
    ],
)
def test_what_holds_up(error: Exception, does_pass: bool, does_wait: bool) -> None:
    assert passes(error) is does_pass
    assert waits_for_somebody(error) is does_wait
    assert holds_up(error) is (does_pass or does_wait)


@pytest.mark.parametrize(
    ("error", "seen"),
    [(None, None), (OFFLINE, OFFLINE), (SIGNED_OUT, SIGNED_OUT), (S3AccessDeniedError("list_buckets"), None)],
)
def test_a_look(error: S3IntegrationError | None, seen: S3IntegrationError | None) -> None:
    store = FakeStore()
    if error is not None:
        store.fail("check_credentials", error)
    assert look(lambda: store) is seen


def test_a_connection_that_is_gone_is_not_waited_for() -> None:
    def store() -> FakeStore:
        raise REMOVED

    assert look(store) is None
