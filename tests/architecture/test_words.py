"""Every error has words for a person and a reference of its own."""

import re
from collections.abc import Iterator
from inspect import getmembers, isclass

import pytest

from s3browser import exceptions
from s3browser.exceptions import TITLES, S3IntegrationError, Words

ERRORS = sorted(
    {error for _, error in getmembers(exceptions, isclass) if issubclass(error, S3IntegrationError)},
    key=lambda error: error.__name__,
)


def every_words() -> Iterator[tuple[str, Words]]:
    """All words of all classes, each with a name to find it by."""
    for error in ERRORS:
        yield error.__name__, error.default
        yield from ((f"{error.__name__}[{code}]", words) for code, words in error.by_code.items())


def test_references_are_kebab_case_and_one_of_a_kind() -> None:
    references = [error.reference for error in ERRORS]
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+|archived|conflict", reference) for reference in references)
    assert len(set(references)) == len(references) > 12


@pytest.mark.parametrize("error", ERRORS)
def test_every_class_has_words_of_its_own(error: type[S3IntegrationError]) -> None:
    assert error.__doc__
    if error is not S3IntegrationError:
        assert "default" in vars(error)
        assert "reference" in vars(error)


@pytest.mark.parametrize(("name", "words"), list(every_words()))
def test_words_are_plain_sentences(name: str, words: Words) -> None:
    for text in filter(None, words):
        assert text[0].isupper(), name
        assert text.endswith("."), name
        assert len(text) <= 120, name
        assert "'" not in text, f"{name}: typographic apostrophes on screen"
        assert '"' not in text, f"{name}: typographic quotes on screen"
        assert not re.search(r"\b(key prefix|prefix|object|ETag|HTTP|exception|null|None)\b", text), name


@pytest.mark.parametrize("phrase", TITLES.values())
def test_titles_are_headlines(phrase: str) -> None:
    assert phrase[0].isupper()
    assert not phrase.endswith(".")
    assert phrase.count("{}") <= 1


@pytest.mark.parametrize("error", ERRORS)
def test_any_error_can_be_shown(error: type[S3IntegrationError]) -> None:
    shown = error("upload", "s3://office/2026/report.pdf", "SomeCode", 418, "id-1")
    assert shown.title == "Couldn’t upload report.pdf"
    assert shown.reason
    assert "SomeCode" in shown.details()
    assert "id-1" in str(shown)
    assert shown.title in shown.message_for_it()
