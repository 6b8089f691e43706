"""The server that fails as it is told to is S3 as far as boto3 can tell, and fails where it is told to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from tests.servers.scripted import NO_FAULT, Fault, ScriptedS3
from tests.servers.world import Request, World, crc, md5

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client as Boto3Client

BUCKET = "bucket"


@contextmanager
def serving(world: World, *faults: Fault, api: str = "PutObject") -> Iterator["Boto3Client"]:
    """A client of a server on which the first requests of one kind go wrong."""
    left = list(faults)

    def script(request: Request) -> Fault:
        return left.pop(0) if left and request.api == api else NO_FAULT

    config = Config(
        s3={"addressing_style": "path"}, retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=0.3,
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
    )  # fmt: skip
    with ScriptedS3(world, script) as server:
        client = boto3.session.Session().client(
            "s3", endpoint_url=server.endpoint_url, region_name="us-east-1", aws_access_key_id="key",
            aws_secret_access_key="secret", config=config,
        )  # fmt: skip
        yield client
        client.close()


def test_objects_and_their_listing() -> None:
    world = World(BUCKET)
    with serving(world) as client:
        for number in range(1005):
            world.store(BUCKET, f"many/über {number:04}", b"x")
        client.put_object(Bucket=BUCKET, Key="a", Body=b"0123456789", Metadata={"by": "me"})
        pages = list(client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Delimiter="/"))
        assert [each["Key"] for page in pages for each in page.get("Contents", ())] == ["a"]
        assert [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", ())] == ["many/"]
        found = list(client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="many/"))
        assert [each["Key"] for page in found for each in page["Contents"]][-1] == "many/über 1004"
        got = client.get_object(Bucket=BUCKET, Key="a", Range="bytes=2-4", IfMatch=md5(b"0123456789"))
        assert (got["Body"].read(), got["Metadata"], got["ContentRange"]) == (b"234", {"by": "me"}, "bytes 2-4/10")
        client.delete_object(Bucket=BUCKET, Key="a")
        with pytest.raises(ClientError, match="NoSuchKey"):
            client.get_object(Bucket=BUCKET, Key="a")


@pytest.mark.parametrize("keeps_checksums", [True, False])
def test_an_upload_in_parts(keeps_checksums: bool) -> None:
    world = World(BUCKET, keeps_checksums=keeps_checksums)
    with serving(world) as client:
        upload_id = client.create_multipart_upload(Bucket=BUCKET, Key="a")["UploadId"]
        where: Any = {"Bucket": BUCKET, "Key": "a", "UploadId": upload_id}
        etags = [
            client.upload_part(**where, PartNumber=number, Body=body)["ETag"]
            for number, body in ((1, b"one"), (2, b"two"))
        ]
        assert [each["UploadId"] for each in client.list_multipart_uploads(Bucket=BUCKET)["Uploads"]] == [upload_id]
        assert [each["Size"] for each in client.list_parts(**where)["Parts"]] == [3, 3]
        parts: Any = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
        client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
        head = client.head_object(Bucket=BUCKET, Key="a", ChecksumMode="ENABLED")
        assert head["ETag"].endswith('-2"')
        assert head.get("ChecksumCRC64NVME") == (crc(b"onetwo") if keeps_checksums else None)
        assert world.uploads == {}


def test_what_came_damaged_is_not_kept() -> None:
    world = World(BUCKET)
    with serving(world, Fault(flip_request_at=1)) as client, pytest.raises(ClientError, match="SHA256"):
        client.put_object(Bucket=BUCKET, Key="a", Body=b"abc")
    assert (world.objects[BUCKET], world.damaged_count) == ({}, 1)


@pytest.mark.parametrize(
    ("fault", "is_done"),
    [
        (Fault(cut_request_at=0), False),
        (Fault(cut_request_at=10_000, ending="close"), False),
        (Fault(cut_answer_at=0), True),
        (Fault(cut_answer_at=20, ending="stall"), True),
        (Fault(refusal=(503, "SlowDown")), False),
        (Fault(refusal=(500, "InternalError"), is_done=True), True),
    ],
)
def test_a_fault_is_before_the_deed_or_after_it(fault: Fault, is_done: bool) -> None:
    world = World(BUCKET)
    with serving(world, fault) as client:
        with pytest.raises((ClientError, HTTPClientError)):
            client.put_object(Bucket=BUCKET, Key="a", Body=bytes(50_000))
        assert ("a" in world.objects[BUCKET]) is is_done


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(flip_answer_at=2), lambda read: read() == b"01g3456789"),
        (Fault(shorten_answer_to=4), lambda read: read() == b"0123"),
        (Fault(piece_bytes=3), lambda read: read() == b"0123456789"),
    ],
)
def test_answers_that_differ(fault: Fault, outcome: Callable[[Callable[[], bytes]], bool]) -> None:
    world = World(BUCKET)
    world.store(BUCKET, "a", b"0123456789")
    with serving(world, fault, api="GetObject") as client:
        assert outcome(client.get_object(Bucket=BUCKET, Key="a")["Body"].read)


def test_an_answer_that_breaks_off() -> None:
    world = World(BUCKET)
    world.store(BUCKET, "a", bytes(100_000))
    called: list[int] = []
    fault = Fault(cut_answer_at=50_000, ending="close", call=lambda: called.append(1))
    with serving(world, fault, api="GetObject") as client, pytest.raises((HTTPClientError, IncompleteReadError)):
        client.get_object(Bucket=BUCKET, Key="a")["Body"].read()
    assert called == [1]
