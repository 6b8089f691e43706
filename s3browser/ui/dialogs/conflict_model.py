from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from s3browser.model.conflicts import KEEP_BOTH, ConflictRule, Settled, modified_at
from s3browser.model.kinds import Kind, kind_of
from s3browser.model.text import size_text
from s3browser.model.transfers import Conflict, Direction, Problem
from s3browser.ui.dates import date_text

AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class ConflictRole(IntEnum):
    """What the rows are asked for besides Qt’s own roles."""

    FACE = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True, slots=True)
class ConflictFace:
    """One row as it is painted; ``is_own`` tells a rule of its own from the one for all."""

    kind: Kind
    name: str
    facts: str
    choice: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """What becomes of conflicts: how many, and the bytes of those that move.

    Attributes:
        kept: moved under another name.
        replaced: moved, and what was there is gone.
        left: not moved; what is there stays.
        impossible: not moved, because what is there can’t be replaced.
        size_bytes: of those that move.
    """

    kept: int = 0
    replaced: int = 0
    left: int = 0
    impossible: int = 0
    size_bytes: int = 0

    @property
    def moved(self) -> int:
        """How many move."""
        return self.kept + self.replaced

    def plus(self, outcomes: Iterable[Settled], sign: int = 1) -> "Tally":
        """With some more outcomes; with ``sign`` -1, without them."""
        kept, replaced, left, impossible, size = 0, 0, 0, 0, 0
        for outcome in outcomes:
            if outcome is None:
                left += 1
            elif isinstance(outcome, Problem):
                impossible += 1
            else:
                size += outcome.size
                if outcome.may_replace:
                    replaced += 1
                else:
                    kept += 1
        return Tally(
            self.kept + sign * kept,
            self.replaced + sign * replaced,
            self.left + sign * left,
            self.impossible + sign * impossible,
            self.size_bytes + sign * size,
        )


class ConflictModel(QAbstractTableModel):
    """The names that are there already, each with the rule for all or one of its own. One column.

    Args:
        conflicts: every one.
        base: what the names of uploads leave out: the key of the folder they go to.
        parent: owns it.

    Signals:
        rules_changed: other rules are in force.
    """

    rules_changed = Signal()

    def __init__(self, conflicts: Sequence[Conflict], base: str, parent: QObject) -> None:
        super().__init__(parent)
        self._conflicts = conflicts
        self._base = base
        self._rule = KEEP_BOTH
        self._own: dict[int, ConflictRule] = {}
        self._tallies: dict[str, Tally] = {}

    @property
    def rule(self) -> ConflictRule:
        """The rule for all that have none of their own."""
        return self._rule

    @property
    def own_count(self) -> int:
        """How many have a rule of their own."""
        return len(self._own)

    def rule_at(self, row: int) -> ConflictRule:
        """The rule that a row goes by."""
        return self._own.get(row, self._rule)

    def rule_of(self) -> Callable[[Conflict], ConflictRule]:
        """What settles the plan: the rule of each conflict, as it is now."""
        # By identity: the conflicts are the plan’s own, and comparing 50,000 of them field by field takes long.
        rule, own = self._rule, {id(self._conflicts[row]): rule for row, rule in self._own.items()}
        return lambda conflict: own.get(id(conflict), rule)

    def set_rule(self, rule: ConflictRule) -> None:
        """Choose for all; rows with a rule of their own keep it."""
        self._rule = rule
        self._tell()

    def set_own(self, rows: Iterable[int], rule: ConflictRule | None) -> None:
        """Give rows a rule of their own; None: take it back, they go by the one for all."""
        for row in rows:
            if rule is None:
                self._own.pop(row, None)
            else:
                self._own[row] = rule
        self._tell()

    def clear_own(self) -> None:
        """All rows go by the rule for all."""
        self._own.clear()
        self._tell()

    def tally(self) -> Tally:
        """What becomes of them."""
        if self._rule.title not in self._tallies:
            self._tallies[self._rule.title] = Tally().plus(map(self._rule.settle, self._conflicts))
        tally = self._tallies[self._rule.title]
        if not self._own:
            return tally
        tally = tally.plus((self._rule.settle(self._conflicts[row]) for row in self._own), sign=-1)
        return tally.plus(rule.settle(self._conflicts[row]) for row, rule in self._own.items())

    def _tell(self) -> None:
        self.dataChanged.emit(self.index(0, 0), self.index(len(self._conflicts) - 1, 0))
        self.rules_changed.emit()

    # -- Qt's side ---------------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._conflicts)

    def columnCount(self, parent: AnyIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else 1

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == ConflictRole.FACE:
            return self._face(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._name(self._conflicts[index.row()])
        if role == Qt.ItemDataRole.AccessibleTextRole:
            face = self._face(index.row())
            return ". ".join(part for part in (face.name, face.choice, face.facts) if part)
        return None

    def _face(self, row: int) -> ConflictFace:
        conflict = self._conflicts[row]
        name = self._name(conflict)
        return ConflictFace(kind_of(name), name, comparison(conflict), self.rule_at(row).title, row in self._own)

    def _name(self, conflict: Conflict) -> str:
        item = conflict.item
        if item.direction is Direction.UPLOAD:
            return item.location.key.removeprefix(self._base)
        return item.local_path.relative_to(item.root or item.local_path.parent).as_posix()


def comparison(conflict: Conflict) -> str:
    """Size and date of both: “There: 4.2 MB, 12 Nov 2026 · New: 4.4 MB, Today, 09:14”."""
    there = _facts(conflict.existing_size, conflict.existing_modified_at)
    new = _facts(conflict.item.size, modified_at(conflict.item))
    return " · ".join(f"{side}: {facts}" for side, facts in (("There", there), ("New", new)) if facts)


def _facts(size: int | None, moment: datetime | None) -> str:
    facts = [size_text(size)] if size is not None else []
    return ", ".join(facts + ([date_text(moment)] if moment else []))
