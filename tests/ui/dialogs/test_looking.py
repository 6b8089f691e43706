"""What shows while many files are looked at."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from s3browser.jobs.cancel import CancelToken
from s3browser.ui.dialogs import looking
from s3browser.ui.dialogs.looking import LOOKING, Looking, LookingSheet
from tests.ui.accessibility import nameless, rich_labels, said


@pytest.fixture
def token() -> CancelToken:
    return CancelToken()


@pytest.fixture
def sheet(window: QWidget, token: CancelToken, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Looking]:
    """Look so long that the sheet shows at once."""
    monkeypatch.setattr(looking, "SHOW_AFTER_MS", 0)

    def start() -> Looking:
        found = Looking(token, window)
        found.set_found(1, 1000)
        qtbot.waitUntil(lambda: bool(sheets()))
        return found

    return start


def sheets() -> list[LookingSheet]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, LookingSheet) and w.isVisible()]


def test_says_so_soon_and_no_longer_than_it_lasts(window: QWidget, token: CancelToken, qtbot: QtBot) -> None:
    found = Looking(token, window)
    with qtbot.waitSignal(found.said) as told:
        pass
    assert told.args == [LOOKING]
    with qtbot.waitSignal(found.said) as told:
        found.end()
    assert told.args == [""]
    assert not token.is_set()


def test_what_is_over_at_once_shows_nothing(window: QWidget, token: CancelToken, qtbot: QtBot) -> None:
    found = Looking(token, window)
    told: list[str] = []
    found.said.connect(told.append)
    with qtbot.waitSignal(found.destroyed):
        found.end()
    assert told == [""]
    assert sheets() == []


def test_a_long_look_counts_and_closes_by_itself(
    sheet: Callable[[], Looking], token: CancelToken, qtbot: QtBot
) -> None:
    found = sheet()
    shown = sheets()[0]
    assert "1 file, 1 KB so far" in said(shown)
    found.set_found(12_345, 4_200_000_000)
    assert "12,345 files, 4.2 GB so far" in said(shown)
    assert nameless(shown) == []
    assert rich_labels(shown) == []
    with qtbot.waitSignal(found.said):
        found.end()
    assert sheets() == []
    assert not token.is_set()


def test_escape_cancels_it(sheet: Callable[[], Looking], token: CancelToken, qtbot: QtBot) -> None:
    found = sheet()
    with qtbot.waitSignal(found.said) as told:
        QTest.keyClick(sheets()[0], Qt.Key.Key_Escape)
    assert told.args == [""]
    assert token.is_set()
    assert sheets() == []


def test_before_anything_was_counted_it_promises_that_nothing_moves(window: QWidget) -> None:
    assert "Nothing moves before" in said(LookingSheet(window))
