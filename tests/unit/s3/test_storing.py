"""Checksums, conditions and lost answers of uploads, with servers of every age."""

import base64
import hashlib
import io
from collections.abc import Mapping
from dataclasses import replace

import pytest
from awscrt.checksums import crc64nvme

from s3browser import S3Config, S3ConflictError, S3IntegrityError, S3Service, S3UnsupportedError
from s3browser.exceptions import S3ConnectionError, S3IntegrationError
from s3browser.model.entries import UploadedPart
from s3browser.s3.checksums import combined, encoded
from tests.unit.s3.scripted import Answer, Request, Scripted, error

DATA = b"what is stored"
MD5 = hashlib.md5(DATA).hexdigest()
CONTENT_MD5 = base64.b64encode(hashlib.md5(DATA).digest()).decode()
CRC = encoded(crc64nvme(DATA))
CRC_HEADER = "x-amz-checksum-crc64nvme"
OLD = Answer(headers={"ETag": f'"{MD5}"'})
NEW = Answer(headers={"ETag": f'"{MD5}"', CRC_HEADER: CRC})
NOT_HERE = error(501, "NotImplemented")
ODD = error(400, "InvalidArgument")
EXISTS = error(412, "PreconditionFailed")
LOST = Answer(cut_at=0, length=5, reset=True)
BUSY = error(503, "SlowDown")


def put(service: S3Service, data: bytes = DATA, **more: bool) -> str:
    return service.put("bucket", "key", io.BytesIO(data), len(data), **more)  # type: ignore[arg-type]


def sums_of(script: Scripted) -> list[str]:
    """Which checksums each request had."""
    return [
        "+".join(name for name, header in (("crc", CRC_HEADER), ("md5", "content-md5")) if header in request.headers)
        for request in script.requests
    ]


# ---------------------------------------------------------------------- which checksum


def test_a_new_server_is_sent_both(script: Scripted, service: S3Service) -> None:
    script.answers = [NEW, NEW]
    assert not service.keeps_checksums("bucket")
    assert put(service) == put(service) == MD5
    assert service.keeps_checksums("bucket")
    assert sums_of(script) == ["crc+md5", "crc"]
    assert script.requests[0].headers["content-md5"] == CONTENT_MD5
    assert script.requests[1].headers[CRC_HEADER] == CRC


def test_a_server_that_does_not_repeat_it_gets_md5(script: Scripted, service: S3Service) -> None:
    script.answers = [OLD, OLD]
    assert put(service) == put(service) == MD5
    assert not service.keeps_checksums("bucket")
    assert sums_of(script) == ["crc+md5", "md5"]


@pytest.mark.parametrize("refusal", [NOT_HERE, ODD])
def test_a_server_that_refuses_it_gets_md5(script: Scripted, service: S3Service, refusal: Answer) -> None:
    script.answers = [refusal, OLD, OLD]
    put(service)
    put(service)
    assert sums_of(script) == ["crc+md5", "md5", "md5"]


def test_a_refusal_for_another_reason_teaches_nothing(script: Scripted, service: S3Service) -> None:
    script.answers = [NOT_HERE, NOT_HERE, NEW]
    with pytest.raises(S3UnsupportedError):
        put(service)
    put(service)
    assert sums_of(script) == ["crc+md5", "md5", "crc+md5"]


def test_a_server_that_is_known_is_not_doubted(script: Scripted, service: S3Service) -> None:
    script.answers = [NEW, ODD]
    put(service)
    with pytest.raises(S3IntegrationError):
        put(service)
    assert sums_of(script) == ["crc+md5", "crc"]


def test_nothing_is_learnt_from_nothing(script: Scripted, service: S3Service) -> None:
    script.answers = [Answer(headers={"ETag": '"e"'})]
    put(service, b"")
    assert sums_of(script) == [""]
    assert not service.keeps_checksums("bucket")


# ---------------------------------------------------------------------- what is stored is what was sent


