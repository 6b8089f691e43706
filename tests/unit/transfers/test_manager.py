import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from time import monotonic

import pytest

from s3browser.exceptions import S3BusyError, S3DownloadError, S3UploadError
from s3browser.jobs.runner import JobRunner
from s3browser.model.listing import folder_row
from s3browser.model.locations import S3Location
from s3browser.model.transfers import (
    ALLOWED,
    BatchSnapshot,
    Conflict,
    Direction,
    Plan,
    Problem,
    TransferItem,
    TransferNews,
    TransferState,
)
from s3browser.transfers.manager import FOLDER_CONTENT_TYPE, TransferManager
from s3browser.transfers.planner import plan_download, plan_upload
from tests.fakestore import BUCKET, FakeStore

QUEUED, RUNNING, DONE = TransferState.QUEUED, TransferState.RUNNING, TransferState.DONE
FAILED, CANCELLED = TransferState.FAILED, TransferState.CANCELLED


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Window:
    """The window's thread: what is delivered waits until somebody looks."""

    def __init__(self) -> None:
        self.inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.news: list[TransferNews] = []
        self.finished: list[BatchSnapshot] = []

    def hear(self, news: TransferNews) -> None:
        self.news.append(news)
        self.finished += news.finished

    def wait_for_batches(self, count: int = 1) -> list[BatchSnapshot]:
        """Handle what is delivered until ``count`` batches are over."""
        while len(self.finished) < count:
            self.inbox.get(timeout=10)()
        return self.finished


@pytest.fixture
def window() -> Window:
    return Window()


@pytest.fixture
def runner(window: Window) -> Iterator[JobRunner]:
    runner = JobRunner({"transfers": 2}, window.inbox.put)
    yield runner
    assert runner.shutdown(10)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manager(runner: JobRunner, window: Window, clock: Clock) -> TransferManager:
    manager = TransferManager(runner, "transfers", workers=1, clock=clock)
    manager.add_listener(window.hear)
    return manager


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Files a, b, c with 1, 2, 3 bytes."""
    paths = [tmp_path / name for name in "abc"]
    for size, path in enumerate(paths, 1):
        path.write_bytes(b"x" * size)
    return paths


def upload_plan(store: FakeStore, paths: list[Path]) -> Plan:
    return plan_upload(store, paths, S3Location(BUCKET, "to/"))


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what another thread brings about and nobody tells."""
    deadline = monotonic() + 10
    while not condition():
        assert monotonic() < deadline
        threading.Event().wait(0.001)


def states(manager: TransferManager) -> list[TransferState]:
    return [row.state for row in manager.rows(0, 99)]


def test_a_batch_goes_up_and_is_told(manager: TransferManager, window: Window, tmp_path: Path) -> None:
    (tmp_path / "f" / "empty").mkdir(parents=True)
    (tmp_path / "f" / "a.txt").write_bytes(b"12345")
    store = FakeStore()
    batch_id = manager.start(store, upload_plan(store, [tmp_path / "f"]), "office")
    (batch,) = window.wait_for_batches()
    assert (batch.batch_id, batch.connection_id, batch.direction) == (batch_id, "office", Direction.UPLOAD)
    assert (batch.total, batch.done, batch.failed, batch.cancelled) == (2, 2, 0, 0)
    assert (batch.position_bytes, batch.total_bytes, batch.is_finished) == (5, 5, True)
    assert (batch.bytes_per_s, batch.seconds_left) == (0.0, None)
    assert store.data("to/f/a.txt") == b"12345"
    assert store.buckets[BUCKET]["to/f/empty/"].content_type == FOLDER_CONTENT_TYPE
    stored = [each for news in window.news for each in news.stored]
    assert [(each.connection_id, each.bucket, each.info.key, each.info.size) for each in stored] == [
        ("office", BUCKET, "to/f/a.txt", 5),
        ("office", BUCKET, "to/f/empty/", 0),
    ]
    assert stored[0].info.etag == store.head(BUCKET, "to/f/a.txt").etag
    assert stored[0].info.last_modified.tzinfo is not None
    assert [batch_id for news in window.news for batch_id in news.added] == [batch_id]
    assert [row.position for row in manager.rows(0, 9)] == [5, 0]


