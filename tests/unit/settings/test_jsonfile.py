import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from s3browser.exceptions import SettingsError
from s3browser.settings.jsonfile import MAX_BYTES, Document, JsonFile


def test_a_missing_file_is_empty_and_creates_nothing(tmp_path: Path) -> None:
    assert JsonFile(tmp_path / "new" / "x.json").read() == ({}, None)
    assert not (tmp_path / "new").exists()


def test_what_was_written_is_read_and_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.json"
    JsonFile(path).write({"name": "Büro 🗂", "half": "\ud800"})

    document, error = JsonFile(path).read()

    assert document == {"name": "Büro 🗂", "half": "\ud800", "version": 1}
    assert error is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["x.json"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe\x00",
        b"\x00" * 40,
        b'{"version": "two"}',
        b'{"version": true}',
        b'{"version": 0}',
        b'{"n": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a": "' + b"x" * MAX_BYTES + b'"}',
    ],
    ids=lambda data: repr(data[:16]),
)
def test_a_damaged_file_is_kept_and_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(data)
    file = JsonFile(path)

    document, error = file.read()

    assert document == {}
    assert error is not None
    assert error.code == "Damaged"
    assert str(tmp_path / "x.json.bad") in (error.hint or "")
    assert error.__cause__ is not None
    assert (tmp_path / "x.json.bad").read_bytes() == data
    assert file.read() == ({}, None)
    file.write({"fresh": 1})
    assert json.loads(path.read_text()) == {"fresh": 1, "version": 1}


def test_every_damaged_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for content in ("one", "two", "three"):
        path.write_text(content)
        JsonFile(path).read()

    kept = {entry.name: entry.read_text() for entry in tmp_path.iterdir()}
    assert kept == {"x.json.bad": "one", "x.json.bad2": "two", "x.json.bad3": "three"}


def test_an_older_document_is_migrated_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"colour": "dark"}')

    def rename(document: Document) -> Document:
        return {"theme": document.pop("colour"), **document}

    def wrap(document: Document) -> Document:
        return {**document, "theme": [document["theme"]]}

    file = JsonFile(path, 3, {1: rename, 2: wrap})
    document, error = file.read()

    assert (document, error) == ({"theme": ["dark"], "version": 3}, None)


def test_a_document_of_a_newer_program_keeps_its_version(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"version": 7, "new": [1]}')
    file = JsonFile(path, 3, {7: lambda document: {}})

    document, error = file.read()
    file.write({**document, "ours": 1})

    assert error is None
    assert json.loads(path.read_text()) == {"version": 7, "new": [1], "ours": 1}


def test_a_file_that_cannot_be_opened_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.mkdir()  # what even root cannot open
    file = JsonFile(path)

    document, error = file.read()

    assert document == {}
    assert error is not None
    assert error.code == "Unreadable"
    with pytest.raises(SettingsError):
        file.write({"lost": 1})
    assert path.is_dir()

    path.rmdir()
    path.write_text('{"there": 1}')
    assert file.read() == ({"there": 1}, None)
    file.write({"there": 2})
    assert json.loads(path.read_text())["there"] == 2


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "x.json"
    file = JsonFile(path)
    file.write({"old": 1})
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(step, full)
    with pytest.raises(SettingsError) as caught:
        file.write({"new": 1})

    assert "No space left" in caught.value.reason
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.json"]


def test_the_bytes_are_on_the_disk_before_they_take_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(handle: int) -> None:
        steps.append("fsync")
        fsync(handle)

    def note_replace(old: Path, new: Path) -> Path:
        steps.append("replace")
        return replace(old, new)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)

    JsonFile(tmp_path / "x.json").write({})

    assert steps == ["fsync", "replace", "fsync"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    path = tmp_path / "x.json"
    path.symlink_to(tmp_path / "dotfiles" / "x.json")

    JsonFile(path).write({"a": 1})

    assert path.is_symlink()
    assert json.loads((tmp_path / "dotfiles" / "x.json").read_text())["a"] == 1
