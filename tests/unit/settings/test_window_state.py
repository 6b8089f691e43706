from pathlib import Path

import pytest

from s3browser.settings.window_state import WindowState


def test_texts_come_back(tmp_path: Path) -> None:
    WindowState(tmp_path / "state" / "w.json").save({"geometry": "AdnQywAD", "columns": ""})

    assert WindowState(tmp_path / "state" / "w.json").load() == {"geometry": "AdnQywAD", "columns": ""}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"texts": 7}', '{"texts": {"geometry": 7, "columns": "no base64!"}}']
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "w.json").write_text(content)
    state = WindowState(tmp_path / "w.json")

    assert state.load() == {}
    state.save({"geometry": "AAAA"})
    assert state.load() == {"geometry": "AAAA"}


def test_a_place_that_cannot_be_written_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    WindowState(tmp_path / "file" / "w.json").save({"geometry": "AAAA"})

    assert (tmp_path / "file").read_text() == "in the way"
