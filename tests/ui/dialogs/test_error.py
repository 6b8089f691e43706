import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from s3browser.exceptions import (
    Cancelled,
    S3AccessDeniedError,
    S3ConnectionError,
    S3FileNotFoundError,
    S3IntegrationError,
)
from s3browser.ui.dialogs.error import BugDialog, ErrorDialog, bug_report, show_error
from tests.ui.accessibility import nameless, rich_labels, said


def button(dialog: QWidget, text: str) -> QPushButton:
    return next(each for each in dialog.findChildren(QPushButton) if each.text() == text)


def test_error_says_title_reason_hint_and_folds_the_facts(window: QWidget) -> None:
    error = S3FileNotFoundError("download", "s3://b/<b>x</b>report.pdf", "NoSuchKey", 404, "tx-1")
    dialog = ErrorDialog(error, window)
    dialog.open()
    words = said(dialog)
    assert error.title in words
    assert error.reason in words
    assert error.hint is not None
    assert error.hint in words
    assert "Request id: tx-1" in words
    assert not button(dialog, "Copy for IT").isVisible()
    assert rich_labels(dialog) == []
    assert nameless(dialog) == []


def test_copy_for_it_puts_the_whole_message_on_the_clipboard(window: QWidget) -> None:
    error = S3FileNotFoundError("download", "s3://b/report.pdf", "NoSuchKey", 404, "tx-1")
    dialog = ErrorDialog(error, window)
    copy = button(dialog, "Copy for IT")
    copy.click()
    assert QGuiApplication.clipboard().text() == error.message_for_it()
    assert copy.text() == "Copied"


def test_the_button_that_fixes_it_closes_and_asks(window: QWidget, qtbot: QtBot) -> None:
    dialog = ErrorDialog(S3ConnectionError("list", "s3://b/"), window, retry_text="Try again")
    dialog.open()
    fixing = button(dialog, "Try again")
    assert fixing.isDefault()
    with qtbot.waitSignal(dialog.action_requested):
        fixing.click()
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_close_asks_for_nothing(window: QWidget, qtbot: QtBot) -> None:
    dialog = ErrorDialog(S3ConnectionError("list", "s3://b/"), window, retry_text="Try again")
    dialog.open()
    with qtbot.assertNotEmitted(dialog.action_requested), qtbot.waitSignal(dialog.rejected):
        button(dialog, "Close").click()


def test_a_refusal_offers_the_message_for_the_administrator_first(window: QWidget) -> None:
    error = S3AccessDeniedError("upload", "s3://b/k", permission="s3:PutObject", resource="arn:aws:s3:::b/k")
    dialog = ErrorDialog(error, window, retry_text="Try again")
    copy = button(dialog, "Copy message for your administrator")
    assert copy.isDefault()
    assert copy.property("role") == "primary"
    assert button(dialog, "Try again").property("role") != "primary"
    copy.click()
    assert QGuiApplication.clipboard().text().startswith("Please allow s3:PutObject on arn:aws:s3:::b/k.")


def fail_with_a_local_secret() -> None:
    hidden = "wJalrXUtnFEMI"
    raise ValueError(f"a value of {len(hidden)} characters")


def test_a_bug_report_has_the_traceback_without_values(window: QWidget) -> None:
    with pytest.raises(ValueError, match="13 characters") as caught:
        fail_with_a_local_secret()
    dialog = BugDialog(caught.value, window)
    button(dialog, "Copy report").click()
    report = QGuiApplication.clipboard().text()
    assert "fail_with_a_local_secret" in report
    assert "ValueError: a value of 13 characters" in report
    assert report == bug_report(caught.value)
    assert nameless(dialog) == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [(S3ConnectionError("list"), ErrorDialog), (RuntimeError("?"), BugDialog), (Cancelled(), type(None))],
)
def test_show_error_opens_what_fits(window: QWidget, error: Exception, kind: type) -> None:
    dialog = show_error(window, error)
    assert type(dialog) is kind
    if dialog:
        assert dialog.isVisible()
        assert dialog.parent() is window


def test_a_long_name_fits_into_the_dialog(window: QWidget) -> None:
    dialog = ErrorDialog(S3IntegrationError("upload", "s3://b/" + "long_name_" * 100), window)
    dialog.open()
    assert dialog.width() <= 480
    assert dialog.height() < 300
    assert "long_name_long_name" in dialog.headline.toolTip()
