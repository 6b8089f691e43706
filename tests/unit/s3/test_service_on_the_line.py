"""What goes over the line, and what the service makes of answers that moto never gives."""

import base64
import errno
import hashlib
import io
import logging
import socket
import ssl
import threading
import traceback
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
import trustme

from s3browser import (
    Cancelled,
    S3AccessDeniedError,
    S3BucketError,
    S3BusyError,
    S3Config,
    S3ConnectionError,
    S3CredentialsError,
    S3FileNotFoundError,
    S3IntegrationError,
    S3IntegrityError,
    S3Service,
    S3UnsupportedError,
    S3UploadError,
)
from s3browser.exceptions import S3CertificateError
from s3browser.model.entries import UploadedPart
from tests.unit.s3.conftest import SECRET, TOKEN
from tests.unit.s3.scripted import Answer, Request, Scripted, error

DETAILS = {"Last-Modified": "Thu, 01 Jan 2026 12:00:00 GMT", "ETag": '"e1"'}
FOUND = Answer(headers=DETAILS)
STORED = Answer(headers={"ETag": '"e1"'})
DENIED = error(403, "AccessDenied")
NO_BUCKETS = Answer(body=b"<ListAllMyBucketsResult><Owner><ID>me</ID></Owner><Buckets/></ListAllMyBucketsResult>")
BUSY = error(503, "SlowDown")


def put(service: S3Service, data: bytes = b"abc") -> str:
    return service.put("bucket", "key", io.BytesIO(data), len(data))


# ---------------------------------------------------------------------- trying again


def test_what_can_pass_is_tried_again(script: Scripted, service: S3Service) -> None:
    script.answers = [BUSY, Answer(cut_at=0, length=5, reset=True), STORED]
    assert put(service) == "e1"
    assert [request.body for request in script.requests] == [b"abc"] * 3


def test_it_ends_with_the_attempts(script: Scripted, service: S3Service) -> None:
    script.answers = [BUSY] * 9
    with pytest.raises(S3BusyError):
        put(service)
    assert len(script.requests) == 3


@pytest.mark.parametrize("answer", [DENIED, error(400, "KeyTooLongError"), error(412, "PreconditionFailed")])
def test_what_cannot_pass_is_not(script: Scripted, service: S3Service, answer: Answer) -> None:
    script.answers = [answer, STORED]
    with pytest.raises(S3IntegrationError):
        put(service)
    assert len(script.requests) == 1


def test_botocore_does_not_try_again_by_itself(script: Scripted, config: S3Config) -> None:
    service = S3Service(S3Config(**{**vars(config), "max_attempts": 1}))
    script.answers = [BUSY] * 9
    with pytest.raises(S3BusyError):
        service.list_buckets()
    assert len(script.requests) == 1
    service.close()


def test_a_cancel_ends_a_wait(script: Scripted, config: S3Config) -> None:
    service = S3Service(S3Config(**{**vars(config), "max_backoff_s": 60.0}))
    cancel = threading.Event()
    script.answers = [error(503, "SlowDown", headers={"Retry-After": "60"})]
    threading.Timer(0.2, cancel.set).start()
    with pytest.raises(Cancelled):
        service.put("bucket", "key", io.BytesIO(b"x"), 1, cancel=cancel)
    service.close()


# ---------------------------------------------------------------------- what is sent


def test_a_body_is_announced_and_signed(script: Scripted, service: S3Service) -> None:
    script.answers = [STORED]
    service.put("bucket", "a b/ü", io.BytesIO(b"hello"), 5, content_type="text/plain", metadata={"who": "Zoë"})
    [request] = script.requests
    assert (request.method, request.path) == ("PUT", "/bucket/a%20b/%C3%BC")
    assert request.headers["content-length"] == "5"
    assert request.headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert request.headers["content-md5"] == base64.b64encode(hashlib.md5(b"hello").digest()).decode()
    signed = request.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"content-md5", "x-amz-checksum-crc64nvme", "x-amz-meta-who", "x-amz-security-token"} <= set(signed)
    assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
    assert request.headers["content-type"] == "text/plain"
    assert request.headers["x-amz-meta-who"].isascii()
    assert "transfer-encoding" not in request.headers


def test_an_empty_body(script: Scripted, service: S3Service) -> None:
    script.answers = [STORED]
    assert put(service, b"") == "e1"
    assert script.requests[0].headers["content-length"] == "0"
    assert script.requests[0].headers["x-amz-content-sha256"] == hashlib.sha256(b"").hexdigest()


def test_a_part(script: Scripted, service: S3Service) -> None:
    script.answers = [STORED]
    assert service.put_part("bucket", "key", "u/1", 7, io.BytesIO(b"abc"), 3) == UploadedPart(7, 3, "e1")
    assert script.requests[0].path == "/bucket/key?partNumber=7&uploadId=u%2F1"


