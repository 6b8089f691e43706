"""Very many files dropped in one window, which is quit and killed in the middle."""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from s3browser.settings.paths import HOME_VARIABLE
from tests.benchmarks.measures import Late
from tests.benchmarks.window import save_connection, screen
from tests.servers.rclone import rclone

_FILES = 50_000
_FILES_A_FOLDER = 1_000
_BYTES = 4096
_MEMORY = Path("/dev/shm")
_QUIT_AFTER, _KILL_AFTER = 0.3, 0.6  # of the files
_COLUMNS = 12


@dataclass(slots=True)
class Life:
    """One life of the window.

    Attributes:
        seconds: when it told something.
        mib: what it had in memory then.
        done: how many files had arrived by then.
        late: how late its timer was; None where it was killed.
        found: what the proof found; None where it did not get so far.
        end_s: how long it took from its last word to its end.
    """

    seconds: list[float] = field(default_factory=list)
    mib: list[float] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    late: Late | None = None
    found: int | None = None
    end_s: float = 0.0


def run(arguments: Sequence[str] = ()) -> None:
    """Print what it took without a break, then with a quit and a kill; fail where a file is missing or differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks many")
    parser.add_argument("--files", type=int, default=_FILES)
    count: int = parser.parse_args(arguments).files
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_MEMORY)))
        disk = Path(stack.enter_context(tempfile.TemporaryDirectory()))  # the journal is to cost what it costs
        sums = _make(folder / "many", count)
        (folder / "server").mkdir()
        server = stack.enter_context(rclone(folder / "server"))
        variables = {**os.environ, **server.environment(), **stack.enter_context(screen(folder))}

        def live(bucket: str, *options: str, kill_after: int | None = None) -> Life:
            home = disk / bucket
            save_connection(home, server)
            return _live([bucket, *options], {**variables, HOME_VARIABLE: str(home)}, kill_after)

        for bucket in ("whole", "broken"):
            server.boto3_client().create_bucket(Bucket=bucket)
        _report("without a break", live("whole", "--drop", str(folder / "many")), count)
        _compare(folder / "server" / "files" / "whole" / "many", sums)
        quit_after, kill_after = int(count * _QUIT_AFTER), int(count * _KILL_AFTER)
        first = live("broken", "--drop", str(folder / "many"), "--quit-after", str(quit_after))
        _report(f"quit at {quit_after:,}", first, count)
        _report(f"gone on, killed at {kill_after:,}", live("broken", kill_after=kill_after), count)
        last = live("broken")
        _report("gone on to the end", last, count)
        _compare(folder / "server" / "files" / "broken" / "many", sums)
        if last.found != count:
            raise RuntimeError(f"the proof found {last.found} of {count}")
        print(f"{count:,} of {count:,} arrived, and every byte is the same")


def _live(options: list[str], variables: Mapping[str, str], kill_after: int | None) -> Life:
    life = Life()
    command = [sys.executable, "-m", "tests.benchmarks.crowd", *options]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told = json.loads(line)
            if "late" in told:
                life.late, life.found = Late(**told["late"]), told["found"]
                break
            life.seconds.append(told["seconds"])
            life.mib.append(told["mib"])
            life.done.append(told["done"])
            if kill_after is not None and told["done"] >= kill_after:
                process.kill()
                break
        ending = perf_counter()
        status = process.wait(60)
        life.end_s = perf_counter() - ending
    if status != (0 if kill_after is None else -9):
        raise RuntimeError(f"{' '.join(options)}: the window ended with status {status}")
    return life


def _report(what: str, life: Life, count: int) -> None:
    idle, most = life.mib[0], max(life.mib)
    print(f"{what}: {life.done[-1]:,} of {count:,} after {life.seconds[-1]:.1f} s, ended within {life.end_s:.1f} s")
    print(f"    memory: {idle:.0f} MiB idle, at most {most:.0f} MiB, that is {most - idle:.0f} MiB more")
    step = -(-len(life.mib) // _COLUMNS)
    curve = zip(life.seconds[::step], life.done[::step], life.mib[::step], strict=True)
    print("    " + " | ".join(f"{at:.0f} s {done:,} {mib:.0f} MiB" for at, done, mib in curve))
    if life.late is not None:
        late = life.late
        print(
            f"    5 ms timer late: p50 {late.p50_ms:.1f} ms, p99 {late.p99_ms:.1f} ms, max {late.max_ms:.1f} ms; "
            f"{late.gaps_percent:.2f} % of the time in gaps over a frame",
            flush=True,
        )


def _make(folder: Path, count: int) -> dict[str, bytes]:
    """Files in folders of a thousand; their sums by their path in it."""
    sums = {}
    for number in range(count):
        path = folder / f"folder-{number // _FILES_A_FOLDER:03}" / f"file-{number:05}.bin"
        if number % _FILES_A_FOLDER == 0:
            path.parent.mkdir(parents=True)
        content = os.urandom(_BYTES)
        path.write_bytes(content)
        sums[path.relative_to(folder).as_posix()] = hashlib.sha256(content).digest()
    return sums


def _compare(folder: Path, sums: Mapping[str, bytes]) -> None:
    there = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).digest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    if there != sums:
        wrong = [name for name in sums if there.get(name) != sums[name]]
        raise RuntimeError(
            f"{len(wrong)} of {len(sums)} are missing or differ, {len(there.keys() - sums)} are too many"
        )
