"""The demo's server for real: a child process, over HTTP."""

import datetime
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from s3browser.demo import server as demo_server
from s3browser.demo.samples import AWKWARD, BACKUPS, FINANCE, MARKETING, SCAN_COUNT, SCANS, samples
from s3browser.demo.server import DemoServer, demo_profile, demo_secret
from s3browser.exceptions import S3ConnectionError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART = 5 * 1024 * 1024
SPRING = "campaigns/Spring 2026/"


def client_of(url: str) -> "S3Client":
    profile, secret = demo_profile(url), demo_secret()
    return boto3.client(
        "s3",
        endpoint_url=profile.endpoint_url,
        region_name=profile.region,
        aws_access_key_id=secret.access_key_id,
        aws_secret_access_key=secret.secret_access_key,
        config=Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with DemoServer() as address:
        yield address


@pytest.fixture(scope="module")
def s3(url: str) -> "Iterator[S3Client]":
    client = client_of(url)
    yield client
    client.close()


@pytest.fixture
def demo() -> Iterator[DemoServer]:
    server = DemoServer()
    yield server
    server.stop()


def connect(url: str) -> socket.socket:
    """An open connection to the server: its end is the server's."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20)


def is_closed_by_the_other_side(line: socket.socket) -> bool:
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True


def nobody_listens(url: str) -> bool:
    """Whether the port is refused, once an ending process has let go of it; one that serves on is a TimeoutError."""
    while True:
        try:
            with connect(url) as line:
                is_closed_by_the_other_side(line)
        except ConnectionRefusedError:
            return True


def test_it_listens_on_this_computer_only(url: str) -> None:
    assert urlsplit(url).hostname == "127.0.0.1"
    assert urlsplit(url).scheme == "http"


def test_the_folder_of_the_design_lists_with_fresh_times(s3: "S3Client") -> None:
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [MARKETING, FINANCE, BACKUPS]
    page = s3.list_objects_v2(Bucket=MARKETING, Prefix=SPRING, Delimiter="/")

    assert [folder["Prefix"] for folder in page["CommonPrefixes"]] == [f"{SPRING}Artwork/", f"{SPRING}Print/"]
    ages = {
        entry["Key"].removeprefix(SPRING): datetime.datetime.now(datetime.UTC) - entry["LastModified"]
        for entry in page["Contents"]
    }
    assert datetime.timedelta(minutes=20) < ages["hero-banner.png"] < datetime.timedelta(minutes=40)
    assert datetime.timedelta(days=10) < ages["fonts.zip"] < datetime.timedelta(days=12)


def test_five_thousand_files_come_in_pages(s3: "S3Client") -> None:
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=FINANCE, Prefix=SCANS, Delimiter="/"))

    assert [page["KeyCount"] for page in pages] == [1000] * 5
    keys = [entry["Key"] for page in pages for entry in page["Contents"]]
    assert len(set(keys)) == SCAN_COUNT
    assert keys == sorted(keys)


def test_every_awkward_name_comes_back_with_its_bytes(s3: "S3Client") -> None:
    wanted = {
        sample.key: sample.body
        for sample in samples()
        if sample.bucket == BACKUPS and sample.key.startswith((AWKWARD, "/"))
    }
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BACKUPS)
    listed = {entry["Key"] for page in pages for entry in page.get("Contents", [])}

    assert wanted.keys() <= listed
    got = {key: s3.get_object(Bucket=BACKUPS, Key=key)["Body"].read() for key in wanted}
    assert got == wanted


@pytest.mark.parametrize("bucket", [BACKUPS, MARKETING])
def test_every_version_of_a_bucket_can_be_listed(s3: "S3Client", bucket: str) -> None:
    keys = {sample.key for sample in samples() if sample.bucket == bucket}
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    assert keys <= {version["Key"] for page in pages for version in page.get("Versions", [])}


def test_versions_a_deleted_file_and_tags(s3: "S3Client") -> None:
    settings = s3.list_object_versions(Bucket=BACKUPS, Prefix="Settings/")
    revisions = [version for version in settings["Versions"] if version["Key"] == "Settings/backup.json"]
    oldest = min(revisions, key=lambda version: version["LastModified"])

    assert len(revisions) == 5
    assert [version["IsLatest"] for version in revisions].count(True) == 1
    body = s3.get_object(Bucket=BACKUPS, Key="Settings/backup.json", VersionId=oldest["VersionId"])["Body"].read()
    assert json.loads(body)["revision"] == 1
    assert [marker["Key"] for marker in settings["DeleteMarkers"]] == ["Settings/old schedule.txt"]
    tags = s3.get_object_tagging(Bucket=MARKETING, Key=f"{SPRING}hero-banner.png")["TagSet"]
    assert {"Key": "campaign", "Value": "spring-2026"} in tags


def test_details_are_those_of_an_upload(s3: "S3Client") -> None:
    head = s3.head_object(Bucket=MARKETING, Key=f"{SPRING}hero-banner.png")

    assert head["ContentType"] == "image/png"
    assert head["Metadata"] == {"photographer": "R. Okafor"}


def test_an_archived_file_says_so(s3: "S3Client") -> None:
    with pytest.raises(s3.exceptions.InvalidObjectState):
        s3.get_object(Bucket=BACKUPS, Key="Archive/accounts-2024.zip")


def test_a_multipart_upload_becomes_one_file(s3: "S3Client") -> None:
    parts = [os.urandom(PART), os.urandom(1000)]
    upload = s3.create_multipart_upload(Bucket=FINANCE, Key="new/large.bin")["UploadId"]
    etags = [
        s3.upload_part(Bucket=FINANCE, Key="new/large.bin", UploadId=upload, PartNumber=number, Body=part)["ETag"]
        for number, part in enumerate(parts, start=1)
    ]
    s3.complete_multipart_upload(
        Bucket=FINANCE,
        Key="new/large.bin",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, start=1)]},
    )

    assert s3.get_object(Bucket=FINANCE, Key="new/large.bin")["Body"].read() == b"".join(parts)
    ranged = s3.get_object(Bucket=FINANCE, Key="new/large.bin", Range=f"bytes={PART}-")["Body"].read()
    assert ranged == parts[1]


def test_eight_clients_at_once_get_what_they_stored(url: str) -> None:
    def work(number: int) -> list[str]:
        client = client_of(url)
        wrong = []
        for step in range(15):
            key, body = f"parallel/{number}/{step}", f"{number}:{step} ".encode() * 2000
            client.put_object(Bucket=FINANCE, Key=key, Body=body)
            client.list_objects_v2(Bucket=FINANCE, Prefix="parallel/", Delimiter="/")
            shared = client.get_object(Bucket=MARKETING, Key="assets/Brand colours.csv")["Body"].read()
            if client.get_object(Bucket=FINANCE, Key=key)["Body"].read() != body or b"Acme blue" not in shared:
                wrong.append(key)
            if step % 3 == 0:
                client.delete_object(Bucket=FINANCE, Key=key)
        client.close()
        return wrong

    with ThreadPoolExecutor(8) as pool:
        assert [wrong for wrongs in pool.map(work, range(8)) for wrong in wrongs] == []
    client = client_of(url)
    assert client.list_objects_v2(Bucket=FINANCE, Prefix="parallel/")["KeyCount"] == 8 * 10
    client.close()


def test_an_upload_that_breaks_off_leaves_nothing(url: str, s3: "S3Client") -> None:
    with connect(url) as line:
        head = f"PUT /{FINANCE}/broken.txt HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Length: 100\r\n\r\n"
        line.sendall(head.encode() + b"only this")
        line.shutdown(socket.SHUT_WR)
        assert b" 400 " in line.recv(100)

    assert s3.list_objects_v2(Bucket=FINANCE, Prefix="broken.txt")["KeyCount"] == 0


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example:{port}"])
def test_a_web_page_that_borrows_the_address_is_refused(url: str, host: str) -> None:
    request = urllib.request.Request(url, headers={"Host": host.format(port=urlsplit(url).port)})

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=20)

    with caught.value as answer:
        assert answer.code == 403


def test_a_web_page_may_not_read_answers(url: str) -> None:
    request = urllib.request.Request(f"{url}/{MARKETING}", headers={"Origin": "https://evil.example"})

    with urllib.request.urlopen(request, timeout=20) as answer:
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_only_s3_is_served(url: str) -> None:
    request = urllib.request.Request(f"{url}/moto-api/data.json")

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=20)

    with caught.value as answer:
        assert answer.code == 404


def test_it_stops_and_starts_again_with_fresh_files(demo: DemoServer) -> None:
    first = demo.start()
    assert demo.start() == first
    client = client_of(first)
    client.put_object(Bucket=FINANCE, Key="mine.txt", Body=b"x")
    with connect(first) as line:
        demo.stop()
        demo.stop()
        assert is_closed_by_the_other_side(line)
    assert demo.pid is None
    client.close()

    client = client_of(demo.start())
    assert client.list_objects_v2(Bucket=FINANCE, Prefix="mine.txt")["KeyCount"] == 0
    client.close()


def test_a_server_that_died_is_started_again(demo: DemoServer) -> None:
    demo.start()
    first = demo.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)  # not reaped: the object is to find out itself

    with connect(demo.start()):
        assert demo.pid != first


def test_ctrl_c_in_the_terminal_does_not_end_it_before_its_parent(demo: DemoServer) -> None:
    url = demo.start()
    assert demo.pid is not None
    os.kill(demo.pid, signal.SIGINT)

    client = client_of(url)
    assert len(client.list_buckets()["Buckets"]) == 3
    client.close()


def test_it_ends_with_a_killed_parent() -> None:
    script = "from s3browser.demo.server import DemoServer\nprint(DemoServer().start(), flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().decode().strip()
        with connect(url) as line:
            parent.kill()
            parent.wait()
            assert is_closed_by_the_other_side(line)

    assert nobody_listens(url)


def test_the_persons_aws_settings_do_not_reach_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")

    with DemoServer() as url, urllib.request.urlopen(f"{url}/{FINANCE}?list-type=2", timeout=20) as answer:
        assert b"<MaxKeys>1000</MaxKeys>" in answer.read()


Program = Callable[[str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts a shell script in the place of Python."""

    def put(script: str) -> None:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(sys, "executable", str(path))

    return put


def test_the_packaged_program_starts_itself(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    python = sys.executable
    program(f'[ "$*" = --demo-server ] && exec "{python}" -m s3browser.demo.server')
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    with DemoServer() as url, connect(url):
        assert url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 3", "ended before it was ready"),
        ("printf half", "ended before it was ready"),
        ("""echo '{"error": "ModuleNotFoundError: No module named moto"}'""", "No module named moto"),
    ],
)
def test_a_server_that_cannot_start_is_told(demo: DemoServer, program: Program, script: str, words: str) -> None:
    program(script)

    with pytest.raises(S3ConnectionError) as caught:
        demo.start()

    assert words in caught.value.details()
    assert ("s3browser[demo]" in (caught.value.hint or "")) == ("moto" in words)
    assert demo.pid is None


def test_a_program_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))

    with pytest.raises(S3ConnectionError):
        DemoServer().start()


def test_one_that_never_answers_is_given_up(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program("exec cat")
    monkeypatch.setattr(demo_server, "_START_TIMEOUT_S", 0.2)

    with pytest.raises(S3ConnectionError):
        DemoServer().start()


def test_a_stop_ends_a_start_under_way(demo: DemoServer, program: Program, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "running")
    program(f'echo > "{tmp_path / "running"}"; exec cat')
    failures: list[S3ConnectionError] = []

    def start() -> None:
        try:
            demo.start()
        except S3ConnectionError as error:
            failures.append(error)

    starting = threading.Thread(target=start)
    starting.start()
    (tmp_path / "running").read_text()
    demo.stop()
    starting.join(20)

    assert not starting.is_alive()
    assert len(failures) == 1
