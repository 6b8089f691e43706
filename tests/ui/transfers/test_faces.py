from pathlib import Path

import pytest

from s3browser.exceptions import S3BusyError
from s3browser.model.locations import S3Location
from s3browser.model.transfers import BatchSnapshot, Direction, TransferItem, TransferSnapshot, TransferState
from s3browser.ui.transfers.faces import Action, Face, batch_face, batch_outcome, transfer_face

UP, DOWN = Direction.UPLOAD, Direction.DOWNLOAD


def face(
    state: TransferState,
    *,
    direction: Direction = UP,
    name: str = "Brochure final.indd",
    size: int = 1_300_000_000,
    position: int = 0,
    bytes_per_s: float = 0.0,
    error: Exception | None = None,
    is_folder: bool = False,
) -> Face:
    location = S3Location("acme", f"Invoices/{name}")
    item = TransferItem(direction, location, Path("/home/anna") / name, size, is_folder=is_folder)
    return transfer_face(TransferSnapshot(1, 1, item, state, position, error, bytes_per_s))


def batch(
    *, total: int = 200, done: int = 0, failed: int = 0, cancelled: int = 0, direction: Direction = UP, name: str = ""
) -> BatchSnapshot:
    return BatchSnapshot(1, "", direction, total, done, failed, cancelled, 1000, 1000, name=name, target="Invoices")


def test_a_running_row_says_how_far_and_how_fast() -> None:
    shown = face(TransferState.RUNNING, position=412_000_000, bytes_per_s=38e6)
    assert (shown.name, shown.facts) == ("Brochure final.indd", "412 MB of 1.3 GB · 38 MB/s")
    assert shown.progress == pytest.approx(0.317, abs=0.001)
    assert (shown.picture, shown.actions) == ("arrow-up", (Action.CANCEL,))
    assert shown.spoken == "Upload Brochure final.indd, 31 %, 412 MB of 1.3 GB, 38 MB/s"


@pytest.mark.parametrize(
    ("position", "size", "speed", "facts", "progress"),
    [
        (0, 2000, 0.0, "0 bytes of 2 KB", 0.0),
        (2000, 2000, 5.0, "2 KB · finishing", 1.0),
        (0, 0, 0.0, "0 bytes · finishing", 0.0),
    ],
)
def test_the_edges_of_running(position: int, size: int, speed: float, facts: str, progress: float) -> None:
    shown = face(TransferState.RUNNING, direction=DOWN, size=size, position=position, bytes_per_s=speed)
    assert (shown.facts, shown.progress, shown.picture) == (facts, progress, "arrow-down")


def test_a_waiting_row() -> None:
    shown = face(TransferState.QUEUED, direction=DOWN)
    assert (shown.facts, shown.progress, shown.actions) == ("1.3 GB · waiting", None, (Action.CANCEL,))
    assert shown.spoken == "Download Brochure final.indd, 1.3 GB, waiting"
    assert face(TransferState.QUEUED, is_folder=True, name="Empty/", size=0).facts == "Folder · waiting"


def test_a_failed_row_says_why_in_place() -> None:
    shown = face(TransferState.FAILED, error=S3BusyError("upload", "x"))
    assert shown.problem == "The server is busy or has a problem right now."
    assert shown.actions == (Action.RETRY, Action.DETAILS)
    assert shown.spoken == ("Upload Brochure final.indd, failed: The server is busy or has a problem right now.")


def test_a_fault_of_ours_does_not_speak_for_itself() -> None:
    shown = face(TransferState.FAILED, error=ValueError("SECRETKEY"))
    assert "SECRET" not in f"{shown.spoken}{shown.whole}"
    assert shown.problem == "Something went wrong inside this program."


def test_the_tool_tip_says_where_from_and_where_to() -> None:
    local, remote = str(Path("/home/anna/a.txt")), "s3://acme/Invoices/a.txt"
    assert f"{local}\nto {remote}" in face(TransferState.QUEUED, name="a.txt").whole
    assert f"{remote}\nto {local}" in face(TransferState.QUEUED, name="a.txt", direction=DOWN).whole


@pytest.mark.parametrize(
    ("counted", "text", "picture", "actions"),
    [
        (batch(done=200), "200 of 200 files uploaded to Invoices", "check-circle", ()),
        (batch(done=1, total=1, name="a.pdf", direction=DOWN), "a.pdf downloaded to Invoices", "check-circle", ()),
        (
            batch(done=198, failed=2),
            "198 of 200 files uploaded to Invoices; 2 failed",
            "warning-circle",
            (Action.RETRY,),
        ),
        (
            batch(done=1197, failed=1, cancelled=1200, total=2398),
            "1,197 of 2,398 files uploaded to Invoices; 1 failed; 1,200 cancelled",
            "warning-circle",
            (Action.RETRY,),
        ),
        (batch(cancelled=1, total=1, name="a.pdf"), "a.pdf cancelled", "x-circle", (Action.RETRY,)),
    ],
)
def test_a_batch_is_one_line(counted: BatchSnapshot, text: str, picture: str, actions: tuple[Action, ...]) -> None:
    shown = batch_face(counted)
    assert (shown.name, shown.picture, shown.actions, shown.progress) == (text, picture, actions, None)
    assert shown.spoken == f"{text}, 1 KB"


def test_one_file_that_failed() -> None:
    assert batch_outcome(batch(failed=1, total=1, name="a.pdf")) == "a.pdf failed"
