from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QWidget

from s3browser.model.text import plural
from s3browser.ui.dialogs.error import CopyButton
from s3browser.ui.dialogs.reason_tree import reason_tree
from s3browser.ui.dialogs.sheet import Sheet


class DeleteProblemsDialog(Sheet):
    """One summary of the files that could not be deleted, by reason.

    Args:
        problems: key and reason of each.
        total: how many were to be deleted.
        parent: the window it belongs to.
    """

    def __init__(self, problems: Sequence[tuple[str, str]], total: int, parent: QWidget | None) -> None:
        title = f"{len(problems):,} of {plural(total, 'file')} could not be deleted"
        super().__init__(title, parent, window_title="Delete", icon_name="warning", icon_colour="warning")
        self.body.addWidget(reason_tree(problems, "What could not be deleted, and why", self))
        copy = CopyButton("Copy list", "\n".join(f"{name}\t{reason}" for name, reason in problems), self)
        copy.setAutoDefault(False)
        self.body.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)
        self.add_button("Close", QDialogButtonBox.ButtonRole.RejectRole).setDefault(True)
