from pathlib import Path

import pytest

from s3browser.exceptions import S3BusyError, S3ConnectionError, S3CredentialsError
from s3browser.model.locations import S3Location
from s3browser.model.transfers import (
    BatchSnapshot,
    Direction,
    Hold,
    PanelLook,
    Proof,
    TransferItem,
    TransferSnapshot,
    TransferState,
)
from s3browser.ui.transfers.faces import (
    Action,
    Face,
    batch_face,
    batch_outcome,
    diary_face,
    held_text,
    transfer_face,
)

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
    holds: dict[str, Hold] | None = None,
) -> Face:
    location = S3Location("acme", f"Invoices/{name}")
    item = TransferItem(direction, location, Path("/home/anna") / name, size, is_folder=is_folder)
    return transfer_face(TransferSnapshot(1, 1, item, state, position, error, bytes_per_s, "p1"), holds)


def batch(
    *,
    total: int = 200,
    done: int = 0,
    failed: int = 0,
    cancelled: int = 0,
    direction: Direction = UP,
    name: str = "",
    proof: Proof | None = None,
    target: str = "Invoices",
) -> BatchSnapshot:
    return BatchSnapshot(
        1, "", direction, total, done, failed, cancelled, 1000, 1000, name=name, target=target, proof=proof
    )


def test_a_running_row_says_how_far_and_how_fast() -> None:
    shown = face(TransferState.RUNNING, position=412_000_000, bytes_per_s=38e6)
    assert (shown.name, shown.facts) == ("Brochure final.indd", "412 MB of 1.3 GB · 38 MB/s")
    assert shown.progress == pytest.approx(0.317, abs=0.001)
    assert (shown.picture, shown.actions) == ("arrow-up", (Action.PAUSE, Action.CANCEL))
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
    assert (shown.facts, shown.progress) == ("1.3 GB · waiting", None)
    assert (shown.actions, shown.further) == ((Action.PAUSE, Action.CANCEL), (Action.TO_TOP,))
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


def test_a_paused_row_says_how_far_it_came() -> None:
    shown = face(TransferState.PAUSED, position=412_000_000)
    assert (shown.facts, shown.picture) == ("paused · 412 MB of 1.3 GB", "pause")
    assert shown.actions == (Action.RESUME, Action.CANCEL)
    assert shown.spoken == "Upload Brochure final.indd, 31 %, paused, 412 MB of 1.3 GB"
    unbegun = face(TransferState.PAUSED)
    assert (unbegun.facts, unbegun.progress) == ("paused · 1.3 GB", None)


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (S3ConnectionError("upload"), "waits for the network · 412 MB of 1.3 GB"),
        (S3CredentialsError("upload"), "waits for you to sign in · 412 MB of 1.3 GB"),
    ],
)
def test_a_row_that_is_held_says_what_for(error: S3ConnectionError | S3CredentialsError, facts: str) -> None:
    shown = face(TransferState.QUEUED, position=412_000_000, holds={"p1": Hold("p1", error, 1)})
    assert (shown.facts, shown.further) == (facts, ())
    assert face(TransferState.QUEUED, holds={"p2": Hold("p2", error, 1)}).facts == "1.3 GB · waiting"


def test_what_is_over_has_no_row_of_its_own() -> None:
    with pytest.raises(ValueError, match="done"):
        face(TransferState.DONE)


ALL, NONE = Proof(200, 200), None
RECEIPT = (Action.RECEIPT,)
AGAIN = (Action.RETRY, Action.RECEIPT)


