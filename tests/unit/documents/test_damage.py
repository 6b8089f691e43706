"""Sound documents, cut short or with bytes changed: a document or a DocumentError, whatever the parser thinks of it."""

import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3browser.documents import ReaderProcess, wire
from s3browser.documents.document import Document
from s3browser.documents.worker import answer
from s3browser.exceptions import DocumentError
from tests.unit.documents.samples import EVERY_KIND

PATIENT = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
damage = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=8)), max_size=4)


def outcome_of(content: bytes, name: str, folder: Path) -> Document | DocumentError:
    path = folder / "damaged"
    path.write_bytes(content)
    reply = wire.receive(io.BytesIO(answer(path, name)))
    assert reply is not None
    try:
        return wire.decode(reply, name)
    except DocumentError as error:
        return error


@pytest.mark.filterwarnings("ignore")  # parsers warn of what is damaged; the worker says it nowhere
@pytest.mark.parametrize("name", sorted(set(EVERY_KIND) - {"a.pdf"}))  # PDFium may take the process with it: below
@PATIENT
@given(cut=st.floats(0, 1), changes=damage)
def test_damage_is_read_or_refused(name: str, cut: float, changes: list[tuple[float, bytes]], tmp_path: Path) -> None:
    content = bytearray(EVERY_KIND[name])
    for place, patch in changes:
        start = int(place * len(content))
        content[start : start + len(patch)] = patch
    outcome = outcome_of(bytes(content[: round(cut * len(content))]), name, tmp_path)
    assert isinstance(outcome, Document | DocumentError)


@pytest.mark.filterwarnings("ignore")
@PATIENT
@given(content=st.binary(max_size=500), name=st.sampled_from(sorted(EVERY_KIND)))
def test_noise_is_read_or_refused(content: bytes, name: str, tmp_path: Path) -> None:
    assert isinstance(outcome_of(content, name, tmp_path), Document | DocumentError)


def test_damaged_pdfs_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.pdf"
    refused = 0
    with ReaderProcess() as reader:

        @settings(PATIENT, max_examples=30)
        @given(cut=st.floats(0, 1), changes=damage)
        def read(cut: float, changes: list[tuple[float, bytes]]) -> None:
            nonlocal refused
            content = bytearray(EVERY_KIND["a.pdf"])
            for place, patch in changes:
                start = int(place * len(content))
                content[start : start + len(patch)] = patch
            path.write_bytes(content[: round(cut * len(content))])
            with suppress(DocumentError):
                reader.read(path, "a.pdf")
                refused -= 1
            refused += 1

        read()
    assert refused > 0


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pptx", "a.odt", "a.zip", "a.png", "a.tif", "a.bmp", "a.gif"])
def test_half_a_file_is_damaged(name: str, tmp_path: Path) -> None:
    content = EVERY_KIND[name]
    outcome = outcome_of(content[: len(content) // 2], name, tmp_path)
    assert isinstance(outcome, DocumentError)
    assert outcome.code is None
