import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from s3browser.exceptions import (
    S3AccessDeniedError,
    S3BusyError,
    S3ConnectionError,
    S3CredentialsError,
    S3DownloadError,
    S3IntegrationError,
    S3IntegrityError,
    S3UnsupportedError,
    S3UploadError,
    SettingsError,
)
from s3browser.jobs.runner import JobRunner
from s3browser.model.listing import folder_row
from s3browser.model.locations import S3Location
from s3browser.model.transfers import (
    BatchSnapshot,
    Conflict,
    Direction,
    PanelLook,
    Plan,
    Problem,
    Proof,
    TransferItem,
    TransferSnapshot,
    TransferState,
)
from s3browser.transfers.journal import Journal
from s3browser.transfers.journalrows import BatchRecord
from s3browser.transfers.making import FOLDER_CONTENT_TYPE
from s3browser.transfers.manager import TransferManager
from s3browser.transfers.parts import MIB
from s3browser.transfers.planner import plan_download, plan_upload
from s3browser.transfers.run import Partial
from tests.fakestore import BUCKET, FakeStore
from tests.unit.transfers.office import BIG, Clock, FullDisk, Window, add, eventually, item, plan

T = TypeVar("T")

QUEUED, RUNNING, PAUSED = TransferState.QUEUED, TransferState.RUNNING, TransferState.PAUSED
DONE, FAILED, CANCELLED = TransferState.DONE, TransferState.FAILED, TransferState.CANCELLED
OFFLINE = S3ConnectionError("upload", "server")


