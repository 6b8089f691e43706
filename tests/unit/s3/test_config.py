import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from s3browser import S3BucketError, S3Config, S3CredentialsError
from s3browser.model.locations import bucket_problem
from s3browser.s3.config import endpoint_problem

GOOD = S3Config("my-bucket", access_key_id="AKID", secret_access_key="secret")


def test_bucket_is_the_first_field() -> None:
    assert S3Config("b-1").bucket_name == "b-1"


def test_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        GOOD.bucket_name = "other"  # type: ignore[misc]


def test_every_variable_is_read() -> None:
    config = S3Config.from_env(
        {
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token",
            "AWS_REGION": "eu-west-1",
            "AWS_PROFILE": "work",
            "AWS_ENDPOINT_URL_S3": "https://s3.example.org",
            "S3_BUCKET": "my-bucket",
        }
    )
    assert config == S3Config(
        "my-bucket", "eu-west-1", "AKID", "secret", "token", "work", endpoint_url="https://s3.example.org"
    )


@pytest.mark.parametrize(
    ("environ", "field", "value"),
    [
        ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, "region", "a"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "b"}, "region", "b"),
        ({"AWS_ENDPOINT_URL_S3": "http://a", "AWS_ENDPOINT_URL": "http://b"}, "endpoint_url", "http://a"),
        ({"AWS_ENDPOINT_URL": "http://b"}, "endpoint_url", "http://b"),
        ({"AWS_SESSION_TOKEN": ""}, "session_token", None),
        ({}, "bucket_name", ""),
    ],
)
def test_which_variable_wins(environ: dict[str, str], field: str, value: str | None) -> None:
    assert getattr(S3Config.from_env(environ), field) == value


def test_the_environment_is_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_BUCKET", "from-env")
    assert S3Config.from_env().bucket_name == "from-env"


def test_reads_toml(tmp_path: Path) -> None:
    path = tmp_path / "s3.toml"
    path.write_text('bucket_name = "b-1"\nverify = "ca.pem"\nread_timeout_s = 5\nmax_attempts = 2\n', "utf-8")
    assert S3Config.from_file(path) == S3Config("b-1", verify="ca.pem", read_timeout_s=5, max_attempts=2)


def test_reads_json_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "s3.JSON"
    path.write_text('{"bucket_name": "b-1", "region": null, "verify": false}', "utf-8-sig")
    assert S3Config.from_file(str(path)) == S3Config("b-1", verify=False)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.toml", 'bucket_nam = "b"', ["“bucket_nam”", "did you mean “bucket_name”?"]),
        ("a.toml", "zzzzzz = 1", ["“zzzzzz” is not a known setting."]),
        ("a.toml", "max_attempts = true\nregion = 5", ["“max_attempts” has to be a whole number", "“region”", "text"]),
        (
            "a.json",
            '{"max_attempts": 1.5, "verify": 1}',
            ["a whole number", "“verify” has to be true or false or text"],
        ),
        ("a.json", '{"read_timeout_s": "5"}', ["“read_timeout_s” has to be a number."]),
        ("a.json", '{"bucket_name": null}', ["“bucket_name” has to be text."]),
        ("a.toml", "bucket_name = ", ["not valid TOML"]),
        ("a.json", '{\n"bucket_name": }', ["not valid JSON (line 2)"]),
        ("a.json", "[" * 100_000, ["not valid JSON"]),
        ("a.json", "[]", ["names with their values"]),
        ("a.ini", "x", ["has to end in .toml or .json"]),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, name: str, text: str, words: list[str]) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    with pytest.raises(S3CredentialsError) as caught:
        S3Config.from_file(path)
    for word in words:
        assert word in caught.value.reason


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(S3CredentialsError, match="not valid TOML"):
        S3Config.from_file(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(S3CredentialsError, match="There is no file") as caught:
        S3Config.from_file(tmp_path / "none.toml")
    assert caught.value.title == "Couldn’t read none.toml"


def test_a_folder_for_a_file(tmp_path: Path) -> None:
    path = tmp_path / "folder.toml"
    path.mkdir()
    with pytest.raises(S3CredentialsError, match="can’t be opened"):
        S3Config.from_file(path)


def test_a_damaged_file_does_not_tell_its_secret(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"secret_access_key": "topsecret", }', "utf-8")
    with pytest.raises(S3CredentialsError) as caught:
        S3Config.from_file(path)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"max_attempts": "3"}, ["“max_attempts” has to be a whole number"]),
        ({"max_attempts": True}, ["“max_attempts” has to be a whole number"]),
        ({"read_timeout_s": None, "region": 5}, ["“read_timeout_s” has to be a number", "“region” has to be text"]),
        ({"endpoint_url": b"http://h", "bucket_name": None}, ["“endpoint_url” has to be text", "No bucket is given"]),
    ],
)
def test_values_of_the_wrong_kind_are_named(values: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(S3CredentialsError) as caught:
        S3Config(**{"bucket_name": "bucket", **values}).validate()
    for word in words:
        assert word in caught.value.reason


def test_valid_settings_pass() -> None:
    GOOD.validate()
    dataclasses.replace(GOOD, region="eu-central-1", session_token="t", endpoint_url="http://[::1]:9000").validate()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"access_key_id": None}, "secret key is given without the access key"),
        ({"secret_access_key": None}, "access key is given without the secret key"),
        ({"access_key_id": None, "secret_access_key": None, "session_token": "t"}, "token is given without both keys"),
        ({"access_key_id": ""}, "The access key is empty."),
        ({"secret_access_key": "secret\n"}, "The secret key holds a blank"),
        ({"session_token": "tökén"}, "The session token holds"),
        ({"region": "eu west"}, "not the name of a region"),
        ({"region": "123"}, "not the name of a region"),
        ({"profile": "  "}, "name of the profile is empty"),
        ({"endpoint_url": "s3.example.org"}, "https://"),
        ({"addressing_style": "dns"}, "“dns”"),
        ({"verify": "/no/such.pem"}, "no certificate file “/no/such.pem”"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"connect_timeout_s": 0}, "connect_timeout_s"),
        ({"read_timeout_s": float("nan")}, "read_timeout_s"),
        ({"max_backoff_s": -1}, "max_backoff_s"),
    ],
)
def test_each_problem_is_named(change: dict[str, Any], word: str) -> None:
    with pytest.raises(S3CredentialsError) as caught:
        dataclasses.replace(GOOD, **change).validate()
    assert word in caught.value.reason


