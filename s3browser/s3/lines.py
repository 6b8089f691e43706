"""Connections to a server: how they are opened, through proxies and TLS, and kept for the next request."""

import errno
import os
import selectors
import socket
import ssl
import struct
import weakref
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from urllib.parse import unquote, urlsplit

from s3browser.exceptions import Cancelled
from s3browser.model.store import Cancel

if TYPE_CHECKING:
    from urllib3.util.ssltransport import SSLTransport

# Blocking calls return this often to see a cancel.
LOOK_S = 0.5
BUFFER_BYTES = 1024 * 1024
# Servers close lines that rest for a minute or so; a line that rested longer than this is not worth the risk.
MAX_REST_S = 30.0
# A line that rested longer than this is looked at before it is used again.
_FRESH_S = 1.0
_MAX_RESTING = 64
_MAX_PROXY_HEAD = 16 * 1024
_HAS_TIMEVAL = os.name != "nt"
# What a call that took too long raises: Python's own timeout, or the system's.
_TIMEOUT = (TimeoutError, BlockingIOError)


class LineError(ConnectionError):
    """The line could not be opened, or broke; its cause says why."""


class BrokenLineError(LineError):
    """The other side hung up."""


class ShortAnswerError(LineError):
    """The line ended within a body whose length was announced; ``translate`` knows the class by its name."""


class ProxyLineError(LineError):
    """The proxy refused; ``translate`` knows the class by its name."""


class NotHttpError(LineError):
    """What answers does not speak HTTP, or means harm; ``translate`` knows the class by its name."""


class SlowLineError(LineError, TimeoutError):
    """Nothing came or went for too long."""


class AnsweredEarly(Exception):  # noqa: N818 (not an error: the server has said something)
    """The server answers instead of taking the rest; ``count`` bytes of it are in the line's buffer."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


class Patience(NamedTuple):
    """How long to wait, in seconds: for a connection to open, and for the next bytes."""

    connect_s: float
    read_s: float


class Proxy(NamedTuple):
    """Where a proxy is; ``authorization`` is the value of its header, or empty, and a secret."""

    scheme: str
    host: str
    port: int
    authorization: str

    def __repr__(self) -> str:
        return f"Proxy({self.scheme}, {self.host}, {self.port})"


def proxy_of(scheme: str, proxies: Mapping[str, str]) -> Proxy | None:
    """The proxy for addresses of ``scheme``, as botocore reads the environment's and the system's settings."""
    url = proxies.get(scheme)
    if not url:
        return None
    if not url.startswith(("http:", "https:")):
        url = f"http:{url}" if url.startswith("//") else f"http://{url}"
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise ProxyLineError("The proxy's address is not valid.") from error
    authorization = ""
    if parts.username and parts.password:
        name = f"{unquote(parts.username)}:{unquote(parts.password)}"
        authorization = f"Basic {b64encode(name.encode()).decode()}"
    return Proxy(parts.scheme, parts.hostname or "", port, authorization)


def tls_context(verify: bool | str) -> ssl.SSLContext:
    """TLS that trusts what botocore would: certifi's authorities, those of a file, or everybody (False)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if verify is True:
        from botocore.httpsession import get_cert_path

        context.load_verify_locations(cafile=str(get_cert_path(True)))
    else:
        context.load_verify_locations(cafile=verify)
    return context


