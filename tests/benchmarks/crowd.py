"""A window that many files are dropped in, or that goes on with them; tells how it is every second. For ``many``."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from PySide6.QtCore import QEventLoop, QTimer

from s3browser.app import Program
from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.model.transfers import PanelLook, TransferNews, TransferState
from tests.benchmarks.measures import Lateness, memory_mib
from tests.benchmarks.window import CONNECTION, plan_sheet, wait_for, window_at_home

_TELL_EVERY_MS = 1_000


class Crowd:
    """Somebody who drops files and looks on, until they have all arrived or it is time to leave.

    Prints a line of JSON every second: ``seconds`` since it began, ``mib`` in memory, files ``done``; and a last one
    with how ``late`` the window was, whether it ``quit``, and what the proof ``found``.
    """

    def __init__(self, program: Program, quit_after: int | None) -> None:
        self._program = program
        self._quit_after = quit_after
        self._found: int | None = None
        self._began = perf_counter()
        self._lateness = Lateness(program)
        self._loop = QEventLoop(program)
        self._timer = QTimer(program)
        self._timer.timeout.connect(self._look)
        program.manager.add_listener(self._on_news)

    def run(self, dropped: Sequence[Path], bucket: str) -> None:
        """Drop the files, if there are any, and look on."""
        self._tell(0)
        if dropped:
            self._program.controller.operations.upload(dropped, Place(CONNECTION, S3Location(bucket)))
            sheet = plan_sheet(self._program)
            self._tell(0)
            sheet.go_button.click()
        self._lateness.start()
        self._timer.start(_TELL_EVERY_MS)
        self._loop.exec()
        late = self._lateness.stop()
        _print({"late": asdict(late), "quit": self._found is None, "found": self._found})
        self._program.window.close()

    def _look(self) -> None:
        self._program.manager.look(0, 0, self._on_look)

    def _on_look(self, look: PanelLook) -> None:
        done = look.counts[TransferState.DONE]
        self._tell(done)
        if self._quit_after is not None and done >= self._quit_after:
            self._loop.quit()

    def _on_news(self, news: TransferNews) -> None:
        for batch in news.finished:
            assert batch.proof is not None
            self._tell(batch.done)
            self._found = batch.proof.found
            self._loop.quit()

    def _tell(self, done: int) -> None:
        _print({"seconds": perf_counter() - self._began, "mib": memory_mib(), "done": done})


def _print(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


def main() -> None:
    """``python -m tests.benchmarks.crowd BUCKET [--drop FOLDER] [--quit-after FILES]``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bucket")
    parser.add_argument("--drop", type=Path)
    parser.add_argument("--quit-after", type=int)
    asked = parser.parse_args()
    with window_at_home() as program:
        program.controller.open_connection(CONNECTION, S3Location(asked.bucket))
        wait_for(lambda: not program.controller.workspace.contents.is_listing)
        Crowd(program, asked.quit_after).run([asked.drop] if asked.drop else [], asked.bucket)


if __name__ == "__main__":
    main()