@pytest.mark.parametrize(
    "wrong", [{"ETag": '"' + "0" * 32 + '"'}, {"ETag": f'"{MD5}"', CRC_HEADER: encoded(5)}, {CRC_HEADER: encoded(5)}]
)
def test_another_sum_is_sent_again_once(script: Scripted, service: S3Service, wrong: Mapping[str, str]) -> None:
    script.answers = [Answer(headers=wrong), NEW]
    assert put(service) == MD5
    script.answers = [Answer(headers={**wrong, CRC_HEADER: encoded(5)})] * 9
    with pytest.raises(S3IntegrityError, match="not what was sent") as caught:
        put(service)
    assert caught.value.code == "ContentDiffers"
    assert len(script.requests) == 4


@pytest.mark.parametrize(
    ("bucket", "headers"),
    [
        ("bucket", {"ETag": '"no-sum"'}),
        ("bucket", {"ETag": '"' + "0" * 32 + '"', "x-amz-server-side-encryption": "aws:kms"}),
        ("bucket", {"ETag": '"' + "0" * 32 + '"', "x-amz-server-side-encryption-customer-algorithm": "AES256"}),
    ],
)
def test_an_etag_that_is_no_md5(script: Scripted, service: S3Service, bucket: str, headers: Mapping[str, str]) -> None:
    script.answers = [Answer(headers=headers)]
    assert service.put(bucket, "key", io.BytesIO(DATA), len(DATA)) == headers["ETag"].strip('"')


def test_an_encrypted_object_whose_etag_is_the_md5_is_compared(script: Scripted, service: S3Service) -> None:
    script.answers = [Answer(headers={"ETag": '"' + "0" * 32 + '"', "x-amz-server-side-encryption": "AES256"})] * 2
    with pytest.raises(S3IntegrityError):
        put(service)


def test_a_page_to_sign_in_to_the_network(script: Scripted, service: S3Service) -> None:
    script.answers = [Answer(body=b"<html>Welcome!</html>", headers={"Content-Type": "text/html"})] * 3
    with pytest.raises(S3ConnectionError) as caught:
        put(service)
    assert caught.value.code == "NotS3"


# ---------------------------------------------------------------------- only if nothing is there


def conditions_of(script: Scripted) -> list[str | None]:
    return [request.headers.get("if-none-match") for request in script.requests if request.method != "HEAD"]


def test_what_is_there_stays(script: Scripted, service: S3Service) -> None:
    script.answers = [EXISTS]
    with pytest.raises(S3ConflictError):
        put(service, if_absent=True)
    assert conditions_of(script) == ["*"]


def test_without_being_asked_there_is_no_condition(script: Scripted, service: S3Service) -> None:
    script.answers = [NEW]
    put(service)
    assert conditions_of(script) == [None]


def test_a_server_that_knows_no_conditions(script: Scripted, service: S3Service) -> None:
    script.answers = [NOT_HERE, NOT_HERE, OLD, OLD]
    put(service, if_absent=True)
    put(service, if_absent=True)
    assert conditions_of(script) == ["*", "*", None, None]
    assert sums_of(script) == ["crc+md5", "md5", "md5", "crc+md5"]


def test_a_condition_is_kept_where_only_the_checksum_is_refused(script: Scripted, service: S3Service) -> None:
    script.answers = [NOT_HERE, OLD]
    put(service, if_absent=True)
    assert conditions_of(script) == ["*", "*"]


def found(etag: str = MD5, size: int = len(DATA), **headers: str) -> Answer:
    about = {"ETag": f'"{etag}"', "Last-Modified": "Thu, 01 Jan 2026 12:00:00 GMT"}
    about |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(headers=about, length=size)


@pytest.mark.parametrize("trouble", [LOST, error(500, "InternalError"), Answer(200, cut_at=0, length=9)])
@pytest.mark.parametrize("head", [found(), found("e", x_amz_checksum_crc64nvme=CRC)])
def test_our_own_object_is_no_conflict(script: Scripted, service: S3Service, trouble: Answer, head: Answer) -> None:
    script.answers = [trouble, EXISTS, head]
    assert put(service, if_absent=True) == head.headers["ETag"].strip('"')


