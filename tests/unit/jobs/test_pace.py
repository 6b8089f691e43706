import threading

import pytest

from s3browser.exceptions import Cancelled, S3BusyError, S3ConnectionError
from s3browser.jobs.cancel import CancelToken
from s3browser.jobs.fibers import Hub, pause
from s3browser.jobs.pace import Pace, Throttle
from s3browser.model.store import Cancel

BUSY = S3BusyError("upload", "s3://b/k", "SlowDown", 503)


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float, cancel: Cancel | None) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def throttle(time: Time) -> Throttle:
    return Throttle(time.clock, time.sleep)


def take_all(throttle: Throttle, count: int) -> None:
    while count:
        count -= throttle.take_up(count)


# ---------------------------------------------------------------------- bandwidth


def test_without_a_limit_nobody_waits(throttle: Throttle, time: Time) -> None:
    assert throttle.take_up(10**9) == throttle.take_down(10**9) == 10**9
    throttle.give_back_down(5)
    assert time.slept == []


def test_a_limit_is_kept_over_time(throttle: Throttle, time: Time) -> None:
    throttle.set_limits(100_000, None)
    take_all(throttle, 1_000_000)
    # the last piece is paid by who comes next
    assert time.now - 1000.0 == pytest.approx(10, abs=0.2)
    assert max(time.slept) <= 0.25


def test_the_ways_are_limited_each_on_its_own(throttle: Throttle, time: Time) -> None:
    throttle.set_limits(1000, None)
    assert throttle.take_down(10**6) == 10**6
    throttle.set_limits(None, 8000)
    assert throttle.take_up(10**6) == 10**6
    assert throttle.take_down(10**6) == 1024
    assert time.slept == []


def test_bytes_go_in_small_pieces(throttle: Throttle) -> None:
    throttle.set_limits(80_000, 10)
    assert throttle.take_up(10**6) == 10_000
    assert throttle.take_down(10**6) == 1024


def test_a_pause_is_no_reason_for_a_burst(throttle: Throttle, time: Time) -> None:
    throttle.set_limits(80_000, None)
    time.now += 3600
    began = time.now
    take_all(throttle, 100_000)
    assert time.now - began == pytest.approx(1, abs=0.3)


def test_what_did_not_come_is_not_counted(throttle: Throttle, time: Time) -> None:
    throttle.set_limits(None, 80_000)
    for _ in range(100):
        throttle.give_back_down(throttle.take_down(10_000))
    assert time.slept == []


def test_another_limit_counts_for_those_who_wait(time: Time) -> None:
    def sleep(seconds: float, cancel: Cancel | None) -> None:
        time.sleep(seconds, cancel)
        limited.set_limits(None, None)

    limited = Throttle(time.clock, sleep)
    limited.set_limits(1, None)
    limited.take_up(1024)
    assert limited.take_up(5000) == 5000
    assert time.slept == [0.25]


def test_a_cancel_ends_the_wait(throttle: Throttle) -> None:
    throttle.set_limits(1, None)
    throttle.take_up(1024)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        throttle.take_up(1, cancel)


def test_by_the_real_clock() -> None:
    throttle = Throttle()
    throttle.set_limits(1024 * 50, None)
    take_all(throttle, 1024 * 15)
    cancel = CancelToken()
    cancel.cancel()
    throttle.set_limits(1, None)
    throttle.take_up(1024)
    with pytest.raises(Cancelled):
        throttle.take_up(1, cancel)


# ---------------------------------------------------------------------- requests at a time


def fail(pace: Pace, error: Exception) -> None:
    with pytest.raises(type(error)), pace.slot():
        raise error


def test_busy_halves(time: Time) -> None:
    pace = Pace(32, time.clock)
    fail(pace, BUSY)
    assert pace.limit == 16
    for _ in range(9):
        time.now += 1
        fail(pace, BUSY)
    assert pace.limit == 1


def test_at_most_once_a_second(time: Time) -> None:
    pace = Pace(32, time.clock)
    for _ in range(5):
        pace.heed(BUSY)
    assert pace.limit == 16
    time.now += 1
    pace.heed(BUSY)
    assert pace.limit == 8


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (S3BusyError("upload", "", "TooManyRequests", 429), 4),
        (S3BusyError("upload", "", "SlowDown"), 4),
        (S3BusyError("upload", "", "InternalError", 500), 8),
        (S3ConnectionError("upload"), 8),
        (ValueError(), 8),
    ],
)
def test_only_what_says_slow_down(time: Time, error: Exception, limit: int) -> None:
    pace = Pace(8, time.clock)
    fail(pace, error)
    assert pace.limit == limit


def test_successes_win_it_back(time: Time) -> None:
    pace = Pace(4, time.clock)
    pace.heed(BUSY)
    for _ in range(19):
        with pace.slot():
            pass
    assert pace.limit == 2
    with pace.slot():
        pass
    assert pace.limit == 3
    for _ in range(100):
        with pace.slot():
            pass
    assert pace.limit == 4


def test_the_next_waits_until_one_ends() -> None:
    pace = Pace(1)
    entered = threading.Event()

    def second() -> None:
        with pace.slot():
            entered.set()

    with pace.slot():
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.05)
    assert entered.wait(5)
    thread.join()


def test_a_cancel_ends_the_wait_for_a_slot() -> None:
    pace = Pace(1)
    cancel = CancelToken()
    with pace.slot():
        cancel.cancel()
        with pytest.raises(Cancelled), pace.slot(cancel):
            pass
    with pace.slot(cancel):
        pass  # a free slot is there for anybody


def test_a_slower_pace_lets_those_under_way_end(time: Time) -> None:
    pace = Pace(2, time.clock)
    with pace.slot(), pace.slot():
        pace.heed(BUSY)
        assert pace.limit == 1
    with pace.slot():
        pass


def test_fibers_of_one_thread_wait_for_each_other() -> None:
    pace = Pace(1)
    token = CancelToken()
    done: list[str] = []

    def first() -> None:
        with pace.slot():
            while "gave up" not in done:
                pause(0.001)
            done.append("first")

    def give_up() -> None:
        with pytest.raises(Cancelled), pace.slot(token):
            pass
        done.append("gave up")

    def second() -> None:
        token.cancel()
        with pace.slot():
            done.append("second")

    steps = [second, give_up, first]
    Hub().run(lambda: steps.pop() if steps else None, lambda: None)
    assert done == ["gave up", "first", "second"]
