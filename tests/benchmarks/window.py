"""The real window on a server of its own, for what is measured in it."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from s3browser.app import Program, parser
from s3browser.model.connections import ConnectionProfile, Secret
from tests.servers.server import Server


@contextmanager
def window_on(server: Server) -> Iterator[Program]:
    """The program with one connection, ``bench``, to a server; it is not shown on any list of the person's."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    with tempfile.TemporaryDirectory() as home:
        os.environ["S3BROWSER_HOME"] = home
        program = Program(app, parser().parse_args([]))
        profile = ConnectionProfile("bench", "Bench", server.endpoint_url, "us-east-1", "path")
        program.window.show()
        wait_for(lambda: program.is_ready)
        program.sessions.add_passing(profile, Secret(server.access_key_id, server.secret_access_key))
        program.controller.show_profiles()
        try:
            yield program
        finally:
            program.stop()


def wait_for(condition: Callable[[], object], timeout_s: float = 120.0) -> None:
    """Let the event loop run until ``condition()`` holds; raise TimeoutError after ``timeout_s``."""
    loop = QEventLoop()
    look, limit = QTimer(), QTimer()
    look.timeout.connect(lambda: loop.quit() if condition() else None)
    limit.timeout.connect(loop.quit)
    limit.setSingleShot(True)
    look.start(1)
    limit.start(int(timeout_s * 1000))
    loop.exec()
    if not condition():
        raise TimeoutError


def small_files(folder: Path, count: int, size: int) -> Path:
    """A folder of ``count`` files of ``size`` bytes, each different."""
    made = folder / "small"
    made.mkdir()
    for number in range(count):
        (made / f"file-{number:05}.bin").write_bytes(number.to_bytes(8, "big") * (size // 8))
    return made
