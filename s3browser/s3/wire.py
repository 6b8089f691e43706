"""HTTP/1.1 for the bodies of objects: one request, one answer, over the lines of a ``Route``.

boto3 takes ten times as long for a small object. What it is still used for, and why: ``docs/decisions/0007``.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from time import monotonic
from types import TracebackType

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from s3browser.exceptions import Cancelled
from s3browser.jobs.pace import Throttle
from s3browser.model.store import Cancel, Sent
from s3browser.s3.lines import (
    BUFFER_BYTES,
    AnsweredEarly,
    BrokenLineError,
    Line,
    LineError,
    NotHttpError,
    Route,
    ShortAnswerError,
    SlowLineError,
)

Body = bytes | memoryview | Callable[[], Iterator[bytes | memoryview]]
"""A request's body: at hand, or made anew for every attempt because it is too large for that."""

SEND_BYTES = 256 * 1024
# A body up to here leaves together with the head.
_SMALL_BYTES = 64 * 1024
_MAX_HEAD_BYTES = 64 * 1024
# So much of an error's body is read; the rest is not worth the line.
MAX_ERROR_BYTES = 64 * 1024
# A body that moves slower than this stands still.
_WATCH_S = 30.0
_WATCH_BYTES = 1024
# A piece is handed over after this time, full or not: a cancel and a writer wait for it.
_PIECE_S = 0.1
_NOTHING = memoryview(b"")
_HTTP = b"HTTP/1."


