"""Secrets in a real keyring: gnome-keyring, in a D-Bus session and a home folder of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.servers.process import program

SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY-plain-as-day"
PASSWORD = "the keyring's own"
SETUP = "apt-get install dbus gnome-keyring"

START = """
import os
from s3browser.exceptions import SettingsError
from s3browser.model.connections import ConnectionProfile, Secret
from s3browser.settings.secrets import SecretStore

store = SecretStore()
keys = Secret("AKIAEXAMPLE", os.environ["TEST_SECRET_KEY"])

def outcome(call):
    try:
        return call()
    except SettingsError as error:
        return error.code
"""


class Desktop:
    """A person's home, and D-Bus sessions in it. No display: nobody answers a prompt."""

    def __init__(self, home: Path) -> None:
        self.home = home
        runtime = home / "run"
        runtime.mkdir(mode=0o700)
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(runtime),
            "S3BROWSER_HOME": str(home / "s3browser"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TEST_SECRET_KEY": SECRET_KEY,
        }

    def without_a_bus(self, script: str) -> str:
        """What the script prints where there is no D-Bus."""
        return self._run([sys.executable, "-c", START + script])

    def with_a_bus(self, *scripts: str) -> list[str]:
        """What each script, in a process of its own, prints in a session whose keyring nobody opened."""
        return self._session("", scripts)

    def unlocked(self, *scripts: str) -> list[str]:
        """The same in a session whose keyring the log-in opened."""
        opened = 'printf %s "$TEST_PASSWORD" | gnome-keyring-daemon --unlock --components=secrets >&2; '
        return self._session(opened, scripts, {"TEST_PASSWORD": PASSWORD})

    def files(self) -> Iterator[Path]:
        """Every file below the home folder."""
        return (path for path in self.home.rglob("*") if path.is_file())

    def _session(self, before: str, scripts: tuple[str, ...], environ: Mapping[str, str] | None = None) -> list[str]:
        program("gnome-keyring-daemon", SETUP)
        each = 'for script in "$@"; do "$0" -c "$script" || exit; echo "--"; done'
        bodies = [START + script for script in scripts]
        command = [program("dbus-run-session", SETUP), "--", "sh", "-c", before + each, sys.executable, *bodies]
        return [part.strip() for part in self._run(command, environ).split("--\n")[:-1]]

    def _run(self, command: list[str], environ: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            command, env={**self._environ, **(environ or {})}, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        assert SECRET_KEY not in done.stdout + done.stderr
        return done.stdout.strip() if command[0] == sys.executable else done.stdout


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    home = tmp_path / "h"  # short: a socket's path may have 108 bytes
    home.mkdir()
    return Desktop(home)


def test_a_secret_survives_the_program_and_the_session_and_is_deleted(desktop: Desktop) -> None:
    stored, read = desktop.unlocked("print(store.set('one', keys))", "print(store.get('one') == keys)")
    assert (stored, read) == ("True", "True")

    later = desktop.unlocked(
        "print(store.get('one') == keys, store.get('two'))",
        "store.set('one', Secret('AKIANEW', keys.secret_access_key)); print(store.get('one').access_key_id)",
        "store.delete('one'); store.delete('never there'); print(store.get('one'))",
        "print(store.get('one'))",
    )
    assert later == ["True None", "AKIANEW", "None", "None"]


def test_no_file_holds_a_secret_in_plain_text(desktop: Desktop) -> None:
    (done,) = desktop.unlocked(
        """
from s3browser.settings.paths import Paths
from s3browser.settings.preferences import Preferences, PreferencesStore
from s3browser.settings.profiles import ProfileStore
from s3browser.settings.window_state import WindowState

paths = Paths.find()
ProfileStore(paths.profiles_file).put(ConnectionProfile("one", "Acme", endpoint_url="https://acme.example"))
PreferencesStore(paths.preferences_file).save(Preferences())
WindowState(paths.window_state_file).save({"geometry": "AAAA"})
store.set("one", keys)
store.set("two", Secret("ASIA", keys.secret_access_key, session_token="token" + keys.secret_access_key))
store.keep_for_session("three", keys)
print("done")
"""
    )

    assert done == "done"
    found = {path.name: path.read_bytes() for path in desktop.files()}
    assert {"connections.json", "preferences.json", "window.json"} <= found.keys()
    assert any(name.endswith(".keyring") for name in found), "the keyring has a file of its own"
    assert [name for name, data in found.items() if SECRET_KEY.encode() in data] == []


def test_a_locked_keyring_says_so_and_the_session_goes_on(desktop: Desktop) -> None:
    _, locked = desktop.unlocked(
        "store.set('one', keys)",
        """
import secretstorage
from contextlib import closing
with closing(secretstorage.dbus_init()) as bus:
    secretstorage.get_default_collection(bus).lock()
print(*[outcome(call) for call in (
    lambda: store.get('one'), lambda: store.set('one', keys), lambda: store.delete('one')
)])
store.keep_for_session('one', keys)
print(store.get('one') == keys)
""",
    )

    assert locked.split() == ["KeyringLocked", "KeyringLocked", "KeyringLocked", "True"]


def test_a_keyring_that_nobody_set_up_is_none(desktop: Desktop) -> None:
    (said,) = desktop.with_a_bus("print(outcome(lambda: store.set('one', keys)), outcome(lambda: store.get('one')))")

    assert said.split() == ["NoKeyring", "NoKeyring"]
    assert all(SECRET_KEY.encode() not in path.read_bytes() for path in desktop.files())


def test_without_a_bus_there_is_no_keyring_and_the_session_goes_on(desktop: Desktop) -> None:
    said = desktop.without_a_bus(
        """
print(outcome(lambda: store.set('one', keys)), outcome(lambda: store.get('one')))
store.keep_for_session('one', keys)
print(store.get('one') == keys)
store.delete('one')
print(outcome(lambda: store.get('one')))
"""
    )

    assert said.split() == ["NoKeyring", "NoKeyring", "True", "NoKeyring"]
    assert list(desktop.files()) == []


def test_a_plain_text_back_end_is_refused_even_beside_a_real_keyring(desktop: Desktop) -> None:
    plain = desktop.home / "plain.py"
    plain.write_text(
        "import keyring.backend, os, pathlib\n"
        "class Keyring(keyring.backend.KeyringBackend):\n"
        "    priority = 99\n"
        "    def get_password(self, service, user): return None\n"
        "    def set_password(self, service, user, password):\n"
        "        pathlib.Path(os.environ['HOME'], 'plain.txt').write_text(password)\n"
        "    def delete_password(self, service, user): pass\n"
    )
    visible = "import sys; sys.path.insert(0, os.environ['HOME']); "
    choose = "os.environ['PYTHON_KEYRING_BACKEND'] = 'plain.Keyring'; "

    chosen, imported = desktop.unlocked(
        f"{visible}{choose}print(outcome(lambda: store.set('one', keys)))",
        f"{visible}import plain; print(outcome(lambda: store.set('one', keys)), store.get('one') == keys)",
    )

    assert chosen == "NoKeyring"
    assert imported == "True True"
    assert not (desktop.home / "plain.txt").exists()
