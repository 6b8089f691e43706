"""How a transfer of the journal becomes a run. Thread-safe; blocking, for workers."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Protocol

from s3browser.jobs.cancel import CancelToken
from s3browser.model.store import ObjectStore
from s3browser.model.transfers import Direction, TransferItem
from s3browser.transfers.download import Download
from s3browser.transfers.journalrows import Leftover, TransferRecord
from s3browser.transfers.localfile import Fingerprint
from s3browser.transfers.parts import MULTIPART_FROM_BYTES, Part
from s3browser.transfers.rediscovery import find_open_upload
from s3browser.transfers.run import Keeper, Partial, Run
from s3browser.transfers.target import NewEntries, make_folder
from s3browser.transfers.upload import Upload, abort_strays

FOLDER_CONTENT_TYPE = "application/x-directory"
_MAX_LOOKED_AT = 1_000
_LOOKED_AT_FOR_S = 1.0  # a folder; somebody may put a link in its place


class PartialKeeper(Keeper, Protocol):
    """A keeper that can also be told all at once."""

    def keep(self, kept: Partial) -> None:
        """Keep what another program, or a lost journal, has left. Returns when that is on the disk."""


class Making:
    """Makes the runs of transfers.

    Args:
        stores: connection id → its store; blocking, and may raise.
        entries: told of the folders that downloads put something into.
    """

    def __init__(self, stores: Callable[[str], ObjectStore], entries: NewEntries) -> None:
        self._stores = stores
        self._entries = entries
        self._looked_at: dict[tuple[str, Path | None], float] = {}

    def run(self, record: TransferRecord, keeper: PartialKeeper, partial: Partial | None, token: CancelToken) -> Run:
        """The run of a transfer; ``partial`` is what an earlier one left. Where there is none, the server is asked.

        Raises:
            S3DownloadError: the folder of a download can't be made, or lies outside the chosen one.
            S3IntegrationError: the connection has no store.
        """
        item = record.item
        store = self._stores(record.connection_id)
        if item.is_folder:
            return _Folder(store, item, token)
        if item.direction is Direction.UPLOAD:
            if partial is None and item.size >= MULTIPART_FROM_BYTES:
                partial = find_open_upload(store, item, token)
                if partial is not None:
                    keeper.keep(partial)
            return Upload(
                store, item.local_path, item.location,
                planned=Fingerprint(item.size, item.modified_ns), may_replace=item.may_replace, keeper=keeper,
                partial=partial, cancel=token,
            )  # fmt: skip
        self._make_folder(item)
        return Download(
            store, item.location, item.local_path, size=item.size, etag=item.etag,
            may_replace=item.may_replace, unless_same=item.unless_same, keeper=keeper, partial=partial, cancel=token,
            root=item.root, entries=self._entries,
        )  # fmt: skip

    def abandon(self, leftover: Leftover) -> None:
        """Throw away what a transfer left that nobody will finish. What can't be now is tried again later."""
        if leftover.partial.temp is not None:
            leftover.partial.temp.unlink(missing_ok=True)
            return
        store = self._stores(leftover.connection_id)
        if not leftover.partial.upload_id:
            abort_strays(store, leftover.location)
            return
        store.abort_multipart(leftover.location.bucket, leftover.location.key, leftover.partial.upload_id)

    def _make_folder(self, item: TransferItem) -> None:
        """Not for every one of many files in a folder: it costs more than a small file itself."""
        folder, now_s = os.path.dirname(item.local_path), monotonic()  # noqa: PTH120 (a Path costs more)
        place = folder, item.root
        if now_s - self._looked_at.get(place, -_LOOKED_AT_FOR_S) < _LOOKED_AT_FOR_S:
            return
        make_folder(Path(folder), item.root or Path(folder))
        if len(self._looked_at) >= _MAX_LOOKED_AT:
            self._looked_at = {}
        self._looked_at[place] = now_s


class _Folder:
    """An empty folder on its way: a marker object, or a directory."""

    def __init__(self, store: ObjectStore, item: TransferItem, token: CancelToken) -> None:
        self._store = store
        self._item = item
        self._token = token
        self.position = 0
        self.stored_size = 0
        self.etag = ""

    def begin(self) -> None:
        """Nothing has to be looked at."""

    def take_part(self) -> Part | None:
        """There is none."""
        return None

    def move(self, part: Part) -> None:
        """Never called."""

    def finish(self) -> str:
        """Make it."""
        item = self._item
        if item.direction is Direction.UPLOAD:
            self.etag = self._store.put(
                item.location.bucket, item.location.key, io.BytesIO(), 0,
                content_type=FOLDER_CONTENT_TYPE, cancel=self._token,
            )  # fmt: skip
        else:
            make_folder(item.local_path, item.root or item.local_path)
        return self.etag

    def abandon(self) -> None:
        """There is nothing to throw away."""
