"""What a row of the transfers panel and of the diary says and offers. No Qt: words and choices only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from s3browser.exceptions import S3CredentialsError, S3IntegrationError
from s3browser.model.locations import DELIMITER
from s3browser.model.text import plural, rate_text, size_text
from s3browser.model.transfers import BatchSnapshot, Direction, Hold, PanelLook, TransferSnapshot, TransferState

CHECKING = ", checking…"
_FAULT = "Something went wrong inside this program."
_WAYS = {
    Direction.UPLOAD: ("Upload", "uploaded", "arrow-up"),
    Direction.DOWNLOAD: ("Download", "downloaded", "arrow-down"),
}


class Action(Enum):
    """What a row offers; the value is its label."""

    PAUSE = "Pause"
    RESUME = "Continue"
    CANCEL = "Cancel"
    RETRY = "Try again"
    SEND_AGAIN = "Send again"
    DETAILS = "Details…"
    RECEIPT = "Receipt…"
    TO_TOP = "Move to the top"
    REMOVE = "Remove from this list"


@dataclass(frozen=True, slots=True)
class Face:
    """One row as it is painted and spoken.

    Attributes:
        picture: an icon of ``resources/icons``.
        colour: the picture’s, the bar’s and the problem’s, of ``theme.Colours``.
        name: the file, or the summary of a batch.
        facts: how far, how fast; beside the name, or below it.
        more: where from and where to, for the tool tip.
        progress: 0.0 to 1.0, or None for no bar.
        problem: what went wrong, in place of the bar.
        actions: its buttons, in reading order.
        further: what else its menu offers.
        way: “Upload” or “Download”, for a screen reader.
        name_colour: of ``theme.Colours``.
        is_sentence: whether the name is one, and has the whole width; then the facts are below it, and nothing else.
    """

    picture: str
    colour: str
    name: str
    facts: str = ""
    more: str = ""
    progress: float | None = None
    problem: str = ""
    actions: tuple[Action, ...] = ()
    further: tuple[Action, ...] = ()
    way: str = ""
    name_colour: str = "text"
    is_sentence: bool = False

    @property
    def spoken(self) -> str:
        """The row as one line, for a screen reader; it says what colours and arrows show."""
        parts = [f"{self.way} {self.name}".strip()]
        if self.progress is not None:
            parts.append(f"{int(self.progress * 100)} %")
        if self.problem:
            parts.append(f"failed: {self.problem}" if self.colour == "danger" else self.problem)
        if self.facts:
            parts.append(self.facts.replace(" · ", ", "))
        return ", ".join(parts)

    @property
    def whole(self) -> str:
        """Everything in words, for the tool tip: rows elide."""
        return "\n".join(filter(None, (self.name, self.more, self.problem or self.facts)))

    def offers(self, action: Action) -> bool:
        """Whether the row has it, as a button or in its menu."""
        return action in self.actions or action in self.further


def transfer_face(transfer: TransferSnapshot, holds: Mapping[str, Hold] | None = None) -> Face:
    """The row of a transfer; ``holds`` are those in force, by connection."""
    item = transfer.item
    way, _, arrow = _WAYS[item.direction]
    name = item.location.name or item.local_path.name
    ends = (str(item.local_path), str(item.location))
    source, target = ends if item.direction is Direction.UPLOAD else ends[::-1]
    size = "Folder" if item.is_folder else size_text(item.size)
    more = f"{source}\nto {target}"
    progress = min(transfer.position / item.size, 1.0) if item.size else 0.0
    begun = progress if transfer.position else None
    match transfer.state:
        case TransferState.QUEUED:
            held = (holds or {}).get(transfer.connection_id)
            facts = f"{_waits_for(held)} · {_so_far(transfer)}" if held else f"{size} · waiting"
            actions, further = (Action.PAUSE, Action.CANCEL), () if held else (Action.TO_TOP,)
            return Face(arrow, "muted", name, facts, more, begun, actions=actions, further=further, way=way)
        case TransferState.RUNNING:
            actions = (Action.PAUSE, Action.CANCEL)
            return Face(arrow, "accent", name, _moving(transfer), more, progress, actions=actions, way=way)
        case TransferState.PAUSED:
            so_far = _so_far(transfer)
            if progress == 1.0:  # sent but never acknowledged: it may have to go once more
                so_far, begun = size, None
            actions = (Action.RESUME, Action.CANCEL)
            return Face("pause", "muted", name, f"paused · {so_far}", more, begun, actions=actions, way=way)
        case TransferState.FAILED:
            error = transfer.error
            reason = error.reason if isinstance(error, S3IntegrationError) else _FAULT
            actions, further = (Action.RETRY, Action.DETAILS), (Action.REMOVE,)
            return Face("warning-circle", "danger", name, "", more, None, reason, actions, further, way)
        case _:
            raise ValueError(f"what is {transfer.state.value} is shown with its batch")


def _waits_for(hold: Hold) -> str:
    return f"waits for {_missing(hold)}"


def _missing(hold: Hold) -> str:
    return "you to sign in" if isinstance(hold.error, S3CredentialsError) else "the network"


def held_text(look: PanelLook) -> str:
    """“276 waiting for the network”, where nothing moves because of that; empty otherwise."""
    open_count = look.counts[TransferState.RUNNING] + look.counts[TransferState.QUEUED]
    holds = [hold for hold in look.holds if hold.waiting]
    if not holds or sum(hold.waiting for hold in holds) < open_count:
        return ""
    return f"{open_count:,} waiting for {' and '.join(sorted({_missing(hold) for hold in holds}))}"


def _so_far(transfer: TransferSnapshot) -> str:
    """“412 MB of 1.3 GB”; “1.3 GB” before the first byte."""
    if transfer.item.is_folder:
        return "Folder"
    size = size_text(transfer.item.size)
    return f"{size_text(transfer.position)} of {size}" if transfer.position else size


def _moving(transfer: TransferSnapshot) -> str:
    """“412 MB of 1.3 GB · 38 MB/s”; the last bytes are followed by a wait for the other side's answer."""
    size = transfer.item.size
    if transfer.item.is_folder:
        return "Folder"
    if transfer.position >= size:
        return f"{size_text(size)} · finishing"
    facts = f"{size_text(transfer.position)} of {size_text(size)}"
    return f"{facts} · {rate_text(transfer.bytes_per_s)}" if transfer.bytes_per_s >= 1 else facts


