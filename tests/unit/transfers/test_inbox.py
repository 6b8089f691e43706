import threading

import pytest

from s3browser.exceptions import Cancelled
from s3browser.transfers.inbox import Inbox


def serve(inbox: Inbox) -> threading.Thread:
    """A thread that does what is sent until somebody sends ``inbox.closed.set``."""

    def work() -> None:
        while not inbox.closed.is_set():
            for message in inbox.gather(None):
                message()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_messages_come_in_order_and_together() -> None:
    inbox = Inbox()
    seen: list[int] = []
    for number in range(5):
        inbox.send(lambda number=number: seen.append(number), urgent=number == 4)  # type: ignore[misc]
    messages = inbox.gather(None)
    for message in messages:
        message()
    assert seen == [0, 1, 2, 3, 4]
    assert inbox.gather(0.0) == []


def test_a_question_is_answered() -> None:
    inbox = Inbox()
    thread = serve(inbox)
    assert inbox.ask(lambda: 42) == 42
    assert inbox.ask(lambda: None) is None
    with pytest.raises(KeyError):
        inbox.ask(lambda: {1: 2}[3])
    inbox.send(inbox.closed.set)
    thread.join(10)
    assert not thread.is_alive()


def test_nobody_waits_for_an_answer_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3browser.transfers.inbox._STILL_THERE_S", 0.01)
    inbox = Inbox()
    threading.Timer(0.05, inbox.closed.set).start()
    with pytest.raises(Cancelled):
        inbox.ask(lambda: 42)


def test_many_threads_and_no_message_lost() -> None:
    inbox = Inbox()
    thread = serve(inbox)
    seen: list[int] = []

    def send() -> None:
        for number in range(500):
            inbox.send(lambda: seen.append(1), urgent=bool(number % 3))

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert inbox.ask(lambda: len(seen)) == 2_000
    inbox.send(inbox.closed.set)
    thread.join(10)
