import threading
from collections.abc import Callable

import pytest

from s3browser.exceptions import Cancelled, S3AccessDeniedError, S3BusyError, S3CertificateError, S3ConnectionError
from s3browser.jobs.cancel import CancelToken
from s3browser.jobs.retry import PROGRESS_BYTES, RetryPolicy, retrying

POLICY = RetryPolicy(max_attempts=3, max_backoff_s=2.0, first_backoff_s=0.2)


class Waits(CancelToken):
    """A token that notes the waits instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return self.is_set()


def failing(*errors: Exception, then: str = "done") -> Callable[[], str]:
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return then

    return call


def test_what_can_pass_is_tried_again() -> None:
    waits = Waits()
    assert retrying(failing(S3BusyError("list"), S3ConnectionError("list")), POLICY, waits) == "done"
    assert len(waits.seconds) == 2
    assert all(0 <= seconds <= 2.0 for seconds in waits.seconds)


def test_the_last_error_comes_out() -> None:
    errors = [S3BusyError("list", code=str(number)) for number in range(3)]
    with pytest.raises(S3BusyError) as error:
        retrying(failing(*errors), POLICY, Waits())
    assert error.value is errors[2]


@pytest.mark.parametrize("error", [S3AccessDeniedError("list"), S3CertificateError("connect"), KeyError("ours")])
def test_what_cannot_pass_is_not_tried_again(error: Exception) -> None:
    waits = Waits()
    with pytest.raises(type(error)):
        retrying(failing(error), POLICY, waits)
    assert waits.seconds == []


@pytest.mark.parametrize(("asked_s", "least_s"), [(1.5, 1.5), (600.0, 2.0), (None, 0.0)])
def test_the_servers_wish_is_honoured_up_to_the_cap(asked_s: float | None, least_s: float) -> None:
    waits = Waits()
    retrying(failing(S3BusyError("list", retry_after_s=asked_s)), POLICY, waits)
    assert least_s <= waits.seconds[0] <= 2.0


def test_a_cancel_ends_a_wait_at_once() -> None:
    cancel = threading.Event()

    def call() -> None:
        cancel.set()
        raise S3BusyError("list", retry_after_s=60)

    with pytest.raises(Cancelled):
        retrying(call, RetryPolicy(max_backoff_s=60.0), cancel)


def test_a_cancelled_call_is_not_begun() -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        retrying(failing(), POLICY, cancel)


def test_without_a_token_nobody_can_cancel() -> None:
    assert retrying(failing(S3BusyError("list")), RetryPolicy(first_backoff_s=0.0)) == "done"


def test_an_attempt_that_got_further_counts_as_the_first() -> None:
    position = 0

    def call() -> str:
        nonlocal position
        if position >= 10 * PROGRESS_BYTES:
            return "done"
        position += PROGRESS_BYTES
        raise S3ConnectionError("download")

    assert retrying(call, POLICY, Waits(), lambda: position) == "done"
    with pytest.raises(S3BusyError):
        retrying(failing(*[S3BusyError("download")] * 3), POLICY, Waits(), lambda: 0)
