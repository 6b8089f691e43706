"""A large upload whose process is killed: the next one sends what is missing, and no more. Against Ceph."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from s3browser.transfers.journal import Journal
from s3browser.transfers.parts import MIB, MIN_PART_BYTES
from tests.servers.server import Server

pytestmark = [pytest.mark.ceph, pytest.mark.timeout(600)]

SIZE = 1024 * MIB
PARTS = SIZE // MIN_PART_BYTES
KILLED_AT_PART = 50


def written(path: Path) -> str:
    """Write ``SIZE`` random bytes; their SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(0, SIZE, 64 * MIB):
            piece = os.urandom(64 * MIB)
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def lives(server: Server, *arguments: str, killed_at: int = 0) -> list[str]:
    """Run the mover, and return the lines it told; kill it once it has told ``killed_at`` of them."""
    command = [sys.executable, "-m", "tests.integration.mover", *arguments]
    environment = {**os.environ, **server.environment()}
    lines: list[str] = []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.strip())
            if len(lines) == killed_at:
                process.kill()
                break
    assert process.returncode == (-9 if killed_at else 0)
    return lines


def numbers(lines: list[str]) -> list[int]:
    return [int(found[1]) for line in lines if (found := re.fullmatch(r"part (\d+)", line))]


@pytest.mark.parametrize("server", ["radosgw_http", "radosgw_https"], indirect=True)
def test_killed_upload_goes_on(server: Server, bucket: str, tmp_path: Path) -> None:
    client = server.boto3_client()
    client.create_bucket(Bucket=bucket)
    journal, path = tmp_path / "transfers.sqlite", tmp_path / "large.bin"
    digest = written(path)

    lives(server, str(journal), bucket, str(path), killed_at=KILLED_AT_PART)
    (upload,) = client.list_multipart_uploads(Bucket=bucket)["Uploads"]
    listed = client.list_parts(Bucket=bucket, Key="large.bin", UploadId=upload["UploadId"])
    stored = {part["PartNumber"] for part in listed["Parts"]}
    assert len(stored) > KILLED_AT_PART / 2

    told = lives(server, str(journal), bucket)
    sent = numbers(told)
    assert told[-1] == "arrived 1"
    assert len(sent) == len(set(sent))
    assert not stored & set(sent)  # what was there is not sent again
    assert len(sent) <= PARTS - len(stored)

    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
    kept, trouble = Journal.open(journal)
    assert trouble is None
    assert kept.leftovers() == []
    kept.close()
    answer = client.get_object(Bucket=bucket, Key="large.bin")
    assert answer["ETag"].endswith(f'-{PARTS}"')
    arrived = hashlib.sha256()
    for piece in answer["Body"].iter_chunks(MIB):
        arrived.update(piece)
    assert arrived.hexdigest() == digest
    client.delete_object(Bucket=bucket, Key="large.bin")
