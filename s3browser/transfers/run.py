"""One file on its way, as a run of parts: what the manager schedules and the library drives.

    run.begin()
    while part := run.take_part():
        run.move(part)          # in any thread, several at a time
    run.finish()

An exception of ``begin``, ``move`` or ``finish`` ends the run. Its caller decides whether to throw away what is there
already (``abandon``) or to keep it for a later run (a pause, a lost network, the program's end), which is given what
the ``Keeper`` was told as a ``Partial``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from s3browser.exceptions import Cancelled
from s3browser.model.entries import UploadedPart
from s3browser.model.store import Cancel
from s3browser.transfers.parts import Part


class Keeper(Protocol):
    """Keeps what has to survive a crash. Called from the threads that move the run's parts.

    What is kept is not forgotten when the run finishes: until the caller has noted that it has, it is what tells the
    next run that nothing is left to do.
    """

    def keep_upload(self, upload_id: str, part_size: int) -> None:
        """A multipart upload is open; parts of an earlier one count no more. Returns when that is on the disk.

        Without an ``upload_id`` it is about to be opened: if nothing more is heard, the server may have it or not.
        """

    def keep_download(self, temp: Path, etag: str, size: int, part_size: int) -> None:
        """The bytes of the object ``etag`` go into ``temp``; else as ``keep_upload``."""

    def keep_part(self, part: UploadedPart) -> None:
        """A part is safe: with the server, or on the disk (its ``etag`` is empty then). May be written down later."""

    def forget(self) -> None:
        """The upload or the temporary file is gone."""


class NoKeeper:
    """Keeps nothing."""

    def keep_upload(self, upload_id: str, part_size: int) -> None:
        """See ``Keeper``."""

    def keep_download(self, temp: Path, etag: str, size: int, part_size: int) -> None:
        """See ``Keeper``."""

    def keep_part(self, part: UploadedPart) -> None:
        """See ``Keeper``."""

    def forget(self) -> None:
        """See ``Keeper``."""


@dataclass(frozen=True, slots=True)
class Partial:
    """What an earlier run left, as its keeper was told.

    Attributes:
        part_size: in bytes.
        upload_id: of an upload; empty where it was about to be opened.
        temp: of a download, the temporary file.
        etag: of a download, the object it belongs to.
        size: of a download, the object’s, in bytes.
        parts: those that are safe.
    """

    part_size: int
    upload_id: str = ""
    temp: Path | None = None
    etag: str = ""
    size: int = 0
    parts: tuple[UploadedPart, ...] = ()


class Run(Protocol):
    """One file on its way. See the module; ``take_part``, ``move`` and ``position`` are thread-safe."""

    etag: str
    """The object’s; empty until it is known."""

    @property
    def position(self) -> int:
        """Bytes moved; never goes back."""

    @property
    def stored_size(self) -> int:
        """Of the file, in bytes, as it is moved; what was planned until ``begin`` has looked."""

    def begin(self) -> None:
        """Look at both sides, and take up what an earlier run left or prepare the target. Blocking."""

    def take_part(self) -> Part | None:
        """The next part to move; None while there is none to hand out.

        A part may be handed out again after a ``move`` that came back: the server had lost it.
        """

    def move(self, part: Part) -> None:
        """Move a part. Blocking."""

    def finish(self) -> str:
        """Bring it to its end once no part is under way, moving what is still missing; return the ETag. Blocking."""

    def abandon(self) -> None:
        """Throw away what the run, or an earlier one, left on the way. Blocking; never raises what can be expected.

        For after a failure, or instead of ``begin``. What can't be thrown away now stays with the keeper.
        """


def drive(run: Run, report: Callable[[], object]) -> None:
    """Do all of a run in this thread, calling ``report`` after each part; a failure leaves nothing behind."""
    try:
        run.begin()
        while (part := run.take_part()) is not None:
            run.move(part)
            report()
        run.finish()
    except BaseException:
        run.abandon()
        raise
    report()


def stop_if(cancel: Cancel | None) -> None:
    """Raise Cancelled if ``cancel`` is set."""
    if cancel is not None and cancel.is_set():
        raise Cancelled
