import os
import time
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtWidgets import QApplication

from s3browser.ui.browser import drag_out
from s3browser.ui.browser.drag_out import DragOut, sweep


def test_downloads_that_end_after_the_drop_was_given_up_are_let_be(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drag_out, "_PATIENCE_MS", 1)
    told: list[object] = []
    data = DragOut([], told.append)
    assert data.retrieveData("text/uri-list", None) is None
    shiboken6.delete(data)  # as Qt does once the drag is over
    finished = told[0]
    assert callable(finished)
    finished(True)


def test_sweeping_passes_over_what_is_gone_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "a gone one").symlink_to(tmp_path / "nowhere")
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    yesterday = time.time() - 100_000
    os.utime(tmp_path / "old", (yesterday, yesterday))
    sweep(tmp_path)
    assert not (tmp_path / "old").exists()
    assert (tmp_path / "new").exists()
