import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from s3browser import DocumentProcessor, S3AccessDeniedError, S3FileInfo, S3FileNotFoundError
from s3browser.documents import Kind, ReaderProcess, processor
from s3browser.documents.limits import MAX_DOCUMENT_BYTES
from s3browser.exceptions import Cancelled, DocumentError, S3IntegrationError
from s3browser.model.store import Cancel
from tests.unit.documents.samples import EVERY_KIND, encrypted_pdf, pdf

_CHUNK_BYTES = 1_000


class MemoryClient:
    """Objects in memory behind the two calls of ``S3Client``; a key's content may be an error to raise."""

    def __init__(self, objects: Mapping[str, bytes | Exception], sizes: Mapping[str, int] | None = None) -> None:
        self.objects = objects
        self.sizes = sizes or {}
        self.fetched_bytes = 0
        self.local_paths: list[Path] = []

    def list_files(self, prefix: str = "") -> Iterator[S3FileInfo]:
        for key, content in self.objects.items():
            if key.startswith(prefix):
                size = self._size(key, content)
                yield S3FileInfo(key, size, datetime(2024, 5, 1, tzinfo=UTC), "etag")

    def download_file(
        self,
        key: str,
        local_path: Path,
        *,
        on_progress: Callable[[int, int], object] | None = None,
        cancel: Cancel | None = None,
    ) -> Path:
        content = self.objects.get(key, S3FileNotFoundError("download", key))
        if isinstance(content, Exception):
            raise content
        total = self._size(key, content)
        self.local_paths.append(local_path)
        with local_path.open("wb") as file:
            for start in range(0, len(content), _CHUNK_BYTES):
                if cancel is not None and cancel.is_set():
                    local_path.unlink()
                    raise Cancelled
                self.fetched_bytes += file.write(content[start : start + _CHUNK_BYTES])
                if on_progress is not None:
                    on_progress(file.tell(), total)
        return local_path

    def _size(self, key: str, content: bytes | Exception) -> int:
        return self.sizes.get(key, 9 if isinstance(content, Exception) else len(content))


def test_a_document_is_fetched_and_read() -> None:
    client = MemoryClient({"reports/2024/report.pdf": pdf("Hello")})
    document = DocumentProcessor(client).process("reports/2024/report.pdf")
    assert (document.key, document.kind, document.text) == ("reports/2024/report.pdf", Kind.PDF, "Hello")
    assert not client.local_paths[0].parent.exists()


def test_the_key_never_becomes_a_path() -> None:
    client = MemoryClient({"../../etc/passwd.txt": b"text"})
    assert DocumentProcessor(client).process("../../etc/passwd.txt").text == "text"
    assert client.local_paths[0].name == "document"


def test_every_kind_through_one_batch() -> None:
    outcomes = list(DocumentProcessor(MemoryClient(EVERY_KIND)).process_prefix())
    assert [outcome.key for outcome in outcomes] == list(EVERY_KIND)
    assert all(outcome.error is None and outcome.document for outcome in outcomes)
    assert {outcome.document.kind for outcome in outcomes if outcome.document} == set(Kind)


def test_no_broken_or_forbidden_file_stops_a_batch() -> None:
    forbidden = S3AccessDeniedError("download", "in/b", "AccessDenied", 403)
    client = MemoryClient(
        {
            "in/a.pdf": pdf("One"),
            "in/b": forbidden,
            "in/broken.pdf": pdf("Two")[:100],
            "in/empty.txt": b"",
            "in/folder/": b"",
            "in/locked.pdf": encrypted_pdf("secret", "RC4-128"),
            "in/program": b"\x7fELF\0\0\0\0",
            "in/z.txt": b"last",
            "out/a.txt": b"not asked for",
        }
    )
    outcomes = {outcome.key: outcome for outcome in DocumentProcessor(client).process_prefix("in/")}
    assert list(outcomes) == [key for key in client.objects if key.startswith("in/") and key != "in/folder/"]
    assert [key for key, outcome in outcomes.items() if outcome.document] == ["in/a.pdf", "in/z.txt"]
    assert outcomes["in/b"].error is forbidden
    codes = {key: outcome.error.code for key, outcome in outcomes.items() if outcome.error}
    assert codes == {
        "in/b": "AccessDenied",
        "in/broken.pdf": None,
        "in/empty.txt": "Empty",
        "in/locked.pdf": "Encrypted",
        "in/program": "UnknownKind",
    }
    assert all(outcome.error.target == key for key, outcome in outcomes.items() if outcome.error)


