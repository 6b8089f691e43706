from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from s3browser.model.locations import S3Location
from s3browser.ui.browser.path_bar import PathBar


@pytest.fixture
def bar(qtbot: QtBot) -> Iterator[PathBar]:
    ground = QWidget()
    ground.resize(700, 60)
    qtbot.addWidget(ground)
    bar = PathBar(ground)
    bar.resize(700, 40)
    ground.show()
    bar.show_location("Acme", S3Location("photos", "2026/<b>Spring & co/"))
    yield bar
    ground.close()


def line_edit(bar: PathBar) -> QLineEdit:
    found = bar.findChild(QLineEdit)
    assert isinstance(found, QLineEdit)
    return found


def buttons(bar: PathBar) -> list[QToolButton]:
    found = [button for button in bar.findChildren(QToolButton) if not button.isHidden() and button.text()]
    return sorted(found, key=lambda button: button.x())


def steps(bar: PathBar) -> list[str]:
    return [button.text() for button in buttons(bar)]


def test_every_step_can_be_clicked(bar: PathBar, qtbot: QtBot) -> None:
    assert steps(bar) == ["Acme", "photos", "2026", "<b>Spring && co"]
    with qtbot.waitSignal(bar.location_chosen) as chosen:
        buttons(bar)[1].click()
    assert chosen.args == [S3Location("photos")]


def test_a_narrow_bar_folds_the_first_steps_into_a_menu(bar: PathBar, qtbot: QtBot) -> None:
    bar.resize(180, 40)
    qtbot.waitUntil(lambda: "…" in steps(bar))
    fold = next(button for button in buttons(bar) if button.text() == "…")
    assert fold.menu().actions()[0].text() == "Acme"
    with qtbot.waitSignal(bar.location_chosen) as chosen:
        fold.menu().actions()[0].trigger()
    assert chosen.args == [S3Location()]


def test_an_address_can_be_typed_and_escaped_from(bar: PathBar, qtbot: QtBot) -> None:
    edit = line_edit(bar)
    bar.edit()
    assert edit.text() == "s3://photos/2026/<b>Spring & co/"
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    assert not edit.isVisible()
    bar.edit()
    edit.setText("s3://other/x.txt")
    with qtbot.waitSignal(bar.location_typed) as typed:
        QTest.keyClick(edit, Qt.Key.Key_Return)
    assert typed.args == [S3Location("other", "x.txt")]


def test_an_address_of_something_else_is_marked_and_not_followed(bar: PathBar, qtbot: QtBot) -> None:
    edit = line_edit(bar)
    bar.edit()
    edit.setText("https://example.org/")
    with qtbot.assertNotEmitted(bar.location_typed):
        QTest.keyClick(edit, Qt.Key.Key_Return)
    assert edit.property("problem")
    assert "not an s3:// address" in edit.toolTip()


def test_a_problem_is_plain_text_and_is_gone_when_one_begins_anew(bar: PathBar) -> None:
    edit = line_edit(bar)
    bar.edit()
    edit.setText("<b>ftp://x")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert "&lt;b&gt;" in edit.toolTip()
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    bar.edit()
    assert not edit.property("problem")
    assert not edit.toolTip()


def test_an_address_without_a_bucket_is_not_followed(bar: PathBar, qtbot: QtBot) -> None:
    edit = line_edit(bar)
    bar.edit()
    edit.setText("s3:///x.txt")
    with qtbot.assertNotEmitted(bar.location_typed):
        QTest.keyClick(edit, Qt.Key.Key_Return)
    assert edit.property("problem")


def test_typing_goes_on_after_the_menu_with_paste(bar: PathBar) -> None:
    edit = line_edit(bar)
    bar.edit()
    QApplication.sendEvent(edit, QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason.PopupFocusReason))
    assert edit.isVisible()
    QApplication.sendEvent(edit, QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason.MouseFocusReason))
    assert not edit.isVisible()
