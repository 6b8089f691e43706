"""Where requests go, in every style of address, and through which proxy."""

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from s3browser import S3Config, S3CredentialsError, S3Service
from s3browser.exceptions import S3BucketError
from s3browser.s3.caller import Caller
from s3browser.s3.endpoints import Endpoint, Endpoints
from s3browser.s3.translate import Call
from tests.awkward import AWKWARD_KEYS
from tests.unit.s3.conftest import SECRET, TOKEN
from tests.unit.s3.scripted import Answer, Scripted, scripted_server

STORED = Answer(headers={"ETag": '"e1"'})


def resolve(bucket: str = "bucket", **settings: Any) -> Endpoint:
    config = S3Config(**{"access_key_id": "AKID", "secret_access_key": "s", **settings})
    endpoints = Endpoints(Caller(config))
    endpoint = endpoints.of(Call("upload", bucket, "key"))
    assert endpoints.of(Call("upload", bucket, "other")) is endpoint
    return endpoint


def target(endpoint: Endpoint) -> str:
    return bytes(endpoint.request("GET", "a b", "", {})).decode().split(" HTTP/1.1")[0]


@pytest.mark.parametrize(
    ("settings", "bucket", "host", "port", "path", "region"),
    [
        ({"region": "eu-west-1"}, "bucket", "bucket.s3.eu-west-1.amazonaws.com", 443, "/a%20b", "eu-west-1"),
        ({"region": "eu-west-1"}, "dots.in.it", "s3.eu-west-1.amazonaws.com", 443, "/dots.in.it/a%20b", "eu-west-1"),
        ({}, "bucket", "bucket.s3.amazonaws.com", 443, "/a%20b", "us-east-1"),
        ({"endpoint_url": "http://h:9000/base"}, "bucket", "h:9000", 9000, "/base/bucket/a%20b", "us-east-1"),
        ({"endpoint_url": "http://h", "addressing_style": "path"}, "bucket", "h", 80, "/bucket/a%20b", "us-east-1"),
        ({"endpoint_url": "https://h:443", "addressing_style": "path"}, "b0t", "h", 443, "/b0t/a%20b", "us-east-1"),
        (
            {"endpoint_url": "https://s3.example.org", "addressing_style": "virtual"},
            "bucket", "bucket.s3.example.org", 443, "/a%20b", "us-east-1",
        ),
        ({"endpoint_url": "http://[::1]:9000"}, "bucket", "[::1]:9000", 9000, "/bucket/a%20b", "us-east-1"),
        (
            {"region": "eu-west-1"}, "arn:aws:s3:us-west-2:123456789012:accesspoint/mine",
            "mine-123456789012.s3-accesspoint.us-west-2.amazonaws.com", 443, "/a%20b", "us-west-2",
        ),
    ],
)  # fmt: skip
def test_every_style(settings: dict[str, Any], bucket: str, host: str, port: int, path: str, region: str) -> None:
    endpoint = resolve(bucket, **settings)
    assert endpoint.host == host
    assert (endpoint.route.host, endpoint.route.port) == (urlsplit(f"//{host}").hostname, port)
    assert target(endpoint) == f"GET {path}"
    assert f"/{region}/s3/aws4_request" in bytes(endpoint.request("GET", "k", "", {})).decode()


def test_buckets_of_one_server_share_its_lines() -> None:
    endpoints = Endpoints(Caller(S3Config(access_key_id="a", secret_access_key="b", endpoint_url="http://127.0.0.1:1")))
    assert endpoints.of(Call("upload", "one", "k")).route is endpoints.of(Call("upload", "two", "k")).route


def test_no_keys() -> None:
    with pytest.raises(S3CredentialsError) as caught:
        resolve(access_key_id=None, secret_access_key=None)
    assert (caught.value.code, caught.value.operation) == ("NoCredentials", "upload")


def test_no_bucket_can_have_this_name() -> None:
    with pytest.raises(S3BucketError) as caught:
        resolve("no bucket")
    assert caught.value.code == "InvalidBucketName"


def test_the_profile_and_the_environment_are_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://from-the-environment:1234")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    endpoint = resolve(access_key_id=None, secret_access_key=None)
    assert endpoint.host == "from-the-environment:1234"
    assert b"Credential=AKENV/" in bytes(endpoint.request("GET", "k", "", {}))


@pytest.mark.parametrize("name", AWKWARD_KEYS)
def test_boto3_would_send_the_same_path(script: Scripted, service: S3Service, name: str) -> None:
    script.answers = [STORED, STORED]
    service.put("bucket", AWKWARD_KEYS[name], io.BytesIO(b"x"), 1)
    service._get_s3_client().put_object(Bucket="bucket", Key=AWKWARD_KEYS[name], Body=b"x")
    ours, boto3s = script.requests
    assert ours.path == boto3s.path
    assert ours.headers["host"] == boto3s.headers["host"]


# ---------------------------------------------------------------------- proxies and trust


@pytest.fixture
def proxy() -> Iterator[Scripted]:
    with scripted_server() as server:
        yield server


def test_a_proxy_of_the_environment(
    script: Scripted, proxy: Scripted, config: S3Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy.url.replace("http://", "http://me:pr0xy-sEcReT@"))
    service = S3Service(config)
    proxy.answers = [STORED]
    assert service.put("bucket", "a b", io.BytesIO(b"x"), 1) == "e1"
    [request] = proxy.requests
    assert request.path == f"{script.url}/bucket/a%20b"
    assert request.headers["host"] == script.url.removeprefix("http://")
    assert request.headers["proxy-authorization"].startswith("Basic ")
    assert "proxy-authorization" not in request.headers["authorization"]
    assert script.requests == []
    service.close()


def test_a_server_that_is_reached_without_the_proxy(
    script: Scripted, proxy: Scripted, config: S3Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    service = S3Service(config)
    script.answers = [STORED]
    service.put("bucket", "key", io.BytesIO(b"x"), 1)
    assert proxy.requests == []
    service.close()


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_whom_the_environment_trusts(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "/somewhere/ca.pem")
    caller = Caller(S3Config(access_key_id="a", secret_access_key="b"))
    assert caller.access().verify == "/somewhere/ca.pem"
    assert Caller(S3Config(access_key_id="a", secret_access_key="b", verify=False)).access().verify is False
    caller.close()


def test_closing_forgets_and_goes_on(script: Scripted, service: S3Service) -> None:
    for _ in range(2):
        script.answers = [STORED]
        assert service.put("bucket", "key", io.BytesIO(b"x"), 1) == "e1"
        service.close()
        service.close()


def test_secrets_are_not_shown(service: S3Service) -> None:
    endpoint = service._endpoints.of(Call("upload", "bucket", "key"))
    headers: dict[str, str] = {}
    head = endpoint.request("GET", "key", "", headers)
    shown = repr([head, headers, vars(endpoint), vars(service._endpoints), endpoint._keys()])
    assert TOKEN in bytes(head).decode()
    assert TOKEN not in shown
    assert SECRET not in shown
