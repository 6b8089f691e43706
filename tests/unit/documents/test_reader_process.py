"""The parent's side: whatever the child does, the caller gets a document or an error, in time."""

import json
import logging
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from s3browser.documents import Document, Kind, ReaderProcess, confinement, read_document, reader_process
from s3browser.documents.limits import MAX_DOCUMENT_BYTES
from s3browser.exceptions import Cancelled, DocumentError
from tests.unit.documents.samples import encrypted_pdf, pdf

FakeWorker = Callable[[str], None]


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sample.pdf"
    path.write_bytes(pdf("Hello"))
    return path


@pytest.fixture
def fake_worker(monkeypatch: pytest.MonkeyPatch) -> FakeWorker:
    """Puts a few lines of Python in the worker's place; they get the request on the standard input."""

    def use(script: str) -> None:
        monkeypatch.setattr(reader_process, "worker_command", lambda: [sys.executable, "-c", script])

    return use


@pytest.fixture
def hanging(fake_worker: FakeWorker, sample: Path) -> Path:
    """A document whose reading does not end: the worker takes the request and waits for what never comes."""
    fake_worker("import sys; sys.stdin.readline(); sys.stdin.read()")
    return sample


@pytest.fixture
def saying(fake_worker: FakeWorker, tmp_path: Path) -> Callable[[bytes], None]:
    """Makes the worker answer any request with these bytes."""

    def say(output: bytes) -> None:
        path = tmp_path / "output"
        path.write_bytes(output)
        fake_worker(f"import sys; sys.stdin.readline(); sys.stdout.buffer.write(open({str(path)!r}, 'rb').read())")

    return say


def framed(reply: object) -> bytes:
    body = json.dumps(reply).encode()
    return struct.pack(">I", len(body)) + body


GOOD: dict[str, object] = {
    "kind": "text",
    "title": "",
    "author": "",
    "page_count": None,
    "text": "x",
    "truncated": False,
    "thumbnail": "",
    "facts": {},
}


def test_a_document_crosses_whole(sample: Path) -> None:
    document = read_document(sample, "folder/sample.pdf")
    assert document.key == "folder/sample.pdf"
    assert (document.kind, document.title, document.text, document.page_count) == (Kind.PDF, "Invoice 12", "Hello", 1)
    assert document.thumbnail is not None


def test_one_child_reads_many_and_is_replaced_after_a_broken_one(sample: Path, tmp_path: Path) -> None:
    broken, locked = tmp_path / "broken.pdf", tmp_path / "locked.pdf"
    broken.write_bytes(b"%PDF-1.7 and nothing more")
    locked.write_bytes(encrypted_pdf("secret", "AES-256"))
    with ReaderProcess() as reader:
        reader.read(sample, "1")
        first = reader.pid
        with pytest.raises(DocumentError) as caught:
            reader.read(locked, "2")
        assert caught.value.code == "Encrypted"
        assert reader.pid == first
        with pytest.raises(DocumentError) as caught:
            reader.read(broken, "3")
        assert caught.value.target == "3"
        assert reader.pid is None
        assert reader.read(sample, "4").text == "Hello"
        assert reader.pid not in (None, first)


def test_a_child_that_died_between_two_documents_is_replaced(sample: Path) -> None:
    with ReaderProcess() as reader:
        reader.read(sample, "1")
        assert reader.pid is not None
        os.kill(reader.pid, 9)
        os.waitid(os.P_PID, reader.pid, os.WEXITED | os.WNOWAIT)
        assert reader.read(sample, "2").text == "Hello"


def test_nothing_is_left_running(sample: Path) -> None:
    reader = ReaderProcess()
    reader.read(sample, "1")
    pid = reader.pid
    assert pid is not None
    reader.close()
    reader.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_document_that_takes_too_long_is_given_up(hanging: Path) -> None:
    with ReaderProcess(time_limit_s=0.6) as reader:
        started = monotonic()
        with pytest.raises(DocumentError) as caught:
            reader.read(hanging, "slow.html")
        assert monotonic() - started < 3
        assert caught.value.code == "TooLarge"
        assert caught.value.reason == "It takes too long to read this document."


def test_cancel_ends_the_reading_at_once(hanging: Path) -> None:
    asked = 0

    class SecondThoughts(threading.Event):
        def is_set(self) -> bool:
            nonlocal asked
            asked += 1
            return asked > 1

    started = monotonic()
    with pytest.raises(Cancelled):
        read_document(hanging, "slow.html", cancel=SecondThoughts())
    assert monotonic() - started < 3


