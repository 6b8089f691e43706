"""What to do with a name that is there already: one object a way, asked about one conflict at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from s3browser.model.moments import moment
from s3browser.model.transfers import Conflict, Direction, Plan, Problem, TransferItem

_ROUGH = timedelta(seconds=2)  # FAT keeps even seconds only

Settled = TransferItem | Problem | None
"""What becomes of a conflict: moved, impossible, or left out."""


@dataclass(frozen=True, slots=True)
class ConflictRule(ABC):
    """One way to settle a conflict; ``title`` and ``description`` are for the screen."""

    title: str
    description: str

    @abstractmethod
    def settle(self, conflict: Conflict) -> Settled:
        """What becomes of it."""


class _KeepBoth(ConflictRule):
    def settle(self, conflict: Conflict) -> Settled:
        return conflict.kept_both


class _Skip(ConflictRule):
    def settle(self, conflict: Conflict) -> Settled:
        return None


class _Replace(ConflictRule):
    def settle(self, conflict: Conflict) -> Settled:
        if conflict.obstacle is not None:
            return Problem(conflict.item, conflict.obstacle)
        return conflict.item.replacing()


class _ReplaceIfNewer(_Replace):
    """Where nobody knows which one is newer, the one that is there stays."""

    def settle(self, conflict: Conflict) -> Settled:
        if conflict.obstacle is None and not _is_newer(conflict):
            return None
        return super().settle(conflict)


class _Resume(_Replace):
    """Leaves alone what has the same size and was not changed since; where nobody knows when, it is moved again.

    A file that was downloaded has the time of its original, so that it looks older than the object. Whether it is the
    same is found out when its turn has come.
    """

    def settle(self, conflict: Conflict) -> Settled:
        is_same_size = conflict.obstacle is None and conflict.existing_size == conflict.item.size
        if is_same_size and _is_newer(conflict) is False:
            return None
        if is_same_size and conflict.item.direction is Direction.DOWNLOAD:
            return conflict.item.replacing(unless_same=True)
        return super().settle(conflict)


def _is_newer(conflict: Conflict) -> bool | None:
    """Whether the source was changed after the one that is there was stored or changed; None where nobody knows.

    An object is dated by when it was stored, so an upload that changes nothing is older than its object by nature.
    Only a disk dates too roughly: where an upload is in doubt, sending once more costs less than an edit that is lost.
    """
    new, there = modified_at(conflict.item), conflict.existing_modified_at
    if new is None or there is None:
        return None
    return new - there > (_ROUGH if conflict.item.direction is Direction.DOWNLOAD else timedelta())


def modified_at(item: TransferItem) -> datetime | None:
    """When what is moved was last changed, aware, UTC; None where that is not known."""
    return moment(item.modified_ns)


KEEP_BOTH: ConflictRule = _KeepBoth("Keep both", "The new file gets a number: “Report (2).pdf”.")
REPLACE: ConflictRule = _Replace("Replace", "The new file takes the place of the one that is there.")
REPLACE_IF_NEWER: ConflictRule = _ReplaceIfNewer("Replace if newer", "Only files that were changed later are replaced.")
RESUME: ConflictRule = _Resume("Continue", "Files that are the same already are left alone; the others are replaced.")
SKIP: ConflictRule = _Skip("Skip", "What is there stays as it is.")
RULES: Sequence[ConflictRule] = (KEEP_BOTH, REPLACE, REPLACE_IF_NEWER, RESUME, SKIP)


def settled(plan: Plan, rule_of: Callable[[Conflict], ConflictRule]) -> Plan:
    """The plan with every conflict settled by its own rule; what a rule can’t do becomes a problem."""
    outcomes = [rule_of(conflict).settle(conflict) for conflict in plan.conflicts]
    return replace(
        plan,
        items=(*plan.items, *(each for each in outcomes if isinstance(each, TransferItem))),
        conflicts=(),
        problems=(*plan.problems, *(each for each in outcomes if isinstance(each, Problem))),
    )
