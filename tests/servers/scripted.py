"""An S3 server in memory, in this process, that fails as it is told to: at any byte, before or after the deed.

What it holds can be looked at while clients come, go and are killed.
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote, urlsplit

from tests.servers.world import Answer, Request, World, refused


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request. Positions are bytes.

    Attributes:
        cut_request_at: no more than this of the request, its head included, is read; nothing is done.
        refusal: a status and a code to answer with, instead of doing it or, with ``is_done``, after it was done.
        flip_request_at: the byte of the body that arrives changed.
        flip_answer_at: the byte of the answer’s body that leaves changed.
        shorten_answer_to: so much of the answer’s body is all there is, and the head says so.
        cut_answer_at: no more than this of the answer, its head included, leaves.
        ending: how a cut ends: ``reset``, ``close`` or ``stall``.
        piece_bytes: the answer begins in pieces of this size, with a pause after each.
        call: called right before a cut, or after the answer has left.
    """

    cut_request_at: int | None = None
    refusal: tuple[int, str] | None = None
    is_done: bool = False
    flip_request_at: int | None = None
    flip_answer_at: int | None = None
    shorten_answer_to: int | None = None
    cut_answer_at: int | None = None
    ending: str = "reset"
    piece_bytes: int = 0
    call: Callable[[], object] = lambda: None


NO_FAULT = Fault()

Script = Callable[[Request], Fault]
"""Says what goes wrong with a request; called in the connection's thread, before the body is read."""


_MOST_PIECES = 50


class ScriptedS3:
    """The server: a thread that listens on loopback, and one for each connection. A context.

    Args:
        stall_s: how long a stall lasts.
    """

    def __init__(self, world: World, script: Script = lambda _: NO_FAULT, stall_s: float = 0.5) -> None:
        self._world, self._script = world, script
        self._stall_s = stall_s
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="scripted-s3", daemon=True)

    @property
    def endpoint_url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def enter(self, world: World, script: Script = lambda _: NO_FAULT) -> None:
        """From now on, serve ``world``; connections that are open go on in the one they began in."""
        self._world, self._script = world, script

    def __enter__(self) -> "ScriptedS3":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection, self._world, self._script), daemon=True).start()

    def _serve(self, connection: socket.socket, world: World, script: Script) -> None:
        buffer = bytearray()
        with connection, contextlib.suppress(OSError):
            while not self._closing.is_set() and (request := _read_head(connection, buffer)):
                if not self._exchange(connection, world, buffer, request, script(request)):
                    return

    def _exchange(
        self, connection: socket.socket, world: World, buffer: bytearray, request: Request, fault: Fault
    ) -> bool:
        """Serve one request; whether the connection is good for another."""
        if "100-continue" in request.headers.get("expect", ""):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        size = request.size
        if fault.cut_request_at is not None:
            _fill(connection, buffer, min(size, max(0, fault.cut_request_at - request.head_size)))
            return self._end(connection, fault)
        if not _fill(connection, buffer, size):
            return False
        body = bytearray(buffer[:size])
        del buffer[:size]
        if fault.flip_request_at is not None and fault.flip_request_at < size:
            body[fault.flip_request_at] ^= 0x55
        answer = Answer()
        if fault.refusal is None or fault.is_done:
            answer = world.do(replace(request, body=bytes(body)))
        if fault.refusal is not None:
            answer = refused(*fault.refusal)
        out = _encoded(answer, fault, is_head=request.api.startswith("Head"))
        cut = fault.cut_answer_at
        _send(connection, out if cut is None else out[:cut], fault.piece_bytes, self._closing)
        if cut is not None:
            return self._end(connection, fault)
        fault.call()
        return True

    def _end(self, connection: socket.socket, fault: Fault) -> bool:
        fault.call()
        if fault.ending == "stall":
            self._closing.wait(self._stall_s)
        elif fault.ending == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False


def _read_head(connection: socket.socket, buffer: bytearray) -> Request | None:
    while (end := buffer.find(b"\r\n\r\n")) < 0:
        piece = connection.recv(65536)
        if not piece:
            return None
        buffer += piece
    lines = buffer[:end].decode("latin-1").split("\r\n")
    del buffer[: end + 4]
    method, target, _ = lines[0].split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    size = int(headers.get("content-length", 0))
    return Request(_api(method, bucket, key, query), bucket, key, query, headers, end + 4, size)


def _api(method: str, bucket: str, key: str, query: Mapping[str, str]) -> str:
    if not bucket:
        return "ListBuckets"
    if not key:
        listing = "ListMultipartUploads" if "uploads" in query else "ListObjectsV2"
        return {"GET": listing, "HEAD": "HeadBucket", "PUT": "CreateBucket"}.get(method, "")
    if "uploads" in query:
        return "CreateMultipartUpload"
    if "uploadId" in query:
        names = {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "GET": "ListParts"}
        return names.get(method, "AbortMultipartUpload")
    return {"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}.get(method, "")


def _fill(connection: socket.socket, buffer: bytearray, size: int) -> bool:
    while len(buffer) < size:
        piece = connection.recv(min(size - len(buffer), 1 << 20))
        if not piece:
            return False
        buffer += piece
    return True


def _encoded(answer: Answer, fault: Fault, *, is_head: bool) -> bytes:
    body = bytearray(answer.body if fault.shorten_answer_to is None else answer.body[: fault.shorten_answer_to])
    if fault.flip_answer_at is not None and fault.flip_answer_at < len(body):
        body[fault.flip_answer_at] ^= 0x55
    lines = {**answer.headers, "Content-Length": str(len(body)), "x-amz-request-id": "SCRIPTED"}
    head = f"HTTP/1.1 {answer.status} Scripted\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return head.encode("latin-1") + b"\r\n" + (b"" if is_head else bytes(body))


def _send(connection: socket.socket, out: bytes, piece_bytes: int, closing: threading.Event) -> None:
    slow = min(len(out), piece_bytes * _MOST_PIECES)
    for start in range(0, slow, max(1, piece_bytes)):
        connection.sendall(out[start : min(slow, start + piece_bytes)])
        closing.wait(0.002)
    connection.sendall(out[slow:])
