from dataclasses import fields

from s3browser.model.connections import ConnectionProfile, Secret


def test_a_secret_is_shown_nowhere() -> None:
    secret = Secret("AKIA1", "hidden1", "hidden2")
    assert "hidden" not in f"{secret} {secret!r} {[secret]}"


def test_a_profile_has_no_place_for_a_secret() -> None:
    assert not {"secret", "key", "token", "password"} & {
        word for field in fields(ConnectionProfile) for word in field.name.split("_")
    }


def test_the_host_as_a_person_names_it() -> None:
    assert ConnectionProfile("1", "n").host == "Amazon S3"
    assert ConnectionProfile("1", "n", "https://nas.local:9000").host == "nas.local:9000"
    assert ConnectionProfile("1", "n", "nas.local").host == "nas.local"
