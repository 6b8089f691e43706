"""What has to hold at the end of a run, whatever happened in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.ground import Ground, Version

Row = Mapping[str, Any]

_FINAL = ("done", "failed", "cancelled")
_LOST_ON_THE_WAY = ("S3ConnectionError", "S3BusyError")


@dataclass(slots=True)
class Verdict:
    """What a run came to.

    Attributes:
        wrong: what should not have happened; empty where all is well.
        tally: what happened how often.
    """

    seed: int
    wrong: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return f"seed {self.seed}:\n" + "\n".join(f"    {line}" for line in self.wrong)


def judge_rows(
    verdict: Verdict, ground: Ground, rows: Sequence[Row], weather: Counter[str], tried_again: Sequence[Row] = ()
) -> None:
    """What is said of each file has to be true, and what lies there one whole version of it.

    Args:
        tried_again: rows that had a second try over a sound network: nothing of the weather excuses them.
    """
    again = {row["id"] for row in tried_again}
    for row in rows:
        key = row["key"]
        there = ground.target(key)
        what = f"{key} is {row['state']} {row['error']} {row['code']}"
        if row["state"] not in _FINAL:
            verdict.wrong.append(f"{what}: not over")
        elif row["state"] == "done":
            if there is None:
                verdict.wrong.append(f"{what}, but it is not there")
            elif there not in ground.versions[key]:
                verdict.wrong.append(f"{what}, but what is there {_described(there, ground, key)}")
        elif there is not None and not _may_be_there(there, ground, key):
            verdict.wrong.append(f"{what}, and what is there {_described(there, ground, key)}")
        if row["state"] == "failed" and not _is_excused(row, ground, weather, has_storm=row["id"] not in again):
            verdict.wrong.append(f"{what}, which is not the truth: {row['text']}")
    if foreign := [key for key, data in ground.foreign.items() if _was_overwritten(ground, key, data)]:
        verdict.wrong.append(f"somebody else’s files were overwritten: {foreign}")


def judge_what_is_left(verdict: Verdict, ground: Ground) -> None:
    """Nothing may be left that is of no use to anybody."""
    verdict.wrong += [f"left behind: {stranger}" for stranger in ground.strangers()]


def _may_be_there(there: Version, ground: Ground, key: str) -> bool:
    return there in ground.versions[key] or there.data in (ground.old.get(key), ground.foreign.get(key))


def _described(there: Version, ground: Ground, key: str) -> str:
    versions = ground.versions[key]
    if any(there.data == version.data for version in versions):
        return f"has the time {there.mtime_ns} instead of {[version.mtime_ns for version in versions]}"
    if there.data == ground.old.get(key):
        return "is still the old one"
    if there.data == ground.foreign.get(key):
        return "is somebody else’s"
    return f"is no version of it: {len(there.data)} bytes instead of {[len(version.data) for version in versions]}"


def _is_excused(row: Row, ground: Ground, weather: Counter[str], *, has_storm: bool) -> bool:
    """Whether something happened that is as the row says."""
    kind, code, key = row["error"], row["code"], row["key"]
    scenario = ground.scenario
    if kind == "S3IntegrityError":
        return has_storm and (any("flipped" in name or "short" in name for name in weather) or key in ground.changed)
    if kind in _LOST_ON_THE_WAY:
        return has_storm and bool(weather)
    if code == "DiskFull":
        return scenario.small_disk
    if code == "Changed" or (kind == "S3ConflictError" and not scenario.is_upload):
        return key in ground.changed
    if code == "Taken" or kind == "S3ConflictError":
        # What an earlier life put there, and had no time to say so, is not known again once the source has changed.
        return key in ground.foreign or key in ground.changed
    if kind == "S3FileNotFoundError":
        return has_storm and any(change.kind == "vanish" for change in scenario.changes)
    return False


def _was_overwritten(ground: Ground, key: str, data: bytes) -> bool:
    scenario = ground.scenario
    if scenario.second_try == "again":
        return False  # as somebody said
    if scenario.is_upload and not scenario.keeps_checksums:
        return False  # CompleteMultipartUpload of Ceph 16 knows no conditions
    there = ground.target(key)
    return there is None or there.data != data
