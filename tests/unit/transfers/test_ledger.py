from collections.abc import Iterator
from pathlib import Path

import pytest

from s3browser.exceptions import Cancelled, SettingsError
from s3browser.model.transfers import Proof
from s3browser.transfers.journalfile import JournalError
from s3browser.transfers.ledger import Ledger
from s3browser.transfers.target import NewEntries
from tests.unit.transfers.office import FullDisk, add, item


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FullDisk]:
    journal, _ = FullDisk.open(tmp_path / "transfers.sqlite")
    add(journal, item())
    yield journal
    journal.close()


@pytest.fixture
def troubles() -> list[SettingsError]:
    return []


@pytest.fixture
def ledger(journal: FullDisk, troubles: list[SettingsError]) -> Ledger:
    return Ledger(journal, NewEntries(), troubles.append)


def proof(ledger: Ledger) -> Proof | None:
    return ledger.journal.listed_batches()[0].proof


def test_nothing_is_written_before_it_is_flushed(ledger: Ledger) -> None:
    ledger.write(lambda: ledger.journal.set_proof(1, Proof(1, 1)))
    assert proof(ledger) is None
    ledger.flush()
    assert proof(ledger) == Proof(1, 1)
    ledger.note(lambda journal: journal.set_proof(1, Proof(2, 2)))
    assert ledger.read(lambda journal: journal.listed_batches()[0].proof) == Proof(2, 2)


def test_what_a_full_disk_refuses_is_written_later_and_in_order(
    ledger: Ledger, journal: FullDisk, troubles: list[SettingsError]
) -> None:
    journal.is_full = True
    for found in range(3):
        ledger.write(lambda found=found: journal.set_proof(1, Proof(3, found)))  # type: ignore[misc]
        assert not ledger.is_up_to_date()
    with pytest.raises(JournalError):
        ledger.flush()
    with pytest.raises(JournalError):
        ledger.change(lambda: journal.relist(1))
    assert proof(ledger) is None
    assert [each.code for each in troubles] == ["Unwritable"], "once is enough"
    assert ledger.cannot_write
    journal.is_full = False
    assert ledger.is_up_to_date()
    assert proof(ledger) == Proof(3, 2)


def test_what_has_to_be_sure(ledger: Ledger, journal: FullDisk) -> None:
    ledger.keep(lambda journal: journal.set_proof(1, Proof(1, 1)))
    assert proof(ledger) == Proof(1, 1)
    journal.is_full = True
    with pytest.raises(Cancelled):
        ledger.keep(lambda journal: journal.set_proof(1, Proof(2, 2)))
    journal.is_full = False
    ledger.flush()
    assert proof(ledger) == Proof(2, 2), "kept after all"


def test_a_change_comes_after_what_was_to_be_written(ledger: Ledger, journal: FullDisk) -> None:
    ledger.write(lambda: journal.set_proof(1, Proof(1, 1)))
    assert ledger.change(lambda: journal.listed_batches()[0].proof) == Proof(1, 1)
