"""Every call of the service on moto inside this process: what comes back, and what is raised."""

import io
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from s3browser import (
    Cancelled,
    S3AccessDeniedError,
    S3ArchivedError,
    S3BucketError,
    S3Config,
    S3ConflictError,
    S3CredentialsError,
    S3FileNotFoundError,
    S3Service,
    S3UploadError,
)
from s3browser.model.entries import ListingPage, UploadedPart
from s3browser.s3.headers import from_header, multipart_etag, to_header
from s3browser.s3.session import Access, is_amazon, open_access
from s3browser.s3.translate import Call
from tests.unit.s3.conftest import BUCKET

if TYPE_CHECKING:
    from s3browser.model.store import ObjectStore

MIB = 1024 * 1024


def put(service: S3Service, key: str, data: bytes = b"data", **more: Any) -> str:
    return service.put(BUCKET, key, io.BytesIO(data), len(data), **more)


def read(service: S3Service, key: str, **more: Any) -> bytes:
    data = bytearray()
    count = service.fetch(BUCKET, key, data.extend, **more)
    assert count == len(data)
    return bytes(data)


def test_is_an_object_store(moto_service: S3Service) -> None:
    store: ObjectStore = moto_service
    assert [bucket.name for bucket in store.list_buckets()] == [BUCKET]


def test_importing_loads_no_boto3() -> None:
    code = "import sys, s3browser.s3.service; sys.exit(bool({'boto3', 'botocore', 'PySide6'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_client_is_built_once_by_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[S3Config] = []
    barrier = threading.Barrier(8)

    def build(config: S3Config, call: Call) -> Access:
        built.append(config)
        return open_access(config, call)

    monkeypatch.setattr("s3browser.s3.caller.open_access", build)
    service = S3Service(S3Config(access_key_id="a", secret_access_key="b"))

    def get(_: int) -> object:
        barrier.wait()
        return service._get_s3_client()

    with ThreadPoolExecutor(8) as pool:
        clients = set(pool.map(get, range(8)))
    assert len(clients) == len(built) == 1
    service.close()


def test_closing_twice_and_going_on(moto_service: S3Service) -> None:
    moto_service.close()
    moto_service.close()
    assert moto_service.list_buckets()


def test_the_settings_of_the_client() -> None:
    service = S3Service(
        S3Config(
            access_key_id="a", secret_access_key="b", endpoint_url="https://s3.example.org", region="eu-west-1",
            addressing_style="path", connect_timeout_s=3, read_timeout_s=4, verify=False,
        )
    )  # fmt: skip
    client = service._get_s3_client()
    config: Any = client.meta.config
    assert client.meta.endpoint_url == "https://s3.example.org"
    assert client.meta.region_name == "eu-west-1"
    assert config.retries["total_max_attempts"] == 1
    assert config.signature_version == "s3v4"
    assert (config.connect_timeout, config.read_timeout) == (3, 4)
    assert config.request_checksum_calculation == config.response_checksum_validation == "when_required"
    assert config.max_pool_connections >= 16
    assert config.s3["addressing_style"] == "path"
    service.close()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"endpoint_url": "nowhere"}, "https://"),
        ({"secret_access_key": None}, "without the secret key"),
        ({"region": "?"}, "region"),
    ],
)
def test_wrong_settings_are_told_at_the_first_call(change: dict[str, Any], word: str) -> None:
    service = S3Service(S3Config(**{"access_key_id": "a", "secret_access_key": "b", **change}))
    with pytest.raises(S3CredentialsError, match=word):
        service.list_buckets()


def test_a_profile_that_is_missing() -> None:
    with pytest.raises(S3CredentialsError, match="profile does not exist"):
        S3Service(S3Config(profile="no-such-profile")).list_buckets()


