"""Many small pieces of work in one thread."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from s3browser.jobs import fibers
from s3browser.jobs.cancel import CancelToken
from s3browser.jobs.fibers import READ, WRITE, Hub, current, off_hand, pause, wait_for

Step = Callable[[], object]


def run(*steps: Step, at_a_time: int = 99, hub: Hub | None = None) -> None:
    """Do all of them, so many at a time."""
    left = list(steps)
    alive = 0

    def first() -> Step | None:
        nonlocal alive
        if not left or alive >= at_a_time:
            return None
        alive += 1
        return left.pop(0)

    def following() -> Step | None:
        nonlocal alive
        if left:
            return left.pop(0)
        alive -= 1
        return None

    (hub or Hub()).run(first, following)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with closing(here), closing(there):
        yield here, there


def test_one_goes_on_while_another_waits(pair: tuple[socket.socket, socket.socket]) -> None:
    here, there = pair
    said: list[str] = []

    def listen() -> None:
        said.append("listening")
        assert wait_for(here, READ, 10)
        said.append(here.recv(9).decode())

    def speak() -> None:
        said.append("speaking")
        assert wait_for(there, WRITE, 10)
        there.send(b"hello")

    run(listen, speak)
    assert said == ["listening", "speaking", "hello"]


def test_what_never_comes_is_waited_for_so_long(pair: tuple[socket.socket, socket.socket]) -> None:
    ready: list[bool] = []
    run(lambda: ready.append(wait_for(pair[0], READ, 0.01)))
    assert ready == [False]


def test_no_more_at_a_time_than_wanted_and_each_goes_on_with_the_next() -> None:
    at_once = 0
    most = 0
    done: list[int] = []

    def step(number: int) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        pause(0.001)
        at_once -= 1
        done.append(number)

    run(*(lambda number=number: step(number) for number in range(9)), at_a_time=3)
    assert sorted(done) == list(range(9))
    assert most == 3


def test_with_nothing_to_do_it_ends() -> None:
    run()
    assert current() is None


def test_a_fault_ends_its_step_only_and_is_raised_in_the_end() -> None:
    done: list[int] = []

    def fail(error: Exception) -> None:
        raise error

    with pytest.raises(KeyError):
        run(lambda: fail(KeyError()), lambda: fail(ValueError()), lambda: done.append(1), at_a_time=1)
    assert done == [1]
    assert current() is None


class TestPause:
    def test_ends_with_a_cancel_of_another_fiber(self) -> None:
        token = CancelToken()
        ended: list[bool] = []
        run(lambda: ended.append(pause(60, token)), token.cancel)
        assert ended == [True]

    def test_ends_by_itself(self) -> None:
        ended: list[bool] = []
        run(lambda: ended.append(pause(0.001, CancelToken())), lambda: ended.append(pause(0.001)))
        assert ended == [False, False]

    def test_of_one_that_is_cancelled_in_the_last_moment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        token = CancelToken()
        ended: list[bool] = []
        monkeypatch.setattr(Hub, "park", lambda *_: token.cancel())
        monkeypatch.setattr(fibers, "monotonic", iter([0.0, 0.0, 9.0]).__next__)
        run(lambda: ended.append(pause(1, token)))
        assert ended == [True]


class TestInAThread:
    def test_all_of_it_blocks(self, pair: tuple[socket.socket, socket.socket]) -> None:
        here, there = pair
        assert not wait_for(here, READ, 0.001)
        there.send(b"!")
        assert wait_for(here, READ, 10)
        token = CancelToken()
        assert not pause(0.001)
        token.cancel()
        assert pause(60, token)
        assert off_hand(threading.get_ident) == threading.get_ident()


class Clock:
    """Time that passes when somebody works."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class TestOffHand:
    def test_what_is_quick_is_done_here(self) -> None:
        threads: set[int] = set()
        run(*(lambda: threads.add(off_hand(threading.get_ident)) for _ in range(5)))
        assert threads == {threading.get_ident()}

    def test_what_was_slow_lately_is_done_by_threads_while_the_others_go_on(self) -> None:
        clock = Clock()
        hub = Hub(clock)
        both = threading.Barrier(2)
        threads: list[int] = []

        def slow() -> None:
            clock.now_s += 1.0

        def together() -> int:
            both.wait(10)
            return threading.get_ident()

        run(
            lambda: off_hand(slow),
            lambda: threads.append(off_hand(together)),
            lambda: threads.append(off_hand(together)),
            hub=hub,
        )
        assert len({*threads, threading.get_ident()}) == 3

    def test_it_comes_back_when_it_is_quick_again(self) -> None:
        clock = Clock()
        threads: list[int] = []

        def slow() -> None:
            clock.now_s += 0.02

        run(
            lambda: off_hand(slow),
            *(lambda: threads.append(off_hand(threading.get_ident)) for _ in range(9)),
            hub=Hub(clock),
            at_a_time=1,
        )
        assert threads[0] != threading.get_ident()
        assert threads[-1] == threading.get_ident()

    def test_what_it_raises_comes_out(self) -> None:
        clock = Clock()
        caught: list[BaseException] = []

        def fail() -> None:
            clock.now_s += 1.0
            raise KeyError

        def step() -> None:
            try:
                off_hand(fail)
            except KeyError as error:
                caught.append(error)

        run(step, step, hub=Hub(clock), at_a_time=1)
        assert len(caught) == 2

    def test_what_takes_its_time_is_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fibers, "_LOOK_S", 0.001)
        hub = Hub()
        hub._took_s = 1.0
        go_on = threading.Event()
        done: list[bool] = []

        def let_it_go_on() -> None:
            pause(0.02)
            go_on.set()

        run(lambda: done.append(off_hand(lambda: go_on.wait(10))), let_it_go_on, hub=hub)
        assert done == [True]

    def test_a_late_word_of_a_thread_wakes_nobody_who_waits_for_something_else(
        self, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        hub = Hub()
        ready: list[bool] = []

        def step() -> None:
            hub._done.append(hub._getcurrent())
            hub._done.append(hub._main)
            ready.append(wait_for(pair[0], READ, 0.01))

        run(step, hub=hub)
        assert ready == [False]
