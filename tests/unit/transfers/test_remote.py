"""The transfers of another process, here in a thread: both ends, over real pipes."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from s3browser.exceptions import S3BusyError, S3CredentialsError, S3IntegrationError
from s3browser.jobs.channel import Channel
from s3browser.jobs.pace import Throttle
from s3browser.jobs.runner import JobRunner
from s3browser.model.connections import ConnectionProfile, Secret
from s3browser.model.locations import S3Location
from s3browser.model.transfers import Conflict, PanelLook, Plan, Problem, TransferNews, TransferState
from s3browser.transfers.host import Host
from s3browser.transfers.messages import Answer, Call, Credentials, Fault, Limits, Trouble
from s3browser.transfers.planner import plan_upload
from s3browser.transfers.remote import RemoteTransfers
from tests.fakestore import BUCKET, FakeStore
from tests.unit.transfers.office import Window, eventually, item, plan

PROFILE, SECRET = ConnectionProfile("office", "Office"), Secret("id", "hush-hush")


class InThread:
    """What stands for the process: a host in a thread; ``kill`` is what ``kill -9`` would do to the line to it."""

    def __init__(self, store: FakeStore) -> None:
        near, self._line = socket.socketpair()
        self.channel = Channel(near.makefile("rb"), near.makefile("wb"))
        near.close()
        self._far = Channel(self._line.makefile("rb"), self._line.makefile("wb"))
        self.made_of: list[tuple[ConnectionProfile, Secret | None, Throttle]] = []
        self._store = store
        self.host = Host(self._far, self._connect)
        self.has_lost_the_window = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _connect(self, profile: ConnectionProfile, secret: Secret | None, throttle: Throttle) -> FakeStore:
        self.made_of.append((profile, secret, throttle))
        return self._store

    def _serve(self) -> None:
        try:
            self.host.serve()
        except (EOFError, BrokenPipeError):
            self.has_lost_the_window = True
            self.host._manager.shutdown(10)  # the process would be gone
        finally:
            self._far.close()
            self._line.close()

    def kill(self) -> None:
        self._line.shutdown(socket.SHUT_RDWR)

    def end(self, timeout_s: float) -> None:
        self._thread.join(10)
        assert not self._thread.is_alive()
        self.channel.close()


class Office:
    """A window with transfers."""

    def __init__(self, path: Path, store: FakeStore) -> None:
        self.window = Window()
        self.store = store
        self.known: dict[str, Credentials] = {"office": (PROFILE, SECRET)}
        self.processes: list[InThread] = []
        self.troubles: list[S3IntegrationError] = []
        self.runner = JobRunner({"actions": 1}, self.window.inbox.put)
        self.transfers = RemoteTransfers(
            self._start, path, self._credentials, self.runner, connections=2, on_trouble=self.troubles.append
        )
        self.transfers.add_listener(self.window.hear)

    def _start(self) -> InThread:
        self.processes.append(InThread(self.store))
        return self.processes[-1]

    def _credentials(self, connection_id: str) -> Credentials:
        try:
            return self.known[connection_id]
        except KeyError:
            raise S3CredentialsError("connect", code="ConnectionRemoved") from None

    def told(self, ask: Callable[[Callable[[Any], object]], object]) -> Any:
        """What a question is answered with."""
        answers: list[Any] = []
        ask(answers.append)
        self.window.until(lambda: answers)
        return answers[0]

    def look(self) -> PanelLook:
        found: PanelLook = self.told(lambda seen: self.transfers.look(0, 99, seen))
        return found

    def start(self, plan: Plan, connection_id: str = "office") -> int:
        batch_id: int = self.told(lambda started: self.transfers.start(plan, connection_id, started))
        return batch_id


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "transfers.sqlite", FakeStore({BUCKET: {}}))
    yield made
    made.transfers.shutdown(10)
    assert made.runner.shutdown(10)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "from"
    folder.mkdir()
    for number in range(600):
        (folder / f"{number:03}.txt").write_text(str(number))
    return sorted(folder.iterdir())


def to_upload(paths: list[Path]) -> Plan:
    return plan_upload(FakeStore(), paths, S3Location(BUCKET, "to/"))


def test_a_plan_of_any_size_arrives(office: Office, files: list[Path]) -> None:
    batch_id = office.start(to_upload(files))
    (batch,) = office.window.wait_for_batches()
    assert (batch.batch_id, batch.done, batch.total) == (batch_id, 600, 600)
    assert office.store.buckets[BUCKET]["to/599.txt"].data == b"599"
    assert sum(len(news.stored) for news in office.window.news) == 600
    assert office.look().totals.done == 600


def test_problems_of_a_plan_are_listed_as_failed(office: Office) -> None:
    problems = tuple(Problem(item(f"to/{number}"), S3BusyError("upload")) for number in range(300))
    batch_id = office.start(Plan(problems[0].item.direction, problems=problems))
    failed = office.told(lambda seen: office.transfers.files(batch_id, (TransferState.FAILED,), 0, 999, seen))
    assert len(failed) == 300
    assert isinstance(failed[0].error, S3BusyError)


def test_a_plan_with_conflicts_is_refused_at_once(office: Office) -> None:
    with pytest.raises(ValueError, match="settle"):
        office.transfers.start(replace(plan(), conflicts=(Conflict(item(), item()),)), "office")


def test_a_store_is_made_of_what_the_window_knows_and_once(office: Office, files: list[Path]) -> None:
    for number in (1, 2):
        office.start(to_upload(files[number : number + 1]))
        office.window.wait_for_batches(number)
    (process,) = office.processes
    ((profile, secret, _),) = process.made_of
    assert (profile, secret) == (PROFILE, SECRET)


def test_a_store_of_what_was_changed_is_made_anew(office: Office, files: list[Path]) -> None:
    office.start(to_upload(files[:1]))
    office.window.wait_for_batches()
    office.known["office"] = (PROFILE, Secret("id", "new"))
    office.transfers.forget("office")
    office.start(to_upload(files[1:2]))
    office.window.wait_for_batches(2)
    assert [secret for _, secret, _ in office.processes[0].made_of] == [SECRET, Secret("id", "new")]


def test_what_is_changed_while_a_store_is_made_is_not_kept(office: Office, files: list[Path]) -> None:
    asked, go_on = threading.Event(), threading.Event()
    known = office.known

    def slowly(connection_id: str) -> Credentials:
        found = known[connection_id]
        asked.set()
        go_on.wait(10)
        return found

    office.transfers._credentials = slowly
    office.transfers.start(to_upload(files[:1]), "office")
    asked.wait(10)
    office.transfers.forget("office")
    known["office"] = (PROFILE, Secret("id", "new"))
    office.look()  # everything before it has been heard
    go_on.set()
    office.window.wait_for_batches()
    office.start(to_upload(files[1:2]))
    office.window.wait_for_batches(2)
    assert [secret for _, secret, _ in office.processes[0].made_of] == [SECRET, Secret("id", "new")]


def test_a_connection_that_is_no_more_fails_the_transfer(office: Office, files: list[Path]) -> None:
    batch_id = office.start(to_upload(files[:1]), "gone")
    office.window.wait_for_batches()
    (failed,) = office.told(lambda seen: office.transfers.files(batch_id, (TransferState.FAILED,), 0, 9, seen))
    assert isinstance(failed.error, S3CredentialsError)
    assert failed.error.code == "ConnectionRemoved"


def test_limits_reach_the_stores_live(office: Office, files: list[Path]) -> None:
    office.transfers.set_limits(1_000_000, None)
    office.start(to_upload(files[:1]))
    office.window.wait_for_batches()
    throttle = office.processes[0].made_of[0][2]
    assert (throttle._up.rate, throttle._down.rate) == (1_000_000, None)
    office.transfers.set_limits(None, 5)
    office.look()
    assert (throttle._up.rate, throttle._down.rate) == (None, 5)


def test_every_call_is_passed_on(office: Office) -> None:
    """None of them has anything to do here; each has its own test with the manager."""
    transfers = office.transfers
    heard: list[Call] = []
    transfers._send = lambda message: heard.append(cast("Call", message))  # type: ignore[method-assign]
    for of_one in ("pause", "resume", "cancel", "retry", "move_to_front", "remove"):
        getattr(transfers, of_one)(7)
    for of_batch in ("pause_batch", "resume_batch", "cancel_batch", "retry_batch"):
        getattr(transfers, of_batch)(8)
    for of_all in ("pause_all", "resume_all", "cancel_all", "retry_failed", "clear_finished"):
        getattr(transfers, of_all)()
    transfers.release("office")
    transfers.set_connections(3)
    del transfers._send
    for call in heard:
        transfers._send(call)
    assert office.told(lambda seen: transfers.history("", None, 9, seen)) == []
    assert {call.method for call in heard} == {
        "pause", "resume", "cancel", "retry", "move_to_front", "remove", "pause_batch", "resume_batch",
        "cancel_batch", "retry_batch", "pause_all", "resume_all", "cancel_all", "retry_failed", "clear_finished",
        "release", "set_connections",
    }  # fmt: skip
    assert office.processes[0].host._manager._connections == 3


def test_trouble_with_the_journal_is_told(tmp_path: Path) -> None:
    (tmp_path / "transfers.sqlite").write_text("no journal at all, but long enough to be looked at" * 99)
    office = Office(tmp_path / "transfers.sqlite", FakeStore())
    office.window.until(lambda: office.troubles)
    assert office.troubles[0].code == "Damaged"
    office.transfers.shutdown(10)
    assert office.runner.shutdown(10)


@pytest.mark.parametrize(
    ("fault", "heard"), [(LookupError("a fault"), LookupError), (LookupError(lambda: None), RuntimeError)]
)
def test_a_fault_of_ours_is_raised_in_the_window_with_its_traceback(
    office: Office, fault: Exception, heard: type[Exception]
) -> None:
    office.look()
    office.processes[0].host._to_deliver.put(raising(fault))
    with pytest.raises(heard) as caught:
        office.window.until(lambda: False)
    assert "LookupError" in str(caught.value.__notes__)


def raising(fault: Exception) -> Callable[[], None]:
    def raise_it() -> None:
        raise fault

    return raise_it


@pytest.mark.parametrize("message", [Call("no_such_method", ()), "nonsense"])
def test_a_call_that_fails_is_a_fault_too(office: Office, message: object) -> None:
    office.transfers._send(message)
    with pytest.raises((AttributeError, TypeError)):
        office.window.until(lambda: False)
    assert office.look().totals.total == 0


def test_a_host_that_talks_nonsense_is_noticed(office: Office) -> None:
    with pytest.raises(TypeError):
        office.transfers._take("nonsense")


def test_what_it_does_when_it_dies_goes_on_in_the_next(office: Office, files: list[Path]) -> None:
    gate = office.store.hang("put", key="to/001.txt")
    office.start(to_upload(files[:3]))
    gate.reached.wait(10)
    office.transfers.set_limits(9_000_000, None)
    office.look()
    office.processes[0].kill()
    (batch,) = office.window.wait_for_batches()
    assert (batch.done, batch.total) == (3, 3)
    assert len(office.processes) == 2
    assert office.processes[0].has_lost_the_window
    assert office.processes[1].made_of[0][2]._up.rate == 9_000_000
    assert office.troubles == []


def test_what_cannot_be_said_any_more_is_lost_and_nothing_else(office: Office) -> None:
    office.look()
    channel = office.processes[0].channel
    is_lost = threading.Event()

    def send(message: object) -> None:
        del channel.send
        is_lost.set()
        raise BrokenPipeError

    channel.send = send  # type: ignore[method-assign]
    office.transfers.pause_all()
    assert is_lost.wait(10)
    assert office.look().totals.total == 0


def test_a_host_whose_window_has_gone_delivers_nothing_more(office: Office) -> None:
    office.look()
    before = delivering()
    host = office.processes[0].host
    host._to_deliver.put(raising(BrokenPipeError()))
    host._to_deliver.put(lambda: pytest.fail("called"))
    eventually(lambda: delivering() == before - 1)


def delivering() -> int:
    """How many hosts, those of other tests included, have a thread that delivers."""
    return sum(thread.name == "s3b-deliver" for thread in threading.enumerate())


def test_a_question_it_took_with_it_is_asked_again_and_a_start_is_told_of(office: Office) -> None:
    office.look()
    answers: list[PanelLook] = []
    first = office.processes[0]
    first.host._take = lambda message: None  # type: ignore[method-assign]
    office.transfers.look(0, 1, answers.append)
    office.transfers.start(plan(item()), "office")
    eventually(lambda: len(office.transfers._open) == 2 and office.transfers._outbox.empty())
    first.kill()
    office.window.until(lambda: answers and office.troubles)
    assert answers[0].totals.total == 0
    assert office.troubles[0].code == "Interrupted"
    assert TransferNews(changed=True) in office.window.news


def has_started(office: Office, times: int) -> bool:
    return len(office.processes) == times


def test_one_that_dies_all_the_time_is_given_up(office: Office) -> None:
    for number in range(3):
        eventually(partial(has_started, office, number + 1))
        office.look()
        office.processes[number].kill()
    office.window.until(lambda: office.troubles)
    assert "several times" in str(office.troubles[0].hint)
    assert len(office.processes) == 3
    office.transfers.pause_all()  # nobody hears it, and nobody minds


def test_the_end_waits_until_all_is_kept(tmp_path: Path, files: list[Path]) -> None:
    office = Office(tmp_path / "transfers.sqlite", FakeStore({BUCKET: {}}))
    gate = office.store.hang("put")
    office.start(to_upload(files[:1]))
    gate.reached.wait(10)
    assert office.transfers.shutdown(10)
    assert office.runner.shutdown(10)
    assert not office.processes[0].has_lost_the_window
    later = Office(tmp_path / "transfers.sqlite", office.store)
    gate.release()
    (batch,) = later.window.wait_for_batches()
    assert batch.done == 1
    later.transfers.shutdown(10)
    assert later.runner.shutdown(10)


def test_the_end_does_not_wait_for_a_prompt_of_the_keyring(tmp_path: Path, files: list[Path]) -> None:
    office = Office(tmp_path / "transfers.sqlite", FakeStore({BUCKET: {}}))
    is_asked, answer = threading.Event(), threading.Event()

    def prompt(_: str) -> Credentials:
        is_asked.set()
        answer.wait(10)
        raise S3CredentialsError("connect")

    office.transfers._credentials = prompt
    office.start(to_upload(files[:3]))
    assert is_asked.wait(10)
    assert office.transfers.shutdown(10)
    answer.set()
    assert office.runner.shutdown(10)


def test_an_answer_that_comes_when_the_window_is_going_is_dropped(office: Office) -> None:
    office.look()
    while not office.window.inbox.empty():
        office.window.inbox.get()()
    office.transfers.look(0, 1, lambda _: pytest.fail("called"))
    office.transfers.shutdown(10)
    while not office.window.inbox.empty():
        office.window.inbox.get()()


def test_no_secret_shows_in_what_is_said() -> None:
    said: list[Any] = [Answer(1, (PROFILE, SECRET)), Limits(1, 2), Trouble, Fault]
    assert "hush" not in repr(said)
