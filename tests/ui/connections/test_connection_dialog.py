import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from s3browser.exceptions import S3ConnectionError, S3CredentialsError, SettingsError
from s3browser.model.connections import ConnectionProfile, Secret, SignIn
from s3browser.ui.connections.dialog import ConnectionDialog, TestConnection
from s3browser.ui.connections.keyring_notice import KeyringNotice
from s3browser.ui.connections.welcome import WelcomePage
from s3browser.ui.tasks import Tasks
from tests.ui.accessibility import nameless, rich_labels, said

SECRET = "wJalrXUtnFEMI/K7MDENG"
TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN"
Open = Callable[..., ConnectionDialog]


def three_buckets(_profile: ConnectionProfile, _secret: Secret | None) -> int | None:
    return 3


@pytest.fixture
def open_dialog(tasks: Tasks, window: QWidget) -> Open:
    def open_it(test: TestConnection = three_buckets, profile: ConnectionProfile | None = None) -> ConnectionDialog:
        dialog = ConnectionDialog(tasks, test, ["default", "work"], profile, window)
        dialog.open()
        return dialog

    return open_it


def fill(dialog: ConnectionDialog, address: str = "storage.example.com:9000") -> None:
    dialog.form.kind.setCurrentIndex(1)
    dialog.form.address.setText(address)
    dialog.form.access_key.setText("AKIAEXAMPLE")
    dialog.form.secret_key.setText(SECRET)


class TestSaving:
    def test_hands_over_the_profile_and_its_secret_apart(self, open_dialog: Open, qtbot: QtBot) -> None:
        dialog = open_dialog()
        fill(dialog)
        dialog.form.region.setText("eu-central-1")
        dialog.form.addressing.setCurrentIndex(1)
        dialog.form.ca_file.setText("/certificates/ca.pem")
        dialog.form.buckets.setText("acme-marketing, s3://acme/press")
        dialog.form.session_token.setText(TOKEN)
        with qtbot.waitSignal(dialog.saved) as saved:
            dialog.save_button.click()
        assert saved.args is not None
        profile, secret = saved.args
        assert profile == ConnectionProfile(
            profile.profile_id,
            "storage.example.com:9000",
            "https://storage.example.com:9000",
            "eu-central-1",
            "path",
            SignIn.KEYS,
            None,
            "/certificates/ca.pem",
            ("acme-marketing", "acme/press/"),
        )
        assert len(profile.profile_id) == 32
        assert secret == Secret("AKIAEXAMPLE", SECRET, TOKEN)

    def test_amazon_has_no_address(self, open_dialog: Open, qtbot: QtBot) -> None:
        dialog = open_dialog()
        fill(dialog, "nonsense//")
        dialog.form.kind.setCurrentIndex(0)
        dialog.form.name.setText(" Acme ")
        with qtbot.waitSignal(dialog.saved) as saved:
            QTest.keyClick(dialog.form.name, Qt.Key.Key_Return)
        assert saved.args is not None
        profile, _ = saved.args
        assert (profile.endpoint_url, profile.name) == (None, "Acme")

    def test_an_aws_profile_needs_no_keys(self, open_dialog: Open, qtbot: QtBot) -> None:
        dialog = open_dialog()
        dialog.form.sign_in.setCurrentIndex(dialog.form.sign_in.findData(SignIn.AWS_PROFILE))
        assert not dialog.form.access_key.isVisible()
        dialog.form.aws_profile.setCurrentText("work")
        with qtbot.waitSignal(dialog.saved) as saved:
            dialog.save_button.click()
        assert saved.args is not None
        profile, secret = saved.args
        assert (profile.sign_in, profile.aws_profile, secret) == (SignIn.AWS_PROFILE, "work", None)

    def test_escape_saves_nothing(self, open_dialog: Open, qtbot: QtBot) -> None:
        dialog = open_dialog()
        fill(dialog)
        with qtbot.assertNotEmitted(dialog.saved), qtbot.waitSignal(dialog.rejected):
            QTest.keyClick(dialog, Qt.Key.Key_Escape)