def test_a_profile_gives_keys_region_and_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    path = tmp_path / "config"
    path.write_text(
        "[profile work]\naws_access_key_id = AKPROFILE\naws_secret_access_key = x\nregion = eu-north-1\n"
        "endpoint_url = http://127.0.0.1:1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    client = S3Service(S3Config(profile="work"))._get_s3_client()
    credentials = client._request_signer._credentials  # type: ignore[attr-defined]
    assert (credentials.access_key, client.meta.region_name) == ("AKPROFILE", "eu-north-1")
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    client.close()


def test_damaged_aws_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    path = tmp_path / "config"
    path.write_text("[profile work\nregion")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    with pytest.raises(S3CredentialsError, match="AWS settings file on this computer is damaged"):
        S3Service(S3Config()).list_buckets()


def test_an_impossible_address_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://storage_1:9000")
    with pytest.raises(S3CredentialsError, match="address in the AWS settings") as caught:
        S3Service(S3Config(access_key_id="a", secret_access_key="b")).list_buckets()
    assert caught.value.code == "InvalidEndpoint"


def test_no_keys_at_all() -> None:
    with pytest.raises(S3CredentialsError) as caught:
        S3Service(S3Config(endpoint_url="http://127.0.0.1:1")).check_credentials()
    assert caught.value.code == "NoCredentials"


def test_keys_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with mock_aws():
        service = S3Service(S3Config())
        service.check_credentials()
        service.close()


def test_checking_good_keys(moto_service: S3Service) -> None:
    moto_service.check_credentials()
    moto_service._validate_credentials()


def test_amazon_tells_wrong_keys_from_missing_permissions() -> None:
    with mock_aws():
        iam = boto3.client("iam", aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
        iam.create_user(UserName="clerk")
        key = iam.create_access_key(UserName="clerk")["AccessKey"]
        granted = S3Config(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"], max_attempts=1)

        @set_initial_no_auth_action_count(0)
        def check() -> None:
            service = S3Service(granted)
            service.check_credentials()
            with pytest.raises(S3AccessDeniedError) as caught:
                service.list_buckets()
            assert caught.value.permission == "s3:ListAllMyBuckets"
            service.close()
            wrong = S3Service(S3Config(access_key_id="AKIDWRONG", secret_access_key="x", max_attempts=1))
            with pytest.raises(S3CredentialsError) as bad:
                wrong.check_credentials()
            assert bad.value.code == "InvalidAccessKeyId"
            wrong.close()

        check()


@pytest.mark.parametrize(
    ("url", "amazon"),
    [
        ("https://s3.eu-west-1.amazonaws.com", True),
        ("https://s3.cn-north-1.amazonaws.com.cn", True),
        ("https://s3.eusc-de-east-1.amazonaws.eu", True),
        ("https://amazonaws.com.example.org", False),
        ("http://127.0.0.1:9000", False),
        ("", False),
    ],
)
def test_which_server_is_amazons(url: str, amazon: bool) -> None:
    assert is_amazon(url) is amazon


# ---------------------------------------------------------------------- buckets


def test_buckets_by_name(moto_service: S3Service) -> None:
    moto_service.create_bucket("another")
    buckets = moto_service.list_buckets()
    assert [bucket.name for bucket in buckets] == ["another", BUCKET]
    assert all(bucket.created_at is not None and bucket.created_at.tzinfo is UTC for bucket in buckets)


@pytest.mark.parametrize("region", [None, "us-east-1", "eu-central-1", "ap-southeast-2"])
def test_a_bucket_in_every_region(region: str | None) -> None:
    with mock_aws():
        service = S3Service(S3Config(region=region, access_key_id="a", secret_access_key="b"))
        service._ensure_bucket_exists("new-bucket", create=True)
        location = service._get_s3_client().get_bucket_location(Bucket="new-bucket")["LocationConstraint"]
        assert location == (None if region in (None, "us-east-1") else region)
        service._ensure_bucket_exists("new-bucket", create=True)
        service.create_bucket("new-bucket")
        service.close()


def test_a_bucket_that_is_there(moto_service: S3Service) -> None:
    moto_service._ensure_bucket_exists(BUCKET)


def test_a_bucket_that_is_not_there(moto_service: S3Service) -> None:
    with pytest.raises(S3BucketError) as caught:
        moto_service._ensure_bucket_exists("no-such-bucket")
    assert caught.value.code == "NoSuchBucket"


def test_the_bucket_of_the_configuration() -> None:
    with mock_aws():
        service = S3Service(S3Config("configured", access_key_id="a", secret_access_key="b"))
        service._ensure_bucket_exists(create=True)
        assert [bucket.name for bucket in service.list_buckets()] == ["configured"]
        service.close()


def test_no_bucket_at_all(moto_service: S3Service) -> None:
    with pytest.raises(S3BucketError, match="No bucket is given"):
        moto_service._ensure_bucket_exists()


def test_a_name_that_s3_does_not_allow(moto_service: S3Service) -> None:
    with pytest.raises(S3BucketError) as caught:
        moto_service.create_bucket("bücher")
    assert caught.value.code == "InvalidBucketName"


# ---------------------------------------------------------------------- listings


def folder(service: S3Service, prefix: str) -> tuple[list[str], list[str]]:
    pages = list(service.list_folder(BUCKET, prefix))
    return [info.key for page in pages for info in page.files], [key for page in pages for key in page.folders]


def test_an_empty_bucket_has_one_page(moto_service: S3Service) -> None:
    assert list(moto_service.list_folder(BUCKET, "")) == [ListingPage((), ())]
    assert list(moto_service.list_files(BUCKET, "")) == []


def test_a_folder(moto_service: S3Service) -> None:
    for key in ("a/", "a/b.txt", "a/c/d.txt", "e.txt"):
        put(moto_service, key)
    assert folder(moto_service, "") == (["e.txt"], ["a/"])
    assert folder(moto_service, "a/") == (["a/b.txt"], ["a/c/"])
    assert [info.key for info in moto_service.list_files(BUCKET, "a/")] == ["a/", "a/b.txt", "a/c/d.txt"]


def test_awkward_keys_are_reached(moto_service: S3Service) -> None:
    keys = [
        "/lead",
        "a//b",
        "a/../c",
        "%41",
        "a+b c",
        "ü 日本 😀",
        "\x01ctl",
        "&<>\"'",
        "x\\y",
        "tilde~*()",
    ]
    for key in keys:
        put(moto_service, key, key.encode())
    assert sorted(info.key for info in moto_service.list_files(BUCKET, "")) == sorted(keys)
    for key in keys:
        assert read(moto_service, key) == key.encode()
        assert moto_service.head(BUCKET, key).key == key
    assert folder(moto_service, "/") == (["/lead"], [])
    assert folder(moto_service, "a/") == ([], ["a/../", "a//"])
    assert folder(moto_service, "a//") == (["a//b"], [])
    assert moto_service.delete_many(BUCKET, keys) == []
    assert list(moto_service.list_files(BUCKET, "")) == []


def test_more_than_a_page(moto_service: S3Service) -> None:
    for number in range(1001):
        moto_service._get_s3_client().put_object(Bucket=BUCKET, Key=f"many/{number:04}")
    assert [len(page.files) for page in moto_service.list_folder(BUCKET, "many/")] == [1000, 1]
    assert len(list(moto_service.list_files(BUCKET, "many/"))) == 1001
    assert moto_service.delete_many(BUCKET, [f"many/{number:04}" for number in range(1001)]) == []
    assert list(moto_service.list_files(BUCKET, "")) == []


def test_what_a_listing_tells(moto_service: S3Service) -> None:
    etag = put(moto_service, "a.txt", b"hello")
    [info] = moto_service.list_files(BUCKET, "")
    assert (info.key, info.size, info.etag, info.storage_class) == ("a.txt", 5, etag, "STANDARD")
    assert info.last_modified.tzinfo is UTC


def test_a_listing_stops_between_pages(moto_service: S3Service) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        next(moto_service.list_folder(BUCKET, "", cancel=cancel))
    with pytest.raises(Cancelled):
        next(moto_service.list_files(BUCKET, "", cancel=cancel))


# ---------------------------------------------------------------------- objects


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 5000])
def test_a_round_trip(moto_service: S3Service, data: bytes) -> None:
    etag = put(moto_service, "a.bin", data)
    assert read(moto_service, "a.bin") == data
    assert read(moto_service, "a.bin", if_match=etag) == data


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [(0, None, b"0123456789"), (3, None, b"3456789"), (3, 5, b"34"), (0, 1, b"0"), (8, 99, b"89"), (10, None, b""),
     (99, None, b""), (5, 5, b""), (7, 3, b"")],
)  # fmt: skip
def test_a_piece(moto_service: S3Service, start: int, stop: int | None, expected: bytes) -> None:
    put(moto_service, "ten", b"0123456789")
    assert read(moto_service, "ten", start=start, stop=stop) == expected


