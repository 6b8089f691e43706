from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from s3browser.ui.labels import tool_tip
from s3browser.ui.theme import GRID

_SHOWN_PER_REASON = 500


def reason_tree(problems: Sequence[tuple[str, str]], accessible_name: str, parent: QWidget) -> QTreeWidget:
    """The names under their reasons: a thousand files with one fault read as one fault."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in problems:
        by_reason.setdefault(reason, []).append(name)
    tree = QTreeWidget(parent)
    tree.setProperty("role", "card")
    tree.setAccessibleName(accessible_name)
    tree.setHeaderHidden(True)
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
