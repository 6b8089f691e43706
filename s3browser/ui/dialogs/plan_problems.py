from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialogButtonBox, QTreeWidget, QTreeWidgetItem, QWidget

from s3browser.model.text import plural
from s3browser.model.transfers import Direction
from s3browser.ui.dialogs.error import CopyButton
from s3browser.ui.dialogs.sheet import Sheet
from s3browser.ui.labels import PlainLabel, short, tool_tip
from s3browser.ui.theme import GRID

_SHOWN_PER_REASON = 500
_PARTICIPLE = {Direction.UPLOAD: "uploaded", Direction.DOWNLOAD: "downloaded"}


class PlanProblemsDialog(Sheet):
    """One summary of what cannot be moved, by reason, before anything moves.

    Args:
        problems: name and reason of each.
        others: how many files can be moved.
        direction: which way.
        parent: the window it belongs to.

    Signals:
        continued: move the others; the dialog is closed. ``rejected`` is QDialog's: move nothing.
    """

    continued = Signal()

    def __init__(
        self, problems: Sequence[tuple[str, str]], others: int, direction: Direction, parent: QWidget | None
    ) -> None:
        participle = _PARTICIPLE[direction]
        count = len(problems)
        if others:
            title = f"{count:,} of {plural(count + others, 'file')} can’t be {participle}"
        elif count == 1:
            title = f"“{short(problems[0][0])}” can’t be {participle}"
        else:
            title = f"None of these {plural(count, 'file')} can be {participle}"
        super().__init__(title, parent, window_title="Can’t be moved", icon_name="warning", icon_colour="warning")
        self.body.addWidget(reason_tree(problems, "What can’t be moved, and why", self))
        copy = CopyButton("Copy list", "\n".join(f"{name}\t{reason}" for name, reason in problems), self)
        copy.setAutoDefault(False)
        self.body.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)
        if others:
            self.body.addWidget(PlainLabel(f"Nothing has been {participle} yet.", self, role="muted"))

        role = QDialogButtonBox.ButtonRole
        if others:
            go = self.add_button(f"Continue with the other {plural(others, 'file')}", role.AcceptRole, look="primary")
            go.setDefault(True)
            go.clicked.connect(self._continue)
        self.add_button("Cancel" if others else "Close", role.RejectRole)

    @Slot()
    def _continue(self) -> None:
        self.accept()
        self.continued.emit()


def reason_tree(problems: Sequence[tuple[str, str]], accessible_name: str, parent: QWidget) -> QTreeWidget:
    """The names under their reasons: a thousand files with one fault read as one fault."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in problems:
        by_reason.setdefault(reason, []).append(name)
    tree = QTreeWidget(parent)
    tree.setProperty("role", "card")
    tree.setAccessibleName(accessible_name)
    tree.setHeaderHidden(True)
    tree.setRootIsDecorated(False)
    tree.setItemsExpandable(False)
    tree.setIndentation(2 * GRID)
    tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    bold = tree.font()
    bold.setWeight(bold.Weight.DemiBold)
    for reason, names in by_reason.items():
        group = QTreeWidgetItem(tree, [reason])
        group.setToolTip(0, tool_tip(reason))
        group.setFont(0, bold)
        for name in names[:_SHOWN_PER_REASON]:
            QTreeWidgetItem(group, [name]).setToolTip(0, tool_tip(name))
        if len(names) > _SHOWN_PER_REASON:
            QTreeWidgetItem(group, [f"and {len(names) - _SHOWN_PER_REASON:,} more; “Copy list” has them all"])
    tree.expandAll()
    lines = min(len(problems) + len(by_reason), 9)
    tree.setFixedHeight(lines * max(tree.sizeHintForRow(0), 2 * GRID) + 2 * GRID)
    return tree
