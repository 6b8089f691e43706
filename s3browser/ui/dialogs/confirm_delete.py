from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialogButtonBox, QWidget

from s3browser.exceptions import S3IntegrationError
from s3browser.model.columns import totals
from s3browser.model.listing import Row
from s3browser.model.text import plural, size_text
from s3browser.ui.dialogs.name_list import SHOWN, NameList
from s3browser.ui.dialogs.sheet import Sheet
from s3browser.ui.labels import PlainLabel, short

_CONSEQUENCE = {
    True: "This bucket keeps earlier versions, so they can be brought back.",
    False: "This can’t be undone.",
    None: "This can’t be undone, unless the bucket keeps earlier versions.",
}


class ConfirmDeleteDialog(Sheet):
    """Says how many files and how much would be deleted, before it happens.

    Files alone are counted at once; for folders the caller counts (``FolderCounter``) and reports. Until the
    count is complete nothing can be deleted, because nobody would know what.

    Args:
        rows: what would be deleted.
        parent: the window it belongs to.
        keeps_versions: whether the bucket is versioned; None where that is not known.

    Signals:
        confirmed: delete them; the dialog is closed. ``rejected`` is QDialog's.
    """

    confirmed = Signal()

    def __init__(self, rows: Sequence[Row], parent: QWidget | None, *, keeps_versions: bool | None = None) -> None:
        files, folders, size_bytes = totals(rows)
        has_folders = folders > 0
        if len(rows) == 1:
            title = f"Delete “{short(rows[0].name)}”?"
        else:
            title = f"Delete {len(rows):,} {'items' if has_folders else 'files'}?"
        super().__init__(title, parent, window_title="Delete", icon_name="trash", icon_colour="danger")
        self._has_folders = has_folders
        if len(rows) > 1:
            self.body.addWidget(NameList([(row.kind, row.name) for row in rows[:SHOWN]], len(rows), self))
        self._count = PlainLabel("Counting…", self)
        self.body.addWidget(self._count)
        self._consequence = PlainLabel(_CONSEQUENCE[keeps_versions], self, role="muted")
        self.body.addWidget(self._consequence)

        role = QDialogButtonBox.ButtonRole
        self.delete_button = self.add_button("Delete", role.AcceptRole, look="danger")
        self.delete_button.setAutoDefault(False)
        self.delete_button.setEnabled(False)
        self.delete_button.clicked.connect(self._confirm)
        cancel = self.add_button("Cancel", role.RejectRole)
        cancel.setDefault(True)
        cancel.setFocus()
        if not has_folders:
            self.set_count(files, size_bytes, True)

    @Slot(object, object, bool)
    def set_count(self, files: int, size_bytes: int, is_complete: bool) -> None:
        """Show what was counted so far, or in the end."""
        found = f"{plural(files, 'file')}, {size_text(size_bytes)}"
        self.delete_button.setEnabled(is_complete)
        if not is_complete:
            self._count.setText(f"Counting… {found} so far")
        elif files or not self._has_folders:
            self._count.setText(f"{found} in all." if files > 1 else f"{found}.")
            self.delete_button.setText(f"Delete {plural(files, 'file')}")
        else:
            self._count.setText("There are no files in it.")
            self.delete_button.setText("Delete empty folder")

    @Slot(object)
    def set_count_failed(self, error: Exception) -> None:
        """Say why it could not be counted; it can’t be deleted either then."""
        words = [error.reason, error.hint or ""] if isinstance(error, S3IntegrationError) else []
        self._count.setText(" ".join(["The files could not be counted, so nothing was deleted.", *words]).strip())
        self.delete_button.setEnabled(False)

    @Slot()
    def _confirm(self) -> None:
        self.accept()
        self.confirmed.emit()
