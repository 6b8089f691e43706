"""The first rows of a folder, on screen."""

import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from s3browser.model.locations import S3Location
from tests.benchmarks.window import wait_for, window_on
from tests.servers.moto import moto

_ROUNDS = 9
_KEYS = 5_000


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