@pytest.mark.parametrize(
    ("counted", "text", "picture", "actions"),
    [
        (batch(done=200, proof=ALL), "200 of 200 files arrived in Invoices", "check-circle", RECEIPT),
        (batch(done=200), "200 of 200 files uploaded to Invoices, checking…", "circle-notch", RECEIPT),
        (batch(done=200, proof=ALL, target=""), "200 of 200 files arrived", "check-circle", RECEIPT),
        (
            batch(done=1, total=1, name="a.pdf", direction=DOWN, proof=Proof(1, 1)),
            "a.pdf arrived in Invoices",
            "check-circle",
            RECEIPT,
        ),
        (
            batch(done=1, total=1, name="a.pdf", direction=DOWN),
            "a.pdf downloaded to Invoices, checking…",
            "circle-notch",
            RECEIPT,
        ),
        (
            batch(done=198, failed=2, proof=Proof(198, 198)),
            "198 of 200 files arrived in Invoices; 2 failed",
            "warning-circle",
            AGAIN,
        ),
        (
            batch(done=1197, failed=1, cancelled=1200, total=2398, proof=Proof(1197, 1197)),
            "1,197 of 2,398 files arrived in Invoices; 1 failed; 1,200 cancelled",
            "warning-circle",
            AGAIN,
        ),
        (batch(failed=200), "0 of 200 files uploaded to Invoices; 200 failed", "warning-circle", AGAIN),
        (
            batch(done=200, proof=ALL, name="Spring 2026/"),
            "200 of 200 files of “Spring 2026” arrived in Invoices",
            "check-circle",
            RECEIPT,
        ),
        (
            batch(done=1, total=1, name="Spring 2026/", proof=Proof(1, 1)),
            "“Spring 2026” arrived in Invoices",
            "check-circle",
            RECEIPT,
        ),
        (batch(cancelled=1, total=1, name="a.pdf"), "a.pdf cancelled", "x-circle", AGAIN),
    ],
)
def test_a_batch_is_one_line(counted: BatchSnapshot, text: str, picture: str, actions: tuple[Action, ...]) -> None:
    shown = batch_face(counted)
    assert (shown.name, shown.picture, shown.actions, shown.progress) == (text, picture, actions, None)
    assert shown.spoken == f"{text}, 1 KB"


def test_proof_of_delivery_is_green() -> None:
    shown = batch_face(batch(done=200, proof=ALL))
    assert (shown.colour, shown.name_colour) == ("success", "success")


@pytest.mark.parametrize(
    ("failed", "text"),
    [
        (2, "2 of 25,000 files did not arrive in Invoices"),
        (5, "2 of 25,000 files did not arrive in Invoices; 3 failed"),
    ],
)
def test_what_did_not_arrive_is_red_and_can_be_sent_again(failed: int, text: str) -> None:
    shown = batch_face(
        batch(total=25_000, done=25_000 - failed, failed=failed, proof=Proof(25_002 - failed, 25_000 - failed))
    )
    assert (shown.name, shown.name_colour) == (text, "danger")
    assert shown.actions == (Action.SEND_AGAIN, Action.RECEIPT)


def test_what_did_not_arrive_of_a_folder() -> None:
    counted = batch(total=200, done=198, failed=2, name="Spring 2026/", proof=Proof(200, 198))
    assert batch_outcome(counted) == "2 of 200 files of “Spring 2026” did not arrive in Invoices"


def test_that_nobody_could_look_is_said_plainly() -> None:
    shown = batch_face(batch(done=200, proof=Proof(0, 0, "You are not allowed to do this.")))
    assert shown.name == "200 of 200 files uploaded to Invoices"
    assert shown.problem == "It could not be checked whether they arrived. You are not allowed to do this."
    assert (shown.colour, shown.name_colour) == ("warning", "text")
    assert "failed" not in shown.spoken


def test_one_file_that_failed_or_did_not_arrive() -> None:
    assert batch_outcome(batch(failed=1, total=1, name="a.pdf")) == "a.pdf failed"
    assert batch_outcome(batch(failed=1, total=1, name="a.pdf", proof=Proof(1, 0))) == "a.pdf did not arrive"


