"""Windows are drawn off the screen, dressed as the program's are, and work in real lanes."""

import os
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from s3browser.jobs.runner import JobRunner
from s3browser.ui.relay import GuiRelay
from s3browser.ui.tasks import LANES, Tasks
from s3browser.ui.theme import Theme

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> Theme:
    """The program's look."""
    theme = Theme(qapp)
    theme.dress()
    return theme


@pytest.fixture
def window(qtbot: QtBot, theme: Theme) -> QWidget:
    """A window for dialogs to belong to.

    One without a parent could be destroyed by the lane that holds the last reference to its callback.
    """
    widget = QWidget()
    widget.resize(1000, 700)
    qtbot.addWidget(widget)
    widget.show()
    return widget


@pytest.fixture
def tasks(window: QWidget) -> Iterator[Tasks]:
    """Real lanes, brought back to the window's thread; an error that nobody handles fails the test."""
    unexpected: list[Exception] = []
    runner = JobRunner(LANES, GuiRelay(window).deliver)
    yield Tasks(runner, unexpected.append)
    assert runner.shutdown(), "a lane did not end"
    assert not unexpected
