import dataclasses
import re
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from s3browser.model.connections import ConnectionProfile, Secret, SignIn
from s3browser.ui.choice import Choice
from s3browser.ui.connections.address import is_exposed, parse_address
from s3browser.ui.dialogs.add_bucket import bucket_entry
from s3browser.ui.fold import Fold
from s3browser.ui.icons import icon
from s3browser.ui.labels import PlainLabel, set_role
from s3browser.ui.theme import GRID

_LABEL_WIDTH = 14 * GRID
_KEPT = "Unchanged"


class Field(QWidget):
    """A labelled control with room for what is wrong with it, in place."""

    def __init__(self, label: str, control: QWidget, parent: QWidget, *, beside: QWidget | None = None) -> None:
        super().__init__(parent)
        self.control = control
        caption = QLabel(label, self)
        caption.setBuddy(control)
        caption.setProperty("role", "muted")
        control.setAccessibleName(label)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(control, 1)
        if beside:
            row.addWidget(beside)
        self._remark = PlainLabel("", self, role="danger")
        self._remark.hide()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(GRID // 2)
        grid.setColumnMinimumWidth(0, _LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        grid.addWidget(caption, 0, 0)
        grid.addLayout(row, 0, 1)
        grid.addWidget(self._remark, 1, 1)

    def set_problem(self, text: str) -> None:
        """Say what is wrong; empty where nothing is."""
        self._remark_on(text, "danger")
        self.control.setProperty("problem", bool(text))
        set_role(self.control, self.control.property("role") or "")

    def set_warning(self, text: str) -> None:
        """Say what is risky, but allowed."""
        self._remark_on(text, "warning")

    @property
    def remark(self) -> str:
        """The problem or the warning that shows."""
        return self._remark.text()

    def _remark_on(self, text: str, role: str) -> None:
        self._remark.setText(text)
        set_role(self._remark, role)
        self._remark.setVisible(bool(text))
        self.control.setAccessibleDescription(text)


class SecretEdit(QLineEdit):
    """Hides what is typed; ``reveal``, a button to put beside it, shows it."""

    def __init__(self, what: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.reveal = QToolButton(parent)
        self.reveal.setCheckable(True)
        self.reveal.setProperty("role", "quiet")
        self.reveal.setAccessibleName(f"Show the {what}")
        self.reveal.setToolTip(f"Show the {what}")
        self.reveal.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.reveal.toggled.connect(self._on_reveal)
        self._on_reveal(False)

    @Slot(bool)
    def _on_reveal(self, shows: bool) -> None:
        self.setEchoMode(QLineEdit.EchoMode.Normal if shows else QLineEdit.EchoMode.Password)
        self.reveal.setIcon(icon("eye-slash" if shows else "eye"))


class ConnectionForm(QWidget):
    """The fields of a connection and what is wrong with them. Knows no server.

    Args:
        aws_profiles: the names in ``~/.aws``; none: that way to sign in is not offered.
        profile: what to edit; None for a new one.
        parent: owns it.

    Signals:
        edited: somebody changed something; an earlier test says nothing any more.
    """

    edited = Signal()

    def __init__(self, aws_profiles: Sequence[str], profile: ConnectionProfile | None, parent: QWidget) -> None:
        super().__init__(parent)
        self._profile = profile
        self._checks_live = False
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(GRID)

        self.kind = Choice(self)
        self.kind.addItem("Amazon S3", False)
        self.kind.addItem("Another S3 server", True)
        self._add("Service", self.kind)
        self.address = QLineEdit(self)
        self.address.setPlaceholderText("storage.example.com:9000")
        self.address_field = self._add("Address", self.address)
        self.sign_in = Choice(self)
        self.sign_in.addItem("Access key and secret key", SignIn.KEYS)
        if aws_profiles or (profile and profile.sign_in is SignIn.AWS_PROFILE):
            self.sign_in.addItem("AWS profile of this computer", SignIn.AWS_PROFILE)
        self.sign_in.addItem("What this computer is set up with", SignIn.ENVIRONMENT)
        self._add("Sign in with", self.sign_in)
        self.access_key = QLineEdit(self)
        self.access_key_field = self._add("Access key", self.access_key)
        self.secret_key = SecretEdit("secret key", self)
        self.secret_key_field = self._add("Secret key", self.secret_key, beside=self.secret_key.reveal)
        self.aws_profile = Choice(self)
        self.aws_profile.addItems(list(aws_profiles))
        self.aws_profile_field = self._add("AWS profile", self.aws_profile)
        self.name = QLineEdit(self)
        self._add("Name", self.name)
        self._add_advanced()

        if profile:
            self._fill(profile)
        for edit in self.findChildren(QLineEdit):
            edit.textChanged.connect(self._on_edited)
        for box in self.findChildren(QComboBox):
            box.currentIndexChanged.connect(self._on_edited)
        self._on_edited()

    def _add(self, label: str, control: QWidget, *, beside: QWidget | None = None) -> Field:
        field = Field(label, control, self, beside=beside)
        self._layout.addWidget(field)
        return field

    def _add_advanced(self) -> None:
        content = QWidget(self)
        outer, self._layout = self._layout, QVBoxLayout(content)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(GRID)
        self.region = QLineEdit(content)
        self.region.setPlaceholderText("Found automatically")
        self._add("Region", self.region)
        self.addressing = Choice(content)
        self.addressing.addItem("Automatic", "auto")
        self.addressing.addItem("Bucket in the path", "path")
        self.addressing.addItem("Bucket in the server’s name", "virtual")
        self._add("Addressing", self.addressing)
        self.session_token = SecretEdit("session token", content)
        self.session_token.setPlaceholderText("Only with temporary keys")
        self.session_token_field = self._add("Session token", self.session_token, beside=self.session_token.reveal)
        self.ca_file = QLineEdit(content)
        self.ca_file.setPlaceholderText("Those this computer trusts")
        choose = QPushButton("Choose…", content)
        choose.setAccessibleName("Choose a certificate file")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose_ca_file)
        self.ca_file_field = self._add("Certificates", self.ca_file, beside=choose)
        self.buckets = QLineEdit(content)
        self.buckets.setPlaceholderText("For keys that may not list them")
        self.buckets_field = self._add("Buckets", self.buckets)
        self._layout = outer
        self.advanced = Fold("Advanced", content, self)
        self._layout.addWidget(self.advanced)
        QWidget.setTabOrder(self.name, self.advanced.button)  # made after what it unfolds

    def _fill(self, profile: ConnectionProfile) -> None:
        self.name.setText(profile.name)
        self.kind.setCurrentIndex(self.kind.findData(profile.endpoint_url is not None))
        self.address.setText(profile.endpoint_url or "")
        self.sign_in.setCurrentIndex(self.sign_in.findData(profile.sign_in))
        if profile.aws_profile:
            if self.aws_profile.findText(profile.aws_profile) < 0:
                self.aws_profile.addItem(profile.aws_profile)
            self.aws_profile.setCurrentText(profile.aws_profile)
        if profile.sign_in is SignIn.KEYS:
            self.access_key.setPlaceholderText(_KEPT)
            self.secret_key.setPlaceholderText(_KEPT)
        self.region.setText(profile.region or "")
        self.addressing.setCurrentIndex(self.addressing.findData(profile.addressing_style))
        self.ca_file.setText(profile.ca_file or "")
        self.buckets.setText(", ".join(profile.buckets))
        self.advanced.set_open(
            bool(profile.region or profile.ca_file or profile.buckets) or profile.addressing_style != "auto"
        )

    @property
    def keeps_secret(self) -> bool:
        """Whether the keys saved earlier stay: none was typed."""
        had_keys = self._profile is not None and self._profile.sign_in is SignIn.KEYS
        typed = self.access_key.text().strip() or self.secret_key.text().strip() or self.session_token.text().strip()
        return had_keys and not typed

    def profile(self) -> ConnectionProfile:
        """What is entered. Call it after ``check``."""
        sign_in = SignIn(self.sign_in.currentData())
        profile = ConnectionProfile(
            profile_id=self._profile.profile_id if self._profile else uuid.uuid4().hex,
            name=self.name.text().strip(),
            endpoint_url=parse_address(self.address.text()) if self._is_other_server else None,
            region=self.region.text().strip() or None,
            addressing_style=str(self.addressing.currentData()),
            sign_in=sign_in,
            aws_profile=self.aws_profile.currentText() if sign_in is SignIn.AWS_PROFILE else None,
            ca_file=self.ca_file.text().strip() or None,
            buckets=_buckets(self.buckets.text()),
        )
        return profile if profile.name else dataclasses.replace(profile, name=profile.host)

    def secret(self) -> Secret | None:
        """The keys typed, or None where there are none: other ways to sign in, and keys that stay."""
        if self.sign_in.currentData() != SignIn.KEYS or self.keeps_secret:
            return None
        return Secret(
            self.access_key.text().strip(),
            self.secret_key.text().strip(),
            self.session_token.text().strip() or None,
        )

    def check(self) -> bool:
        """Say at each field what is wrong with it, from now on live, and go to the first one.

        Returns:
            Whether nothing is.
        """
        self._checks_live = True
        self._show_problems()
        first = next(((field, text) for field, text in self._problems() if text), None)
        if first is None:
            return True
        field, _ = first
        if field in (self.ca_file_field, self.buckets_field):
            self.advanced.set_open(True)
        field.control.setFocus()
        return False

    @property
    def _is_other_server(self) -> bool:
        return bool(self.kind.currentData())

    def _problems(self) -> list[tuple[Field, str]]:
        return [
            (self.address_field, _words(parse_address, self.address.text()) if self._is_other_server else ""),
            *self._key_problems(),
            (self.ca_file_field, _ca_problem(self.ca_file.text().strip())),
            (self.buckets_field, _words(_buckets, self.buckets.text())),
        ]

    def _key_problems(self) -> list[tuple[Field, str]]:
        if self.sign_in.currentData() != SignIn.KEYS or self.keeps_secret:
            return [(self.access_key_field, ""), (self.secret_key_field, "")]
        access_key, secret_key = self.access_key.text().strip(), self.secret_key.text().strip()
        missing = "" if access_key else "Enter the access key."
        return [
            (self.access_key_field, "An access key has no spaces." if " " in access_key else missing),
            (self.secret_key_field, "" if secret_key else "Enter the secret key."),
        ]

    def _show_problems(self) -> None:
        for field, problem in self._problems():
            field.set_problem(problem if self._checks_live else "")
        if self._is_other_server and not self.address_field.remark:
            try:
                exposed = is_exposed(parse_address(self.address.text()))
            except ValueError:
                exposed = False
            if exposed:
                self.address_field.set_warning("Not encrypted: others on the network could read your files.")

    @Slot()
    def _on_edited(self) -> None:
        sign_in = self.sign_in.currentData()
        self.address_field.setVisible(self._is_other_server)
        for field in (self.access_key_field, self.secret_key_field, self.session_token_field):
            field.setVisible(sign_in == SignIn.KEYS)
        self.aws_profile_field.setVisible(sign_in == SignIn.AWS_PROFILE)
        self._show_problems()
        try:
            url = parse_address(self.address.text()) if self._is_other_server else None
            self.name.setPlaceholderText(ConnectionProfile("", "", url).host)
        except ValueError:
            self.name.setPlaceholderText("As you like")
        self.edited.emit()

    @Slot()
    def _choose_ca_file(self) -> None:
        chooser = QFileDialog(self, "Choose a certificate file", self.ca_file.text())
        chooser.setNameFilters(["Certificates (*.pem *.crt *.cer)", "All files (*)"])
        chooser.fileSelected.connect(self.ca_file.setText)
        chooser.open()


def _words(check: Callable[[str], object], text: str) -> str:
    try:
        check(text)
    except ValueError as error:
        return str(error)
    return ""


def _buckets(text: str) -> tuple[str, ...]:
    """The buckets typed, parted by commas, semicolons or line ends."""
    return tuple(bucket_entry(entry) for entry in re.split(r"[,;\n]", text) if entry.strip())


def _ca_problem(path: str) -> str:
    """Whether it is there is for the test to say: looking would be I/O on the window's thread."""
    return "Enter the file’s whole path." if path and not Path(path).is_absolute() else ""
