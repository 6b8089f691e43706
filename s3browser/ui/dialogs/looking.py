from PySide6.QtCore import Slot
from PySide6.QtWidgets import QDialogButtonBox, QProgressBar, QWidget

from s3browser.model.text import plural, size_text
from s3browser.ui.dialogs.sheet import Sheet
from s3browser.ui.labels import PlainLabel


class LookingSheet(Sheet):
    """Shows that many files are being looked at before any of them moves, how many so far, and ends it on Cancel.

    ``rejected`` is QDialog’s: look no further, move nothing.
    """

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__("Looking at the files…", parent, window_title="Looking", icon_name="magnifying-glass")
        self._found = PlainLabel("Nothing moves before you have seen what there is.", self, role="muted")
        bar = QProgressBar(self)
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setAccessibleName("Looking at the files")
        self.body.addWidget(self._found)
        self.body.addWidget(bar)
        cancel = self.add_button("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        cancel.setDefault(True)
        cancel.setFocus()

    @Slot(object, object)
    def set_found(self, files: int, size_bytes: int) -> None:
        """Say how much there is so far."""
        self._found.setText(f"{plural(files, 'file')}, {size_text(size_bytes)} so far")