def test_a_piece_of_nothing(moto_service: S3Service) -> None:
    put(moto_service, "empty", b"")
    assert read(moto_service, "empty", start=0, stop=10) == b""


def test_only_the_expected_object(moto_service: S3Service) -> None:
    put(moto_service, "a.txt")
    with pytest.raises(S3ConflictError):
        read(moto_service, "a.txt", if_match="0" * 32)


@pytest.mark.parametrize(
    "more",
    [
        {"metadata": {"name": "line\nend"}},
        {"metadata": {"name": "half\ud800"}},
        {"metadata": {"näme": "value"}},
        {"metadata": {"two words": "value"}},
        {"metadata": {"": "value"}},
        {"content_type": "text/plain\r\nx-amz-acl: public-read"},
        {"content_type": "text/ü"},
    ],
)
def test_what_no_header_can_hold(moto_service: S3Service, more: dict[str, Any]) -> None:
    with pytest.raises(S3UploadError) as caught:
        put(moto_service, "a.txt", b"hello", **more)
    assert caught.value.code == "BadMetadata"
    with pytest.raises(S3UploadError):
        moto_service.create_multipart(BUCKET, "a.txt", **more)


def test_details(moto_service: S3Service) -> None:
    metadata = {"author": "Zoë Ångström 日本 " * 20, "plain": "a=b"}
    etag = put(moto_service, "a.txt", b"hello", content_type="text/plain; charset=utf-8", metadata=metadata)
    details = moto_service.head(BUCKET, "a.txt")
    assert (details.size, details.etag, details.content_type) == (5, etag, "text/plain; charset=utf-8")
    assert dict(details.metadata) == {"author": metadata["author"], "plain": "a=b"}
    assert details.last_modified.tzinfo is UTC


