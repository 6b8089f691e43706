"""The door to tenacity: the one retry loop of the program. botocore's own is switched off (``s3/service.py``)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from s3browser.exceptions import Cancelled, S3IntegrationError
from s3browser.jobs.fibers import pause
from s3browser.model.store import Cancel

T = TypeVar("T")

PROGRESS_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often (the first attempt counts) and how patiently (each wait is capped, in seconds)."""

    max_attempts: int = 6
    max_backoff_s: float = 20.0
    first_backoff_s: float = 0.5  # six attempts last some 8 s: a network that is away for 2 s is survived


def retrying(
    call: Callable[[], T],
    policy: RetryPolicy,
    cancel: Cancel | None = None,
    position: Callable[[], int] | None = None,
) -> T:
    """Return ``call()``, trying again where the error can pass by itself.

    Exponential back-off with full jitter; a ``Retry-After`` of the server is honoured up to ``max_backoff_s``.
    Blocking. Never nest it.

    Args:
        call: one attempt.
        policy: how often and how patiently.
        cancel: ends the attempts and the waits between them.
        position: of a call that takes up where it broke off: how many bytes are behind it. An attempt that got
            ``PROGRESS_BYTES`` further counts as the first again; so a long transfer over a bad line comes to its end,
            and one that does not get on still ends.

    Raises:
        Cancelled: as soon as ``cancel`` is set, waits included.
        S3IntegrationError: the last error, where no attempt was left or trying again cannot help.
    """
    mark_bytes = position() if position else 0
    if cancel is not None and cancel.is_set():
        raise Cancelled
    try:
        return call()  # most calls need no more, and what follows costs as much as a small request
    except S3IntegrationError as error:
        if not error.retryable:
            raise
        first: S3IntegrationError | None = error

    jitter = tenacity.wait_random_exponential(multiplier=policy.first_backoff_s, max=policy.max_backoff_s)

    def again(state: tenacity.RetryCallState) -> bool:
        nonlocal mark_bytes
        if position and position() - mark_bytes >= PROGRESS_BYTES:
            mark_bytes = position()
            state.attempt_number = 1
        error = state.outcome.exception() if state.outcome else None
        return isinstance(error, S3IntegrationError) and error.retryable

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = getattr(error, "retry_after_s", None) or 0.0
        return max(jitter(state), min(asked, policy.max_backoff_s))

    def sleep(seconds: float) -> None:
        if pause(seconds, cancel):
            raise Cancelled

    def attempt() -> T:
        nonlocal first
        if first is not None:
            error, first = first, None
            raise error
        return call()

    return tenacity.Retrying(
        stop=tenacity.stop_after_attempt(policy.max_attempts),
        wait=wait,
        retry=again,
        sleep=sleep,
        reraise=True,
    )(attempt)
