import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from s3browser import (
    DocumentProcessor,
    S3AccessDeniedError,
    S3ArchivedError,
    S3Client,
    S3Config,
    S3FileNotFoundError,
    S3IntegrationError,
)
from s3browser.documents import Kind, ReaderProcess, processor, reader_process
from s3browser.documents.limits import MAX_DOCUMENT_BYTES
from s3browser.exceptions import Cancelled, DocumentError
from tests.fakestore import BUCKET, FakeStore
from tests.unit.documents.samples import EVERY_KIND, encrypted_pdf, pdf

LIMIT_BYTES = 5_000
CHUNK_BYTES = 1_000


def store_of(files: Mapping[str, bytes]) -> FakeStore:
    return FakeStore({BUCKET: files}, chunk_bytes=CHUNK_BYTES)


def processor_of(store: FakeStore) -> DocumentProcessor:
    config = S3Config(bucket_name=BUCKET, access_key_id="AKIA1", secret_access_key="secret")
    return DocumentProcessor(S3Client(config, _store=store))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, for this test alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (processor, reader_process):
        monkeypatch.setattr(module, "MAX_DOCUMENT_BYTES", LIMIT_BYTES)


def test_a_document_is_fetched_and_read(temporary: Path) -> None:
    store = store_of({"reports/2024/report.pdf": pdf("Hello")})
    document = processor_of(store).process("reports/2024/report.pdf")
    assert (document.key, document.kind, document.text) == ("reports/2024/report.pdf", Kind.PDF, "Hello")
    assert list(temporary.iterdir()) == []


def test_the_key_never_becomes_a_path(temporary: Path) -> None:
    store = store_of({"../../up.txt": b"text"})
    seen: list[str] = []
    store.on("chunk", lambda: seen.extend(str(path.relative_to(temporary)) for path in temporary.rglob("*")))
    assert processor_of(store).process("../../up.txt").text == "text"
    assert seen
    assert not any("up" in path for path in seen)


def test_every_kind_through_one_batch() -> None:
    outcomes = list(processor_of(store_of(EVERY_KIND)).process_prefix())
    assert [outcome.key for outcome in outcomes] == sorted(EVERY_KIND)
    assert all(outcome.error is None and outcome.document for outcome in outcomes)
    assert {outcome.document.kind for outcome in outcomes if outcome.document} == set(Kind)


def test_no_broken_or_forbidden_file_stops_a_batch(temporary: Path) -> None:
    files = {
        "in/a.pdf": pdf("One"),
        "in/archived.txt": b"cold",
        "in/broken.pdf": pdf("Two")[:100],
        "in/empty.txt": b"",
        "in/folder/": b"",
        "in/forbidden.txt": b"not yours",
        "in/locked.pdf": encrypted_pdf("secret", "RC4-128"),
        "in/program": b"\x7fELF\0\0\0\0",
        "in/z.txt": b"last",
        "out/a.txt": b"not asked for",
    }
    store = store_of(files)
    forbidden = S3AccessDeniedError("download", "in/forbidden.txt", "AccessDenied", 403)
    store.fail("head", forbidden, key="in/forbidden.txt")
    store.fail("fetch", S3ArchivedError("download", "in/archived.txt", "InvalidObjectState"), key="in/archived.txt")
    outcomes = {outcome.key: outcome for outcome in processor_of(store).process_prefix("in/")}
    assert list(outcomes) == [key for key in files if key.startswith("in/") and key != "in/folder/"]
    assert [key for key, outcome in outcomes.items() if outcome.document] == ["in/a.pdf", "in/z.txt"]
    assert outcomes["in/forbidden.txt"].error is forbidden
    codes = {key: outcome.error.code for key, outcome in outcomes.items() if outcome.error}
    assert codes == {
        "in/archived.txt": "InvalidObjectState",
        "in/broken.pdf": None,
        "in/empty.txt": "Empty",
        "in/forbidden.txt": "AccessDenied",
        "in/locked.pdf": "Encrypted",
        "in/program": "UnknownKind",
    }
    assert all(outcome.error.target == key for key, outcome in outcomes.items() if outcome.error)
    assert list(temporary.iterdir()) == []


