"""This program once more, as a helper in a process of its own, with a ``Channel`` to it."""

import os
import signal
import subprocess
import sys
from typing import BinaryIO

from s3browser.jobs.channel import Channel

_CREATION_FLAGS = getattr(subprocess, "CREATE_NO_WINDOW", 0)


class Child:
    """A helper process, started with a switch that ``s3browser.__main__`` knows. It has this one’s environment.

    Args:
        switch: as ``--transfers``.
    """

    def __init__(self, switch: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (our own program, no shell)
            command(switch),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if sys.stderr else subprocess.DEVNULL,  # a windowed program of Windows has none
            # The caller’s own search path; -P keeps the current folder from going before it.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path)},  # noqa: PTH109
            creationflags=_CREATION_FLAGS,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.channel = Channel(self._process.stdout, self._process.stdin)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def end(self, timeout_s: float) -> None:
        """Wait at most so long for its end, and kill it then; close the channel. Blocking."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.channel.close()


def command(switch: str) -> list[str]:
    """How a helper is started: this program, as it is installed, frozen or in a checkout."""
    if getattr(sys, "frozen", False):  # by PyInstaller: there is no Python to be given a module
        return [sys.executable, switch]
    return [sys.executable, "-P", "-m", "s3browser", switch]


def standard_pipes() -> tuple[BinaryIO, BinaryIO]:
    """In a helper, once: the standard input and output, for it alone.

    Whatever a library prints goes nowhere, so that it can’t get in between; and Ctrl+C in a terminal is for the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (0, 1):
            msvcrt.setmode(descriptor, os.O_BINARY)
    # By number: a windowed program has no sys.stdin.
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return reader, writer
