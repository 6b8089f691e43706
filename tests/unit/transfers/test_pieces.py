import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from s3browser.transfers.parts import Part
from s3browser.transfers.pieces import Pieces
from s3browser.transfers.run import NoKeeper
from s3browser.transfers.target import Target

FIRST, SECOND = Part(1, 0, 4), Part(2, 4, 4)


class InOrder:
    """A check whose only hasher shows what it has taken."""

    in_order = True
    step = 0

    def __init__(self) -> None:
        self.taken = b""

    def hasher(self) -> "InOrder":
        return self

    def update(self, data: Any, /) -> None:
        self.taken += bytes(data)

    def matches(self, hashed: Sequence[tuple[int, Any]]) -> bool:
        return hashed == [(8, self)]


@pytest.fixture
def check() -> InOrder:
    return InOrder()


@pytest.fixture
def pieces(tmp_path: Path, check: InOrder) -> Pieces:
    target = Target(str(tmp_path / "report.pdf"), may_replace=False)
    os.close(target.create(8))
    return Pieces(target, 8, 4, check, NoKeeper(), threading.Event())


def test_a_hash_in_order_follows_what_comes(pieces: Pieces, check: InOrder) -> None:
    seen = []

    def fetch(write: Callable[[Any], None]) -> None:
        for piece in (b"ab", b"c", b"d"):
            write(piece)
            seen.append(check.taken)

    pieces.receive(FIRST, fetch, None)
    assert seen == [b"ab", b"abc", b"abcd"]
    with pieces.opened() as file:
        assert file.read() == b"abcd\0\0\0\0"


def test_no_line_rests_while_others_bytes_are_hashed(pieces: Pieces, check: InOrder) -> None:
    seen = []

    def fetch(write: Callable[[Any], None]) -> None:
        for piece in (b"ab", b"cd"):
            write(piece)
            seen.append(check.taken)

    pieces.receive(SECOND, lambda write: write(b"efgh"), None)
    assert check.taken == b""
    pieces.receive(FIRST, fetch, None)
    assert seen == [b"ab", b"abcd"]
    assert check.taken == b"abcdefgh"
    with pieces.opened() as file:
        assert pieces.are_proved(str(file.name))
    assert check.taken == b"abcdefgh"  # nothing was read again