def test_details_of_checksum_and_encryption(moto_service: S3Service) -> None:
    moto_service._get_s3_client().put_object(
        Bucket=BUCKET, Key="a", Body=b"hello", ChecksumAlgorithm="SHA256", ServerSideEncryption="AES256"
    )
    details = moto_service.head(BUCKET, "a")
    assert dict(details.checksums) == {"SHA256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="}
    assert details.encryption == "AES256"


def test_an_upload_in_parts(moto_service: S3Service) -> None:
    upload = moto_service.create_multipart(BUCKET, "big", content_type="image/png", metadata={"a": "ä"})
    data = [b"a" * 5 * MIB, b"b" * 10]
    parts = [
        moto_service.put_part(BUCKET, "big", upload, number, io.BytesIO(piece), len(piece))
        for number, piece in enumerate(data, 1)
    ]
    assert [(part.number, part.size) for part in parts] == [(1, 5 * MIB), (2, 10)]
    etag = moto_service.complete_multipart(BUCKET, "big", upload, parts)
    details = moto_service.head(BUCKET, "big")
    assert etag == details.etag == multipart_etag(parts)
    assert (details.size, details.content_type, dict(details.metadata)) == (5 * MIB + 10, "image/png", {"a": "ä"})
    assert read(moto_service, "big", start=5 * MIB - 1) == b"a" + data[1]


def test_giving_up_an_upload_twice(moto_service: S3Service) -> None:
    upload = moto_service.create_multipart(BUCKET, "big")
    moto_service.abort_multipart(BUCKET, "big", upload)
    moto_service.abort_multipart(BUCKET, "big", upload)


def test_deleting_twice(moto_service: S3Service) -> None:
    put(moto_service, "a")
    moto_service.delete(BUCKET, "a")
    moto_service.delete(BUCKET, "a")
    assert moto_service.delete_many(BUCKET, ["a", "b\x02"]) == []
    assert moto_service.delete_many(BUCKET, []) == []


def test_a_missing_file_and_a_missing_bucket_are_told_apart(moto_service: S3Service) -> None:
    fresh = S3Service(moto_service.config)
    with pytest.raises(S3FileNotFoundError):
        fresh.head(BUCKET, "none")
    with pytest.raises(S3BucketError):
        fresh.head("no-such-bucket", "none")
    fresh.close()


@pytest.mark.parametrize(
    "use",
    [
        lambda s: s.head("no-such-bucket", "k"),
        lambda s: s.fetch("no-such-bucket", "k", bytes),
        lambda s: s.put("no-such-bucket", "k", io.BytesIO(b"x"), 1),
        lambda s: s.create_multipart("no-such-bucket", "k"),
        lambda s: s.delete("no-such-bucket", "k"),
        lambda s: s.delete_many("no-such-bucket", ["k"]),
        lambda s: next(s.list_folder("no-such-bucket", "")),
        lambda s: next(s.list_files("no-such-bucket", "k/")),
    ],
)
def test_no_such_bucket(moto_service: S3Service, use: Callable[[S3Service], object]) -> None:
    with pytest.raises(S3BucketError) as caught:
        use(moto_service)
    assert caught.value.code == "NoSuchBucket"


