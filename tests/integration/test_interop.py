"""What our program writes, others read back the same, and the other way round: awkward names, empty and large files."""

import hashlib
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from s3browser import S3Service
from s3browser.model.locations import S3Location
from s3browser.transfers.download import download_file
from s3browser.transfers.upload import upload_file
from tests.awkward import AWKWARD_KEYS
from tests.integration.conftest import ON_EVERY_SERVER
from tests.integration.tools import TOOLS, AwsCli, Tool
from tests.servers.server import Server

LARGE_BYTES = 17 * 1024 * 1024 + 1
# Keys that are no path of a file below a folder: nobody can save them under their own name.
NOT_LOCAL = {
    "leading-slash", "double-slash", "only-slashes", "dot-segment", "parent-segment", "leading-parent", "folder-marker",
}  # fmt: skip


def exchanged(server: Server, tool: Tool) -> dict[str, bytes]:
    """The files that go from one program to the other, by their key."""
    left_out = NOT_LOCAL | server.traits.refuses_keys | tool.refuses_keys
    files = {key: f"bytes of {name}".encode() for name, key in AWKWARD_KEYS.items() if name not in left_out}
    assert len(files) > len(AWKWARD_KEYS) / 2
    return files | {"empty.txt": b"", "folder/large.bin": random.Random(7).randbytes(LARGE_BYTES)}


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    for key, data in files.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def sums(files: Mapping[str, bytes]) -> dict[str, str]:
    """So that a difference can be shown."""
    return {key: f"{len(data)} bytes, {hashlib.sha256(data).hexdigest()[:16]}" for key, data in files.items()}


def read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@ON_EVERY_SERVER
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_what_we_write_others_read(server: Server, tool: Tool, bucket: str, tmp_path: Path) -> None:
    files = exchanged(server, tool)
    if isinstance(tool, AwsCli) and not server.traits.lets_aws_read_empty_files:
        del files["empty.txt"]
    write(tmp_path / "ours", files)
    store = S3Service(server.config())
    store.create_bucket(bucket)
    for key in files:
        upload_file(store, tmp_path / "ours" / key, S3Location(bucket, key))
    (tmp_path / "theirs").mkdir()
    tool.download(server, bucket, tmp_path / "theirs")
    assert sums(read(tmp_path / "theirs")) == sums(files)
    store.close()


@ON_EVERY_SERVER
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_what_others_write_we_read(server: Server, tool: Tool, bucket: str, tmp_path: Path) -> None:
    files = exchanged(server, tool)
    write(tmp_path / "theirs", files)
    server.boto3_client().create_bucket(Bucket=bucket)
    tool.upload(tmp_path / "theirs", server, bucket)
    store = S3Service(server.config())
    listed = {info.key: info.size for info in store.list_files(bucket, "")}
    assert listed == {key: len(data) for key, data in files.items()}
    for key in listed:
        (tmp_path / "ours" / key).parent.mkdir(parents=True, exist_ok=True)
        download_file(store, S3Location(bucket, key), tmp_path / "ours" / key)
    assert sums(read(tmp_path / "ours")) == sums(files)
    store.close()
