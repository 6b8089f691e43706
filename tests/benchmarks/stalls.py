import tempfile
from pathlib import Path
from time import perf_counter

from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from tests.benchmarks.measures import Lateness
from tests.benchmarks.window import small_files, wait_for, window_on
from tests.servers.rclone import rclone

_FILES = 1_000


def run() -> None:
    """Print how late a 5 ms timer of the window comes while 1,000 files of 4 KiB upload, progress shown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = small_files(folder, _FILES, 4096)
        (folder / "server").mkdir()
        with rclone(folder / "server") as server:
            server.boto3_client().create_bucket(Bucket="bench")
            with window_on(server) as program:
                place = Place("bench", S3Location("bench"))
                program.controller.open_connection(place.profile_id, place.location)
                wait_for(lambda: not program.controller.workspace.contents.is_listing)
                lateness = Lateness(program)
                finished: list[object] = []
                program.manager.add_listener(lambda news: finished.extend(news.finished))
                lateness.start()
                started = perf_counter()
                program.controller.operations.upload([source], place)
                wait_for(lambda: bool(finished))
                took = perf_counter() - started
                late = lateness.stop()
    print(
        f"stalls: {_FILES:,} files in {took:.1f} s; late p50 {late.p50_ms:.1f} ms, p99 {late.p99_ms:.1f} ms, "
        f"max {late.max_ms:.1f} ms; {late.gaps_percent:.1f} % of the time in gaps over a frame"
    )
