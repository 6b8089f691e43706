"""What only shows on a real server over a real line: the traps that were measured before this program was written."""

import base64
import hashlib
import logging
import os
import random
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from s3browser import S3Client, S3Service
from s3browser.exceptions import (
    S3ConnectionError,
    S3CredentialsError,
    S3IntegrationError,
    S3IntegrityError,
    S3UploadError,
)
from s3browser.s3.wire import Answer, exchange
from tests.integration.conftest import ON_EVERY_SERVER
from tests.servers.faultproxy import Fault, FaultProxy, error_xml
from tests.servers.server import Server

MIB = 1024 * 1024


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.fixture
def there(moto_http: Server, bucket: str) -> str:
    """A bucket that is there."""
    moto_http.boto3_client().create_bucket(Bucket=bucket)
    return bucket


def client_through(proxy: FaultProxy, moto_http: Server, bucket: str, **changes: Any) -> S3Client:
    return S3Client(moto_http.config(bucket, endpoint_url=proxy.url, **changes))


def stored(server: Server, bucket: str) -> dict[str, bytes]:
    """What lies in the bucket, by plain boto3."""
    client = server.boto3_client()
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


# ------------------------------------------------------------- 1, 2, 3: what is sent, also over TLS


@ON_EVERY_SERVER
def test_upload_carries_its_length_and_a_signed_sum_and_no_trailer(
    server: Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = S3Service(server.config(bucket))
    service.create_bucket(bucket)
    sent: dict[int, list[str]] = {}

    def recorded(route: Any, head: memoryview, body: Any, size: int, *more: Any) -> Answer:
        lines = bytes(head).decode().lower().split("\r\n")
        if lines[0].startswith("put "):
            sent[size] = lines
        return exchange(route, head, body, size, *more)

    monkeypatch.setattr("s3browser.s3.direct.exchange", recorded)
    small, large = content(1000), content(17 * MIB)
    (tmp_path / "small").write_bytes(small)
    (tmp_path / "large").write_bytes(large)
    client = S3Client(server.config(bucket), _store=service)
    client.upload_file(tmp_path / "small")
    client.upload_file(tmp_path / "large")
    assert stored(server, bucket) == {"small": small, "large": large}
    assert set(sent) == {1000, 8 * MIB, MIB}
    for size, lines in sent.items():
        assert f"content-length: {size}" in lines
        headers = {line.partition(":")[0] for line in lines[1:]}
        assert {"content-md5", "x-amz-checksum-crc64nvme"} & headers
        assert not {"transfer-encoding", "x-amz-trailer", "content-encoding"} & headers
    service.close()


@ON_EVERY_SERVER
def test_delete_of_many_carries_its_md5_for_older_servers(server: Server, bucket: str) -> None:
    service = S3Service(server.config(bucket))
    service.create_bucket(bucket)
    sent: list[Any] = []
    service._get_s3_client().meta.events.register(
        "before-send.s3.DeleteObjects", lambda request, **_: sent.append(request)
    )
    assert service.delete_many(bucket, ["a", "b & c"]) == []
    (request,) = sent
    digest = base64.b64encode(hashlib.md5(request.body).digest())
    assert request.headers["Content-MD5"] in (digest, digest.decode())
    service.close()


# ------------------------------------------------------------- 4: the network goes away


def test_upload_survives_a_network_that_goes_away(
    proxy: FaultProxy, moto_http: Server, there: str, tmp_path: Path
) -> None:
    data = content(20 * MIB)
    (tmp_path / "file").write_bytes(data)
    proxy.add(Fault("^POST .*uploads", times=1, refuse=True))
    proxy.add(Fault("partNumber=2", times=1, sent=True, reset_after=MIB))
    proxy.add(Fault("partNumber=2", times=2, refuse=True))
    proxy.add(Fault("partNumber=3", times=1, lose_answer=True))
    proxy.add(Fault("^POST .*uploadId", times=1, lose_answer=True))
    client_through(proxy, moto_http, there, max_attempts=6).upload_file(tmp_path / "file")
    assert stored(moto_http, there) == {"file": data}
    assert sum("partNumber=1" in request for request in proxy.requests) == 1, "what was stored is not sent again"


def test_download_goes_on_where_the_line_broke(
    proxy: FaultProxy, moto_http: Server, there: str, tmp_path: Path
) -> None:
    data = content(4 * MIB)
    moto_http.boto3_client().put_object(Bucket=there, Key="file", Body=data)
    proxy.add(Fault("^GET", times=1, reset_after=MIB))
    proxy.add(Fault("^GET", times=1, close_after=MIB))
    proxy.add(Fault("^GET", times=1, status=503, body=error_xml("SlowDown")))
    positions: list[int] = []
    client = client_through(proxy, moto_http, there, max_attempts=6)
    client.download_file("file", tmp_path / "file", on_progress=lambda position, total: positions.append(position))
    assert (tmp_path / "file").read_bytes() == data
    assert positions == sorted(positions)
    assert positions[-1] == len(data)


def test_download_of_an_object_that_is_replaced_meanwhile_is_not_a_mixture(
    proxy: FaultProxy, moto_http: Server, there: str, tmp_path: Path
) -> None:
    plain = moto_http.boto3_client()
    old, new = content(2 * MIB), bytes(2 * MIB)
    plain.put_object(Bucket=there, Key="file", Body=old)
    proxy.add(Fault("^GET", times=1, reset_after=MIB))

    def replace_it(position: int, total: int) -> None:
        plain.put_object(Bucket=there, Key="file", Body=new)

    client = client_through(proxy, moto_http, there)
    with suppress(S3IntegrationError):
        client.download_file("file", tmp_path / "file", on_progress=replace_it)
    assert not (tmp_path / "file").exists() or (tmp_path / "file").read_bytes() in (old, new)


# ------------------------------------------------------------- 5: a flipped byte


def test_flipped_byte_is_noticed_and_the_file_fetched_again(
    proxy: FaultProxy, moto_http: Server, there: str, tmp_path: Path
) -> None:
    data = content(MIB)
    moto_http.boto3_client().put_object(Bucket=there, Key="file", Body=data)
    proxy.add(Fault("^GET", times=1, flip_at=500_000))
    client_through(proxy, moto_http, there).download_file("file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == data


def test_file_that_arrives_damaged_every_time_is_not_kept(
    proxy: FaultProxy, moto_http: Server, there: str, tmp_path: Path
) -> None:
    moto_http.boto3_client().put_object(Bucket=there, Key="file", Body=content(MIB))
    (tmp_path / "file").write_bytes(b"what was here before")
    proxy.add(Fault("^GET", flip_at=500_000))
    with pytest.raises(S3IntegrityError):
        client_through(proxy, moto_http, there).download_file("file", tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"what was here before"


@pytest.mark.ceph
def test_byte_flipped_on_the_way_up_is_refused_and_sent_again(
    radosgw_http: Server, bucket: str, tmp_path: Path
) -> None:
    data = content(MIB)
    (tmp_path / "file").write_bytes(data)
    radosgw_http.boto3_client().create_bucket(Bucket=bucket)
    with FaultProxy(radosgw_http.port) as proxy:
        proxy.add(Fault("^PUT", times=1, sent=True, flip_at=500_000))
        S3Client(radosgw_http.config(bucket, endpoint_url=proxy.url)).upload_file(tmp_path / "file")
        assert len([request for request in proxy.requests if request.startswith("PUT")]) == 2
    assert stored(radosgw_http, bucket) == {"file": data}


# ------------------------------------------------------------- 6: the file changes while it is sent


CHANGES = pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: os.truncate(path, 1000), id="truncated"),
        pytest.param(lambda path: os.truncate(path, 21 * MIB), id="grown"),
        pytest.param(lambda path: path.unlink(), id="deleted"),
    ],
)