@pytest.mark.usefixtures("small_limit")
def test_what_is_too_large_by_the_listing_is_not_fetched() -> None:
    store = store_of({"a.pdf": b"x" * (LIMIT_BYTES + 1), "b.txt": b"x" * LIMIT_BYTES})
    large, fitting = processor_of(store).process_prefix()
    assert large.error is not None
    assert large.error.code == "TooLarge"
    assert fitting.document is not None
    assert [call.key for call in store.calls if call.operation == "fetch"] == ["b.txt"]


@pytest.mark.usefixtures("small_limit")
def test_what_turns_out_too_large_is_left_at_its_first_bytes(temporary: Path) -> None:
    store = store_of({"a.bin": b"x" * 1_000_000})
    with pytest.raises(DocumentError) as caught:
        processor_of(store).process("a.bin")
    assert (caught.value.code, caught.value.target) == ("TooLarge", "a.bin")
    assert store.count("chunk") <= 2  # of a thousand
    assert list(temporary.iterdir()) == []


def test_errors_of_the_download_pass_through() -> None:
    with pytest.raises(S3FileNotFoundError):
        processor_of(store_of({})).process("gone.pdf")


def test_a_failed_listing_is_raised() -> None:
    store = store_of({})
    store.fail("list_files", S3AccessDeniedError("list", "a/"))
    with pytest.raises(S3AccessDeniedError):
        next(processor_of(store).process_prefix("a/"))


def test_a_fault_of_ours_is_not_taken_for_a_broken_document() -> None:
    store = store_of({"a.txt": b"text"})
    store.fail("fetch", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        next(processor_of(store).process_prefix())


def test_cancel_between_two_documents_fetches_nothing_more() -> None:
    cancel = threading.Event()
    store = store_of({"a.txt": b"one", "b.txt": b"two"})
    outcomes = processor_of(store).process_prefix(cancel=cancel)
    assert next(outcomes).document is not None
    cancel.set()
    for work in (lambda: next(outcomes), lambda: processor_of(store).process("b.txt", cancel=cancel)):
        with pytest.raises(Cancelled):
            work()
    assert store.count("fetch") == 1


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize(("operation", "size"), [("chunk", LIMIT_BYTES), ("head", LIMIT_BYTES + 1)])
def test_cancel_during_the_download_is_a_cancel_whatever_the_size(operation: str, size: int, temporary: Path) -> None:
    cancel = threading.Event()
    store = store_of({"a.txt": b"x" * size})
    store.on(operation, cancel.set)
    with pytest.raises(Cancelled):
        processor_of(store).process("a.txt", cancel=cancel)
    assert list(temporary.iterdir()) == []


def test_a_wait_of_the_client_ends_with_the_callers_cancel() -> None:
    cancel = threading.Event()
    gate = processor._SizeGate(cancel)
    assert not gate.wait(0)
    cancel.set()
    assert gate.wait(60)
    gate = processor._SizeGate(None)
    gate.on_progress(1, MAX_DOCUMENT_BYTES + 1)
    assert gate.wait(60)


def test_a_batch_left_early_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[ReaderProcess] = []

    class Remembered(ReaderProcess):
        def __init__(self) -> None:
            super().__init__()
            readers.append(self)

    monkeypatch.setattr(processor, "ReaderProcess", Remembered)
    outcomes = processor_of(store_of({"a.txt": b"one", "b.txt": b"two"})).process_prefix()
    next(outcomes)
    assert [reader.pid is None for reader in readers] == [False]
    outcomes.close()
    assert [reader.pid is None for reader in readers] == [True]


def test_document_errors_are_errors_of_the_library() -> None:
    with pytest.raises(S3IntegrationError) as caught:
        processor_of(store_of({"q/report.docx": b"PK\x03\x04 and no more"})).process("q/report.docx")
    assert str(caught.value) == "Couldn’t read the document report.docx: The file is damaged or not what its name says."
