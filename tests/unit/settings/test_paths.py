import stat
import sys
from pathlib import Path

import pytest

from s3browser.exceptions import SettingsError
from s3browser.settings.paths import Paths, make_private_folder


def test_everything_lies_below_the_variable(tmp_path: Path) -> None:
    paths = Paths.find({"S3BROWSER_HOME": str(tmp_path / "stick")})

    places = [paths.config, paths.state, paths.cache]
    assert len(set(places)) == 3
    assert all(place.is_relative_to(tmp_path / "stick") for place in places)
    assert paths.preferences_file.parent == paths.profiles_file.parent == paths.config
    assert paths.window_state_file.parent == paths.state
    assert not (tmp_path / "stick").exists()


def test_a_relative_home_does_not_move_with_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = Paths.find({"S3BROWSER_HOME": "here"})
    monkeypatch.chdir("/")

    assert paths.config == tmp_path / "here" / "config"


def test_without_the_variable_the_systems_places_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind))

    paths = Paths.find({})

    if sys.platform == "linux":
        assert paths.config == tmp_path / "CONFIG" / "s3browser"
        assert paths.state == tmp_path / "STATE" / "s3browser"
        assert paths.cache == tmp_path / "CACHE" / "s3browser"
    assert all("s3browser" in str(place) for place in (paths.config, paths.state, paths.cache))


def test_new_folders_are_for_this_person_only(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "a" / "b")

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o755)

    make_private_folder(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(SettingsError) as caught:
        make_private_folder(tmp_path / "file" / "below")

    assert caught.value.target == str(tmp_path / "file")
    assert "can’t be created" in caught.value.reason
