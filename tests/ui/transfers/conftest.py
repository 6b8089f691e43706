from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from s3browser.jobs.runner import JobRunner
from s3browser.model.locations import S3Location
from s3browser.model.transfers import Direction, Plan, TransferItem
from s3browser.transfers.manager import TransferManager
from s3browser.transfers.planner import plan_upload
from s3browser.ui.relay import GuiRelay
from s3browser.ui.transfers.panel import TransfersPanel
from tests.fakestore import BUCKET, FakeStore

INVOICES = S3Location(BUCKET, "Invoices/")


@pytest.fixture
def runner(window: QWidget) -> Iterator[JobRunner]:
    runner = JobRunner({"transfers": 2}, GuiRelay(window).deliver)
    yield runner
    assert runner.shutdown(10)


@pytest.fixture
def manager(runner: JobRunner) -> TransferManager:
    """Two at a time."""
    return TransferManager(runner, "transfers", workers=2)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def panel(qtbot: QtBot, window: QWidget, manager: TransferManager) -> TransfersPanel:
    """Six rows high."""
    panel = TransfersPanel(manager, window)
    panel.resize(800, panel.sizeHint().height() + 2 * panel.view.row_height)
    panel.show()
    qtbot.waitExposed(window)
    return panel


Upload = Callable[..., int]


@pytest.fixture
def upload(manager: TransferManager, store: FakeStore, tmp_path: Path) -> Upload:
    """Start the upload of new small files with these names; returns the batch’s id."""

    def start(*names: str) -> int:
        for name in names:
            (tmp_path / name).write_bytes(b"x" * 1500)
        return manager.start(store, plan_upload(store, [tmp_path / name for name in names], INVOICES))

    return start


def many(count: int) -> Plan:
    """A plan of files that nobody will get to read."""
    return Plan(
        Direction.UPLOAD,
        tuple(TransferItem(Direction.UPLOAD, INVOICES.child(f"{n}.jpg"), Path(f"{n}.jpg"), 1000) for n in range(count)),
        target="Invoices",
    )