def batch_face(batch: BatchSnapshot) -> Face:
    """The line that sums up a batch of which nothing is left to do; its failed files have rows of their own."""
    summary, size = batch_summary(batch), size_text(batch.total_bytes)
    problem = _unproved(batch)
    if missing_count(batch):
        actions = (Action.SEND_AGAIN, Action.RECEIPT)
        return Face("warning-circle", "danger", summary, size, actions=actions, name_colour="danger")
    if batch.failed:
        actions = (Action.RETRY, Action.RECEIPT)
        return Face("warning-circle", "danger", summary, size, actions=actions)
    if batch.cancelled:
        return Face("x-circle", "muted", summary, size, problem=problem, actions=(Action.RETRY, Action.RECEIPT))
    if problem:
        return Face("warning", "warning", summary, size, problem=problem, actions=(Action.RECEIPT,))
    if batch.proof is None:
        return Face("circle-notch", "muted", summary, size, actions=(Action.RECEIPT,))
    return Face("check-circle", "success", summary, size, actions=(Action.RECEIPT,), name_colour="success")


def _unproved(batch: BatchSnapshot) -> str:
    """That nobody could look for the files, and why; empty where somebody could."""
    if batch.proof is None or batch.proof.error is None:
        return ""
    return f"It could not be checked whether they arrived. {batch.proof.error}"


def missing_count(batch: BatchSnapshot) -> int:
    """How many files were reported as arrived and are not there."""
    proof = batch.proof
    return 0 if proof is None or proof.error is not None else proof.looked_for - proof.found


def batch_summary(batch: BatchSnapshot) -> str:
    """“200 of 200 files arrived in Invoices”, “198 of 200 files arrived in Invoices; 2 failed”.

    “2 of 200 files did not arrive in Invoices”, where they were looked for and are not there.
    “200 of 200 files uploaded to Invoices, checking…”, before they were looked for.
    “200 of 200 files of “Spring 2026” arrived in Invoices”, where one folder was chosen.
    """
    missing = missing_count(batch)
    failed = batch.failed - missing
    left = [f"{count:,} {what}" for count, what in ((failed, "failed"), (batch.cancelled, "cancelled")) if count > 0]
    return "; ".join([batch_outcome(batch), *(left if batch.total > 1 else ())])


