from collections.abc import Callable, Iterator, Sequence
from time import monotonic

from PySide6.QtCore import QObject, Signal, Slot

from s3browser.jobs.cancel import CancelToken
from s3browser.model.entries import S3FileInfo
from s3browser.model.listing import Row
from s3browser.model.locations import DELIMITER, S3Location
from s3browser.ui.tasks import Tasks

ListFiles = Callable[[S3Location, CancelToken], Iterator[S3FileInfo]]
"""Every object in a folder or bucket, at any depth; called on a lane, blocking."""

_EVERY_S = 0.15


class FolderCounter(QObject):
    """Counts the files in some rows and adds up their sizes, in a lane. Folder markers are no files.

    Signals:
        changed: files (int), bytes (int; more than 32 bits) and whether that is all; a few times a second.
        failed: the error that ended it.
    """

    changed = Signal(object, object, bool)
    failed = Signal(object)

    def __init__(self, tasks: Tasks, list_files: ListFiles, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._list_files = list_files
        self._token: CancelToken | None = None

    def start(self, rows: Sequence[Row]) -> None:
        """Count; what an earlier start still finds is dropped."""
        self.stop()
        token = CancelToken()
        self._token = token
        self.destroyed.connect(lambda: token.cancel())
        self._tasks.run("actions", lambda token: self._count(rows, token), self._on_done, self._on_failed, token)

    @Slot()
    def stop(self) -> None:
        """Count no further; nothing is reported any more."""
        if self._token is not None:
            self._token.cancel()

    def _count(self, rows: Sequence[Row], token: CancelToken) -> tuple[int, int]:
        files = size = 0
        reported_at = monotonic()
        for row in rows:
            if not row.is_folder:
                files, size = files + 1, size + (row.size or 0)
                continue
            for info in self._list_files(row.location, token):
                token.raise_if_cancelled()
                if not info.key.endswith(DELIMITER):
                    files, size = files + 1, size + info.size
                if monotonic() - reported_at >= _EVERY_S:
                    reported_at = monotonic()
                    self._tasks.post(token, lambda files=files, size=size: self._report(files, size))  # type: ignore[misc]
        return files, size

    def _report(self, files: int, size: int) -> None:
        self.changed.emit(files, size, False)

    def _on_done(self, counted: tuple[int, int]) -> None:
        self.changed.emit(*counted, True)

    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(error)
