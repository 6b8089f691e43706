"""Addresses that do not lead to an S3 server: each is told apart, soon, and nothing is tried for ever."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from s3browser import S3Config, S3Service
from s3browser.exceptions import S3BusyError, S3CertificateError, S3ConnectionError, S3CredentialsError
from tests.servers.certificates import Certificates
from tests.servers.faultproxy import Fault, FaultProxy, error_xml
from tests.servers.process import free_port
from tests.servers.server import Server

pytestmark = pytest.mark.timeout(20)


def service(endpoint_url: str, **changes: Any) -> S3Service:
    settings: dict[str, Any] = {
        "region": "us-east-1",
        "access_key_id": "KEY",
        "secret_access_key": "not-a-real-secret",
        "endpoint_url": endpoint_url,
        "addressing_style": "path",
        "max_attempts": 2,
        "max_backoff_s": 0.01,
        "connect_timeout_s": 0.5,
        "read_timeout_s": 0.5,
    }
    return S3Service(S3Config(**{**settings, **changes}))


class _WebPage(BaseHTTPRequestHandler):
    page = b"<!DOCTYPE html><html><body>Welcome to our router</body></html>"
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def web_page(status: int, certificates: Certificates | None = None) -> Iterator[int]:
    handler = type("Handler", (_WebPage,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if certificates:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificates.cert, certificates.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            serving.join()


def failure(store: S3Service) -> S3ConnectionError:
    with pytest.raises(S3ConnectionError) as caught:
        store.list_buckets()
    assert caught.value.title == "Couldn’t list the buckets"
    return caught.value


def test_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)  # a real look-up would leave this computer
    assert failure(service("https://s3.example.invalid")).code == "UnknownHost"


def test_port_that_nobody_listens_on() -> None:
    assert failure(service(f"http://127.0.0.1:{free_port()}")).code == "ConnectionRefused"


@pytest.mark.parametrize("status", [200, 403, 404, 405])
def test_web_page_instead_of_s3(status: int) -> None:
    with web_page(status) as port:
        error = failure(service(f"http://127.0.0.1:{port}"))
    assert error.code == "NotS3"
    assert "router" not in error.reason


def test_web_server_with_a_fault() -> None:
    with web_page(502) as port, pytest.raises(S3BusyError):
        service(f"http://127.0.0.1:{port}").list_buckets()


def test_host_that_takes_the_line_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert failure(service(f"http://127.0.0.1:{silent.getsockname()[1]}")).code == "Timeout"


def test_host_that_says_nothing_about_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert failure(service(f"https://127.0.0.1:{silent.getsockname()[1]}")).code == "Timeout"


def test_host_that_takes_no_line() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = []
        try:
            for _ in range(4):  # fill the queue of those who wait to be taken
                waiting.append(socket.socket())
                waiting[-1].setblocking(False)
                waiting[-1].connect_ex(full.getsockname())
            assert failure(service(f"http://127.0.0.1:{full.getsockname()[1]}")).code == "Timeout"
        finally:
            for one in waiting:
                one.close()


def test_host_that_stops_in_the_middle_of_its_answer(moto_http: Server, proxy: FaultProxy) -> None:
    proxy.add(Fault(stall_after=10))
    assert failure(service(proxy.url)).code == "Timeout"
    assert len(proxy.requests) == 2, "it was tried again"


def test_certificate_of_an_unknown_authority(moto_https: Server) -> None:
    error = failure(service(moto_https.endpoint_url, max_attempts=50))
    assert isinstance(error, S3CertificateError)
    assert not error.retryable


def test_certificate_of_another_host(tmp_path: Path) -> None:
    certificates = Certificates.write(tmp_path, "s3.example.com")
    with web_page(200, certificates) as port:
        error = failure(service(f"https://127.0.0.1:{port}", verify=str(certificates.ca)))
    assert isinstance(error, S3CertificateError)


def test_tls_where_the_server_speaks_plainly(moto_http: Server) -> None:
    assert failure(service(moto_http.endpoint_url.replace("http:", "https:"))).code == "TLS"


def test_plain_words_where_the_server_speaks_tls(moto_https: Server, rclone_https: Server) -> None:
    for server in (moto_https, rclone_https):
        error = failure(service(server.endpoint_url.replace("https:", "http:")))
        assert not isinstance(error, S3CertificateError)


def test_network_that_is_away_for_a_moment_is_not_noticed(moto_http: Server, proxy: FaultProxy) -> None:
    moto_http.boto3_client().create_bucket(Bucket="still-there")
    proxy.add(Fault(refuse=True, times=4))
    names = [bucket.name for bucket in service(proxy.url, max_attempts=6).list_buckets()]
    assert "still-there" in names
    assert len(proxy.requests) == 5


def test_busy_server_is_asked_again_and_then_told(proxy: FaultProxy) -> None:
    proxy.add(Fault(times=2, status=503, body=error_xml("SlowDown")))
    service(proxy.url, max_attempts=3).list_buckets()
    assert len(proxy.requests) == 3
    proxy.add(Fault(status=503, body=error_xml("SlowDown")))
    with pytest.raises(S3BusyError):
        service(proxy.url, max_attempts=3).list_buckets()
    assert len(proxy.requests) == 6, "botocore does not retry inside our attempts"


def test_server_may_say_how_long_to_wait(proxy: FaultProxy) -> None:
    proxy.add(Fault(status=503, body=error_xml("SlowDown"), headers={"Retry-After": "7"}))
    with pytest.raises(S3BusyError) as caught:
        service(proxy.url).list_buckets()
    assert caught.value.retry_after_s == 7


def test_settings_are_checked_before_anything_is_sent(proxy: FaultProxy) -> None:
    with pytest.raises(S3CredentialsError):
        service(proxy.url, secret_access_key=None).list_buckets()
    assert proxy.requests == []
