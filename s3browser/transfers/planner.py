"""What a drop or a click would move: looked at before a byte moves. Blocking; for a lane."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import NamedTuple

from s3browser.exceptions import S3AccessDeniedError, S3DownloadError, S3FileNotFoundError, S3UploadError
from s3browser.model.entries import S3FileInfo
from s3browser.model.listing import Row
from s3browser.model.localnames import local_name, local_paths, numbered_name
from s3browser.model.locations import DELIMITER, MAX_KEY_BYTES, S3Location, key_problem
from s3browser.model.moments import nanoseconds
from s3browser.model.store import Cancel, ObjectStore
from s3browser.model.transfers import Conflict, Direction, Plan, Problem, TransferItem
from s3browser.transfers.ground import Ground
from s3browser.transfers.walk import go_on, walk

Found = Callable[[int, int], object]
"""Called with how many files there are so far and their size in bytes, for each one, in the calling thread."""

_ASK_ONE_BY_ONE = 20  # names; more of them are cheaper to look up in a listing of the folder


def _unheard(_files: int, _size_bytes: int) -> None:
    pass


def plan_upload(
    store: ObjectStore,
    paths: Iterable[Path],
    target: S3Location,
    *,
    on_found: Found = _unheard,
    cancel: Cancel | None = None,
) -> Plan:
    """Plan to upload files and folders of this computer into the folder ``target``.

    Names are those of ``model.localnames.key_name``, so that what was downloaded gets its old keys. Hidden files come
    along. A link to a file is the file; a link to a folder is followed only if it was chosen itself, since links inside
    a folder can lead in circles or out of it, and is a problem otherwise. An empty folder becomes a marker. Two files
    that would get the same key (from two folders) are both kept, the second one numbered.

    Raises:
        Cancelled: ``cancel`` was set.
        S3IntegrationError: the store could not be asked what is there; being forbidden to ask is ``Plan.unchecked``.
    """
    stop = cancel or Event()
    keys = _Keys(store, target, stop)
    items: list[TransferItem] = []
    problems: list[Problem] = []
    chosen: set[str] = set()
    size = 0
    for number, found in enumerate(walk(paths, stop), 1):
        size += found.size
        on_found(number, size)
        chosen.add("".join(found.name.partition(DELIMITER)[:2]))
        key = keys.claim(target.key + found.name)
        item = TransferItem(
            Direction.UPLOAD, S3Location(target.bucket, key), Path(found.path), found.size, found.modified_ns,
            renamed=found.is_renamed or key != target.key + found.name, is_folder=found.is_folder,
        )  # fmt: skip
        wrong = key_problem(key)
        if found.error is not None:
            problems.append(Problem(item, found.error))
        elif wrong is not None:
            problems.append(Problem(item, S3UploadError("upload", found.path, "BadName", reason=wrong)))
        else:
            items.append(item)
    folders = [name.removesuffix(DELIMITER) for name in chosen if name.endswith(DELIMITER)]
    whole = Plan(
        Direction.UPLOAD, problems=tuple(problems), target=target.label, has_folders=bool(folders),
        folder=folders[0] if len(chosen) == len(folders) == 1 else "",
    )  # fmt: skip
    free: list[TransferItem] = []
    conflicts: list[Conflict] = []
    try:
        keys.look_up([item.location.key for item in items])
        for item in items:
            there = keys.existing(item.location.key)
            if there is None:
                free.append(item)
            elif not item.is_folder:
                kept = S3Location(target.bucket, keys.free(item.location.key))
                kept_both = replace(item, location=kept, renamed=True)
                conflicts.append(Conflict(item, kept_both, there.size, there.modified_at))
    except S3AccessDeniedError as error:
        return replace(whole, items=tuple(item.replacing() for item in items), unchecked=error)
    return replace(whole, items=tuple(free), conflicts=tuple(conflicts))


def plan_download(
    store: ObjectStore,
    rows: Iterable[Row],
    folder: Path,
    *,
    on_found: Found = _unheard,
    cancel: Cancel | None = None,
) -> Plan:
    """Plan to download files, folders and buckets into ``folder``, under the names of ``model.localnames``.

    Nothing is planned to lie outside ``folder``: a link in it that leads out is in the way, as a file would be.

    Raises:
        S3DownloadError: ``folder`` is not there or not writable.
        Cancelled: ``cancel`` was set.
        S3IntegrationError: the store could not be asked what is there.
    """
    stop = cancel or Event()
    chosen = list(dict.fromkeys(rows))
    if not folder.is_dir():
        raise S3DownloadError("download", str(folder), "NoFolder")
    if not os.access(folder, os.W_OK):
        raise S3DownloadError("download", str(folder), "Unwritable")
    problems: list[Problem] = []
    objects: list[_Object] = []
    size = 0
    for row in chosen:
        before = len(objects)
        for each in _objects(store, row, stop):
            objects.append(each)
            size += each.size
            on_found(len(objects), size)
        if len(objects) == before:
            gone = TransferItem(
                Direction.DOWNLOAD, row.location, folder / local_name(row.location.name), 0, is_folder=True, root=folder
            )
            problems.append(Problem(gone, S3FileNotFoundError("download", str(row.location))))
    objects.sort(key=lambda each: each.name)
    objects = [
        each
        for each, following in pairwise([*objects, None])
        # A folder that holds something comes with what it holds.
        if each and not (each.is_empty_folder and following and following.name.startswith(each.name))
    ]
    paths = local_paths([each.name for each in objects])
    ground = Ground(folder, paths)
    items: list[TransferItem] = []
    conflicts: list[Conflict] = []
    for each, parts in zip(objects, paths, strict=True):
        go_on(stop)
        is_folder = each.is_empty_folder
        item = TransferItem(
            Direction.DOWNLOAD, each.location, folder.joinpath(*parts), each.size, nanoseconds(each.modified_at),
            each.etag, renamed=DELIMITER.join(parts) != each.name.removesuffix(DELIMITER),
            is_folder=is_folder, root=folder,
        )  # fmt: skip
        if each.name.endswith(DELIMITER) and not is_folder:
            reason = "It is a folder that holds data of its own, which no disk can store."
            problems.append(Problem(item, S3DownloadError("download", str(each.location), "BadName", reason=reason)))
            continue
        spot = ground.folder(parts) if is_folder else ground.file(parts)
        if spot.kept_parts != parts:
            kept = replace(item, local_path=folder.joinpath(*spot.kept_parts), renamed=True)
            conflicts.append(Conflict(item, kept, spot.size, spot.modified_at, spot.obstacle))
        elif not (is_folder and spot.exists):
            items.append(item)
    return Plan(
        Direction.DOWNLOAD, tuple(items), tuple(conflicts), tuple(problems), target=folder.name,
        has_folders=any(row.is_folder for row in chosen),
        folder=chosen[0].location.label if len(chosen) == 1 and chosen[0].is_folder else "",
        free_bytes=_free_bytes(folder),
    )  # fmt: skip


# ---------------------------------------------------------------------- what is there already of an upload


class _There(NamedTuple):
    """What has a key already."""

    size: int
    modified_at: datetime


class _Keys:
    """The keys of one upload: those it takes itself, and those that are there already."""

    def __init__(self, store: ObjectStore, target: S3Location, cancel: Cancel) -> None:
        self._store = store
        self._target = target
        self._cancel = cancel
        self._claimed: set[str] = set()
        self._tried: Counter[str] = Counter()
        self._there: dict[str, _There | None] = {}
        self._strangers: set[str] = set()
        self._ask = False

    def claim(self, key: str) -> str:
        """``key``, or a numbered one if another file of this upload has it; two folders are one."""
        if not key.endswith(DELIMITER):
            key = self._first_free(key, lambda candidate: candidate in self._claimed)
        self._claimed.add(key)
        return key

    def look_up(self, keys: Sequence[str]) -> None:
        """Learn which of ``keys`` are there already, with as few questions as it takes."""
        base = self._target.key
        folders = dict.fromkeys(
            key[len(base) :].partition(DELIMITER)[0] for key in keys if DELIMITER in key[len(base) :]
        )
        files = [key for key in keys if DELIMITER not in key[len(base) :]]
        there = [base + folder + DELIMITER for folder in folders]
        self._ask = len(folders) + len(files) <= _ASK_ONE_BY_ONE
        if not self._ask:
            below: set[str] = set()
            for page in self._store.list_folder(self._target.bucket, base, cancel=self._cancel):
                self._note(page.files)
                below.update(page.folders)
            there = [folder for folder in there if folder in below]
        for folder in there:
            self._note(self._store.list_files(self._target.bucket, folder, cancel=self._cancel))

    def existing(self, key: str) -> _There | None:
        """What has ``key`` already; None if it is free."""
        if self._ask and key not in self._there and DELIMITER not in key[len(self._target.key) :]:
            go_on(self._cancel)
            self._there[key] = _existing(self._store, self._target.bucket, key, self._cancel)
        return self._there.get(key)

    def free(self, key: str) -> str:
        """The first numbered form of ``key`` that is neither there nor claimed; claimed from now on."""
        found = self._first_free(key, self._is_taken)
        self._claimed.add(found)
        return found

    def _is_taken(self, key: str) -> bool:
        return key in self._claimed or key in self._strangers or self.existing(key) is not None

    def _note(self, infos: Iterable[S3FileInfo]) -> None:
        """Keep what has one of our keys, and only the keys of all others: a folder may hold a million."""
        for info in infos:
            if info.key in self._claimed:
                self._there[info.key] = _There(info.size, info.last_modified)
            else:
                self._strangers.add(info.key)

    def _first_free(self, key: str, is_taken: Callable[[str], bool]) -> str:
        head, mark, name = key.rpartition(DELIMITER)
        room = MAX_KEY_BYTES - len((head + mark).encode(errors="replace"))
        candidate = key
        while is_taken(candidate):
            self._tried[key] += 1
            candidate = head + mark + numbered_name(name, self._tried[key] + 1, room)
        return candidate


def _existing(store: ObjectStore, bucket: str, key: str, cancel: Cancel) -> _There | None:
    try:
        details = store.head(bucket, key, operation="exists", cancel=cancel)
    except S3FileNotFoundError:
        return None
    except S3AccessDeniedError:
        # Reading may be forbidden where listing is allowed; the key itself comes first of all that begin with it.
        first = next(store.list_files(bucket, key, cancel=cancel), None)
        return _There(first.size, first.last_modified) if first and first.key == key else None
    return _There(details.size, details.last_modified)


# ---------------------------------------------------------------------- what there is to download


class _Object(NamedTuple):
    """An object to download; ``name`` is its key as seen from where it was chosen."""

    location: S3Location
    name: str
    size: int = 0
    modified_at: datetime | None = None
    etag: str = ""

    @property
    def is_empty_folder(self) -> bool:
        return self.name.endswith(DELIMITER) and not self.size


def _objects(store: ObjectStore, row: Row, cancel: Cancel) -> Iterator[_Object]:
    """What a row stands for: itself, or everything below it; nothing if it is gone."""
    here = row.location
    start = len(here.parent.key)
    if not row.is_folder:
        yield _Object(here, here.key[start:], row.size or 0, row.modified_at, row.etag)
        return
    if not here.key:
        yield _Object(here, here.bucket + DELIMITER)
    above = "" if here.key else here.bucket + DELIMITER
    for info in store.list_files(here.bucket, here.key, cancel=cancel):
        go_on(cancel)
        location = S3Location(here.bucket, info.key)
        yield _Object(location, above + info.key[start:], info.size, info.last_modified, info.etag)


def _free_bytes(folder: Path) -> int | None:
    """Free space; None where the disk can't tell, which some say as 0 of 0."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return usage.free if usage.total else None
