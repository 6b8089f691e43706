import errno
import os
import resource
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from s3browser.exceptions import (
    Cancelled,
    S3AccessDeniedError,
    S3BusyError,
    S3ConflictError,
    S3DownloadError,
    S3FileNotFoundError,
    S3IntegrityError,
)
from s3browser.jobs.cancel import CancelToken
from s3browser.model.locations import S3Location
from s3browser.transfers import download
from s3browser.transfers.download import download_file, make_folder
from tests.fakestore import BUCKET, FakeStore

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
    assert seen == [(0, 0)]


def test_meanwhile_the_bytes_are_beside_the_target(store: FakeStore, target: Path) -> None:
    seen: list[str] = []
    store.on("chunk", lambda: seen.extend(sorted(path.name for path in target.parent.iterdir())), nth=2)
    download_file(store, SOURCE, target)
    temp, name = seen
    assert (temp[:6], temp[-5:], len(temp), name) == (".~s3b-", ".part", 19, "report.pdf")


def test_progress_is_a_position_though_the_bytes_come_twice(store: FakeStore, target: Path) -> None:
    store.damage(SOURCE.key)
    seen: list[tuple[int, int]] = []
    download_file(store, SOURCE, target, on_progress=lambda *now: seen.append(now))
    assert target.read_bytes() == CONTENT
    assert all(earlier[0] <= later[0] for earlier, later in pairwise(seen))
    assert (seen[0], seen[-1]) == ((4, 10), (10, 10))
    assert store.count("fetch") == 2


def test_bytes_that_are_damaged_twice_are_not_kept(store: FakeStore, target: Path) -> None:
    store.damage(SOURCE.key, times=2)
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


def test_more_bytes_than_announced_end_at_once(store: FakeStore, target: Path) -> None:
    # The object grows and keeps its ETag, as with a server that doesn't know If-Match.
    etag = store.buckets[BUCKET][SOURCE.key].etag
    store.on("fetch", lambda: store.write(BUCKET, SOURCE.key, CONTENT * 5, etag))
    with pytest.raises(S3IntegrityError):
        download_file(store, SOURCE, target)
    assert untouched(target)


def test_fewer_bytes_than_announced(store: FakeStore, target: Path) -> None:
    reencrypt(store, None, "opaque")
    store.on("fetch", lambda: store.write(BUCKET, SOURCE.key, b"short", "opaque"))
    with pytest.raises(S3IntegrityError):
        download_file(store, SOURCE, target)
    assert untouched(target)


def test_an_object_that_changes_meanwhile(store: FakeStore, target: Path) -> None:
    store.on("fetch", lambda: store.write(BUCKET, SOURCE.key, b"new"))
    with pytest.raises(S3ConflictError):
        download_file(store, SOURCE, target)
    assert untouched(target)


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


@pytest.mark.parametrize("operation", ["fetch", "chunk"])
def test_cancel_leaves_the_target_as_it_was(store: FakeStore, target: Path, operation: str) -> None:
    token = CancelToken()
    store.on(operation, token.cancel, nth=1)
    with pytest.raises(Cancelled):
        download_file(store, SOURCE, target, cancel=token)
    assert untouched(target)


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
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 0))
    assert download_file(store, SOURCE, target).read_bytes() == CONTENT


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

    monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[call], refuse)
    with pytest.raises(S3DownloadError) as error:
        download_file(store, SOURCE, target)
    assert error.value.code == code
    assert untouched(target)


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


def scanner(times: int, winerror: int = 32) -> Callable[[Path, Path], Path]:
    """A virus scanner that holds the file for ``times`` attempts."""
    real = Path.replace
    left = [times]

    def replace_later(self: Path, target: Path) -> Path:
        if left[0]:
            left[0] -= 1
            error = PermissionError(13, "held")
            error.winerror = winerror  # type: ignore[attr-defined,unused-ignore]
            raise error
        return real(self, target)

    return replace_later


class Patient(CancelToken):
    """A token that needs no time to wait."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def test_a_file_held_by_another_program_is_waited_for(
    store: FakeStore, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "replace", scanner(3))
    download_file(store, SOURCE, target, cancel=Patient())
    assert target.read_bytes() == CONTENT


def test_but_not_for_ever(store: FakeStore, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "replace", scanner(3, winerror=5))
    monkeypatch.setattr(download, "REPLACE_PATIENCE_S", 0.0)
    with pytest.raises(S3DownloadError) as error:
        download_file(store, SOURCE, target)
    assert error.value.code == "InUse"
    assert untouched(target)


def test_a_cancel_ends_that_wait(store: FakeStore, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = CancelToken()
    held = scanner(1)

    def replace_and_cancel(self: Path, path: Path) -> Path:
        token.cancel()
        return held(self, path)

    monkeypatch.setattr(Path, "replace", replace_and_cancel)
    with pytest.raises(Cancelled):
        download_file(store, SOURCE, target, cancel=token)
    assert untouched(target)


def test_folders_are_made_inside_the_root(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b", tmp_path)
    make_folder(tmp_path / "a" / "b", tmp_path)
    assert (tmp_path / "a" / "b").is_dir()


def test_folders_are_not_made_outside_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "out").symlink_to(tmp_path)
    (root / "loop").symlink_to(root / "loop")
    (root / "file").touch()
    for path, code in (
        (root / "out" / "x", "Outside"),
        (root / ".." / "x", "Outside"),
        (root / "file", "IsFile"),
        (root / "file" / "x", "IsFile"),
        (root / "loop" / "x", None),
    ):
        with pytest.raises(S3DownloadError) as error:
            make_folder(path, root)
        assert error.value.code == code, path
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_a_root_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(S3DownloadError) as error:
        make_folder(tmp_path / "stick" / "x", tmp_path / "stick")
    assert error.value.code == "NoFolder"
    assert list(tmp_path.iterdir()) == []
