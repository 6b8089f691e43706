"""What work does to the window's event loop and to the process's memory. Linux only, as far as memory goes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from PySide6.QtCore import QObject, Qt, QTimer

TICK_S = 0.005
FRAME_S = 1 / 60


@dataclass(frozen=True, slots=True)
class Late:
    """How late a 5 ms timer of the window came.

    Attributes:
        p50_ms: half of the ticks were not later than this.
        p99_ms: all but one in a hundred.
        max_ms: the latest.
        gaps_percent: of the time, how much lay between ticks that were more than a frame (16.7 ms) apart.
    """

    p50_ms: float
    p99_ms: float
    max_ms: float
    gaps_percent: float


class Lateness:
    """Measures ``Late`` between ``start`` and ``stop``. The window's thread."""

    def __init__(self, parent: QObject) -> None:
        self._gaps: list[float] = []
        self._last = 0.0
        self._timer = QTimer(parent)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin anew."""
        self._gaps.clear()
        self._last = perf_counter()
        self._timer.start(round(TICK_S * 1000))

    def stop(self) -> Late:
        """What it was since ``start``; at least two ticks are needed."""
        self._timer.stop()
        late = sorted((gap - TICK_S) * 1000 for gap in self._gaps)
        in_gaps = sum(gap for gap in self._gaps if gap > FRAME_S)
        return Late(late[len(late) // 2], quantiles(late, n=100)[98], late[-1], in_gaps / sum(self._gaps) * 100)

    def _tick(self) -> None:
        now = perf_counter()
        self._gaps.append(now - self._last)
        self._last = now


def memory_mib() -> float:
    """What the program has in memory now (RSS), its helper processes included: shared pages count several times."""
    return _status_mib("VmRSS")


def forget_peak() -> None:
    """Let ``peak_mib`` begin anew."""
    for process in _processes():
        (process / "clear_refs").write_text("5")


def peak_mib() -> float:
    """The most that each of them has had in memory since ``forget_peak``, as the kernel noted it."""
    return _status_mib("VmHWM")


def _status_mib(name: str) -> float:
    lines = [line for process in _processes() for line in (process / "status").read_text().splitlines()]
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def _processes(process: Path = Path("/proc/self")) -> Iterator[Path]:
    """A process, and all that it has started, and they."""
    yield process
    for children in process.glob("task/*/children"):
        for number in children.read_text().split():
            yield from _processes(Path("/proc") / number)