def once(change: Callable[[Path], None], path: Path) -> Callable[[int, int], None]:
    """Change the file when the first bytes have gone."""
    changes = [change]

    def on_progress(position: int, total: int) -> None:
        if changes:
            changes.pop()(path)

    return on_progress


@CHANGES
def test_file_that_changes_while_it_is_sent_whole_is_stored_as_it_was_read(
    change: Callable[[Path], None], proxy: FaultProxy, moto_http: Server, there: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    data = content(15 * MIB)
    path.write_bytes(data)
    proxy.add(Fault("^PUT", sent=True, bytes_per_s=10 * MIB))
    client_through(proxy, moto_http, there).upload_file(path, on_progress=once(change, path))
    assert not path.exists() or path.stat().st_size != len(data), "it was changed while it went"
    assert stored(moto_http, there) == {"file": data}


@CHANGES
@pytest.mark.timeout(30)  # botocore alone would wait three minutes
def test_file_that_changes_while_it_is_sent_in_parts_is_not_stored(
    change: Callable[[Path], None], proxy: FaultProxy, moto_http: Server, there: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content(20 * MIB))
    proxy.add(Fault("^PUT", sent=True, bytes_per_s=10 * MIB))
    with pytest.raises(S3UploadError) as caught:
        client_through(proxy, moto_http, there).upload_file(path, on_progress=once(change, path))
    assert caught.value.code in ("Changed", "Missing")
    plain = moto_http.boto3_client()
    assert plain.list_objects_v2(Bucket=there)["KeyCount"] == 0
    assert "Uploads" not in plain.list_multipart_uploads(Bucket=there), "no parts stay behind"


# ------------------------------------------------------------- 7: a line that goes quiet


def test_quiet_line_ends_after_the_read_timeout_and_is_taken_up_again(
    proxy: FaultProxy, moto_http: Server, there: str, tmp_path: Path
) -> None:
    data = content(2 * MIB)
    moto_http.boto3_client().put_object(Bucket=there, Key="file", Body=data)
    proxy.add(Fault("^GET", times=1, stall_after=MIB))
    began = monotonic()
    client_through(proxy, moto_http, there, read_timeout_s=0.5).download_file("file", tmp_path / "file")
    assert monotonic() - began > 0.4
    assert (tmp_path / "file").read_bytes() == data
    assert sum(request.startswith("GET") for request in proxy.requests) == 2


def test_line_that_stays_quiet_is_given_up(proxy: FaultProxy, moto_http: Server, there: str, tmp_path: Path) -> None:
    moto_http.boto3_client().put_object(Bucket=there, Key="file", Body=content(MIB))
    proxy.add(Fault("^GET", stall_after=1000))
    client = client_through(proxy, moto_http, there, read_timeout_s=0.3, max_attempts=2)
    with pytest.raises(S3ConnectionError) as caught:
        client.download_file("file", tmp_path / "file")
    assert caught.value.code == "Timeout"
    assert list(tmp_path.iterdir()) == []


def test_upload_to_a_server_that_stops_reading_is_tried_again(
    proxy: FaultProxy, moto_http: Server, there: str, tmp_path: Path
) -> None:
    data = content(8 * MIB)
    (tmp_path / "file").write_bytes(data)
    proxy.add(Fault("^PUT", times=1, sent=True, stall_after=100_000))
    # while it sends, a connection waits as long as to be opened
    client = client_through(proxy, moto_http, there, read_timeout_s=0.5, connect_timeout_s=0.5)
    client.upload_file(tmp_path / "file")
    assert stored(moto_http, there) == {"file": data}


# ------------------------------------------------------------- 9: the program is killed


@pytest.mark.parametrize("size", [4 * MIB, 20 * MIB], ids=["whole", "in-parts"])
def test_killed_download_leaves_the_old_file_and_at_most_a_part_that_tells_what_it_is(
    size: int, proxy: FaultProxy, moto_http: Server, there: str, tmp_path: Path
) -> None:
    moto_http.boto3_client().put_object(Bucket=there, Key="file", Body=content(size))
    target = tmp_path / "report.pdf"
    target.write_bytes(b"what was here before")
    proxy.add(Fault("^GET", stall_after=2 * MIB))
    script = textwrap.dedent("""
        import sys
        from s3browser import S3Client, S3Config
        url, bucket, target = sys.argv[1:]
        config = S3Config(bucket, "us-east-1", "KEY", "secret-key", endpoint_url=url, addressing_style="path")
        S3Client(config).download_file("file", target, on_progress=lambda position, total: print(position, flush=True))
    """)
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script, proxy.url, there, str(target)], cwd=root, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout
        assert program.stdout.readline(), "it did not begin"
        program.kill()
    left = [path.name for path in tmp_path.iterdir() if path != target]
    assert target.read_bytes() == b"what was here before"
    if size == 20 * MIB:
        (name,) = left
        assert name.startswith(".~s3b-")
        assert name.endswith(".part")
    else:
        assert not left, "until it is whole it is in memory"


