import gc
import threading
import weakref
from collections.abc import Callable

import pytest

from s3browser.exceptions import Cancelled, S3ConnectionError, S3UploadError
from s3browser.jobs.cancel import CancelToken
from s3browser.transfers.desk import OPEN_BIG_FILES, Desk, Job, Size
from s3browser.transfers.parts import Part

BROKEN = S3ConnectionError("upload", "server")


class FakeRun:
    """A run of some parts of one byte; ``fail`` says what raises what, ``again`` the parts that are lost once."""

    def __init__(self, count: int = 1, fail: dict[str, Exception] | None = None, again: int = 0) -> None:
        self.etag = "etag"
        self.stored_size = count
        self.position = 0
        self.left = [Part(number, number - 1, 1) for number in range(1, count + 1)]
        self.done: list[str] = []
        self._fail = fail or {}
        self._again = again
        self._lock = threading.Lock()

    def begin(self) -> None:
        self._do("begin")

    def take_part(self) -> Part | None:
        with self._lock:
            return self.left.pop(0) if self.left else None

    def move(self, part: Part) -> None:
        self._do(f"move {part.number}")
        with self._lock:
            self.position += 1
            if self._again:
                self._again -= 1
                self.left.append(part)

    def finish(self) -> str:
        self._do("finish")
        return self.etag

    def abandon(self) -> None:
        self._do("abandon")

    def _do(self, what: str) -> None:
        if what in self._fail:
            raise self._fail[what]
        self.done.append(what)


