import pickle
import re
from collections.abc import Iterator

import pytest

from s3browser import exceptions
from s3browser.exceptions import (
    TITLES,
    Cancelled,
    S3AccessDeniedError,
    S3BusyError,
    S3CertificateError,
    S3ConnectionError,
    S3DownloadError,
    S3FileNotFoundError,
    S3IntegrationError,
    S3UploadError,
    Words,
    short_name,
)

# class, reference, retryable, the sentence of the class itself; a change of any is a change of the contract
TABLE = """
DocumentError           document-unreadable      no   The file is damaged or not what its name says.
S3AccessDeniedError     access-denied            no   You are signed in, but you are not allowed to do this.
S3ArchivedError         archived                 no   It is in an archive and has to be brought back first, which can take hours.
S3BucketError           bucket-unusable          no   This bucket can’t be used.
S3BusyError             server-busy              yes  The server is busy or has a problem right now.
S3CertificateError      certificate-not-trusted  no   The server’s identity could not be verified, so nothing was sent.
S3ConflictError         conflict                 no   Somebody else changed it in the meantime.
S3ConnectionError       no-connection            yes  The connection to the server was lost.
S3CredentialsError      sign-in-failed           no   The server did not accept these sign-in details.
S3DownloadError         download-failed          no   The file could not be written on this computer.
S3FileNotFoundError     file-not-found           no   It is no longer there. Somebody may have moved or deleted it.
S3IntegrationError      s3-error                 no   The server answered with an error.
S3IntegrityError        damaged-in-transit       yes  The file was damaged on the way, so it was not kept.
S3UnsupportedError      not-supported            no   This server does not offer that.
S3UploadError           upload-failed            no   The file on this computer could not be read.
SettingsError           settings-unusable        no   The settings could not be read or saved.
"""  # noqa: E501 (a table)


def tree(root: type[S3IntegrationError] = S3IntegrationError) -> Iterator[type[S3IntegrationError]]:
    """The root and every class below it that lives in the module."""
    yield root
    for below in root.__subclasses__():
        if below.__module__ == exceptions.__name__:
            yield from tree(below)


CLASSES = sorted(set(tree()), key=lambda each: each.__name__)
WORDS = [(each, code, words) for each in CLASSES for code, words in [("", each.default), *each.by_code.items()]]


def test_every_class_says_what_it_said() -> None:
    found = [
        f"{each.__name__:<23} {each.reference:<24} {'yes' if each.retryable else 'no':<4} {each.default.reason}"
        for each in CLASSES
    ]
    assert found == TABLE.strip().splitlines()


@pytest.mark.parametrize(("error", "code", "words"), WORDS)
def test_words_are_for_a_person(error: type[S3IntegrationError], code: str, words: Words) -> None:
    made = error("upload", "s3://bucket/report.pdf", code)
    assert (made.reason, made.hint) == words
    for sentence in filter(None, words):
        assert re.fullmatch(r"[A-Z].*\.", sentence), "a whole sentence"
        assert not re.search(r"['\"]|\b(key prefix|object|exception|null|HTTP|ETag)\b", sentence)
        assert len(sentence) < 120


def test_references_are_unique_and_kebab_case() -> None:
    references = [each.reference for each in CLASSES]
    assert len(set(references)) == len(references)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", reference) for reference in references)


@pytest.mark.parametrize(
    ("operation", "target", "title"),
    [
        ("upload", "/home/me/report.pdf", "Couldn’t upload report.pdf"),
        ("upload", "C:\\Users\\me\\report.pdf", "Couldn’t upload report.pdf"),
        ("download", "s3://bucket/a/b.txt", "Couldn’t download b.txt"),
        ("list", "s3://bucket/folder/", "Couldn’t open folder"),
        ("list", "s3://bucket/", "Couldn’t open bucket"),
        ("connect", "https://nas.local:9000/", "Couldn’t connect to https://nas.local:9000/"),
        ("list_buckets", "", "Couldn’t list the buckets"),
        ("download", "", "Couldn’t download"),
        ("paint", "x", "Couldn’t finish “paint” on x"),
        ("paint", "", "Couldn’t finish “paint”"),
        ("upload", "{}", "Couldn’t upload {}"),
    ],
)
def test_titles(operation: str, target: str, title: str) -> None:
    assert S3IntegrationError(operation, target).title == title


