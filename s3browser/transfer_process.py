"""The process of the transfers, started by the window’s with ``--transfers``: see ``s3browser.transfers.host``."""

import os
import sys

from s3browser.jobs.channel import Channel
from s3browser.jobs.child import standard_pipes
from s3browser.jobs.collector import spare_the_collector
from s3browser.s3.connect import connect, import_boto3
from s3browser.transfers.host import Host

_NICENESS = 10


def main() -> None:
    """Move what the window says, until it ends."""
    channel = Channel(*standard_pipes())
    if sys.platform == "linux":
        # Elsewhere the system puts a window in front of its own accord.
        os.nice(_NICENESS)
    import_boto3()  # now, and not while somebody waits for the first file
    spare_the_collector()
    try:
        Host(channel, connect).serve()
    except (EOFError, BrokenPipeError):
        # The window was killed. So can we be: the journal is made for that, and its lock is free for the next start.
        os._exit(0)