class Answer:
    """The head of an answer, and its body on demand. A context: leaving it frees the line.

    Attributes:
        status: the HTTP status.
        headers: names in lower case; the last of several.
        length: of the body in bytes, or None where the server does not say.
        was_repeated: the request went twice: the first time the server hung up on a line that had rested.
    """

    def __init__(
        self,
        route: Route,
        line: Line,
        throttle: Throttle,
        cancel: Cancel | None,
        *,
        is_whole: bool,
        was_repeated: bool,
        is_head: bool = False,
    ) -> None:
        self._route = route
        self._line: Line | None = line
        self._throttle = throttle
        self._cancel = cancel
        self._at = 0
        self._filled = 0
        self._parser: HttpResponseParser | None = None
        self._parsed: list[bytes] = []
        self._is_complete = False
        self._failure: Exception | None = None
        self._watched_from = 0.0
        self._watched = 0
        # A request that was not sent to its end leaves the line unusable.
        self._may_rest = is_whole
        self._is_head = is_head
        self.was_repeated = was_repeated
        self.status = 0
        self.headers: dict[str, str] = {}
        self.length: int | None = None
        self._left = 0

    # ------------------------------------------------------------------ what httptools calls

    def on_body(self, piece: bytes) -> None:  # noqa: D102
        self._parsed.append(piece)

    def on_message_complete(self) -> None:  # noqa: D102
        self._is_complete = True

    # ------------------------------------------------------------------ the head

    def read_head(self, filled: int = 0) -> None:
        """Receive the head; ``filled`` bytes of the line's buffer hold some of it already.

        Raises:
            BrokenLineError: the line ended before it began.
            NotHttpError: it is none.
        """
        line = self._require()
        buffer, view = line.buffer, line.view
        seen = 0
        while True:
            end = buffer.find(b"\r\n\r\n", max(0, seen - 3), filled) if filled else -1
            if end < 0:
                if filled >= _MAX_HEAD_BYTES or not _HTTP.startswith(bytes(view[: min(filled, len(_HTTP))])):
                    raise NotHttpError("This is no answer of HTTP.")
                try:
                    count = line.receive(view[filled:], self._cancel)
                    if not count:
                        raise BrokenLineError("The server hung up.")
                except BrokenLineError as error:
                    if filled:
                        raise LineError("The line ended within the answer.") from error
                    raise
                seen = filled
                filled += count
                self._watch(count)
                continue
            end += 4
            self._is_complete = False
            parser = HttpResponseParser(self)
            try:
                parser.feed_data(view[:end])
            except (HttpParserError, HttpParserUpgrade) as error:
                raise NotHttpError("This is no answer of HTTP.") from error
            self.status = parser.get_status_code()
            if self.status >= 200:
                self.headers = _headers(view[:end])
                break
            # 100 Continue and its like
            buffer[: filled - end] = buffer[end:filled]
            filled -= end
            seen = 0
        self._at, self._filled = end, filled
        # httptools forgets it where there is no body to come.
        self._may_rest = self._may_rest and _stays_open(parser.get_http_version(), self.headers.get("connection"))
        self._frame(parser)
        came = filled - end
        while came > 0:
            came -= self._throttle.take_down(came, self._cancel)

    def _frame(self, parser: HttpResponseParser) -> None:
        """Find out where the body ends."""
        given = self.headers.get("content-length")
        if self._is_head or self.status in (204, 304):
            self.length = 0
        elif "transfer-encoding" in self.headers:
            self._parser = parser
        elif given is not None:
            self.length = int(given)  # httptools has checked it
        else:
            self._may_rest = False
        self._left = self.length or 0
        if self._filled - self._at > self._left and self.length is not None:
            self._may_rest = False  # more than an answer

    # ------------------------------------------------------------------ the body

    def receive(self) -> memoryview:
        """The next piece of the body, empty at its end; good until the next call.

        Raises:
            LineError: the line ended before the body; what had come before was handed over.
            SlowLineError: next to nothing came for half a minute, or nothing for the read timeout.
        """
        if self._parser is not None:
            return self._receive_parsed()
        line = self._require()
        if self._at < self._filled:
            stop = self._filled if self.length is None else min(self._filled, self._at + self._left)
            piece = line.view[self._at : stop]
            self._at = self._filled = 0
            self._left -= len(piece)
            return piece
        if self.length is not None and not self._left:
            return _NOTHING
        return self._receive_plain(line)

    def _receive_plain(self, line: Line) -> memoryview:
        most = BUFFER_BYTES if self.length is None else min(BUFFER_BYTES, self._left)
        filled = 0
        began = monotonic()
        if self._failure is not None:
            raise self._failure
        while filled < most:
            try:
                count = self._take(line, line.view[filled:most])
            except (OSError, Cancelled) as error:
                if not filled:
                    raise
                self._failure = error  # for the next call: what came comes first
                break
            if not count:
                if self.length is None or filled:
                    break
                raise ShortAnswerError("The line ended within the answer.")
            filled += count
            if monotonic() - began > _PIECE_S:
                break
        self._left -= filled
        return line.view[:filled]

    def _take(self, line: Line, view: memoryview) -> int:
        granted = self._throttle.take_down(len(view), self._cancel)
        count = line.receive(view[:granted], self._cancel)
        self._throttle.give_back_down(granted - count)
        self._watch(count)
        return count

    def _watch(self, count: int) -> None:
        """Give up on a server that sends a byte now and then."""
        now = monotonic()
        self._watched += count
        if not self._watched_from or self._watched >= _WATCH_BYTES:
            self._watched_from, self._watched = now, 0
        elif now - self._watched_from > _WATCH_S:
            raise SlowLineError("Next to nothing came for too long.")

    def _receive_parsed(self) -> memoryview:
        line, parser = self._require(), self._parser
        assert parser is not None
        while not self._parsed and not self._is_complete:
            if self._at >= self._filled:
                self._at, self._filled = 0, self._take(line, line.view)
                if not self._filled:
                    raise ShortAnswerError("The line ended within the answer.")
            try:
                parser.feed_data(line.view[self._at : self._filled])
            except (HttpParserError, HttpParserUpgrade) as error:
                self._may_rest = False
                if not self._parsed:
                    raise LineError("The answer's body is damaged.") from error
            self._at = self._filled
        if not self._parsed:
            return _NOTHING
        piece = memoryview(b"".join(self._parsed))
        self._parsed.clear()
        return piece

    def read(self, most: int = MAX_ERROR_BYTES) -> bytes:
        """The rest of the body, cut off after ``most`` bytes; raises as ``receive``."""
        pieces: list[bytes] = []
        count = 0
        while count < most and (piece := self.receive()):
            pieces.append(bytes(piece[: most - count]))
            count += len(piece)
        return b"".join(pieces)

    # ------------------------------------------------------------------ the end

    def close(self) -> None:
        """Free the line: for the next request if this answer came to its end, for good if not."""
        line, self._line = self._line, None
        if line is None:
            return
        ended = self._is_complete if self._parser is not None else not self._left and self.length is not None
        if ended and self._may_rest:
            self._route.give_back(line)
        else:
            line.close()

    def _require(self) -> Line:
        assert self._line is not None, "the answer is closed"
        return self._line

    def __enter__(self) -> "Answer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _headers(head: memoryview) -> dict[str, str]:
    """The headers of a head that httptools has found to be one; to hear of each from it costs three times as much."""
    return dict(map(_header, str(head, "latin-1").split("\r\n")[1:-2]))


