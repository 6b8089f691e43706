"""A helper process: the program’s own ones, and how they are started."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3browser.jobs import child
from s3browser.jobs.child import Child, command, standard_pipes

_ECHO = """
import os, sys
from s3browser.jobs.channel import Channel
from s3browser.jobs.child import standard_pipes
channel = Channel(*standard_pipes())
print("this gets in between nothing")
os.write(1, b"nor does this")
while True:
    try:
        channel.send(channel.receive())
    except EOFError:
        break
"""


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Child]:
    monkeypatch.setattr(child, "command", lambda switch: [sys.executable, "-c", _ECHO, switch])
    made = Child("--echo")
    yield made
    made.end(0)


def test_it_answers_and_ends_with_its_parent(echo: Child) -> None:
    echo.channel.send("hello")
    assert echo.channel.receive() == "hello"
    assert echo.pid != os.getpid()
    echo.channel._writer.close()
    echo.end(10)


def test_one_that_does_not_end_is_killed(echo: Child) -> None:
    echo.channel.send("hello")
    assert echo.channel.receive() == "hello"
    echo.end(0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(echo.pid, 0)
    with pytest.raises(BrokenPipeError):
        echo.channel.send("still there?")


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/s3browser/s3browser")
    assert command("--transfers") == ["/opt/s3browser/s3browser", "--transfers"]


def test_a_checkout_starts_python() -> None:
    assert command("--transfers") == [sys.executable, "-P", "-m", "s3browser", "--transfers"]


def test_the_standard_streams_are_taken_over(tmp_path: Path) -> None:
    kept = os.dup(0), os.dup(1)
    before = signal.getsignal(signal.SIGINT)
    (tmp_path / "in").write_bytes(b"asked")
    try:
        with (tmp_path / "in").open("rb") as there, (tmp_path / "out").open("wb") as here:
            os.dup2(there.fileno(), 0)
            os.dup2(here.fileno(), 1)
        reader, writer = standard_pipes()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        os.write(1, b"printed")
        with reader, writer:
            assert reader.read() == b"asked"
            writer.write(b"answered")
    finally:
        signal.signal(signal.SIGINT, before)
        for descriptor, number in zip(kept, (0, 1), strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)
    assert (tmp_path / "out").read_bytes() == b"answered"


def test_a_windowed_program_without_a_terminal_gives_its_helper_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "command", lambda switch: [sys.executable, "-c", _ECHO, switch])
    monkeypatch.setattr(sys, "stderr", None)
    made = Child("--echo")
    monkeypatch.undo()
    made.end(0)
