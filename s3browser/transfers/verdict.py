"""What the end of a run makes of a transfer. Pure."""

from collections.abc import Mapping

from s3browser.exceptions import Cancelled
from s3browser.jobs.cancel import StopReason
from s3browser.model.transfers import TransferState
from s3browser.transfers.holds import passes, waits_for_somebody
from s3browser.transfers.records import Active

MAX_ATTEMPTS = 8
"""So often the line may break without anything getting on in between."""

_ASKED: Mapping[StopReason | None, TransferState] = {
    StopReason.CANCEL: TransferState.CANCELLED,
    StopReason.PAUSE: TransferState.PAUSED,
}


def state_after(active: Active, error: Exception | None) -> TransferState:
    """Its state. A file that has arrived has arrived, whatever somebody asked for meanwhile.

    What broke the line matters less than what was asked for; else it goes back to the queue. So does what was stopped
    and is wanted again, and what stops because the program ends.
    """
    if error is None:
        return TransferState.DONE
    if isinstance(error, Cancelled) or _goes_back(active, error):
        return _ASKED.get(active.asked, TransferState.QUEUED)
    return TransferState.CANCELLED if active.asked is StopReason.CANCEL else TransferState.FAILED


def attempts_after(active: Active, error: Exception | None) -> int:
    """How often its line has broken without getting on."""
    if error is None or not passes(error):
        return active.record.attempts
    return 1 if active.position > active.record.position else active.record.attempts + 1


def is_given_up(active: Active, error: Exception | None) -> bool:
    """Whether what it has on the other side is to be thrown away: a bad line is no reason to begin anew."""
    state = state_after(active, error)
    is_bad_line = error is not None and passes(error)
    return state is TransferState.CANCELLED or (state is TransferState.FAILED and not is_bad_line)


def _goes_back(active: Active, error: Exception) -> bool:
    return waits_for_somebody(error) or (passes(error) and attempts_after(active, error) < MAX_ATTEMPTS)