def test_a_batch_of_deletions_carries_its_sum(script: Scripted, service: S3Service) -> None:
    script.answers = [Answer(body=b"<DeleteResult/>")]
    assert service.delete_many("bucket", ["a", "<&>"]) == []
    [request] = script.requests
    assert request.headers["content-md5"] == base64.b64encode(hashlib.md5(request.body).digest()).decode()
    assert b"<Key>&lt;&amp;&gt;</Key>" in request.body


class Failing(io.RawIOBase):
    """A body too large to be kept: it reads well while it is hashed, and fails while it is sent."""

    def __init__(self, size: int, failure: Callable[[], bytes]) -> None:
        super().__init__()
        self.size = size
        self.failure = failure
        self.rewound = 0
        self.at = 0

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.rewound += 1
        self.at = 0
        return 0

    def read(self, size: int = -1, /) -> bytes:
        if self.rewound > 2:  # one sum each
            return self.failure()
        self.at += size
        return bytes(min(size, self.size - self.at + size))


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> int:
    """The size of a body that is not kept in memory; less than such bodies have in truth."""
    monkeypatch.setattr("s3browser.s3.bodies.MAX_KEPT_BYTES", 10)
    return 300_000


def put_failing(service: S3Service, size: int, failure: Callable[[], bytes], **more: Any) -> str:
    return service.put("bucket", "key", cast("BinaryIO", Failing(size, failure)), size, **more)


def test_a_local_error_while_sending_comes_out_unchanged(script: Scripted, service: S3Service, large: int) -> None:
    broken = OSError(errno.EIO, "the disk is broken")
    broken.__cause__ = cause = KeyError("what was behind it")

    def fail() -> bytes:
        raise broken

    with pytest.raises(OSError, match="disk is broken") as caught:
        put_failing(service, large, fail)
    assert caught.value is broken
    assert caught.value.__cause__ is cause


def test_a_local_error_before_sending_comes_out_unchanged(script: Scripted, service: S3Service) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise TimeoutError("a network drive")

    with pytest.raises(TimeoutError, match="network drive"):
        service.put("bucket", "key", Broken(), 3)
    assert script.requests == []


def test_a_file_that_shrinks_while_it_is_sent(script: Scripted, service: S3Service, large: int) -> None:
    with pytest.raises(S3UploadError) as caught:
        put_failing(service, large, bytes)
    assert caught.value.code == "Changed"
    assert len(script.requests) <= 1


def test_a_cancel_while_sending(script: Scripted, service: S3Service, large: int) -> None:
    cancel = threading.Event()

    def stop() -> bytes:
        cancel.set()
        return b"a"

    with pytest.raises(Cancelled):
        put_failing(service, large, stop, cancel=cancel)


