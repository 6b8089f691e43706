"""Another program's window, to drag files from (``give PATH…``) or to drop them on (``take FOLDER``)."""

# ruff: noqa: N802 (Qt’s overrides keep Qt’s names)

import shutil
import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDrag, QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel

TITLE = "Neighbour"


class Giver(QLabel):
    """Drags the paths, wherever on it the pointer starts."""

    def __init__(self, paths: list[Path]) -> None:
        super().__init__("Drag from here")
        self._paths = paths
        self._pressed_at = QPoint()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        way = event.position().toPoint() - self._pressed_at
        if way.manhattanLength() < QApplication.startDragDistance():
            return
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in self._paths])
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)


class Taker(QLabel):
    """Copies what is dropped on it into a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__("Drop here")
        self._folder = folder
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        for path in [Path(url.toLocalFile()) for url in event.mimeData().urls()]:
            copy = shutil.copytree if path.is_dir() else shutil.copyfile
            copy(path, self._folder / "on its way")
            (self._folder / "on its way").rename(self._folder / path.name)


def main() -> int:
    """Show the window until it is closed."""
    app = QApplication(sys.argv[:1])
    verb, *names = sys.argv[1:]
    paths = [Path(name) for name in names]
    window = Giver(paths) if verb == "give" else Taker(paths[0])
    window.setWindowTitle(TITLE)
    window.setAlignment(Qt.AlignmentFlag.AlignCenter)
    window.resize(300, 200)
    window.show()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
