"""All transfers of the program: their states, their queue and their news."""

import io
import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import chain, islice
from time import monotonic

from s3browser.exceptions import Cancelled, S3IntegrationError
from s3browser.jobs.cancel import CancelToken, StopReason
from s3browser.jobs.meter import Meter
from s3browser.jobs.runner import JobRunner
from s3browser.model.entries import S3FileInfo
from s3browser.model.store import ObjectStore
from s3browser.model.transfers import (
    ALLOWED,
    BatchSnapshot,
    Direction,
    Plan,
    StoredObject,
    TransferNews,
    TransferSnapshot,
    TransferState,
)
from s3browser.transfers.download import download_file, make_folder
from s3browser.transfers.records import Batch, Transfer, summary
from s3browser.transfers.upload import upload_file

FOLDER_CONTENT_TYPE = "application/x-directory"

_log = logging.getLogger(__name__)


class TransferManager:
    """Owns the state of every transfer: one table of transitions, one writer, one lock. Thread-safe, never blocks.

    Rows are asked for (the panel samples them a few times a second); state changes are told, as ``TransferNews`` on
    the thread of the runner's ``deliver``, several in one while that thread is busy.

    Queued transfers cost a place in a queue: a worker takes the next one when it has time. To start, cancel, retry or
    clear 100,000 takes about 0.1 s (start them from a lane); what is seen costs no more for many than for few.

    Args:
        runner: whose lane does the work; its ``shutdown`` ends the transfers too.
        lane: the lane's name.
        workers: how many transfers run at a time; no more than the lane has threads.
        clock: a monotonic clock, in seconds.
    """

    def __init__(
        self, runner: JobRunner, lane: str, *, workers: int = 4, clock: Callable[[], float] = monotonic
    ) -> None:
        self._runner = runner
        self._lane = lane
        self._workers_allowed = workers
        self._workers = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._transfers: dict[int, Transfer] = {}
        self._order: list[Transfer] = []
        self._batches: dict[int, Batch] = {}
        # By state, each in the order they came to it; the queue is one of them. Ordered, because the first of a plain
        # dict takes the longer to find the more were taken off its front.
        self._by_state = {state: OrderedDict[int, Transfer]() for state in TransferState}
        self._last_transfer_id = 0
        self._last_batch_id = 0
        self._moved_bytes = 0
        self._meter = Meter()
        self._listeners: list[Callable[[TransferNews], None]] = []
        self._news_token = CancelToken()
        self._news_due = False
        self._added: list[int] = []
        self._changed: dict[int, None] = {}
        self._stored: list[StoredObject] = []
        self._finished: dict[Batch, None] = {}

    # ------------------------------------------------------------------ what can be asked for

    def add_listener(self, listener: Callable[[TransferNews], None]) -> None:
        """Call ``listener`` with the news from now on, for as long as the program runs."""
        self._listeners.append(listener)

    def start(self, store: ObjectStore, plan: Plan, connection_id: str = "") -> int:
        """Queue everything of a settled plan, and list its problems as failed; return the batch's id.

        Raises:
            ValueError: the plan has conflicts that nobody settled.
        """
        if plan.conflicts:
            raise ValueError("settle the plan’s conflicts first")
        with self._lock:
            self._last_batch_id += 1
            batch = Batch(self._last_batch_id, connection_id, plan.direction, store, plan.target)
            first_id = self._last_transfer_id + 1
            self._last_transfer_id += len(plan.items) + len(plan.problems)
        # Made without the lock: it takes a while for 100,000, and the window must not wait for its rows meanwhile.
        items = (*plan.items, *(problem.item for problem in plan.problems))
        batch.transfers = [Transfer(transfer_id, batch, item) for transfer_id, item in enumerate(items, first_id)]
        batch.total_bytes = sum(item.size for item in items)
        batch.states[TransferState.QUEUED] = len(items)
        listed = {transfer.transfer_id: transfer for transfer in batch.transfers}
        with self._lock:
            if not self._workers:
                self._meter = Meter()
            self._batches[batch.batch_id] = batch
            self._added.append(batch.batch_id)
            self._transfers.update(listed)
            self._order += batch.transfers
            self._by_state[TransferState.QUEUED].update(listed)
            for transfer, problem in zip(batch.transfers[len(plan.items) :], plan.problems, strict=True):
                self._move(transfer, TransferState.FAILED, problem.error)
            if not batch.is_open:
                self._finished[batch] = None
        self._feed()
        self._tell()
        return batch.batch_id

    def cancel(self, transfer_id: int) -> None:
        """Stop one transfer; one that is over already stays as it is."""
        with self._lock:
            transfer = self._transfers.get(transfer_id)
            self._stop([transfer] if transfer else [])
        self._tell()

    def cancel_batch(self, batch_id: int) -> None:
        """Stop all of a batch that is not over."""
        with self._lock:
            batch = self._batches.get(batch_id)
            self._stop(batch.transfers if batch else [])
        self._tell()

    def cancel_all(self) -> None:
        """Stop all that is not over."""
        with self._lock:
            self._stop(self._order)
        self._tell()

    def retry(self, transfer_id: int) -> None:
        """Queue a failed or cancelled transfer again, from its start."""
        with self._lock:
            transfer = self._transfers.get(transfer_id)
            if transfer is not None and TransferState.QUEUED in ALLOWED[transfer.state]:
                self._queue_again([transfer])
        self._feed()
        self._tell()

    def retry_batch(self, batch_id: int) -> None:
        """Queue every failed or cancelled transfer of a batch again."""
        with self._lock:
            found = self._source(batch_id)
            self._queue_again([each for each in found if TransferState.QUEUED in ALLOWED[each.state]])
        self._feed()
        self._tell()

    def retry_failed(self) -> None:
        """Queue every failed transfer of all batches again."""
        with self._lock:
            self._queue_again(list(self._by_state[TransferState.FAILED].values()))
        self._feed()
        self._tell()

    def remove(self, transfer_id: int) -> None:
        """Forget one transfer that is over."""
        with self._lock:
            transfer = self._transfers.get(transfer_id)
            if transfer is not None and transfer.state.is_final:
                del self._transfers[transfer_id], self._by_state[transfer.state][transfer_id]
                self._order.remove(transfer)
                transfer.batch.transfers.remove(transfer)
                self._forget_empty_batches()

    def clear_finished(self) -> None:
        """Forget every transfer that is over, failed ones included."""
        with self._lock:
            self._order = [each for each in self._order if not each.state.is_final]
            self._transfers = {each.transfer_id: each for each in self._order}
            for state, transfers in self._by_state.items():
                if state.is_final:
                    transfers.clear()
            for batch in self._batches.values():
                batch.transfers = [each for each in batch.transfers if not each.state.is_final]
            self._forget_empty_batches()

    # ------------------------------------------------------------------ what can be seen

    def count(self, batch_id: int | None = None) -> int:
        """How many transfers are listed; None: of all batches."""
        with self._lock:
            return len(self._source(batch_id))

    def rows(self, start: int, stop: int, batch_id: int | None = None) -> list[TransferSnapshot]:
        """The transfers from ``start`` up to ``stop`` (exclusive), in the order they were asked for."""
        with self._lock:
            return [each.snapshot(self._clock()) for each in self._source(batch_id)[start:stop]]

    def rows_by_state(
        self, states: Iterable[TransferState], start: int, stop: int
    ) -> tuple[Mapping[TransferState, int], list[TransferSnapshot]]:
        """How many listed transfers there are in each state, and at the same moment some of them.

        Returns:
            The counts; and the rows from ``start`` up to ``stop`` (exclusive) of all that are in ``states``, state
            by state, each in the order they came to it.
        """
        with self._lock:
            listed = chain.from_iterable(self._by_state[state].values() for state in states)
            rows = [each.snapshot(self._clock()) for each in islice(listed, start, stop)]
            return {state: len(transfers) for state, transfers in self._by_state.items()}, rows

    def snapshots(self, transfer_ids: Iterable[int]) -> list[TransferSnapshot]:
        """Those transfers, without the ones that were forgotten."""
        with self._lock:
            found = (self._transfers.get(transfer_id) for transfer_id in transfer_ids)
            return [each.snapshot(self._clock()) for each in found if each is not None]

    def batches(self) -> list[BatchSnapshot]:
        """Every batch that still has transfers listed, in the order they were started."""
        with self._lock:
            return [batch.snapshot(self._clock()) for batch in self._batches.values()]

    def totals(self) -> BatchSnapshot:
        """All batches at work together; while none is, all that are listed."""
        with self._lock:
            seen = [batch for batch in self._batches.values() if batch.is_open] or list(self._batches.values())
            running = [each for batch in seen for each in batch.running]
            self._meter.sample(self._clock(), self._moved_bytes + sum(each.position for each in running))
            states: Counter[TransferState] = Counter()
            for batch in seen:
                states.update(batch.states)
            ended_bytes = sum(batch.ended_bytes for batch in seen)
            total_bytes = sum(batch.total_bytes for batch in seen)
            return summary(0, states, running, ended_bytes, total_bytes, self._meter)

    # ------------------------------------------------------------------ states; with the lock held

    def _move(self, transfer: Transfer, state: TransferState, error: Exception | None = None) -> None:
        """The only writer of a state. Raises RuntimeError for a transition that ``ALLOWED`` lacks."""
        before, batch = transfer.state, transfer.batch
        if state not in ALLOWED[before]:
            raise RuntimeError(f"a transfer can’t go from {before.value} to {state.value}")
        transfer.state = state
        transfer.error = error
        del self._by_state[before][transfer.transfer_id]
        self._by_state[state][transfer.transfer_id] = transfer
        batch.states[before] -= 1
        batch.states[state] += 1
        if before is TransferState.RUNNING:
            batch.running.remove(transfer)
            batch.moved_bytes += transfer.position
            self._moved_bytes += transfer.position
            transfer.token = transfer.meter = None
        if state is TransferState.RUNNING:
            batch.running.add(transfer)
            transfer.meter = Meter()
        elif state is TransferState.QUEUED:
            batch.ended_bytes -= transfer.item.size
            transfer.position = 0
        else:
            batch.ended_bytes += transfer.item.size
            if not batch.is_open:
                self._finished[batch] = None
        self._changed[transfer.transfer_id] = None

    def _stop(self, transfers: Iterable[Transfer]) -> None:
        """Stop those that are not over."""
        for transfer in transfers:
            if transfer.state is TransferState.QUEUED:
                self._move(transfer, TransferState.CANCELLED)
            elif transfer.token is not None:
                transfer.token.cancel()

    def _queue_again(self, transfers: Iterable[Transfer]) -> None:
        for transfer in transfers:
            # A rest is no slowness: the speed starts anew.
            if not transfer.batch.is_open:
                transfer.batch.meter = Meter()
            if not self._workers:
                self._meter = Meter()
            self._move(transfer, TransferState.QUEUED)

    def _source(self, batch_id: int | None) -> list[Transfer]:
        if batch_id is None:
            return self._order
        return self._batches[batch_id].transfers if batch_id in self._batches else []

    def _forget_empty_batches(self) -> None:
        self._batches = {batch_id: batch for batch_id, batch in self._batches.items() if batch.transfers}

    # ------------------------------------------------------------------ work; without the lock

    def _feed(self) -> None:
        """Send for as many workers as there is work and room for."""
        with self._lock:
            wanted = max(0, min(self._workers_allowed - self._workers, len(self._by_state[TransferState.QUEUED])))
            self._workers += wanted
        for _ in range(wanted):
            self._runner.submit(self._lane, self._work, done=_ignore, failed=_ignore)

    def _work(self, token: CancelToken) -> None:
        """Run the next transfer of the queue, on a thread of the lane."""
        with self._lock:
            transfer = next(iter(self._by_state[TransferState.QUEUED].values()), None)
            if transfer is not None:
                transfer.token = token
                self._move(transfer, TransferState.RUNNING)
        if transfer is not None:
            self._tell()
            state, error = self._run(transfer, token)
            with self._lock:
                self._move(transfer, state, error)
        with self._lock:
            self._workers -= 1
        if token.reason is not StopReason.SHUTDOWN:
            self._feed()
            self._tell()

    def _run(self, transfer: Transfer, token: CancelToken) -> tuple[TransferState, Exception | None]:
        """Move the bytes. What is complete is done, however late somebody cancelled it."""
        try:
            if transfer.item.direction is Direction.UPLOAD:
                self._upload(transfer, token)
            else:
                _download(transfer, token)
        except Cancelled:
            return TransferState.CANCELLED, None
        except S3IntegrationError as error:
            return TransferState.FAILED, error
        except Exception as error:
            # A fault of ours fails its row like any other, so that the rest goes on; the window shows what it was.
            _log.exception("transfer %d failed", transfer.transfer_id)
            return TransferState.FAILED, error
        return TransferState.DONE, None

    def _upload(self, transfer: Transfer, token: CancelToken) -> None:
        item, batch = transfer.item, transfer.batch
        bucket, key = item.location.bucket, item.location.key
        if item.is_folder:
            etag = batch.store.put(bucket, key, io.BytesIO(), 0, content_type=FOLDER_CONTENT_TYPE, cancel=token)
        else:
            etag = upload_file(batch.store, item.local_path, item.location, on_progress=transfer.note, cancel=token)
        # The size that was sent: the file may have grown since it was planned.
        info = S3FileInfo(key, transfer.position, datetime.now(UTC), etag)
        with self._lock:
            self._stored.append(StoredObject(batch.connection_id, bucket, info))

    # ------------------------------------------------------------------ news; without the lock

    def _tell(self) -> None:
        """See that the news are delivered, unless they are about to be."""
        with self._lock:
            if self._news_due or not (self._added or self._changed or self._finished):
                return
            self._news_due = True
        self._runner.post(self._news_token, self._deliver_news)

    def _deliver_news(self) -> None:
        with self._lock:
            self._news_due = False
            news = TransferNews(
                tuple(self._added),
                tuple(self._changed),
                tuple(self._stored),
                tuple(batch.snapshot(self._clock()) for batch in self._finished if not batch.is_open),
            )
            self._added, self._changed, self._stored, self._finished = [], {}, [], {}
        for listener in self._listeners:
            listener(news)


def _download(transfer: Transfer, token: CancelToken) -> None:
    item, store = transfer.item, transfer.batch.store
    folder = item.local_path if item.is_folder else item.local_path.parent
    make_folder(folder, item.root or folder)
    if not item.is_folder:
        download_file(store, item.location, item.local_path, on_progress=transfer.note, cancel=token)


def _ignore(_: object) -> None:
    """A worker's result: it has told everything already."""
