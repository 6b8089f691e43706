import logging
import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from s3browser.documents import wire
from s3browser.documents.document import Document
from s3browser.documents.limits import MAX_DOCUMENT_BYTES, READ_TIME_S
from s3browser.exceptions import Cancelled, DocumentError
from s3browser.model.store import Cancel

WORKER_SWITCH = "--document-worker"  # a frozen program is started with it to be the worker instead

_log = logging.getLogger(__name__)
_CANCEL_INTERVAL_S = 0.05
_UNCAUGHT = 1  # Python's exit status after a traceback, which no document brings about
# Nothing else of the environment reaches the worker: it reads hostile files, and there may be keys in it.
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "TMP", "TEMP")

if sys.platform == "win32":
    _CREATION_FLAGS = subprocess.CREATE_NO_WINDOW
else:
    _CREATION_FLAGS = 0


class ReaderProcess:
    """A child process that reads documents, one at a time. Not thread-safe; close it, or use it with ``with``.

    Started at the first document (some 0.1 s), used for the next ones, and replaced after one that it choked on:
    a process that met a broken file is not trusted with the next person's.

    Args:
        time_limit_s: how long one document may take.
    """

    def __init__(self, time_limit_s: float = READ_TIME_S) -> None:
        self._time_limit_s = time_limit_s
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, path: Path, name: str, *, cancel: Cancel | None = None) -> Document:
        """Read a local file. Blocks up to the time limit; needs no network.

        Args:
            path: the file.
            name: the object's key, or a file name: tells kinds of text apart, and becomes ``Document.key``.
            cancel: asked 20 times a second.

        Raises:
            DocumentError: it is damaged, encrypted, empty, too large, hostile or of an unknown kind.
            Cancelled: ``cancel`` was set.
            RuntimeError: the worker does not start, so the installation is broken.
        """
        check_size(_size_of(path, name), name)
        try:
            document = self._ask(path, name, cancel)
        except DocumentError as error:
            if error.code not in ("Encrypted", "Empty", "UnknownKind"):
                self.close()
            _log.info("%s (%s)", error, "; ".join(getattr(error, "__notes__", [])) or "no cause given")
            raise
        except BaseException:
            self.close()
            raise
        return document

    @property
    def pid(self) -> int | None:
        """The child's process id, or None while there is none."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """End the child; it has nothing to save. ``read`` would start a new one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what could not be written any more
                    pipe.close()  # type: ignore[union-attr]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, path: Path, name: str, cancel: Cancel | None) -> Document:
        if self._process is not None and self._process.poll() is not None:
            self.close()  # it ended while nothing was asked of it
        process = self._process = self._process or _start()
        assert process.stdin is not None
        body = None
        with suppress(BrokenPipeError):  # it ended already: its status says why
            process.stdin.write(wire.encode_request(path.absolute(), name))
            process.stdin.flush()
            body = self._await_reply(process, name, cancel)
        if body is None:
            process.kill()  # it may live: an answer of an impossible size is no answer either
            status = process.wait()
            if status == _UNCAUGHT:
                raise RuntimeError(f"the document worker ended with a traceback; to see it, run {worker_command()}")
            crash = DocumentError("process", name, reason="The document is damaged or too large to show here.")
            crash.add_note(f"the reader ended with status {status}")
            raise crash
        try:
            return wire.decode(body, name)
        except (ValueError, RecursionError) as error:
            raise DocumentError("process", name) from error

    def _await_reply(self, process: "subprocess.Popen[bytes]", name: str, cancel: Cancel | None) -> bytes | None:
        # A thread of its own reads the pipe: on Windows nothing else can wait for one with a time limit.
        assert process.stdout is not None
        stdout = process.stdout
        replies: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        receiver = threading.Thread(target=lambda: replies.put(wire.receive(stdout)), daemon=True)
        receiver.start()
        deadline = monotonic() + self._time_limit_s
        try:
            while (left_s := deadline - monotonic()) > 0:
                try:
                    return replies.get(timeout=left_s if cancel is None else min(left_s, _CANCEL_INTERVAL_S))
                except queue.Empty:
                    if cancel is not None and cancel.is_set():
                        raise Cancelled from None
            raise DocumentError("process", name, "TooLarge", reason="It takes too long to read this document.")
        except BaseException:
            process.kill()  # ends the pipe, and with it the receiver
            raise
        finally:
            receiver.join()


def check_size(size_bytes: int, name: str) -> None:
    """Refuse what need not be looked at.

    Raises:
        DocumentError: nothing, or more than ``MAX_DOCUMENT_BYTES``.
    """
    if size_bytes == 0:
        raise DocumentError("process", name, "Empty")
    if size_bytes > MAX_DOCUMENT_BYTES:
        raise DocumentError("process", name, "TooLarge")


def _size_of(path: Path, name: str) -> int:
    try:
        if not path.is_file():  # a pipe would block the worker
            raise FileNotFoundError(path)
        return path.stat().st_size
    except (OSError, ValueError) as error:
        raise DocumentError("process", name, reason="The file on this computer could not be opened.") from error


def worker_command() -> list[str]:
    """How the worker is started: this program again, as it is installed, frozen or in a checkout."""
    if getattr(sys, "frozen", False):
        return [sys.executable, WORKER_SWITCH]
    return [sys.executable, "-P", "-B", "-m", "s3browser.documents.worker"]


def _start() -> "subprocess.Popen[bytes]":
    environment = {variable: os.environ[variable] for variable in _ENVIRONMENT if variable in os.environ}
    # The caller's own search path; -P keeps the current folder from going before it.
    environment["PYTHONPATH"] = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109
    return subprocess.Popen(  # noqa: S603 (our own program, no shell)
        worker_command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        creationflags=_CREATION_FLAGS,
    )
