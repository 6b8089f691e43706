from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QDialogButtonBox, QGridLayout, QRadioButton, QWidget

from s3browser.model.kinds import kind_of
from s3browser.model.text import plural, size_text
from s3browser.model.transfers import ConflictRule
from s3browser.ui.dates import date_text
from s3browser.ui.dialogs.name_list import NameList
from s3browser.ui.dialogs.sheet import Sheet
from s3browser.ui.labels import PlainLabel, set_role, short
from s3browser.ui.theme import GRID


@dataclass(frozen=True, slots=True)
class ConflictView:
    """One name that is there already, and what is known of both files; sizes in bytes."""

    name: str
    existing_size: int | None = None
    existing_modified_at: datetime | None = None
    new_size: int | None = None
    new_modified_at: datetime | None = None


_CHOICES = {
    ConflictRule.KEEP_BOTH: ("Keep both", "The new file gets a number: “Report (2).pdf”."),
    ConflictRule.REPLACE: ("Replace", "The new file takes the place of the one that is there."),
    ConflictRule.SKIP: ("Skip", "What is there stays as it is."),
}


class ConflictDialog(Sheet):
    """Settles, once for the whole batch, what happens to names that are there already.

    Args:
        conflicts: every one; the first few are shown.
        place: where they are, as a person names it: “Spring 2026”.
        parent: the window it belongs to.

    Signals:
        chosen: a ``ConflictRule`` for all of them; the dialog is closed. ``rejected`` is QDialog's: move nothing.
    """

    chosen = Signal(object)

    def __init__(self, conflicts: Sequence[ConflictView], place: str, parent: QWidget | None) -> None:
        count = len(conflicts)
        if count == 1:
            title = f"“{short(conflicts[0].name)}” is already in “{short(place)}”"
        else:
            title = f"{plural(count, 'file')} are already in “{short(place)}”"
        super().__init__(title, parent, window_title="Already there", icon_name="files", icon_colour="accent")
        self._suffix = f" {plural(count, 'file')}" if count > 1 else ""
        entries = [(kind_of(conflict.name), conflict.name, _comparison(conflict)) for conflict in conflicts]
        if count > 1 or entries[0][2]:
            self.body.addWidget(NameList(entries, self))
        self.body.addSpacing(GRID)

        self._choices = QButtonGroup(self)
        self._rules = list(_CHOICES)
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(GRID)
        grid.setColumnStretch(1, 1)
        for index, (text, description) in enumerate(_CHOICES.values()):
            radio = QRadioButton(text, self)
            radio.setAccessibleDescription(description)
            self._choices.addButton(radio, index)
            grid.addWidget(radio, index, 0)
            grid.addWidget(PlainLabel(description, self, role="muted"), index, 1)
        self.body.addLayout(grid)

        role = QDialogButtonBox.ButtonRole
        self.go_button = self.add_button("Keep both", role.AcceptRole, look="primary")
        self.go_button.setDefault(True)
        self.go_button.clicked.connect(self._choose)
        self.add_button("Cancel", role.RejectRole)
        self._choices.idToggled.connect(self._name_button)
        self._choices.button(0).setChecked(True)
        self._choices.button(0).setFocus()

    @property
    def rule(self) -> ConflictRule:
        """What is chosen now."""
        return self._rules[self._choices.checkedId()]

    @Slot()
    def _name_button(self) -> None:
        rule = self.rule
        text, _ = _CHOICES[rule]
        self.go_button.setText(text if rule is ConflictRule.KEEP_BOTH else text + self._suffix)
        set_role(self.go_button, "danger" if rule is ConflictRule.REPLACE else "primary")

    @Slot()
    def _choose(self) -> None:
        rule = self.rule
        self.accept()
        self.chosen.emit(rule)


def _comparison(conflict: ConflictView) -> str:
    there = _facts(conflict.existing_size, conflict.existing_modified_at)
    new = _facts(conflict.new_size, conflict.new_modified_at)
    return " · ".join(f"{label}: {facts}" for label, facts in (("There", there), ("New", new)) if facts)


def _facts(size: int | None, modified_at: datetime | None) -> str:
    facts = [size_text(size)] if size is not None else []
    return ", ".join(facts + ([date_text(modified_at)] if modified_at else []))
