"""One request, one answer, with servers of every kind of malice."""

import contextlib
import io
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import pytest
import trustme

from s3browser.exceptions import Cancelled
from s3browser.jobs.pace import Throttle
from s3browser.s3 import lines, wire
from s3browser.s3.lines import (
    BrokenLineError,
    Line,
    LineError,
    NotHttpError,
    Patience,
    Proxy,
    ProxyLineError,
    Route,
    ShortAnswerError,
    SlowLineError,
    proxy_of,
    tls_context,
)
from s3browser.s3.wire import Answer, Body, exchange, request_head

Serve = Callable[[socket.socket], object]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: x\r\n\r\nok"
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True, params=[False, True], ids=["thread", "fiber"])
def in_a_fiber(request: pytest.FixtureRequest) -> bool:
    """See this folder’s ``conftest``: everything holds in fibers as well."""
    return bool(request.param)


def take(line: socket.socket, count: int = -1) -> bytes:
    """A request's head, or ``count`` bytes."""
    data = b""
    while (b"\r\n\r\n" not in data) if count < 0 else (len(data) < count):
        piece = line.recv(1 if count < 0 else min(count - len(data), 1 << 20))
        if not piece:
            break
        data += piece
    return data


def reset(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


@contextmanager
def server(*serve: Serve, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A listener whose connections are served by each of ``serve`` in turn, the last one again and again."""
    listener = socket.create_server(("127.0.0.1", 0))
    todo = list(serve)
    threads: list[threading.Thread] = []
    open_lines: list[socket.socket] = []

    def one(line: socket.socket, how: Serve) -> None:
        with contextlib.suppress(OSError):
            if tls is not None:
                line = tls.wrap_socket(line, server_side=True)
                open_lines.append(line)
            how(line)
        line.close()

    def accept() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            open_lines.append(line)
            how = todo.pop(0) if len(todo) > 1 else todo[0]
            threads.append(threading.Thread(target=one, args=(line, how), daemon=True))
            threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for line in open_lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in [acceptor, *threads]:
            thread.join(5)
        for line in open_lines:
            line.close()


def says(*answers: bytes) -> Serve:
    """Answers every request on a line in turn, and hangs up."""

    def serve(line: socket.socket) -> None:
        for answer in answers:
            if not take(line):
                return
            line.sendall(answer)

    return serve


def route_to(port: int, read_s: float = 5.0, **more: object) -> Route:
    return Route("http", "127.0.0.1", port, Patience(5.0, read_s), **more)  # type: ignore[arg-type]


def ask(route: Route, body: Body = b"", size: int = 0, *, throttle: Throttle | None = None, **more: object) -> Answer:
    head = request_head("PUT" if size else "GET", "/b/k", {"host": "h", "content-length": str(size)})
    return exchange(route, head, body, size, throttle or Throttle(), **more)  # type: ignore[arg-type]


def read(answer: Answer) -> bytes:
    with answer:
        return answer.read(1 << 30)


@pytest.fixture
def routes() -> Iterator[list[Route]]:
    """Routes to close at the end."""
    made: list[Route] = []
    yield made
    for route in made:
        route.close()


# ---------------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK, b"ok"),
        (EMPTY, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: r\r\n\r\n",
            b"abcde",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", b"old"),
    ],
)
def test_a_body_in_every_frame(answer: bytes, body: bytes, routes: list[Route]) -> None:
    with server(says(answer)) as port:
        routes.append(route_to(port))
        assert read(ask(routes[0])) == body


def test_heads_come_in_any_pieces(routes: list[Route]) -> None:
    def serve(line: socket.socket) -> None:
        take(line)
        for byte in b"HTTP/1.1 100 Continue\r\n\r\n" + OK:
            line.sendall(bytes([byte]))

    with server(serve) as port:
        routes.append(route_to(port))
        answer = ask(routes[0])
        assert (answer.status, answer.headers["etag"], answer.length) == (200, "x", 2)
        assert read(answer) == b"ok"


def test_a_large_body_is_handed_over_in_large_pieces(routes: list[Route]) -> None:
    data = bytes(range(256)) * 4096 * 4

    def serve(line: socket.socket) -> None:
        take(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data)

    with server(serve) as port:
        routes.append(route_to(port))
        received, sizes = bytearray(), []
        with ask(routes[0]) as answer:
            while piece := answer.receive():
                received += piece
                sizes.append(len(piece))
        assert received == data
        assert max(sizes) <= lines.BUFFER_BYTES


def test_a_line_is_used_again(routes: list[Route]) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    kept = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\n\r\nok"
    with server(says(OK, chunked, EMPTY, kept), says(b"none")) as port:
        routes.append(route_to(port))
        assert [read(ask(routes[0])) for _ in range(4)] == [b"ok", b"ok", b"", b"ok"]


@pytest.mark.parametrize("count", [1, 5])
def test_one_line_is_enough_for_requests_in_a_row(count: int, routes: list[Route]) -> None:
    lines_opened: list[int] = []

    def serve(line: socket.socket) -> None:
        lines_opened.append(1)
        says(*[EMPTY, OK] * count)(line)

    with server(serve) as port:
        routes.append(route_to(port))
        assert [read(ask(routes[0])) for _ in range(2 * count)] == [b"", b"ok"] * count
    assert len(lines_opened) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
    ],
)
def test_a_line_that_cannot_be_used_again(answer: bytes, routes: list[Route]) -> None:
    with server(says(answer, b"wrong"), says(OK)) as port:
        routes.append(route_to(port))
        assert [read(ask(routes[0])) for _ in range(2)] == [b"ok", b"ok"]


def test_an_answer_that_is_not_read_to_its_end_costs_the_line(routes: list[Route]) -> None:
    with server(says(b"HTTP/1.1 404 X\r\nContent-Length: 9\r\n\r\nnot "), says(OK)) as port:
        routes.append(route_to(port))
        with ask(routes[0]) as answer:
            assert answer.read(4) == b"not "
        assert read(ask(routes[0])) == b"ok"


# ---------------------------------------------------------------------- lines that had rested


def test_a_line_on_which_the_server_hung_up_is_replaced(routes: list[Route]) -> None:
    with server(says(OK), says(OK)) as port:
        routes.append(route_to(port))
        assert not ask_and_read(routes[0]).was_repeated
        again = ask_and_read(routes[0])
        assert again.status == 200
        assert again.was_repeated


def ask_and_read(route: Route) -> Answer:
    answer = ask(route)
    read(answer)
    return answer


def test_a_new_line_is_not_replaced(routes: list[Route]) -> None:
    with server(lambda line: take(line), says(OK)) as port:
        routes.append(route_to(port))
        with pytest.raises(BrokenLineError):
            ask(routes[0])


def test_an_answer_that_began_is_not_asked_for_again(routes: list[Route]) -> None:
    with server(says(OK, b"HTTP/1.1 200"), says(OK)) as port:
        routes.append(route_to(port))
        ask_and_read(routes[0])
        with pytest.raises(LineError) as caught:
            ask(routes[0])
        assert not isinstance(caught.value, BrokenLineError)


def test_a_line_that_rested_for_long_is_dropped(routes: list[Route], monkeypatch: pytest.MonkeyPatch) -> None:
    with server(says(OK, b"wrong"), says(OK)) as port:
        routes.append(route_to(port))
        ask_and_read(routes[0])
        monkeypatch.setattr(lines, "MAX_REST_S", -1.0)
        assert not ask_and_read(routes[0]).was_repeated


def test_a_line_with_something_on_it_is_dropped(routes: list[Route], monkeypatch: pytest.MonkeyPatch) -> None:
    hung_up = threading.Event()

    def serve(line: socket.socket) -> None:
        take(line)
        line.sendall(OK)
        reset(line)
        hung_up.set()

    with server(serve, says(OK)) as port:
        routes.append(route_to(port))
        with contextlib.suppress(LineError):
            ask_and_read(routes[0])
        hung_up.wait(5)
        monkeypatch.setattr(lines, "_FRESH_S", 0.0)
        assert not ask_and_read(routes[0]).was_repeated


def test_only_so_many_lines_rest(routes: list[Route], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_MAX_RESTING", 1)
    with server(says(OK)) as port:
        routes.append(route_to(port))
        with ask(routes[0]) as first, ask(routes[0]) as second:
            first.read()
            second.read()
        assert len(routes[0]._resting) == 1


def test_a_route_that_is_dropped_closes_its_lines() -> None:
    with server(says(OK, OK)) as port:
        route = route_to(port)
        ask_and_read(route)
        [line] = route._resting
        del route
        assert line._sock.fileno() == -1


# ---------------------------------------------------------------------- bodies that are sent


def taking(received: bytearray, size: int) -> Serve:
    def serve(line: socket.socket) -> None:
        take(line)
        received.extend(take(line, size))
        line.sendall(EMPTY)

    return serve


@pytest.mark.parametrize("size", [1, 64 * 1024, 64 * 1024 + 1, 3_000_000])
def test_a_body_arrives(size: int, routes: list[Route]) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    received, told = bytearray(), list[int]()
    with server(taking(received, size)) as port:
        routes.append(route_to(port))
        assert read(ask(routes[0], memoryview(data)[:size], size, on_sent=told.append)) == b""
    assert received == data[:size]
    assert told[-1] == size
    assert told == sorted(told)
    assert max(b - a for a, b in zip([0, *told], told, strict=False)) <= max(wire.SEND_BYTES, 64 * 1024)


def test_a_body_in_pieces(routes: list[Route]) -> None:
    received = bytearray()
    with server(taking(received, 6)) as port:
        routes.append(route_to(port))
        read(ask(routes[0], lambda: iter([b"abc", memoryview(b"def")]), 6))
    assert received == b"abcdef"


def test_a_body_that_fails_ends_the_request(routes: list[Route]) -> None:
    def body() -> Iterator[bytes]:
        yield b"abc"
        raise OSError(5, "the disk is broken")

    with server(taking(bytearray(), 6)) as port:
        routes.append(route_to(port))
        with pytest.raises(OSError, match="disk is broken"):
            ask(routes[0], body, 6)


@pytest.mark.parametrize("hang_up", [reset, lambda line: take(line, 10**9)])
def test_a_refusal_before_the_body_is_sent(hang_up: Serve, routes: list[Route]) -> None:
    refusal = b"HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno!"

    def serve(line: socket.socket) -> None:
        take(line)
        line.sendall(refusal)
        line.shutdown(socket.SHUT_WR)
        sent.wait(5)
        hang_up(line)

    sent = threading.Event()
    size = 50_000_000
    with server(serve) as port:
        routes.append(route_to(port))
        answer = ask(routes[0], memoryview(bytes(size)), size, on_sent=lambda count: sent.set())
        assert answer.status == 403
        assert read(answer) == b"no!"
        assert routes[0]._resting == []


def test_a_server_that_answers_but_takes_no_more(routes: list[Route]) -> None:
    end = threading.Event()

    def serve(line: socket.socket) -> None:
        take(line)
        started.wait(5)
        line.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        end.wait(10)

    started = threading.Event()
    size = 50_000_000
    with server(serve) as port:
        routes.append(route_to(port, read_s=8))
        began = monotonic()
        with ask(routes[0], memoryview(bytes(size)), size, on_sent=lambda count: started.set()) as answer:
            assert answer.status == 503
        assert monotonic() - began < 5
        end.set()


def test_a_100_continue_that_nobody_asked_for(routes: list[Route]) -> None:
    told = threading.Event()

    def serve(line: socket.socket) -> None:
        take(line)
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        told.set()
        take(line, 10)
        line.sendall(EMPTY)

    def body() -> Iterator[bytes]:
        yield b"01234"
        told.wait(5)
        yield b"5678"
        yield b"9"

    with server(serve) as port:
        routes.append(route_to(port))
        assert ask_with(routes[0], body, 10).status == 200


def ask_with(route: Route, body: Body, size: int) -> Answer:
    answer = ask(route, body, size)
    read(answer)
    return answer


def test_a_server_that_hangs_up_on_a_body(routes: list[Route]) -> None:
    def serve(line: socket.socket) -> None:
        take(line)
        reset(line)

    with server(serve) as port:
        routes.append(route_to(port))
        with pytest.raises(BrokenLineError):
            ask(routes[0], memoryview(bytes(50_000_000)), 50_000_000)


# ---------------------------------------------------------------------- malice


@pytest.mark.parametrize(
    "answer",
    [
        b"<!doctype html><html>hello</html>",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\x00: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000,
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"\x00" * 100,
    ],
)
def test_what_is_no_http(answer: bytes, routes: list[Route]) -> None:
    with server(says(answer)) as port:
        routes.append(route_to(port))
        with pytest.raises(NotHttpError):
            ask(routes[0])


def test_endless_headers(routes: list[Route]) -> None:
    def serve(line: socket.socket) -> None:
        take(line)
        line.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            line.sendall(b"X-Header: again\r\n" * 1000)

    with server(serve) as port:
        routes.append(route_to(port))
        with pytest.raises(NotHttpError):
            ask(routes[0])


def test_an_endless_error_is_read_in_part(routes: list[Route]) -> None:
    def serve(line: socket.socket) -> None:
        take(line)
        line.sendall(b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            line.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")

    with server(serve) as port:
        routes.append(route_to(port))
        with ask(routes[0]) as answer:
            assert len(answer.read()) == wire.MAX_ERROR_BYTES


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n5\r\n",
    ],
)
def test_what_came_before_the_end_is_handed_over(answer: bytes, routes: list[Route]) -> None:
    with server(says(answer)) as port:
        routes.append(route_to(port))
        received = bytearray()
        with ask(routes[0]) as got:
            received += got.receive()
            with pytest.raises(ShortAnswerError):
                got.receive()
        assert received == b"short"


def test_damage_within_chunks(routes: list[Route]) -> None:
    with server(says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n")) as port:
        routes.append(route_to(port))
        with ask(routes[0]) as answer, pytest.raises(LineError, match="damaged"):
            answer.receive()


def test_a_reset_within_a_body(routes: list[Route]) -> None:
    def serve(line: socket.socket) -> None:
        take(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        seen.wait(5)
        reset(line)

    seen = threading.Event()
    with server(serve) as port:
        routes.append(route_to(port))
        with ask(routes[0]) as answer:
            seen.set()
            with pytest.raises(LineError):
                answer.receive()


# ---------------------------------------------------------------------- silence and cancels


def silent(line: socket.socket) -> None:
    take(line)
    take(line, 1)


def test_silence_ends(routes: list[Route]) -> None:
    with server(silent) as port:
        routes.append(route_to(port, read_s=0.1))
        with pytest.raises(SlowLineError):
            ask(routes[0])


def test_silence_within_a_body_ends_after_what_came(routes: list[Route]) -> None:
    def serve(line: socket.socket) -> None:
        take(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        line.sendall(b"some")
        take(line, 1)

    with server(serve) as port:
        routes.append(route_to(port, read_s=0.1))
        with ask(routes[0]) as answer:
            assert bytes(answer.receive()) == b"some"
            with pytest.raises(SlowLineError):
                answer.receive()


def test_a_server_that_takes_nothing(routes: list[Route]) -> None:
    end = threading.Event()
    with server(lambda line: end.wait(5)) as port:
        routes.append(route_to(port, read_s=0.2))
        with pytest.raises(SlowLineError):
            ask(routes[0], memoryview(bytes(50_000_000)), 50_000_000)
        end.set()


def test_a_trickle_ends(routes: list[Route], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_WATCH_S", 0.0)
    monkeypatch.setattr(wire, "_PIECE_S", 0.0)
    go_on = threading.Event()

    def serve(line: socket.socket) -> None:
        take(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            line.sendall(b"x")
            go_on.wait(0.05)

    with server(serve) as port:
        routes.append(route_to(port))
        with ask(routes[0]) as answer, pytest.raises(SlowLineError, match="Next to nothing"):
            answer.read()


def test_a_body_that_hardly_leaves_ends(routes: list[Route], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_WATCH_S", 0.0)
    with server(taking(bytearray(), 6)) as port:
        routes.append(route_to(port))
        with pytest.raises(SlowLineError):
            ask(routes[0], lambda: iter([b"a"] * 6), 6)


@pytest.mark.parametrize("size", [0, 50_000_000])
def test_a_cancel_ends_it_within_a_second(size: int, routes: list[Route]) -> None:
    cancel, end = threading.Event(), threading.Event()
    with server(lambda line: end.wait(10)) as port:
        routes.append(route_to(port, read_s=30))
        timer = threading.Timer(0.1, cancel.set)
        timer.start()
        began = monotonic()
        with pytest.raises(Cancelled):
            ask(routes[0], memoryview(bytes(size)), size, cancel=cancel)
        assert monotonic() - began < 1.5
        assert routes[0]._resting == []
        end.set()
        timer.join()


def test_a_cancel_between_two_pieces(routes: list[Route]) -> None:
    cancel = threading.Event()
    with server(taking(bytearray(), 6)) as port:
        routes.append(route_to(port))
        with pytest.raises(Cancelled):
            ask(routes[0], lambda: iter([b"abc", b"def"]), 6, cancel=cancel, on_sent=lambda count: cancel.set())


# ---------------------------------------------------------------------- opening


def test_nobody_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(LineError) as caught:
            route_to(unused.getsockname()[1]).open(None)
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".example", "."])
def test_an_unknown_name(host: str) -> None:
    with pytest.raises(LineError) as caught:
        Route("http", host, 80, Patience(5, 5)).open(None)
    assert isinstance(caught.value.__cause__, socket.gaierror)


@pytest.fixture
def full_listener() -> Iterator[int]:
    """A port that takes no more connections, but does not refuse them."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            line = socket.socket()
            line.setblocking(False)
            line.connect_ex(listener.getsockname())
            waiting.append(line)
        yield listener.getsockname()[1]
        for line in waiting:
            line.close()


def test_opening_takes_only_so_long(full_listener: int) -> None:
    with pytest.raises(LineError) as caught:
        Route("http", "127.0.0.1", full_listener, Patience(0.2, 5)).open(None)
    assert isinstance(caught.value.__cause__, TimeoutError)


def test_opening_can_be_cancelled(full_listener: int) -> None:
    cancel = threading.Event()
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    with pytest.raises(Cancelled):
        Route("http", "127.0.0.1", full_listener, Patience(30, 5)).open(cancel)
    timer.join()


# ---------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """A server's TLS, and the file to trust."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return context, str(path)


def secure_route(port: int, verify: bool | str, host: str = "127.0.0.1", **more: object) -> Route:
    return Route("https", host, port, Patience(5, 5), tls_context(verify), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 3_000_000])
def test_over_tls(authority: tuple[ssl.SSLContext, str], size: int, routes: list[Route]) -> None:
    received = bytearray()

    def serve(line: socket.socket) -> None:
        for _ in range(2):
            take(line)
            received.extend(take(line, size))
            line.sendall(OK)

    with server(serve, tls=authority[0]) as port:
        routes.append(secure_route(port, authority[1]))
        data = bytes(range(250)) * (size // 250)
        for _ in range(2):
            assert read(ask(routes[0], memoryview(data), size)) == b"ok"
        assert received == data * 2


def test_a_tls_line_on_which_the_server_hung_up_is_replaced(
    authority: tuple[ssl.SSLContext, str], routes: list[Route], monkeypatch: pytest.MonkeyPatch
) -> None:
    with server(says(OK), says(OK), tls=authority[0]) as port:
        routes.append(secure_route(port, authority[1]))
        assert [ask_and_read(routes[0]).status for _ in range(3)] == [200] * 3
        monkeypatch.setattr(lines, "_FRESH_S", 0.0)
        assert ask_and_read(routes[0]).status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_nobody_knows(authority: tuple[ssl.SSLContext, str], host: str) -> None:
    with server(says(OK), tls=authority[0]) as port, pytest.raises(ssl.SSLCertVerificationError):
        secure_route(port, True, host).open(None)


def test_a_certificate_of_another(authority: tuple[ssl.SSLContext, str], monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **most: real("127.0.0.1", *more, **most))
    with server(says(OK), tls=authority[0]) as port, pytest.raises(ssl.SSLCertVerificationError):
        secure_route(port, authority[1], "other.example").open(None)


def test_everybody_is_trusted_if_asked(authority: tuple[ssl.SSLContext, str], routes: list[Route]) -> None:
    with server(says(OK), tls=authority[0]) as port:
        routes.append(secure_route(port, False))
        assert read(ask(routes[0])) == b"ok"


def test_tls_where_none_is_spoken() -> None:
    with server(lambda line: line.sendall(OK)) as port, pytest.raises(ssl.SSLError):
        secure_route(port, False).open(None)


def test_a_handshake_that_does_not_end() -> None:
    end = threading.Event()
    with server(lambda line: end.wait(5)) as port:
        with pytest.raises(SlowLineError):
            Route("https", "127.0.0.1", port, Patience(0.2, 5), tls_context(False)).open(None)
        end.set()


# ---------------------------------------------------------------------- proxies


@pytest.mark.parametrize(
    ("proxies", "proxy"),
    [
        ({}, None),
        ({"https": "http://p:8080"}, None),
        ({"http": "http://p:8080"}, Proxy("http", "p", 8080, "")),
        ({"http": "p:8080"}, Proxy("http", "p", 8080, "")),
        ({"http": "//p"}, Proxy("http", "p", 80, "")),
        ({"http": "https://p"}, Proxy("https", "p", 443, "")),
        ({"http": "http://me:p%40ss@p:1"}, Proxy("http", "p", 1, "Basic bWU6cEBzcw==")),
        ({"http": "http://me@p:1"}, Proxy("http", "p", 1, "")),
    ],
)
def test_the_proxy_of_the_environment(proxies: dict[str, str], proxy: Proxy | None) -> None:
    assert proxy_of("http", proxies) == proxy
    assert "bWU6" not in repr(proxy)


def test_a_proxy_that_is_no_address() -> None:
    with pytest.raises(ProxyLineError):
        proxy_of("http", {"http": "http://p:port"})


def tunnel(asked: list[bytes], answer: bytes, inner: ssl.SSLContext | None = None) -> Serve:
    def serve(line: socket.socket) -> None:
        asked.append(take(line))
        line.sendall(answer)
        if inner is not None:
            with inner.wrap_socket(line, server_side=True) as secured:
                take(secured)
                secured.sendall(OK)

    return serve


def test_through_a_tunnel(authority: tuple[ssl.SSLContext, str], routes: list[Route]) -> None:
    asked: list[bytes] = []
    with server(tunnel(asked, b"HTTP/1.1 200 Established\r\nVia: p\r\n\r\n", authority[0])) as port:
        proxy = Proxy("http", "127.0.0.1", port, "Basic bWU6cEBzcw==")
        routes.append(secure_route(443, authority[1], "localhost", proxy=proxy))
        assert read(ask(routes[0])) == b"ok"
    assert asked == [
        b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n"
    ]


def test_through_a_tunnel_of_tls(
    authority: tuple[ssl.SSLContext, str], routes: list[Route], monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(line: socket.socket) -> None:
        take(line)
        line.sendall(b"HTTP/1.1 200 Established\r\n\r\n")
        # what follows is TLS within TLS
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        inner = authority[0].wrap_bio(incoming, outgoing, server_side=True)

        def until(done: Callable[[], object]) -> None:
            while True:
                try:
                    done()
                except ssl.SSLWantReadError:
                    line.sendall(outgoing.read())
                    incoming.write(line.recv(65536))
                else:
                    line.sendall(outgoing.read())
                    return

        until(inner.do_handshake)
        until(lambda: inner.read(65536))
        until(lambda: inner.write(OK))

    trusted = authority[1]
    monkeypatch.setattr(lines, "tls_context", lambda verify: tls_context(trusted))
    with server(serve, tls=authority[0]) as port:
        routes.append(secure_route(443, trusted, "localhost", proxy=Proxy("https", "127.0.0.1", port, "")))
        assert read(ask(routes[0])) == b"ok"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 Sign in\r\n\r\n", b"", b"HTTP/1.1 403 No\r\n\r\n", b"x" * 20_000])
def test_a_proxy_that_refuses(answer: bytes) -> None:
    with server(tunnel([], answer)) as port, pytest.raises(ProxyLineError):
        secure_route(443, False, "::1", proxy=Proxy("http", "127.0.0.1", port, "")).open(None)


def test_no_proxy_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        proxy = Proxy("http", "127.0.0.1", unused.getsockname()[1], "")
        with pytest.raises(ProxyLineError):
            secure_route(443, False, proxy=proxy).open(None)


def test_a_silent_proxy() -> None:
    end = threading.Event()
    with server(lambda line: end.wait(5)) as port:
        route = Route(
            "https", "localhost", 443, Patience(0.2, 5), tls_context(False), Proxy("http", "127.0.0.1", port, "")
        )
        with pytest.raises(SlowLineError):
            route.open(None)
        end.set()


# ---------------------------------------------------------------------- limits


def test_both_ways_are_throttled(routes: list[Route]) -> None:
    taken: list[tuple[str, int]] = []

    class Counting(Throttle):
        def take_up(self, wanted: int, cancel: object = None) -> int:
            taken.append(("up", min(wanted, 1000)))
            return min(wanted, 1000)

        def take_down(self, wanted: int, cancel: object = None) -> int:
            taken.append(("down", min(wanted, 1000)))
            return min(wanted, 1000)

    data = bytes(5000)
    received = bytearray()

    def serve(line: socket.socket) -> None:
        take(line)
        received.extend(take(line, 5000))
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        line.sendall(data)

    with server(serve) as port:
        routes.append(route_to(port))
        assert read(ask(routes[0], memoryview(data), 5000, throttle=Counting())) == data
    assert received == data
    assert sum(count for way, count in taken if way == "up") == 5000
    assert sum(count for way, count in taken if way == "down") >= 5000


def test_a_line_that_is_closed_twice() -> None:
    near, far = socket.socketpair()
    line = Line(near, Patience(1, 1))
    line.close()
    line.close()
    far.close()
    assert io.BytesIO(line.view[:0]).getvalue() == b""