class Line:
    """One open connection with its receive buffer; used by one thread at a time."""

    __slots__ = ("_is_plain", "_look_s", "_patience", "_sock", "buffer", "is_used", "rested_at", "view")

    def __init__(self, sock: "socket.socket | SSLTransport", patience: Patience) -> None:
        self._sock: Any = sock
        self._patience = patience
        self.buffer = bytearray(BUFFER_BYTES)  # only the pages that are written to cost memory
        self.view = memoryview(self.buffer)
        self.is_used = False
        self.rested_at = 0.0
        self._look_s = min(LOOK_S, patience.read_s)
        self._is_plain = False
        if _HAS_TIMEVAL and type(sock) is socket.socket:
            # Python's own timeout asks whether a call would wait before each one: twice the system calls, and twice
            # the turns that other threads get.
            self._is_plain = True
            sock.settimeout(None)
            seconds, rest = divmod(max(1, int(self._look_s * 1_000_000)), 1_000_000)  # zeros would stand for ever
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", seconds, rest))
        else:
            sock.settimeout(self._look_s)

    def send(self, piece: memoryview, cancel: Cancel | None) -> int:
        """Send some of ``piece``, and return how much.

        Raises:
            AnsweredEarly: the server takes no more, and says why.
            BrokenLineError: it hung up.
            SlowLineError: nothing went for the read timeout.
            Cancelled: soon after ``cancel`` was set.
        """
        try:
            return int(self._sock.send(piece))
        except _TIMEOUT:
            return self._patiently(self._sock.send, piece, cancel, is_sending=True)
        except OSError as error:
            _raise_for(error)

    def receive(self, view: memoryview, cancel: Cancel | None) -> int:
        """Receive into ``view``, and return how many bytes; 0: the server closed the line.

        Raises:
            BrokenLineError: it hung up roughly.
            SlowLineError: nothing came for the read timeout.
            Cancelled: soon after ``cancel`` was set.
        """
        try:
            return int(self._sock.recv_into(view))
        except _TIMEOUT:
            return self._patiently(self._sock.recv_into, view, cancel)
        except OSError as error:
            _raise_for(error)

    def _patiently(self, call: Any, view: Any, cancel: Cancel | None, *, is_sending: bool = False) -> int:
        """Go on with a call that timed out once."""
        deadline = monotonic() + self._patience.read_s - self._look_s
        while True:
            if cancel is not None and cancel.is_set():
                raise Cancelled
            if is_sending and (count := self.receive_at_once(self.view)) is not None:
                raise AnsweredEarly(count)
            if monotonic() >= deadline:
                raise SlowLineError("Nothing came or went for too long.")
            try:
                done: int = call(view)
            except _TIMEOUT:
                continue
            except OSError as error:
                _raise_for(error)
            return done

    def receive_at_once(self, view: memoryview) -> int | None:
        """What has come already, or None: nothing has. 0: the server closed the line.

        Raises:
            BrokenLineError: it hung up roughly.
        """
        try:
            if self._is_plain:
                return int(self._sock.recv_into(view, 0, socket.MSG_DONTWAIT))
            self._sock.settimeout(0)
            try:
                return int(self._sock.recv_into(view))
            finally:
                self._sock.settimeout(self._look_s)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError as error:
            _raise_for(error)

    def is_sound(self) -> bool:
        """Whether a line that rested can be used: it is open, and nothing came that nobody asked for."""
        rested_s = monotonic() - self.rested_at
        if rested_s > MAX_REST_S:
            return False
        try:
            return rested_s < _FRESH_S or self.receive_at_once(self.view) is None
        except OSError:
            return False

    def close(self) -> None:
        """Close it; its buffer lives as long as somebody looks at it."""
        with suppress(OSError):
            self._sock.close()


