"""The process of the transfers, as the window starts it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3browser.jobs.child import Child
from s3browser.model.transfers import PanelLook
from s3browser.transfers.journal import Journal
from s3browser.transfers.messages import SWITCH, Answer, Call, Close, Closed, Setup


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Child]:
    made = Child(SWITCH)
    made.channel.send(Setup(tmp_path / "transfers.sqlite", 8, None, None))
    made.channel.send(Call("look", (0, 0), 1))
    answer = made.channel.receive()
    assert isinstance(answer, Answer)
    assert isinstance(answer.value, PanelLook)
    yield made
    made.end(0)


def test_it_ends_when_it_is_told_to(process: Child) -> None:
    process.channel.send(Close(10.0))
    assert process.channel.receive() == Closed(is_kept=True)
    assert process._process.wait(10) == 0


def test_it_ends_with_the_window_and_the_next_one_has_the_journal(process: Child, tmp_path: Path) -> None:
    assert process._process.stdin is not None
    process._process.stdin.close()  # as the system does when the window is killed
    assert process._process.wait(10) == 0
    journal, trouble = Journal.open(tmp_path / "transfers.sqlite")
    journal.close()
    assert trouble is None
    assert [path.name for path in tmp_path.glob("*.sqlite")] == ["transfers.sqlite"]
