"""A read-only S3 server whose one bucket can hold a million names: what a listing costs is then the client's.

    python -m tests.servers.listing PORT COUNT [LATENCY_MS]

It answers ListObjects, both versions, with ready-made bytes. Signatures are not checked.
"""

import asyncio
import random
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

from tests.servers.process import free_port, running
from tests.servers.server import Server

BUCKET = "big"
_PAGE = 1000
_ROW = (
    "<Contents><Key>{}</Key><LastModified>20{:02}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z</LastModified>"
    "<ETag>&quot;{:032x}&quot;</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>"
)


def flat_names(count: int) -> list[str]:
    """So many names, all in one folder."""
    chance = random.Random(7)
    return [f"photo-{number:08}-{chance.getrandbits(24):06x}.jpg" for number in range(count)]


class Bucket:
    """The names, and what a page says of each: ``rows``, as they are written with ``encoding-type=url`` or without."""

    def __init__(self, names: Sequence[str]) -> None:
        chance = random.Random(11)
        self.names = sorted(names)
        self.rows: dict[bool, list[bytes]] = {True: [], False: []}
        for name in self.names:
            numbers = [chance.randrange(*ends) for ends in ((15, 26), (1, 13), (1, 29), (0, 24), (0, 60), (0, 60))]
            rest = (*numbers, chance.getrandbits(128), chance.getrandbits(30))
            self.rows[True].append(_ROW.format(quote(name), *rest).encode())
            self.rows[False].append(_ROW.format(escape(name), *rest).encode())

    def page(self, query: dict[str, str]) -> bytes:
        """The answer to ListObjects."""
        is_v2, is_url = query.get("list-type") == "2", query.get("encoding-type") == "url"
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        most = min(_PAGE, int(query.get("max-keys", _PAGE)))
        after = query.get("continuation-token", query.get("start-after", "")) if is_v2 else query.get("marker", "")
        index = max(bisect_left(self.names, prefix), bisect_right(self.names, after) if after else 0)
        if delimiter and after.endswith(delimiter):
            index = max(index, self._behind(after))
        rows, folders, last = list[bytes](), list[str](), ""
        while index < len(self.names) and self.names[index].startswith(prefix) and len(rows) + len(folders) < most:
            last = self.names[index]
            end = last.find(delimiter, len(prefix)) if delimiter else -1
            if end >= 0:
                last = last[: end + len(delimiter)]
                folders.append(last)
                index = self._behind(last)
            else:
                rows.append(self.rows[is_url][index])
                index += 1
        is_truncated = index < len(self.names) and self.names[index].startswith(prefix)
        write = quote if is_url else escape
        head = f"<IsTruncated>{str(is_truncated).lower()}</IsTruncated>" + "<EncodingType>url</EncodingType>" * is_url
        if is_truncated:
            head += f"<NextContinuationToken>{escape(last)}</NextContinuationToken>" if is_v2 else (
                f"<NextMarker>{write(last)}</NextMarker>" if delimiter else ""
            )  # fmt: skip
        groups = "".join(f"<CommonPrefixes><Prefix>{write(folder)}</Prefix></CommonPrefixes>" for folder in folders)
        return b"".join([
            b'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
            head.encode(), *rows, groups.encode(), b"</ListBucketResult>",
        ])  # fmt: skip

    def _behind(self, folder: str) -> int:
        return bisect_left(self.names, folder[:-1] + chr(ord(folder[-1]) + 1))


@contextmanager
def listing_server(folder: Path, count: int, latency_ms: int = 0) -> Iterator[Server]:
    """The server in a process of its own, with ``flat_names``; every answer comes ``latency_ms`` late."""
    port = free_port()
    server = Server("listing", f"http://127.0.0.1:{port}", "key", "secret", folder / f"listing-{port}.log")
    command = [sys.executable, "-m", "tests.servers.listing", str(port), str(count), str(latency_ms)]
    with running(command, [port], server.log, timeout_s=120):
        yield server


async def serve(bucket: Bucket, port: int, latency_s: float) -> None:
    """Serve for ever."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(latency_s)
                body = bucket.page(dict(parse_qsl(head.split(b" ", 2)[1].decode().partition("?")[2])))
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n" % len(body)
                )
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, backlog=128)
    await server.serve_forever()


if __name__ == "__main__":
    given_port, given_count, given_latency_ms = map(int, sys.argv[1:])
    asyncio.run(serve(Bucket(flat_names(given_count)), given_port, given_latency_ms / 1000))