class Route:
    """The way to one server: opens lines to it, and keeps those that rest. Thread-safe.

    Args:
        scheme: ``http`` or ``https``.
        host: its name or number, an IPv6 number without brackets.
        port: its port.
        patience: how long to wait.
        tls: for ``https``.
        proxy: what stands between.
    """

    def __init__(
        self,
        scheme: str,
        host: str,
        port: int,
        patience: Patience,
        tls: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.patience = patience
        self.proxy = proxy
        self._tls = tls
        # Last in, first out; a list's append and pop are atomic.
        self._resting: list[Line] = []
        # A service may be dropped without a word.
        weakref.finalize(self, _close_all, self._resting)

    @property
    def is_forwarded(self) -> bool:
        """Whether a proxy reads the requests, which then name the whole address."""
        return self.proxy is not None and self.scheme == "http"

    def take(self, cancel: Cancel | None) -> Line:
        """A line nobody else uses: one that rests, or a new one.

        Raises:
            Cancelled: ``cancel`` was set while it opened.
            OSError: it could not be opened.
        """
        while True:
            try:
                line = self._resting.pop()
            except IndexError:
                return self.open(cancel)
            if line.is_sound():
                return line
            line.close()

    def give_back(self, line: Line) -> None:
        """Keep a line for the next request."""
        line.is_used = True
        line.rested_at = monotonic()
        if len(self._resting) < _MAX_RESTING:
            self._resting.append(line)
        else:
            line.close()

    def close(self) -> None:
        """Close the lines that rest."""
        _close_all(self._resting)

    def open(self, cancel: Cancel | None) -> Line:
        """A new line; raises as ``take``."""
        deadline = monotonic() + self.patience.connect_s
        proxy = self.proxy
        if proxy is None:
            sock: Any = _connected(self.host, self.port, deadline, cancel)
        else:
            try:
                sock = _connected(proxy.host, proxy.port, deadline, cancel)
            except OSError as error:
                raise ProxyLineError("The proxy could not be reached.") from error
        try:
            if proxy is not None:
                if proxy.scheme == "https":
                    sock = _secured(sock, tls_context(True), proxy.host, deadline, cancel)
                if self.scheme == "https":
                    _tunnel(sock, proxy, self.host, self.port, deadline, cancel)
            if self._tls is not None:
                sock = _secured(sock, self._tls, self.host, deadline, cancel)
            return Line(sock, self.patience)
        except BaseException:
            sock.close()
            raise


def _close_all(resting: list[Line]) -> None:
    while True:
        try:
            resting.pop().close()
        except IndexError:
            return


def _raise_for(error: OSError) -> NoReturn:
    """Raise what stands for an error of the system while a line is used."""
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        raise error
    raise BrokenLineError("The line broke.") from error


def _connected(host: str, port: int, deadline: float, cancel: Cancel | None) -> socket.socket:
    """A connected socket; every address of the host is tried."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise LineError("The server's name is not valid.") from socket.gaierror(socket.EAI_NONAME, str(error))
    except OSError as error:
        raise LineError("The server's name is not known.") from error
    failure: OSError | None = None
    for family, kind, protocol, _, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            _connect(sock, address, deadline, cancel)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError as error:
            failure = error
            sock.close()
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise LineError("The server could not be reached.") from failure


def _connect(sock: socket.socket, address: Any, deadline: float, cancel: Cancel | None) -> None:
    sock.setblocking(False)
    code = sock.connect_ex(address)
    if code in (errno.EINPROGRESS, errno.EWOULDBLOCK):
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_WRITE)
            while not selector.select(_look_s(deadline, cancel)):
                pass
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _look_s(deadline: float, cancel: Cancel | None) -> float:
    """How long to wait before looking again."""
    if cancel is not None and cancel.is_set():
        raise Cancelled
    left_s = deadline - monotonic()
    if left_s <= 0:
        raise SlowLineError("The server did not answer in time.")
    return min(LOOK_S, left_s)


def _secured(sock: Any, tls: ssl.SSLContext, host: str, deadline: float, cancel: Cancel | None) -> Any:
    if not isinstance(sock, socket.socket) or isinstance(sock, ssl.SSLSocket):
        from urllib3.util.ssltransport import SSLTransport

        sock.settimeout(max(0.1, deadline - monotonic()))
        return SSLTransport(sock, tls, server_hostname=host)  # TLS within the proxy's TLS
    secured = tls.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        while True:
            secured.settimeout(_look_s(deadline, cancel))
            try:
                secured.do_handshake()
            except TimeoutError:
                continue
            return secured
    except BaseException:
        secured.close()
        raise


def _tunnel(sock: Any, proxy: Proxy, host: str, port: int, deadline: float, cancel: Cancel | None) -> None:
    """Ask the proxy for a line to the server."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    head = f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n"
    if proxy.authorization:
        head += f"Proxy-Authorization: {proxy.authorization}\r\n"
    sock.settimeout(_look_s(deadline, cancel))
    sock.sendall(f"{head}\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        sock.settimeout(_look_s(deadline, cancel))
        try:
            # A byte at a time: what follows the head is the server's.
            piece = sock.recv(1)
        except TimeoutError:
            continue
        if not piece or len(answer) > _MAX_PROXY_HEAD:
            raise ProxyLineError("The proxy answered with nothing of use.")
        answer += piece
    status = answer.split(b" ", 2)[1:2]
    if status != [b"200"]:
        raise ProxyLineError(f"The proxy refused: {answer.splitlines()[0][:200].decode('latin-1')}")
