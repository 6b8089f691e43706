import json
from pathlib import Path

import pytest

from s3browser.settings.preferences import Preferences, PreferencesStore, Theme


def test_defaults_without_a_file(tmp_path: Path) -> None:
    assert PreferencesStore(tmp_path / "p.json").load() == (Preferences(), None)


def test_every_preference_comes_back(tmp_path: Path) -> None:
    changed = Preferences(
        Theme.DARK,
        show_details=False,
        show_files_in_tree=True,
        download_folder=tmp_path,
        max_connections=3,
        upload_limit=2_500_000,
        download_limit=1000,
        keep_awake=False,
        tell_end=False,
    )
    PreferencesStore(tmp_path / "p.json").save(changed)

    assert PreferencesStore(tmp_path / "p.json").load() == (changed, None)


def test_what_a_newer_program_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"version": 9, "theme": "light", "tabs": {"open": [1, 2]}}')
    store = PreferencesStore(path)

    preferences, error = store.load()
    store.save(Preferences(theme=Theme.DARK))

    assert error is None
    assert preferences == Preferences(theme=Theme.LIGHT)
    document = json.loads(path.read_text())
    assert (document["version"], document["tabs"], document["theme"]) == (9, {"open": [1, 2]}, "dark")


def test_values_that_make_no_sense_are_named_and_the_others_kept(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(
        '{"theme": ["dark"], "show_details": "no", "show_files_in_tree": true, "download_folder": "../somewhere"}'
    )

    preferences, error = PreferencesStore(path).load()

    assert preferences == Preferences(show_files_in_tree=True)
    assert error is not None
    for name in ("theme", "show_details", "download_folder"):
        assert f"“{name}”" in error.reason
    assert "show_files_in_tree" not in error.reason


@pytest.mark.parametrize("folder", ["7", '"a\\u0000b"', '""', "[]"])
def test_a_folder_that_is_none_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "p.json").write_text(f'{{"download_folder": {folder}}}')

    preferences, error = PreferencesStore(tmp_path / "p.json").load()

    assert preferences.download_folder is None
    assert error is not None


@pytest.mark.parametrize("count", ["0", "33", "true", "2.5", '"8"', "null"])
def test_a_number_of_connections_that_is_none_is_refused(tmp_path: Path, count: str) -> None:
    (tmp_path / "p.json").write_text(f'{{"max_connections": {count}}}')

    preferences, error = PreferencesStore(tmp_path / "p.json").load()

    assert preferences.max_connections == 8
    assert error is not None
    assert "from 1 to 32" in error.reason


@pytest.mark.parametrize("limit", ["0", "999", "-1", "true", "5000.5", '"fast"'])
@pytest.mark.parametrize("which", ["upload_limit", "download_limit"])
def test_a_speed_limit_that_is_none_is_refused(tmp_path: Path, which: str, limit: str) -> None:
    (tmp_path / "p.json").write_text(f'{{"{which}": {limit}}}')

    preferences, error = PreferencesStore(tmp_path / "p.json").load()

    assert (preferences.upload_limit, preferences.download_limit) == (None, None)
    assert error is not None
    assert f"“{which}”" in error.reason


def test_no_limit_is_kept_as_none(tmp_path: Path) -> None:
    PreferencesStore(tmp_path / "p.json").save(Preferences(upload_limit=5000))
    PreferencesStore(tmp_path / "p.json").save(Preferences())

    assert PreferencesStore(tmp_path / "p.json").load() == (Preferences(), None)


def test_a_damaged_file_gives_defaults_and_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text("{oops")
    store = PreferencesStore(tmp_path / "p.json")

    preferences, error = store.load()

    assert preferences == Preferences()
    assert error is not None
    assert error.code == "Damaged"
    assert "set aside" in error.reason
    assert store.load() == (Preferences(), None)
