"""A proxy on loopback that breaks the line to an HTTP server on request.

    with FaultProxy(server.port) as proxy:
        proxy.add(Fault(r"^PUT .*partNumber=2", times=2, status=503, body=error_xml("SlowDown")))
        proxy.add(Fault(r"^GET ", stall_after=100_000))

It takes one request a connection (``Connection: close``), so that a fault hits exactly the requests it names.
Positions count the bytes of the body, without the headers.
"""

import asyncio
import contextlib
import re
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType

_NEVER = 1 << 62
_PIECE_BYTES = 64 * 1024


def error_xml(code: str) -> bytes:
    """The body of S3's error answers."""
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>injected</Message></Error>".encode()


@dataclass(slots=True)
class Fault:
    """What goes wrong, with which requests.

    Attributes:
        request: searched in ``METHOD /path?query``, as a regular expression.
        times: how many requests it hits before it is over; None: all.
        sent: strike the body that the client sends instead of the one it gets.
        refuse: reset the connection before anything is passed on.
        hang: take the request and never answer.
        lose_answer: pass the request on, and reset the connection instead of answering.
        status: answer so, with ``headers`` and ``body``, instead of the server.
        reset_after: reset the connection after so many bytes.
        close_after: close it in good order.
        stall_after: pass on nothing more, and keep it open.
        flip_at: pass on a wrong byte at this position.
        bytes_per_s: pass on no more than this.
    """

    request: str = ""
    times: int | None = None
    sent: bool = False
    refuse: bool = False
    hang: bool = False
    lose_answer: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    reset_after: int = _NEVER
    close_after: int = _NEVER
    stall_after: int = _NEVER
    flip_at: int = _NEVER
    bytes_per_s: int | None = None

    def takes(self, request: str) -> bool:
        """Whether this request is hit; counts it if so."""
        if self.times == 0 or not re.search(self.request, request):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class FaultProxy:
    """See the module. ``requests`` are the request lines so far; ``add``, ``clear``, ``cut`` and ``requests`` may be
    used at any time."""

    def __init__(self, server_port: int) -> None:
        self.requests: list[str] = []
        self.port = 0
        self._server_port = server_port
        self._faults: list[Fault] = []
        self._ready = threading.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), name="fault-proxy", daemon=True)

    @property
    def url(self) -> str:
        """What the client under test gets for the server's address."""
        return f"http://127.0.0.1:{self.port}"

    def add(self, fault: Fault) -> None:
        """Let this happen from now on; the first fault that takes a request wins."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong from now on."""
        self._faults.clear()

    def cut(self) -> None:
        """Break every connection that there is; those to come are for the faults."""
        self._loop.call_soon_threadsafe(lambda: [connection.cancel() for connection in self._connections])

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError("the fault proxy did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # No coroutine: one that is cancelled before it begins closes nothing.
        task = self._loop.create_task(self._serve_one(reader, writer))
        self._connections.add(task)
        task.add_done_callback(lambda _: writer.transport.abort())
        task.add_done_callback(self._connections.discard)

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._connection(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # a broken line is what this is for
        finally:
            await _close(writer)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        request = head.split(b" HTTP/", 1)[0].decode("latin-1")
        self.requests.append(request)
        fault = next((fault for fault in self._faults if fault.takes(request)), Fault())
        if fault.refuse:
            return _reset(writer)
        if fault.status is not None:
            return await _answer(head, reader, writer, fault)
        if fault.hang:
            await asyncio.Event().wait()
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        head = re.sub(rb"\r\n[Cc]onnection:[^\r]*", b"", head)
        server_writer.write(head[:-2] + b"Connection: close\r\n\r\n")
        up = asyncio.create_task(_pump(reader, server_writer, fault if fault.sent else Fault(), writer))
        down = asyncio.create_task(_answer_of_server(server_reader, writer, Fault() if fault.sent else fault))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
            down.cancel()
            server_writer.close()  # before anything is awaited: the proxy's end may cancel that
            await asyncio.gather(up, down, return_exceptions=True)
            await _close(server_writer)


async def _answer(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault) -> None:
    length = re.search(rb"\r\ncontent-length: *(\d+)", head.lower())
    if length and b"100-continue" not in head.lower():
        await reader.readexactly(int(length[1]))
    lines = {"Content-Type": "application/xml", "Content-Length": len(fault.body), "Connection": "close"}
    lines |= dict(fault.headers)
    answer = f"HTTP/1.1 {fault.status} Injected\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(answer.encode() + b"\r\n" + (b"" if head.startswith(b"HEAD ") else fault.body))
    await writer.drain()


async def _answer_of_server(reader: asyncio.StreamReader, client: asyncio.StreamWriter, fault: Fault) -> None:
    head = b"HTTP/1.1 100"
    while head.startswith(b"HTTP/1.1 100"):
        head = await reader.readuntil(b"\r\n\r\n")
        if fault.lose_answer and not head.startswith(b"HTTP/1.1 100"):
            return _reset(client)
        client.write(head)
    await _pump(reader, client, fault, client)


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault, client: asyncio.StreamWriter
) -> None:
    passed = 0
    limit = min(fault.reset_after, fault.close_after, fault.stall_after)
    size = min(_PIECE_BYTES, fault.bytes_per_s // 10 + 1) if fault.bytes_per_s else _PIECE_BYTES
    while piece := bytearray(await reader.read(size)):
        if passed <= fault.flip_at < passed + len(piece):
            piece[fault.flip_at - passed] ^= 0x55
        writer.write(piece[: limit - passed])
        await writer.drain()
        passed += len(piece)
        if passed >= limit:
            if fault.stall_after == limit:
                await asyncio.Event().wait()
            if fault.reset_after == limit:
                _reset(client)
            return
        if fault.bytes_per_s:
            await asyncio.sleep(len(piece) / fault.bytes_per_s)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
