import os
from pathlib import Path

import pytest

from s3browser.exceptions import S3UploadError
from s3browser.jobs.fibers import Hub
from s3browser.transfers import localfile
from s3browser.transfers.localfile import Body, MemoryBody, SourceFile, mtime_metadata, mtime_of, thread_buffer


@pytest.mark.parametrize(
    ("mtime_ns", "text"),
    [(0, "0.000000000"), (1_700_000_000_123_456_789, "1700000000.123456789"), (-1, "-0.000000001")],
)
def test_times_there_and_back(mtime_ns: int, text: str) -> None:
    assert mtime_metadata(mtime_ns) == {"mtime": text}
    assert mtime_of({"mtime": text}) == mtime_ns
    assert mtime_of({"Mtime": text}) == mtime_ns


@pytest.mark.parametrize(
    ("text", "mtime_ns"), [("5", 5_000_000_000), ("5.", 5_000_000_000), ("5.1234567899", 5_123_456_789)]
)
def test_times_as_others_write_them(text: str, mtime_ns: int) -> None:
    assert mtime_of({"mtime": text}) == mtime_ns


@pytest.mark.parametrize("text", ["", "-", ".5", "yesterday", "1e9", "1.x", "٣", "1.٣", "--1"])
def test_what_is_no_time(text: str) -> None:
    assert mtime_of({"mtime": text}) is None


def test_bodies_are_read_like_files() -> None:
    content = b"0123456789"
    for body in (
        MemoryBody(memoryview(content)),
        Body(10, lambda view, at: view.__setitem__(slice(None), content[at : at + len(view)])),
    ):
        assert body.readable()
        assert body.seekable()
        assert (body.read(6), body.tell(), body.read(), body.read()) == (b"012345", 6, b"6789", b"")
        assert (body.seek(-2, os.SEEK_END), body.read()) == (8, b"89")
        assert (body.seek(0), body.seek(3, os.SEEK_CUR), body.read(1)) == (0, 3, b"3")
        assert (body.seek(-99), body.seek(99), body.read()) == (0, 99, b"")


def test_a_body_in_memory_gives_it_away_without_copying() -> None:
    memory = bytearray(b"abc")
    assert MemoryBody(memoryview(memory)).getbuffer().obj is memory


def test_a_thread_uses_its_memory_again() -> None:
    first = thread_buffer(10)
    assert thread_buffer(4).obj is first.obj
    assert len(thread_buffer(4)) == 4
    larger = thread_buffer(100 * 1024)
    assert len(larger) == 100 * 1024
    assert thread_buffer(10).obj is larger.obj


def test_fibers_of_one_thread_share_no_buffer() -> None:
    steps = [lambda: found.append(thread_buffer(4)) for _ in range(2)]
    found: list[memoryview] = []
    Hub().run(lambda: steps.pop() if steps else None, lambda: None)
    assert found[0].obj is not found[1].obj


def test_a_disk_that_gives_less_than_it_could(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    source = SourceFile(str(path))
    real = os.read
    monkeypatch.setattr(os, "read", lambda fd, size: real(fd, min(size, 3)))
    assert source.read() == b"0123456789"
    os.truncate(path, 5)
    with pytest.raises(S3UploadError):
        source.read()


def test_growth_is_noticed_though_the_clock_stood_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    source = SourceFile(str(path))
    with path.open("ab") as file:
        file.write(b"!")
    monkeypatch.setattr(localfile, "_version", lambda _: source.version)
    with pytest.raises(S3UploadError) as error:
        source.read()
    assert error.value.code == "Changed"


def test_a_pipe_in_the_files_place_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"")
    source = SourceFile(str(path))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(S3UploadError) as error:
        source.read()
    assert error.value.code == "Changed"