class TestEditing:
    PROFILE = ConnectionProfile(
        "p1", "Acme", "https://storage.example.com", "eu-west-1", "virtual", buckets=("acme", "press/2026/")
    )

    def test_untouched_it_comes_back_as_it_was_with_its_keys(self, open_dialog: Open, qtbot: QtBot) -> None:
        dialog = open_dialog(profile=self.PROFILE)
        assert dialog.form.advanced.content.isVisible()
        with qtbot.waitSignal(dialog.saved) as saved:
            dialog.save_button.click()
        assert saved.args == [self.PROFILE, None]

    def test_one_new_key_needs_the_other(self, open_dialog: Open, qtbot: QtBot) -> None:
        dialog = open_dialog(profile=self.PROFILE)
        dialog.form.secret_key.setText(SECRET)
        with qtbot.assertNotEmitted(dialog.saved):
            dialog.save_button.click()
        assert dialog.form.access_key_field.remark == "Enter the access key."
        dialog.form.access_key.setText("AKIANEW")
        with qtbot.waitSignal(dialog.saved) as saved:
            dialog.save_button.click()
        assert saved.args == [self.PROFILE, Secret("AKIANEW", SECRET)]

    def test_a_profile_that_left_this_computer_is_still_shown(self, open_dialog: Open) -> None:
        gone = ConnectionProfile("p2", "Old", sign_in=SignIn.AWS_PROFILE, aws_profile="gone")
        assert open_dialog(profile=gone).form.aws_profile.currentText() == "gone"

    def test_changing_to_keys_asks_for_them(self, open_dialog: Open, qtbot: QtBot) -> None:
        dialog = open_dialog(profile=ConnectionProfile("p2", "Old", sign_in=SignIn.ENVIRONMENT))
        dialog.form.sign_in.setCurrentIndex(dialog.form.sign_in.findData(SignIn.KEYS))
        with qtbot.assertNotEmitted(dialog.saved):
            dialog.save_button.click()
        assert dialog.form.access_key_field.remark == "Enter the access key."


class TestValidation:
    def test_names_every_field_and_why_and_goes_to_the_first(self, open_dialog: Open, qtbot: QtBot) -> None:
        dialog = open_dialog()
        dialog.form.kind.setCurrentIndex(1)
        assert dialog.form.address_field.remark == ""
        with qtbot.assertNotEmitted(dialog.saved):
            dialog.save_button.click()
        assert dialog.form.address_field.remark == "Enter the server’s address."
        assert dialog.form.access_key_field.remark == "Enter the access key."
        assert dialog.form.secret_key_field.remark == "Enter the secret key."
        assert dialog.form.address.accessibleDescription() == "Enter the server’s address."
        qtbot.waitUntil(dialog.form.address.hasFocus)

    def test_a_problem_goes_away_as_soon_as_it_is_mended(self, open_dialog: Open) -> None:
        dialog = open_dialog()
        dialog.save_button.click()
        assert dialog.form.secret_key_field.remark
        dialog.form.secret_key.setText(SECRET)
        assert dialog.form.secret_key_field.remark == ""
        assert dialog.form.access_key_field.remark

    def test_unfolds_where_the_problem_is(self, open_dialog: Open) -> None:
        dialog = open_dialog()
        fill(dialog)
        dialog.form.buckets.setText("ok-bucket, a b")
        dialog.save_button.click()
        assert dialog.form.buckets.isVisible()
        assert "3 or more letters" in dialog.form.buckets_field.remark

    def test_http_to_another_computer_is_warned_about_and_allowed(self, open_dialog: Open, qtbot: QtBot) -> None:
        dialog = open_dialog()
        fill(dialog, "http://storage.example.com")
        assert "Not encrypted" in dialog.form.address_field.remark
        with qtbot.waitSignal(dialog.saved):
            dialog.save_button.click()

    def test_http_to_this_computer_is_not(self, open_dialog: Open) -> None:
        dialog = open_dialog()
        fill(dialog, "http://127.0.0.1:9000")
        assert dialog.form.address_field.remark == ""


