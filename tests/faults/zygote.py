"""A process with everything imported and nothing begun, whose forks are the sessions: one costs a few milliseconds.

    python -m tests.faults.zygote <endpoint> <folder>

It lives in a mount namespace of its own, with a disk in memory at ``<folder>/disk`` and a small one at
``<folder>/small``; so nothing stays mounted, however it ends. It reads pickled orders, and answers with the process
id of the session, then with its exit status, and waits for another line before it lets go of that id.
"""

import faulthandler
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from tests.faults.orders import PATIENCE_S, Orders
from tests.faults.scenario import MULTIPART_FROM_BYTES, PART_BYTES, SMALL_DISK_BYTES

_DISK_BYTES = 128 * 1024 * 1024


class Zygote:
    """The process, seen from the tests. A context; one session at a time."""

    def __init__(self, endpoint_url: str, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "sessions.log"
        command = [*_own_mounts(), sys.executable, "-m", __name__, endpoint_url, str(folder)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        if self._line() != b"ready":
            raise RuntimeError(f"the zygote did not start:\n{self.log()}")

    def __enter__(self) -> "Zygote":
        return self

    def __exit__(self, *_: object) -> None:
        self._in.close()
        self._process.wait(10)
        self._out.close()

    @property
    def seen(self) -> Path:
        """``folder`` as the sessions see it, with their disks."""
        return Path(f"/proc/{self._process.pid}/root{self.folder}")

    def begin(self, orders: Orders) -> int:
        """Fork a session and return its process id, which stays its own until ``end``."""
        pickle.dump(orders, self._in)
        self._in.flush()
        return int(self._line())

    def wait(self) -> int:
        """Block until the session has ended; its exit code, negative where a signal ended it."""
        return int(self._line())

    def end(self) -> None:
        """Let go of the session's id."""
        pickle.dump(None, self._in)
        self._in.flush()

    def log(self) -> str:
        """What sessions have said."""
        return self._log.read_text(errors="replace")[-8000:]

    @property
    def _in(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _out(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def _line(self) -> bytes:
        return self._out.readline().strip()


def _own_mounts() -> list[str]:
    """What lets a command mount disks that nobody else sees."""
    for command in (["unshare", "-m"], ["unshare", "-Urm"]):
        probe = [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        if sys.platform == "linux" and subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return command
    raise RuntimeError(
        "The fault harness needs disks in memory: Linux with util-linux, and either root with CAP_SYS_ADMIN or user "
        "namespaces (kernel.unprivileged_userns_clone=1)."
    )


def main(endpoint_url: str, folder: Path) -> None:
    """Serve until standard input ends."""
    for name, size in (("disk", _DISK_BYTES), ("small", SMALL_DISK_BYTES)):
        (folder / name).mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder / name], check=True)
    _hurry()
    from s3browser.s3.config import S3Config
    from s3browser.s3.service import S3Service
    from tests.faults.session import live

    service = S3Service(
        S3Config(
            region="us-east-1", access_key_id="key", secret_access_key="secret", endpoint_url=endpoint_url,
            addressing_style="path", max_attempts=4, connect_timeout_s=1.0, read_timeout_s=0.3, max_backoff_s=0.02,
        )
    )  # fmt: skip
    service._get_s3_client()
    gc.freeze()
    assert threading.active_count() == 1, "a thread does not survive a fork"
    commands, answers = sys.stdin.buffer, sys.stdout.buffer
    _tell(answers, "ready")
    while True:
        try:
            orders: Orders | None = pickle.load(commands)
        except EOFError:
            return
        assert orders is not None
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            faulthandler.dump_traceback_later(PATIENCE_S + 5, exit=True)
            live(orders, service)
            os._exit(0)
        _tell(answers, str(pid))
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        _tell(answers, str(ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status))
        pickle.load(commands)  # until then nobody else gets the id
        os.waitpid(pid, 0)


def _tell(answers: IO[bytes], line: str) -> None:
    answers.write(line.encode() + b"\n")
    answers.flush()


def _hurry() -> None:
    """Make what is large small and what is slow fast, before the modules that use it are imported."""
    from s3browser.transfers import parts

    parts.MULTIPART_FROM_BYTES = MULTIPART_FROM_BYTES
    parts.MIN_PART_BYTES = PART_BYTES

    from s3browser.transfers import clerk, download, holds, pieces, target

    download.IN_MEMORY_BYTES = MULTIPART_FROM_BYTES
    parts.MIB = PART_BYTES  # what a part's size is a multiple of; the others have theirs
    holds.FIRST_DELAY_S, holds.MAX_DELAY_S = 0.05, 0.2
    clerk._WRITE_AGAIN_AFTER_S = 0.05
    pieces.SYNC_EVERY_S, pieces.SYNC_EVERY_BYTES = 0.02, 2 * PART_BYTES
    target.FREE_SPACE_KNOWN_S = 0.02


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
