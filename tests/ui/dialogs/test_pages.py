"""Empty places and the banner."""

from PySide6.QtWidgets import QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from s3browser.ui.banner import Banner
from s3browser.ui.state_page import StatePage
from tests.ui.accessibility import accessible_name, nameless, rich_labels, said


def test_a_state_page_says_what_to_do_next(window: QWidget, qtbot: QtBot) -> None:
    page = StatePage("lock", "Couldn’t open <b>x</b>", "You are not allowed.", "Try again", parent=window)
    assert accessible_name(page) == "Couldn’t open <b>x</b>. You are not allowed."
    assert rich_labels(page) == []
    assert nameless(page) == []
    button = page.findChild(QPushButton)
    assert isinstance(button, QPushButton)
    with qtbot.waitSignal(page.button_clicked):
        button.click()


def test_a_state_page_without_a_button_has_none(window: QWidget) -> None:
    page = StatePage("upload-simple", "Drop files here", parent=window)
    assert page.findChild(QPushButton) is None


def test_a_banner_can_be_put_away_or_acted_on(window: QWidget, qtbot: QtBot) -> None:
    banner = Banner("You are offline: <i>x</i>", "Try again", parent=window)
    banner.show()
    assert "You are offline: <i>x</i>" in said(banner)
    assert rich_labels(banner) == []
    assert nameless(banner) == []
    button, close = banner.findChild(QPushButton), banner.findChild(QToolButton)
    assert isinstance(button, QPushButton)
    assert isinstance(close, QToolButton)
    with qtbot.waitSignal(banner.button_clicked), qtbot.assertNotEmitted(banner.closed):
        button.click()
    with qtbot.waitSignal(banner.closed):
        close.click()
    assert not banner.isVisible()
