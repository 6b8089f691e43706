from pathlib import Path

import pytest

from s3browser.model.connections import ConnectionProfile, Secret, SignIn
from s3browser.s3.connect import aws_profile_names, connect

SECRET = Secret("AKID", "secret", "token")


def test_a_saved_connection_with_keys() -> None:
    profile = ConnectionProfile("id", "name", "https://h", "r-1", "path", ca_file="/ca.pem")
    config = connect(profile, SECRET).config
    assert (config.endpoint_url, config.region, config.addressing_style) == ("https://h", "r-1", "path")
    assert (config.access_key_id, config.secret_access_key, config.session_token) == ("AKID", "secret", "token")
    assert (config.verify, config.profile, config.bucket_name) == ("/ca.pem", None, "")


@pytest.mark.parametrize(
    ("sign_in", "profile_name"), [(SignIn.AWS_PROFILE, "work"), (SignIn.ENVIRONMENT, None), (SignIn.KEYS, None)]
)
def test_keys_and_profiles_do_not_mix(sign_in: SignIn, profile_name: str | None) -> None:
    profile = ConnectionProfile("id", "name", sign_in=sign_in, aws_profile="work")
    config = connect(profile, SECRET if sign_in is not SignIn.KEYS else None).config
    assert config.profile == profile_name
    assert config.access_key_id is None
    assert config.verify is True


def test_the_profiles_of_this_computer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    assert aws_profile_names() == []
    path.write_text("[profile work]\nregion = x\n[default]\nregion = y\n")
    assert aws_profile_names() == ["default", "work"]
    path.write_text("[profile")
    assert aws_profile_names() == []
