"""One seed, from its first session to the verdict."""

import json
import os
import shutil
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.faults.ground import Ground
from tests.faults.orders import Orders
from tests.faults.scenario import Kill, Scenario, scenario
from tests.faults.verdict import Verdict, judge_rows, judge_what_is_left
from tests.faults.weather import Weather
from tests.faults.zygote import Zygote
from tests.servers.scripted import ScriptedS3
from tests.servers.world import World

_MOST_SESSIONS = 15

Rows = list[dict[str, Any]]


class Place:
    """A server and a zygote, where one run after the other takes place. A context.

    Args:
        folder: made anew.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._server = ScriptedS3(World())
        self._zygote = Zygote(self._server.endpoint_url, folder)

    def __enter__(self) -> "Place":
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._zygote.__exit__()
        self._server.__exit__()

    def play(self, seed: int) -> Verdict:
        """Let a seed happen."""
        verdict = Verdict(seed)
        play = _Play(scenario(seed), verdict, self._server, self._zygote)
        try:
            play.run()
        except Exception as error:  # the other seeds go on
            verdict.wrong.append(f"the harness failed: {error!r}")
        finally:
            play.end()
        if verdict.wrong:
            verdict.wrong += [repr(scenario(seed)), repr(verdict.tally), *self._zygote.log().splitlines()[-30:]]
        return verdict


class _Play:
    def __init__(self, given: Scenario, verdict: Verdict, server: ScriptedS3, zygote: Zygote) -> None:
        self._scenario = given
        self._verdict = verdict
        self._zygote = zygote
        files, journal = ("small" if given.small_disk else "disk"), ("small" if given.journal_too else "disk")
        for disk in {"small", "disk"}:
            (zygote.seen / disk / "run").mkdir()
        inside, seen = (root / files / "run" / "files" for root in (zygote.folder, zygote.seen))
        seen.mkdir()
        self._journal = zygote.folder / journal / "run" / "journal" / "transfers.sqlite"
        self._journal_seen = zygote.seen / journal / "run" / "journal" / "transfers.sqlite"
        self._report = Path("disk", "run", "report.json")
        self._ground = Ground(given, inside, seen, zygote.seen / "small" / "run")
        self._weather = Weather(given, self._ground.change)
        self._plan = self._ground.plan()
        server.enter(self._ground.world, self._weather)

    def run(self) -> None:
        """Through the storm, and out of it."""
        verdict, ground = self._verdict, self._ground
        rows = self._storm()
        self._weather.flush()
        ground.settle()
        judge_rows(verdict, ground, rows, self._weather.tally)
        self._weather.is_over = True
        second_try = self._scenario.second_try
        before = {row["id"] for row in rows}
        if second_try == "again":
            self._plan = ground.plan(replaces=True)
        last = self._session(Orders(**self._orders(), second_try=second_try), None)
        if last is None:
            return
        verdict.tally[f"second try: {second_try}"] += 1
        if not last["is_over"]:
            verdict.wrong.append("the last session did not end")
        tried = [row for row in last["rows"] if second_try == "retry" or row["id"] not in before]
        judge_rows(verdict, ground, last["rows"], self._weather.tally, tried if second_try != "none" else [])
        judge_what_is_left(verdict, ground)
        if kept := self._kept_partials():
            verdict.wrong.append(f"the journal still has {kept} partial transfers")
        for row in last["rows"]:
            verdict.tally[f"{row['state']} {row['error']} {row['code']}".strip()] += 1
        verdict.tally.update(self._weather.tally)
        verdict.tally.update({f"asked: {api}": count for api, count in self._weather.asked.items()})
        verdict.tally.update(f"changed meanwhile: {change.kind}" for change in self._scenario.changes)
        verdict.tally["bits flipped on the way up that were refused"] += ground.world.damaged_count

    def _kept_partials(self) -> int:
        """How many unfinished things the journal knows of; read from a copy: SQLite can't see the other namespace."""
        copy = Path(shutil.copytree(self._journal_seen.parent, self._zygote.folder / "journal", dirs_exist_ok=True))
        with closing(sqlite3.connect(copy / self._journal_seen.name)) as journal:
            (kept,) = journal.execute("SELECT count(*) FROM partial").fetchone()
        shutil.rmtree(copy)
        return int(kept)

    def _storm(self) -> Rows:
        """Sessions until one ends by itself; its rows."""
        given = self._scenario
        kills: list[Kill | None] = [*given.kills]
        actions = given.actions
        for _ in range(_MOST_SESSIONS):
            report = self._session(Orders(**self._orders(), actions=actions), kills.pop(0) if kills else None)
            if report is not None:
                if report["is_over"]:
                    rows: Rows = report["rows"]
                    return rows
                actions = ()
        raise RuntimeError("no session came to its end")

    def _orders(self) -> dict[str, Any]:
        return {
            "journal": self._journal,
            "report": self._zygote.folder / self._report,
            "plan": self._plan,
            "connections": self._scenario.connections,
        }

    def _session(self, orders: Orders, kill: Kill | None) -> dict[str, Any] | None:
        """One session; what it reports, or None where it was killed."""
        report_file = self._zygote.seen / self._report
        report_file.unlink(missing_ok=True)
        self._verdict.tally["sessions"] += 1
        gun = _Gun(self._zygote.begin(orders))
        timer = threading.Timer(0 if kill is None or kill.after_s is None else kill.after_s, gun.fire)
        if kill is not None and kill.after_s is None:
            self._weather.arm(kill, gun.fire)
        elif kill is not None:
            timer.start()
        code = self._zygote.wait()
        gun.unload()
        timer.cancel()
        self._weather.disarm()
        self._zygote.end()
        if gun.was_fired and code == -signal.SIGKILL:
            self._verdict.tally["SIGKILL" + (", by time" if kill and kill.after_s else "")] += 1
            return None
        if code:
            raise RuntimeError(f"a session ended with code {code}")
        report: dict[str, Any] = json.loads(report_file.read_text())
        if "crash" in report:
            raise RuntimeError(report["crash"])
        verdict = self._verdict
        verdict.tally.update(f"trouble with the journal: {trouble}" for trouble in report["trouble"])
        if not report["is_kept"]:
            verdict.wrong.append("a session did not end in time")
        return report

    def end(self) -> None:
        """Clear up."""
        self._ground.settle()
        for disk in ("small", "disk"):
            shutil.rmtree(self._zygote.seen / disk / "run")


class _Gun:
    """Kills one process, as long as its id is its own."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._lock = threading.Lock()
        self._is_loaded = True
        self.was_fired = False

    def fire(self) -> None:
        """Kill it."""
        with self._lock:
            if self._is_loaded:
                self.was_fired = True
                os.kill(self._pid, signal.SIGKILL)

    def unload(self) -> None:
        """It has ended."""
        with self._lock:
            self._is_loaded = False
