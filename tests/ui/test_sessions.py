import threading
from pathlib import Path

import pytest

from s3browser.exceptions import S3CredentialsError
from s3browser.model.connections import ConnectionProfile, Secret
from s3browser.model.store import ObjectStore
from s3browser.settings.profiles import ProfileStore
from s3browser.settings.secrets import SecretStore
from s3browser.ui.sessions import Sessions
from tests.fakestore import FakeStore

SECRET = Secret("key", "secret")


def test_one_connection_that_waits_does_not_hold_up_another(tmp_path: Path) -> None:
    waiting, go_on = threading.Event(), threading.Event()

    def connect(profile: ConnectionProfile, secret: Secret | None) -> ObjectStore:
        if profile.profile_id == "slow":
            waiting.set()
            assert go_on.wait(10)
        return FakeStore()

    sessions = Sessions(ProfileStore(tmp_path / "connections.json"), SecretStore(), connect)
    for profile_id in ("slow", "quick"):
        sessions.add_passing(ConnectionProfile(profile_id, profile_id), SECRET)
    slow = threading.Thread(target=sessions.store, args=("slow",))
    slow.start()
    assert waiting.wait(10)
    assert sessions.store("quick") is sessions.store("quick")
    go_on.set()
    slow.join(10)
    assert sessions.store("slow") is sessions.store("slow")


def test_a_removed_connection_has_no_store(tmp_path: Path) -> None:
    sessions = Sessions(ProfileStore(tmp_path / "connections.json"), SecretStore(), lambda *_: FakeStore())
    with pytest.raises(S3CredentialsError, match="removed"):
        sessions.store("gone")