# ------------------------------------------------------------- 11: secrets in logs


def test_no_secret_reaches_a_log(
    proxy: FaultProxy, moto_http: Server, there: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "file").write_bytes(b"text")
    secrets = {"secret_access_key": "TopSecret0Key1For2Test3", "session_token": "TopSecretTokenForThisTest"}
    client = client_through(proxy, moto_http, there, access_key_id="AKIATEST", max_attempts=2, **secrets)
    client.upload_file(tmp_path / "file")
    client.download_file("file", tmp_path / "copy")
    assert client.file_exists("file")
    echo = (
        f"<Error><Code>InvalidToken</Code><Message>X-Amz-Security-Token: {secrets['session_token']}</Message></Error>"
    )
    proxy.add(Fault(times=1, status=403, body=echo.encode()))
    with pytest.raises(S3CredentialsError) as caught:
        client.delete_file("file")
    proxy.add(Fault(refuse=True))
    with pytest.raises(S3ConnectionError) as lost:
        client.delete_file("file")
    for error in (caught.value, lost.value):
        logging.getLogger("s3browser").exception("it failed", exc_info=error)
    assert "it failed" in caplog.text
    assert "Signature=" not in caplog.text
    for secret in secrets.values():
        assert secret not in caplog.text
        assert secret not in caught.value.message_for_it() + str(caught.value) + repr(caught.value)
