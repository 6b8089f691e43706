import json

import pytest

from s3browser import exceptions
from s3browser.exceptions import S3AccessDeniedError, S3IntegrationError, S3UploadError
from s3browser.transfers.errortext import error_from_text, error_text

KINDS = [kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, S3IntegrationError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_comes_back_as_it_was(kind: type[S3IntegrationError]) -> None:
    error = kind("upload", "s3://b/k", "Code", 403, "id", reason="Why.", hint="What.", server_message="<text>")
    again = error_from_text(error_text(error))
    assert type(again) is kind
    assert again.details() == error.details()
    assert (again.title, again.reason, again.hint) == (error.title, "Why.", "What.")


def test_the_words_stay_those_of_then() -> None:
    error = S3UploadError("upload", "a/\udcff.txt", "Missing")
    again = error_from_text(error_text(error))
    assert (again.reason, again.hint, again.target) == (error.reason, error.hint, error.target)


def test_a_refusal_still_names_what_is_missing() -> None:
    error = S3AccessDeniedError("upload", "s3://b/k", permission="s3:PutObject", resource="arn:b")
    assert error_from_text(error_text(error)).message_for_it() == error.message_for_it()


def test_a_fault_of_ours_keeps_its_kind_only() -> None:
    text = error_text(KeyError("a secret, who knows"))
    assert "secret" not in text
    again = error_from_text(text)
    assert type(again) is S3IntegrationError
    assert again.code == "KeyError"


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "7", '"class"', "null", "{}",
        '{"class": "S3BusyError"}',
        '{"class": "NoSuchError", "operation": "upload"}',
        '{"class": "Words", "operation": "upload"}',
        '{"class": "Cancelled", "operation": "upload"}',
        '{"class": "Any", "operation": "upload"}',
        '{"class": "S3BusyError", "operation": "upload", "unknown": 1}',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_an_error_without_details(text: str) -> None:
    error = error_from_text(text)
    assert type(error) is S3IntegrationError
    assert (error.operation, error.code) == ("transfer", None)


def test_it_is_json_of_plain_letters() -> None:
    assert json.loads(error_text(S3UploadError("upload", "ü", "Missing")))["target"] == "ü"
    assert error_text(S3UploadError("upload", "ü\udcff", "Missing")).isascii()
