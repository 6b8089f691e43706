import threading

import pytest

from s3browser.exceptions import Cancelled
from s3browser.jobs.cancel import CancelToken, StopReason


def test_nobody_asked() -> None:
    token = CancelToken()
    token.raise_if_cancelled()
    assert (token.is_set(), token.reason, token.wait(0)) == (False, None, False)


def test_the_first_reason_stays() -> None:
    token = CancelToken()
    token.cancel(StopReason.SHUTDOWN)
    token.cancel()
    assert (token.is_set(), token.reason, token.wait()) == (True, StopReason.SHUTDOWN, True)
    with pytest.raises(Cancelled):
        token.raise_if_cancelled()


def test_a_wait_ends_when_somebody_asks() -> None:
    token = CancelToken()
    waited: list[bool] = []
    thread = threading.Thread(target=lambda: waited.append(token.wait(30)))
    thread.start()
    token.cancel()
    thread.join(10)
    assert waited == [True]
    assert token.reason is StopReason.CANCEL