@pytest.mark.parametrize(
    "head", [found(size=5), found("0" * 32), found(x_amz_checksum_crc64nvme=encoded(5)), found("e")]
)
def test_the_object_of_somebody_else_is(script: Scripted, service: S3Service, head: Answer) -> None:
    script.answers = [LOST, EXISTS, head]
    with pytest.raises(S3ConflictError):
        put(service, if_absent=True)


def test_two_at_the_same_time(script: Scripted, service: S3Service) -> None:
    script.answers = [error(409, "ConditionalRequestConflict"), NEW]
    assert put(service, if_absent=True) == MD5


def test_a_line_that_had_rested_may_have_brought_it(script: Scripted, service: S3Service) -> None:
    def hang_up(request: Request) -> Answer:
        raise ConnectionError  # without a byte

    script.answers = [NEW, hang_up, EXISTS, found()]
    put(service)
    assert put(service, if_absent=True) == MD5


# ---------------------------------------------------------------------- progress and pace


def test_progress_is_told(script: Scripted, service: S3Service) -> None:
    told: list[int] = []
    data = bytes(600_000)
    script.answers = [BUSY, Answer(headers={"ETag": '"e"'})]
    service.put("bucket", "key", io.BytesIO(data), len(data), on_sent=told.append)
    assert told == [262144, 524288, 600000] * 2


def test_a_busy_server_is_asked_less_at_a_time(script: Scripted, service: S3Service) -> None:
    script.answers = [BUSY, NEW]
    before = service._caller.pace.limit
    put(service)
    assert service._caller.pace.limit == before // 2


def test_a_busy_listing_counts_too(script: Scripted, service: S3Service) -> None:
    script.answers = [BUSY, Answer(body=b"<ListBucketResult/>")]
    before = service._caller.pace.limit
    assert list(service.list_files("bucket", "")) == []
    assert service._caller.pace.limit == before // 2


# ---------------------------------------------------------------------- parts


def part(number: int, data: bytes, *, kept: bool = True) -> UploadedPart:
    return UploadedPart(number, len(data), hashlib.md5(data).hexdigest(), encoded(crc64nvme(data)) if kept else "")


def test_a_part_tells_its_sums(script: Scripted, service: S3Service) -> None:
    script.answers = [NEW, NEW, OLD]
    expected = UploadedPart(3, len(DATA), MD5, CRC)
    for _ in range(2):
        assert service.put_part("bucket", "key", "u", 3, io.BytesIO(DATA), len(DATA)) == expected
    assert service.put_part("bucket", "key", "u", 3, io.BytesIO(DATA), len(DATA)) == replace(expected, crc64nvme="")


def test_sums_are_combined() -> None:
    parts = [part(1, b"a" * 1000), part(2, b""), part(3, b"bc")]
    assert combined(parts) == encoded(crc64nvme(b"a" * 1000 + b"bc"))
    assert combined([*parts, part(4, b"x", kept=False)]) == ""


def created(upload_id: str = "u") -> Answer:
    return Answer(
        body=f"<InitiateMultipartUploadResult><UploadId>{upload_id}</UploadId></InitiateMultipartUploadResult>".encode()
    )


def test_an_upload_is_opened_for_checksums(script: Scripted, service: S3Service) -> None:
    script.answers = [created()]
    assert service.create_multipart("bucket", "key") == "u"
    headers = script.requests[0].headers
    assert (headers["x-amz-checksum-algorithm"], headers["x-amz-checksum-type"]) == ("CRC64NVME", "FULL_OBJECT")


@pytest.mark.parametrize("refusal", [NOT_HERE, ODD])
def test_an_upload_where_checksums_are_refused(script: Scripted, service: S3Service, refusal: Answer) -> None:
    script.answers = [refusal, created(), created()]
    service.create_multipart("bucket", "key")
    service.create_multipart("bucket", "key")
    assert ["x-amz-checksum-type" in request.headers for request in script.requests] == [True, False, False]


def test_an_upload_that_is_refused(script: Scripted, service: S3Service) -> None:
    script.answers = [error(403, "AccessDenied")]
    with pytest.raises(S3IntegrationError):
        service.create_multipart("bucket", "key")
    assert len(script.requests) == 1