def test_a_large_body_is_read_anew_for_every_attempt(script: Scripted, service: S3Service, large: int) -> None:
    script.answers = [BUSY, STORED]
    data = bytes(range(256)) * (large // 256)

    class Source(io.BytesIO):  # not BytesIO itself, whose memory would be sent
        pass

    assert service.put("bucket", "key", Source(data), len(data)) == "e1"
    assert [request.body == data for request in script.requests] == [True, True]


# ---------------------------------------------------------------------- regions


def test_a_bucket_elsewhere_is_followed(script: Scripted, service: S3Service) -> None:
    elsewhere = Answer(301, headers={"x-amz-bucket-region": "eu-west-3"})
    # boto3 meets the same refusal, follows it, and remembers
    script.answers = [elsewhere, elsewhere, Answer(body=b"<ListBucketResult/>"), FOUND, STORED]
    assert service.head("bucket", "key").etag == "e1"
    put(service)
    there = ["/eu-west-3/" in request.headers["authorization"] for request in script.requests]
    assert there == [False, False, True, True, True]


def test_a_head_whose_region_is_wrong_without_a_word(script: Scripted, service: S3Service) -> None:
    wrong = Answer(400, headers={"x-amz-bucket-region": "eu-west-3"})
    script.answers = [wrong, wrong, FOUND]
    assert service.head("bucket", "key").etag == "e1"
    assert "/eu-west-3/" in script.requests[-1].headers["authorization"]


def test_half_a_head_is_no_answer(script: Scripted, service: S3Service) -> None:
    """http.client takes a head that breaks off between two lines for a whole one."""
    after_a_line = len("HTTP/1.1 200 X\r\nDate: Tue, 24 Nov 2026 21:30:00 GMT\r\n")
    script.answers = [Answer(headers={"ETag": '"e1"'}, cut_head_at=after_a_line), FOUND]
    assert service.head("bucket", "key").etag == "e1"
    part = b"<ListPartsResult><Part><PartNumber>1</PartNumber></Part></ListPartsResult>"
    for cut_at in (after_a_line, after_a_line + len("Content-Length: ")):
        script.answers = [Answer(body=part, cut_head_at=cut_at), Answer(body=part)]
        assert [part.number for part in service.list_parts("bucket", "key", "id")] == [1]


# ---------------------------------------------------------------------- uploads whose id was lost


def open_uploads(*ids: str) -> Answer:
    uploads = "".join(f"<Upload><Key>a%20key</Key><UploadId>{name}</UploadId></Upload>" for name in ids)
    longer = "<Upload><Key>a%20key.bak</Key><UploadId>longer</UploadId></Upload>"
    listing = f"<R><EncodingType>url</EncodingType>{uploads}{longer}</R>"
    return Answer(body=listing.encode())


NO_PARTS = Answer(body=b"<ListPartsResult/>")
SOME_PARTS = Answer(body=b"<ListPartsResult><Part><PartNumber>1</PartNumber></Part></ListPartsResult>")
OPENED = Answer(body=b"<R><UploadId>new</UploadId></R>")


def test_an_upload_whose_id_was_lost_does_not_stay_open(script: Scripted, service: S3Service) -> None:
    script.answers = [
        error(500, "InternalError"),
        open_uploads("used", "stray"),
        SOME_PARTS,
        NO_PARTS,
        Answer(204),
        OPENED,
    ]
    assert service.create_multipart("bucket", "a key") == "new"
    assert [request.method for request in script.requests] == ["POST", "GET", "GET", "GET", "DELETE", "POST"]
    assert script.requests[-2].path == "/bucket/a%20key?uploadId=stray"


@pytest.mark.parametrize("refused", [DENIED, error(501, "NotImplemented")])
def test_where_nobody_may_look_for_it_another_is_opened(script: Scripted, service: S3Service, refused: Answer) -> None:
    script.answers = [error(500, "InternalError"), refused, OPENED]
    assert service.create_multipart("bucket", "a key") == "new"


def test_strays_that_somebody_else_throws_away_are_gone_too(script: Scripted, service: S3Service) -> None:
    script.answers = [open_uploads("gone", "stray"), error(404, "NoSuchUpload"), NO_PARTS, Answer(204)]
    service.abort_strays("bucket", "a key")
    assert script.requests[-1].path == "/bucket/a%20key?uploadId=stray"


def test_a_body_is_sent_again_to_where_the_bucket_is(script: Scripted, service: S3Service) -> None:
    elsewhere = error(400, "AuthorizationHeaderMalformed", more="<Region>garage</Region>")
    # boto3 meets the same refusal, follows it, and remembers
    script.answers = [elsewhere, elsewhere, Answer(body=b"<ListBucketResult/>"), STORED, STORED]
    assert put(service) == put(service) == "e1"
    assert [request.body for request in script.requests if request.method == "PUT"] == [b"abc"] * 3
    assert "/garage/s3/" in script.requests[-1].headers["authorization"]


def test_a_bucket_elsewhere_that_nobody_finds(script: Scripted, service: S3Service) -> None:
    script.answers = [error(301, "PermanentRedirect"), DENIED, STORED]
    with pytest.raises(S3BucketError, match="another region"):
        put(service)
    assert [request.method for request in script.requests] == ["PUT", "GET"]


def test_a_server_of_one_region_names_it(script: Scripted, service: S3Service) -> None:
    script.answers = [error(400, "AuthorizationHeaderMalformed", more="<Region>garage</Region>")] * 4
    with pytest.raises(S3BucketError, match="region “garage”"):
        service.list_buckets()


# ---------------------------------------------------------------------- HEAD says little


def test_a_head_is_not_tried_again_once_it_is_cancelled(script: Scripted, service: S3Service) -> None:
    cancel = threading.Event()

    def busy(_: Request) -> Answer:
        cancel.set()
        return Answer(503)

    script.answers = [busy, FOUND]
    with pytest.raises(Cancelled):
        service.head("bucket", "key", cancel=cancel)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("answers", "kind", "code"),
    [  # after a 400 botocore is asked, which asks for the bucket's region first
        ([Answer(404), Answer(body=b"<ListBucketResult/>")], S3FileNotFoundError, None),
        ([Answer(404), error(404, "NoSuchBucket")], S3BucketError, "NoSuchBucket"),
        ([Answer(404), DENIED], S3FileNotFoundError, None),
        ([Answer(403), DENIED], S3AccessDeniedError, None),
        ([Answer(403), error(404, "NoSuchBucket")], S3BucketError, "NoSuchBucket"),
        ([Answer(403), error(403, "InvalidAccessKeyId")], S3CredentialsError, "InvalidAccessKeyId"),
        ([Answer(400), Answer(400), Answer(), error(400, "ExpiredToken")], S3CredentialsError, "ExpiredToken"),
        ([Answer(400), Answer(400), Answer(), Answer(body=b"<ListBucketResult/>")], S3IntegrationError, None),
    ],
)
def test_what_is_behind_a_refusal(
    script: Scripted, service: S3Service, answers: list[Answer], kind: type[S3IntegrationError], code: str | None
) -> None:
    script.answers = list(answers)
    with pytest.raises(S3IntegrationError) as caught:
        service.head("bucket", "key")
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert not script.answers
    assert caught.value.operation == "read"


