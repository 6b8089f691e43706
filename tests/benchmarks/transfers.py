"""Our transfers beside those of s5cmd, rclone and aws, on one server, in turn."""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from s3browser.model.transfers import Direction
from s3browser.settings.paths import HOME_VARIABLE
from tests.benchmarks.ours import Drop
from tests.benchmarks.window import save_connection, screen
from tests.servers.process import program
from tests.servers.rclone import rclone
from tests.servers.server import Server

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_MEMORY = Path("/dev/shm")
_UP, _DOWN = "up", "down"  # the buckets
_ROUNDS = 5
_KIB, _MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """So many files of one size, in a folder of their own."""

    name: str
    title: str
    count: int
    size: int


KINDS = (
    Kind("small", "5,000 × 4 KiB", 5_000, 4 * _KIB),
    Kind("mid", "300 × 1 MiB", 300, _MIB),
    Kind("big", "1 × 1 GiB", 1, 1024 * _MIB),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One kind, one way."""

    kind: Kind
    direction: Direction

    @property
    def name(self) -> str:
        """On the command line."""
        return f"{self.kind.name}-{self.direction.value}"

    @property
    def title(self) -> str:
        """In the table."""
        return f"{self.kind.title}, {self.direction.value}"


CASES = tuple(Case(kind, direction) for kind in KINDS for direction in Direction)


@dataclass(frozen=True, slots=True)
class Contender(ABC):
    """A program that copies folders, with its own defaults unless it says otherwise."""

    title: str

    @abstractmethod
    def command(self, case: Case, local: Path) -> list[str]:
        """What copies the folder ``local`` into the bucket ``up``, or the folder of ``down`` into ``local``."""

    def environment(self, server: Server) -> Mapping[str, str]:
        """What it needs besides the server's own."""
        return {}


class S5cmd(Contender):
    def command(self, case: Case, local: Path) -> list[str]:
        name = case.kind.name
        if case.direction is Direction.UPLOAD:
            return [program("s5cmd"), "cp", f"{local}/", f"s3://{_UP}/{name}/"]
        return [program("s5cmd"), "cp", f"s3://{_DOWN}/{name}/*", f"{local}/"]

    def environment(self, server: Server) -> Mapping[str, str]:
        return {"S3_ENDPOINT_URL": server.endpoint_url}


@dataclass(frozen=True, slots=True)
class Rclone(Contender):
    options: tuple[str, ...] = ()

    def command(self, case: Case, local: Path) -> list[str]:
        pair = [str(local), f"there:{_UP}/{case.kind.name}"]
        if case.direction is Direction.DOWNLOAD:
            pair = [f"there:{_DOWN}/{case.kind.name}", str(local)]
        return [program("rclone"), "copy", "--config", "", *self.options, *pair]

    def environment(self, server: Server) -> Mapping[str, str]:
        remote = {
            "TYPE": "s3", "PROVIDER": "Other", "ENV_AUTH": "true", "ENDPOINT": server.endpoint_url,
            "FORCE_PATH_STYLE": "true",
        }  # fmt: skip
        return {f"RCLONE_CONFIG_THERE_{name}": value for name, value in remote.items()}


class Aws(Contender):
    def command(self, case: Case, local: Path) -> list[str]:
        pair = [str(local), f"s3://{_UP}/{case.kind.name}/"]
        if case.direction is Direction.DOWNLOAD:
            pair = [f"s3://{_DOWN}/{case.kind.name}/", str(local)]
        return [program("aws"), "s3", "cp", "--recursive", "--only-show-errors", *pair]

    def environment(self, server: Server) -> Mapping[str, str]:
        return {"AWS_CONFIG_FILE": os.devnull}


@dataclass(frozen=True, slots=True)
class Ours(Contender):
    module: str = "alone"

    def command(self, case: Case, local: Path) -> list[str]:
        bucket = _UP if case.direction is Direction.UPLOAD else _DOWN
        place = [bucket, f"{case.kind.name}/", str(local)]
        return [sys.executable, "-m", f"tests.benchmarks.{self.module}", case.direction, *place]


RCLONE, RCLONE_16 = Rclone("rclone"), Rclone("rclone, 16 transfers", ("--transfers", "16"))
PEERS: Sequence[Contender] = (S5cmd("s5cmd"), RCLONE, RCLONE_16, Aws("aws s3 cp"))
WINDOW, ALONE = Ours("s3browser", "ours"), Ours("s3browser’s engine alone", "alone")


@dataclass(slots=True)
class Results:
    """What one case took: seconds by contender, round by round."""

    case: Case
    seconds: dict[Contender, list[float]] = field(default_factory=dict)
    drops: list[Drop] = field(default_factory=list)

    @property
    def fastest(self) -> Contender:
        """The peer whose median is the lowest."""
        return min((peer for peer in PEERS if peer in self.seconds), key=lambda peer: median(self.seconds[peer]))

    def ratios(self, mine: Sequence[float]) -> list[float]:
        """Round by round, ours to the fastest peer's."""
        return [our / their for our, their in zip(mine, self.seconds[self.fastest], strict=True)]


class Arena:
    """A server in memory, and where its files come from and go to.

    Args:
        folder: in memory.
        server: whose files lie below ``folder / "server" / "files"``.
        variables: for programs with windows.
    """

    def __init__(self, folder: Path, server: Server, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._server = server
        self._variables = variables
        self._client = server.boto3_client()
        self._files = folder / "server" / "files"
        self._sums: dict[str, dict[str, str]] = {}
        for bucket in (_UP, _DOWN):
            (self._files / bucket).mkdir()

    def prepare(self, kind: Kind) -> None:
        """Make the files of a kind, here and on the server."""
        source, there = self._folder / kind.name, self._files / _DOWN / kind.name
        source.mkdir()
        there.mkdir()
        for number in range(kind.count):
            path = source / f"file-{number:05}.bin"
            with path.open("wb") as file:
                for _ in range(0, kind.size, 64 * _MIB):
                    file.write(os.urandom(min(kind.size, 64 * _MIB)))
            (there / path.name).hardlink_to(path)
        self._sums[kind.name] = _sums(source)

    def run(self, contender: Contender, case: Case) -> tuple[float, str]:
        """Let a contender do it, see that all files are whole, and clear away; its seconds, and what it printed."""
        with tempfile.TemporaryDirectory() as home:  # on the disk: a journal is to cost what it costs
            save_connection(Path(home), self._server)
            target = self._folder / "target" / case.kind.name
            is_upload = case.direction is Direction.UPLOAD
            command = contender.command(case, self._folder / case.kind.name if is_upload else target)
            target.mkdir(parents=True)
            environment = {
                **os.environ, **self._server.environment(), **contender.environment(self._server), **self._variables,
                HOME_VARIABLE: home,
            }  # fmt: skip
            started = perf_counter()
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
            took = perf_counter() - started
        if done.returncode != 0:
            raise RuntimeError(f"{contender.title} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        arrived = self._files / _UP / case.kind.name if is_upload else target
        if _sums(arrived) != self._sums[case.kind.name]:
            raise RuntimeError(f"{contender.title}, {case.name}: the files differ")
        shutil.rmtree(target.parent)
        self._empty()
        return took, done.stdout

    def _empty(self) -> None:
        """Through the server: it remembers what it has seen."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=_UP):
            keys: list[ObjectIdentifierTypeDef] = [{"Key": each["Key"]} for each in page.get("Contents", [])]
            if keys:
                self._client.delete_objects(Bucket=_UP, Delete={"Objects": keys, "Quiet": True})


def measured(case: Case, arena: Arena, rounds: int, say: Callable[[str], object]) -> Results:
    """One round to warm up, which also tells how many transfers are good for rclone; then those that count."""
    results = Results(case)
    first = {peer: arena.run(peer, case)[0] for peer in (RCLONE, RCLONE_16)}
    arena.run(WINDOW, case)
    slower = max(first, key=lambda peer: first[peer])
    contenders = [*(peer for peer in PEERS if peer is not slower), WINDOW, ALONE]
    for number in range(rounds):
        for contender in [*contenders[number % len(contenders) :], *contenders[: number % len(contenders)]]:
            took, printed = arena.run(contender, case)
            if contender is WINDOW:
                drop = Drop.read(printed)
                if drop.arrived != case.kind.count:
                    raise RuntimeError(f"{case.name}: {drop.arrived} arrived")
                results.drops.append(drop)
                took = drop.plan_s + drop.move_s
            results.seconds.setdefault(contender, []).append(took)
            say(f"{case.name}, round {number + 1}: {contender.title} {took:.2f} s")
    return results


def table(all_results: Sequence[Results]) -> str:
    """Two tables in Markdown: the times, and what the window felt of it."""
    return "\n".join([*_times(all_results), "", *_felt(all_results)])


def _times(all_results: Sequence[Results]) -> Iterator[str]:
    yield (
        "| seconds: median (min–max) | s5cmd | rclone copy | aws s3 cp | s3browser’s window | to the fastest "
        "| of it moving | to the fastest | engine alone | to the fastest |"
    )
    yield "|---" * 10 + "|"
    for each in all_results:
        peers = [
            _spread(each.seconds[peer], 2) + ("¹" if peer is RCLONE_16 else "")
            for peer in PEERS
            if peer in each.seconds
        ]
        ours = (each.seconds[WINDOW], [drop.move_s for drop in each.drops], each.seconds[ALONE])
        cells = [f"{_spread(mine, 2)} | {_spread(each.ratios(mine), 2)} ×" for mine in ours]
        yield f"| {each.case.title} | {' | '.join([*peers, *cells])} |"
    yield ""
    yield "¹ with `--transfers 16`, where that was faster than its default of 4."


def _felt(all_results: Sequence[Results]) -> Iterator[str]:
    yield (
        "| the window meanwhile | 5 ms timer late: p50, ms | p99, ms | max, ms | time in gaps > 16.7 ms "
        "| p99 while idle, ms | memory above idle, MiB | proof, s |"
    )
    yield "|---" * 8 + "|"
    for each in all_results:
        drops = each.drops
        cells = [
            _spread([drop.late.p50_ms for drop in drops], 1),
            _spread([drop.late.p99_ms for drop in drops], 1),
            _spread([drop.late.max_ms for drop in drops], 1),
            _spread([drop.late.gaps_percent for drop in drops], 1) + " %",
            _spread([drop.idle.p99_ms for drop in drops], 1),
            _spread([drop.peak_mib - drop.idle_mib for drop in drops], 0),
            _spread([drop.proof_s for drop in drops], 2),
        ]
        yield f"| {each.case.title} | {' | '.join(cells)} |"


def _spread(values: Sequence[float], digits: int) -> str:
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def _sums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file, by name."""
    sums = {}
    for path in folder.iterdir():
        with path.open("rb") as file:
            sums[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def run(arguments: Sequence[str] = ()) -> None:
    """Print the tables; all six cases with five rounds take about a quarter of an hour."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks transfers")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help=f"that count ({_ROUNDS})")
    parser.add_argument("--only", action="append", choices=[case.name for case in CASES], help="may be repeated")
    asked = parser.parse_args(arguments)
    cases = [case for case in CASES if not asked.only or case.name in asked.only]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_MEMORY)))
        (folder / "server").mkdir()
        server = stack.enter_context(rclone(folder / "server"))
        arena = Arena(folder, server, stack.enter_context(screen(folder)))
        for kind in dict.fromkeys(case.kind for case in cases):
            arena.prepare(kind)
        results = [measured(case, arena, asked.rounds, lambda line: print(line, file=sys.stderr)) for case in cases]
    print(table(results))
