from dataclasses import replace
from pathlib import Path

from s3browser.model.locations import S3Location
from s3browser.model.transfers import (
    ALLOWED,
    BatchSnapshot,
    Conflict,
    Direction,
    Plan,
    Proof,
    TransferItem,
    TransferState,
)

ITEM = TransferItem(Direction.UPLOAD, S3Location("bucket", "a"), Path("a"), 3)


def test_an_item_may_replace_only_if_it_was_told_to() -> None:
    assert not ITEM.may_replace
    assert ITEM.replacing() == replace(ITEM, may_replace=True)


def test_a_plan_counts_what_is_in_conflict() -> None:
    plan = Plan(Direction.UPLOAD, (ITEM,), (Conflict(replace(ITEM, size=4), ITEM),))
    assert (plan.count, plan.total_bytes) == (2, 7)
    assert (Plan(Direction.UPLOAD).count, Plan(Direction.UPLOAD).total_bytes) == (0, 0)


def test_every_state_can_be_left_and_says_whether_it_is_final() -> None:
    assert set(ALLOWED) == set(TransferState)
    assert all(ALLOWED[state] and state not in ALLOWED[state] for state in TransferState)
    reached = {TransferState.QUEUED}.union(*(ALLOWED[state] for state in TransferState))
    assert reached == set(TransferState)
    assert {state for state in TransferState if state.is_final} == {
        TransferState.DONE, TransferState.FAILED, TransferState.CANCELLED,
    }  # fmt: skip
    assert ALLOWED[TransferState.DONE] == {TransferState.FAILED}


def test_a_proof_is_complete_only_if_everything_was_found() -> None:
    assert Proof(2, 2).is_complete
    assert not Proof(2, 1).is_complete
    assert not Proof(0, 0, "The list could not be read.").is_complete


def test_a_batch_is_finished_when_nothing_is_left_to_do() -> None:
    batch = BatchSnapshot(1, "c", Direction.UPLOAD, 4, 2, 1, 1, 0, 0)
    assert batch.is_finished
    assert not replace(batch, done=1).is_finished
