"""What one run has to go through. Everything that chance decides is decided here, from the run's seed."""

from dataclasses import dataclass
from random import Random

KIB = 1024
PART_BYTES = 64 * KIB
MULTIPART_FROM_BYTES = 256 * KIB
SMALL_DISK_BYTES = 1024 * KIB

_SIZES = (0, 1, 100, 4 * KIB, 64 * KIB, 200 * KIB, MULTIPART_FROM_BYTES - 1, MULTIPART_FROM_BYTES)
_BIG_SIZES = (MULTIPART_FROM_BYTES + 1, 300 * KIB, 8 * PART_BYTES, 700 * KIB, 1500 * KIB)


@dataclass(frozen=True, slots=True)
class File:
    """A file to be moved.

    Attributes:
        name: below the folder or the prefix; may lie in a folder of its own.
        was_there: whether the target holds an older file of this name, which may be replaced.
        appears: whether somebody else puts a file of this name there meanwhile, which may not be replaced.
    """

    name: str
    size: int
    was_there: bool
    appears: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happens outside the program, when the server has seen so many requests.

    ``kind``: ``source`` (the file or object that is moved), ``appears``, ``fill`` (the small disk, for a moment), or
    ``vanish`` (the server drops the uploads that are open).
    """

    at_request: int
    kind: str
    file: int
    after_s: float


@dataclass(frozen=True, slots=True)
class Kill:
    """How a session ends early: after a time, or while the server has a request of it in hand.

    ``stage``: ``before`` it is read, ``halfway`` through it, ``done`` but not answered, or ``answered``.
    """

    after_s: float | None
    at_request: int
    stage: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run.

    Attributes:
        keeps_checksums: the server is like Amazon, else like Ceph 16.
        fault_rate: of a hundred requests, so many go wrong, until ``fault_budget`` did.
        dead_from: from this request on, the network is dead for ``dead_s`` seconds.
        actions: seconds since the session began, what somebody does, and to which file.
        kills: how the first sessions end; the one after them ends by itself.
        small_disk: downloads go to a disk that is too small, or fills up; ``journal_too``: so does the journal.
        second_try: at the end, with a sound network: ``retry`` what failed, start the plan ``again``, or ``none``.
    """

    seed: int
    is_upload: bool
    keeps_checksums: bool
    connections: int
    files: tuple[File, ...]
    fault_rate: int
    fault_budget: int
    flips: bool
    dead_from: int
    dead_s: float
    changes: tuple[Change, ...]
    actions: tuple[tuple[float, str, int], ...]
    kills: tuple[Kill, ...]
    small_disk: bool
    journal_too: bool
    second_try: str


def scenario(seed: int) -> Scenario:
    """The run of a seed; the same for ever."""
    rng = Random(seed)
    is_upload = rng.random() < 0.5
    small_disk = not is_upload and rng.random() < 0.2
    files = tuple(_file(rng, number) for number in range(rng.choice((1, 2, 3, 5, 8))))
    # Where it fills up for good, nothing could be written down until somebody makes room.
    fits = sum(file.size for file in files) < SMALL_DISK_BYTES // 2
    journal_too = (fits or not small_disk) and rng.random() < (0.6 if small_disk else 0.05)
    return Scenario(
        seed=seed,
        is_upload=is_upload,
        keeps_checksums=rng.random() < 0.5,
        connections=rng.randint(1, 4),
        files=files,
        fault_rate=rng.choice((0, 10, 30, 60)),
        fault_budget=rng.choice((3, 10, 25)),
        flips=rng.random() < 0.5,
        dead_from=rng.randint(1, 25) if rng.random() < 0.15 else 1 << 30,
        dead_s=rng.uniform(0.05, 0.5),
        changes=tuple(_changes(rng, files, is_upload=is_upload, fills=small_disk or journal_too)),
        actions=tuple(sorted(_action(rng, len(files)) for _ in range(rng.choice((0, 0, 1, 3))))),
        kills=tuple(_kill(rng) for _ in range(rng.choice((0, 1, 1, 2, 4)))),
        small_disk=small_disk,
        journal_too=journal_too,
        second_try=rng.choice(("retry", "retry", "again", "none")),
    )


def _file(rng: Random, number: int) -> File:
    size = rng.choice(_BIG_SIZES) if rng.random() < 0.5 else rng.choice(_SIZES)
    folder = rng.choice(("", "", "a folder/", "a folder/über/"))
    was_there = rng.random() < 0.3
    return File(f"{folder}file {number}.bin", size, was_there, not was_there and rng.random() < 0.1)


def _changes(rng: Random, files: tuple[File, ...], *, is_upload: bool, fills: bool) -> list[Change]:
    def change(kind: str, file: int = 0) -> Change:
        return Change(rng.randint(1, 12), kind, file, rng.choice((0.0, 0.0, rng.uniform(0, 0.004))))

    found = [change("appears", number) for number, file in enumerate(files) if file.appears]
    if rng.random() < 0.3:
        found += [change("source", rng.randrange(len(files))) for _ in range(rng.choice((1, 1, 2)))]
    if is_upload and rng.random() < 0.08:
        found.append(change("vanish"))
    if fills:
        found.append(change("fill"))
    return found


def _action(rng: Random, count: int) -> tuple[float, str, int]:
    kind = rng.choice(("pause", "resume", "cancel", "pause_all", "resume_all", "retry", "front", "quit"))
    return rng.uniform(0, 0.15), kind, rng.randrange(count)


def _kill(rng: Random) -> Kill:
    if rng.random() < 0.5:
        return Kill(rng.uniform(0.005, 0.15), 1 << 30, "")
    stage = rng.choice(("before", "halfway", "done", "answered"))
    return Kill(None, rng.randint(1, rng.choice((15, 40))), stage)
