"""A process that uploads what it is told, and what its journal has; it tells what it sends. To be killed.

    python -m tests.integration.mover <journal> <bucket> [<file>]

The server and the keys come from the environment. Prints ``part <number>`` before each part goes, and at the end
``arrived <count>``: how many files were found on the server.
"""

import os
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

from s3browser.jobs.runner import JobRunner
from s3browser.model.entries import UploadedPart
from s3browser.model.locations import S3Location
from s3browser.model.transfers import TransferNews
from s3browser.s3.config import S3Config
from s3browser.s3.service import S3Service
from s3browser.transfers.host import LANES
from s3browser.transfers.journal import Journal
from s3browser.transfers.manager import TransferManager
from s3browser.transfers.planner import plan_upload

_CONNECTION = "test"


class _Telling(S3Service):
    def put_part(self, bucket: str, key: str, upload_id: str, number: int, *rest: Any, **more: Any) -> UploadedPart:
        print(f"part {number}", flush=True)
        return super().put_part(bucket, key, upload_id, number, *rest, **more)


def main() -> None:
    journal, bucket, *files = sys.argv[1:]
    store = _Telling(
        S3Config(
            endpoint_url=os.environ["AWS_ENDPOINT_URL"], region=os.environ["AWS_REGION"], addressing_style="path",
            verify=os.environ.get("AWS_CA_BUNDLE", True),
        )
    )  # fmt: skip
    over = threading.Event()

    def on_news(news: TransferNews) -> None:
        for batch in news.finished:
            print(f"arrived {batch.proof.found if batch.proof else 0}", flush=True)
            over.set()

    runner = JobRunner(LANES, lambda callback: callback())
    manager = TransferManager(runner, lambda _: store, partial(Journal.open, Path(journal)))
    manager.add_listener(on_news)
    if files:
        manager.start(plan_upload(store, [Path(file) for file in files], S3Location(bucket)), _CONNECTION)
    over.wait()
    manager.shutdown(10)
    runner.shutdown(10)
    store.close()


if __name__ == "__main__":
    main()
