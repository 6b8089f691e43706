from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QWidget

from s3browser.exceptions import S3IntegrationError
from s3browser.model.text import plural
from s3browser.ui.dialogs.error import error_details
from s3browser.ui.dialogs.sheet import Sheet
from s3browser.ui.labels import PlainLabel


class UncheckedDialog(Sheet):
    """Asks before an upload where nobody may look which names are taken: what is there would be replaced unseen.

    Args:
        count: how many files.
        why: why it could not be looked up.
        parent: the window it belongs to.

    Signals:
        confirmed: upload them all the same; the dialog is closed. ``rejected`` is QDialog's.
    """

    confirmed = Signal()

    def __init__(self, count: int, why: S3IntegrationError, parent: QWidget | None) -> None:
        super().__init__(
            f"Upload {plural(count, 'file')} without looking first?",
            parent,
            window_title="Upload",
            icon_name="warning",
            icon_colour="warning",
        )
        words = "You are not allowed to see what is in this folder. A file with the same name would be replaced."
        self.body.addWidget(PlainLabel(words, self))
        self.body.addWidget(error_details(why, self))
        role = QDialogButtonBox.ButtonRole
        self.upload_button = self.add_button("Upload", role.AcceptRole)
        self.upload_button.setAutoDefault(False)
        cancel = self.add_button("Cancel", role.RejectRole, look="primary")
        cancel.setDefault(True)
        cancel.setFocus()
        self.upload_button.clicked.connect(self._confirm)

    def _confirm(self) -> None:
        self.accept()
        self.confirmed.emit()