class TestTrying:
    @pytest.mark.parametrize(
        ("count", "words"),
        [(3, "Connected. 3 buckets."), (1, "Connected. 1 bucket."), (0, "Connected. 0 buckets."), (None, "“Advanced”")],
    )
    def test_says_what_it_saw(self, open_dialog: Open, qtbot: QtBot, count: int | None, words: str) -> None:
        dialog = open_dialog(lambda _profile, _secret: count)
        fill(dialog)
        dialog.test_button.click()
        qtbot.waitUntil(lambda: words in dialog.outcome.text)
        assert dialog.test_button.text() == "Test connection"

    def test_tries_what_is_entered(self, open_dialog: Open, qtbot: QtBot) -> None:
        seen: list[tuple[str | None, Secret | None]] = []

        def test(profile: ConnectionProfile, secret: Secret | None) -> int:
            seen.append((profile.endpoint_url, secret))
            return 1

        dialog = open_dialog(test)
        fill(dialog)
        dialog.test_button.click()
        qtbot.waitUntil(lambda: "Connected" in dialog.outcome.text)
        assert seen == [("https://storage.example.com:9000", Secret("AKIAEXAMPLE", SECRET))]

    def test_an_error_is_said_in_place_with_its_details(self, open_dialog: Open, qtbot: QtBot) -> None:
        error = S3CredentialsError("connect", "https://storage.example.com", "SignatureDoesNotMatch", 403, "tx-7")

        def refuse(_profile: ConnectionProfile, _secret: Secret | None) -> int:
            raise error

        dialog = open_dialog(refuse)
        fill(dialog)
        dialog.test_button.click()
        qtbot.waitUntil(lambda: error.reason in dialog.outcome.text)
        assert error.hint is not None
        assert error.hint in dialog.outcome.text
        copy = next(each for each in dialog.findChildren(QPushButton) if each.text() == "Copy for IT")
        copy.click()
        assert "Request id: tx-7" in QGuiApplication.clipboard().text()

    def test_without_what_is_needed_nothing_is_asked(self, open_dialog: Open) -> None:
        asked: list[bool] = []
        dialog = open_dialog(lambda _profile, _secret: asked.append(True))
        dialog.test_button.click()
        assert dialog.form.access_key_field.remark
        assert dialog.test_button.text() == "Test connection"
        assert asked == []

    def test_a_slow_test_says_so_and_can_be_stopped(self, open_dialog: Open, qtbot: QtBot) -> None:
        asked, answer, answered = threading.Event(), threading.Event(), threading.Event()

        def slow(_profile: ConnectionProfile, _secret: Secret | None) -> int:
            asked.set()
            assert answer.wait(10)
            answered.set()
            return 3

        dialog = open_dialog(slow)
        fill(dialog)
        dialog.test_button.click()
        assert dialog.outcome.text == ""
        qtbot.waitUntil(lambda: dialog.outcome.text == "Connecting…")
        assert dialog.test_button.text() == "Stop test"
        assert asked.wait(10)
        dialog.test_button.click()
        assert dialog.outcome.text == ""
        assert dialog.test_button.text() == "Test connection"
        answer.set()
        assert answered.wait(10)

    def test_what_is_changed_makes_an_earlier_answer_void(self, open_dialog: Open, qtbot: QtBot) -> None:
        dialog = open_dialog()
        fill(dialog)
        dialog.test_button.click()
        qtbot.waitUntil(lambda: "Connected" in dialog.outcome.text)
        dialog.form.address.setText("other.example.com")
        assert dialog.outcome.text == ""
        assert not dialog.outcome.isVisible()


class TestSecrets:
    def test_nothing_shown_or_read_out_holds_a_secret(self, open_dialog: Open, qtbot: QtBot) -> None:
        def refuse(_profile: ConnectionProfile, secret: Secret | None) -> int:
            raise S3ConnectionError("connect", "https://storage.example.com", "Timeout", server_message=repr(secret))

        dialog = open_dialog(refuse)
        fill(dialog)
        dialog.form.session_token.setText(TOKEN)
        dialog.test_button.click()
        qtbot.waitUntil(lambda: "took too long" in dialog.outcome.text)
        words = said(dialog)
        assert SECRET not in words
        assert TOKEN not in words

    def test_hidden_until_asked_for(self, open_dialog: Open) -> None:
        secret_key = open_dialog().form.secret_key
        assert secret_key.echoMode() is QLineEdit.EchoMode.Password
        secret_key.reveal.click()
        assert secret_key.echoMode() is QLineEdit.EchoMode.Normal
        secret_key.reveal.click()
        assert secret_key.echoMode() is QLineEdit.EchoMode.Password


def test_every_control_has_a_name_and_no_text_is_html(open_dialog: Open) -> None:
    dialog = open_dialog()
    assert nameless(dialog) == []
    dialog.form.name.setText("<b>x</b>")
    assert [text for text in rich_labels(dialog) if "<" in text] == []


def test_tab_goes_through_the_fields_in_their_order(open_dialog: Open, qtbot: QtBot) -> None:
    dialog = open_dialog()
    form = dialog.form
    form.advanced.set_open(True)
    qtbot.waitUntil(form.kind.hasFocus)
    keys = (form.sign_in, form.access_key, form.secret_key, form.secret_key.reveal, form.name)
    advanced = (form.advanced.button, form.region, form.addressing, form.session_token, form.session_token.reveal)
    choose = form.findChild(QPushButton)
    for follower in (*keys, *advanced, form.ca_file, choose, form.buckets, dialog.test_button, dialog.save_button):
        QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
        assert dialog.focusWidget() is follower


def test_no_keyring_offers_this_session_only(window: QWidget, qtbot: QtBot) -> None:
    error = SettingsError("save_secret", "Acme", "NoKeyring")
    notice = KeyringNotice(error, window)
    notice.open()
    assert error.reason in said(notice)
    assert nameless(notice) == []
    keep = next(each for each in notice.findChildren(QPushButton) if each.text() == "Keep for this session only")
    with qtbot.waitSignal(notice.session_only_chosen):
        keep.click()


def test_welcome_leads_on(window: QWidget, qtbot: QtBot) -> None:
    page = WelcomePage(window)
    with qtbot.waitSignal(page.connect_requested), qtbot.assertNotEmitted(page.demo_requested):
        page.connect_button.click()
    with qtbot.waitSignal(page.demo_requested):
        page.demo_button.click()
    assert nameless(page) == []
