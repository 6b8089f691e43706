import pytest

from s3browser.exceptions import Cancelled, S3AccessDeniedError, S3ConnectionError, S3CredentialsError
from s3browser.jobs.cancel import StopReason
from s3browser.model.transfers import TransferState
from s3browser.transfers.holds import CONNECTION_REMOVED
from s3browser.transfers.verdict import MAX_ATTEMPTS, attempts_after, is_given_up, state_after
from tests.unit.transfers.test_desk import FakeRun
from tests.unit.transfers.test_records import active

QUEUED, PAUSED = TransferState.QUEUED, TransferState.PAUSED
DONE, FAILED, CANCELLED = TransferState.DONE, TransferState.FAILED, TransferState.CANCELLED
PAUSE, CANCEL = StopReason.PAUSE, StopReason.CANCEL
OFFLINE = S3ConnectionError("upload", "server")


@pytest.mark.parametrize(
    ("error", "untouched", "paused", "cancelled"),
    [
        (None, DONE, DONE, DONE),
        (Cancelled(), QUEUED, PAUSED, CANCELLED),
        (OFFLINE, QUEUED, PAUSED, CANCELLED),
        (S3CredentialsError("upload", code="ExpiredToken"), QUEUED, PAUSED, CANCELLED),
        (S3CredentialsError("upload", code=CONNECTION_REMOVED), FAILED, FAILED, CANCELLED),
        (S3AccessDeniedError("upload"), FAILED, FAILED, CANCELLED),
        (KeyError(), FAILED, FAILED, CANCELLED),
    ],
)
def test_what_becomes_of_a_transfer(
    error: Exception | None, untouched: TransferState, paused: TransferState, cancelled: TransferState
) -> None:
    for asked, state in ((None, untouched), (PAUSE, paused), (CANCEL, cancelled)):
        moved = active()
        moved.asked = asked
        assert state_after(moved, error) is state
        assert is_given_up(moved, error) is (state in (FAILED, CANCELLED))


def test_a_line_that_breaks_again_and_again() -> None:
    assert state_after(active(attempts=MAX_ATTEMPTS - 2), OFFLINE) is QUEUED
    last = active(attempts=MAX_ATTEMPTS - 1)
    assert state_after(last, OFFLINE) is FAILED
    assert not is_given_up(last, OFFLINE), "what has arrived is kept for whoever tries again"


def test_what_gets_on_between_two_breaks_is_not_given_up() -> None:
    run = FakeRun()
    run.position = 6
    moving = active(run, attempts=MAX_ATTEMPTS - 1, position=5)
    assert attempts_after(moving, OFFLINE) == 1
    assert state_after(moving, OFFLINE) is QUEUED
    stuck = active(run, attempts=2, position=6)
    assert attempts_after(stuck, OFFLINE) == 3
    assert attempts_after(stuck, Cancelled()) == 2
    assert attempts_after(stuck, None) == 2
