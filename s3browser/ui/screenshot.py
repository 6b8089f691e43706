from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from s3browser.model.locations import S3Location
from s3browser.ui.workspace_controller import WorkspaceController

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_EVERY_MS = 100


class Screenshot(QObject):
    """Waits until a folder is listed and one of its files is shown, then draws the window into a file.

    Signals:
        done: the path written, or None where it could not be.
    """

    done = Signal(object)

    def __init__(self, controller: WorkspaceController, shown: S3Location, file: Path, parent: QObject) -> None:
        """``shown`` is the file to select; its folder is being opened by somebody else."""
        super().__init__(parent)
        self._controller = controller
        self._shown = shown
        self._file = file
        self._next: Callable[[], bool] = self._is_listed
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        if not self._next():
            return
        if self._next == self._is_listed:
            self._controller.workspace.contents.view.reveal(self._shown)
            self._next = self._is_detailed
            return
        self._timer.stop()
        saved = self._controller.workspace.window().grab().save(str(self._file), "PNG")
        self.done.emit(self._file if saved else None)

    def _is_listed(self) -> bool:
        contents = self._controller.workspace.contents
        return not contents.is_listing and contents.model.position(self._shown) is not None

    def _is_detailed(self) -> bool:
        return not self._controller.details.is_loading
