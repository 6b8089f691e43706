"""The engine without a window, as a program like ``s5cmd``: plan, journal, checksums and all. For ``transfers``."""

import argparse
import os
import sys
import tempfile
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from s3browser.jobs.collector import spare_the_collector
from s3browser.jobs.runner import JobRunner
from s3browser.model.connections import ConnectionProfile, SignIn
from s3browser.model.listing import folder_row
from s3browser.model.locations import S3Location
from s3browser.model.store import ObjectStore
from s3browser.model.transfers import Direction, Plan
from s3browser.s3.connect import connect
from s3browser.transfers.host import LANES
from s3browser.transfers.journal import Journal
from s3browser.transfers.manager import TransferManager
from s3browser.transfers.planner import plan_download, plan_upload

# as the window sets them
_SWITCH_INTERVAL_S = 0.0001


@dataclass(frozen=True, slots=True)
class Job:
    """A folder on its way: ``folder`` of this computer and ``key`` (ending in ``/``) of ``bucket`` have one name."""

    direction: Direction
    bucket: str
    key: str
    folder: Path

    @classmethod
    def asked_for(cls) -> "Job":
        """From the command line: ``upload|download BUCKET KEY FOLDER``."""
        parser = argparse.ArgumentParser()
        parser.add_argument("direction", type=Direction)
        parser.add_argument("bucket")
        parser.add_argument("key")
        parser.add_argument("folder", type=Path)
        return cls(**vars(parser.parse_args()))


def _plan(store: ObjectStore, job: Job) -> Plan:
    if job.direction is Direction.UPLOAD:
        return plan_upload(store, [job.folder], S3Location(job.bucket))
    return plan_download(store, [folder_row(job.bucket, job.key)], job.folder.parent)


def main() -> None:
    """Move what the command line says; end when the last file has arrived and is written down."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    spare_the_collector()
    job = Job.asked_for()
    profile = ConnectionProfile(
        "bench", "Bench", os.environ["AWS_ENDPOINT_URL"], "us-east-1", "path", SignIn.ENVIRONMENT
    )
    store: ObjectStore = connect(profile, None)
    ended = threading.Event()
    with tempfile.TemporaryDirectory() as home:
        runner = JobRunner(LANES, lambda callback: callback())
        manager = TransferManager(runner, lambda _: store, partial(Journal.open, Path(home) / "transfers.sqlite"))
        # The others do not look either whether everything is there.
        manager.prove = lambda batch: ended.set()  # type: ignore[method-assign]
        manager.start(_plan(store, job), profile.profile_id)
        ended.wait()
        manager.shutdown(5)
        runner.shutdown(5)


if __name__ == "__main__":
    main()
