"""A folder of a million files in the real window: how soon, how smoothly, how large. Prints a Markdown table."""

import argparse
import gc
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import median, quantiles
from time import perf_counter

from PySide6.QtCore import Qt

from s3browser.app import Program
from s3browser.model.listing import Column
from s3browser.model.locations import S3Location
from tests.benchmarks.measures import Late, Lateness, memory_mib
from tests.benchmarks.window import CONNECTION, screen, wait_for, window_on
from tests.servers.endless import BUCKET, endless
from tests.servers.server import Server

_FILES = 1_000_000
_ROUNDS = 9
_SCROLLS = 300
_FILTER = "photo 0123"
_REST_S = 1.0  # is measured too, or one late tick of twenty would be five in a hundred
_START_S = 3.0  # the transfers' process is complete then


def run(arguments: Sequence[str]) -> None:
    """Measure, in a window on a screen of its own where there is none."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks contents")
    parser.add_argument("--files", type=int, default=_FILES, help="in the folder")
    parser.add_argument("--shots", type=Path, help="a folder for pictures of the window")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, screen(Path(name)) as variables:
        if variables:
            command = [sys.executable, "-m", "tests.benchmarks", "contents", *arguments]
            subprocess.run(command, check=True, env={**os.environ, **variables})
            return
        with endless(Path(name), asked.files) as server, window_on(server) as program:
            _Session(program, server, asked.files, asked.shots).run()


class _Session:
    """The window, and what is done in it. The window's thread."""

    def __init__(self, program: Program, server: Server, files: int, shots: Path | None) -> None:
        self._program, self._server, self._files, self._shots = program, server, files, shots
        self._contents = program.controller.workspace.contents
        self._lateness = Lateness(program)

    def run(self) -> None:
        """Measure one after the other, and print each when it is known."""
        self._go(S3Location())
        started = perf_counter()
        wait_for(lambda: perf_counter() - started > _START_S)
        empty_mib = memory_mib()
        print("| | took | late p50 | p99 | max | |\n|---|---|---|---|---|---|")
        self._first_rows()
        self._leave_midway()
        self._measure(f"{self._files:,} files stream in", self._stream)
        print(f"| memory above the empty window | {memory_mib() - empty_mib:.0f} MiB | | | | |", flush=True)
        for column in (Column.SIZE, Column.MODIFIED, Column.KIND, Column.NAME):
            for order in Qt.SortOrder:
                words = f"sort by {column.name.lower()}, {order.name.removesuffix('Order').lower()}"
                self._measure(words, lambda column=column, order=order: self._sort(column, order))  # type: ignore[misc]
        self._sort(Column.SIZE, Qt.SortOrder.DescendingOrder)
        self._shoot("sorted")
        self._filter()
        self._scroll()
        self._measure("select all", self._select_all)
        self._measure("sort with all selected", lambda: self._sort(Column.NAME, Qt.SortOrder.DescendingOrder))
        self._contents.view.clearSelection()
        self._measure("refresh without a change", self._refresh)
        self._measure("go elsewhere", lambda: self._go(S3Location()))
        print(f"| memory above the empty window, afterwards | {memory_mib() - empty_mib:.0f} MiB | | | | |", flush=True)

    # -- what is measured ----------------------------------------------------------------------

    def _first_rows(self) -> None:
        """When the first rows show, against the request of the first page alone."""
        store = self._program.sessions.store(CONNECTION)
        requests, rows = [], []
        for _ in range(_ROUNDS):
            started = perf_counter()
            next(store.list_columns(BUCKET, ""))
            requests.append(perf_counter() - started)
            started = perf_counter()
            self._program.controller.open_connection(CONNECTION, S3Location(BUCKET))
            wait_for(lambda: self._contents.model.rowCount() >= 1000)
            self._contents.view.viewport().repaint()
            rows.append(perf_counter() - started)
            self._go(S3Location())
        ratio = median(shown / asked for shown, asked in zip(rows, requests, strict=True))
        words = f"first page’s request alone {median(requests) * 1000:.0f} ms, ratio {ratio:.2f}"
        print(f"| first rows painted | {median(rows) * 1000:.0f} ms | | | | {words} |", flush=True)

    def _leave_midway(self) -> None:
        self._program.controller.open_connection(CONNECTION, S3Location(BUCKET))
        wait_for(lambda: self._contents.model.rowCount() >= self._files // 10)
        self._measure("leave midway", lambda: self._go(S3Location()))

    def _stream(self) -> None:
        self._program.controller.open_connection(CONNECTION, S3Location(BUCKET))
        if self._shots:
            wait_for(lambda: self._contents.model.rowCount() >= self._files // 2)
            self._shoot("streaming")
        self._wait_at_rest()

    def _sort(self, column: Column, order: Qt.SortOrder) -> None:
        self._contents.view.horizontalHeader().setSortIndicator(column, order)
        self._wait_at_rest()

    def _filter(self) -> None:
        """Every keystroke of a filter: when its first rows are painted."""
        took = []
        self._lateness.start()
        for end in range(1, len(_FILTER) + 1):
            started = perf_counter()
            self._program.controller.workspace.filter.setText(_FILTER[:end])
            self._wait_at_rest()
            self._contents.view.viewport().repaint()
            took.append(perf_counter() - started)
        self._shoot("filtered")
        self._print(
            "filter, each of ten keystrokes", max(took), self._lateness.stop(), f"median {median(took) * 1000:.0f} ms"
        )
        self._measure("empty the filter", self._empty_filter)

    def _scroll(self) -> None:
        """Frames while scrolling far and by lines."""
        bar, viewport, chosen = self._contents.view.verticalScrollBar(), self._contents.view.viewport(), Random(1)
        for words, place in (
            ("scroll anywhere", lambda _: chosen.randrange(bar.maximum())),
            ("scroll by three lines", lambda step: 3 * step),
        ):
            frames = []
            for step in range(_SCROLLS):
                started = perf_counter()
                bar.setValue(place(step))
                viewport.repaint()
                frames.append((perf_counter() - started) * 1000)
            late = f"frame p50 {median(frames):.1f} ms, p99 {quantiles(frames, n=100)[98]:.1f} ms"
            print(f"| {words} | | | | | {late} |", flush=True)

    def _empty_filter(self) -> None:
        self._program.controller.workspace.filter.clear()
        self._wait_at_rest()

    def _select_all(self) -> None:
        self._program.controller.workspace.commands.select_all.trigger()
        wait_for(lambda: True)

    def _refresh(self) -> None:
        self._program.controller.workspace.commands.refresh.trigger()
        self._wait_at_rest()

    # -- within ------------------------------------------------------------------------------

    def _go(self, location: S3Location) -> None:
        self._program.controller.open_connection(CONNECTION, location)
        wait_for(lambda: not self._contents.is_listing)

    def _wait_at_rest(self) -> None:
        wait_for(lambda: not self._contents.is_listing and not self._contents.model.is_arranging)

    def _measure(self, words: str, act: Callable[[], object]) -> None:
        self._lateness.start()
        started = perf_counter()
        act()
        took = perf_counter() - started
        wait_for(lambda: perf_counter() - started > took + _REST_S)
        self._print(words, took, self._lateness.stop())

    def _print(self, words: str, took_s: float, late: Late, more: str = "") -> None:
        took = f"{took_s:.1f} s" if took_s >= 2 else f"{took_s * 1000:.0f} ms"
        cells = f"{late.p50_ms:.1f} ms | {late.p99_ms:.1f} ms | {late.max_ms:.0f} ms"
        print(f"| {words} | {took} | {cells} | {more} |", flush=True)

    def _shoot(self, name: str) -> None:
        if self._shots:
            gc.collect(0)
            self._program.window.grab().save(str(self._shots / f"{name}.png"))