def test_a_batch_comes_down_with_its_folders(manager: TransferManager, window: Window, tmp_path: Path) -> None:
    store = FakeStore({BUCKET: {"f/a/b.txt": b"12345", "f/empty/": b""}})
    manager.start(store, plan_download(store, [folder_row(BUCKET, "f/")], tmp_path))
    assert window.wait_for_batches()[0].done == 2
    assert (tmp_path / "f/a/b.txt").read_bytes() == b"12345"
    assert (tmp_path / "f/empty").is_dir()
    assert window.news[-1].stored == ()


def test_a_link_made_meanwhile_does_not_lead_a_download_out(
    manager: TransferManager, window: Window, tmp_path: Path
) -> None:
    store = FakeStore({BUCKET: {"f/x": b""}})
    root = tmp_path / "root"
    root.mkdir()
    plan = plan_download(store, [folder_row(BUCKET, "f/")], root)
    (root / "f").symlink_to(tmp_path)
    manager.start(store, plan)
    window.wait_for_batches()
    (row,) = manager.rows(0, 9)
    assert isinstance(row.error, S3DownloadError)
    assert row.error.code == "Outside"
    assert not (tmp_path / "x").exists()


def test_a_download_without_a_root_goes_into_a_folder_that_is_there(
    manager: TransferManager, window: Window, tmp_path: Path
) -> None:
    store = FakeStore({BUCKET: {"x": b"1"}})
    items = [TransferItem(Direction.DOWNLOAD, S3Location(BUCKET, "x"), tmp_path / name, 1) for name in ("y", "no/y")]
    manager.start(store, Plan(Direction.DOWNLOAD, tuple(items)))
    window.wait_for_batches()
    assert states(manager) == [DONE, FAILED]


