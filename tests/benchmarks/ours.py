"""One drop in the program's window, measured, in a process of its own. For ``transfers``."""

import json
import sys
from dataclasses import asdict, dataclass
from time import perf_counter

from PySide6.QtCore import QEventLoop, QTimer

from s3browser.app import Program
from s3browser.model.listing import folder_row
from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.model.transfers import BatchSnapshot, Direction, PanelLook, TransferNews
from tests.benchmarks.alone import Job
from tests.benchmarks.measures import Late, Lateness, forget_peak, memory_mib, peak_mib
from tests.benchmarks.window import CONNECTION, plan_sheet, wait_for, window_at_home

_IDLE_MS = 1_000


@dataclass(frozen=True, slots=True)
class Drop:
    """What a drop in the window cost.

    Attributes:
        plan_s: from the drop until the sheet shows what it comes to.
        move_s: from the click on its button until the last file has arrived and is written down.
        proof_s: from then until all of them were found on their target.
        late: how late the window's timer came from the click to the proof.
        idle: how late it came while nothing happened.
        idle_mib: the process's memory before the drop.
        peak_mib: the most it has had since.
        arrived: how many files were found on their target.
    """

    plan_s: float
    move_s: float
    proof_s: float
    late: Late
    idle: Late
    idle_mib: float
    peak_mib: float
    arrived: int

    @classmethod
    def read(cls, text: str) -> "Drop":
        """From what this module prints."""
        found = json.loads(text)
        return cls(**{**found, "late": Late(**found["late"]), "idle": Late(**found["idle"])})


class Watcher:
    """Notes when the last transfer of the next batch has ended, and when its proof is there."""

    def __init__(self, program: Program) -> None:
        self.ended = self.proved = 0.0
        self.batch: BatchSnapshot | None = None
        self._loop = QEventLoop(program)
        self._manager = program.manager
        program.manager.add_listener(self._on_news)

    def wait(self) -> BatchSnapshot:
        """Let the event loop run until the batch is over."""
        self._loop.exec()
        assert self.batch is not None
        return self.batch

    def _on_news(self, news: TransferNews) -> None:
        if news.finished:
            self.proved = perf_counter()
            self.ended = self.ended or self.proved
            self.batch = news.finished[0]
            self._loop.quit()
        elif not self.ended:
            self._manager.look(0, -1, self._on_look)

    def _on_look(self, look: PanelLook) -> None:
        """The last transfer has ended, and the proof is being looked for."""
        if look.totals.total and look.totals.is_finished:
            self.ended = self.ended or perf_counter()


def drop(program: Program, job: Job) -> Drop:
    """Do it in the window, as somebody would who drops the folder and clicks on the sheet's button."""
    watcher, lateness = Watcher(program), Lateness(program)
    idle = _idle(lateness)
    idle_mib = memory_mib()
    forget_peak()
    dropped = perf_counter()
    if job.direction is Direction.UPLOAD:
        program.controller.operations.upload([job.folder], Place(CONNECTION, S3Location(job.bucket)))
    else:
        program.controller.operations.download([folder_row(job.bucket, job.key)], CONNECTION, job.folder.parent)
    sheet = plan_sheet(program)
    planned = perf_counter()
    lateness.start()
    clicked = perf_counter()
    sheet.go_button.click()
    batch = watcher.wait()
    late = lateness.stop()
    assert batch.proof is not None
    return Drop(
        plan_s=planned - dropped,
        move_s=watcher.ended - clicked,
        proof_s=watcher.proved - watcher.ended,
        late=late,
        idle=idle,
        idle_mib=idle_mib,
        peak_mib=peak_mib(),
        arrived=batch.proof.found if batch.done == batch.total else -1,
    )


def _idle(lateness: Lateness) -> Late:
    """What the machine alone does to the timer."""
    loop = QEventLoop()
    lateness.start()
    QTimer.singleShot(_IDLE_MS, loop.quit)
    loop.exec()
    return lateness.stop()


def main() -> None:
    """Do what the command line says, and print the ``Drop``."""
    job = Job.asked_for()
    with window_at_home() as program:
        program.controller.open_connection(CONNECTION, S3Location(job.bucket))
        wait_for(lambda: not program.controller.workspace.contents.is_listing)
        json.dump(asdict(drop(program, job)), sys.stdout)


if __name__ == "__main__":
    main()
