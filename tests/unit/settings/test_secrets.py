import subprocess
import sys
import traceback
from pathlib import Path

import keyring.core
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import InitError, KeyringLocked, NoKeyringError, PasswordDeleteError

from s3browser.exceptions import SettingsError
from s3browser.model.connections import Secret
from s3browser.settings import secrets
from s3browser.settings.secrets import SecretStore, system_keyring

KEYS = Secret("AKIAEXAMPLE", "hunter2-hunter2")
TEMPORARY = Secret("ASIAEXAMPLE", "hunter3", session_token="t" * 3000)


class MemoryKeyring(KeyringBackend):
    """Keeps entries in a dict, and raises ``trouble`` instead where it is set."""

    priority = 0.1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}
        self.trouble: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        self._stumble()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._stumble()
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._stumble()
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError("No such password!")

    def _stumble(self) -> None:
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture
def memory() -> MemoryKeyring:
    return MemoryKeyring()


@pytest.fixture
def store(memory: MemoryKeyring) -> SecretStore:
    return SecretStore(lambda: memory)


def test_a_secret_is_kept_read_replaced_and_deleted(store: SecretStore, memory: MemoryKeyring) -> None:
    assert store.get("one") is None
    assert store.set("one", KEYS) is True
    assert store.set("two", Secret("AKIATWO", "second")) is True
    assert store.set("one", Secret("AKIANEW", "newer")) is True

    again = SecretStore(lambda: memory)
    assert again.get("one") == Secret("AKIANEW", "newer")
    again.delete("one")
    assert store.get("one") is None
    assert store.get("two") == Secret("AKIATWO", "second")


def test_each_connection_is_a_service_with_the_same_user(store: SecretStore, memory: MemoryKeyring) -> None:
    store.set("one", KEYS)
    store.set("one", Secret("AKIAOTHER", "x"))
    store.set("two", KEYS)

    assert [service for service, _ in memory.entries] == ["s3browser:one", "s3browser:two"]
    assert len({user for _, user in memory.entries}) == 1


def test_deleting_what_is_not_there_is_no_error(store: SecretStore) -> None:
    store.delete("never")


def test_temporary_keys_stay_in_memory_and_replace_the_older_ones(store: SecretStore, memory: MemoryKeyring) -> None:
    store.set("one", KEYS)

    assert store.set("one", TEMPORARY) is False

    assert store.get("one") == TEMPORARY
    assert memory.entries == {}
    assert SecretStore(lambda: memory).get("one") is None


def test_keys_for_the_session_are_preferred_until_others_are_kept(store: SecretStore, memory: MemoryKeyring) -> None:
    store.set("one", KEYS)
    store.keep_for_session("one", TEMPORARY)
    assert store.get("one") == TEMPORARY
    assert SecretStore(lambda: memory).get("one") == KEYS

    store.set("one", Secret("AKIANEW", "newer"))
    assert store.get("one") == Secret("AKIANEW", "newer")

    store.keep_for_session("one", TEMPORARY)
    store.delete("one")
    assert store.get("one") is None


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (KeyringLocked("dismissed"), "KeyringLocked"),
        (NoKeyringError("none"), "NoKeyring"),
        (InitError("Failed to create the collection: Prompt dismissed.."), "NoKeyring"),
        (OSError("the bus went away"), "KeyringFailed"),
    ],
)
def test_each_trouble_has_its_code(store: SecretStore, memory: MemoryKeyring, trouble: Exception, code: str) -> None:
    memory.trouble = trouble

    for call in (lambda: store.get("one"), lambda: store.set("one", KEYS)):
        with pytest.raises(SettingsError) as caught:
            call()
        assert caught.value.code == code
        assert caught.value.hint
        assert caught.value.__cause__ is trouble
    if code != "NoKeyring":
        with pytest.raises(SettingsError):
            store.delete("one")


def test_what_could_not_be_kept_is_not_there(store: SecretStore, memory: MemoryKeyring) -> None:
    memory.trouble = KeyringLocked()
    with pytest.raises(SettingsError):
        store.set("one", KEYS)
    memory.trouble = None

    assert store.get("one") is None


def test_without_a_keyring_a_connection_can_still_be_removed(store: SecretStore, memory: MemoryKeyring) -> None:
    memory.trouble = NoKeyringError()
    store.keep_for_session("one", KEYS)

    store.delete("one")
    assert store.set("two", TEMPORARY) is False

    memory.trouble = None
    assert store.get("one") is None


@pytest.mark.parametrize(
    "entry", ["", "{", "7", "[]", '["AKIA", "hunter2"]', '{"access_key_id": "hunter2"}', "[" * 100_000]
)
def test_an_entry_that_is_not_ours_is_told_without_showing_it(
    store: SecretStore, memory: MemoryKeyring, entry: str
) -> None:
    store.set("one", KEYS)
    (place,) = memory.entries
    memory.entries[place] = entry

    with pytest.raises(SettingsError) as caught:
        store.get("one")

    assert caught.value.code == "SecretDamaged"
    told = "".join(traceback.format_exception(caught.value)) + caught.value.message_for_it()
    assert "hunter2" not in told
    assert caught.value.__cause__ is caught.value.__context__ is None
    store.set("one", KEYS)
    assert store.get("one") == KEYS