def test_no_such_key(moto_service: S3Service) -> None:
    with pytest.raises(S3FileNotFoundError) as caught:
        read(moto_service, "none")
    assert caught.value.title == "Couldn’t download none"


def test_an_archived_object(moto_service: S3Service) -> None:
    moto_service._get_s3_client().put_object(Bucket=BUCKET, Key="cold", Body=b"x", StorageClass="GLACIER")
    with pytest.raises(S3ArchivedError):
        read(moto_service, "cold")
    assert moto_service.head(BUCKET, "cold").storage_class == "GLACIER"


def test_a_body_that_ends_early(moto_service: S3Service) -> None:
    with pytest.raises(S3UploadError) as caught:
        moto_service.put(BUCKET, "short", io.BytesIO(b"abc"), 4)
    assert caught.value.code == "Changed"
    assert list(moto_service.list_files(BUCKET, "")) == []


def test_a_body_that_is_longer_is_cut(moto_service: S3Service) -> None:
    moto_service.put(BUCKET, "long", io.BytesIO(b"abcdef"), 4)
    assert read(moto_service, "long") == b"abcd"


def test_a_body_is_read_from_its_start(moto_service: S3Service) -> None:
    body = io.BytesIO(b"abcd")
    body.seek(3)
    moto_service.put(BUCKET, "a", body, 4)
    assert read(moto_service, "a") == b"abcd"
    assert not body.closed


def test_what_the_writer_raises_comes_out(moto_service: S3Service) -> None:
    put(moto_service, "a")
    full = OSError(28, "No space left on device")
    calls: list[int] = []

    def write(piece: bytes | memoryview) -> None:
        calls.append(len(piece))
        raise full

    with pytest.raises(OSError, match="No space") as caught:
        moto_service.fetch(BUCKET, "a", write)
    assert caught.value is full
    assert len(calls) == 1


@pytest.mark.parametrize(
    "use",
    [
        lambda s, c: s.put(BUCKET, "a", io.BytesIO(b"x"), 1, cancel=c),
        lambda s, c: s.fetch(BUCKET, "there", bytes, cancel=c),
        lambda s, c: s.create_multipart(BUCKET, "a", cancel=c),
        lambda s, c: s.delete_many(BUCKET, ["there"], cancel=c),
        lambda s, c: s.delete_many(BUCKET, ["there\x01"], cancel=c),
    ],
)
def test_cancelled_before_it_begins(moto_service: S3Service, use: Callable[[S3Service, object], object]) -> None:
    put(moto_service, "there")
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        use(moto_service, cancel)
    assert [info.key for info in moto_service.list_files(BUCKET, "")] == ["there"]


def test_an_upload_is_cancelled_while_it_is_read(moto_service: S3Service) -> None:
    cancel = threading.Event()

    class Body(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            cancel.set()
            return super().read(size)

    with pytest.raises(Cancelled):
        moto_service.put(BUCKET, "a", Body(bytes(3 * MIB)), 3 * MIB, cancel=cancel)
    assert list(moto_service.list_files(BUCKET, "")) == []


def test_legacy_bucket_names_are_opened(moto_service: S3Service) -> None:
    moto_service._get_s3_client().create_bucket(Bucket="Old_Bucket.Name")
    moto_service.put("Old_Bucket.Name", "k", io.BytesIO(b"x"), 1)
    assert [info.key for info in moto_service.list_files("Old_Bucket.Name", "")] == ["k"]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=200))
def test_metadata_travels_in_headers(text: str) -> None:
    header = to_header(text)
    assert header.isascii()
    assert "\n" not in header
    if not text.isascii():
        assert from_header(header) == text


@pytest.mark.parametrize("text", ["plain", "=?no-such-charset?Q?x?=", "=?utf-8?B?%%%?=", "a=?b"])
def test_headers_of_others_survive(text: str) -> None:
    assert isinstance(from_header(text), str)


def test_an_etag_that_is_no_sum() -> None:
    assert multipart_etag([UploadedPart(1, 1, "not-hex")]) is None