def test_one_bad_file_fails_only_its_row(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    plan = upload_plan(store, files)
    files[0].unlink()
    fault = KeyError("a fault of ours")
    store.fail("put", fault, key="to/b")
    manager.start(store, plan)
    (batch,) = window.wait_for_batches()
    first, second, third = manager.rows(0, 9)
    assert isinstance(first.error, S3UploadError)
    assert (first.state, second.state, second.error, third.state) == (FAILED, FAILED, fault, DONE)
    assert (batch.done, batch.failed, batch.position_bytes, batch.total_bytes) == (1, 2, 6, 6)


def test_the_plans_problems_are_listed_as_failed(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    item = TransferItem(Direction.UPLOAD, S3Location(BUCKET, "p"), files[2], 3)
    error = S3UploadError("upload", "p", "Unreadable")
    manager.start(store, Plan(Direction.UPLOAD, problems=(Problem(item, error),)))
    (batch,) = window.wait_for_batches()
    assert (batch.total, batch.failed) == (1, 1)
    assert manager.rows(0, 9)[0].error is error
    manager.retry_batch(batch.batch_id)
    assert window.wait_for_batches(2)[1].done == 1, "somebody may have put it right"


def test_an_empty_plan_is_over_at_once(manager: TransferManager, window: Window) -> None:
    batch_id = manager.start(FakeStore(), Plan(Direction.UPLOAD))
    assert window.wait_for_batches()[0].batch_id == batch_id


def test_an_unsettled_plan_is_a_mistake(manager: TransferManager, files: list[Path]) -> None:
    item = TransferItem(Direction.UPLOAD, S3Location(BUCKET, "p"), files[0], 1)
    with pytest.raises(ValueError, match="settle"):
        manager.start(FakeStore(), Plan(Direction.UPLOAD, conflicts=(Conflict(item, item),)))


def test_what_is_seen_while_it_runs(
    manager: TransferManager, window: Window, files: list[Path], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3browser.transfers.upload.REPORT_EVERY_S", 0.0)
    store = FakeStore(chunk_bytes=1)
    gate = store.hang("chunk", nth=5)  # a: 1 chunk, b: 2 chunks, c: after its first
    batch_id = manager.start(store, upload_plan(store, files))
    manager.totals()
    manager.batches()
    assert gate.reached.wait(10)
    manager.rows(2, 3)
    clock.now_s = 2.0
    totals = manager.totals()
    assert (totals.batch_id, totals.direction, totals.connection_id) == (0, None, "")
    assert (totals.total, totals.done, totals.position_bytes, totals.total_bytes) == (3, 2, 4, 6)
    assert (totals.bytes_per_s, totals.seconds_left, totals.is_finished) == (2.0, 1.0, False)
    (batch,) = manager.batches()
    assert (batch.batch_id, batch.position_bytes, batch.bytes_per_s) == (batch_id, 4, 2.0)
    assert [(row.state, row.position) for row in manager.rows(1, 3, batch_id)] == [(DONE, 2), (RUNNING, 1)]
    store.on("chunk", lambda: setattr(clock, "now_s", 3.0))
    gate.release()
    window.wait_for_batches()
    assert manager.totals().position_bytes == 6
    assert manager.totals().seconds_left is None


def test_the_speed_of_a_row(
    manager: TransferManager, window: Window, files: list[Path], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3browser.transfers.upload.REPORT_EVERY_S", 0.0)
    store = FakeStore(chunk_bytes=1)
    first, second = store.hang("chunk", nth=1), store.hang("chunk", nth=3)
    manager.start(store, upload_plan(store, files[2:]))
    assert first.reached.wait(10)
    assert manager.rows(0, 1)[0].bytes_per_s == 0.0
    first.release()
    assert second.reached.wait(10)
    clock.now_s = 4.0
    assert manager.rows(0, 1)[0].bytes_per_s == 0.5
    second.release()
    window.wait_for_batches()
    assert manager.rows(0, 1)[0].bytes_per_s == 0.0


def test_rows_of_one_batch_or_of_all(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    one = manager.start(store, upload_plan(store, files[:2]))
    two = manager.start(store, upload_plan(store, files[2:]))
    window.wait_for_batches(2)
    assert (manager.count(), manager.count(one), manager.count(two), manager.count(99)) == (3, 2, 1, 0)
    assert [row.batch_id for row in manager.rows(0, 9)] == [one, one, two]
    assert [row.item.local_path.name for row in manager.rows(1, 2, one)] == ["b"]
    ids = [row.transfer_id for row in manager.rows(0, 9)]
    assert [row.transfer_id for row in manager.snapshots([ids[2], 99, ids[0]])] == [ids[2], ids[0]]
    assert [batch.batch_id for batch in manager.batches()] == [one, two]
    assert manager.totals().total == 3


def test_rows_by_state(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    store.fail("put", S3BusyError("upload"), key="to/a")
    gate = store.hang("put", key="to/b")
    manager.start(store, upload_plan(store, [*files, files[0].parent]))
    assert gate.reached.wait(10)

    def names(state: TransferState, start: int = 0, stop: int = 9) -> list[str]:
        return [row.item.location.key for row in manager.rows_by_state([state], start, stop)[1]]

    counts, rows = manager.rows_by_state([RUNNING, FAILED, QUEUED], 1, 3)
    assert counts == {QUEUED: 4, RUNNING: 1, DONE: 0, FAILED: 1, CANCELLED: 0}
    assert [(row.item.location.key, row.state) for row in rows] == [("to/a", FAILED), ("to/c", QUEUED)]
    assert (names(RUNNING), names(FAILED)) == (["to/b"], ["to/a"])
    waiting = names(QUEUED)
    assert (waiting[0], names(QUEUED, 1, 3), names(QUEUED, 4, 9)) == ("to/c", waiting[1:3], [])
    manager.retry_failed()
    assert names(QUEUED) == [*waiting, "to/a"], "what is tried again waits its turn"
    manager.cancel_all()
    gate.release()
    window.wait_for_batches()
    counts, (row, *_) = manager.rows_by_state([CANCELLED], 0, 9)
    assert sum(counts.values()) == 6
    manager.remove(row.transfer_id)
    assert sum(manager.rows_by_state([], 0, 9)[0].values()) == 5
    manager.clear_finished()
    assert not any(manager.rows_by_state([], 0, 9)[0].values())


def test_a_batch_says_where_it_goes(
    manager: TransferManager, window: Window, files: list[Path], tmp_path: Path
) -> None:
    store = FakeStore()
    manager.start(store, upload_plan(store, files[:1]))
    manager.start(store, upload_plan(store, files[1:]))
    window.wait_for_batches(2)
    (tmp_path / "Downloads").mkdir()
    manager.start(store, plan_download(store, [folder_row(BUCKET, "to/")], tmp_path / "Downloads"))
    one, more, down = window.wait_for_batches(3)
    assert (one.target, one.name) == ("to", "a")
    assert (more.target, more.name) == ("to", "")
    assert (down.target, down.name) == ("Downloads", "")


def test_a_cancelled_batch_can_be_tried_again(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    gate = store.hang("put", key="to/a")
    batch_id = manager.start(store, upload_plan(store, files))
    assert gate.reached.wait(10)
    manager.cancel_all()
    assert window.wait_for_batches()[0].cancelled == 3
    manager.retry_batch(batch_id)
    assert window.wait_for_batches(2)[1].done == 3


def test_cancelling_one(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    gate = store.hang("put", key="to/a")
    manager.start(store, upload_plan(store, files))
    assert gate.reached.wait(10)
    first, second, third = (row.transfer_id for row in manager.rows(0, 9))
    manager.cancel(second)
    assert states(manager) == [RUNNING, CANCELLED, QUEUED]
    manager.cancel(first)
    (batch,) = window.wait_for_batches()
    assert states(manager) == [CANCELLED, CANCELLED, DONE]
    assert (batch.cancelled, batch.done, batch.position_bytes) == (2, 1, 6)
    for transfer_id in (first, third, 99):
        manager.cancel(transfer_id)
    assert states(manager) == [CANCELLED, CANCELLED, DONE]
    assert sorted(store.buckets[BUCKET]) == ["to/c"]


def test_cancelling_a_batch_leaves_the_others(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    gate = store.hang("put", key="to/a")
    one = manager.start(store, upload_plan(store, files[:2]))
    two = manager.start(store, upload_plan(store, files[2:]))
    assert gate.reached.wait(10)
    manager.cancel_batch(99)
    manager.cancel_batch(one)
    finished = {batch.batch_id: batch for batch in window.wait_for_batches(2)}
    assert (finished[one].cancelled, finished[two].done) == (2, 1)


def test_cancelling_all(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    gate = store.hang("put", key="to/a")
    manager.start(store, upload_plan(store, files[:2]))
    manager.start(store, upload_plan(store, files[2:]))
    assert gate.reached.wait(10)
    manager.cancel_all()
    window.wait_for_batches(2)
    assert states(manager) == [CANCELLED] * 3
    assert store.buckets[BUCKET] == {}


def test_completion_beats_a_late_cancel(manager: TransferManager, window: Window, files: list[Path]) -> None:
    class Late(FakeStore):
        def put(self, *args: object, **rest: object) -> str:
            etag = super().put(*args, **rest)  # type: ignore[arg-type]
            manager.cancel_all()
            return etag

    store = Late()
    manager.start(store, upload_plan(store, files[:1]))
    assert window.wait_for_batches()[0].done == 1


def test_retrying(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    store.fail("put", S3BusyError("upload"), times=2)
    manager.start(store, upload_plan(store, files))
    window.wait_for_batches()
    first, second, third = (row.transfer_id for row in manager.rows(0, 9))
    assert states(manager) == [FAILED, FAILED, DONE]
    manager.retry(first)
    window.wait_for_batches(2)
    assert states(manager) == [DONE, FAILED, DONE]
    assert manager.rows(0, 1)[0].error is None
    for transfer_id in (third, 99):
        manager.retry(transfer_id)
    manager.retry_failed()
    (*_, batch) = window.wait_for_batches(3)
    assert (batch.done, batch.position_bytes, batch.total_bytes) == (3, 6, 6)
    assert manager.snapshots([second])[0].state is DONE
    manager.retry_batch(99)


def test_retrying_while_the_rest_still_runs(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    store.fail("put", S3BusyError("upload"), key="to/a")
    gate = store.hang("put", key="to/b")
    manager.start(store, upload_plan(store, files[:2]))
    assert gate.reached.wait(10)
    manager.retry_failed()
    assert states(manager) == [QUEUED, RUNNING]
    gate.release()
    assert window.wait_for_batches()[0].done == 2


def test_a_retried_batch_is_not_told_as_over(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    store.fail("put", S3BusyError("upload"))
    manager.start(store, upload_plan(store, files[:1]))
    callback = window.inbox.get(timeout=10)
    eventually(lambda: manager.totals().failed == 1)
    gate = store.hang("put")
    manager.retry_failed()
    callback()
    assert window.finished == [], "it had ended, and has begun again before anybody looked"
    gate.release()
    assert window.wait_for_batches()[0].done == 1


def test_many_changes_are_one_piece_of_news(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    manager.start(store, upload_plan(store, files))
    eventually(lambda: manager.totals().is_finished)  # the window's thread is busy meanwhile
    window.wait_for_batches()
    (news, *rest) = window.news
    assert news.changed == tuple(row.transfer_id for row in manager.rows(0, 9))
    assert len(news.stored) == 3
    assert rest == []


def test_forgetting_what_is_over(manager: TransferManager, window: Window, files: list[Path]) -> None:
    store = FakeStore()
    store.fail("put", S3BusyError("upload"), key="to/b")
    manager.start(store, upload_plan(store, files[:2]))
    window.wait_for_batches()
    gate = store.hang("put", key="to/c")
    two = manager.start(store, upload_plan(store, files[2:]))
    assert gate.reached.wait(10)
    first, second, third = (row.transfer_id for row in manager.rows(0, 9))
    for transfer_id in (first, third, 99):
        manager.remove(transfer_id)
    assert [row.transfer_id for row in manager.rows(0, 9)] == [second, third], "what runs stays"
    manager.clear_finished()
    assert [row.transfer_id for row in manager.rows(0, 9)] == [third]
    assert [batch.batch_id for batch in manager.batches()] == [two]
    gate.release()
    window.wait_for_batches(2)
    manager.remove(third)
    assert manager.batches() == []
    assert (manager.count(), manager.totals().total) == (0, 0)


def test_no_more_run_at_a_time_than_allowed(runner: JobRunner, window: Window, files: list[Path]) -> None:
    manager = TransferManager(runner, "transfers", workers=2)
    manager.add_listener(window.hear)
    store = FakeStore()
    gates = [store.hang("put", key=f"to/{name}") for name in "abc"]
    manager.start(store, upload_plan(store, files))
    assert all(gate.reached.wait(10) for gate in gates[:2])
    assert states(manager) == [RUNNING, RUNNING, QUEUED]
    gates[0].release()
    assert gates[2].reached.wait(10)
    for gate in gates[1:]:
        gate.release()
    assert window.wait_for_batches()[0].done == 3


def test_a_worker_that_finds_nothing_goes_home(runner: JobRunner, window: Window, files: list[Path]) -> None:
    held: list[Callable[[], None]] = []
    gate = threading.Event()
    for _ in range(2):
        runner.submit("transfers", lambda _: gate.wait(10), done=lambda _: None, failed=held.append)  # type: ignore[arg-type]
    manager = TransferManager(runner, "transfers", workers=2)
    manager.add_listener(window.hear)
    store = FakeStore()
    manager.start(store, upload_plan(store, files[:1]))
    manager.cancel_all()
    gate.set()
    assert window.wait_for_batches()[0].cancelled == 1
    eventually(lambda: manager._workers == 0)
    manager.start(store, upload_plan(store, files[1:]))
    assert window.wait_for_batches(2)[1].done == 2


def test_shutdown_is_quick_and_quiet(window: Window, files: list[Path]) -> None:
    runner = JobRunner({"transfers": 1}, window.inbox.put)
    manager = TransferManager(runner, "transfers")
    store = FakeStore()
    gate = store.hang("put")
    manager.start(store, upload_plan(store, files))
    assert gate.reached.wait(10)
    while not window.inbox.empty():
        window.inbox.get()()
    assert runner.shutdown(5)
    assert states(manager) == [CANCELLED, QUEUED, QUEUED]
    # The runner's own word on the ended job; no news, since nobody is there to hear them.
    while not window.inbox.empty():
        window.inbox.get()()
    assert window.news == []


@pytest.mark.parametrize("before", TransferState)
@pytest.mark.parametrize("after", TransferState)
def test_only_transitions_of_the_table_are_possible(
    manager: TransferManager, before: TransferState, after: TransferState, files: list[Path]
) -> None:
    store = FakeStore()
    store.hang("put", key="to/a")
    manager.start(store, upload_plan(store, files[:2]))
    transfer = manager._order[1]  # waits behind the one that hangs
    ways = {QUEUED: [], RUNNING: [RUNNING], DONE: [RUNNING, DONE], FAILED: [FAILED], CANCELLED: [CANCELLED]}
    for state in ways[before]:
        manager._move(transfer, state)
    if after in ALLOWED[before]:
        manager._move(transfer, after)
        assert transfer.state is after
    else:
        with pytest.raises(RuntimeError, match="can’t go from"):
            manager._move(transfer, after)
        assert transfer.state is before
