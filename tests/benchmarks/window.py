"""The real window on a server of its own, for what is measured in it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from s3browser.app import Program, parser
from s3browser.model.connections import ConnectionProfile, Secret, SignIn
from s3browser.settings.paths import HOME_VARIABLE, Paths
from s3browser.settings.profiles import ProfileStore
from s3browser.ui.dialogs.plan_sheet import PlanSheet
from tests.servers.process import leash, program
from tests.servers.server import Server

CONNECTION = "bench"
"""The id of the only connection."""


@contextmanager
def window_on(server: Server) -> Iterator[Program]:
    """The program with one connection to a server; it is not shown on any list of the person's."""
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        with _shown() as made:
            profile = ConnectionProfile(CONNECTION, "Bench", server.endpoint_url, "us-east-1", "path")
            made.sessions.add_passing(profile, Secret(server.access_key_id, server.secret_access_key))
            made.controller.show_profiles()
            yield made


def save_connection(home: Path, server: Server) -> None:
    """Save the connection in a home of the program; its keys come from ``Server.environment``."""
    store = ProfileStore(Paths.find({HOME_VARIABLE: str(home)}).profiles_file)
    store.load()
    store.put(
        ConnectionProfile(
            CONNECTION, "Bench", server.endpoint_url, "us-east-1", "path", SignIn.ENVIRONMENT,
            ca_file=str(server.ca_file) if server.ca_file else None,
        )
    )  # fmt: skip


@contextmanager
def window_at_home() -> Iterator[Program]:
    """The program as somebody starts it who has used it before: see ``save_connection``. One in a process.

    ``S3BROWSER_HOME`` says where its home is.
    """
    with _shown() as made:
        wait_for(lambda: made.controller.workspace.contents.model.rowCount() > 0)
        yield made


@contextmanager
def _shown() -> Iterator[Program]:
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    made = Program(app, parser().parse_args([]))
    made.window.show()
    wait_for(lambda: made.is_ready)
    try:
        yield made
    finally:
        made.stop()


def plan_sheet(made: Program) -> PlanSheet:
    """Wait until the window shows what it is about to move."""
    wait_for(lambda: made.window.findChild(PlanSheet) is not None)
    sheet = made.window.findChild(PlanSheet)
    assert sheet is not None
    return sheet


@contextmanager
def screen(folder: Path) -> Iterator[Mapping[str, str]]:
    """Variables for a program with windows: the screen there is, or one of its own (Xvfb)."""
    if "DISPLAY" in os.environ or "QT_QPA_PLATFORM" in os.environ or not sys.platform.startswith("linux"):
        yield {}
        return
    reader, writer = os.pipe()
    command = [*leash(), program("Xvfb"), "-displayfd", str(writer), "-screen", "0", "1920x1080x24", "-nolisten", "tcp"]
    with os.fdopen(reader) as answer, (folder / "xvfb.log").open("wb") as log:
        server = subprocess.Popen(command, pass_fds=[writer], stdout=log, stderr=log)
        os.close(writer)
        try:
            yield {"DISPLAY": f":{answer.readline().strip()}", "QT_QPA_PLATFORM": "xcb"}
        finally:
            server.terminate()
            server.wait()


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
