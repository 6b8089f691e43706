from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from s3browser.exceptions import S3IntegrationError
from s3browser.model.conflicts import RULES, settled
from s3browser.model.transfers import Direction, Plan, TransferItem
from s3browser.ui.dialogs import plan_words
from s3browser.ui.dialogs.conflict_list import ConflictList
from s3browser.ui.dialogs.conflict_model import ConflictModel, comparison
from s3browser.ui.dialogs.error import CopyButton, error_details
from s3browser.ui.dialogs.reason_tree import reason_tree
from s3browser.ui.dialogs.sheet import WIDE, WIDTH, Sheet, facts_box
from s3browser.ui.fold import Fold
from s3browser.ui.labels import Picture, PlainLabel, set_role
from s3browser.ui.theme import GRID

Forecast = Callable[[int, int], float | None]
"""How many seconds so many files of so many bytes take; None while that is not known."""

_ICONS = {Direction.UPLOAD: "upload-simple", Direction.DOWNLOAD: "download-simple"}
_UNSEEN = "You are not allowed to see what is in this folder. A file with the same name would be replaced."
_HOW = "Click what happens to a file, or select files and press Space."


class PlanSheet(Sheet):
    """Shows what a drop or a click is about to move, and settles all that is open in one place. Nothing has moved yet.

    Args:
        plan: what was found.
        base: what the names of uploads leave out: the key of the folder they go to.
        forecast: tells how long it will take.
        parent: the window it belongs to.

    Signals:
        confirmed: the settled ``Plan``; the sheet is closed. ``rejected`` is QDialog's: move nothing.
    """

    confirmed = Signal(object)

    def __init__(self, plan: Plan, base: str, forecast: Forecast, parent: QWidget | None) -> None:
        super().__init__(
            plan_words.headline(plan),
            parent,
            window_title=plan_words.VERB[plan.direction],
            icon_name=_ICONS[plan.direction] if plan.count else "warning",
            icon_colour="accent" if plan.count else "warning",
            width=WIDE if plan.conflicts else WIDTH,
        )
        self._plan = plan
        self._forecast = forecast
        self._free_bytes = sum(item.size for item in plan.items)
        self._model = ConflictModel(plan.conflicts, base, self)
        self._facts = PlainLabel("", self, role="muted")
        self._space = _Notice(self)
        self._obstacles = _Notice(self)
        self._choices = QButtonGroup(self)
        if plan.count:
            self.body.addWidget(self._facts)
        self.body.addWidget(self._space)
        if plan.unchecked is not None:
            self._add_unchecked(plan.unchecked)
        if plan.conflicts:
            self._add_conflicts()
        wanted = (*plan.items, *(conflict.item for conflict in plan.conflicts))
        if renamed := [item for item in wanted if item.renamed]:
            self._add_renamed(renamed)
        if plan.problems:
            self._add_problems()
        role = QDialogButtonBox.ButtonRole
        if plan.count:
            self.go_button = self.add_button(plan_words.VERB[plan.direction], role.AcceptRole)
            self.go_button.clicked.connect(self._confirm)
        self.cancel_button = self.add_button("Cancel" if plan.count else "Close", role.RejectRole)
        self._update()
        self._model.rules_changed.connect(self._update)
        default = self.go_button if plan.count and self.go_button.isDefault() else self.cancel_button
        (self._choices.checkedButton() or default).setFocus()

    # -- what it is made of ------------------------------------------------------------------

    def _add_unchecked(self, why: S3IntegrationError) -> None:
        notice = _Notice(self)
        notice.set_text(_UNSEEN)
        self.body.addWidget(notice)
        self.body.addWidget(error_details(why, self))

    def _add_conflicts(self) -> None:
        count = len(self._plan.conflicts)
        self._add_heading(plan_words.conflicts_text(self._plan))
        if count == 1 and (facts := comparison(self._plan.conflicts[0])):
            self.body.addWidget(PlainLabel(facts, self, role="muted"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(GRID)
        grid.setColumnStretch(1, 1)
        for index, rule in enumerate(RULES):
            radio = QRadioButton(rule.title, self)
            radio.setAccessibleDescription(rule.description)
            self._choices.addButton(radio, index)
            grid.addWidget(radio, index, 0)
            grid.addWidget(PlainLabel(rule.description, self, role="muted"), index, 1)
            radio.setChecked(rule is self._model.rule)
        self._choices.idToggled.connect(self._choose_for_all)
        self.body.addLayout(grid)
        self.body.addWidget(self._obstacles)
        if count > 1:
            self._add_list()

    def _add_list(self) -> None:
        content = QWidget(self)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        self.conflict_list = ConflictList(self._model, content)
        column.addWidget(self.conflict_list)
        self._own = PlainLabel(_HOW, content, role="muted")
        self._reset = QPushButton("Use the same for all", content)
        self._reset.setAutoDefault(False)
        self._reset.clicked.connect(self._model.clear_own)
        line = QHBoxLayout()
        line.addWidget(self._own, 1)
        line.addWidget(self._reset)
        column.addLayout(line)
        self._add_fold("Choose for each file", content)

    def _add_renamed(self, renamed: Sequence[TransferItem]) -> None:
        self._add_hairline()
        box = facts_box(plan_words.renamed_list(renamed), "New names", self, lines=5)
        self._add_fold(plan_words.renamed_text(len(renamed)), box)

    def _add_problems(self) -> None:
        problems = [(plan_words.problem_name(each.item), each.error.reason) for each in self._plan.problems]
        content = QWidget(self)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(reason_tree(problems, "What can’t be moved, and why", content))
        copy = CopyButton("Copy list", "\n".join(f"{name}\t{reason}" for name, reason in problems), content)
        copy.setAutoDefault(False)
        column.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)
        if not self._plan.count:
            self.body.addWidget(content)
            return
        self._add_hairline()
        notice = _Notice(self)
        notice.set_text(f"{plan_words.problems_text(self._plan)}.")
        self.body.addWidget(notice)
        fold = self._add_fold("Which, and why", content)
        fold.set_open(not self._plan.conflicts)  # with them the sheet is long as it is

    def _add_hairline(self) -> None:
        line = QFrame(self)
        line.setProperty("role", "hairline")
        self.body.addSpacing(GRID // 2)
        self.body.addWidget(line)
        self.body.addSpacing(GRID // 2)

    def _add_heading(self, text: str) -> None:
        self._add_hairline()
        heading = PlainLabel(text, self, max_lines=2)
        font = QFont(heading.font())
        font.setWeight(QFont.Weight.DemiBold)
        heading.setFont(font)
        self.body.addWidget(heading)

    def _add_fold(self, title: str, content: QWidget) -> Fold:
        fold = Fold(title, content, self)
        fold.toggled.connect(lambda is_open: self.reveal(content) if is_open else None)
        self.body.addWidget(fold)
        return fold

    # -- what is chosen ----------------------------------------------------------------------

    @Slot(int, bool)
    def _choose_for_all(self, index: int, is_chosen: bool) -> None:
        if is_chosen:
            self._model.set_rule(RULES[index])

    @Slot()
    def _update(self) -> None:
        """Say what would happen with what is chosen now."""
        plan, tally = self._plan, self._model.tally()
        if not plan.count:
            self._space.set_text("")
            self._obstacles.set_text("")
            self.cancel_button.setDefault(True)
            return
        size = self._free_bytes + tally.size_bytes
        files = len(plan.items) + tally.moved
        self._facts.setText(plan_words.facts(plan, size, self._forecast(files, size), tally.left))
        self._space.set_text(plan_words.space_text(plan, size))
        self._obstacles.set_text(plan_words.obstacles_text(tally.impossible))
        if len(plan.conflicts) > 1:
            own = self._model.own_count
            self._own.setText(plan_words.own_text(own) if own else _HOW)
            self._reset.setEnabled(own > 0)
        text = plan_words.deed(plan, tally)
        self.go_button.setText(text or f"Nothing to {plan_words.VERB[plan.direction].lower()}")
        self.go_button.setEnabled(bool(text))
        is_risky = plan.unchecked is not None or bool(plan_words.space_text(plan, size))
        set_role(self.go_button, "danger" if tally.replaced else "" if is_risky else "primary")
        set_role(self.cancel_button, "primary" if is_risky else "")
        (self.cancel_button if is_risky else self.go_button).setDefault(True)

    @Slot()
    def _confirm(self) -> None:
        plan = settled(self._plan, self._model.rule_of())
        self.accept()
        self.confirmed.emit(plan)


class _Notice(QWidget):
    """A line with a warning sign; gone while it has nothing to say."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(Picture("warning", "warning", 2 * GRID, self), 0, Qt.AlignmentFlag.AlignTop)
        self._words = PlainLabel("", self)
        layout.addWidget(self._words, 1)

    def set_text(self, text: str) -> None:
        """Say it; nothing hides the line."""
        self._words.setText(text)
        self.setVisible(bool(text))
