import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

_HOST = "127.0.0.1"


class ServerFailedError(Exception):
    """A server did not start; the message ends with its log."""


def free_port() -> int:
    """A port nobody listens on, below those the system gives to outgoing connections.

    A port asked for with 0 is one of those, and can be gone before a slow server binds it. Not ``random``, which
    starts alike in every session.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with socket.socket() as probe:
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
        return port


def program(name: str, setup: str = "python3 packaging/bootstrap.py test") -> str:
    """The path of a program, from the tests' environment before the system's.

    Raises:
        ServerFailedError: it is not installed; the message names the command that does.
    """
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(name, path=places)
    if found is None:
        raise ServerFailedError(f"{name} is not installed. This command installs it:\n    {setup}")
    return found


def tail(log: Path, lines: int = 40) -> str:
    """The end of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def leash() -> list[str]:
    """What to put before a command so that Linux ends it with the tests' process, however that ends."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


@contextmanager
def running(command: Sequence[str], ports: Sequence[int], log: Path, *, timeout_s: float = 60.0) -> Iterator[None]:
    """Run a server until the block ends; entered when every port accepts a connection.

    Its standard input closes when the tests' process ends, however that happens; on Linux the kernel kills it then.

    Raises:
        ServerFailedError: it ended, or did not listen within ``timeout_s`` seconds.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*leash(), *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the tests, which then stop their servers
        )
    try:
        _wait_until_listening(process, ports, log, monotonic() + timeout_s)
        yield
    finally:
        _stop(process)


def _wait_until_listening(process: "subprocess.Popen[bytes]", ports: Sequence[int], log: Path, deadline: float) -> None:
    for port in ports:
        while not _accepts(port):
            try:
                process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                if monotonic() < deadline:
                    continue
                raise ServerFailedError(f"{log.stem} does not listen on port {port}.\n{tail(log)}") from None
            raise ServerFailedError(f"{log.stem} ended with code {process.returncode}.\n{tail(log)}")


def _accepts(port: int) -> bool:
    try:
        socket.create_connection((_HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _stop(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if os.name == "posix":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it may have started itself