def test_every_operation_has_a_title_without_a_full_stop() -> None:
    for operation in TITLES:
        assert re.fullmatch(r"(Couldn’t|The) .*[^.]", S3IntegrationError(operation, "s3://b/x").title)


def test_short_names() -> None:
    assert [short_name(text) for text in ("a/b", "a/b/", "/", "", "s3://b", "s3://", "http://h/x")] == [
        "b",
        "b",
        "/",
        "",
        "b",
        "s3://",
        "http://h/x",
    ]


def test_the_facts_for_an_administrator() -> None:
    error = S3BusyError(
        "upload", "s3://b/x", "SlowDown", 503, "req-1", server_message="Reduce your request rate", retry_after_s=2.0
    )
    assert error.details() == (
        "Error: server-busy\nOperation: upload\nTarget: s3://b/x\nCode: SlowDown\nHTTP status: 503\n"
        "Request id: req-1\nServer’s message: Reduce your request rate"
    )
    assert error.retry_after_s == 2.0
    assert str(error) == ("Couldn’t upload x: The server is busy or has a problem right now. [SlowDown, 503, req-1]")
    assert error.message_for_it() == (
        "Couldn’t upload x\nThe server is busy or has a problem right now.\nWait a moment, then try again.\n\n"
        + error.details()
    )


def test_what_is_not_known_is_left_out() -> None:
    error = S3FileNotFoundError("download")
    assert error.details() == "Error: file-not-found\nOperation: download"
    assert str(error) == "Couldn’t download: It is no longer there. Somebody may have moved or deleted it."
    assert "\nSomething" in S3UploadError("upload", "x", reason="Something", hint=None).message_for_it()


def test_the_caller_may_know_better() -> None:
    error = S3DownloadError("download", "x", "DiskFull", reason="Only 3 MB are free.")
    assert (error.reason, error.hint) == ("Only 3 MB are free.", None), "the class's hint may not fit"
    error = S3DownloadError("download", "x", reason="No.", hint="Do this.")
    assert (error.reason, error.hint) == ("No.", "Do this.")
    assert S3DownloadError("download", "x", "DiskFull", hint="Use a stick.").reason.startswith("There is not enough")
    assert S3DownloadError("download", "x", "NoSuchCode").reason == S3DownloadError.default.reason


def test_a_missing_permission_is_a_request_to_copy() -> None:
    error = S3AccessDeniedError(
        "upload", "s3://b/x", "AccessDenied", 403, permission="s3:PutObject", resource="arn:aws:s3:::b/x"
    )
    assert error.details().startswith("Missing permission: s3:PutObject on arn:aws:s3:::b/x\nError: access-denied")
    assert error.message_for_it().startswith("Please allow s3:PutObject on arn:aws:s3:::b/x.\n\nCouldn’t upload x\n")


def test_a_refusal_without_a_known_permission_is_like_any_other() -> None:
    error = S3AccessDeniedError("list", "s3://b/")
    assert error.details() == "Error: access-denied\nOperation: list\nTarget: s3://b/"
    assert error.message_for_it().startswith("Couldn’t open b\nYou are signed in")


def test_a_certificate_problem_is_a_connection_problem_that_does_not_pass() -> None:
    assert issubclass(S3CertificateError, S3ConnectionError)
    assert not S3CertificateError("connect").retryable


def test_a_cancel_is_no_error() -> None:
    assert not issubclass(Cancelled, S3IntegrationError)


def test_errors_travel_between_processes() -> None:
    error = pickle.loads(pickle.dumps(S3UploadError("upload", "x", "Missing", 1, "r")))
    assert (error.code, error.reason) == ("Missing", "The file is no longer on this computer.")
