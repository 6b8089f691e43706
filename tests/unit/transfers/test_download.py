import errno
import io
import os
import resource
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest

from s3browser.exceptions import (
    Cancelled,
    S3AccessDeniedError,
    S3BusyError,
    S3ConflictError,
    S3ConnectionError,
    S3DownloadError,
    S3FileNotFoundError,
    S3IntegrityError,
)
from s3browser.jobs.cancel import CancelToken
from s3browser.model.entries import ObjectDetails
from s3browser.model.locations import S3Location
from s3browser.transfers import download, pieces
from s3browser.transfers import target as targets
from s3browser.transfers.download import Download, download_file
from tests.fakestore import BUCKET, FakeStore
from tests.unit.transfers.keeping import Memory

SOURCE = S3Location(BUCKET, "folder/report.pdf")
CONTENT = b"0123456789"


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def store() -> FakeStore:
    return FakeStore({BUCKET: {SOURCE.key: CONTENT}}, chunk_bytes=4)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects of more than a few bytes come in parts of four, and each is safe at once."""
    monkeypatch.setattr(download, "IN_MEMORY_BYTES", 5)
    monkeypatch.setattr(download, "fetched_part_size", lambda size: 4)
    monkeypatch.setattr(pieces, "SYNC_EVERY_BYTES", 1)


@pytest.fixture(params=["in memory", "in parts"])
def way(request: pytest.FixtureRequest) -> str:
    if request.param == "in parts":
        request.getfixturevalue("small_parts")
    return str(request.param)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file with an older content, alone in its folder."""
    folder = tmp_path / "target"
    folder.mkdir()
    path = folder / "report.pdf"
    path.write_bytes(b"old")
    return path


def untouched(target: Path) -> bool:
    return [path.name for path in target.parent.iterdir()] == ["report.pdf"] and target.read_bytes() == b"old"


def reencrypt(store: FakeStore, encryption: str | None, etag: str) -> None:
    stored = store.buckets[BUCKET][SOURCE.key]
    store.buckets[BUCKET][SOURCE.key] = replace(stored, encryption=encryption, etag=etag)


def test_the_file_takes_the_targets_place(store: FakeStore, target: Path) -> None:
    assert download_file(store, SOURCE, str(target)) == target
    assert target.read_bytes() == CONTENT
    assert len(list(target.parent.iterdir())) == 1
    assert [call.operation for call in store.calls] == ["head", "fetch"]


def test_a_new_file_and_an_empty_one(store: FakeStore, tmp_path: Path) -> None:
    store.write(BUCKET, "empty", b"")
    seen: list[tuple[int, int]] = []
    path = download_file(
        store, S3Location(BUCKET, "empty"), tmp_path / "new", on_progress=lambda *now: seen.append(now)
    )
    assert path.read_bytes() == b""
    assert set(seen) == {(0, 0)}


@pytest.mark.usefixtures("small_parts")
def test_meanwhile_the_bytes_are_beside_the_target(store: FakeStore, target: Path) -> None:
    seen: list[str] = []
    store.on("chunk", lambda: seen.extend(sorted(path.name for path in target.parent.iterdir())), nth=2)
    download_file(store, SOURCE, target)
    temp, name = seen
    assert (temp[:6], temp[-5:], len(temp), name) == (".~s3b-", ".part", 19, "report.pdf")


def test_progress_is_a_position_though_the_bytes_come_twice(store: FakeStore, target: Path, way: str) -> None:
    store.damage(SOURCE.key)
    seen: list[tuple[int, int]] = []
    download_file(store, SOURCE, target, on_progress=lambda *now: seen.append(now))
    assert target.read_bytes() == CONTENT
    assert all(earlier[0] <= later[0] for earlier, later in pairwise(seen))
    assert (seen[0], seen[-1]) == ((4, 10), (10, 10))
    assert store.count("fetch") == (2 if way == "in memory" else 6)


@pytest.mark.usefixtures("way")
def test_bytes_that_are_damaged_twice_are_not_kept(store: FakeStore, target: Path) -> None:
    store.damage(SOURCE.key, times=9)
    with pytest.raises(S3IntegrityError):
        download_file(store, SOURCE, target)
    assert untouched(target)


