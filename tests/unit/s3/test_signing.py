"""Signatures are botocore's, byte for byte."""

from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import quote

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from s3browser.s3.config import SecretText
from s3browser.s3.signing import NO_BODY, UNSIGNED, Keys, Signer, query_string, quoted_key
from tests.awkward import AWKWARD_KEYS

NOW = 1_790_000_000
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=40)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
HEADER = st.from_regex(r"x-amz-meta-[a-z0-9]{1,8}", fullmatch=True)


def ours(
    method: str, path: str, query: str, headers: dict[str, str], payload: str, token: str | None, region: str
) -> dict[str, str]:
    signed = {**headers, "host": "s3.example.org:9000"}
    keys = Keys("AKIDEXAMPLE", SecretText(SECRET), SecretText(token) if token else None)
    with patch("time.time", return_value=float(NOW)):
        Signer(region).sign(keys, method, path, query, signed, payload)
    return signed


def theirs(
    method: str, path: str, query: str, headers: dict[str, str], payload: str, token: str | None, region: str
) -> str:
    url = f"http://s3.example.org:9000{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method=method, url=url, headers={**headers, "X-Amz-Content-SHA256": payload})

    class Signature(botocore.auth.S3SigV4Auth):
        def payload(self, request: AWSRequest) -> str:
            return payload

    with patch(
        "botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(NOW, UTC).replace(tzinfo=None)
    ):
        Signature(Credentials("AKIDEXAMPLE", SECRET, token), "s3", region).add_auth(request)
    return str(request.headers["Authorization"])


@pytest.mark.parametrize("name", AWKWARD_KEYS)
def test_every_awkward_key(name: str) -> None:
    path = f"/bucket/{quoted_key(AWKWARD_KEYS[name])}"
    assert ours("PUT", path, "", {}, UNSIGNED, None, "us-east-1")["authorization"] == theirs(
        "PUT", path, "", {}, UNSIGNED, None, "us-east-1"
    )


@pytest.mark.parametrize("name", AWKWARD_KEYS)
def test_a_path_is_escaped_as_s3_wants_it(name: str) -> None:
    key = AWKWARD_KEYS[name]
    assert quoted_key(key) == quote(key.encode(), safe="/-._~")
    assert quoted_key("a/../b//c+d ~") == "a/../b//c%2Bd%20~"


@given(
    key=TEXT,
    headers=st.dictionaries(HEADER, VALUE, max_size=4),
    query=st.dictionaries(TEXT, TEXT, max_size=3),
    token=st.none() | st.from_regex(r"[A-Za-z0-9+/=]{1,40}", fullmatch=True),
    region=st.sampled_from(["us-east-1", "garage"]),
    payload=st.sampled_from([UNSIGNED, NO_BODY]),
)
def test_whatever_is_signed(
    key: str, headers: dict[str, str], query: dict[str, str], token: str | None, region: str, payload: str
) -> None:
    what = ("GET", f"/{quoted_key(key)}", query_string(query), headers, payload, token, region)
    assert ours(*what)["authorization"] == theirs(*what)


def test_what_it_adds() -> None:
    headers = ours("GET", "/b/k", "", {}, NO_BODY, "tOkEn", "us-east-1")
    assert headers["x-amz-date"] == "20260921T141320Z"
    assert headers["x-amz-content-sha256"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert headers["x-amz-security-token"] == "tOkEn"
    assert "tOkEn" not in repr(headers)


def test_directory_buckets_have_another_token() -> None:
    headers = {"host": "h"}
    Signer("us-east-1", "s3express").sign(Keys("a", SecretText("b"), SecretText("t")), "GET", "/k", "", headers)
    assert headers["x-amz-s3session-token"] == "t"
    assert "/us-east-1/s3express/aws4_request" in headers["authorization"]


def test_the_next_day_and_the_next_keys() -> None:
    signer = Signer("us-east-1")
    first, second = Keys("a", SecretText("1")), Keys("a", SecretText("2"))
    seen = set()
    for now in (NOW, NOW + 86400):
        for keys in (first, second):
            headers = {"host": "h"}
            with patch("time.time", return_value=float(now)):
                signer.sign(keys, "GET", "/", "", headers)
            seen.add(headers["authorization"])
    assert len(seen) == 4


def test_keys_are_not_shown() -> None:
    assert "sEcReT" not in repr(Keys("AKID", SecretText("sEcReT"), SecretText("sEcReT-token")))