@pytest.mark.parametrize("script", ["import os; os.abort()", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_crash_is_an_error_of_the_document(
    fake_worker: FakeWorker, sample: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    fake_worker(f"import sys; sys.stdin.readline(); {script}")
    with caplog.at_level(logging.INFO), pytest.raises(DocumentError) as caught:
        read_document(sample, "crash.pdf")
    assert caught.value.reason == "The document is damaged or too large to show here."
    assert "the reader ended with status -" in caplog.text


@pytest.mark.parametrize("script", ["raise SystemError", "import sys; sys.stdin.readline(); import no_such_parser"])
def test_a_worker_that_does_not_work_is_our_fault(fake_worker: FakeWorker, sample: Path, script: str) -> None:
    fake_worker(script)
    with pytest.raises(RuntimeError, match="document worker"):
        read_document(sample, "a.pdf")


@pytest.mark.parametrize(
    "reply",
    [
        None,
        [],
        {"kind": "spell"},
        GOOD | {"kind": ["text"]},
        GOOD | {"text": 7},
        GOOD | {"text": "x" * 1_000_001},
        GOOD | {"truncated": "no"},
        GOOD | {"page_count": "7"},
        GOOD | {"facts": {"a": 1}},
        GOOD | {"facts": None},
        GOOD | {"thumbnail": "%%%"},
        GOOD | {"thumbnail": "AAAA"},
        GOOD | {"thumbnail": "iVBORw0KGgoAAAANSUhEUgABAAAAAQAACAIAAAA="},  # a PNG of 65,536 × 65,536
        {"code": 5, "reason": "x", "cause": ""},
        {"code": None, "reason": None, "cause": ""},
    ],
)
def test_a_conquered_worker_can_only_tell_small_lies(
    saying: Callable[[bytes], None], sample: Path, reply: object
) -> None:
    saying(framed(reply))
    with pytest.raises(DocumentError) as caught:
        read_document(sample, "a.pdf")
    assert caught.value.code is None


def test_the_fake_reply_is_otherwise_sound(saying: Callable[[bytes], None], sample: Path) -> None:
    saying(framed(GOOD))
    assert read_document(sample, "a") == Document("a", Kind.TEXT, text="x")


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"\0\0",
        b"\xff\xff\xff\xff" + b"x" * 100,  # announces 4 GB
        b"\0\0\0\x64{",
        b"\0\0\0\x04\xff\xfe\xff\xfe",
        struct.pack(">I", 200_000) + b"[" * 200_000,  # nested deeper than Python goes
    ],
)
def test_noise_is_no_answer(saying: Callable[[bytes], None], sample: Path, output: bytes) -> None:
    saying(output)
    with pytest.raises(DocumentError) as caught:
        read_document(sample, "a.pdf")
    assert caught.value.code is None


def test_no_key_of_the_environment_reaches_the_worker(
    fake_worker: FakeWorker, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very secret")
    fake_worker(
        "import json, os, struct, sys; sys.stdin.readline();"
        "body = json.dumps({'code': None, 'reason': ' '.join(os.environ), 'cause': ''}).encode();"
        "sys.stdout.buffer.write(struct.pack('>I', len(body)) + body)"
    )
    with pytest.raises(DocumentError) as caught:
        read_document(sample, "a.pdf")
    assert "PYTHONPATH" in caught.value.reason
    assert "AWS" not in caught.value.reason


def test_a_package_in_the_current_folder_is_not_run(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "PIL"
    trap.mkdir()
    (trap / "__init__.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert read_document(sample, "a.pdf").text == "Hello"


def test_a_relative_path_and_a_strange_name(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sample.parent)
    odd = Path("ä\n\udcff “x”.txt")
    odd.write_text("odd")
    assert read_document(odd, "a\n/b\x01.txt").text == "odd"


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/s3browser/s3browser")
    assert reader_process.worker_command() == ["/opt/s3browser/s3browser", "--document-worker"]


@pytest.mark.parametrize("missing", ["none.pdf", "", "nul\0byte"])
def test_a_file_that_cannot_be_opened(tmp_path: Path, missing: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_document(tmp_path / missing, "report.pdf")
    assert caught.value.reason == "The file on this computer could not be opened."
    assert caught.value.title == "Couldn’t read the document report.pdf"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DocumentError):
        read_document(tmp_path / "pipe", "pipe")


def test_size_is_looked_at_first(tmp_path: Path, fake_worker: FakeWorker) -> None:
    fake_worker("raise SystemError")  # it must not be asked
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(MAX_DOCUMENT_BYTES + 1)
    with pytest.raises(DocumentError) as caught:
        read_document(large, "large.pdf")
    assert caught.value.code == "TooLarge"
    (tmp_path / "empty").touch()
    with pytest.raises(DocumentError) as caught:
        read_document(tmp_path / "empty", "empty.pdf")
    assert caught.value.code == "Empty"


def run(script: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)


def test_the_worker_can_take_no_memory_and_write_no_file(tmp_path: Path) -> None:
    target = tmp_path / "written"
    result = run(
        "from s3browser.documents.confinement import confine; confine()\n"
        "try: bytearray(1 << 30)\n"
        "except MemoryError: print('no memory')\n"
        f"try:\n with open({str(target)!r}, 'wb', buffering=0) as file: file.write(b'x')\n"
        "except OSError: print('no file')\n"
    )
    assert result.stdout.split("\n")[:2] == ["no memory", "no file"], result.stderr


def test_a_worker_without_a_parent_ends_itself() -> None:
    result = run(
        "from s3browser.documents import confinement\n"
        "confinement.READ_TIME_S, confinement._GRACE_S = 0.1, 0\n"
        "confinement.Deadline().start()\n"
        "while True: pass"
    )
    assert result.returncode == 1


def test_where_the_system_does_not_limit_memory_a_watch_does(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []

    class Ended(BaseException):
        pass

    def end(status: int) -> None:
        ended.append(status)
        raise Ended

    monkeypatch.setattr(os, "_exit", end)
    peaks = iter([1, 100, 101])
    with pytest.raises(Ended):
        confinement.watch_memory(100, lambda: next(peaks))
    assert ended == [confinement.OUT_OF_MEMORY]
    assert next(peaks, None) is None


def test_the_package_loads_no_parser() -> None:
    parsers = {"PIL", "pypdfium2", "defusedxml", "charset_normalizer", "html.parser", "zipfile", "csv"}
    result = run(f"import s3browser.documents, sys; print(sorted({parsers!r} & set(sys.modules)))")
    assert result.stdout == "[]\n", result.stderr
