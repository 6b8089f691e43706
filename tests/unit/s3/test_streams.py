import io
import os
import threading

import pytest

from s3browser import Cancelled, S3UploadError
from s3browser.s3.streams import UploadBody
from s3browser.s3.translate import Call

CALL = Call("upload", "bucket", "key")


def body(data: bytes = b"0123456789", size: int | None = None, cancel: threading.Event | None = None) -> UploadBody:
    return UploadBody(io.BytesIO(data), len(data) if size is None else size, cancel, CALL)


def test_it_is_what_botocore_wants() -> None:
    stream = body()
    assert stream.readable()
    assert stream.seekable()
    assert len(stream) == 10


def test_reading_on() -> None:
    stream = body()
    assert [stream.read(4), stream.read(4), stream.read(4), stream.read(4)] == [b"0123", b"4567", b"89", b""]
    assert stream.tell() == 10


@pytest.mark.parametrize("size", [-1, None])
def test_reading_all(size: int | None) -> None:
    stream = body(size=6)
    stream.read(2)
    assert stream.read(size) == b"2345"


@pytest.mark.parametrize(
    ("offset", "whence", "at"),
    [(3, os.SEEK_SET, 3), (1, os.SEEK_CUR, 3), (-1, os.SEEK_END, 5), (99, os.SEEK_SET, 6), (-99, os.SEEK_CUR, 0)],
)
def test_seeking_within_the_announced_size(offset: int, whence: int, at: int) -> None:
    stream = body(size=6)
    stream.read(2)
    assert stream.seek(offset, whence) == stream.tell() == at
    assert stream.read() == b"012345"[at:]


def test_the_source_is_read_from_its_start_and_stays_open() -> None:
    source = io.BytesIO(b"abc")
    source.seek(2)
    stream = UploadBody(source, 3, None, CALL)
    assert stream.read() == b"abc"
    stream.close()
    assert not source.closed


def test_an_early_end_is_an_error_at_once() -> None:
    stream = body(b"abc", size=4)
    assert stream.read(3) == b"abc"
    with pytest.raises(S3UploadError) as caught:
        stream.read(1)
    assert caught.value.code == "Changed"
    assert stream.failure is caught.value


def test_a_cancel_is_seen_in_read() -> None:
    cancel = threading.Event()
    stream = body(cancel=cancel)
    stream.read(1)
    cancel.set()
    with pytest.raises(Cancelled):
        stream.read(1)
    assert isinstance(stream.failure, Cancelled)
