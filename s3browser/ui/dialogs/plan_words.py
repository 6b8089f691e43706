"""What the plan sheet says. Pure functions."""

from collections.abc import Sequence

from s3browser.model.locations import DELIMITER
from s3browser.model.text import duration_text, plural, size_text
from s3browser.model.transfers import Direction, Plan, TransferItem
from s3browser.ui.dialogs.conflict_model import Tally
from s3browser.ui.labels import short

VERB = {Direction.UPLOAD: "Upload", Direction.DOWNLOAD: "Download"}
PARTICIPLE = {Direction.UPLOAD: "uploaded", Direction.DOWNLOAD: "downloaded"}
_SHOWN_RENAMED = 500


def headline(plan: Plan) -> str:
    """“Upload 214 files to “Invoices”?”; what is the matter, where nothing of it can move.

    “Upload the folder “Spring 2026” (214 files) to “Invoices”?”, where one folder was chosen.
    """
    if not plan.count:
        return problems_text(plan, with_name=True)
    verb, place = VERB[plan.direction], f" to “{short(plan.target)}”" if plan.target else ""
    if plan.folder:
        amount = f" ({amount_text(plan)})" if plan.count > 1 else ""
        return f"{verb} the folder “{short(plan.folder)}”{amount}{place}?"
    if plan.count == 1:
        return f"{verb} “{short(_name(_all_items(plan)[0]))}”{place}?"
    return f"{verb} {amount_text(plan)}{place}?"


def amount_text(plan: Plan) -> str:
    """“214 files”, “214 files and 2 empty folders”, “2 empty folders”."""
    folders = sum(item.is_folder for item in _all_items(plan))
    counts = [(plan.count - folders, "file"), (folders, "empty folder")]
    return " and ".join(plural(count, noun) for count, noun in counts if count)


def facts(plan: Plan, size_bytes: int, seconds: float | None, left: int) -> str:
    """“1.3 GB · about 3 minutes · 120 GB free in “Downloads” · 9 files stay as they are”, of what is known."""
    parts = [size_text(size_bytes)]
    if seconds is not None and size_bytes:
        parts.append(duration_text(seconds))
    if plan.free_bytes is not None and size_bytes <= plan.free_bytes:
        parts.append(f"{size_text(plan.free_bytes)} free in “{short(plan.target)}”")
    if left:
        parts.append(f"{plural(left, 'file')} {'stays as it is' if left == 1 else 'stay as they are'}")
    return " · ".join(parts)


def space_text(plan: Plan, size_bytes: int) -> str:
    """Why it does not fit; empty where it does, or nobody knows."""
    if plan.free_bytes is None or size_bytes <= plan.free_bytes:
        return ""
    return (
        f"There is not enough space in “{short(plan.target)}”: {size_text(size_bytes)} are needed, "
        f"{size_text(plan.free_bytes)} are free."
    )


def conflicts_text(plan: Plan) -> str:
    """Which names are there already."""
    if len(plan.conflicts) == 1:
        return f"“{short(_name(plan.conflicts[0].item), 48)}” is there already"
    return f"{plural(len(plan.conflicts), 'file')} are there already"


def problems_text(plan: Plan, *, with_name: bool = False) -> str:
    """How much can’t be moved; ``with_name`` names it where it is just one."""
    count, participle = len(plan.problems), PARTICIPLE[plan.direction]
    if count == 1 and with_name:
        return f"“{short(_name(plan.problems[0].item))}” can’t be {participle}"
    if not plan.count:
        return f"None of these {plural(count, 'file')} can be {participle}"
    return f"{plural(count, 'file')} can’t be {participle}"


def renamed_text(count: int) -> str:
    """How many get another name."""
    return f"{plural(count, 'file')} {'gets' if count == 1 else 'get'} another name"


def renamed_list(items: Sequence[TransferItem]) -> str:
    """Which name becomes which, one a line; of very many the first."""
    lines = [f"{before} → {after}" for before, after in map(names, items[:_SHOWN_RENAMED])]
    if len(items) > _SHOWN_RENAMED:
        lines.append(f"and {len(items) - _SHOWN_RENAMED:,} more")
    return "\n".join(lines)


def obstacles_text(count: int) -> str:
    """How many of the names that are there belong to something that can’t be replaced; empty for none."""
    if not count:
        return ""
    return f"{plural(count, 'file')} can’t be replaced, because a folder is in the way."


def own_text(count: int) -> str:
    """How many are not decided by the choice for all."""
    return f"{plural(count, 'file')} {'goes by its own choice' if count == 1 else 'go by their own choice'}."


def deed(plan: Plan, tally: Tally) -> str:
    """What the button does: “Upload 214 files”, “Replace 3 files and upload 211”; empty where it would do nothing."""
    verb, added = VERB[plan.direction], len(plan.items) + tally.kept
    if tally.replaced and added:
        return f"Replace {plural(tally.replaced, 'file')} and {verb.lower()} {added:,}"
    if tally.replaced:
        return f"Replace {plural(tally.replaced, 'file')}"
    if not added:
        return f"Skip {plural(tally.left, 'file')}" if tally.left else ""
    if tally.kept == added == 1:
        return "Keep both"
    if added == plan.count:
        return f"{verb} {amount_text(plan)}"
    return f"{verb} {plural(added, 'file')}"


def names(item: TransferItem) -> tuple[str, str]:
    """What an item is called where it is, and what it will be called; of a download with the folders it comes with."""
    if item.direction is Direction.UPLOAD:
        return item.local_path.name, item.location.name
    parts = item.local_path.relative_to(item.root or item.local_path.parent).parts
    before = item.location.key.removesuffix(DELIMITER).split(DELIMITER)[-len(parts) :]
    return DELIMITER.join(before), DELIMITER.join(parts)


def problem_name(item: TransferItem) -> str:
    """What an item that can’t be moved is called in a list."""
    return str(item.local_path) if item.direction is Direction.UPLOAD else item.location.key


def _name(item: TransferItem) -> str:
    return item.local_path.name if item.direction is Direction.UPLOAD else item.location.name or item.location.bucket


def _all_items(plan: Plan) -> list[TransferItem]:
    return [*plan.items, *(conflict.item for conflict in plan.conflicts)]
