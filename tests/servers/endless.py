"""A read-only S3 server with one bucket of any number of files, which it makes up as it is asked for them.

It keeps nothing, so a bucket of millions is there at once. It knows what a listing needs and checks no signatures.
"""

import sys
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.servers.process import free_port, running
from tests.servers.server import Server

BUCKET = "endless"
_PAGE = 1000
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<{} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
_ENDINGS = ("jpg", "pdf", "doc", "xls", "csv", "mp4", "zip", "txt")
_FOUR_YEARS_S = 4 * 365 * 86_400
_SPREAD = 0x9E3779B97F4A7C15  # an odd number: times it, numbers in a row fall anywhere


def key(number: int) -> str:
    """The name of a file, of 34 characters; in the order of the numbers."""
    return f"photo-{number:08d}-{number * _SPREAD % 16**15:015x}.{_ENDINGS[number * 5 % 8]}"


def _entry(number: int) -> str:
    mixed = number * _SPREAD % 2**64
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(1_600_000_000 + mixed % _FOUR_YEARS_S))
    return (
        f"<Contents><Key>{key(number)}</Key><LastModified>{at}</LastModified>"
        f"<ETag>&quot;{mixed:016x}{number:016x}&quot;</ETag><Size>{mixed >> 34}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = 0
    latency_s = 0.0

    def do_GET(self) -> None:
        time.sleep(self.latency_s)
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        if address.path == "/":
            bucket = f"<Bucket><Name>{BUCKET}</Name><CreationDate>2020-01-01T00:00:00.000Z</CreationDate></Bucket>"
            told = f"<Buckets>{bucket}</Buckets></ListAllMyBucketsResult>"
            self._answer(200, _HEAD.format("ListAllMyBucketsResult") + told)
        elif "list-type" in asked:
            self._answer(200, self._page(asked))
        elif "location" in asked:
            self._answer(200, _HEAD.format("LocationConstraint") + "</LocationConstraint>")
        else:
            self._answer(501, "<Error><Code>NotImplemented</Code><Message>Only listings.</Message></Error>")

    def _page(self, asked: dict[str, str]) -> str:
        after = asked.get("continuation-token") or asked.get("start-after") or ""
        first = bisect_right(range(self.count), after, key=key) if after else 0
        last = min(first + min(_PAGE, int(asked.get("max-keys", _PAGE))), self.count)
        told = "".join(map(_entry, range(first, last)))
        more = f"<NextContinuationToken>{key(last - 1)}</NextContinuationToken>" if last < self.count else ""
        return (
            _HEAD.format("ListBucketResult")
            + f"<Name>{BUCKET}</Name><Prefix></Prefix><KeyCount>{last - first}</KeyCount>"
            + f"<MaxKeys>{_PAGE}</MaxKeys><EncodingType>url</EncodingType>"
            + f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}{told}</ListBucketResult>"
        )

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("x-amz-request-id", "0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is logged: that would cost more than the answers."""


@contextmanager
def endless(folder: Path, count: int, latency_s: float = 0.0) -> Iterator[Server]:
    """The server with so many files, in a process of its own; each answer begins ``latency_s`` late."""
    log = folder / "endless.log"
    port = free_port()
    command = [sys.executable, "-m", "tests.servers.endless", str(port), str(count), str(latency_s)]
    with running(command, [port], log):
        yield Server("endless", f"http://127.0.0.1:{port}", "any", "any", log)


def main() -> None:
    """Serve until the process is ended; its arguments are those of ``endless``."""
    port, count, latency_s = sys.argv[1:]
    _Handler.count, _Handler.latency_s = int(count), float(latency_s)
    ThreadingHTTPServer(("127.0.0.1", int(port)), _Handler).serve_forever()


if __name__ == "__main__":
    main()