def test_a_bucket_that_was_seen_is_not_asked_about_again(script: Scripted, service: S3Service) -> None:
    script.answers = [FOUND, Answer(404), Answer(404)]
    service.head("bucket", "there")
    for _ in range(2):
        with pytest.raises(S3FileNotFoundError):
            service.head("bucket", "none")
    assert [request.method for request in script.requests] == ["HEAD"] * 3


def test_a_refused_head_names_the_permission(script: Scripted, service: S3Service) -> None:
    script.answers = [Answer(403), DENIED]
    with pytest.raises(S3AccessDeniedError) as caught:
        service.head("bucket", "key")
    assert (caught.value.permission, caught.value.resource) == ("s3:GetObject", "arn:aws:s3:::bucket/key")


# ---------------------------------------------------------------------- signing in


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (error(403, "InvalidAccessKeyId"), "InvalidAccessKeyId"),
        (error(403, "SignatureDoesNotMatch"), "SignatureDoesNotMatch"),
        (error(400, "ExpiredToken"), "ExpiredToken"),
        (error(400, "InvalidToken"), "InvalidToken"),
        (error(403, "RequestTimeTooSkewed"), "RequestTimeTooSkewed"),
        (error(403, "AccessDenied", headers={"Date": "Thu, 01 Jan 2015 12:00:00 GMT"}), "RequestTimeTooSkewed"),
    ],
)
def test_what_is_wrong_with_the_keys(script: Scripted, service: S3Service, answer: Answer, code: str) -> None:
    script.answers = [answer]
    with pytest.raises(S3CredentialsError) as caught:
        service._validate_credentials()
    assert caught.value.code == code
    assert caught.value.operation == "connect"


def test_not_allowed_to_list_buckets_proves_the_keys(script: Scripted, service: S3Service) -> None:
    script.answers = [DENIED, error(403, "InvalidAccessKeyId")]
    service.check_credentials()
    assert "Credential=S3BROWSERNOSUCHKEY00/" in script.requests[1].headers["authorization"]
    assert "x-amz-security-token" not in script.requests[1].headers


def test_a_server_that_refuses_everybody_alike(script: Scripted, service: S3Service) -> None:
    script.answers = [DENIED, DENIED]
    with pytest.raises(S3CredentialsError, match="keys may be wrong, or may not list buckets") as caught:
        service.check_credentials()
    assert caught.value.code == "AccessDenied"


def test_a_stranger_who_may_list_proves_nothing(script: Scripted, service: S3Service) -> None:
    script.answers = [DENIED, NO_BUCKETS]
    with pytest.raises(S3CredentialsError):
        service.check_credentials()


@pytest.mark.parametrize("first", [DENIED, error(501, "NotImplemented")])
def test_the_configured_bucket_proves_the_keys(script: Scripted, config: S3Config, first: Answer) -> None:
    service = S3Service(S3Config(**{**vars(config), "bucket_name": "bucket"}))
    script.answers = [first, Answer(body=b"<ListBucketResult/>")]
    service.check_credentials()
    assert script.requests[1].path.startswith("/bucket?")
    service.close()


def test_a_refused_bucket_proves_nothing(script: Scripted, config: S3Config) -> None:
    service = S3Service(S3Config(**{**vars(config), "bucket_name": "bucket"}))
    script.answers = [DENIED, DENIED, DENIED]
    with pytest.raises(S3CredentialsError):
        service.check_credentials()
    service.close()


def test_a_suspended_account(script: Scripted, service: S3Service) -> None:
    script.answers = [error(403, "UserSuspended")]
    with pytest.raises(S3AccessDeniedError, match="suspended"):
        service.check_credentials()


def test_a_server_without_a_list_of_buckets(script: Scripted, service: S3Service) -> None:
    script.answers = [error(501, "NotImplemented")]
    with pytest.raises(S3UnsupportedError):
        service.check_credentials()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"<!doctype html><p>hello<br>", headers={"Content-Type": "text/html"}),
        Answer(body=b"<html><body>hello</body></html>", headers={"Content-Type": "text/html"}),
        Answer(body=b""),
        Answer(404, b"<html>", {"Content-Type": "text/html"}),
        Answer(404),
    ],
)
def test_a_web_server_is_no_s3(script: Scripted, service: S3Service, answer: Answer) -> None:
    script.answers = [answer] * 2
    with pytest.raises(S3ConnectionError) as caught:
        service.check_credentials()
    assert caught.value.code == "NotS3"
    assert len(script.requests) == 2