class Fixture:
    """A desk and what became of its jobs."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.started: list[int] = []
        self.ended: dict[int, Exception | None] = {}

    def job(self, transfer_id: int, run: FakeRun | Exception, *, size: Size = Size.SMALL) -> Job:
        def open_run() -> FakeRun:
            if isinstance(run, Exception):
                raise run
            return run

        def ended(error: Exception | None) -> None:
            assert transfer_id not in self.ended, "it ends once"
            self.ended[transfer_id] = error

        return Job(
            transfer_id, size, CancelToken(), open_run, lambda: self.started.append(transfer_id), ended
        )  # fmt: skip

    def offer(self, transfer_id: int, run: FakeRun | Exception, *, size: Size = Size.SMALL) -> Job:
        job = self.job(transfer_id, run, size=size)
        self.desk.offer(job)
        return job

    def has_work(self) -> bool:
        return self.desk.has_work(*Size)

    def work(self) -> None:
        while (step := self.desk.take(*Size)) is not None:
            step()


@pytest.fixture
def fixture() -> Fixture:
    return Fixture()


def test_an_empty_desk(fixture: Fixture) -> None:
    assert fixture.desk.take(*Size) is None
    assert not fixture.has_work()
    assert (fixture.desk.small_count, fixture.desk.big_count) == (0, 0)


@pytest.mark.parametrize("size", Size)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_file_moves_part_by_part(fixture: Fixture, count: int, size: Size) -> None:
    run = FakeRun(count)
    job = fixture.offer(1, run, size=size)
    assert fixture.has_work()
    assert not job.is_begun
    fixture.work()
    assert run.done == ["begin", *(f"move {number}" for number in range(1, count + 1)), "finish"]
    assert (fixture.started, fixture.ended) == ([1], {1: None})
    assert (job.is_begun, job.has_step, job.begun_at) == (True, False, 0)


def test_small_files_go_in_order(fixture: Fixture) -> None:
    for number in range(5):
        fixture.offer(number, FakeRun())
    assert fixture.desk.small_count == 5
    fixture.work()
    assert list(fixture.ended) == [0, 1, 2, 3, 4]


def test_a_part_that_was_lost_is_moved_again(fixture: Fixture) -> None:
    run = FakeRun(2, again=1)
    fixture.offer(1, run, size=Size.BIG)
    fixture.work()
    assert run.done == ["begin", "move 1", "move 2", "move 1", "finish"]
    assert fixture.ended == {1: None}


@pytest.mark.parametrize("size", Size)
@pytest.mark.parametrize("what", ["open", "begin", "move 1", "move 2", "finish"])
def test_what_fails_ends_it(fixture: Fixture, what: str, size: Size) -> None:
    fixture.offer(1, BROKEN if what == "open" else FakeRun(3, {what: BROKEN}), size=size)
    fixture.work()
    assert fixture.ended == {1: BROKEN}
    fixture.desk.remove(1)
    assert not fixture.has_work()


def test_what_was_stopped_before_it_began(fixture: Fixture) -> None:
    run = FakeRun()
    fixture.offer(1, run).token.cancel()
    fixture.work()
    assert isinstance(fixture.ended[1], Cancelled)
    assert (run.done, fixture.started) == ([], [1])


def steps(desk: Desk, count: int) -> list[Callable[[], None]]:
    found = [desk.take(*Size) for _ in range(count)]
    assert None not in found
    return found  # type: ignore[return-value]


def test_the_first_failure_is_the_truth_and_stops_the_others(fixture: Fixture) -> None:
    missing = S3UploadError("upload", "p", "Missing")
    run = FakeRun(4, {"move 1": Cancelled(), "move 2": missing, "move 3": BROKEN})
    job = fixture.offer(1, run, size=Size.BIG)
    steps(fixture.desk, 1)[0]()
    one, two, three = steps(fixture.desk, 3)
    one()
    assert job.token.is_set()
    assert fixture.desk.take(*Size) is None, "no more parts after a failure"
    two()
    assert fixture.ended == {}, "not before all have stopped"
    three()
    assert fixture.ended == {1: missing}


def test_a_part_that_arrives_after_a_failure_does_not_begin_another(fixture: Fixture) -> None:
    run = FakeRun(4, {"move 1": BROKEN})
    fixture.offer(1, run, size=Size.BIG)
    steps(fixture.desk, 1)[0]()
    one, two = steps(fixture.desk, 2)
    one()
    two()
    assert run.done == ["begin", "move 2"]
    assert fixture.ended == {1: BROKEN}


def test_only_the_first_big_files_are_open(fixture: Fixture) -> None:
    for number in range(OPEN_BIG_FILES + 1):
        fixture.offer(number, FakeRun(2), size=Size.BIG)
    for step in steps(fixture.desk, OPEN_BIG_FILES):
        step()
    assert fixture.started == list(range(OPEN_BIG_FILES))
    fixture.work()
    assert OPEN_BIG_FILES not in fixture.ended
    assert not fixture.has_work()
    fixture.desk.remove(0)
    fixture.desk.remove(99)
    assert fixture.has_work()
    fixture.work()
    assert len(fixture.ended) == OPEN_BIG_FILES + 1
    assert fixture.desk.big_count == OPEN_BIG_FILES


def test_small_and_big_share_the_workers_by_halves(fixture: Fixture) -> None:
    big = FakeRun(9)
    fixture.offer(0, big, size=Size.BIG)
    for number in range(1, 9):
        fixture.offer(number, FakeRun())
    small, first = steps(fixture.desk, 2)
    first()
    small()
    assert (fixture.started, big.done) == ([0, 1], ["begin"])
    waiting = steps(fixture.desk, 6)
    for step in waiting:
        step()
    assert (len(big.done), len(fixture.ended)) == (1 + 3, 1 + 3)


def test_small_ones_need_not_wait_for_a_big_one_that_has_nothing_to_do(fixture: Fixture) -> None:
    fixture.offer(0, FakeRun(1), size=Size.BIG)
    for number in range(1, 4):
        fixture.offer(number, FakeRun())
    held = steps(fixture.desk, 2)
    fixture.work()
    assert sorted(fixture.ended) == [2, 3], "the big one is being begun"
    for step in held:
        step()
    fixture.work()
    assert sorted(fixture.ended) == [0, 1, 2, 3]


def test_a_worker_gets_what_it_is_for_and_only_in_turn(fixture: Fixture) -> None:
    desk = fixture.desk
    fixture.offer(1, FakeRun(), size=Size.TINY)
    fixture.offer(2, FakeRun(), size=Size.TINY)
    fixture.offer(3, FakeRun(), size=Size.SMALL)
    assert desk.small_count == 3
    first = desk.take(Size.TINY)
    assert first is not None
    assert not desk.has_work(Size.TINY), "one of them is at work, and none of the others"
    assert desk.take(Size.TINY) is None
    assert desk.has_work(Size.SMALL, Size.BIG)
    second = desk.take(Size.SMALL, Size.BIG)
    assert second is not None
    assert not desk.has_work(Size.SMALL, Size.BIG)
    third = desk.take(Size.TINY)
    assert third is not None
    for step in (first, second, third):
        step()
    assert sorted(fixture.ended) == [1, 2, 3]


def test_only_what_nobody_has_taken_is_taken_back(fixture: Fixture) -> None:
    taken = [fixture.offer(1, FakeRun()), fixture.offer(2, FakeRun(2), size=Size.BIG)]
    waiting = [fixture.offer(3, FakeRun()), fixture.offer(4, FakeRun(), size=Size.BIG)]
    held = steps(fixture.desk, 2)
    assert fixture.desk.withdraw(lambda job: job.transfer_id == 3) == waiting[:1]
    assert fixture.desk.withdraw(lambda _: True) == waiting[1:]
    for step in held:
        step()
    fixture.work()
    assert sorted(fixture.ended) == [job.transfer_id for job in taken]


def test_many_workers_and_every_part_moves_once(fixture: Fixture) -> None:
    runs = {number: FakeRun(40) for number in range(5)}
    for number, run in runs.items():
        fixture.offer(number, run, size=Size.BIG)
    for number in range(100, 300):
        fixture.offer(number, FakeRun())

    def work() -> None:
        while len(fixture.ended) < 205:
            fixture.work()
            for number in list(fixture.ended):
                fixture.desk.remove(number)

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert set(fixture.ended.values()) == {None}
    assert len(fixture.ended) == 205
    assert all(sorted(run.done[1:-1]) == sorted(f"move {n}" for n in range(1, 41)) for run in runs.values())


@pytest.mark.parametrize("run", [FakeRun(), FakeRun(fail={"move 1": BROKEN}), BROKEN], ids=["done", "failed", "no run"])
def test_what_is_over_needs_no_collector(run: FakeRun | Exception) -> None:
    """Thousands of rings of objects would hold up the window while Python looks for them."""

    class Knows:
        job: Job

        def ended(self, _: Exception | None) -> None:
            """Told once."""

    def opened() -> FakeRun:
        if isinstance(run, Exception):
            raise run
        return run

    knows = Knows()
    knows.job = Job(1, Size.SMALL, CancelToken(), opened, lambda: None, knows.ended)
    gone = weakref.ref(knows)
    gc.disable()
    try:
        knows.job.move_whole()
        del knows
        assert gone() is None
    finally:
        gc.enable()
