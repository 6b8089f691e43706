"""An S3 server of our own on this computer, in its own process, with an office's files in it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from types import TracebackType

from s3browser.exceptions import S3ConnectionError
from s3browser.model.connections import ConnectionProfile, Secret

ACCESS_KEY_ID = "demo"
SECRET_ACCESS_KEY = "demo"  # noqa: S105 (nothing to protect: the server asks for no key)
REGION = "us-east-1"
SWITCH = "--demo-server"
"""The argument with which the packaged program is started as the demo's server; ``main`` is to be called for it."""

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 2.0


def demo_profile(endpoint_url: str) -> ConnectionProfile:
    """The connection to a running demo server."""
    return ConnectionProfile(
        profile_id="64656d6f" * 4,
        name="Acme (demo)",
        endpoint_url=endpoint_url,
        region=REGION,
        addressing_style="path",
    )


def demo_secret() -> Secret:
    """Keys for ``demo_profile``."""
    return Secret(ACCESS_KEY_ID, SECRET_ACCESS_KEY)


class DemoServer:
    """Moto's S3 in a child process, on a free port of 127.0.0.1. Thread-safe.

    The child ends when ``stop`` is called, and by itself when this process ends in whatever way: it waits
    for the end of a pipe that only this process holds. Starts again with fresh files after ``stop``.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._endpoint_url: str | None = None
        self._lock = threading.Lock()
        self._starting = threading.Lock()  # held for as long as a start takes; ``stop`` does not wait for it

    def start(self) -> str:
        """Start it, and wait until it answers: one or two seconds. Blocking; call it from a lane.

        Returns:
            Its address, ``http://127.0.0.1:…``; of a running server the same again.

        Raises:
            S3ConnectionError: it could not be started, or was stopped meanwhile.
        """
        with self._starting:
            with self._lock:
                if self._process is not None and self._endpoint_url is not None and self._process.poll() is None:
                    return self._endpoint_url
            self.stop()
            with self._lock:  # or a stop in between would find nothing to end
                self._process = process = _spawn()
            try:
                endpoint_url = _await_address(process)
            except S3ConnectionError:
                self.stop()
                raise
            with self._lock:
                self._endpoint_url = endpoint_url if self._process is process else None
            return endpoint_url

    @property
    def pid(self) -> int | None:
        """The child's process id, or None while there is none."""
        process = self._process
        return None if process is None else process.pid

    def stop(self) -> None:
        """End it; a server that is not running is no error. Blocks for a moment, at most two seconds."""
        with self._lock:
            process, self._process, self._endpoint_url = self._process, None, None
        if process is not None:
            _end(process)

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def main(argv: list[str] | None = None) -> int:
    """The child process: serve until the pipe at the standard input ends.

    Args:
        argv: what follows ``SWITCH``; nothing is expected.

    Returns:
        The process's exit status where it could not start; else it does not return.
    """
    del argv
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal reaches us too; the parent ends us
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as report:
        sys.stdout = sys.stderr  # nothing but the report belongs into that pipe
        try:
            from s3browser.demo.backend import serve

            print(json.dumps({"port": serve(REGION)}), file=report)
        except Exception as error:
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=report)
            return 1
    os.close(1)
    while os.read(0, 4096):
        pass
    os._exit(0)  # taking thousands of objects apart one by one would take longer than all the rest


def _spawn() -> "subprocess.Popen[bytes]":
    frozen = getattr(sys, "frozen", False)  # by PyInstaller: there is no Python to be given a module
    command = [sys.executable, *([SWITCH] if frozen else ["-m", __spec__.name])]
    # The person's AWS settings are not for this server; an unknown AWS_PROFILE would even stop it.
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_", "S3_"))}
    try:
        return subprocess.Popen(  # noqa: S603 (our own program)
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise _failed(str(error)) from error


def _await_address(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    deadline = threading.Timer(_START_TIMEOUT_S, process.kill)
    deadline.start()
    with process.stdout:
        line = process.stdout.readline()
    deadline.cancel()
    report = json.loads(line) if line.endswith(b"\n") else {"error": "It ended before it was ready."}
    if "error" in report:
        raise _failed(report["error"])
    return f"http://127.0.0.1:{report['port']}"


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _failed(facts: str) -> S3ConnectionError:
    missing = facts.startswith("ModuleNotFoundError")
    return S3ConnectionError(
        "connect",
        "the demo server",
        "DemoServer",
        reason="A part of the demo is not installed." if missing else "The demo’s server could not be started.",
        hint='Install it with: pip install "s3browser[demo]"' if missing else None,
        server_message=facts,
    )


if __name__ == "__main__":
    sys.exit(main())
