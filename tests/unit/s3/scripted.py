"""An HTTP server on loopback that answers what a test tells it, one answer a request.

What moto cannot show: broken lines, refusals without a body, wrong answers, what exactly was sent.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Request:
    """What a client sent; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What to send.

    Attributes:
        status: the HTTP status.
        body: what is announced and sent.
        headers: besides Content-Length and Date.
        cut_at: send only so many bytes of the body.
        cut_head_at: send only so many bytes of the head.
        reset: end with a reset instead of a close.
        length: announce another length; -1: none.
        when_sent: called once the (cut) body is out, before the line is closed.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    cut_head_at: int | None = None
    reset: bool = False
    length: int | None = None
    when_sent: Callable[[], object] = lambda: None


def error(
    status: int, code: str, message: str = "", *, headers: Mapping[str, str] | None = None, more: str = ""
) -> Answer:
    """An S3 error document."""
    text = f"<Error><Code>{code}</Code><Message>{message}</Message>{more}<RequestId>R1</RequestId></Error>"
    return Answer(status, text.encode(), {"Content-Type": "application/xml", **(headers or {})})


class Scripted:
    """The server's script and its record. ``answers`` are used up; then every request gets a 404."""

    def __init__(self) -> None:
        self.answers: list[Answer | Callable[[Request], Answer]] = []
        self.requests: list[Request] = []
        self.url = ""

    def next(self, request: Request) -> Answer:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else Answer(404)
        return answer if isinstance(answer, Answer) else answer(request)


@contextmanager
def scripted_server() -> Iterator[Scripted]:
    """A running ``Scripted`` at ``url``."""
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:
                self.close_connection = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = script.next(Request(self.command, self.path, headers, body))
            length = len(answer.body) if answer.length is None else answer.length
            sent = {"Date": formatdate(usegmt=True), **answer.headers}
            if length >= 0:
                sent["Content-Length"] = str(length)
            lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
            self.wfile.write(f"HTTP/1.1 {answer.status} X\r\n{lines}\r\n".encode()[: answer.cut_head_at])
            if self.command != "HEAD" and answer.cut_head_at is None:
                self.wfile.write(answer.body[: answer.cut_at])
            self.wfile.flush()
            answer.when_sent()
            if answer.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            self.close_connection = answer.reset or (answer.cut_at, answer.cut_head_at, answer.length) != (
                None,
                None,
                None,
            )

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
