"""What a row of the transfers panel says and offers. No Qt: words and choices only."""

from dataclasses import dataclass
from enum import Enum

from s3browser.exceptions import S3IntegrationError
from s3browser.model.text import plural, rate_text, size_text
from s3browser.model.transfers import BatchSnapshot, Direction, TransferSnapshot, TransferState

_FAULT = "Something went wrong inside this program."
_WAYS = {
    Direction.UPLOAD: ("Upload", "uploaded", "arrow-up"),
    Direction.DOWNLOAD: ("Download", "downloaded", "arrow-down"),
}


class Action(Enum):
    """What a row offers; the value is its label."""

    RETRY = "Try again"
    DETAILS = "Details…"
    CANCEL = "Cancel"


@dataclass(frozen=True, slots=True)
class Face:
    """One row as it is painted and spoken.

    Attributes:
        picture: an icon of ``resources/icons``.
        colour: its colour of ``theme.Colours``.
        name: the file, or the summary of a batch.
        facts: how far, how fast; beside the name.
        more: where from and where to, for the tool tip.
        progress: 0.0 to 1.0, or None for no bar.
        problem: why it failed, in place of the bar.
        actions: its buttons, in reading order.
        way: “Upload” or “Download”, for a screen reader.
    """

    picture: str
    colour: str
    name: str
    facts: str = ""
    more: str = ""
    progress: float | None = None
    problem: str = ""
    actions: tuple[Action, ...] = ()
    way: str = ""

    @property
    def spoken(self) -> str:
        """The row as one line, for a screen reader; it says what colours and arrows show."""
        parts = [f"{self.way} {self.name}".strip()]
        if self.progress is not None:
            parts.append(f"{int(self.progress * 100)} %")
        if self.problem:
            parts.append(f"failed: {self.problem}")
        if self.facts:
            parts.append(self.facts.replace(" · ", ", "))
        return ", ".join(parts)

    @property
    def whole(self) -> str:
        """Everything in words, for the tool tip: rows elide."""
        return "\n".join(filter(None, (self.name, self.more, self.problem or self.facts)))


def transfer_face(transfer: TransferSnapshot) -> Face:
    """The row of a transfer."""
    item = transfer.item
    way, _, arrow = _WAYS[item.direction]
    name = item.location.name or item.local_path.name
    ends = (str(item.local_path), str(item.location))
    source, target = ends if item.direction is Direction.UPLOAD else ends[::-1]
    size = "Folder" if item.is_folder else size_text(item.size)
    more = f"{source}\nto {target}"
    match transfer.state:
        case TransferState.QUEUED:
            return Face(arrow, "muted", name, f"{size} · waiting", more, actions=(Action.CANCEL,), way=way)
        case TransferState.RUNNING:
            progress = min(transfer.position / item.size, 1.0) if item.size else 0.0
            return Face(arrow, "accent", name, _moving(transfer), more, progress, actions=(Action.CANCEL,), way=way)
        case TransferState.FAILED:
            error = transfer.error
            reason = error.reason if isinstance(error, S3IntegrationError) else _FAULT
            actions = (Action.RETRY, Action.DETAILS)
            return Face("warning-circle", "danger", name, "", more, problem=reason, actions=actions, way=way)
        case _:
            raise ValueError(f"what is {transfer.state.value} is shown with its batch")


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
    summary = batch_summary(batch)
    size = size_text(batch.total_bytes)
    if batch.failed:
        return Face("warning-circle", "danger", summary, size, actions=(Action.RETRY,))
    if batch.cancelled:
        return Face("x-circle", "muted", summary, size, actions=(Action.RETRY,))
    return Face("check-circle", "success", summary, size)


def batch_summary(batch: BatchSnapshot) -> str:
    """“200 of 200 files uploaded to Invoices”, “198 of 200 files uploaded to Invoices; 2 failed”."""
    left = [f"{count:,} {what}" for count, what in ((batch.failed, "failed"), (batch.cancelled, "cancelled")) if count]
    return "; ".join([batch_outcome(batch), *(left if batch.total > 1 else ())])


def batch_outcome(batch: BatchSnapshot) -> str:
    """How much of a batch arrived: “198 of 200 files uploaded to Invoices”, “report.pdf cancelled”."""
    past = _WAYS[batch.direction][1] if batch.direction else "moved"
    where = f" to {batch.target}" if batch.target else ""
    if batch.total == 1 and batch.name:
        outcome = f"{past}{where}" if batch.done else "failed" if batch.failed else "cancelled"
        return f"{batch.name} {outcome}"
    return f"{batch.done:,} of {plural(batch.total, 'file')} {past}{where}"