@pytest.mark.parametrize(
    ("counted", "name", "facts", "actions"),
    [
        (
            batch(total=214, done=212, failed=2, proof=Proof(212, 212)),
            "10:14  You uploaded 212 files to Invoices; 2 failed",
            "1 KB",
            (Action.SEND_AGAIN, Action.RECEIPT),
        ),
        (
            batch(total=214, done=214, direction=DOWN, proof=Proof(214, 214)),
            "10:14  You downloaded 214 files to Invoices",
            "all arrived · 1 KB",
            RECEIPT,
        ),
        (
            batch(total=3, done=1, cancelled=2, proof=Proof(1, 1)),
            "10:14  You uploaded 1 file to Invoices; 2 cancelled",
            "1 KB",
            (Action.SEND_AGAIN, Action.RECEIPT),
        ),
        (batch(total=1, done=1, name="a.pdf"), "10:14  You uploaded a.pdf to Invoices", "not checked · 1 KB", RECEIPT),
        (
            batch(total=2, failed=2),
            "10:14  You wanted to upload 2 files to Invoices; 2 failed",
            "1 KB",
            (Action.SEND_AGAIN, Action.RECEIPT),
        ),
        (
            batch(total=1, failed=1, name="a.pdf", direction=DOWN),
            "10:14  You wanted to download a.pdf to Invoices; it failed",
            "1 KB",
            (Action.SEND_AGAIN, Action.RECEIPT),
        ),
        (
            batch(total=1, cancelled=1, name="a.pdf", target=""),
            "10:14  You wanted to upload a.pdf; it was cancelled",
            "1 KB",
            (Action.SEND_AGAIN, Action.RECEIPT),
        ),
        (batch(total=40, done=30), "10:14  You upload 40 files to Invoices", "under way", ()),
        (
            batch(total=40, done=30, name="Spring 2026/"),
            "10:14  You upload the folder “Spring 2026” (40 files) to Invoices",
            "under way",
            (),
        ),
        (
            batch(total=214, done=212, failed=2, name="Spring 2026/", proof=Proof(212, 212)),
            "10:14  You uploaded the folder “Spring 2026” (212 files) to Invoices; 2 failed",
            "1 KB",
            (Action.SEND_AGAIN, Action.RECEIPT),
        ),
        (
            batch(total=1, done=1, name="Spring 2026/"),
            "10:14  You uploaded the folder “Spring 2026” to Invoices",
            "not checked · 1 KB",
            RECEIPT,
        ),
        (batch(total=1, name="a.pdf"), "10:14  You upload a.pdf to Invoices", "under way", ()),
    ],
)
def test_the_diary_says_what_somebody_did(
    counted: BatchSnapshot, name: str, facts: str, actions: tuple[Action, ...]
) -> None:
    shown = diary_face(counted, "10:14")
    assert (shown.name, shown.facts, shown.actions) == (name, facts, actions)
    assert shown.is_sentence
    assert diary_face(counted, "").name == name.removeprefix("10:14  ")


def test_the_diary_tells_why_nobody_could_look() -> None:
    shown = diary_face(batch(done=200, proof=Proof(0, 0, "You are not allowed to do this.")), "10:14")
    assert "could not be checked" in shown.whole


NETWORK, SIGN_IN = S3ConnectionError("upload"), S3CredentialsError("upload")


@pytest.mark.parametrize(
    ("holds", "words"),
    [
        ((), ""),
        ((Hold("p1", NETWORK, 4),), ""),
        ((Hold("p1", NETWORK, 5),), "5 waiting for the network"),
        ((Hold("p1", SIGN_IN, 5), Hold("p2", NETWORK, 0)), "5 waiting for you to sign in"),
        ((Hold("p1", SIGN_IN, 3), Hold("p2", NETWORK, 2)), "5 waiting for the network and you to sign in"),
    ],
)
def test_all_that_waits_for_the_same(holds: tuple[Hold, ...], words: str) -> None:
    counts = dict.fromkeys(TransferState, 0) | {TransferState.RUNNING: 1, TransferState.QUEUED: 4}
    assert held_text(PanelLook(counts, 0, (), (), batch(), holds)) == words


def test_a_paused_file_that_was_sent_but_not_acknowledged_does_not_look_arrived() -> None:
    shown = face(TransferState.PAUSED, size=400_000, position=400_000)
    assert (shown.facts, shown.progress) == ("paused · 400 KB", None)