def test_the_limit_of_windows_holds_everywhere(store: SecretStore, memory: MemoryKeyring) -> None:
    frame = len('{"access_key_id": "AK", "secret_access_key": ""}')
    longest = Secret("AK", "x" * (1280 - frame))

    store.set("one", longest)
    assert store.get("one") == longest
    with pytest.raises(SettingsError) as caught:
        store.set("one", Secret("AK", longest.secret_access_key + "x"))

    assert caught.value.code == "SecretTooLong"
    assert store.get("one") == longest


def test_keys_beyond_ascii_come_back_and_count_as_windows_does(store: SecretStore, memory: MemoryKeyring) -> None:
    store.set("one", Secret("ключ", "🔑"))

    assert store.get("one") == Secret("ключ", "🔑")
    assert all(entry.isascii() for entry in memory.entries.values())


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setattr(keyring.core, "load_config", lambda: None)
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    "name",
    [
        "keyring.backends.null.Keyring",
        "keyring.backends.fail.Keyring",
        f"{MemoryKeyring.__module__}.MemoryKeyring",
        "no.such.module.Keyring",
        "keyring.backends.null.NoSuchClass",
        "",
    ],
)
def test_a_back_end_that_is_not_known_to_encrypt_is_refused(chosen: pytest.MonkeyPatch, name: str) -> None:
    chosen.setenv("PYTHON_KEYRING_BACKEND", name)

    with pytest.raises(SettingsError) as caught:
        system_keyring()

    assert caught.value.code == "NoKeyring"


@pytest.mark.parametrize("kind", [null.Keyring, fail.Keyring, MemoryKeyring])
def test_one_chosen_in_keyrings_own_file_is_refused_too(chosen: pytest.MonkeyPatch, kind: type[KeyringBackend]) -> None:
    chosen.setattr(keyring.core, "load_config", kind)

    with pytest.raises(SettingsError):
        system_keyring()


def back_end(name: str, **attributes: object) -> KeyringBackend:
    """A back end of that name, as it cannot be had on this computer."""
    module, _, kind = name.rpartition(".")
    made: type[KeyringBackend] = type(kind, (MemoryKeyring,), {"__module__": module, **attributes})
    return made()


def test_plug_ins_are_passed_over_for_the_systems_keyring(chosen: pytest.MonkeyPatch) -> None:
    system = back_end("keyring.backends.SecretService.Keyring", priority=5)
    plain = back_end("keyrings.alt.file.PlaintextKeyring", priority=100)
    chosen.setattr("keyring.backend.get_all_keyring", lambda: [plain, system])

    assert system_keyring() is system


def test_of_several_system_keyrings_the_desktops_own_is_used_not_a_chain(chosen: pytest.MonkeyPatch) -> None:
    wallet = back_end("keyring.backends.kwallet.DBusKeyring", priority=5.1)
    system = back_end("keyring.backends.SecretService.Keyring", priority=5)
    chain = chainer.ChainerBackend()  # type: ignore[no-untyped-call]
    chosen.setattr("keyring.backend.get_all_keyring", lambda: [system, wallet, chain])

    assert system_keyring() is wallet


def test_a_chain_of_nothing_takes_no_secret(chosen: pytest.MonkeyPatch) -> None:
    chain, failing = chainer.ChainerBackend(), fail.Keyring()  # type: ignore[no-untyped-call]
    chosen.setattr("keyring.backend.get_all_keyring", lambda: [chain, failing])

    with pytest.raises(SettingsError) as caught:
        SecretStore().set("one", KEYS)

    assert (caught.value.operation, caught.value.code) == ("save_secret", "NoKeyring")  # by both the window decides


def test_on_windows_secrets_do_not_travel_with_a_roaming_profile(chosen: pytest.MonkeyPatch) -> None:
    vault = back_end("keyring.backends.Windows.WinVaultKeyring", persist="enterprise")
    chosen.setattr("keyring.backend.get_all_keyring", lambda: [vault])

    assert system_keyring().persist == "local machine"  # type: ignore[attr-defined]


def test_no_keyring_library_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    script = "import sys, s3browser.settings.secrets as s; s.SecretStore(); print('keyring' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)

    assert done.stdout.strip() == "False"


def test_every_allowed_back_end_is_one_keyring_has() -> None:
    # A name with a typing mistake would refuse a whole system; Windows and macOS cannot be imported here.
    sources = {
        f"keyring.backends.{path.parent.name if path.stem == '__init__' else path.stem}": path.read_text()
        for path in Path(null.__file__).parent.rglob("*.py")
    }
    for name in secrets._ALLOWED:
        module, _, kind = name.rpartition(".")
        assert f"class {kind}(" in sources[module]
