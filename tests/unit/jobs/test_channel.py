"""Messages between two processes, here between two ends in one."""

import io
import os
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3browser.jobs.channel import Channel


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    (there_r, here_w), (here_r, there_w) = os.pipe(), os.pipe()
    here = Channel(os.fdopen(here_r, "rb"), os.fdopen(here_w, "wb"))
    there = Channel(os.fdopen(there_r, "rb"), os.fdopen(there_w, "wb"))
    yield here, there
    here.close()
    there.close()


def test_a_message_arrives_as_it_was_sent(ends: tuple[Channel, Channel]) -> None:
    here, there = ends
    here.send(("look", 1, Path("ä")))
    here.send(None)
    assert there.receive() == ("look", 1, Path("ä"))
    assert there.receive() is None


def test_messages_of_many_threads_do_not_mix(ends: tuple[Channel, Channel]) -> None:
    here, there = ends

    def send(number: int) -> None:
        for _ in range(50):
            here.send((number, "x" * 9_000))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    got = [there.receive() for _ in range(200)]
    for thread in threads:
        thread.join()
    assert sorted(n for n, _ in got) == [n for n in range(4) for _ in range(50)]
    assert {text for _, text in got} == {"x" * 9_000}


def test_of_what_cannot_be_pickled_nothing_is_sent(ends: tuple[Channel, Channel]) -> None:
    here, there = ends
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        here.send(lambda: None)
    here.send("next")
    assert there.receive() == "next"


def test_the_end_of_the_other_side_is_told(ends: tuple[Channel, Channel]) -> None:
    here, there = ends
    here.close()
    with pytest.raises(EOFError):
        there.receive()
    with pytest.raises(BrokenPipeError):
        there.send("x" * 100_000)
    there.close()


def test_half_a_message_is_none(ends: tuple[Channel, Channel]) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"\0\0\0\0\0\0\0\5abc")
    os.close(writer)
    with os.fdopen(reader, "rb") as rest, pytest.raises(EOFError):
        Channel(rest, io.BytesIO()).receive()