def test_nothing_answers() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        service = S3Service(S3Config(access_key_id="a", secret_access_key="b", endpoint_url=url, max_backoff_s=0))
        with pytest.raises(S3ConnectionError) as caught:
            service.check_credentials()
    assert caught.value.code == "ConnectionRefused"
    assert caught.value.title == f"Couldn’t connect to {url}"


def test_an_unknown_host() -> None:
    service = S3Service(
        S3Config(access_key_id="a", secret_access_key="b", endpoint_url="http://s3.invalid", max_attempts=1)
    )
    with pytest.raises(S3ConnectionError) as caught:
        service.check_credentials()
    assert caught.value.code == "UnknownHost"


def test_a_server_that_does_not_answer_in_time(script: Scripted, config: S3Config) -> None:
    service = S3Service(S3Config(**{**vars(config), "read_timeout_s": 0.1, "max_attempts": 1}))
    hang = threading.Event()

    def late(_: Request) -> Answer:
        hang.wait(5)
        return NO_BUCKETS

    script.answers = [late]
    with pytest.raises(S3ConnectionError) as caught:
        service.check_credentials()
    hang.set()
    assert caught.value.code == "Timeout"
    service.close()


# ---------------------------------------------------------------------- TLS


@pytest.fixture
def tls_url() -> object:
    """The address of a socket that speaks TLS with a certificate nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(line, server_side=True).close()
            except OSError:
                line.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_an_unknown_certificate_is_refused_at_once(tls_url: str) -> None:
    service = S3Service(S3Config(access_key_id="a", secret_access_key="b", endpoint_url=tls_url))
    with pytest.raises(S3CertificateError):
        service.check_credentials()
    service.close()


def test_https_where_only_http_is_spoken(script: Scripted, config: S3Config) -> None:
    url = script.url.replace("http:", "https:")
    service = S3Service(S3Config(**{**vars(config), "endpoint_url": url, "max_attempts": 1}))
    with pytest.raises(S3ConnectionError) as caught:
        service.check_credentials()
    assert not isinstance(caught.value, S3CertificateError)
    assert caught.value.code == "TLS"
    service.close()


def test_a_damaged_certificate_file(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    with pytest.raises(S3CertificateError, match="can’t be read") as caught:
        S3Service(S3Config(endpoint_url="https://127.0.0.1:1", verify=path)).list_buckets()
    assert caught.value.code == "CertificateFile"


# ---------------------------------------------------------------------- buckets


def test_a_bucket_of_somebody_else(script: Scripted, service: S3Service) -> None:
    script.answers = [Answer(403), DENIED, NO_BUCKETS]
    with pytest.raises(S3BucketError) as caught:
        service._ensure_bucket_exists("bucket", create=True)
    assert caught.value.code == "BucketAlreadyExists"


@pytest.mark.parametrize(
    "buckets",
    [
        DENIED,
        Answer(
            body=b"<ListAllMyBucketsResult><Buckets><Bucket><Name>bucket</Name></Bucket></Buckets></ListAllMyBucketsResult>"
        ),
    ],
)
def test_a_bucket_that_may_be_ours(script: Scripted, service: S3Service, buckets: Answer) -> None:
    script.answers = [Answer(403), DENIED, buckets]
    with pytest.raises(S3AccessDeniedError) as caught:
        service._ensure_bucket_exists("bucket")
    assert caught.value.permission == "s3:ListBucket"


@pytest.mark.parametrize("code", ["BucketAlreadyExists", "BucketAlreadyOwnedByYou"])
def test_creating_what_is_there(script: Scripted, service: S3Service, code: str) -> None:
    script.answers = [error(409, code)]
    if code == "BucketAlreadyOwnedByYou":
        service.create_bucket("bucket")
    else:
        with pytest.raises(S3BucketError):
            service.create_bucket("bucket")


def test_a_server_that_insists_on_the_region(script: Scripted, config: S3Config) -> None:
    service = S3Service(S3Config(**{**vars(config), "region": "eu-west-1"}))
    script.answers = [error(400, "IllegalLocationConstraintException"), Answer()]
    service.create_bucket("bucket")
    assert b"<LocationConstraint>eu-west-1<" in script.requests[1].body
    service.close()


def test_a_server_that_wants_another_region(script: Scripted, config: S3Config) -> None:
    service = S3Service(S3Config(**{**vars(config), "region": "eu-west-1"}))
    script.answers = [error(400, "IllegalLocationConstraintException")] * 2
    with pytest.raises(S3BucketError, match="another region"):
        service.create_bucket("bucket")
    service.close()


def test_other_servers_are_told_no_region(script: Scripted, config: S3Config) -> None:
    service = S3Service(S3Config(**{**vars(config), "region": "eu-west-1"}))
    script.answers = [Answer()]
    service.create_bucket("bucket")
    assert script.requests[0].body == b""
    service.close()


# ---------------------------------------------------------------------- listings


def listing(*keys: str, more: str = "", folders: tuple[str, ...] = ()) -> Answer:
    entries = "".join(
        f"<Contents><Key>{key}</Key><Size>1</Size><LastModified>2026-01-01T12:00:00.000Z</LastModified>"
        f"<ETag>&quot;e&quot;</ETag></Contents>"
        for key in keys
    ) + "".join(f"<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>" for folder in folders)
    return Answer(body=f"<ListBucketResult>{more}{entries}</ListBucketResult>".encode())


MORE = "<IsTruncated>true</IsTruncated>"
V2_MORE = MORE + "<NextContinuationToken>{}</NextContinuationToken>"


def keys_of(service: S3Service) -> list[str]:
    return [info.key for info in service.list_files("bucket", "")]


def test_pages_are_followed(script: Scripted, service: S3Service) -> None:
    script.answers = [listing("a", more=V2_MORE.format("t/1")), BUSY, listing("b")]
    assert keys_of(service) == ["a", "b"]
    assert "continuation-token=t%2F1" in script.requests[2].path


def test_names_are_decoded_once(script: Scripted, service: S3Service) -> None:
    script.answers = [listing("a%252Bb+c", more="<EncodingType>url</EncodingType>"), listing("a%2Bb")]
    assert "encoding-type=url" in (keys_of(service), script.requests[0].path)[1]
    assert keys_of(service) == ["a%2Bb"]
    assert not script.answers


def test_encoded_names(script: Scripted, service: S3Service) -> None:
    script.answers = [listing("a%252Bb%0A", more="<EncodingType>url</EncodingType>")]
    assert keys_of(service) == ["a%2Bb\n"]


def test_an_older_server(script: Scripted, service: S3Service) -> None:
    script.answers = [
        error(501, "NotImplemented"),
        listing("a", "b", more=MORE),
        listing("c", folders=("d/",), more=MORE),
        listing("e", more=MORE + "<NextMarker>f</NextMarker>"),
        listing("g"),
    ]
    assert keys_of(service) == ["a", "b", "c", "e", "g"]
    assert ["list-type=2" in request.path for request in script.requests] == [True, False, False, False, False]
    assert ["marker=b" in script.requests[2].path, "marker=d%2F" in script.requests[3].path] == [True, True]
    assert "marker=f" in script.requests[4].path


def test_a_server_that_answers_in_the_older_way(script: Scripted, service: S3Service) -> None:
    script.answers = [listing("a", more=MORE), listing("b")]
    assert keys_of(service) == ["a", "b"]
    assert "marker=a" in script.requests[1].path


def test_a_server_that_cannot_list_at_all(script: Scripted, service: S3Service) -> None:
    script.answers = [error(501, "NotImplemented"), error(501, "NotImplemented")]
    with pytest.raises(S3UnsupportedError):
        keys_of(service)


@pytest.mark.parametrize("more", [V2_MORE.format("same"), MORE])
def test_a_listing_that_does_not_get_on_ends(script: Scripted, service: S3Service, more: str) -> None:
    script.answers = [listing("a", more=more)] * 50
    with pytest.raises(S3IntegrationError, match="same part") as caught:
        keys_of(service)
    assert caught.value.code == "ListingStuck"
    assert len(script.requests) <= 3


def test_an_empty_page_that_promises_more(script: Scripted, service: S3Service) -> None:
    script.answers = [listing(more=MORE)]
    with pytest.raises(S3IntegrationError, match="same part"):
        keys_of(service)


@pytest.mark.parametrize("body", [b"", b"<What/>", b"<Error><Code>InternalError</Code></Error>", b"<ListBucketResult>"])
def test_a_good_answer_that_is_no_listing(script: Scripted, service: S3Service, body: bytes) -> None:
    script.answers = [Answer(body=body), listing("a")]
    assert keys_of(service) == ["a"]
    script.answers = [Answer(body=body)] * 3
    with pytest.raises(S3BusyError):
        keys_of(service)


def test_a_good_answer_that_is_a_refusal(script: Scripted, service: S3Service) -> None:
    script.answers = [Answer(body=error(200, "AccessDenied").body)]
    with pytest.raises(S3AccessDeniedError) as caught:
        keys_of(service)
    assert caught.value.permission == "s3:ListBucket"


def test_a_page_to_sign_in_to_a_network(script: Scripted, service: S3Service) -> None:
    script.answers = [Answer(body=b"<html/>", headers={"Content-Type": "text/html"})] * 3
    with pytest.raises(S3ConnectionError) as caught:
        keys_of(service)
    assert caught.value.code == "NotS3"


def test_a_long_listing_far_away(script: Scripted, service: S3Service, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{number:05}" for number in range(4000)]

    def answer(request: Request) -> Answer:
        query = dict(parse_qsl(urlsplit(request.path).query))
        start = int(query.get("continuation-token") or bisect_right(names, query.get("start-after", "")))
        stop = start + min(100, int(query.get("max-keys", 100)))
        return listing(*names[start:stop], more=V2_MORE.format(stop) if stop < len(names) else "")

    monkeypatch.setattr("s3browser.s3.ranges._MIN_WAIT_S", 0.0)
    monkeypatch.setattr("s3browser.s3.ranges._MIN_WAIT_RATIO", 0.0)
    script.answers = [answer] * 200
    assert keys_of(service) == names
    assert any("start-after" in request.path and "max-keys" not in request.path for request in script.requests)


@pytest.mark.parametrize("text", ["2026-01-01T12:00:00Z", "2026-01-01T13:00:00+01:00", "2026-01-01T12:00:00",
                                  "Thu, 01 Jan 2026 12:00:00 GMT", "1767268800"])  # fmt: skip
def test_times_in_every_form(script: Scripted, service: S3Service, text: str) -> None:
    page = listing("a")
    script.answers = [Answer(body=page.body.replace(b"2026-01-01T12:00:00.000Z", text.encode()))]
    [info] = service.list_files("bucket", "")
    assert info.last_modified.isoformat() == "2026-01-01T12:00:00+00:00"


# ---------------------------------------------------------------------- multipart uploads

PARTS = [UploadedPart(1, 5, hashlib.md5(b"1").hexdigest()), UploadedPart(2, 5, hashlib.md5(b"2").hexdigest())]
WHOLE = hashlib.md5(hashlib.md5(b"1").digest() + hashlib.md5(b"2").digest()).hexdigest() + "-2"
GONE = error(404, "NoSuchUpload")
LOST = Answer(cut_at=0, length=5, reset=True)


def complete(service: S3Service) -> str:
    return service.complete_multipart("bucket", "key", "u", PARTS)


def test_a_server_that_leaves_the_etag_out(script: Scripted, service: S3Service) -> None:
    script.answers = [Answer(body=b"<CompleteMultipartUploadResult/>"), FOUND]
    assert complete(service) == "e1"


def test_a_lost_answer_is_no_failure(script: Scripted, service: S3Service) -> None:
    script.answers = [LOST, GONE, Answer(headers={**DETAILS, "ETag": f'"{WHOLE}"'}, length=10)]
    assert complete(service) == WHOLE


def test_a_refusal_whose_words_are_lost_says_enough(script: Scripted, service: S3Service) -> None:
    script.answers = [LOST, Answer(404), Answer(headers={**DETAILS, "ETag": f'"{WHOLE}"'}, length=10)]
    assert complete(service) == WHOLE


@pytest.mark.parametrize("may_abort", [True, False])
def test_what_another_upload_of_the_same_file_made_leaves_none_open(
    script: Scripted, service: S3Service, may_abort: bool
) -> None:
    made = Answer(headers={**DETAILS, "ETag": f'"{WHOLE}"'}, length=10)
    script.answers = [LOST, error(412, "PreconditionFailed"), made, Answer(204) if may_abort else DENIED]
    assert service.complete_multipart("bucket", "key", "u", PARTS, if_absent=True) == WHOLE
    assert (script.requests[-1].method, script.requests[-1].path) == ("DELETE", "/bucket/key?uploadId=u")


def test_a_lost_upload_is_a_failure(script: Scripted, service: S3Service) -> None:
    script.answers = [LOST, GONE, FOUND]
    with pytest.raises(S3FileNotFoundError) as caught:
        complete(service)
    assert caught.value.code == "NoSuchUpload"


def test_an_upload_that_never_was(script: Scripted, service: S3Service) -> None:
    script.answers = [GONE]
    with pytest.raises(S3FileNotFoundError):
        complete(service)
    assert len(script.requests) == 1


def test_an_error_in_a_good_answer(script: Scripted, service: S3Service) -> None:
    script.answers = [
        Answer(body=b"<Error><Code>InternalError</Code></Error>"),
        Answer(body=b"<CompleteMultipartUploadResult><ETag>&quot;e2&quot;</ETag></CompleteMultipartUploadResult>"),
    ]
    assert complete(service) == "e2"


# ---------------------------------------------------------------------- deleting many


def result(*failed: tuple[str, str]) -> Answer:
    errors = "".join(f"<Error><Key>{key}</Key><Code>{code}</Code></Error>" for key, code in failed)
    return Answer(body=f"<DeleteResult>{errors}</DeleteResult>".encode())


def test_single_failures_are_returned(script: Scripted, service: S3Service) -> None:
    script.answers = [result(("a", "AccessDenied"), ("b", "InternalError"), ("c", "NoSuchKey")), result()]
    [failure] = service.delete_many("bucket", ["a", "b", "c", "d"])
    assert failure.key == "a"
    assert isinstance(failure.error, S3AccessDeniedError)
    assert failure.error.resource == "arn:aws:s3:::bucket/a"
    assert script.requests[1].body.count(b"<Object>") == 1
    assert b"<Key>b</Key>" in script.requests[1].body


def test_what_stays_busy_is_returned(script: Scripted, service: S3Service) -> None:
    script.answers = [result(("b", "SlowDown"))] * 3
    [failure] = service.delete_many("bucket", ["a", "b"])
    assert failure.key == "b"
    assert isinstance(failure.error, S3BusyError)
    assert len(script.requests) == 3


def test_one_by_one_where_it_must_be(script: Scripted, service: S3Service) -> None:
    script.answers = [error(501, "NotImplemented"), Answer(204), DENIED, error(404, "NoSuchKey")]
    [failure] = service.delete_many("bucket", ["a", "b", "c"])
    assert failure.key == "b"
    assert [request.method for request in script.requests] == ["POST", "DELETE", "DELETE", "DELETE"]


def test_names_that_xml_cannot_hold_go_one_by_one(script: Scripted, service: S3Service) -> None:
    script.answers = [result(), Answer(204), Answer(204)]
    assert service.delete_many("bucket", ["a", "b\x01", "c\r\n"]) == []
    assert [request.path for request in script.requests] == ["/bucket?delete", "/bucket/b%01", "/bucket/c%0D%0A"]


def test_a_first_batch_that_fails_raises(script: Scripted, service: S3Service) -> None:
    script.answers = [DENIED]
    with pytest.raises(S3AccessDeniedError):
        service.delete_many("bucket", ["a"])


def test_a_later_batch_that_fails_tells_what_is_left(script: Scripted, service: S3Service) -> None:
    keys = [f"{number:04}" for number in range(2001)]
    script.answers = [result(("0001", "AccessDenied")), error(403, "InvalidAccessKeyId")]
    failures = service.delete_many("bucket", [*keys, "odd\x01"])
    assert [failure.key for failure in failures] == ["0001", *keys[1000:], "odd\x01"]
    assert len(script.requests) == 2


def test_one_by_one_stops_where_nothing_can_help(script: Scripted, service: S3Service) -> None:
    script.answers = [error(501, "NotImplemented"), Answer(204), error(403, "InvalidAccessKeyId")]
    failures = service.delete_many("bucket", ["a", "b", "c"])
    assert [failure.key for failure in failures] == ["b", "c"]
    assert len(script.requests) == 3


# ---------------------------------------------------------------------- secrets


def test_secrets_reach_no_log_and_no_traceback(
    script: Scripted, service: S3Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = []
    echo = f"https://h/?X-Amz-Security-Token={TOKEN}&X-Amz-Signature=abc"
    script.answers = [STORED, error(400, "Odd", echo.replace("&", "&amp;")), Answer(403), DENIED, LOST, LOST, LOST]
    put(service)
    for use in (lambda: put(service), lambda: service.head("bucket", "key"), lambda: put(service)):
        with pytest.raises(S3IntegrationError) as caught:
            use()
        shown += [repr(caught.value), caught.value.message_for_it()]
        summary = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        ours = [frame for frame in summary.stack if "s3browser/s3" in frame.filename]
        shown += [repr(frame.locals) for frame in ours]
    shown += [repr(service), repr(vars(service)), caplog.text]
    for text in shown:
        assert SECRET not in text
        assert TOKEN not in text


def test_a_quiet_logger_stays_as_it_was_set(config: S3Config) -> None:
    logger = logging.getLogger("botocore")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        service = S3Service(config)
        service._get_s3_client()
        assert logger.level == logging.WARNING
        service.close()
    finally:
        logger.setLevel(before)


def test_damaged_on_the_way_is_sent_again(script: Scripted, service: S3Service) -> None:
    script.answers = [error(400, "XAmzContentSHA256Mismatch"), STORED]
    assert put(service) == "e1"
    script.answers = [error(400, "BadDigest")] * 3
    with pytest.raises(S3IntegrityError):
        put(service)
