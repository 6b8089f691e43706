from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from s3browser.settings.preferences import Preferences
from s3browser.ui.theme import DARK, LIGHT, Theme
from s3browser.ui.transfers.settings_dialog import TransferSettingsDialog
from tests.ui.accessibility import nameless, rich_labels, said


@pytest.fixture
def changes() -> list[Preferences]:
    return []


@pytest.fixture
def dialog(window: QWidget, changes: list[Preferences]) -> Iterator[TransferSettingsDialog]:
    dialog = TransferSettingsDialog(Preferences(show_details=False, download_limit=2_500_000), window)
    dialog.changed.connect(changes.append)
    dialog.show()
    yield dialog
    dialog.close()


def test_it_shows_what_is_set(dialog: TransferSettingsDialog) -> None:
    assert dialog.connections.value() == 8
    assert dialog.upload_limit.text() == "Unlimited"
    assert dialog.download_limit.text() == "2.5 MB/s"
    assert (dialog.keep_awake.isChecked(), dialog.tell_end.isChecked()) == (True, True)


def test_every_change_counts_at_once_and_leaves_the_rest(
    dialog: TransferSettingsDialog, changes: list[Preferences]
) -> None:
    before = Preferences(show_details=False, download_limit=2_500_000)
    dialog.connections.setValue(3)
    assert changes[-1].max_connections == 3
    dialog.upload_limit.setValue(0.5)
    assert changes[-1].upload_limit == 500_000
    dialog.download_limit.setValue(0)
    assert changes[-1].download_limit is None
    dialog.keep_awake.click()
    dialog.tell_end.click()
    assert (changes[-1].keep_awake, changes[-1].tell_end) == (False, False)
    assert changes[-1].show_details == before.show_details
    assert len(changes) == 5


def test_a_number_half_typed_is_no_limit_yet(dialog: TransferSettingsDialog, changes: list[Preferences]) -> None:
    dialog.upload_limit.selectAll()
    QTest.keyClicks(dialog.upload_limit, "12")
    assert changes == []
    QTest.keyClick(dialog.upload_limit, Qt.Key.Key_Return)
    assert [each.upload_limit for each in changes] == [12_000_000]
    assert dialog.isVisible(), "Enter ends the typing, not the dialog"


def test_the_connections_stay_within_their_bounds(dialog: TransferSettingsDialog) -> None:
    dialog.connections.setValue(99)
    assert dialog.connections.value() == 32
    dialog.connections.setValue(0)
    assert dialog.connections.value() == 1


def test_everything_has_a_name(dialog: TransferSettingsDialog) -> None:
    assert (nameless(dialog), rich_labels(dialog)) == ([], [])
    for words in ("Connections at a time", "Upload no faster than", "Keep the computer awake while files move"):
        assert words in said(dialog)


@pytest.mark.parametrize(("scheme", "colours"), [(Qt.ColorScheme.Light, LIGHT), (Qt.ColorScheme.Dark, DARK)])
def test_ticks_and_arrows_follow_the_theme(
    theme: Theme, dialog: TransferSettingsDialog, qtbot: QtBot, scheme: Qt.ColorScheme, colours: object
) -> None:
    theme.set_scheme(scheme)
    tick, arrows = dialog.keep_awake.grab().toImage(), dialog.upload_limit.grab().toImage()
    theme.set_scheme(Qt.ColorScheme.Unknown)

    def seen(image: object, left: int, right: int) -> set[str]:
        return {QColor(image.pixel(x, y)).name() for x in range(left, right) for y in range(image.height())}  # type: ignore[attr-defined]

    assert colours.accent in seen(tick, 0, 16)  # type: ignore[attr-defined]
    assert len(seen(tick, 0, 16)) > 4, "a tick in it"
    assert len(seen(arrows, arrows.width() - 22, arrows.width() - 4)) > 2, "an arrow up and one down"