def test_a_cancel_before_the_first_question(store: FakeStore, target: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        download_file(store, SOURCE, target, cancel=token)
    assert store.calls == []


def test_a_hanging_head_does_not_hold_up_a_cancel(store: FakeStore, target: Path) -> None:
    token = CancelToken()
    store.on("head", token.cancel)
    store.hang("head")
    with pytest.raises(Cancelled):
        download_file(store, SOURCE, target, cancel=token)
    assert untouched(target)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("encryption", "etag", "compared"),
    [
        (None, "0" * 32, True),
        ("AES256", "0" * 32, True),
        ("aws:kms", "0" * 32, False),
        ("aws:kms:dsse", "0" * 32, False),
        (None, "0" * 32 + "-2", False),
        (None, "opaque", False),
    ],
)
def test_only_an_etag_that_is_an_md5_is_compared(
    store: FakeStore, target: Path, encryption: str | None, etag: str, compared: bool
) -> None:
    reencrypt(store, encryption, etag)
    if compared:
        with pytest.raises(S3IntegrityError):
            download_file(store, SOURCE, target)
    else:
        assert download_file(store, SOURCE, target).read_bytes() == CONTENT


def test_a_directory_buckets_etag_is_not_an_md5(tmp_path: Path) -> None:
    store = FakeStore({"b--use1-az4--x-s3": {}})
    store.write("b--use1-az4--x-s3", "k", CONTENT, etag="0" * 32)
    assert download_file(store, S3Location("b--use1-az4--x-s3", "k"), tmp_path / "k").read_bytes() == CONTENT


@pytest.mark.usefixtures("way")
def test_more_bytes_than_announced_end_at_once(store: FakeStore, target: Path) -> None:
    class Ignorant(FakeStore):
        def fetch(self, bucket: str, key: str, write: Callable[[bytes | memoryview], object], **rest: Any) -> int:
            rest.pop("stop", None)
            if rest.get("on_details") is not None:
                rest["on_details"](self.head(bucket, key))
            return super().fetch(bucket, key, write, **{**rest, "on_details": None})

        def head(self, *args: Any, **rest: Any) -> ObjectDetails:
            return replace(super().head(*args, **rest), size=len(CONTENT) - 1)

    store = Ignorant({BUCKET: {SOURCE.key: CONTENT}})
    with pytest.raises(S3IntegrityError):
        download_file(store, SOURCE, target)
    assert untouched(target)


@pytest.mark.usefixtures("way")
def test_fewer_bytes_than_announced(store: FakeStore, target: Path) -> None:
    class Short(FakeStore):
        def fetch(self, bucket: str, key: str, write: Callable[[bytes | memoryview], object], **rest: Any) -> int:
            return super().fetch(bucket, key, lambda data: write(data[:1]), **rest)

    store = Short({BUCKET: {SOURCE.key: CONTENT}})
    with pytest.raises(S3IntegrityError):
        download_file(store, SOURCE, target)
    assert untouched(target)


@pytest.mark.usefixtures("way")
def test_an_object_that_changes_meanwhile(store: FakeStore, target: Path) -> None:
    store.on("fetch", lambda: store.write(BUCKET, SOURCE.key, b"new"))
    with pytest.raises(S3ConflictError):
        download_file(store, SOURCE, target)
    assert untouched(target)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("head", S3AccessDeniedError("read")),
        ("fetch", S3BusyError("download")),
        ("chunk", S3BusyError("download")),
        ("chunk", KeyError("a fault of ours")),
    ],
)
def test_any_failure_leaves_the_target_as_it_was(
    store: FakeStore, target: Path, operation: str, error: Exception
) -> None:
    store.fail(operation, error)
    with pytest.raises(type(error)):
        download_file(store, SOURCE, target)
    assert untouched(target)


def test_no_such_object(store: FakeStore, target: Path) -> None:
    with pytest.raises(S3FileNotFoundError) as error:
        download_file(store, S3Location(BUCKET, "no"), target)
    assert error.value.title == "Couldn’t download no"
    assert untouched(target)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("operation", ["fetch", "chunk"])
def test_cancel_leaves_the_target_as_it_was(store: FakeStore, target: Path, operation: str) -> None:
    token = CancelToken()
    store.on(operation, token.cancel, nth=1)
    with pytest.raises(Cancelled):
        download_file(store, SOURCE, target, cancel=token)
    assert untouched(target)


@pytest.mark.usefixtures("way")
def test_a_cancel_before_the_target_is_replaced_counts(store: FakeStore, target: Path) -> None:
    token = CancelToken()
    store.on("chunk", token.cancel, nth=3)
    with pytest.raises(Cancelled):
        download_file(store, SOURCE, target, cancel=token)
    assert untouched(target)