def test_what_is_too_large_by_the_listing_is_not_fetched() -> None:
    client = MemoryClient({"a.pdf": pdf("x")}, sizes={"a.pdf": MAX_DOCUMENT_BYTES + 1})
    (outcome,) = DocumentProcessor(client).process_prefix()
    assert outcome.error is not None
    assert outcome.error.code == "TooLarge"
    assert client.fetched_bytes == 0


def test_what_turns_out_too_large_is_left_at_its_first_bytes() -> None:
    client = MemoryClient({"a.bin": b"x" * 1_000_000}, sizes={"a.bin": MAX_DOCUMENT_BYTES + 1})
    with pytest.raises(DocumentError) as caught:
        DocumentProcessor(client).process("a.bin")
    assert (caught.value.code, caught.value.target) == ("TooLarge", "a.bin")
    assert client.fetched_bytes == _CHUNK_BYTES


def test_errors_of_the_download_pass_through() -> None:
    with pytest.raises(S3FileNotFoundError):
        DocumentProcessor(MemoryClient({})).process("gone.pdf")


def test_a_failed_listing_is_raised() -> None:
    class Forbidden(MemoryClient):
        def list_files(self, prefix: str = "") -> Iterator[S3FileInfo]:
            raise S3AccessDeniedError("list", prefix)

    with pytest.raises(S3AccessDeniedError):
        next(DocumentProcessor(Forbidden({})).process_prefix("a/"))


def test_a_fault_of_ours_is_not_taken_for_a_broken_document() -> None:
    client = MemoryClient({"a.txt": ZeroDivisionError()})
    with pytest.raises(ZeroDivisionError):
        next(DocumentProcessor(client).process_prefix())


def test_cancel_before_during_and_between() -> None:
    cancel = threading.Event()
    client = MemoryClient({"a.txt": b"one", "b.txt": b"two"})
    outcomes = DocumentProcessor(client).process_prefix(cancel=cancel)
    assert next(outcomes).document is not None
    cancel.set()
    fetched_bytes = client.fetched_bytes
    with pytest.raises(Cancelled):
        next(outcomes)
    with pytest.raises(Cancelled):
        DocumentProcessor(client).process("b.txt", cancel=cancel)
    assert client.fetched_bytes == fetched_bytes


def test_cancel_wins_over_too_large() -> None:
    cancel = threading.Event()

    class Impatient(MemoryClient):
        def download_file(
            self,
            key: str,
            local_path: Path,
            *,
            on_progress: Callable[[int, int], object] | None = None,
            cancel: Cancel | None = None,
        ) -> Path:
            assert on_progress is not None
            assert cancel is not None
            assert not cancel.wait(0)
            on_progress(1, MAX_DOCUMENT_BYTES + 1)
            assert cancel.wait(60)  # at once
            stop.set()
            raise Cancelled

    stop = cancel
    with pytest.raises(Cancelled):
        DocumentProcessor(Impatient({})).process("a", cancel=cancel)


def test_a_batch_left_early_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[ReaderProcess] = []

    class Remembered(ReaderProcess):
        def __init__(self) -> None:
            super().__init__()
            readers.append(self)

    monkeypatch.setattr(processor, "ReaderProcess", Remembered)
    outcomes = DocumentProcessor(MemoryClient({"a.txt": b"one", "b.txt": b"two"})).process_prefix()
    next(outcomes)
    assert [reader.pid is None for reader in readers] == [False]
    outcomes.close()
    assert [reader.pid is None for reader in readers] == [True]


def test_document_errors_are_errors_of_the_library() -> None:
    with pytest.raises(S3IntegrationError) as caught:
        DocumentProcessor(MemoryClient({"q/report.docx": b"PK\x03\x04 and no more"})).process("q/report.docx")
    assert str(caught.value) == "Couldn’t read the document report.docx: The file is damaged or not what its name says."