def test_every_problem_is_named_at_once() -> None:
    wrong = S3Config("No_Bucket", region="-", access_key_id="AKID", endpoint_url="ftp://x", max_attempts=0)
    with pytest.raises(S3CredentialsError) as caught:
        wrong.validate()
    for word in ("small letters", "region", "without the secret key", "https://", "max_attempts"):
        assert word in caught.value.reason


@pytest.mark.parametrize(("bucket", "word"), [("", "No bucket is given"), ("UPPER", "small letters")])
def test_only_the_bucket_is_wrong(bucket: str, word: str) -> None:
    wrong = dataclasses.replace(GOOD, bucket_name=bucket)
    with pytest.raises(S3BucketError, match=word):
        wrong.validate()
    wrong.validate_connection()


def test_the_connection_alone_is_validated() -> None:
    with pytest.raises(S3CredentialsError, match="max_attempts"):
        S3Config(max_attempts=0).validate_connection()


@pytest.mark.parametrize(
    "url",
    ["", "example.org", "https://", "http://a b", "http://h:x", "http://h:0", "http://h:99999", "http://[", "https://h/?a",
     "https://h#f", "https://h\n", "http://a_b:9000", "http://a..b", "https://bücher.example", "https://-a.example",
     "https://" + "a" * 64, "https://" + ".".join(["a" * 60] * 6)],
)  # fmt: skip
def test_addresses_that_cannot_be(url: str) -> None:
    assert endpoint_problem(url) is not None


def test_an_address_with_a_password_does_not_show_it() -> None:
    problem = endpoint_problem("https://me:hunter2@h")
    assert problem is not None
    assert "hunter2" not in problem
    with pytest.raises(S3CredentialsError) as caught:
        S3Config(endpoint_url="https://me:hunter2@h").validate_connection()
    assert "hunter2" not in repr(caught.value) + caught.value.message_for_it()


@pytest.mark.parametrize(
    "url",
    ["http://localhost:9000", "https://s3.example.org/path", "http://127.0.0.1", "http://[::1]:9000", "https://h.example.",
     "https://xn--bcher-kva.example"],
)  # fmt: skip
def test_addresses_that_can_be(url: str) -> None:
    assert endpoint_problem(url) is None


@pytest.mark.parametrize("name", ["abc", "a.b-c.d", "0" * 63, "1.2.3", "1a.2.3.4"])
def test_names_a_bucket_may_have(name: str) -> None:
    assert bucket_problem(name) is None


@pytest.mark.parametrize(
    "name",
    ["", "ab", "a" * 64, "Abc", "a_b", "-ab", "ab-", ".ab", "ab.", "a..b", "192.168.5.4", "xn--abc", "sthree-abc",
     "amzn-s3-demo-abc", "abc-s3alias", "abc--ol-s3", "abc.mrap", "abc--x-s3", "abc--table-s3", "bücher", "a/b",
     "abc\n"],
)  # fmt: skip
def test_names_a_bucket_may_not_have(name: str) -> None:
    assert bucket_problem(name) is not None


def test_secrets_are_shown_nowhere() -> None:
    config = S3Config("b-1", access_key_id="AKID", secret_access_key="topsecret", session_token="toptoken")
    shown = [repr(config), str(config), f"{config!r}", repr(dataclasses.asdict(config)), repr(vars(config)),
             repr(dataclasses.replace(config, region="x")), repr(pickle.loads(pickle.dumps(config))),
             repr([config.secret_access_key])]  # fmt: skip
    for text in shown:
        assert "topsecret" not in text
        assert "toptoken" not in text
        assert "***" in text


def test_a_secret_is_still_a_string() -> None:
    secret = S3Config(secret_access_key="topsecret").secret_access_key
    assert secret == "topsecret"
    assert json.dumps(secret) == '"topsecret"'
    assert S3Config().secret_access_key is None
