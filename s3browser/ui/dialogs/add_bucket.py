import re

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialogButtonBox, QLineEdit, QWidget

from s3browser.model.locations import DELIMITER, parse_location
from s3browser.ui.dialogs.sheet import Sheet
from s3browser.ui.labels import PlainLabel

# As other servers and old accounts of Amazon's allow: capitals and underscores too.
_BUCKET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")


class AddBucketDialog(Sheet):
    """For keys that may not list buckets: asks for a bucket's name, or an address in it.

    Signals:
        bucket_entered: ``name`` or ``name/prefix/``, as ``ConnectionProfile.buckets`` holds it; the dialog is closed.
    """

    bucket_entered = Signal(str)

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__("Open a bucket by its name", parent, window_title="Add bucket")
        self.body.addWidget(
            PlainLabel(
                "These keys may not list the buckets, but they may open one whose name you know.", self, role="muted"
            )
        )
        self.name_edit = QLineEdit(self)
        self.name_edit.setAccessibleName("Name of the bucket")
        self.name_edit.setPlaceholderText("acme-marketing or s3://acme-marketing/campaigns")
        self.name_edit.textChanged.connect(self._check)
        self.body.addWidget(self.name_edit)
        self._problem = PlainLabel(" ", self, role="danger")
        self.body.addWidget(self._problem)
        role = QDialogButtonBox.ButtonRole
        self.add_bucket_button = self.add_button("Add bucket", role.AcceptRole, look="primary")
        self.add_bucket_button.setDefault(True)
        self.add_bucket_button.clicked.connect(self._add)
        self.add_button("Cancel", role.RejectRole)
        self._check()
        self.name_edit.setFocus()

    @Slot()
    def _check(self) -> None:
        text = self.name_edit.text().strip()
        problem = ""
        try:
            if text:
                bucket_entry(text)
        except ValueError as error:
            problem = str(error)
        self._problem.setText(problem or " ")
        self.name_edit.setAccessibleDescription(problem)
        self.add_bucket_button.setEnabled(bool(text) and not problem)

    @Slot()
    def _add(self) -> None:
        entry = bucket_entry(self.name_edit.text())
        self.accept()
        self.bucket_entered.emit(entry)


def bucket_entry(text: str) -> str:
    """``name`` or ``name/prefix/`` of what was typed: a bucket's name, ``bucket/folder`` or an ``s3://`` address.

    Raises:
        ValueError: it is none; with words for a person.
    """
    try:
        location = parse_location(text)
    except ValueError:
        raise ValueError("Enter a name, or an address that begins with s3://.") from None
    if not location.bucket:
        raise ValueError("Enter the name of a bucket.")
    if not _BUCKET_NAME.fullmatch(location.bucket):
        raise ValueError("A bucket’s name has 3 or more letters, digits, dots and hyphens.")
    if location.is_folder:
        return f"{location.bucket}/{location.key}" if location.key else location.bucket
    return f"{location.bucket}/{location.key}{DELIMITER}"