PARTS = [part(1, b"a" * 10), part(2, b"b")]
WHOLE = hashlib.md5(b"".join(bytes.fromhex(one.etag) for one in PARTS)).hexdigest() + "-2"


def completed(crc: str = "") -> Answer:
    more = f"<ChecksumCRC64NVME>{crc}</ChecksumCRC64NVME>" if crc else ""
    text = f"<CompleteMultipartUploadResult><ETag>&quot;{WHOLE}&quot;</ETag>{more}</CompleteMultipartUploadResult>"
    return Answer(body=text.encode())


def complete(service: S3Service, parts: list[UploadedPart] = PARTS, **more: bool) -> str:
    return service.complete_multipart("bucket", "key", "u", parts, **more)


def test_the_whole_has_a_checksum(script: Scripted, service: S3Service) -> None:
    script.answers = [completed(combined(PARTS))]
    assert complete(service) == WHOLE
    assert script.requests[0].headers[CRC_HEADER] == combined(PARTS)
    assert script.requests[0].body.count(b"<ChecksumCRC64NVME>") == 2


def test_the_whole_has_none_if_a_part_has_none(script: Scripted, service: S3Service) -> None:
    script.answers = [completed()]
    assert complete(service, [PARTS[0], part(2, b"b", kept=False)]) == WHOLE
    assert CRC_HEADER not in script.requests[0].headers
    assert b"Checksum" not in script.requests[0].body


def test_what_was_joined_is_something_else(script: Scripted, service: S3Service) -> None:
    script.answers = [completed(encoded(5))]
    with pytest.raises(S3IntegrityError):
        complete(service)


def test_joining_only_if_nothing_is_there(script: Scripted, service: S3Service) -> None:
    script.answers = [completed(), EXISTS]
    complete(service, if_absent=True)
    with pytest.raises(S3ConflictError):
        complete(service, if_absent=True)
    assert conditions_of(script) == ["*", "*"]


def test_joining_where_conditions_are_unknown(script: Scripted, service: S3Service) -> None:
    script.answers = [NOT_HERE, completed(), completed(), NOT_HERE]
    complete(service, if_absent=True)
    complete(service, if_absent=True)
    with pytest.raises(S3UnsupportedError):
        complete(service, if_absent=True)
    assert conditions_of(script) == ["*", None, None, None]


@pytest.mark.parametrize("head", [found(WHOLE, 11), found("other", 11, x_amz_checksum_crc64nvme=combined(PARTS))])
def test_what_an_earlier_attempt_joined_is_no_conflict(script: Scripted, service: S3Service, head: Answer) -> None:
    script.answers = [LOST, EXISTS, head]
    assert complete(service, if_absent=True) == head.headers["ETag"].strip('"')


@pytest.mark.parametrize("head", [found("other", 11), found(WHOLE, 5)])
def test_what_somebody_else_joined_is(script: Scripted, service: S3Service, head: Answer) -> None:
    script.answers = [LOST, EXISTS, head]
    with pytest.raises(S3ConflictError):
        complete(service, if_absent=True)


# ---------------------------------------------------------------------- what is under way


def parts_page(*numbers: int, more: str = "") -> Answer:
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><Size>7</Size><ETag>&quot;e{number}&quot;</ETag></Part>"
        for number in numbers
    )
    return Answer(body=f"<ListPartsResult>{more}{parts}</ListPartsResult>".encode())


MORE = "<IsTruncated>true</IsTruncated>"


def test_every_page_of_parts(script: Scripted, service: S3Service) -> None:
    script.answers = [
        parts_page(2, 1, more=f"{MORE}<NextPartNumberMarker>2</NextPartNumberMarker>"),
        parts_page(3, more=MORE),
        parts_page(4),
    ]
    assert [part.number for part in service.list_parts("bucket", "key", "u")] == [1, 2, 3, 4]
    assert ["part-number-marker=2" in script.requests[1].path, "part-number-marker=3" in script.requests[2].path] == [
        True,
        True,
    ]


