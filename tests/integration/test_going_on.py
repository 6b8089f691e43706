"""Runs that end in the middle, and later ones that take up what is left, against real servers."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3browser.exceptions import Cancelled
from s3browser.model.entries import UploadedPart
from s3browser.model.locations import S3Location
from s3browser.s3.service import S3Service
from s3browser.transfers.download import Download
from s3browser.transfers.localfile import Fingerprint
from s3browser.transfers.parts import MIB
from s3browser.transfers.run import Run
from s3browser.transfers.upload import Upload
from tests.integration.conftest import ON_EVERY_SERVER
from tests.servers.server import Server
from tests.unit.transfers.keeping import Memory

SIZE = 17 * MIB + 1  # three parts


class Stopping(Memory):
    """Remembers, and stops the run after its first part."""

    def __init__(self) -> None:
        super().__init__()
        self.cancel = threading.Event()

    def keep_part(self, part: UploadedPart) -> None:
        super().keep_part(part)
        self.cancel.set()


@pytest.fixture
def store(server: Server, bucket: str) -> Iterator[S3Service]:
    service = S3Service(server.config(bucket))
    service.create_bucket(bucket)
    yield service
    service.close()


def go(run: Run, *, begun: bool = False) -> str:
    if not begun:
        run.begin()
    while (part := run.take_part()) is not None:
        run.move(part)
    return run.finish()


@ON_EVERY_SERVER
def test_what_was_stopped_goes_on(store: S3Service, bucket: str, tmp_path: Path) -> None:
    path, copy, place = tmp_path / "large", tmp_path / "copy", S3Location(bucket, "large")
    path.write_bytes(random.Random(1).randbytes(SIZE))
    planned = Fingerprint(SIZE, path.stat().st_mtime_ns)

    stopping = Stopping()
    with pytest.raises(Cancelled):
        go(Upload(store, path, place, planned=planned, keeper=stopping, cancel=stopping.cancel))
    run = Upload(store, path, place, planned=planned, partial=stopping.partial)
    run.begin()
    assert run.position == 8 * MIB
    go(run, begun=True)
    assert list(store.list_uploads(bucket)) == []

    stopping = Stopping()
    got = Download(store, place, copy, keeper=stopping, cancel=stopping.cancel)
    got.begin()
    first, second = got.take_part(), got.take_part()
    assert first is not None
    assert second is not None
    got.move(first)
    stopping.cancel.set()
    with pytest.raises(Cancelled):
        got.move(second)
    later = Download(store, place, copy, keeper=stopping, partial=stopping.partial)
    later.begin()
    assert later.position == 8 * MIB
    go(later, begun=True)
    assert copy.read_bytes() == path.read_bytes()
    assert copy.stat().st_mtime_ns == planned.mtime_ns
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy", "large"]
