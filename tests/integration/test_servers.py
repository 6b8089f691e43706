"""The tests' own servers: that they start, that they end, and that the fault proxy does what it says."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.servers.faultproxy import Fault, FaultProxy, error_xml
from tests.servers.process import ServerFailedError, free_port, program, running
from tests.servers.server import Server

BODY = bytes(range(256)) * 1000


@pytest.mark.parametrize("fixture", ["moto_http", "moto_https", "rclone_http", "rclone_https"])
def test_server_answers(fixture: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(fixture)
    client = server.boto3_client()
    client.create_bucket(Bucket="it-answers")
    client.put_object(Bucket="it-answers", Key="key", Body=b"text")
    assert client.get_object(Bucket="it-answers", Key="key")["Body"].read() == b"text"


def test_server_on_tls_is_not_trusted_without_its_authority(moto_https: Server) -> None:
    with (
        pytest.raises(ssl.SSLCertVerificationError),
        socket.create_connection(("127.0.0.1", moto_https.port)) as line,
        ssl.create_default_context().wrap_socket(line, server_hostname="127.0.0.1"),
    ):
        pass


def test_server_that_ends_at_once_fails_with_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such disk')"]
    with pytest.raises(ServerFailedError, match="no such disk"), running(command, [free_port()], tmp_path / "log"):
        pass


def test_server_that_never_listens_fails_in_time(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('thinking', flush=True); input()"]
    started = running(command, [free_port()], tmp_path / "log", timeout_s=0.5)
    with pytest.raises(ServerFailedError, match="does not listen"), started:
        pass


def test_missing_program_names_the_command_that_installs_it() -> None:
    with pytest.raises(ServerFailedError, match=r"bootstrap\.py test"):
        program("no-such-program")


if sys.platform == "linux":  # elsewhere nothing ends a server whose tests were killed

    def test_server_ends_when_the_tests_are_killed(tmp_path: Path) -> None:
        script = textwrap.dedent("""
            import sys
            from pathlib import Path
            from tests.servers.moto import moto
            with moto(Path(sys.argv[1])) as server:
                print(server.port, flush=True)
                input()
        """)
        root = Path(__file__).parents[2]
        tests = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with tests:
            assert tests.stdout
            port = int(tests.stdout.readline())
            line = socket.create_connection(("127.0.0.1", port), timeout=20)
            os.kill(tests.pid, signal.SIGKILL)
            with line, suppress(ConnectionResetError):  # it ended before it took the line
                assert line.recv(1) == b"", "it closed the line because it ended"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def do_PUT(self) -> None:
        received = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(received)))
        self.end_headers()
        self.wfile.write(received)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def line() -> Iterator[FaultProxy]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        with FaultProxy(server.server_address[1]) as proxy:
            yield proxy
        server.shutdown()
        serving.join()


def get(line: FaultProxy, timeout: float = 5) -> bytes:
    with urllib.request.urlopen(f"{line.url}/file", timeout=timeout) as answer:
        return bytes(answer.read())


def test_proxy_passes_everything_on(line: FaultProxy) -> None:
    assert get(line) == BODY
    assert line.requests == ["GET /file"]


def test_fault_is_over_after_its_times(line: FaultProxy) -> None:
    line.add(Fault("^GET", times=1, status=503, body=error_xml("SlowDown"), headers={"Retry-After": "7"}))
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(line)
    with caught.value as answer:
        assert (answer.code, answer.headers["Retry-After"]) == (503, "7")
        assert b"SlowDown" in answer.read()
    assert get(line) == BODY


def test_fault_spares_other_requests(line: FaultProxy) -> None:
    line.add(Fault("^PUT", refuse=True))
    assert get(line) == BODY


@pytest.mark.parametrize("fault", [Fault(refuse=True), Fault(lose_answer=True), Fault(reset_after=1000)])
def test_line_is_reset(line: FaultProxy, fault: Fault) -> None:
    line.add(fault)
    with pytest.raises(OSError):  # noqa: PT011 (urllib's and the socket's own)
        get(line)


def test_line_is_closed_early(line: FaultProxy) -> None:
    line.add(Fault(close_after=1000))
    with pytest.raises(Exception, match=r"IncompleteRead\(1000 bytes"):
        get(line)


@pytest.mark.parametrize("fault", [Fault(hang=True), Fault(stall_after=1000)])
def test_line_goes_quiet(line: FaultProxy, fault: Fault) -> None:
    line.add(fault)
    with pytest.raises(TimeoutError):
        get(line, timeout=0.2)


def test_one_byte_is_wrong(line: FaultProxy) -> None:
    line.add(Fault(flip_at=100_000))
    wrong = [at for at, (got, sent) in enumerate(zip(get(line), BODY, strict=True)) if got != sent]
    assert wrong == [100_000]


def test_what_is_sent_can_be_wrong_too(line: FaultProxy) -> None:
    line.add(Fault(sent=True, flip_at=3))
    request = urllib.request.Request(f"{line.url}/file", data=b"abcdef", method="PUT")
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.read() == b"abc" + bytes([ord("d") ^ 0x55]) + b"ef"