class Program:
    """A manager with all that belongs to it, as one run of the program."""

    def __init__(self, path: Path, stores: dict[str, FakeStore], connections: int = 1) -> None:
        self.window = Window()
        self.clock = Clock()
        self.stores = stores
        self.store = stores["office"]
        self.troubles: list[SettingsError] = []
        self.journal: FullDisk
        self.path = path
        self.runner = JobRunner({"transfers": 4, "journal": 1, "actions": 1}, self.window.inbox.put)
        self.manager = TransferManager(
            self.runner, self._store, self._open, connections=connections, clock=self.clock,
            on_trouble=self.troubles.append,
        )  # fmt: skip
        self.manager.add_listener(self.window.hear)

    def _store(self, connection_id: str) -> FakeStore:
        try:
            return self.stores[connection_id]
        except KeyError:
            raise S3CredentialsError("transfer", code="ConnectionRemoved") from None

    def _open(self) -> tuple[Journal, SettingsError | None]:
        self.journal, trouble = FullDisk.open(self.path)
        return self.journal, trouble

    def end(self) -> None:
        assert self.manager.shutdown(10)
        assert self.runner.shutdown(10)

    def start(self, plan: Plan, connection_id: str = "office") -> int:
        answers: list[int] = []
        self.manager.start(plan, connection_id, answers.append)
        self.window.until(lambda: answers)
        return answers[0]

    def upload(self, *paths: Path) -> int:
        return self.start(plan_upload(FakeStore(), list(paths), S3Location(BUCKET, "to/")))

    def told(self, ask: Callable[[Callable[[T], object]], object]) -> T:
        """What a question is answered with."""
        answers: list[T] = []
        ask(answers.append)
        self.window.until(lambda: answers)
        return answers[0]

    def look(self, first: int = 0, last: int = 99) -> PanelLook:
        answers: list[PanelLook] = []
        self.manager.look(first, last, answers.append)
        self.window.until(lambda: answers)
        return answers[0]

    def files(self, batch_id: int, *states: TransferState) -> list[TransferSnapshot]:
        return self.told(lambda seen: self.manager.files(batch_id, states or tuple(TransferState), 0, 99, seen))

    def states(self, batch_id: int) -> list[TransferState]:
        """As the journal has them: what runs is queued."""
        return [each.state for each in self.files(batch_id)]

    def history(self, search: str = "") -> list[BatchSnapshot]:
        return self.told(lambda seen: self.manager.history(search, None, 99, seen))

    def until(self, condition: Callable[[PanelLook], object]) -> PanelLook:
        """Look until the panel shows that."""
        eventually(lambda: condition(self.look()))
        return self.look()

    def is_consistent(self) -> bool:
        """Whether the sums in memory are the journal's."""
        return all(
            {state: count for state, count in batch.states.items() if count}
            == {state: count for state, count in record.states.items() if count}
            and (batch.total, batch.total_bytes) == (record.total, record.total_bytes)
            for record in self.told_by_journal()
            for batch in [self.manager._clerk._books.batches[record.batch_id]]
        )

    def told_by_journal(self) -> list[BatchRecord]:
        manager = self.manager
        return manager._inbox.ask(lambda: manager._clerk.ledger.read(lambda journal: journal.listed_batches()))


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def begin(store: FakeStore, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts the program, on the same journal each time; all that is left ends with the test."""
    programs: list[Program] = []

    def begin(connections: int = 1, path: Path = tmp_path / "journal" / "transfers.sqlite") -> Program:
        programs.append(Program(path, {"office": store}, connections))
        return programs[-1]

    yield begin
    for program in programs:
        program.end()


@pytest.fixture
def program(begin: Callable[..., Program]) -> Iterator[Program]:
    program = begin()
    yield program
    assert program.is_consistent()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Files a, b, c with 1, 2, 3 bytes."""
    paths = [tmp_path / name for name in "abc"]
    for size, path in enumerate(paths, 1):
        path.write_bytes(b"x" * size)
    return paths


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A file that goes in three parts."""
    path = tmp_path / "big"
    path.write_bytes(os.urandom(BIG))
    return path


# ---------------------------------------------------------------------- what arrives


def test_a_batch_goes_up_is_proved_and_told(program: Program, store: FakeStore, tmp_path: Path) -> None:
    (tmp_path / "f" / "empty").mkdir(parents=True)
    (tmp_path / "f" / "a.txt").write_bytes(b"12345")
    batch_id = program.upload(tmp_path / "f")
    (batch,) = program.window.wait_for_batches()
    assert (batch.batch_id, batch.connection_id, batch.direction) == (batch_id, "office", Direction.UPLOAD)
    assert (batch.total, batch.done, batch.failed, batch.cancelled) == (2, 2, 0, 0)
    assert (batch.position_bytes, batch.total_bytes, batch.is_finished) == (5, 5, True)
    assert (batch.bytes_per_s, batch.seconds_left, batch.proof) == (0.0, None, Proof(1, 1))
    assert store.data("to/f/a.txt") == b"12345"
    assert store.buckets[BUCKET]["to/f/empty/"].content_type == FOLDER_CONTENT_TYPE
    stored = {each.info.key: each for news in program.window.news for each in news.stored}
    assert {key: (each.connection_id, each.bucket, each.info.size) for key, each in stored.items()} == {
        "to/f/a.txt": ("office", BUCKET, 5),
        "to/f/empty/": ("office", BUCKET, 0),
    }
    assert stored["to/f/a.txt"].info.etag == store.head(BUCKET, "to/f/a.txt").etag
    assert [batch_id for news in program.window.news for batch_id in news.added] == [batch_id]
    assert sorted(row.position for row in program.files(batch_id)) == [0, 5]


def test_a_batch_comes_down_with_its_folders(program: Program, store: FakeStore, tmp_path: Path) -> None:
    store.write(BUCKET, "f/a/b.txt", b"12345")
    store.write(BUCKET, "f/empty/", b"")
    program.start(plan_download(store, [folder_row(BUCKET, "f/")], tmp_path))
    (batch,) = program.window.wait_for_batches()
    assert (batch.done, batch.proof) == (2, Proof(1, 1))
    assert (tmp_path / "f/a/b.txt").read_bytes() == b"12345"
    assert (tmp_path / "f/empty").is_dir()
    assert not any(news.stored for news in program.window.news)


def test_big_files_and_small_ones_go_at_the_same_time(
    begin: Callable[..., Program], store: FakeStore, files: list[Path], big: Path
) -> None:
    program = begin(connections=4)
    program.upload(big, *files)
    assert program.window.wait_for_batches()[0].done == 4
    assert store.data("to/big") == big.read_bytes()
    assert store.count("put_part") == 3
    assert store.uploads == {}
    assert program.is_consistent()


def test_a_file_that_has_grown_since_counts_as_it_is(program: Program, store: FakeStore, files: list[Path]) -> None:
    planned = plan_upload(FakeStore(), files, S3Location(BUCKET, "to/"))
    files[0].write_bytes(b"grown")
    program.start(planned)
    (batch,) = program.window.wait_for_batches()
    assert (batch.total_bytes, batch.position_bytes) == (10, 10)
    assert program.history()[0].total_bytes == 10


def test_the_plans_problems_are_listed_as_failed(program: Program, files: list[Path]) -> None:
    error = S3UploadError("upload", "p", "Unreadable")
    missing = TransferItem(Direction.UPLOAD, S3Location(BUCKET, "p"), files[2], 3)
    batch_id = program.start(Plan(Direction.UPLOAD, problems=(Problem(missing, error),)))
    (batch,) = program.window.wait_for_batches()
    assert (batch.total, batch.failed, batch.proof) == (1, 1, None)
    (row,) = program.look().rows
    assert isinstance(row.error, S3UploadError)
    assert row.error.reason == error.reason
    program.manager.retry_batch(batch_id)
    assert program.window.wait_for_batches(2)[1].done == 1, "somebody may have put it right"


def test_an_empty_plan_is_over_at_once(program: Program) -> None:
    batch_id = program.start(Plan(Direction.UPLOAD))
    assert program.window.wait_for_batches()[0].batch_id == batch_id


def test_an_unsettled_plan_is_a_mistake(program: Program) -> None:
    with pytest.raises(ValueError, match="settle"):
        program.manager.start(Plan(Direction.UPLOAD, conflicts=(Conflict(item(), item()),)), "office")


# ---------------------------------------------------------------------- what fails


def test_one_bad_file_fails_only_its_row(program: Program, store: FakeStore, files: list[Path]) -> None:
    planned = plan_upload(FakeStore(), files, S3Location(BUCKET, "to/"))
    files[0].unlink()
    store.fail("put", KeyError("a fault of ours"), key="to/b")
    batch_id = program.start(planned)
    (batch,) = program.window.wait_for_batches()
    first, second, third = program.files(batch_id)
    assert isinstance(first.error, S3UploadError)
    assert isinstance(second.error, S3IntegrationError)
    assert second.error.code == "KeyError"
    assert (first.state, second.state, third.state) == (FAILED, FAILED, DONE)
    assert (batch.done, batch.failed, batch.position_bytes, batch.total_bytes) == (1, 2, 6, 6)


def test_what_failed_leaves_nothing_on_the_server(program: Program, store: FakeStore, big: Path) -> None:
    store.fail("put_part", S3AccessDeniedError("upload"), nth=2)
    batch_id = program.upload(big)
    assert program.window.wait_for_batches()[0].failed == 1
    assert store.uploads == {}
    assert program.journal.partial(program.files(batch_id)[0].transfer_id) is None


def test_a_fault_in_cleaning_up_does_not_stop_the_rest(
    program: Program, store: FakeStore, big: Path, files: list[Path]
) -> None:
    store.fail("put_part", S3AccessDeniedError("upload"))
    store.fail("abort_multipart", KeyError("a fault of ours"))
    program.upload(big)
    with pytest.raises(KeyError):
        program.window.wait_for_batches()
    program.window.wait_for_batches()
    program.upload(*files)
    assert program.window.wait_for_batches(2)[1].done == 3


def test_a_bad_line_is_no_reason_to_send_again_what_has_arrived(program: Program, store: FakeStore, big: Path) -> None:
    store.fail("put_part", S3BusyError("upload"), nth=2, times=8)
    program.upload(big)
    while not program.window.finished:
        program.until(lambda look: look.holds or program.window.finished)
        program.manager.release("office")
    assert program.window.finished[0].failed == 1
    assert len(store.uploads) == 1
    program.manager.retry_failed()
    assert program.window.wait_for_batches(2)[1].done == 1
    assert store.count("create_multipart") == 1


def test_what_is_not_there_has_failed_after_all(program: Program, store: FakeStore, files: list[Path]) -> None:
    store.on("head", lambda: store.buckets[BUCKET].pop("to/a"), key="to/a")
    batch_id = program.upload(*files)
    (batch,) = program.window.wait_for_batches()
    assert (batch.done, batch.failed, batch.proof) == (2, 1, Proof(3, 2))
    (row,) = program.files(batch_id, FAILED)
    assert isinstance(row.error, S3IntegrityError)
    program.manager.retry_failed()
    (_, batch) = program.window.wait_for_batches(2)
    assert (batch.done, batch.failed, batch.proof) == (3, 0, Proof(3, 3))


def test_what_cannot_be_looked_for_is_said(program: Program, store: FakeStore, files: list[Path]) -> None:
    denied = S3AccessDeniedError("verify")
    store.fail("head", denied, key="to/a")
    program.upload(*files)
    assert program.window.wait_for_batches()[0].proof == Proof(3, 0, denied.reason)


def test_a_connection_removed_before_the_proof(program: Program, store: FakeStore, files: list[Path]) -> None:
    store.on("put", program.stores.clear, key="to/c")
    program.upload(*files)
    (batch,) = program.window.wait_for_batches()
    assert batch.proof is not None
    assert batch.proof.error


def test_begun_again_while_it_is_looked_for(program: Program, store: FakeStore, files: list[Path]) -> None:
    store.fail("put", S3AccessDeniedError("upload"), key="to/a")
    gate = store.hang("head", key="to/b")
    program.upload(*files[:2])
    assert gate.reached.wait(10)
    again = store.hang("put", key="to/a")
    program.manager.retry_failed()
    assert again.reached.wait(10)
    gate.release()
    again.release()
    (batch,) = program.window.wait_for_batches()
    assert (batch.done, batch.proof) == (2, Proof(2, 2))


def test_cleared_and_begun_again_while_it_is_looked_for(program: Program, store: FakeStore, files: list[Path]) -> None:
    store.fail("put", S3AccessDeniedError("upload"), key="to/a")
    gate = store.hang("head", key="to/b")
    batch_id = program.upload(*files[:2])
    assert gate.reached.wait(10)
    program.manager.clear_finished()
    assert program.look().batches == ()
    program.manager.retry_batch(batch_id)
    program.until(lambda look: look.counts[DONE] == 2)
    gate.release()
    program.window.until(lambda: any(batch.proof == Proof(2, 2) for batch in program.window.finished))


def test_removed_while_it_is_looked_for(program: Program, store: FakeStore, files: list[Path]) -> None:
    gate = store.hang("head", key="to/a")
    batch_id = program.upload(*files[:2])
    assert gate.reached.wait(10)
    store.buckets[BUCKET].clear()
    program.manager.remove(program.files(batch_id)[0].transfer_id)
    gate.release()
    (batch,) = program.window.wait_for_batches()
    assert (batch.total, batch.failed) == (1, 1)


# ---------------------------------------------------------------------- stopping, and going on


def test_a_pause_keeps_what_was_sent(program: Program, store: FakeStore, big: Path) -> None:
    gate = store.hang("put_part", nth=2)
    batch_id = program.upload(big)
    assert gate.reached.wait(10)
    (row,) = program.look().rows
    assert row.state is RUNNING
    program.manager.pause(row.transfer_id)
    look = program.until(lambda look: look.counts[PAUSED])
    assert look.is_paused
    assert look.rows[0].position == 8 * MIB
    assert len(store.uploads) == 1
    program.manager.resume(row.transfer_id)
    (batch,) = program.window.wait_for_batches()
    assert (batch.batch_id, batch.done) == (batch_id, 1)
    assert store.data("to/big") == big.read_bytes()
    assert (store.count("create_multipart"), store.count("put_part")) == (1, 4)


def test_it_knows_which_open_uploads_are_its_own(program: Program, store: FakeStore, big: Path) -> None:
    gate = store.hang("put_part", nth=2)
    program.upload(big)
    assert gate.reached.wait(10)

    def own() -> dict[str, TransferState]:
        return program.told(lambda seen: program.manager.open_uploads(BUCKET, seen))

    (upload_id,) = store.uploads
    assert own() == {upload_id: QUEUED}
    program.manager.pause_all()
    program.until(lambda look: look.counts[PAUSED])
    assert own() == {upload_id: PAUSED}
    program.manager.resume_all()
    program.window.wait_for_batches()
    assert own() == {}


def test_a_pause_taken_back_before_it_stopped(program: Program, store: FakeStore, files: list[Path]) -> None:
    stopping = threading.Event()
    store.on("put", lambda: stopping.wait(10), key="to/a")
    program.upload(*files)
    program.until(lambda look: look.counts[RUNNING])
    program.manager.pause_all()
    counts = program.look().counts
    assert (counts[RUNNING], counts[PAUSED]) == (1, 2)
    program.manager.resume_all()
    program.look()
    stopping.set()
    assert program.window.wait_for_batches()[0].done == 3


def test_pausing_all_and_going_on_with_a_batch(program: Program, store: FakeStore, files: list[Path]) -> None:
    gate = store.hang("put", key="to/a")
    one, two = program.upload(*files[:2]), program.upload(files[2])
    assert gate.reached.wait(10)
    program.manager.pause_all()
    assert program.until(lambda look: look.counts[PAUSED] == 3).is_paused
    program.manager.resume_batch(two)
    assert program.window.wait_for_batches()[0].batch_id == two
    program.manager.resume_batch(one)
    assert program.window.wait_for_batches(2)[1].batch_id == one


def test_one_that_waits_is_paused_and_goes_on_while_another_runs(
    program: Program, store: FakeStore, files: list[Path]
) -> None:
    gate = store.hang("put", key="to/a")
    batch_id = program.upload(*files)
    assert gate.reached.wait(10)
    third = program.files(batch_id)[2].transfer_id
    program.manager.pause(third)
    assert program.states(batch_id) == [QUEUED, QUEUED, PAUSED]
    program.manager.resume(third)
    assert program.states(batch_id) == [QUEUED, QUEUED, QUEUED]
    assert program.look().rows[0].state is RUNNING
    gate.release()
    assert program.window.wait_for_batches()[0].done == 3


def test_pausing_a_batch_leaves_the_others(program: Program, store: FakeStore, files: list[Path]) -> None:
    gate = store.hang("put", key="to/a")
    one, two = program.upload(*files[:2]), program.upload(files[2])
    assert gate.reached.wait(10)
    program.manager.pause_batch(one)
    assert program.window.wait_for_batches()[0].batch_id == two
    assert program.states(one) == [PAUSED, PAUSED]


def test_cancelling_one(program: Program, store: FakeStore, files: list[Path]) -> None:
    gate = store.hang("put", key="to/a")
    batch_id = program.upload(*files)
    assert gate.reached.wait(10)
    first, second, third = (row.transfer_id for row in program.files(batch_id))
    program.manager.cancel(second)
    assert program.states(batch_id) == [QUEUED, CANCELLED, QUEUED]
    program.manager.cancel(first)
    (batch,) = program.window.wait_for_batches()
    assert program.states(batch_id) == [CANCELLED, CANCELLED, DONE]
    assert (batch.cancelled, batch.done, batch.position_bytes) == (2, 1, 6)
    for transfer_id in (first, third, 99):
        program.manager.cancel(transfer_id)
        program.manager.pause(transfer_id)
        program.manager.resume(transfer_id)
    assert program.states(batch_id) == [CANCELLED, CANCELLED, DONE]
    assert sorted(store.buckets[BUCKET]) == ["to/c"]


def test_cancelling_a_batch_leaves_the_others(program: Program, store: FakeStore, files: list[Path]) -> None:
    gate = store.hang("put", key="to/a")
    one, two = program.upload(*files[:2]), program.upload(files[2])
    assert gate.reached.wait(10)
    program.manager.cancel_batch(99)
    program.manager.cancel_batch(one)
    finished = {batch.batch_id: batch for batch in program.window.wait_for_batches(2)}
    assert (finished[one].cancelled, finished[two].done) == (2, 1)


def test_a_cancelled_batch_can_be_tried_again(program: Program, store: FakeStore, files: list[Path]) -> None:
    gate = store.hang("put", key="to/a")
    batch_id = program.upload(*files)
    assert gate.reached.wait(10)
    program.manager.cancel_all()
    assert program.window.wait_for_batches()[0].cancelled == 3
    assert store.buckets[BUCKET] == {}
    program.manager.retry_batch(batch_id)
    assert program.window.wait_for_batches(2)[1].done == 3


def test_cancelled_is_more_than_paused(program: Program, store: FakeStore, big: Path) -> None:
    stopping = threading.Event()
    store.on("put_part", lambda: stopping.wait(10), nth=2)
    program.upload(big)
    program.until(lambda look: look.counts[RUNNING] and store.count("put_part") == 2)
    program.manager.pause_all()
    program.manager.cancel_all()
    program.manager.pause_all()
    program.look()
    stopping.set()
    assert program.window.wait_for_batches()[0].cancelled == 1
    assert store.uploads == {}


def test_what_is_paused_and_then_cancelled_leaves_nothing(program: Program, store: FakeStore, big: Path) -> None:
    gate = store.hang("put_part", nth=2)
    program.upload(big)
    assert gate.reached.wait(10)
    program.manager.pause_all()
    program.until(lambda look: look.counts[PAUSED])
    program.manager.cancel_all()
    assert program.window.wait_for_batches()[0].cancelled == 1
    eventually(lambda: not store.uploads)


def test_completion_beats_a_late_cancel(program: Program, store: FakeStore, files: list[Path]) -> None:
    original = store.put

    def put(*args: object, **rest: object) -> str:
        etag = original(*args, **rest)  # type: ignore[arg-type]
        program.manager.cancel_all()
        return etag

    store.put = put  # type: ignore[method-assign]
    program.upload(files[0])
    assert program.window.wait_for_batches()[0].done == 1


def test_retrying(program: Program, store: FakeStore, files: list[Path]) -> None:
    store.fail("put", S3AccessDeniedError("upload"), times=2)
    batch_id = program.upload(*files)
    program.window.wait_for_batches()
    first, _, third = (row.transfer_id for row in program.files(batch_id))
    assert program.states(batch_id) == [FAILED, FAILED, DONE]
    program.manager.retry(first)
    program.window.wait_for_batches(2)
    assert program.states(batch_id) == [DONE, FAILED, DONE]
    assert program.files(batch_id)[0].error is None
    for transfer_id in (third, 99):
        program.manager.retry(transfer_id)
    program.manager.retry_failed()
    (*_, batch) = program.window.wait_for_batches(3)
    assert (batch.done, batch.position_bytes, batch.total_bytes) == (3, 6, 6)
    program.manager.retry_batch(99)


def test_a_retried_batch_is_not_told_as_over(program: Program, store: FakeStore, files: list[Path]) -> None:
    store.fail("put", S3AccessDeniedError("upload"))
    program.manager.start(plan_upload(FakeStore(), files[:1], S3Location(BUCKET, "to/")), "office")
    waiting = [program.window.inbox.get(timeout=10)]
    eventually(lambda: program.manager._news._finished)
    gate = store.hang("put")
    program.manager.retry_failed()
    assert gate.reached.wait(10)
    for callback in waiting:
        callback()
    while not program.window.inbox.empty():
        program.window.inbox.get()()
    assert program.window.finished == [], "it had ended, and has begun again before anybody looked"
    gate.release()
    assert program.window.wait_for_batches()[0].done == 1


def test_the_first_of_the_queue(program: Program, store: FakeStore, files: list[Path]) -> None:
    gate = store.hang("put", key="to/a")
    batch_id = program.upload(*files)
    assert gate.reached.wait(10)
    program.manager.move_to_front(program.files(batch_id)[2].transfer_id)
    assert [row.item.location.name for row in program.look().rows] == ["a", "c", "b"]
    gate.release()
    program.window.wait_for_batches()
    assert [call.key for call in store.calls if call.operation == "put"] == ["to/a", "to/c", "to/b"]


# ---------------------------------------------------------------------- forgetting


def test_forgetting_what_is_over(program: Program, store: FakeStore, files: list[Path]) -> None:
    store.fail("put", S3AccessDeniedError("upload"), key="to/b")
    one = program.upload(*files[:2])
    program.window.wait_for_batches()
    gate = store.hang("put", key="to/c")
    two = program.upload(files[2])
    assert gate.reached.wait(10)
    first, second = (row.transfer_id for row in program.files(one))
    (third,) = (row.transfer_id for row in program.files(two))
    for transfer_id in (first, third, 99):
        program.manager.remove(transfer_id)
    assert [row.transfer_id for row in program.look().rows] == [third, second], "what runs stays"
    program.manager.clear_finished()
    assert [row.transfer_id for row in program.look().rows] == [third]
    assert [batch.batch_id for batch in program.history()] == [two, one]
    gate.release()
    program.window.wait_for_batches(2)
    program.manager.remove(third)
    assert program.look().batches == ()
    assert program.look().totals.total == 0
    program.manager.remove(second)
    assert program.history() == []


def test_a_batch_of_the_diary_can_be_tried_again(program: Program, store: FakeStore, files: list[Path]) -> None:
    store.fail("put", S3AccessDeniedError("upload"), times=3)
    batch_id = program.upload(*files)
    program.window.wait_for_batches()
    program.manager.clear_finished()
    one = program.files(batch_id)[0].transfer_id
    assert program.look().totals.total == 0
    program.manager.resume(one)
    program.manager.resume_batch(batch_id)
    assert program.look().totals.total == 0, "nothing of it is paused"
    program.manager.retry(one)
    program.window.wait_for_batches(2)
    assert program.states(batch_id) == [DONE, FAILED, FAILED]
    program.manager.clear_finished()
    program.manager.retry_batch(batch_id)
    assert program.window.wait_for_batches(3)[2].done == 3


def test_what_failed_and_was_cleared_leaves_nothing(program: Program, store: FakeStore, big: Path) -> None:
    store.fail("put_part", S3BusyError("upload"), times=8)
    program.upload(big)
    while not program.window.finished:
        program.until(lambda look: look.holds or program.window.finished)
        program.manager.release("office")
    assert len(store.uploads) == 1
    store.fail("abort_multipart", S3BusyError("upload"))
    program.manager.clear_finished()
    eventually(lambda: store.count("abort_multipart") == 1)
    program.manager.clear_finished()
    program.look()
    assert (store.count("abort_multipart"), len(store.uploads)) == (1, 1), "once is enough, until the next start"


# ---------------------------------------------------------------------- the network, and signing in


def test_a_lost_network_is_waited_for(program: Program, store: FakeStore, files: list[Path]) -> None:
    is_away = threading.Event()
    is_away.set()

    def fail_if_away() -> None:
        if is_away.is_set():
            raise OFFLINE

    store.on("put", fail_if_away, times=99)
    store.on("check_credentials", fail_if_away, times=99)
    program.upload(*files)
    look = program.until(lambda look: look.holds)
    assert [(hold.connection_id, hold.error, hold.waiting) for hold in look.holds] == [("office", OFFLINE, 3)]
    assert look.counts[QUEUED] == 3
    assert program.window.news[-1].holds == look.holds
    program.clock.now_s = 2.0
    program.until(lambda look: store.count("check_credentials") == 1)
    assert program.look().holds, "still away"
    is_away.clear()
    program.clock.now_s = 6.0
    (batch,) = program.window.wait_for_batches()
    assert batch.done == 3
    assert program.look().holds == ()


def test_signing_in_again(program: Program, store: FakeStore, files: list[Path]) -> None:
    store.fail("put", S3CredentialsError("upload", code="ExpiredToken"))
    program.upload(*files)
    program.until(lambda look: look.holds)
    program.manager.release("elsewhere")
    assert program.look().holds
    program.manager.release("office")
    assert program.window.wait_for_batches()[0].done == 3
    assert store.count("check_credentials") == 0


def test_an_answer_that_comes_late_changes_nothing(program: Program, store: FakeStore, files: list[Path]) -> None:
    store.fail("put", OFFLINE)
    gate = store.hang("check_credentials")
    store.fail("check_credentials", OFFLINE)
    program.upload(*files)
    program.until(lambda look: look.holds)
    program.clock.now_s = 2.0
    program.until(lambda look: gate.reached.is_set())
    program.manager.release("office")
    program.window.wait_for_batches()
    gate.release()
    program.until(lambda look: not look.holds)


def test_a_connection_that_is_removed_fails_its_transfers(program: Program, store: FakeStore, big: Path) -> None:
    gate = store.hang("put_part", nth=2)
    program.upload(big)
    assert gate.reached.wait(10)
    program.manager.pause_all()
    program.until(lambda look: look.counts[PAUSED])
    program.stores.clear()
    program.manager.resume_all()
    assert program.window.wait_for_batches()[0].failed == 1
    program.manager.clear_finished()
    eventually(lambda: program.told_by_journal() == [] and program.journal.leftovers() == [])


def test_a_pause_holds_while_the_network_is_away(program: Program, store: FakeStore, files: list[Path]) -> None:
    def fail() -> None:
        program.manager.pause_all()
        program.manager._inbox.ask(lambda: None)
        raise OFFLINE

    store.on("put", fail)
    batch_id = program.upload(*files)
    program.until(lambda look: look.counts[PAUSED] == 3)
    assert program.states(batch_id) == [PAUSED] * 3


# ---------------------------------------------------------------------- what is seen


def test_what_is_seen_while_it_runs(program: Program, store: FakeStore, files: list[Path]) -> None:
    gates = [store.hang("put", key=f"to/{name}") for name in "ac"]
    batch_id = program.upload(*files)
    assert gates[0].reached.wait(10)
    program.look()
    program.clock.now_s = 1.0
    gates[0].release()
    assert gates[1].reached.wait(10)
    look = program.until(lambda look: look.counts[DONE] == 2)
    totals = look.totals
    assert (totals.batch_id, totals.direction, totals.connection_id) == (0, None, "")
    assert (totals.total, totals.done, totals.position_bytes, totals.total_bytes) == (3, 2, 3, 6)
    assert (totals.bytes_per_s, totals.seconds_left, totals.is_finished) == (3.0, 1.0, False)
    (batch,) = program.history()
    assert (batch.batch_id, batch.position_bytes, batch.done) == (batch_id, 3, 2)
    assert program.history("nothing") == []
    gates[1].release()
    program.window.wait_for_batches()
    assert program.look().totals.seconds_left is None


def test_the_rows_of_the_panel(program: Program, store: FakeStore, files: list[Path]) -> None:
    store.fail("put", S3AccessDeniedError("upload"), key="to/a")
    gate = store.hang("put", key="to/b")
    batch_id = program.upload(*files)
    assert gate.reached.wait(10)
    program.until(lambda look: look.counts[FAILED])
    program.manager.pause(program.files(batch_id)[2].transfer_id)
    rows = [(row.item.location.name, row.state) for row in program.look().rows]
    assert rows == [("b", RUNNING), ("a", FAILED), ("c", PAUSED)]
    look = program.look(1, 1)
    assert (look.first, [row.state for row in look.rows]) == (1, [FAILED])
    assert [row.state for row in program.look(2, 9).rows] == [PAUSED]
    program.manager.cancel_all()
    program.window.wait_for_batches()
    assert [batch.batch_id for batch in program.look().batches] == [batch_id]


def test_many_changes_are_one_piece_of_news(program: Program, files: list[Path]) -> None:
    program.manager.start(plan_upload(FakeStore(), files, S3Location(BUCKET, "to/")), "office")
    eventually(lambda: program.manager._news._finished)  # the window's thread is busy meanwhile
    program.window.wait_for_batches()
    assert len(program.window.news) == 1
    assert len(program.window.news[0].stored) == 3
    assert program.window.news[0].changed


def test_no_more_run_at_a_time_than_allowed(begin: Callable[..., Program], store: FakeStore, files: list[Path]) -> None:
    program = begin(connections=2)
    gates = [store.hang("put", key=f"to/{name}") for name in "abc"]
    program.upload(*files)
    assert all(gate.reached.wait(10) for gate in gates[:2])
    assert program.look().counts == {RUNNING: 2, QUEUED: 1}
    program.manager.set_connections(3)
    assert gates[2].reached.wait(10)
    program.manager.set_connections(1)
    for gate in gates:
        gate.release()
    assert program.window.wait_for_batches()[0].done == 3
    eventually(lambda: program.manager._workers == 0)


# ---------------------------------------------------------------------- a journal that can't be written


def test_a_full_disk_delays_and_loses_nothing(program: Program, store: FakeStore, files: list[Path]) -> None:
    program.look()
    program.journal.is_full = True
    started: list[int] = []
    program.manager.start(plan_upload(FakeStore(), files, S3Location(BUCKET, "to/")), "office", started.append)
    program.window.until(lambda: program.troubles)
    program.look()
    program.manager.pause_all()
    assert (started, program.look().totals.total, [each.code for each in program.troubles]) == ([], 0, ["Unwritable"])
    program.journal.is_full = False
    program.window.until(lambda: started)
    program.manager.resume_all()
    assert program.window.wait_for_batches()[0].done == 3


def test_what_arrives_while_the_disk_is_full(program: Program, store: FakeStore, files: list[Path]) -> None:
    gate = store.hang("put", key="to/a")
    batch_id = program.upload(files[0])
    assert gate.reached.wait(10)
    program.journal.is_full = True
    gate.release()
    program.window.until(lambda: program.troubles)
    assert program.states(batch_id) == [QUEUED]
    program.journal.is_full = False
    program.window.wait_for_batches()
    assert program.states(batch_id) == [DONE]


def test_what_is_cancelled_while_the_disk_is_full(program: Program, store: FakeStore, files: list[Path]) -> None:
    gate = store.hang("put", key="to/a")
    batch_id = program.upload(*files)
    assert gate.reached.wait(10)
    program.journal.is_full = True
    program.manager.cancel_all()
    program.window.until(lambda: program.troubles)
    program.until(lambda look: not look.counts[RUNNING])
    program.journal.is_full = False
    assert program.window.wait_for_batches()[0].cancelled == 3
    assert program.states(batch_id) == [CANCELLED] * 3


def test_a_multipart_upload_that_cannot_be_noted_waits(program: Program, store: FakeStore, big: Path) -> None:
    def fill() -> None:
        program.journal.is_full = True

    store.on("create_multipart", fill)
    program.upload(big)
    program.window.until(lambda: program.troubles)
    program.until(lambda look: not look.counts[RUNNING])
    assert store.count("put_part") == 0
    program.journal.is_full = False
    assert program.window.wait_for_batches()[0].done == 1
    assert store.count("create_multipart") == 1


def test_a_journal_that_had_to_be_set_aside_is_told(begin: Callable[..., Program], tmp_path: Path) -> None:
    path = tmp_path / "damaged.sqlite"
    path.write_bytes(b"no journal" * 1000)
    program = begin(path=path)
    program.window.until(lambda: program.troubles)
    assert program.troubles[0].code == "Damaged"


def test_a_fault_of_ours_is_shown_and_stops_nothing(program: Program, files: list[Path]) -> None:
    fault = KeyError("a fault of ours")

    def fail() -> None:
        raise fault

    program.manager._inbox.send(fail)
    with pytest.raises(KeyError):
        program.look()
    program.upload(*files)
    assert program.window.wait_for_batches()[0].done == 3


# ---------------------------------------------------------------------- the end of the program, and the next run


def test_what_was_under_way_goes_on_with_the_next_program(
    begin: Callable[..., Program], store: FakeStore, big: Path, files: list[Path]
) -> None:
    program = begin()
    gate = store.hang("put_part", nth=3)
    batch_id = program.upload(big)
    assert gate.reached.wait(10)
    program.upload(*files)
    program.end()
    assert len(store.uploads) == 1
    later = begin()
    finished = later.window.wait_for_batches(2)
    assert sorted(batch.done for batch in finished) == [1, 3]
    assert (store.count("create_multipart"), store.count("put_part")) == (1, 4)
    assert store.data("to/big") == big.read_bytes()
    assert later.states(batch_id) == [DONE]
    assert later.is_consistent()


def test_a_big_download_goes_on_with_the_next_program(
    begin: Callable[..., Program], store: FakeStore, big: Path, tmp_path: Path
) -> None:
    store.write(BUCKET, "big", big.read_bytes())
    target = tmp_path / "down" / "big"
    target.parent.mkdir()
    program = begin()
    gate = store.hang("fetch", nth=3)
    program.start(plan(replace(item("big", BIG, way=Direction.DOWNLOAD), local_path=target)))
    assert gate.reached.wait(10)
    program.end()
    assert not target.exists()
    later = begin()
    assert later.window.wait_for_batches()[0].proof == Proof(1, 1)
    assert target.read_bytes() == big.read_bytes()
    assert [path.name for path in target.parent.iterdir()] == ["big"]
    assert store.count("fetch") == 4, "two parts were there"


def test_a_paused_transfer_stays_paused(begin: Callable[..., Program], store: FakeStore, files: list[Path]) -> None:
    program = begin()
    gate = store.hang("put", key="to/a")
    program.upload(*files)
    assert gate.reached.wait(10)
    program.manager.pause_all()
    program.end()
    later = begin()
    assert later.look().is_paused
    later.manager.resume_all()
    assert later.window.wait_for_batches()[0].done == 3


def test_a_crash_costs_nothing(
    begin: Callable[..., Program], store: FakeStore, big: Path, files: list[Path], tmp_path: Path
) -> None:
    """The journal as it lies on the disk while the program runs is what a crash leaves."""
    program = begin()
    gate = store.hang("put_part", nth=3)
    batch_id = program.upload(big, *files)
    assert gate.reached.wait(10)
    program.look()
    shutil.copytree(program.path.parent, tmp_path / "after the crash")
    later = begin(path=tmp_path / "after the crash" / program.path.name)
    (batch,) = later.window.wait_for_batches()
    assert (batch.batch_id, batch.done, batch.proof) == (batch_id, 4, Proof(4, 4))
    assert store.count("create_multipart") == 1


def test_a_crash_just_before_the_last_word(
    begin: Callable[..., Program], store: FakeStore, big: Path, tmp_path: Path
) -> None:
    """All parts were joined, and nobody wrote that down: the next program finds out and sends nothing again."""
    program = begin()
    complete = store.complete_multipart

    def crash(*args: object, **rest: object) -> str:
        etag = complete(*args, **rest)  # type: ignore[arg-type]
        program.manager._inbox.ask(lambda: program.manager._clerk.ledger.read(lambda _: None))
        shutil.copytree(program.path.parent, tmp_path / "after the crash")
        return etag

    store.complete_multipart = crash  # type: ignore[method-assign]
    program.upload(big)
    program.window.wait_for_batches()
    sent = store.count("put_part")
    later = begin(path=tmp_path / "after the crash" / program.path.name)
    assert later.window.wait_for_batches()[0].done == 1
    assert store.count("put_part") == sent


def test_a_proof_that_was_missed_is_made_at_the_next_start(
    begin: Callable[..., Program], store: FakeStore, files: list[Path]
) -> None:
    program = begin()
    gate = store.hang("head", key="to/a")
    program.upload(*files)
    assert gate.reached.wait(10)
    program.end()
    later = begin()
    assert later.window.wait_for_batches()[0].proof == Proof(3, 3)


def test_the_next_program_shows_what_failed_and_not_what_arrived(
    begin: Callable[..., Program], store: FakeStore, files: list[Path]
) -> None:
    program = begin()
    store.fail("put", S3AccessDeniedError("upload"), key="to/b")
    one, two = program.upload(files[0]), program.upload(files[1])
    program.window.wait_for_batches(2)
    program.end()
    later = begin()
    assert [batch.batch_id for batch in later.look().batches] == [two]
    assert [batch.batch_id for batch in later.history()] == [two, one]
    assert later.window.finished == [], "it was told already"


def test_what_stayed_behind_is_thrown_away_at_the_next_start(
    begin: Callable[..., Program], store: FakeStore, big: Path
) -> None:
    program = begin()
    gate = store.hang("put_part", nth=2)
    program.upload(big)
    assert gate.reached.wait(10)
    store.fail("abort_multipart", S3BusyError("upload"), times=2)
    program.manager.cancel_all()
    program.window.wait_for_batches()
    eventually(lambda: store.count("abort_multipart") == 2)
    program.end()
    assert len(store.uploads) == 1
    begin()
    eventually(lambda: not store.uploads)


def test_what_can_never_be_thrown_away_is_forgotten(
    begin: Callable[..., Program], store: FakeStore, tmp_path: Path
) -> None:
    path = tmp_path / "left.sqlite"
    journal, _ = Journal.open(path)
    batch_id = add(journal, item("to/big", BIG))
    (record,) = journal.files(batch_id, [QUEUED], 0, 1)
    with journal.transaction():
        journal.keep_partial(record, Partial(8 * MIB))
        journal.set_state(record.transfer_id, CANCELLED)
    journal.close()
    store.fail("abort_strays", S3UnsupportedError("upload"))
    program = begin(path=path)
    eventually(lambda: store.count("abort_strays") == 1)
    program.until(lambda _: program.journal.leftovers() == [])


def test_the_same_file_again_takes_up_what_was_cancelled_too_late(
    begin: Callable[..., Program], store: FakeStore, big: Path
) -> None:
    program = begin()
    gate = store.hang("put_part", nth=3)
    program.upload(big)
    assert gate.reached.wait(10)
    program.manager.pause_all()
    program.until(lambda look: look.counts[PAUSED])
    two = program.upload(big)
    assert program.window.wait_for_batches()[0].batch_id == two
    assert (store.count("create_multipart"), store.count("put_part")) == (1, 4)


def test_two_programs_at_once(begin: Callable[..., Program], files: list[Path]) -> None:
    one = begin()
    one.upload(files[0])
    two = begin()
    two.upload(files[1])
    assert one.window.wait_for_batches()[0].done == two.window.wait_for_batches()[0].done == 1
    assert [batch.name for batch in two.history()] == ["b"]


def test_a_run_that_does_not_stop_in_time(store: FakeStore, files: list[Path], tmp_path: Path) -> None:
    program = Program(tmp_path / "transfers.sqlite", {"office": store})
    hanging = threading.Event()
    store.on("put", lambda: hanging.wait(10), key="to/a")
    program.upload(*files)
    program.until(lambda look: look.counts[RUNNING])
    assert not program.manager.shutdown(0.0)
    hanging.set()
    program.end()
    later = Program(tmp_path / "transfers.sqlite", {"office": store})
    later.window.wait_for_batches()
    later.end()


def test_nothing_is_asked_for_after_the_end(begin: Callable[..., Program]) -> None:
    program = begin()
    program.end()
    program.manager.pause_all()
    program.manager.set_connections(99)
    assert program.window.news == []


def test_thousands_of_files(begin: Callable[..., Program], store: FakeStore, tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(b"1")
    program = begin(connections=4)
    names = range(2_000)
    program.start(plan(*(TransferItem(Direction.UPLOAD, S3Location(BUCKET, f"to/{n}"), path, 1) for n in names)))
    (batch,) = program.window.wait_for_batches()
    assert (batch.done, batch.proof) == (2_000, Proof(2_000, 2_000))
    assert len(program.manager._clerk._books.active) == 0
    assert program.is_consistent()


def test_a_link_made_meanwhile_does_not_lead_a_download_out(program: Program, store: FakeStore, tmp_path: Path) -> None:
    store.write(BUCKET, "f/x", b"")
    root = tmp_path / "root"
    root.mkdir()
    planned = plan_download(store, [folder_row(BUCKET, "f/")], root)
    (root / "f").symlink_to(tmp_path)
    program.start(planned)
    program.window.wait_for_batches()
    (row,) = program.look().rows
    assert isinstance(row.error, S3DownloadError)
    assert row.error.code == "Outside"
    assert not (tmp_path / "x").exists()


def test_a_look_that_ends_after_somebody_let_it_go_on_holds_nothing_up(begin: Callable[..., Program]) -> None:
    program = begin()
    manager = program.manager
    manager._inbox.ask(lambda: manager._clerk.connection_looked_at("office", OFFLINE))
    assert program.look().holds == ()
