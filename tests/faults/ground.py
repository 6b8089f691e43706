"""Both sides of a run: the files here, the objects there, every version that either ever had, and what befalls them."""

import os
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

from s3browser.model.locations import S3Location
from s3browser.model.transfers import Direction, Plan, TransferItem
from tests.faults.scenario import PART_BYTES, Change, File, Scenario
from tests.servers.world import Stored, World, multipart_etag

BUCKET = "fault-harness"
_PREFIX = "dropped here/"
_OLD_MTIME_NS = 1_600_000_000_123_456_789


class Version(NamedTuple):
    """The content of a file or an object at some time, and when it was last changed."""

    data: bytes
    mtime_ns: int


class Ground:
    """Prepared for one scenario.

    Args:
        inside: an empty folder, as the sessions see it.
        seen: the same, as this process sees it.
        disk: the folder for the filler, on the disk that may fill up; as this process sees it.

    Attributes:
        world: the server's side.
        versions: what was to be moved: key → all that it ever was.
        old: what was there before on the target, by key.
        foreign: what somebody else put there meanwhile, by key.
        changed: the keys whose source changed.
    """

    def __init__(self, scenario: Scenario, inside: Path, seen: Path, disk: Path) -> None:
        self.scenario = scenario
        self.world = World(BUCKET, keeps_checksums=scenario.keeps_checksums)
        self.versions: defaultdict[str, list[Version]] = defaultdict(list)
        self.old: dict[str, bytes] = {}
        self.foreign: dict[str, bytes] = {}
        self.changed: set[str] = set()
        self._inside, self._seen, self._disk = inside, seen, disk
        self._rng = Random(scenario.seed + 2)
        self._lock = threading.Lock()
        self._timers: list[threading.Timer] = []
        for number, file in enumerate(scenario.files):
            self._prepare(file, _OLD_MTIME_NS + number * 1_000_000_007)

    def _prepare(self, file: File, mtime_ns: int) -> None:
        key, path = self.key(file), self.path(file)
        data = self._rng.randbytes(file.size)
        self.versions[key].append(Version(data, mtime_ns))
        older = self._rng.randbytes(100)
        if file.was_there:
            self.old[key] = older
        if self.scenario.is_upload:
            _write(path, data, mtime_ns)
            if file.was_there:
                self.world.store(BUCKET, key, older)
        else:
            self._store(key, data, mtime_ns)
            if file.was_there:
                _write(path, older, mtime_ns - 1)

    def _store(self, key: str, data: bytes, mtime_ns: int) -> None:
        metadata = {"mtime": f"{mtime_ns // 10**9}.{mtime_ns % 10**9:09}"}
        etag = ""
        if len(data) > PART_BYTES and self._rng.random() < 0.5:
            pieces = [data[start : start + PART_BYTES] for start in range(0, len(data), PART_BYTES)]
            etag = multipart_etag(pieces)
            metadata["s3browser-part-size"] = str(PART_BYTES)
        self.world.store(BUCKET, key, data, metadata, etag)

    # ------------------------------------------------------------------ where things are

    def key(self, file: File) -> str:
        """The object's key."""
        return _PREFIX + file.name

    def path(self, file: File) -> Path:
        """The local file, as this process sees it."""
        return self._seen / file.name

    def plan(self, *, replaces: bool = False) -> Plan:
        """What the program is told to do; with ``replaces`` whatever is there by now."""
        direction = Direction.UPLOAD if self.scenario.is_upload else Direction.DOWNLOAD
        items = tuple(self._item(file, direction, replaces=replaces) for file in self.scenario.files)
        return Plan(direction, items, target="somewhere")

    def _item(self, file: File, direction: Direction, *, replaces: bool) -> TransferItem:
        key, path = self.key(file), self._inside / file.name
        location, replaces = S3Location(BUCKET, key), replaces or file.was_there
        if direction is Direction.UPLOAD:
            found = self.path(file).stat()
            return TransferItem(direction, location, path, found.st_size, found.st_mtime_ns, may_replace=replaces)
        with self.world.lock:
            stored = self.world.objects[BUCKET][key]
            size, etag = len(stored.data), stored.etag
        return TransferItem(direction, location, path, size, etag=etag, may_replace=replaces, root=self._inside)

    def target(self, key: str) -> Version | None:
        """What is on the target under a key; None where there is nothing."""
        if self.scenario.is_upload:
            with self.world.lock:
                stored: Stored | None = self.world.objects[BUCKET].get(key)
            if stored is None:
                return None
            seconds, _, rest = stored.metadata.get("mtime", "0.0").partition(".")
            return Version(stored.data, int(seconds) * 10**9 + int(rest.ljust(9, "0")))
        path = self._seen / key.removeprefix(_PREFIX)
        if not path.exists():
            return None
        return Version(path.read_bytes(), path.stat().st_mtime_ns)

    def strangers(self) -> list[str]:
        """What is on either side and should not be: temporary files, objects nobody sent, open uploads."""
        known = {self.path(file) for file in self.scenario.files}
        found = [f"file {path.name}" for path in self._seen.rglob("*") if path.is_file() and path not in known]
        with self.world.lock:
            found += [f"object {key}" for key in self.world.objects[BUCKET].keys() - self.versions.keys()]
            found += [
                f"upload {upload_id} of {upload.key} with {len(upload.parts)} parts"
                for upload_id, upload in self.world.uploads.items()
            ]
        return found

    # ------------------------------------------------------------------ what befalls them

    def change(self, change: Change) -> None:
        """Make a change happen, at once or soon."""
        if not change.after_s:
            self._happen(change)
            return
        self._later(change.after_s, partial(self._happen, change))

    def settle(self) -> None:
        """Wait until all that was to happen soon has."""
        while self._timers:
            self._timers.pop().join()

    def _later(self, after_s: float, happen: Callable[[], object]) -> None:
        timer = threading.Timer(after_s, happen)
        timer.start()
        self._timers.append(timer)

    def _happen(self, change: Change) -> None:
        file = self.scenario.files[change.file]
        with self._lock:
            if change.kind == "fill":
                space = os.statvfs(self._disk)
                with suppress(OSError):
                    (self._disk / "filler").write_bytes(bytes(max(0, space.f_bavail * space.f_frsize - 20_000)))
                self._later(self._rng.uniform(0.05, 0.3), (self._disk / "filler").unlink)
            elif change.kind == "vanish":
                with self.world.lock:
                    self.world.uploads.clear()
            elif change.kind == "appears":
                self._appear(file)
            elif self.scenario.is_upload:
                self._change_file(file)
            else:
                self._change_object(file)

    def _appear(self, file: File) -> None:
        key, data = self.key(file), self._rng.randbytes(50)
        if self.scenario.is_upload:
            with self.world.lock:
                if key not in self.world.objects[BUCKET]:
                    self.world.store(BUCKET, key, data)
                    self.foreign[key] = data
            return
        path, outside = self.path(file), self._seen.parent / "foreign"
        with suppress(OSError):  # a full disk, or it is there already
            path.parent.mkdir(parents=True, exist_ok=True)
            outside.write_bytes(data)
            os.link(outside, path)
            self.foreign[key] = data
        outside.unlink(missing_ok=True)

    def _change_file(self, file: File) -> None:
        path = self.path(file)
        data = self.versions[self.key(file)][-1].data
        kind = self._rng.choice(("poke", "grow", "shrink", "replace"))
        more = self._rng.randbytes(8)
        if kind == "grow" or not data:
            data += more
            with path.open("ab") as target:
                target.write(more)
        elif kind == "poke":
            at = self._rng.randrange(len(data)) & ~7  # within one page: a reader sees all of it or nothing
            data = (data[:at] + more + data[at + 8 :])[: len(data)]
            with path.open("r+b", buffering=0) as target:
                os.pwrite(target.fileno(), data[at : at + 8], at)
        elif kind == "shrink":
            data = data[: self._rng.randrange(len(data))]
            os.truncate(path, len(data))
        else:
            data = self._rng.randbytes(len(data))
            newer = self._seen.parent / "newer"
            newer.write_bytes(data)
            newer.replace(path)
        self.changed.add(self.key(file))
        self.versions[self.key(file)].append(Version(data, path.stat().st_mtime_ns))

    def _change_object(self, file: File) -> None:
        key = self.key(file)
        before = self.versions[key][-1]
        size = self._rng.choice((len(before.data), len(before.data) + 1, len(before.data) // 2))
        newer = Version(self._rng.randbytes(size), before.mtime_ns + 10**9)
        self.changed.add(key)
        self.versions[key].append(newer)
        self._store(key, newer.data, newer.mtime_ns)


def _write(path: Path, data: bytes, mtime_ns: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(mtime_ns, mtime_ns))
