"""The harness has teeth: each thing that must not happen is seen if it does."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.ground import BUCKET, Ground
from tests.faults.scenario import Change, File, scenario
from tests.faults.verdict import Row, Verdict, judge_rows, judge_what_is_left
from tests.faults.weather import Weather
from tests.servers.world import Request

KEY = "dropped here/a.bin"
DONE: Row = {"id": 1, "key": KEY, "state": "done", "error": "", "code": "", "text": ""}
SIZE = 200_000


def ground(tmp_path: Path, *, is_upload: bool = True, was_there: bool = False) -> Ground:
    files = (File("a.bin", SIZE, was_there=was_there, appears=not was_there),)
    given = replace(
        scenario(0), is_upload=is_upload, keeps_checksums=True, files=files, changes=(), second_try="retry",
        small_disk=False,
    )  # fmt: skip
    here = tmp_path / "files"
    here.mkdir()
    return Ground(given, here, here, tmp_path)


def wrong(ground: Ground, row: Row = DONE, weather: Counter[str] | None = None, *, again: bool = False) -> list[str]:
    verdict = Verdict(0)
    judge_rows(verdict, ground, [row], weather or Counter(), [row] if again else [])
    judge_what_is_left(verdict, ground)
    return verdict.wrong


def upload(ground: Ground, data: bytes | None = None, mtime: str = "1600000000.123456789") -> None:
    version = ground.versions[KEY][0]
    ground.world.store(BUCKET, KEY, version.data if data is None else data, {"mtime": mtime})


def failed(error: str, code: str = "") -> Row:
    return {**DONE, "state": "failed", "error": error, "code": code}


def test_a_file_that_arrived_is_well(tmp_path: Path) -> None:
    here = ground(tmp_path)
    upload(here)
    assert wrong(here) == []


@pytest.mark.parametrize(
    ("damage", "seen"),
    [
        (lambda here: None, "not there"),
        (lambda here: upload(here, here.versions[KEY][0].data[:-1]), "no version"),
        (lambda here: upload(here, mtime="1.5"), "has the time"),
    ],
)
def test_a_false_done_is_seen(tmp_path: Path, damage: Callable[[Ground], None], seen: str) -> None:
    here = ground(tmp_path)
    damage(here)
    (only,) = wrong(here)
    assert seen in only


def test_a_mixture_of_two_versions_is_seen_and_each_of_them_is_well(tmp_path: Path) -> None:
    here = ground(tmp_path)
    for _ in range(4):
        here.change(Change(1, "source", 0, 0.0))
    first, last = here.versions[KEY][0], here.versions[KEY][-1]
    assert here.path(here.scenario.files[0]).read_bytes() == last.data != first.data
    upload(here, last.data, f"{last.mtime_ns // 10**9}.{last.mtime_ns % 10**9:09}")
    assert wrong(here) == []
    upload(here, first.data[:100_000] + last.data[100_000:])
    assert any("no version" in line for line in wrong(here))


def test_what_a_failure_leaves_is_looked_at(tmp_path: Path) -> None:
    here = ground(tmp_path, is_upload=False, was_there=True)
    lost, storm = failed("S3ConnectionError"), Counter({"lost answer": 1})
    assert wrong(here, lost, storm) == []
    here.path(here.scenario.files[0]).write_bytes(b"half")
    assert any("no version" in line for line in wrong(here, lost, storm))


@pytest.mark.parametrize(
    "row",
    [
        failed("S3ConnectionError"),
        failed("S3BusyError"),
        failed("S3IntegrityError"),
        failed("S3IntegrationError", "KeyError"),
        failed("S3UploadError", "Changed"),
        failed("S3DownloadError", "Taken"),
        failed("S3DownloadError", "DiskFull"),
        failed("S3ConflictError", "PreconditionFailed"),
        failed("S3FileNotFoundError", "NoSuchUpload"),
    ],
)
def test_a_reason_that_is_not_the_truth_is_seen(tmp_path: Path, row: Row) -> None:
    (only,) = wrong(ground(tmp_path), row)
    assert "not the truth" in only


def test_over_a_sound_network_the_weather_is_no_excuse(tmp_path: Path) -> None:
    storm = Counter({"lost answer": 1})
    here = ground(tmp_path)
    assert wrong(here, failed("S3ConnectionError"), storm) == []
    assert wrong(here, failed("S3ConnectionError"), storm, again=True)


@pytest.mark.parametrize("state", ["queued", "running", "paused"])
def test_what_does_not_end_is_seen(tmp_path: Path, state: str) -> None:
    (only,) = wrong(ground(tmp_path), {**DONE, "state": state})
    assert "not over" in only


def test_somebody_elses_file_that_is_gone_is_seen(tmp_path: Path) -> None:
    here = ground(tmp_path)
    here.change(Change(1, "appears", 0, 0.0))
    taken = failed("S3ConflictError", "PreconditionFailed")
    assert wrong(here, taken) == []
    upload(here)
    assert any("overwritten" in line for line in wrong(here, taken))


def test_what_is_left_is_seen(tmp_path: Path) -> None:
    here = ground(tmp_path)
    upload(here)
    (tmp_path / "files" / ".~s3b-12345678.part").touch()
    here.world.store(BUCKET, "stray", b"")
    here.world.do(Request("CreateMultipartUpload", BUCKET, KEY, {}, {}, 0, 0))
    assert [line.split()[2] for line in wrong(here)] == ["file", "object", "upload"]


def test_every_change_happens_and_a_dead_network_comes_back(tmp_path: Path) -> None:
    here = ground(tmp_path)
    given = replace(
        here.scenario, changes=(Change(2, "source", 0, 0.0),), dead_from=1, dead_s=0.0, fault_rate=0
    )  # fmt: skip
    weather = Weather(given, here.change)
    request = Request("PutObject", BUCKET, KEY, {}, {}, 100, 0)
    assert weather(request).cut_request_at is None
    assert len(here.versions[KEY]) == 1
    weather(request)
    assert len(here.versions[KEY]) == 2