def test_parts_that_do_not_get_on(script: Scripted, service: S3Service) -> None:
    script.answers = [parts_page(1, more=MORE)] * 9
    with pytest.raises(S3IntegrationError) as caught:
        service.list_parts("bucket", "key", "u")
    assert caught.value.code == "ListingStuck"
    assert len(script.requests) == 2


def uploads_page(*keys: str, more: str = "") -> Answer:
    uploads = "".join(
        f"<Upload><Key>{key}</Key><UploadId>{number}</UploadId>"
        f"<Initiated>2026-01-0{9 - number}T12:00:00Z</Initiated></Upload>"
        for number, key in enumerate(keys)
    )
    return Answer(body=f"<ListMultipartUploadsResult>{more}{uploads}</ListMultipartUploadsResult>".encode())


def next_upload(key: str, upload_id: str = "") -> str:
    return f"{MORE}<NextKeyMarker>{key}</NextKeyMarker><NextUploadIdMarker>{upload_id}</NextUploadIdMarker>"


def test_every_page_of_uploads(script: Scripted, service: S3Service) -> None:
    script.answers = [
        uploads_page("b/2", "b/1", "b/1", "other", more=next_upload("b/1", "x")),
        uploads_page("b/3", more=next_upload("b/3")),
        uploads_page("b/%C3%BC%0A", more="<EncodingType>url</EncodingType>"),
    ]
    uploads = list(service.list_uploads("bucket", "b/"))
    assert [(upload.key, upload.upload_id) for upload in uploads] == [
        ("b/1", "2"),
        ("b/1", "1"),
        ("b/2", "0"),
        ("b/3", "0"),
        ("b/ü\n", "0"),
    ]
    assert "upload-id-marker=x" in script.requests[1].path
    assert "upload-id-marker" not in script.requests[2].path


@pytest.mark.parametrize("amazon", [False, True])
def test_names_are_escaped_only_where_they_are_unescaped_for_certain(
    script: Scripted, service: S3Service, monkeypatch: pytest.MonkeyPatch, amazon: bool
) -> None:
    monkeypatch.setattr("s3browser.s3.multipart.is_amazon", lambda url: amazon)
    script.answers = [uploads_page()]
    assert list(service.list_uploads("bucket")) == []
    assert ("encoding-type=url" in script.requests[0].path) is amazon


@pytest.mark.parametrize("more", [next_upload("b/1", "x"), MORE])
def test_uploads_that_do_not_get_on(script: Scripted, service: S3Service, more: str) -> None:
    script.answers = [uploads_page("b/1", more=more)] * 9
    with pytest.raises(S3IntegrationError) as caught:
        list(service.list_uploads("bucket"))
    assert caught.value.code == "ListingStuck"


def test_a_server_that_cannot_tell(script: Scripted, service: S3Service) -> None:
    script.answers = [NOT_HERE]
    with pytest.raises(S3UnsupportedError):
        list(service.list_uploads("bucket"))


# ---------------------------------------------------------------------- keys that expire


def test_fixed_keys_are_not_renewed(script: Scripted, service: S3Service) -> None:
    script.answers = [error(400, "ExpiredToken"), NEW]
    with pytest.raises(S3IntegrationError):
        put(service)
    assert len(script.requests) == 1


def test_keys_that_can_be_renewed_are_once(script: Scripted, config: S3Config, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.credentials import RefreshableCredentials

    count = 0

    def renew() -> dict[str, str]:
        nonlocal count
        count += 1
        return {
            "access_key": f"AKID{count}",
            "secret_key": "s",
            "token": f"t{count}",
            "expiry_time": "2999-01-01T00:00:00Z",
        }

    monkeypatch.setattr(
        "boto3.Session.get_credentials",
        lambda session: RefreshableCredentials.create_from_metadata(renew(), renew, "x"),
    )
    service = S3Service(config)
    script.answers = [error(400, "ExpiredToken"), NEW, error(400, "ExpiredToken"), error(400, "ExpiredToken")]
    assert put(service) == MD5
    used = [request.headers["authorization"].partition("Credential=")[2][:5] for request in script.requests]
    assert used == ["AKID1", "AKID2"]
    with pytest.raises(S3IntegrationError):
        put(service)
    assert len(script.requests) == 4
    service.close()
