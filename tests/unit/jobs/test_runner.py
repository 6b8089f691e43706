import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from s3browser.exceptions import Cancelled
from s3browser.jobs.cancel import CancelToken, StopReason
from s3browser.jobs.runner import JobRunner


class Outcome:
    """Takes what is delivered, and lets a test wait for it."""

    def __init__(self) -> None:
        self.inbox: SimpleQueue[tuple[str, Any]] = SimpleQueue()

    def done(self, result: object) -> None:
        self.inbox.put(("done", result))

    def failed(self, error: Exception) -> None:
        self.inbox.put(("failed", error))

    def next(self) -> tuple[str, Any]:
        return self.inbox.get(timeout=10)


def inline(callback: Callable[[], None]) -> None:
    callback()


@pytest.fixture
def runner() -> Iterator[JobRunner]:
    runner = JobRunner({"one": 1, "two": 2}, inline)
    yield runner
    assert runner.shutdown(10)


@pytest.fixture
def outcome() -> Outcome:
    return Outcome()


def test_a_result_is_delivered(runner: JobRunner, outcome: Outcome) -> None:
    token = runner.submit("one", lambda token: token, done=outcome.done, failed=outcome.failed)
    assert outcome.next() == ("done", token)


def test_an_error_is_delivered_and_the_lane_goes_on(runner: JobRunner, outcome: Outcome) -> None:
    error = KeyError("x")

    def fail(_: CancelToken) -> None:
        raise error

    runner.submit("one", fail, done=outcome.done, failed=outcome.failed)
    runner.submit("one", lambda _: 2, done=outcome.done, failed=outcome.failed)
    assert outcome.next() == ("failed", error)
    assert outcome.next() == ("done", 2)


def test_work_runs_in_order_on_a_named_daemon_thread(runner: JobRunner, outcome: Outcome) -> None:
    def where(_: CancelToken) -> tuple[str, bool]:
        thread = threading.current_thread()
        return thread.name, thread.daemon

    runner.submit("one", where, done=outcome.done, failed=outcome.failed)
    runner.submit("one", lambda _: 2, done=outcome.done, failed=outcome.failed)
    assert outcome.next() == ("done", ("s3b-one-0", True))
    assert outcome.next() == ("done", 2)


def test_a_lane_with_two_threads_runs_two_jobs_at_once(runner: JobRunner, outcome: Outcome) -> None:
    meet = threading.Barrier(2)
    for _ in range(2):
        runner.submit("two", lambda _: meet.wait(10) >= 0, done=outcome.done, failed=outcome.failed)
    assert [outcome.next(), outcome.next()] == [("done", True)] * 2


def test_work_that_waits_in_the_lane_is_not_begun_once_cancelled(runner: JobRunner, outcome: Outcome) -> None:
    gate = threading.Event()
    runner.submit("one", lambda _: gate.wait(10), done=outcome.done, failed=outcome.failed)
    token = runner.submit("one", outcome.done, done=outcome.done, failed=outcome.failed)
    token.cancel()
    gate.set()
    runner.submit("one", lambda _: "last", done=outcome.done, failed=outcome.failed)
    assert [outcome.next(), outcome.next()] == [("done", True), ("done", "last")]


@pytest.mark.parametrize("ending", [None, ValueError("stale"), Cancelled()])
def test_results_of_a_cancelled_token_are_dropped(
    runner: JobRunner, outcome: Outcome, ending: Exception | None
) -> None:
    def work(token: CancelToken) -> None:
        token.cancel()
        runner.post(token, lambda: outcome.done("a stale page"))
        if ending:
            raise ending

    runner.submit("one", work, done=outcome.done, failed=outcome.failed)
    runner.submit("one", lambda _: "next", done=outcome.done, failed=outcome.failed)
    assert outcome.next() == ("done", "next")


def test_what_is_cancelled_between_its_end_and_its_delivery_is_dropped_too(outcome: Outcome) -> None:
    delivered: SimpleQueue[Callable[[], None]] = SimpleQueue()
    runner = JobRunner({"one": 1}, delivered.put)
    token = runner.submit("one", lambda _: 1, done=outcome.done, failed=outcome.failed)
    callback = delivered.get(timeout=10)
    token.cancel()
    callback()
    assert outcome.inbox.empty()
    assert runner.shutdown(10)


def test_early_parts_are_delivered_before_the_result(runner: JobRunner, outcome: Outcome) -> None:
    def work(token: CancelToken) -> str:
        runner.post(token, lambda: outcome.done("page"))
        return "all"

    token = CancelToken()
    assert runner.submit("one", work, done=outcome.done, failed=outcome.failed, token=token) is token
    assert [outcome.next(), outcome.next()] == [("done", "page"), ("done", "all")]


def test_shutdown_ends_what_runs_and_takes_nothing_more(outcome: Outcome) -> None:
    runner = JobRunner({"one": 1}, inline)
    begun = threading.Event()

    def work(token: CancelToken) -> None:
        begun.set()
        token.wait(10)
        token.raise_if_cancelled()

    running = runner.submit("one", work, done=outcome.done, failed=outcome.failed)
    waiting = runner.submit("one", outcome.done, done=outcome.done, failed=outcome.failed)
    assert begun.wait(10)
    assert runner.shutdown(10)
    late = runner.submit("one", outcome.done, done=outcome.done, failed=outcome.failed)
    assert {token.reason for token in (running, waiting, late)} == {StopReason.SHUTDOWN}
    assert outcome.inbox.empty()


def test_shutdown_does_not_wait_for_ever(outcome: Outcome) -> None:
    runner = JobRunner({"one": 1}, inline)
    gate = threading.Event()
    runner.submit("one", lambda _: gate.wait(10), done=outcome.done, failed=outcome.failed)
    assert not runner.shutdown(0.0)
    gate.set()
    assert runner.shutdown(10)


class Held:
    """Tells on which thread it is destroyed, as Qt's objects would."""

    def __init__(self, ends: list[str]) -> None:
        self.ends = ends

    def __del__(self) -> None:
        self.ends.append(threading.current_thread().name)


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_what_a_job_holds_is_let_go_of_where_the_results_belong(is_cancelled: bool) -> None:
    deliveries: SimpleQueue[Callable[[], None]] = SimpleQueue()
    runner = JobRunner({"lane": 1}, deliveries.put)
    ends: list[str] = []
    held = Held(ends)

    def work(token: CancelToken, held: Held = held) -> None:
        if is_cancelled:
            token.cancel()
            raise Cancelled

    runner.submit("lane", work, done=lambda _, held=held: None, failed=lambda _, held=held: None)  # type: ignore[misc]
    del work, held
    deliver = deliveries.get(timeout=5)
    assert runner.shutdown()
    assert ends == []
    deliver()
    del deliver
    assert ends == [threading.current_thread().name]
