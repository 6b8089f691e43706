import errno
import os
import shutil
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from s3browser.exceptions import S3DownloadError
from s3browser.transfers import target as targets
from s3browser.transfers.target import Target, make_folder


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


def test_nothing_is_written_outside_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "out").symlink_to(tmp_path)
    with pytest.raises(S3DownloadError) as error:
        Target(str(root / "out" / "x"), may_replace=True, root=str(root)).check(1)
    assert error.value.code == "Outside"
    Target(str(root / "x"), may_replace=True, root=str(root)).check(1)


def test_free_space_is_asked_for_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def usage(folder: str) -> object:
        asked.append(folder)
        return real(folder)

    real = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", usage)
    for name in "ab":
        Target(str(tmp_path / name), may_replace=True).check(1)
    assert asked == [str(tmp_path)]
    monkeypatch.setattr(targets, "_MAX_FOLDERS_KNOWN", 1)
    (tmp_path / "c").mkdir()
    Target(str(tmp_path / "c" / "x"), may_replace=True).check(1)
    Target(str(tmp_path / "a"), may_replace=True).check(1)
    assert len(asked) == 3


def temp_for(path: Path, *, may_replace: bool = False) -> Target:
    target = Target(str(path), may_replace=may_replace)
    os.close(target.create(3))
    return target


def test_a_name_without_a_folder_is_in_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    target = Target("x", may_replace=False)
    target.check(1)
    os.close(target.create(3))
    target.replace(threading.Event())
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_disk_that_can_not_hold_it_leaves_no_open_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "ftruncate", refuse)
    target = Target(str(tmp_path / "x"), may_replace=False)
    with pytest.raises(S3DownloadError) as error:
        target.create(3)
    assert error.value.code == "DiskFull"
    assert target.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("has_links", [True, False])
def test_a_new_file_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool) -> None:
    def refuse(*_: object) -> NoReturn:
        raise PermissionError(errno.EPERM, "no hard links here")

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    temp_for(tmp_path / "new").replace(threading.Event())
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    (tmp_path / "new").write_bytes(b"there")
    with pytest.raises(S3DownloadError) as error:
        temp_for(tmp_path / "new").replace(threading.Event())
    assert error.value.code == "Taken"
    assert (tmp_path / "new").read_bytes() == b"there"


def test_an_end_between_the_two_steps_is_taken_up(tmp_path: Path) -> None:
    target = temp_for(tmp_path / "new")
    os.link(target.temp, target.path)
    target.check(3)
    target.replace(threading.Event())
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_windows_refuses_a_taken_name_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "_IS_WINDOWS", True)
    temp_for(tmp_path / "new").replace(threading.Event())
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_folder_that_can_not_be_synced_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = temp_for(tmp_path / "x")

    def refuse(_: int) -> NoReturn:
        raise OSError(errno.EINVAL, "not here")

    monkeypatch.setattr(os, "fsync", refuse)
    target.replace(threading.Event())
    assert (tmp_path / "x").exists()


def test_somebody_else_may_bring_new_entries_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(str(Path(f"/proc/self/fd/{fd}").readlink())))
    entries = targets.NewEntries()
    for name in "xyz":
        target = Target(str(tmp_path / name), may_replace=True, entries=entries)
        os.close(target.create(0))
        target.replace(threading.Event())
    assert synced == []
    entries.sync()
    assert synced == [str(tmp_path)], "once for all of them"
    entries.sync()
    assert len(synced) == 1


def test_only_some_folders_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "_MAX_FOLDERS_KNOWN", 2)
    for name in "abc":
        (tmp_path / name).mkdir()
        Target(str(tmp_path / name / "x"), may_replace=True).check(1)
        assert len(targets._folders) <= 2


@pytest.mark.parametrize("may_replace", [True, False])
def test_bytes_at_hand_have_no_name_until_they_are_whole(tmp_path: Path, may_replace: bool) -> None:
    path = tmp_path / "x"
    if may_replace:
        path.write_bytes(b"old")
    target = Target(str(path), may_replace=may_replace)
    fd = target.create_whole()
    os.write(fd, b"new")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("x", b"old")] * may_replace
    target.seal(fd, 1_600_000_000_123_456_789)
    os.close(fd)
    target.replace(threading.Event())
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("x", b"new")]
    assert path.stat().st_mtime_ns == 1_600_000_000_123_456_789


def test_a_name_taken_meanwhile_is_not_theirs(tmp_path: Path) -> None:
    path = tmp_path / "x"
    target = Target(str(path), may_replace=False)
    fd = target.create_whole()
    path.write_bytes(b"somebody's")
    with pytest.raises(S3DownloadError) as error:
        target.seal(fd, 0)
    os.close(fd)
    assert error.value.code == "Taken"
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("x", b"somebody's")]


def test_a_disk_that_needs_names_gets_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target(str(tmp_path / "x"), may_replace=False)
    really = os.open

    def fat(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "not here")
        return really(path, flags, mode)

    monkeypatch.setattr(os, "open", fat)
    os.close(target.create_whole())
    assert [str(each) for each in tmp_path.iterdir()] == [target.temp]


def test_a_system_that_needs_names_gets_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3browser.transfers.target._CAN_DO_WITHOUT_NAME", False)
    target = Target(str(tmp_path / "x"), may_replace=False)
    os.close(target.create_whole())
    assert [str(each) for each in tmp_path.iterdir()] == [target.temp]
