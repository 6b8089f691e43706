"""``S3Client`` on real servers: what a script of five calls does with real files."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3browser import S3Client, S3Service
from s3browser.exceptions import (
    Cancelled,
    S3BucketError,
    S3DownloadError,
    S3FileNotFoundError,
    S3UploadError,
)
from tests.integration.conftest import ON_EVERY_SERVER
from tests.servers.faultproxy import Fault, FaultProxy
from tests.servers.server import Server

MIB = 1024 * 1024


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def unfinished(server: Server, bucket: str) -> list[str]:
    """The keys of the multipart uploads that were begun and neither completed nor aborted."""
    plain = server.boto3_client()
    try:
        uploads = plain.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    except plain.exceptions.NoSuchUpload:  # rclone's word for none yet
        return []
    return [upload["Key"] for upload in uploads]


@pytest.fixture
def client(server: Server, bucket: str) -> Iterator[S3Client]:
    config = server.config(bucket)
    S3Service(config)._ensure_bucket_exists(create=True)
    with S3Client(config) as client:
        yield client


@ON_EVERY_SERVER
@pytest.mark.parametrize("size", [0, 1, 16 * MIB - 1, 16 * MIB, 17 * MIB + 1])
def test_file_goes_there_and_back(client: S3Client, bucket: str, size: int, tmp_path: Path) -> None:
    path = tmp_path / "Grüße & 100%.bin"
    path.write_bytes(content(size))
    sent: list[tuple[int, int]] = []
    received: list[tuple[int, int]] = []
    url = client.upload_file(path, on_progress=lambda position, total: sent.append((position, total)))
    assert url == f"s3://{bucket}/Grüße & 100%.bin"
    assert client.file_exists(path.name)
    assert [(info.key, info.size) for info in client.list_files()] == [(path.name, size)]
    copy = client.download_file(
        path.name, tmp_path / "copy", on_progress=lambda position, total: received.append((position, total))
    )
    assert copy.read_bytes() == path.read_bytes()
    for steps in (sent, received):
        assert steps == sorted(steps)
        assert steps[-1] == (size, size)
    client.delete_file(path.name)
    client.delete_file(path.name)
    assert not client.file_exists(path.name)
    assert list(client.list_files()) == []


@ON_EVERY_SERVER
def test_key_kind_and_notes_are_as_given(client: S3Client, server: Server, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7")
    client.upload_file(tmp_path / "scan.pdf", "in/a.pdf")
    client.upload_file(tmp_path / "scan.pdf", "in/b", content_type="text/x-own", metadata={"origin": "scanner"})
    plain = server.boto3_client()
    assert plain.head_object(Bucket=bucket, Key="in/a.pdf")["ContentType"] == "application/pdf"
    given = plain.head_object(Bucket=bucket, Key="in/b")
    assert given["ContentType"] == "text/x-own"
    assert {name.lower(): value for name, value in given["Metadata"].items()}["origin"] == "scanner"


@pytest.mark.parametrize(
    "server", ["moto_http", "rclone_http", pytest.param("radosgw_http", marks=pytest.mark.ceph)], indirect=True
)
@pytest.mark.parametrize("size", [15 * MIB, 24 * MIB], ids=["whole", "in-parts"])
def test_cancelled_upload_leaves_neither_file_nor_parts(
    client: S3Client, server: Server, bucket: str, size: int, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(content(size))
    cancel = threading.Event()
    with FaultProxy(server.port) as proxy:
        proxy.add(Fault("^PUT", sent=True, bytes_per_s=10 * MIB))
        with S3Client(server.config(bucket, endpoint_url=proxy.url)) as slow, pytest.raises(Cancelled):
            slow.upload_file(tmp_path / "file", on_progress=lambda *_: cancel.set(), cancel=cancel)
    assert list(client.list_files()) == []
    assert unfinished(server, bucket) == []


@ON_EVERY_SERVER
def test_cancelled_download_leaves_what_was_there(client: S3Client, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(content(8 * MIB))
    client.upload_file(tmp_path / "large")
    target = tmp_path / "target" / "file"
    target.parent.mkdir()
    target.write_bytes(b"what was here before")
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        client.download_file("large", target, on_progress=lambda *_: cancel.set(), cancel=cancel)
    assert [path.name for path in target.parent.iterdir()] == ["file"]
    assert target.read_bytes() == b"what was here before"


@ON_EVERY_SERVER
def test_what_is_missing_is_told(client: S3Client, server: Server, tmp_path: Path) -> None:
    with pytest.raises(S3FileNotFoundError):
        client.download_file("gone", tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(S3UploadError):
        client.upload_file(tmp_path / "not-there")
    with pytest.raises(S3UploadError):
        client.upload_file(tmp_path)
    (tmp_path / "file").write_bytes(b"text")
    client.upload_file(tmp_path / "file")
    with pytest.raises(S3DownloadError):
        client.download_file("file", tmp_path / "no-such-folder" / "file")
    with S3Client(server.config("there-is-no-such-bucket")) as nowhere:
        for call in (lambda: list(nowhere.list_files()), lambda: nowhere.upload_file(tmp_path / "file")):
            with pytest.raises(S3BucketError):
                call()
        with pytest.raises(S3BucketError):  # a HEAD alone would not tell
            nowhere.file_exists("file")