def test_a_folder_in_the_way(store: FakeStore, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    for path in (tmp_path, tmp_path / "link"):
        with pytest.raises(S3DownloadError) as error:
            download_file(store, SOURCE, path)
        assert error.value.code == "IsFolder"


@pytest.mark.parametrize(
    ("name", "code"), [("x" * 256, "BadName"), ("nul\0", "BadName"), ("no/x", "NoFolder"), ("file/x", "IsFile")]
)
def test_targets_that_cannot_be(store: FakeStore, tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(S3DownloadError) as error:
        download_file(store, SOURCE, tmp_path / name)
    assert error.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_target_without_a_name(store: FakeStore) -> None:
    with pytest.raises(S3DownloadError) as error:
        download_file(store, SOURCE, "")
    assert error.value.code == "BadName"


@pytest.mark.usefixtures("way")
def test_a_link_in_the_targets_place_is_replaced_not_followed(store: FakeStore, target: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"kept")
    target.unlink()
    target.symlink_to(elsewhere)
    download_file(store, SOURCE, target)
    assert elsewhere.read_bytes() == b"kept"
    assert not target.is_symlink()
    assert target.read_bytes() == CONTENT


def test_too_little_room_is_known_before(store: FakeStore, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100, 91, 9))
    with pytest.raises(S3DownloadError) as error:
        download_file(store, SOURCE, target)
    assert error.value.code == "DiskFull"
    assert store.count("fetch") == 0
    monkeypatch.setattr(targets, "FREE_SPACE_KNOWN_S", 0.0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 0))
    assert download_file(store, SOURCE, target).read_bytes() == CONTENT


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "DiskFull"),
        (errno.EDQUOT, "DiskFull"),
        (errno.EFBIG, "TooLarge"),
        (errno.EROFS, "Unwritable"),
        (errno.EACCES, "Unwritable"),
        (errno.EIO, None),
        (None, None),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_gives_up_midway(
    store: FakeStore, target: Path, monkeypatch: pytest.MonkeyPatch, number: int | None, code: str | None, call: str
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise OSError(number, "no") if number else OSError("no")

    monkeypatch.setattr(*(os, call), refuse)
    with pytest.raises(S3DownloadError) as error:
        download_file(store, SOURCE, target)
    assert error.value.code == code
    assert untouched(target)


@pytest.mark.usefixtures("way")
def test_a_disk_that_refuses_a_byte_midway(store: FakeStore, target: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    store.on("chunk", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6, hard)))
    try:
        with pytest.raises(S3DownloadError) as error:
            download_file(store, SOURCE, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.value.code == "TooLarge"
    assert untouched(target)


def scanner(times: int, winerror: int = 32) -> Callable[[str, str], None]:
    """A virus scanner that holds the file for ``times`` attempts."""
    real = os.replace
    left = [times]

    def replace_later(temp: str, target: str) -> None:
        if left[0]:
            left[0] -= 1
            error = PermissionError(13, "held")
            error.winerror = winerror  # type: ignore[attr-defined,unused-ignore]
            raise error
        real(temp, target)

    return replace_later


class Patient(CancelToken):
    """A token that needs no time to wait."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


@pytest.mark.usefixtures("way")
def test_a_file_held_by_another_program_is_waited_for(
    store: FakeStore, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "replace", scanner(3))
    download_file(store, SOURCE, target, cancel=Patient())
    assert target.read_bytes() == CONTENT


@pytest.mark.usefixtures("way")
def test_but_not_for_ever(store: FakeStore, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "replace", scanner(3, winerror=5))
    monkeypatch.setattr(targets, "REPLACE_PATIENCE_S", 0.0)
    with pytest.raises(S3DownloadError) as error:
        download_file(store, SOURCE, target)
    assert error.value.code == "InUse"
    assert untouched(target)


@pytest.mark.usefixtures("way")
def test_a_cancel_ends_that_wait(store: FakeStore, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = CancelToken()
    held = scanner(1)

    def replace_and_cancel(temp: str, path: str) -> None:
        token.cancel()
        held(temp, path)

    monkeypatch.setattr(os, "replace", replace_and_cancel)
    with pytest.raises(Cancelled):
        download_file(store, SOURCE, target, cancel=token)
    assert untouched(target)


# ---------------------------------------------------------------- as it was listed


def go(run: Download) -> str:
    run.begin()
    while (part := run.take_part()) is not None:
        run.move(part)
    return run.finish()


def etag_of(store: FakeStore) -> str:
    return store.buckets[BUCKET][SOURCE.key].etag


def test_the_position_of_a_larger_object_moves_while_its_bytes_come(tmp_path: Path) -> None:
    content = bytes(300 * 1024)
    store = FakeStore({BUCKET: {SOURCE.key: content}}, chunk_bytes=100 * 1024)
    positions: list[int] = []

    class Watched(CancelToken):
        def is_set(self) -> bool:
            positions.append(run.position)
            return super().is_set()

    run = Download(store, SOURCE, tmp_path / "x", size=len(content), etag=etag_of(store), cancel=Watched())
    positions.clear()
    go(run)
    assert {0, 100 * 1024, 200 * 1024, 300 * 1024} == set(positions)


def test_a_small_object_that_was_listed_is_asked_for_once(store: FakeStore, tmp_path: Path) -> None:
    run = Download(store, SOURCE, tmp_path / "x", size=10, etag=etag_of(store), root=tmp_path)
    assert (run.position, run.stored_size) == (0, 10)
    assert go(run) == etag_of(store)
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert [call.operation for call in store.calls] == ["fetch"]
    assert run.position == 10
    run.abandon()
    assert (tmp_path / "x").exists()


@pytest.mark.parametrize("new", [b"new", b"of the ten", CONTENT * 3])
@pytest.mark.parametrize("has_etag", [True, False])
@pytest.mark.usefixtures("small_parts")
def test_an_object_that_has_changed_since_it_was_listed_is_fetched_as_it_is(
    store: FakeStore, tmp_path: Path, new: bytes, has_etag: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "IN_MEMORY_BYTES", 10)
    etag = etag_of(store) if has_etag else ""
    store.write(BUCKET, SOURCE.key, new)
    run = Download(store, SOURCE, tmp_path / "x", size=10, etag=etag)
    assert go(run) == etag_of(store)
    assert (tmp_path / "x").read_bytes() == new
    assert run.stored_size == len(new)


def test_an_object_that_changes_all_the_time_is_not_fetched(store: FakeStore, tmp_path: Path) -> None:
    store.on("fetch", lambda: store.write(BUCKET, SOURCE.key, os.urandom(10)), times=9)
    with pytest.raises(S3ConflictError):
        go(Download(store, SOURCE, tmp_path / "x", size=10, etag=etag_of(store)))
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_says_nothing_of_the_object(tmp_path: Path) -> None:
    class Mute(FakeStore):
        def fetch(self, *args: Any, **rest: Any) -> int:
            return super().fetch(*args, **{**rest, "on_details": None})

    store = Mute({BUCKET: {SOURCE.key: CONTENT}})
    with pytest.raises(S3IntegrityError):
        go(Download(store, SOURCE, tmp_path / "x", size=10))


@pytest.mark.usefixtures("way")
def test_the_time_of_the_original_is_restored(store: FakeStore, target: Path) -> None:
    download_file(store, SOURCE, target)
    stored = store.buckets[BUCKET][SOURCE.key]
    assert target.stat().st_mtime == stored.last_modified.timestamp()
    store.buckets[BUCKET][SOURCE.key] = replace(stored, metadata={"mtime": "1600000000.123456789"})
    download_file(store, SOURCE, target)
    assert target.stat().st_mtime_ns == 1_600_000_000_123_456_789
    store.buckets[BUCKET][SOURCE.key] = replace(stored, metadata={"mtime": "9" * 30})
    download_file(store, SOURCE, target)  # no disk can keep that
    assert target.read_bytes() == CONTENT


@pytest.mark.usefixtures("way")
def test_what_appears_meanwhile_is_not_replaced(store: FakeStore, tmp_path: Path) -> None:
    path = tmp_path / "x"
    run = Download(store, SOURCE, path)
    store.on("fetch", lambda: path.write_bytes(b"somebody's"))
    with pytest.raises(S3DownloadError) as error:
        go(run)
    assert error.value.code == "Taken"
    run.abandon()
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("x", b"somebody's")]


def test_what_is_there_already_is_seen_before_anything_is_fetched(store: FakeStore, target: Path) -> None:
    for size in (None, 10):
        with pytest.raises(S3DownloadError) as error:
            Download(store, SOURCE, target, size=size).begin()
        assert error.value.code == "Taken"
    assert store.count("fetch") == 0
    assert untouched(target)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("checksums", [True, False])
def test_what_an_earlier_life_put_there_is_not_in_the_way(tmp_path: Path, checksums: bool) -> None:
    """It was killed before it could say so."""
    store = FakeStore({BUCKET: {SOURCE.key: CONTENT}}, checksums=checksums)
    path = tmp_path / "x"
    go(Download(store, SOURCE, path))
    store.calls.clear()
    before = path.stat()
    run = Download(store, SOURCE, path, size=len(CONTENT), etag=etag_of(store))
    assert go(run) == etag_of(store)
    assert (run.position, run.stored_size) == (len(CONTENT), len(CONTENT))
    assert [call.operation for call in store.calls] == ["head"]
    assert (path.stat().st_ino, path.read_bytes()) == (before.st_ino, CONTENT)


def test_a_folder_that_has_the_name_of_a_listed_file_is_one(store: FakeStore, tmp_path: Path) -> None:
    with pytest.raises(S3DownloadError) as error:
        Download(store, SOURCE, tmp_path, size=len(CONTENT)).begin()
    assert error.value.code == "IsFolder"
    assert store.calls == []


@pytest.mark.parametrize("change", ["time", "bytes", "size", "unproved"])
def test_what_only_looks_like_it_is_in_the_way(store: FakeStore, tmp_path: Path, change: str) -> None:
    path = tmp_path / "x"
    go(Download(store, SOURCE, path))
    time_ns = path.stat().st_mtime_ns
    if change == "unproved":
        reencrypt(store, "aws:kms", "0" * 32)
    elif change != "time":
        path.write_bytes(CONTENT[::-1] if change == "bytes" else CONTENT + b"!")
    os.utime(path, ns=(time_ns, time_ns + (5_000_000_000 if change == "time" else 0)))
    with pytest.raises(S3DownloadError) as error:
        go(Download(store, SOURCE, path))
    assert error.value.code == "Taken"


def test_a_shorter_answer_under_the_same_etag_is_no_change(
    store: FakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = store.fetch

    def short(*args: Any, on_details: Callable[[ObjectDetails], object], **rest: Any) -> int:
        return fetch(*args, on_details=lambda details: on_details(replace(details, size=3)), stop=3, **rest)

    monkeypatch.setattr(store, "fetch", short)
    run = Download(store, SOURCE, tmp_path / "x", size=len(CONTENT), etag=etag_of(store))
    with pytest.raises(S3IntegrityError):
        go(run)


@pytest.mark.usefixtures("way")
def test_the_same_file_is_left_alone_where_that_is_wanted(store: FakeStore, tmp_path: Path) -> None:
    path = tmp_path / "x"
    download_file(store, SOURCE, path)
    fetched = store.count("fetch")
    before = path.stat()
    run = Download(store, SOURCE, path, size=10, etag=etag_of(store), may_replace=True, unless_same=True)
    assert go(run) == etag_of(store)
    assert (store.count("fetch"), run.position, run.stored_size) == (fetched, 10, 10)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.usefixtures("way")
def test_a_file_that_only_looks_the_same_is_replaced(store: FakeStore, tmp_path: Path) -> None:
    path = tmp_path / "x"
    download_file(store, SOURCE, path)
    times = path.stat()
    path.write_bytes(b"x" * 10)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    go(Download(store, SOURCE, path, size=10, etag=etag_of(store), may_replace=True, unless_same=True))
    assert path.read_bytes() == CONTENT


# ---------------------------------------------------------------- going on


def interrupted(store: FakeStore, path: Path, after: int = 2) -> Memory:
    """What is left of a run whose network went with part ``after + 1``."""
    memory = Memory()
    store.fail("fetch", S3ConnectionError("download"), nth=after + 1)
    with pytest.raises(S3ConnectionError):
        go(Download(store, SOURCE, path, keeper=memory))
    store.calls.clear()
    return memory


def later(store: FakeStore, path: Path, memory: Memory, **rest: Any) -> Download:
    return Download(store, SOURCE, path, keeper=memory, partial=memory.partial, **rest)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("checksums", [True, False])
def test_a_later_run_fetches_only_what_is_missing(tmp_path: Path, checksums: bool) -> None:
    store = FakeStore({BUCKET: {SOURCE.key: CONTENT}}, checksums=checksums)
    path = tmp_path / "x"
    memory = interrupted(store, path)
    assert memory.told == ["download", "part 1", "part 2"]
    assert not path.exists()
    run = later(store, path, memory)
    run.begin()
    assert (run.position, run.stored_size) == (8, 10)
    assert go(run) == etag_of(store)
    assert path.read_bytes() == CONTENT
    assert store.count("fetch") == 1
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("checksums", [True, False])
def test_parts_that_an_earlier_run_left_damaged_come_again(tmp_path: Path, checksums: bool) -> None:
    store = FakeStore({BUCKET: {SOURCE.key: CONTENT}}, checksums=checksums)
    memory = interrupted(store, tmp_path / "x")
    assert memory.partial is not None
    assert memory.partial.temp is not None
    memory.partial.temp.write_bytes(b"damaged ..")
    memory.partial = replace(memory.partial, parts=tuple(replace(part, crc64nvme="") for part in memory.partial.parts))
    go(later(store, tmp_path / "x", memory))
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert store.count("fetch") == 4


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("change", ["object", "gone", "short", "link", "nothing noted", "small"])
def test_what_does_not_fit_is_thrown_away(store: FakeStore, tmp_path: Path, change: str) -> None:
    path = tmp_path / "x"
    memory = interrupted(store, path)
    assert memory.partial is not None
    temp = memory.partial.temp
    assert temp is not None
    if change == "object":
        store.write(BUCKET, SOURCE.key, b"quite another")
    elif change == "small":
        store.write(BUCKET, SOURCE.key, b"tiny")
    elif change == "gone":
        temp.unlink()
    elif change == "short":
        os.truncate(temp, 5)
    elif change == "link":
        temp.rename(tmp_path / "aside")
        temp.symlink_to(tmp_path / "aside")
    else:
        memory.partial = replace(memory.partial, etag="")
    go(later(store, path, memory))
    assert path.read_bytes() == store.data(SOURCE.key)
    assert {each.name for each in tmp_path.iterdir()} - {"aside"} == {"x"}
    assert "forget" in memory.told


@pytest.mark.usefixtures("small_parts")
def test_a_replacement_that_nobody_noted_is_over(store: FakeStore, tmp_path: Path) -> None:
    path = tmp_path / "x"
    memory = Memory()
    go(Download(store, SOURCE, path, keeper=memory))
    store.calls.clear()
    run = later(store, path, memory)
    assert go(run) == etag_of(store)
    assert store.count("fetch") == 0
    run.abandon()
    assert path.exists()


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("change", ["size", "time", "bytes", "gone"])
def test_a_file_that_only_looks_like_it_is_replaced(store: FakeStore, tmp_path: Path, change: str) -> None:
    path = tmp_path / "x"
    memory = Memory()
    go(Download(store, SOURCE, path, keeper=memory))
    time = path.stat().st_mtime
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(CONTENT[::-1] if change == "bytes" else CONTENT + b"!" * (change == "size"))
        os.utime(path, (time, time + 60 * (change == "time")))
    go(later(store, path, memory, may_replace=True))
    assert path.read_bytes() == CONTENT
    assert store.count("fetch") == 6


@pytest.mark.usefixtures("small_parts")
def test_parts_in_several_threads(store: FakeStore, tmp_path: Path) -> None:
    store.write(BUCKET, SOURCE.key, bytes(range(40)))
    run = Download(store, SOURCE, tmp_path / "x")
    run.begin()
    first = store.hang("fetch")  # all others come before the first one
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while (part := run.take_part()) is not None:
                run.move(part)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    threads[0].start()
    assert first.reached.wait(5)
    for thread in threads[1:]:
        thread.start()
    for thread in threads[1:]:
        thread.join(5)
    first.release()
    threads[0].join(5)
    assert errors == []
    run.finish()
    assert (tmp_path / "x").read_bytes() == bytes(range(40))


@pytest.mark.usefixtures("small_parts")
def test_an_object_without_an_etag_comes_in_one(store: FakeStore, tmp_path: Path) -> None:
    reencrypt(store, None, "")
    go(Download(store, SOURCE, tmp_path / "x"))
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert store.count("fetch") == 1


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("damage", [0, 9])
def test_an_object_in_parts_is_proved_by_the_size_of_its_parts(tmp_path: Path, damage: int) -> None:
    store = FakeStore()
    upload_id = store.create_multipart(BUCKET, SOURCE.key, metadata={"s3browser-part-size": "3"})
    parts = [store.put_part(BUCKET, SOURCE.key, upload_id, n, io.BytesIO(b"abc"), 3) for n in (1, 2, 3)]
    store.complete_multipart(BUCKET, SOURCE.key, upload_id, parts)
    store.damage(SOURCE.key, times=damage)
    run = Download(store, SOURCE, tmp_path / "x")
    if damage:
        with pytest.raises(S3IntegrityError):
            go(run)
        run.abandon()
        assert list(tmp_path.iterdir()) == []
    else:
        go(run)
        assert (tmp_path / "x").read_bytes() == b"abcabcabc"
        assert store.count("fetch") == 3


# ---------------------------------------------------------------- giving up


@pytest.mark.usefixtures("small_parts")
def test_what_an_earlier_run_left_can_be_thrown_away_without_looking(store: FakeStore, tmp_path: Path) -> None:
    memory = interrupted(store, tmp_path / "x")
    later(store, tmp_path / "x", memory).abandon()
    assert list(tmp_path.iterdir()) == []
    assert memory.partial is None
    Download(store, SOURCE, tmp_path / "x").abandon()
    assert store.calls == []


@pytest.mark.usefixtures("small_parts")
def test_what_can_not_be_thrown_away_stays_with_the_keeper(
    store: FakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = interrupted(store, tmp_path / "x")

    def refuse(_: str) -> NoReturn:
        raise PermissionError(13, "held")

    monkeypatch.setattr(os, "unlink", refuse)
    later(store, tmp_path / "x", memory).abandon()
    assert memory.partial is not None


@pytest.mark.usefixtures("small_parts")
def test_a_pause_keeps_what_has_come(store: FakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "SYNC_EVERY_BYTES", 1000)
    token = CancelToken()
    memory = Memory()
    store.on("fetch", token.cancel, nth=3)
    with pytest.raises(Cancelled):
        go(Download(store, SOURCE, tmp_path / "x", keeper=memory, cancel=token))
    assert memory.told == ["download", "part 1", "part 2"]
    store.calls.clear()
    go(later(store, tmp_path / "x", memory))
    assert store.count("fetch") == 1


@pytest.mark.usefixtures("small_parts")
def test_a_disk_that_fails_on_the_way_out_does_not_hide_the_first_error(
    store: FakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "SYNC_EVERY_BYTES", 1000)

    def refuse(_: int) -> NoReturn:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(pieces, "_sync_data", refuse)
    store.fail("fetch", S3BusyError("download"), nth=2)
    memory = Memory()
    with pytest.raises(S3BusyError):
        go(Download(store, SOURCE, tmp_path / "x", keeper=memory))
    assert memory.told == ["download"]


@pytest.mark.usefixtures("small_parts")
def test_parts_are_made_safe_now_and_then(store: FakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(pieces, "_sync_data", synced.append)
    monkeypatch.setattr(pieces, "SYNC_EVERY_BYTES", 8)
    memory = Memory()
    go(Download(store, SOURCE, tmp_path / "x", keeper=memory))
    assert (len(synced), memory.told) == (1, ["download", "part 1", "part 2"])
    monkeypatch.setattr(pieces, "SYNC_EVERY_S", 0.0)
    go(Download(store, SOURCE, tmp_path / "y", keeper=memory))
    assert len(synced) == 4


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("is_resumed", [True, False])
def test_a_temporary_file_that_is_cut_meanwhile_is_noticed(store: FakeStore, tmp_path: Path, is_resumed: bool) -> None:
    memory = Memory()
    run = Download(store, SOURCE, tmp_path / "x", keeper=memory)
    run.begin()
    while (part := run.take_part()) is not None:
        run.move(part)
    if is_resumed:
        run = later(store, tmp_path / "x", memory)
        run.begin()
    os.truncate(next(tmp_path.iterdir()), 9)
    with pytest.raises(S3IntegrityError):
        run.finish()
    run.abandon()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_parts")
def test_a_cancel_ends_reading_back(store: FakeStore, tmp_path: Path) -> None:
    memory = interrupted(store, tmp_path / "x")
    token = CancelToken()
    store.on("chunk", token.cancel)  # of the last part, all of which has come by then
    with pytest.raises(Cancelled):
        go(later(store, tmp_path / "x", memory, cancel=token))
    assert memory.told[-1] == "part 3"
    assert not (tmp_path / "x").exists()