@lru_cache(maxsize=256)  # most of a server's headers are the same every time
def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip(" \t")


def _stays_open(version: str, connection: str | None) -> bool:
    """Whether the server takes another request on the line."""
    if connection is None:
        return version == "1.1"
    words = [word.strip() for word in connection.lower().split(",")]
    return "close" not in words and (version == "1.1" or "keep-alive" in words)


def request_head(method: str, target: str, headers: Mapping[str, str]) -> memoryview:
    """A request's first lines; a view, whose repr does not show the session's token."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return memoryview(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode())


def exchange(
    route: Route,
    head: memoryview,
    body: Body,
    size: int,
    throttle: Throttle,
    cancel: Cancel | None = None,
    on_sent: Sent | None = None,
) -> Answer:
    """Send one request and return the head of its answer. Blocking; ends within a second of a cancel.

    A line that had rested, and on which the server hung up without a byte, is replaced once.

    Args:
        route: where to.
        head: from ``request_head``, with the body's length in it.
        body: what follows it.
        size: of the body, in bytes.
        throttle: limits its speed.
        cancel: ends it.
        on_sent: told how many bytes of the body have left.

    Raises:
        Cancelled: ``cancel`` is set. The line is closed.
        OSError: there was no answer; ``translate`` knows all of them. What a body raised comes out unchanged.
    """
    was_repeated = False
    while True:
        line = route.take(cancel)
        try:
            early, is_whole = _send(line, head, body, size, throttle, cancel, on_sent)
            answer = Answer(
                route, line, throttle, cancel, is_whole=is_whole, was_repeated=was_repeated,
                is_head=bytes(head[:5]) == b"HEAD ",
            )  # fmt: skip
            answer.read_head(early)
        except BrokenLineError:
            # Nothing of an answer came. On a line that had rested, the server had hung up before.
            line.close()
            if not line.is_used or was_repeated:
                raise
            was_repeated = True
            route.close()  # the others have rested longer
        except BaseException:
            line.close()
            raise
        else:
            return answer


def _send(
    line: Line,
    head: memoryview,
    body: Body,
    size: int,
    throttle: Throttle,
    cancel: Cancel | None,
    on_sent: Sent | None,
) -> tuple[int, bool]:
    """Send a request. Returns how much of an answer has come already, and whether the request went to its end."""
    try:
        if size <= _SMALL_BYTES and not callable(body):
            left = size
            while left:
                left -= throttle.take_up(left, cancel)
            _send_all(line, memoryview(b"".join((head, body))) if size else head, cancel)
            if on_sent is not None:
                on_sent(size)
        else:
            _send_all(line, head, cancel)
            _send_body(line, body, size, throttle, cancel, on_sent)
    except AnsweredEarly as early:
        if early.count == 0:
            raise BrokenLineError("The server hung up.") from None
        return early.count, False
    return 0, True


def _send_all(line: Line, rest: memoryview, cancel: Cancel | None) -> None:
    try:
        while rest:
            rest = rest[line.send(rest, cancel) :]
    except BrokenLineError:
        # A server that refuses says so, and hangs up on the rest.
        count = line.receive_at_once(line.view)
        if not count:
            raise
        raise AnsweredEarly(count) from None


def _send_body(
    line: Line, body: Body, size: int, throttle: Throttle, cancel: Cancel | None, on_sent: Sent | None
) -> None:
    sent = 0
    watched_from, watched_sent = monotonic(), 0
    for whole in body() if callable(body) else (body,):
        rest = memoryview(whole)
        while rest:
            if cancel is not None and cancel.is_set():
                raise Cancelled
            piece = rest[: throttle.take_up(min(len(rest), SEND_BYTES), cancel)]
            _send_all(line, piece, cancel)
            sent += len(piece)
            rest = rest[len(piece) :]
            if on_sent is not None:
                on_sent(sent)
            if sent == size:
                return
            count = line.receive_at_once(line.view)
            if count is not None and not _is_go_on(line, count):
                raise AnsweredEarly(count)
            now = monotonic()
            if now - watched_from > _WATCH_S:
                if sent - watched_sent < _WATCH_BYTES:
                    raise SlowLineError("Next to nothing went for too long.")
                watched_from, watched_sent = now, sent


def _is_go_on(line: Line, count: int) -> bool:
    """Whether what came is nothing but a 100 Continue, which nobody asked for."""
    return line.buffer.startswith(b"HTTP/1.1 100 ") and line.buffer.find(b"\r\n\r\n", 0, count) == count - 4
