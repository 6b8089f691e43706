import tempfile
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from PySide6.QtCore import Qt, QTimer

from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from tests.benchmarks.window import small_files, wait_for, window_on
from tests.servers.rclone import rclone

_FILES = 1_000
_TICK_S = 0.005


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
                lateness: list[float] = []
                last = perf_counter()

                def tick() -> None:
                    nonlocal last
                    now = perf_counter()
                    lateness.append(now - last - _TICK_S)
                    last = now

                timer = QTimer(program)
                timer.setTimerType(Qt.TimerType.PreciseTimer)
                timer.timeout.connect(tick)
                finished: list[object] = []
                program.manager.add_listener(lambda news: finished.extend(news.finished))
                timer.start(int(_TICK_S * 1000))
                started = perf_counter()
                program.controller.operations.upload([source], place)
                wait_for(lambda: bool(finished))
                took = perf_counter() - started
                timer.stop()
    late = sorted(value * 1000 for value in lateness)
    p99 = quantiles(late, n=100)[98]
    over = sum(value for value in late if value > 16.7 - 5) / 10 / took
    print(
        f"stalls: {_FILES:,} files in {took:.1f} s; late p50 {late[len(late) // 2]:.1f} ms, p99 {p99:.1f} ms, "
        f"max {late[-1]:.1f} ms; {over:.1f} % of the time in gaps over a frame"
    )
