from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialogButtonBox, QWidget

from s3browser.exceptions import SettingsError
from s3browser.ui.dialogs.error import error_details
from s3browser.ui.dialogs.sheet import Sheet
from s3browser.ui.labels import PlainLabel


class KeyringNotice(Sheet):
    """There is no usable keyring: offers to keep the keys in memory until the program ends, and nowhere else.

    Args:
        error: why the keyring can’t be used.
        parent: the window it belongs to.

    Signals:
        session_only_chosen: keep them for this session; the dialog is closed. ``rejected`` is QDialog's.
    """

    session_only_chosen = Signal()

    def __init__(self, error: SettingsError, parent: QWidget | None) -> None:
        super().__init__(
            "Your keys can’t be saved on this computer",
            parent,
            window_title="No keyring",
            icon_name="key",
            icon_colour="warning",
        )
        self.body.addWidget(PlainLabel(error.reason, self))
        self.body.addWidget(
            PlainLabel(
                "They can be kept until you close the program. They are never written to a file. "
                "Next time you would be asked for them again.",
                self,
                role="muted",
            )
        )
        self.body.addWidget(error_details(error, self))
        role = QDialogButtonBox.ButtonRole
        keep = self.add_button("Keep for this session only", role.AcceptRole, look="primary")
        keep.setDefault(True)
        keep.setFocus()
        keep.clicked.connect(self._keep)
        self.add_button("Cancel", role.RejectRole)

    @Slot()
    def _keep(self) -> None:
        self.accept()
        self.session_only_chosen.emit()
