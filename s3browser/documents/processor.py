import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from s3browser.documents.document import Document, Processed
from s3browser.documents.limits import MAX_DOCUMENT_BYTES
from s3browser.documents.reader_process import ReaderProcess, check_size
from s3browser.exceptions import Cancelled, DocumentError, S3IntegrationError
from s3browser.model.entries import S3FileInfo
from s3browser.model.locations import DELIMITER
from s3browser.model.store import Cancel
from s3browser.model.transfers import Progress


class DocumentClient(Protocol):
    """What the processor needs of S3. ``S3Client`` is one."""

    def list_files(self, prefix: str = "") -> Iterator[S3FileInfo]:
        """Every object whose key begins with ``prefix``."""

    def download_file(
        self,
        key: str,
        local_path: Path,
        *,
        on_progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Path:
        """Fetch one object into a file."""


class DocumentProcessor:
    """Reads documents out of S3. Blocking: call it from a worker thread. Thread-safe if the client is.

    The reading is done in a child process with limits on time and memory (``limits.py``), so a hostile document
    ends in a ``DocumentError`` within seconds. Downloads go into a private temporary folder that is removed at once.

    Args:
        client: an ``S3Client``, or anything with its ``list_files`` and ``download_file``.
    """

    def __init__(self, client: DocumentClient) -> None:
        self._client = client

    def process(self, key: str, *, cancel: Cancel | None = None) -> Document:
        """Fetch and read one document.

        Raises:
            DocumentError: it is damaged, encrypted, empty, hostile, of an unknown kind, or over
                ``MAX_DOCUMENT_BYTES``; of one that large only the first bytes are fetched.
            Cancelled: ``cancel`` was set.
            S3IntegrationError: it could not be fetched, as from ``S3Client.download_file``.
        """
        with ReaderProcess() as reader:
            return self._process(key, reader, cancel)

    def process_prefix(self, prefix: str = "", *, cancel: Cancel | None = None) -> Generator[Processed, None, None]:
        """Fetch and read every document below a prefix, one at a time, in the order of the listing.

        Each key yields a document or the error that kept it from being read; neither ends the batch. Markers of
        folders (empty, ending in ``/``) are no documents. What is empty or too large is not fetched. Closing the
        generator ends its child process.

        Raises:
            Cancelled: ``cancel`` was set.
            S3IntegrationError: the listing itself failed.
        """
        with ReaderProcess() as reader:
            for entry in self._client.list_files(prefix):
                if entry.key.endswith(DELIMITER) and entry.size == 0:
                    continue
                try:
                    check_size(entry.size, entry.key)
                    outcome = Processed(entry.key, document=self._process(entry.key, reader, cancel))
                except S3IntegrationError as error:
                    outcome = Processed(entry.key, error=error)
                yield outcome

    def _process(self, key: str, reader: ReaderProcess, cancel: Cancel | None) -> Document:
        if cancel is not None and cancel.is_set():
            raise Cancelled
        with TemporaryDirectory(prefix="s3browser-") as folder:
            local_path = Path(folder) / "document"  # not the key's name: that is the sender's choice
            gate = _SizeGate(cancel)
            try:
                self._client.download_file(key, local_path, on_progress=gate.on_progress, cancel=gate)
            except Cancelled:
                if gate.is_too_large:
                    raise DocumentError("process", key, "TooLarge") from None
                raise
            return reader.read(local_path, key, cancel=cancel)


def read_document(path: Path, name: str, *, cancel: Cancel | None = None) -> Document:
    """Read a file of this computer, under the same limits as ``DocumentProcessor.process``. Blocking.

    Args:
        path: the file.
        name: the key or file name that it is known by; becomes ``Document.key``.
        cancel: ends the reading within a tenth of a second.

    Raises:
        DocumentError: it can't be read.
        Cancelled: ``cancel`` was set.
    """
    with ReaderProcess() as reader:
        return reader.read(path, name, cancel=cancel)


class _SizeGate:
    """A ``Cancel`` that is set by the caller's, or by a download that turns out to be too large."""

    def __init__(self, cancel: Cancel | None) -> None:
        self._cancel = cancel or threading.Event()
        self._too_large = threading.Event()

    @property
    def is_too_large(self) -> bool:
        return self._too_large.is_set() and not self._cancel.is_set()

    def on_progress(self, position_bytes: int, total_bytes: int) -> None:
        if max(position_bytes, total_bytes) > MAX_DOCUMENT_BYTES:
            self._too_large.set()

    def is_set(self) -> bool:
        return self._too_large.is_set() or self._cancel.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        return self._too_large.is_set() or self._cancel.wait(timeout) or self._too_large.is_set()
