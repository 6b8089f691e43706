"""What the window's process and that of the transfers say to each other; see ``remote`` and ``host``.

The host also sends ``TransferNews`` as they are.
"""

from pathlib import Path
from typing import Any, NamedTuple

from s3browser.exceptions import SettingsError
from s3browser.model.connections import ConnectionProfile, Secret
from s3browser.model.transfers import Problem, TransferItem

SWITCH = "--transfers"
"""What ``s3browser.__main__`` starts the host’s process for."""

Credentials = tuple[ConnectionProfile, Secret | None]
"""What a store is made of. A secret goes through the pipe between the two processes, and nowhere else."""


class Setup(NamedTuple):
    """To the host, first: where its journal is, and the settings so far."""

    journal: Path
    connections: int
    upload_limit: int | None
    download_limit: int | None


class Call(NamedTuple):
    """To the host: call this method of the ``TransferManager``; with a ``ticket``, it has a callback to answer."""

    method: str
    arguments: tuple[Any, ...]
    ticket: int | None = None


class PlanPiece(NamedTuple):
    """To the host: some of the next ``start``'s plan. Pickling all of a large one would hold up the window."""

    items: tuple[TransferItem, ...]
    problems: tuple[Problem, ...]


class Limits(NamedTuple):
    """To the host: bytes per second from now on; None: as fast as it goes."""

    upload: int | None
    download: int | None


class Forget(NamedTuple):
    """To the host: a connection was changed or removed."""

    connection_id: str


class Close(NamedTuple):
    """To the host: stop everything, and end."""

    timeout_s: float


class Answer(NamedTuple):
    """To whoever asked; an exception where there is no answer."""

    ticket: int
    value: Any


class Wanted(NamedTuple):
    """To the window: the credentials of a connection are wanted."""

    ticket: int
    connection_id: str


class Trouble(NamedTuple):
    """To the window: something is wrong with the journal."""

    error: SettingsError


class Fault(NamedTuple):
    """To the window: a fault of ours, and its traceback."""

    error: Exception
    traceback: str


class Closed(NamedTuple):
    """To the window, last: whether all was kept in time."""

    is_kept: bool
