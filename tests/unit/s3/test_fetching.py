"""Downloads over a line that breaks, stalls and lies."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from s3browser import (
    Cancelled,
    S3BusyError,
    S3Config,
    S3ConflictError,
    S3ConnectionError,
    S3FileNotFoundError,
    S3IntegrationError,
    S3IntegrityError,
    S3Service,
)
from s3browser.jobs.retry import PROGRESS_BYTES
from s3browser.model.entries import ObjectDetails
from tests.unit.s3.scripted import Answer, Request, Scripted, error

DATA = bytes(range(256)) * 40


def whole(data: bytes = DATA, **change: object) -> Answer:
    return replace(Answer(body=data, headers={"ETag": '"e1"'}), **change)  # type: ignore[arg-type]


def ranged(request: Request, data: bytes = DATA, etag: str = "e1") -> Answer:
    if "range" not in request.headers:  # the attempt before had handed nothing over yet
        return whole(data)
    first, _, last = request.headers["range"].removeprefix("bytes=").partition("-")
    start, end = int(first), int(last or len(data) - 1)
    headers = {"ETag": f'"{etag}"', "Content-Range": f"bytes {start}-{end}/{len(data)}"}
    return Answer(206, data[start : end + 1], headers)


def cut_at(position: int) -> object:
    def answer(request: Request) -> Answer:
        return replace(ranged(request), cut_at=position)

    return answer


def fetch(service: S3Service, **more: object) -> bytes:
    data = bytearray()
    count = service.fetch("bucket", "key", data.extend, **more)  # type: ignore[arg-type]
    assert count == len(data)
    return bytes(data)


def test_in_one_go(script: Scripted, service: S3Service) -> None:
    script.answers = [whole()]
    assert fetch(service) == DATA
    assert "range" not in script.requests[0].headers
    assert "if-match" not in script.requests[0].headers


def test_the_line_is_used_again(script: Scripted, service: S3Service) -> None:
    script.answers = [whole(), whole(), ranged, ranged]
    before = threading.active_count()
    assert fetch(service) + fetch(service) == DATA * 2
    assert fetch(service, start=5) + fetch(service, start=5, stop=9) == DATA[5:] + DATA[5:9]
    assert threading.active_count() <= before + 1  # the server has a thread a connection


@pytest.mark.parametrize("reset", [False, True])
def test_a_broken_line_is_taken_up_where_it_broke(script: Scripted, service: S3Service, reset: bool) -> None:
    script.answers = [whole(cut_at=1000, reset=reset), cut_at(500), ranged]  # type: ignore[list-item]
    if reset:  # how much arrives before a reset is up to the system
        script.answers = [whole(cut_at=1000, reset=True), ranged]
    assert fetch(service) == DATA
    assert script.requests[-1].headers["if-match"] == '"e1"'
    if not reset:
        assert [request.headers.get("range") for request in script.requests] == [
            None,
            "bytes=1000-10239",
            "bytes=1500-10239",
        ]


def test_a_piece_is_taken_up_too(script: Scripted, service: S3Service) -> None:
    script.answers = [cut_at(7), ranged]  # type: ignore[list-item]
    assert fetch(service, start=100, stop=200, if_match="e1") == DATA[100:200]
    assert [request.headers["range"] for request in script.requests] == ["bytes=100-199", "bytes=107-199"]
    assert {request.headers["if-match"] for request in script.requests} == {'"e1"'}


def test_a_refusal_on_the_way(script: Scripted, service: S3Service) -> None:
    script.answers = [whole(cut_at=10), error(503, "SlowDown"), ranged]
    assert fetch(service) == DATA
    script.answers = [whole(cut_at=10), error(404, "NoSuchKey")]
    with pytest.raises(S3FileNotFoundError):
        fetch(service)


def test_too_few_bytes_every_time(script: Scripted, service: S3Service) -> None:
    script.answers = [whole(cut_at=10), *[cut_at(0)] * 9]  # type: ignore[list-item]
    with pytest.raises(S3IntegrityError, match="less than it announced"):
        fetch(service)
    assert len(script.requests) == 3


def test_getting_on_earns_new_attempts(script: Scripted, service: S3Service) -> None:
    data = bytes(5 * PROGRESS_BYTES)
    script.answers = [
        whole(data, cut_at=PROGRESS_BYTES),
        *[lambda request: replace(ranged(request, data), cut_at=PROGRESS_BYTES)] * 4,
    ]
    assert fetch(service) == data
    assert len(script.requests) == 5


def test_a_trickle_does_not(script: Scripted, service: S3Service) -> None:
    data = bytes(5 * PROGRESS_BYTES)
    script.answers = [whole(data, cut_at=1000), *[lambda request: replace(ranged(request, data), cut_at=1000)] * 9]
    with pytest.raises(S3IntegrityError):
        fetch(service)
    assert len(script.requests) == 3


def test_changed_between_two_attempts(script: Scripted, service: S3Service) -> None:
    script.answers = [whole(cut_at=10), error(412, "PreconditionFailed")]
    with pytest.raises(S3ConflictError):
        fetch(service)


@pytest.mark.parametrize("etag", ["e2", "e1"])
def test_changed_on_a_server_that_overlooks_if_match(script: Scripted, service: S3Service, etag: str) -> None:
    script.answers = [whole(cut_at=10), lambda request: ranged(request, DATA + b"more", etag)]
    with pytest.raises(S3ConflictError):
        fetch(service)


def test_shorter_on_a_server_that_overlooks_if_match(script: Scripted, service: S3Service) -> None:
    script.answers = [whole(cut_at=5000), error(416, "InvalidRange")]
    with pytest.raises(S3ConflictError):
        fetch(service)


def test_another_object_than_expected(script: Scripted, service: S3Service) -> None:
    script.answers = [whole()]
    with pytest.raises(S3ConflictError):
        fetch(service, if_match="e0")


def test_a_server_that_overlooks_ranges(script: Scripted, service: S3Service) -> None:
    script.answers = [whole(cut_at=1000), whole(), whole()]
    assert fetch(service) == DATA
    assert fetch(service, start=300, stop=310) == DATA[300:310]


def test_a_server_that_sends_another_range(script: Scripted, service: S3Service) -> None:
    wrong = Answer(206, b"x", {"ETag": '"e1"', "Content-Range": f"bytes 500-500/{len(DATA)}"})
    script.answers = [wrong] * 3
    with pytest.raises(S3IntegrityError):
        fetch(service, start=100, stop=200)


def test_a_server_that_does_not_say_how_much(script: Scripted, service: S3Service) -> None:
    script.answers = [whole(length=-1)]
    assert fetch(service) == DATA
    script.answers = [lambda request: replace(
        ranged(request), length=-1, headers={"Content-Range": "bytes 10-19/*", "ETag": '"e1"'})]  # fmt: skip
    assert fetch(service, start=10, stop=20) == DATA[10:20]


def test_nothing_after_the_end(script: Scripted, service: S3Service) -> None:
    script.answers = [error(416, "InvalidRange")]
    assert fetch(service, start=len(DATA)) == b""


def test_nothing_asked_for(script: Scripted, service: S3Service) -> None:
    assert fetch(service, start=5, stop=5) == b""
    assert script.requests == []


def test_a_stalled_line_is_given_up(script: Scripted, config: S3Config) -> None:
    service = S3Service(replace(config, read_timeout_s=0.2))
    going_on = threading.Event()
    script.answers = [whole(cut_at=1000, when_sent=lambda: going_on.wait(5)), ranged]
    assert fetch(service) == DATA
    going_on.set()
    service.close()


def test_a_cancel_between_two_chunks(script: Scripted, service: S3Service) -> None:
    cancel = threading.Event()
    script.answers = [whole(bytes(4 * PROGRESS_BYTES))]
    pieces: list[bytes] = []

    def write(piece: bytes | memoryview) -> None:
        pieces.append(bytes(piece))
        cancel.set()

    with pytest.raises(Cancelled):
        service.fetch("bucket", "key", write, cancel=cancel)
    assert len(pieces) == 1


def test_a_writer_that_fails_is_not_asked_again(script: Scripted, service: S3Service) -> None:
    script.answers = [whole(), whole()]

    def write(_: bytes | memoryview) -> None:
        raise TimeoutError("a network drive")

    with pytest.raises(TimeoutError, match="network drive"):
        service.fetch("bucket", "key", write)
    assert len(script.requests) == 1


def test_a_writer_that_finds_damage_is_not_asked_again(script: Scripted, service: S3Service) -> None:
    script.answers = [whole(), whole()]
    asked: list[int] = []

    def write(piece: bytes | memoryview) -> None:
        asked.append(len(piece))
        raise S3IntegrityError("download", "report.pdf", "ContentDiffers")

    with pytest.raises(S3IntegrityError) as caught:
        service.fetch("bucket", "key", write)
    assert caught.value.target == "report.pdf"
    assert (len(script.requests), len(asked)) == (1, 1)


def test_busy_from_the_start(script: Scripted, service: S3Service) -> None:
    script.answers = [error(503, "SlowDown")] * 9
    with pytest.raises(S3BusyError):
        fetch(service)
    assert len(script.requests) == 3


def test_a_long_way_back_on_a_server_that_overlooks_ranges(script: Scripted, service: S3Service) -> None:
    data = bytes(range(256)) * 4096
    script.answers = [whole(data)]
    assert fetch(service, start=len(data) - 3) == data[-3:]


def test_a_line_that_breaks_after_the_last_byte(script: Scripted, service: S3Service) -> None:
    data = bytes(4096)
    chunked = {"Transfer-Encoding": "chunked", "Content-Range": f"bytes 10-{9 + len(data)}/*", "ETag": '"e1"'}
    body = f"{len(data):x}\r\n".encode() + data + b"\r\nno number\r\n"
    script.answers = [Answer(206, body, chunked, length=-1)]
    assert fetch(service, start=10, stop=10 + len(data)) == data
    assert len(script.requests) == 1


def test_a_range_that_comes_short_is_completed(script: Scripted, service: S3Service) -> None:
    short = Answer(206, DATA[10:15], {"Content-Range": f"bytes 10-14/{len(DATA)}", "ETag": '"e1"'})
    script.answers = [short, ranged]
    assert fetch(service, start=10, stop=20) == DATA[10:20]
    assert script.requests[1].headers["range"] == "bytes=15-19"


# ---------------------------------------------------------------------- what the answer tells of the object

TOLD = {
    "ETag": '"e1"',
    "Last-Modified": "Thu, 01 Jan 2026 12:00:00 GMT",
    "Content-Type": "text/plain",
    "x-amz-meta-who": "=?utf-8?b?Wm/Dqw==?=",
    "x-amz-checksum-crc64nvme": "AAAAAAAAAAU=",
    "x-amz-checksum-type": "FULL_OBJECT",
    "x-amz-server-side-encryption": "AES256",
    "x-amz-version-id": "v1",
}


def test_the_details_come_before_the_first_byte(script: Scripted, service: S3Service) -> None:
    script.answers = [Answer(body=DATA, headers=TOLD)]
    seen: list[object] = []
    service.fetch("bucket", "key", lambda piece: seen.append(len(piece)), on_details=seen.append)
    assert seen[0] == ObjectDetails(
        "key",
        len(DATA),
        datetime(2026, 1, 1, 12, tzinfo=UTC),
        "e1",
        "STANDARD",
        "text/plain",
        "v1",
        "AES256",
        {"who": "Zoë"},
        {"CRC64NVME": "AAAAAAAAAAU="},
    )
    assert sum(size for size in seen[1:] if isinstance(size, int)) == len(DATA)
    assert script.requests[0].headers["x-amz-checksum-mode"] == "ENABLED"


def test_the_details_come_once(script: Scripted, service: S3Service) -> None:
    script.answers = [whole(cut_at=10), ranged]
    seen: list[ObjectDetails] = []
    fetch(service, on_details=seen.append)
    assert [details.size for details in seen] == [len(DATA)]


@pytest.mark.parametrize(("total", "size"), [(str(len(DATA)), len(DATA)), ("*", 20)])
def test_the_details_are_the_whole_objects(script: Scripted, service: S3Service, total: str, size: int) -> None:
    script.answers = [Answer(206, DATA[10:20], {"ETag": '"e1"', "Content-Range": f"bytes 10-19/{total}"})]
    seen: list[ObjectDetails] = []
    assert fetch(service, start=10, stop=20, on_details=seen.append) == DATA[10:20]
    assert [details.size for details in seen] == [size]
    assert abs(seen[0].last_modified - datetime.now(UTC)) < timedelta(minutes=1)  # the server does not say


def test_one_who_does_not_like_the_details_ends_it(script: Scripted, service: S3Service) -> None:
    script.answers = [whole(), whole()]

    def refuse(_: ObjectDetails) -> None:
        raise S3IntegrityError("download", "report.pdf", "ContentDiffers")

    pieces: list[int] = []
    with pytest.raises(S3IntegrityError) as caught:
        service.fetch("bucket", "key", lambda piece: pieces.append(len(piece)), on_details=refuse)
    assert caught.value.target == "report.pdf"
    assert (len(script.requests), pieces) == (1, [])


def test_a_page_to_sign_in_to_the_network(script: Scripted, service: S3Service) -> None:
    script.answers = [Answer(body=b"<html>Welcome!</html>", headers={"Content-Type": "text/html"})] * 3
    with pytest.raises(S3ConnectionError) as caught:
        fetch(service)
    assert caught.value.code == "NotS3"


def test_a_cancel_while_the_server_is_silent(script: Scripted, service: S3Service) -> None:
    cancel, going_on = threading.Event(), threading.Event()

    def hang() -> None:
        cancel.set()
        going_on.wait(5)

    script.answers = [whole(cut_at=1000, when_sent=hang)]
    began = monotonic()
    with pytest.raises(Cancelled):
        fetch(service, cancel=cancel)
    assert monotonic() - began < 1.5
    going_on.set()


def test_a_bucket_elsewhere_is_followed(script: Scripted, service: S3Service) -> None:
    elsewhere = Answer(301, headers={"x-amz-bucket-region": "eu-west-3"})
    script.answers = [elsewhere, elsewhere, Answer(body=b"<ListBucketResult/>"), whole()]
    assert fetch(service) == DATA
    assert "/eu-west-3/" in script.requests[-1].headers["authorization"]


def test_an_odd_status_is_refused(script: Scripted, service: S3Service) -> None:
    script.answers = [Answer(202, b"later")]
    with pytest.raises(S3IntegrationError) as caught:
        fetch(service)
    assert caught.value.status == 202


@pytest.mark.parametrize(
    "body", [b"<Error><Code>NoSuchKey</Code>", b"<a><Error>text</Error></a>", b"", b"\xff\xfe", b"<Error>" * 20_000]
)
def test_a_damaged_refusal(script: Scripted, service: S3Service, body: bytes) -> None:
    script.answers = [Answer(404, body), Answer(404, body, cut_at=len(body) // 2)]
    for _ in range(2):
        with pytest.raises(S3FileNotFoundError):
            fetch(service)