def batch_outcome(batch: BatchSnapshot) -> str:
    """How much of a batch arrived: “198 of 200 files arrived in Invoices”, “report.pdf cancelled”."""
    past = _WAYS[batch.direction][1] if batch.direction else "moved"
    is_proved = batch.proof is not None and batch.proof.error is None
    done = "arrived in" if is_proved else f"{past} to"
    checking = CHECKING if batch.proof is None and batch.done else ""
    where = f" {done} {batch.target}" if batch.target else f" {done.split()[0]}"
    folder = folder_of(batch)
    if batch.total == 1 and batch.name:
        what = f"“{folder}”" if folder else batch.name
        return f"{what}{where}{checking}" if batch.done else f"{what} {_undone(batch)}"
    files = plural(batch.total, "file") + (f" of “{folder}”" if folder else "")
    if missing := missing_count(batch):
        return f"{missing:,} of {files} did not arrive" + (f" in {batch.target}" if batch.target else "")
    return f"{batch.done:,} of {files}{where}{checking}"


def brief_outcome(batch: BatchSnapshot) -> str:
    """“198 of 200 files arrived”: ``batch_outcome`` without where, and without the folder."""
    return batch_outcome(replace(batch, target="", name="" if folder_of(batch) else batch.name))


def folder_of(batch: BatchSnapshot) -> str:
    """The name of the folder that was chosen, where it was just one; else empty."""
    return batch.name.removesuffix(DELIMITER) if batch.name.endswith(DELIMITER) else ""


def _undone(batch: BatchSnapshot) -> str:
    if missing_count(batch):
        return "did not arrive"
    return "failed" if batch.failed else "cancelled"


def diary_face(batch: BatchSnapshot, clock: str) -> Face:
    """The entry of a batch in the diary: “10:14  You uploaded 214 files to Invoices; 2 failed”.

    “10:14  You uploaded the folder “Spring 2026” (214 files) to Invoices”, where one folder was chosen.

    Args:
        batch: finished or not.
        clock: the time of day it was asked for, as the system writes it; empty where it is not known.
    """
    left = [f"{count:,} {what}" for count, what in ((batch.failed, "failed"), (batch.cancelled, "cancelled")) if count]
    sentence = "; ".join([_did(batch), *(left if batch.total > 1 else ())])
    name = f"{clock}  {sentence}" if clock else sentence
    size = size_text(batch.total_bytes)
    again = (Action.SEND_AGAIN,) if batch.failed or batch.cancelled else ()
    if not batch.is_finished:
        waits = "paused" if batch.paused else "under way"
        picture = _WAYS[batch.direction][2] if batch.direction else "arrows-down-up"
        return Face(picture, "accent", name, waits, is_sentence=True)
    facts, more = size, ""
    if batch.failed:
        picture, colour = "warning-circle", "danger"
    elif batch.cancelled:
        picture, colour = "x-circle", "muted"
    elif batch.proof is not None and batch.proof.is_complete:
        picture, colour, facts = "check-circle", "success", f"all arrived · {size}"
    else:
        picture, colour, facts, more = "check-circle", "muted", f"not checked · {size}", _unproved(batch)
    return Face(picture, colour, name, facts, more, actions=(*again, Action.RECEIPT), is_sentence=True)


def _did(batch: BatchSnapshot) -> str:
    """What somebody did: “You uploaded 214 files to Invoices”."""
    is_up = batch.direction is Direction.UPLOAD
    verb, past = ("upload", "uploaded") if is_up else ("download", "downloaded")
    where = f" to {batch.target}" if batch.target else ""
    what = _what(batch)
    if not batch.is_finished:
        return f"You {verb} {what}{where}"
    if batch.done:
        return f"You {past} {what}{where}"
    if batch.total == 1:
        outcome = "it was cancelled" if batch.cancelled else "it failed"
        return f"You wanted to {verb} {what}{where}; {outcome}"
    return f"You wanted to {verb} {what}{where}"


def _what(batch: BatchSnapshot) -> str:
    """“a.pdf”, “214 files”, “the folder “Spring 2026” (214 files)”."""
    files = plural(batch.done if batch.is_finished and batch.done else batch.total, "file")
    if folder := folder_of(batch):
        return f"the folder “{folder}”" + (f" ({files})" if batch.total > 1 else "")
    return batch.name if batch.total == 1 and batch.name else files
