"""The program as it is started: in a process of its own."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from s3browser import __version__
from s3browser.app import Program, parser
from s3browser.demo.server import DemoServer
from s3browser.exceptions import S3ConnectionError
from s3browser.ui.dialogs.error import BugDialog, ErrorDialog


def run(tmp_path: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "S3BROWSER_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "offscreen", **more}
    command = [sys.executable, "-m", "s3browser", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, env=environ)


def test_screenshot_draws_the_running_demo_and_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "window.png"
    done = run(tmp_path, "--screenshot", str(file))
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, str(file), "")
    picture = QImage(str(file))
    assert (picture.width(), picture.height()) == (1280, 800)
    colours = {picture.pixel(x, y) for x in range(0, 1280, 8) for y in range(0, 800, 8)}
    assert len(colours) > 50  # the preview of the picture is in it


def test_a_screenshot_that_cannot_be_written_fails_with_a_word(tmp_path: Path) -> None:
    done = run(tmp_path, "--screenshot", str(tmp_path / "no folder" / "window.png"))
    assert done.returncode == 1
    assert done.stderr.strip() == "The window could not be drawn."


def test_a_screenshot_of_a_demo_that_does_not_start_says_why_and_ends(tmp_path: Path) -> None:
    (tmp_path / "moto").mkdir()
    (tmp_path / "moto" / "__init__.py").write_text("raise ModuleNotFoundError('no moto here')")
    done = run(tmp_path, "--screenshot", str(tmp_path / "window.png"), PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "A part of the demo is not installed." in done.stderr


def test_version(tmp_path: Path) -> None:
    assert run(tmp_path, "--version").stdout.strip() == f"s3browser {__version__}"


@pytest.fixture
def program(qapp: QApplication, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    monkeypatch.setenv("S3BROWSER_HOME", str(tmp_path))
    # What Program sets for its process is put back by monkeypatch.
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    program = Program(qapp, parser().parse_args([]))
    program.window.show()
    qtbot.waitUntil(lambda: program.is_ready)
    yield program
    program.window.close()
    program.stop()
    program.window.deleteLater()
    program.deleteLater()


def test_a_first_start_shows_the_welcome_page(program: Program) -> None:
    assert program.controller.workspace.welcome.isVisible()
    assert not program.controller.details.isVisible()


def test_what_was_chosen_and_where_everything_was_is_remembered(program: Program, tmp_path: Path) -> None:
    program.controller.workspace.commands.show_files_in_tree.setChecked(True)
    program.window.close()
    assert '"show_files_in_tree": true' in (tmp_path / "config" / "preferences.json").read_text()
    assert "geometry" in (tmp_path / "state" / "window.json").read_text()


@pytest.mark.parametrize("where", ["window", "thread"])
def test_a_fault_of_ours_gets_its_dialog(
    program: Program, qtbot: QtBot, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    error = ZeroDivisionError("a fault")
    if where == "window":
        sys.excepthook(ZeroDivisionError, error, None)
    else:
        thread = threading.Thread(name="t")
        threading.excepthook(threading.ExceptHookArgs((ZeroDivisionError, error, None, thread)))

    def bugs() -> list[BugDialog]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, BugDialog)]

    qtbot.waitUntil(lambda: len(bugs()) == 1)
    bugs()[0].close()
    assert "a fault" in capsys.readouterr().err


def test_a_demo_that_does_not_start_takes_back_that_it_is_starting(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: DemoServer) -> str:
        raise S3ConnectionError("start the demo")

    def shown() -> list[ErrorDialog]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, ErrorDialog) and w.isVisible()]

    monkeypatch.setattr(DemoServer, "start", fail)
    program.start_demo()
    qtbot.waitUntil(lambda: len(shown()) == 1)
    shown()[0].close()
    assert program.controller.workspace.banner is None


def test_damaged_settings_files_are_told_once_and_kept(
    qapp: QApplication, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3BROWSER_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    (tmp_path / "config").mkdir()
    for name in ("preferences.json", "connections.json"):
        (tmp_path / "config" / name).write_text("{broken")
    program = Program(qapp, parser().parse_args([]))
    program.window.show()
    qtbot.waitUntil(lambda: program.is_ready)
    banner = program.controller.workspace.banner
    assert banner is not None
    assert banner.accessibleName().count(":") == 2  # one for each file
    assert (tmp_path / "config" / "preferences.json.bad").read_text() == "{broken"
    program.window.close()
    program.stop()
    program.window.deleteLater()
    program.deleteLater()
