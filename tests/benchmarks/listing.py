"""Listings: the first rows on screen, and long ones beside s5cmd and beside nothing but their bytes."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from unittest.mock import patch

from s3browser import S3Config, S3Service
from s3browser.model.entries import ListingColumns
from s3browser.model.locations import S3Location
from s3browser.s3 import listing as ours
from s3browser.s3 import ranges
from s3browser.s3.pages import Page
from tests.benchmarks.window import wait_for, window_on
from tests.servers.listing import BUCKET, listing_server
from tests.servers.moto import moto
from tests.servers.process import program
from tests.servers.server import Server

_ROUNDS = 9
_KEYS = 5_000
_LATENCY_MS = 60
_TOKEN = re.compile(rb"<NextContinuationToken>([^<]*)<")


def run() -> None:
    """Print when the first rows of a folder of 5,000 show, against the request of its first page alone."""
    with tempfile.TemporaryDirectory() as name, moto(Path(name)) as server:
        client = server.boto3_client()
        client.create_bucket(Bucket="bench")
        for number in range(_KEYS):
            client.put_object(Bucket="bench", Key=f"many/file-{number:05}.txt", Body=b"")
        requests, rows = [], []
        with window_on(server) as program:
            contents = program.controller.workspace.contents
            program.controller.open_connection("bench")
            wait_for(lambda: not contents.is_listing)
            for _ in range(_ROUNDS):
                started = perf_counter()
                client.list_objects_v2(Bucket="bench", Prefix="many/", Delimiter="/")
                requests.append(perf_counter() - started)
                program.controller.open_connection("bench")
                wait_for(lambda: not contents.is_listing)
                started = perf_counter()
                program.controller.open_connection("bench", S3Location("bench", "many/"))
                wait_for(lambda: contents.model.rowCount() >= 1000)
                rows.append(perf_counter() - started)
                wait_for(lambda: not contents.is_listing)
    ratio = median(shown / asked for shown, asked in zip(rows, requests, strict=True))
    print(
        f"listing: first page's request {median(requests) * 1000:.0f} ms, first rows {median(rows) * 1000:.0f} ms, "
        f"ratio {ratio:.2f}"
    )


# ---------------------------------------------------------------------- long listings, each in a process of its own


def _columns(service: S3Service) -> int:
    return sum(len(columns.keys) for columns in service.list_columns(BUCKET, "", deep=True))


def _files(service: S3Service) -> int:
    return sum(1 for _ in service.list_files(BUCKET, ""))


def _serial(service: S3Service) -> int:
    with patch.object(ranges, "_MIN_NAMES", sys.maxsize):
        return _columns(service)


def _bytes(service: S3Service) -> int:
    """The same requests, of whose answers nothing is read but how to go on."""
    pages = 0

    def read(body: bytes) -> Page:
        nonlocal pages
        pages += 1
        token = _TOKEN.search(body)
        nothing = ListingColumns([str(pages)], *[[]] * 5)  # type: ignore[arg-type]
        return Page(nothing, token is not None, token[1].decode() if token else "")

    with patch.object(ours, "read_page", read):
        _serial(service)
    return pages * 1000


_WAYS: Mapping[str, Callable[[S3Service], int]] = {
    "columns": _columns, "files": _files, "serial": _serial, "bytes": _bytes
}  # fmt: skip


def alone(way: str) -> None:
    """List the bucket, and print how many names there were."""
    config = S3Config(region="us-east-1", endpoint_url=os.environ["AWS_ENDPOINT_URL"], addressing_style="path")
    print(_WAYS[way](S3Service(config)))


def run_long(options: Sequence[str]) -> None:
    """Print a table of long listings: seconds and CPU seconds of whole processes, which take turns."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks long-listing")
    parser.add_argument("--keys", type=int, nargs="*", default=[200_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(options)
    for count in asked.keys:
        for latency_ms, ways in ((0, ["s5cmd ls", "bytes", "columns", "files"]), (_LATENCY_MS, ["serial", "columns"])):
            with (
                tempfile.TemporaryDirectory() as name,
                listing_server(Path(name), count, latency_ms) as server,
            ):
                took: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
                for _ in range(asked.rounds):
                    for way in ways:
                        took[way].append(_timed(way, _environment(server), count))
            _print(f"{count:,} names, {latency_ms} ms", took)


def _environment(server: Server) -> dict[str, str]:
    return {**os.environ, **server.environment(), "S3_ENDPOINT_URL": server.endpoint_url}


def _timed(way: str, environment: Mapping[str, str], count: int) -> tuple[float, float]:
    is_theirs = way.startswith("s5cmd")
    command = (
        [program("s5cmd"), "ls", f"s3://{BUCKET}/"]
        if is_theirs
        else [sys.executable, "-m", "tests.benchmarks.listing", way]
    )
    before, started = os.times(), perf_counter()
    output = subprocess.run(command, env=dict(environment), check=True, capture_output=True).stdout
    seconds, after = perf_counter() - started, os.times()
    assert (output.count(b"\n") if is_theirs else int(output)) == count
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, cpu


def _print(title: str, took: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    first, *_ = took
    print(f"| {title} | s, median (min–max) | CPU s, median | as long as {first} | its CPU |")
    print("|---|---|---|---|---|")
    for way, rounds in took.items():
        walls, cpus = zip(*rounds, strict=True)
        times, efforts = (
            median(mine[index] / theirs[index] for mine, theirs in zip(rounds, took[first], strict=True))
            for index in (0, 1)
        )
        spread = f"{median(walls):.2f} ({min(walls):.2f}–{max(walls):.2f})"
        print(f"| {way} | {spread} | {median(cpus):.2f} | {times:.3f} × | {efforts:.3f} × |", flush=True)


if __name__ == "__main__":
    alone(sys.argv[1])
