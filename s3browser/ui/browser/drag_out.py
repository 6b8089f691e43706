"""What a drag out of the window carries: files that are downloaded at the moment they are dropped."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QEventLoop, QMimeData, Qt, QTimer, QUrl
from PySide6.QtGui import QGuiApplication

_KEPT_S = 86_400  # another program may take its time to copy
_MIME = "text/uri-list"
_PATIENCE_MS = 25_000  # after some 30 s most file managers have given the drop up


def sweep(folder: Path) -> None:
    """Remove what drags of earlier days left in ``folder``. Blocking."""
    if folder.is_dir():
        for left in folder.iterdir():
            with suppress(OSError):  # another window sweeps too
                if time.time() - left.stat().st_mtime > _KEPT_S:
                    shutil.rmtree(left, ignore_errors=True)


class DragOut(QMimeData):
    """Addresses of files that do not exist yet; they are fetched when the other program takes them.

    Some programs look at the addresses while the pointer only passes over them, so nothing is fetched before
    the mouse button is released.

    Args:
        paths: where the files will be.
        fetch: starts the downloads to these paths; calls what it is given with True once all are there, with
            False where one failed; later, never from within. Called on the window's thread, at most once.
    """

    def __init__(self, paths: Sequence[Path], fetch: Callable[[Callable[[bool], None]], None]) -> None:
        super().__init__()
        self._paths = paths
        self._fetch = fetch
        self._is_asked = False
        self._is_complete = False

    def formats(self) -> list[str]:
        return [_MIME]

    def hasFormat(self, mime_type: str) -> bool:
        return mime_type == _MIME

    def retrieveData(self, mime_type: str, preferred: object) -> object:
        if mime_type != _MIME:
            return None
        if QGuiApplication.mouseButtons() == Qt.MouseButton.NoButton:
            if not self._is_asked:
                self._is_asked = True
                self._wait_for_files()
            if not self._is_complete:
                return None
        return [QUrl.fromLocalFile(str(path)) for path in self._paths]

    def _wait_for_files(self) -> None:
        """Let the window live until every file is there: the other program waits for the answer of this call."""
        loop = QEventLoop(self)
        is_over = False

        def finished(is_complete: bool) -> None:
            if not is_over:  # after the patience this object and its loop may be gone
                self._is_complete = is_complete
                loop.quit()

        QTimer.singleShot(_PATIENCE_MS, loop, loop.quit)
        self._fetch(finished)
        loop.exec()
        is_over = True
