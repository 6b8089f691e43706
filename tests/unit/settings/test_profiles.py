import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3browser.exceptions import SettingsError
from s3browser.model.connections import ConnectionProfile, SignIn
from s3browser.settings.profiles import ProfileStore

ACME = ConnectionProfile(
    "0a" * 16,
    "Acme “Büro” 🗂",
    endpoint_url="https://s3.acme.example:9000",
    region="eu-central-1",
    addressing_style="path",
    sign_in=SignIn.AWS_PROFILE,
    aws_profile="acme",
    ca_file="/etc/acme.pem",
    buckets=("acme-marketing", "acme-finance/2026/"),
)
OTHER = ConnectionProfile("0b" * 16, "Other")


def store_of(path: Path, connections: Any) -> tuple[ProfileStore, SettingsError | None]:
    path.write_text(json.dumps({"version": 1, "connections": connections}))
    store = ProfileStore(path)
    return store, store.load()


def test_profiles_come_back_in_order_with_every_field(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "c.json")
    assert store.load() is None
    store.put(OTHER)
    store.put(ACME)

    again = ProfileStore(tmp_path / "c.json")

    assert again.load() is None
    assert again.profiles == (OTHER, ACME) == store.profiles


def test_put_replaces_in_place_and_remove_forgets(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "c.json")
    store.put(ACME)
    store.put(OTHER)
    renamed = replace(ACME, name="Acme AG", endpoint_url=None)

    store.put(renamed)
    assert store.profiles == (renamed, OTHER)

    store.remove(OTHER.profile_id)
    store.remove("not there")
    again = ProfileStore(tmp_path / "c.json")
    again.load()
    assert again.profiles == (renamed,)


def test_the_file_knows_no_field_for_a_secret(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "c.json")
    store.put(ACME)

    (entry,) = json.loads((tmp_path / "c.json").read_text())["connections"]

    assert set(entry) == {field.name for field in fields(ConnectionProfile)}
    assert not any(word in name for name in entry for word in ("secret", "token", "password", "access_key"))


def test_keys_of_a_newer_program_stay(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(
        json.dumps({"version": 3, "groups": ["a"], "connections": [{"profile_id": "1", "name": "A", "colour": "red"}]})
    )
    store = ProfileStore(path)

    assert store.load() is None
    store.put(replace(store.profiles[0], name="B"))

    document = json.loads(path.read_text())
    assert (document["version"], document["groups"]) == (3, ["a"])
    assert (document["connections"][0]["name"], document["connections"][0]["colour"]) == ("B", "red")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("profile_id", 7),
        ("profile_id", "../x"),
        ("profile_id", "a" * 65),
        ("name", ""),
        ("name", "two\nlines"),
        ("name", "half \ud800"),
        ("endpoint_url", "s3.acme.example"),
        ("endpoint_url", "file:///etc/passwd"),
        ("endpoint_url", "https://"),
        ("endpoint_url", "https://acme:99999"),
        ("endpoint_url", "https://[::1"),
        ("endpoint_url", "https://user:password@acme.example"),
        ("endpoint_url", ["https://acme.example"]),
        ("region", 1),
        ("addressing_style", "both"),
        ("addressing_style", {}),
        ("sign_in", "magic"),
        ("sign_in", []),
        ("aws_profile", False),
        ("ca_file", ""),
        ("buckets", "acme"),
        ("buckets", ["ok", 3]),
    ],
)
def test_a_field_that_makes_no_sense_is_named_and_nothing_lost(tmp_path: Path, field: str, value: Any) -> None:
    broken = {"profile_id": "1", "name": "A", field: value}

    store, error = store_of(tmp_path / "c.json", [broken, {"profile_id": "2", "name": "Good"}])

    assert error is not None
    assert f"connection 1: “{field}”" in error.reason
    assert [profile.name for profile in store.profiles] == ["Good"]
    store.put(ACME)
    connections = json.loads((tmp_path / "c.json").read_text())["connections"]
    assert connections[0] == broken
    assert len(connections) == 3


@pytest.mark.parametrize(
    ("connections", "words"),
    [
        ([7], "connection 1: it has to be an object"),
        ([{"name": "A"}], "connection 1: “profile_id” is missing"),
        ([{"profile_id": "1"}], "connection 1: “name” is missing"),
        ([{"profile_id": "1", "name": "A"}, {"profile_id": "1", "name": "B"}], "connection 2: “profile_id” is that"),
        ({"profile_id": "1"}, "“connections” has to be a list"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, connections: Any, words: str) -> None:
    store, error = store_of(tmp_path / "c.json", connections)

    assert error is not None
    assert words in error.reason
    before = json.dumps(connections)[1:-1]
    store.put(OTHER)
    assert before in json.dumps(json.loads((tmp_path / "c.json").read_text()))


def test_a_password_in_the_address_is_not_saved(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "c.json")

    with pytest.raises(SettingsError) as caught:
        store.put(replace(ACME, endpoint_url="https://user:hunter2@acme.example"))

    assert "“endpoint_url” may not hold a name or a password" in caught.value.reason
    assert "hunter2" not in str(caught.value) + caught.value.message_for_it()
    assert not (tmp_path / "c.json").exists()
    assert store.profiles == ()


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("<html>")
    store = ProfileStore(tmp_path / "c.json")

    error = store.load()

    assert error is not None
    assert error.code == "Damaged"
    assert store.profiles == ()
    assert (tmp_path / "c.json.bad").read_text() == "<html>"


def test_a_profile_that_could_not_be_written_is_not_shown_as_saved(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = ProfileStore(tmp_path / "file" / "c.json")

    with pytest.raises(SettingsError):
        store.put(ACME)

    assert store.profiles == ()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
_names = st.sampled_from([field.name for field in fields(ConnectionProfile)])


@settings(deadline=None, max_examples=60)  # each one writes to the disk
@given(connections=st.lists(st.dictionaries(_names, _json) | _json, max_size=4))
def test_no_file_crashes_the_start_or_loses_an_entry(
    tmp_path_factory: pytest.TempPathFactory, connections: list[Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"

    store, error = store_of(path, connections)
    store.put(OTHER)

    assert (error is None) == (len(store.profiles) == len(connections) + 1)
    assert json.loads(path.read_text())["connections"][: len(connections)] == connections


def test_two_programs_keep_each_others_connections(tmp_path: Path) -> None:
    one, other = ProfileStore(tmp_path / "connections.json"), ProfileStore(tmp_path / "connections.json")
    one.load()
    other.load()
    one.put(ConnectionProfile("a" * 32, "One"))
    other.put(ConnectionProfile("b" * 32, "Other"))
    one.remove("c" * 32)
    assert [profile.name for profile in one.profiles] == ["One", "Other"]
