"""When a file was last changed goes with it, in the form rclone has for it, both ways."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3browser.model.locations import S3Location
from s3browser.s3.service import S3Service
from s3browser.transfers.download import download_file
from s3browser.transfers.parts import MIB
from s3browser.transfers.upload import upload_file
from tests.integration.conftest import ON_EVERY_SERVER
from tests.integration.tools import Rclone
from tests.servers.server import Server

# To the nanosecond; before 1970; whole seconds.
TIMES_NS = {
    "small.txt": 1_700_000_000_123_456_789,
    "old.txt": -86_400_000_000_000 + 500_000_000,
    "large.bin": 1_000_000_000_000_000_000,
}
AS_TOLD = {
    "small.txt": "2023-11-14T22:13:20.123456789Z",
    "old.txt": "1969-12-31T00:00:00.500000000Z",
    "large.bin": "2001-09-09T01:46:40.000000000Z",
}
LARGE_BYTES = 17 * MIB


@pytest.fixture
def store(server: Server, bucket: str) -> Iterator[S3Service]:
    service = S3Service(server.config(bucket))
    service.create_bucket(bucket)
    yield service
    service.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, mtime_ns in TIMES_NS.items():
        (folder / name).write_bytes(name.encode() if name != "large.bin" else bytes(LARGE_BYTES))
        os.utime(folder / name, ns=(mtime_ns, mtime_ns))
    return folder


def times_ns(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


@ON_EVERY_SERVER
def test_rclone_reads_ours(store: S3Service, server: Server, bucket: str, files: Path, tmp_path: Path) -> None:
    for name in TIMES_NS:
        upload_file(store, files / name, S3Location(bucket, name))
    assert Rclone().modified(server, bucket) == AS_TOLD
    theirs = tmp_path / "theirs"
    Rclone().download(server, bucket, theirs)
    assert times_ns(theirs) == TIMES_NS


@ON_EVERY_SERVER
def test_we_read_rclones(store: S3Service, server: Server, bucket: str, files: Path, tmp_path: Path) -> None:
    Rclone().upload(files, server, bucket)
    ours = tmp_path / "ours"
    ours.mkdir()
    for name in TIMES_NS:
        download_file(store, S3Location(bucket, name), ours / name)
    assert times_ns(ours) == TIMES_NS
