"""What a drop or a click would move: looked at before a byte moves. Blocking; for a lane."""

import os
import stat
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, pairwise
from pathlib import Path
from threading import Event

from s3browser.exceptions import (
    Cancelled,
    S3AccessDeniedError,
    S3DownloadError,
    S3FileNotFoundError,
    S3UploadError,
)
from s3browser.model.listing import Row
from s3browser.model.localnames import claim_name, collision_key, local_name, local_paths, numbered_name
from s3browser.model.locations import DELIMITER, MAX_KEY_BYTES, S3Location, key_problem
from s3browser.model.store import Cancel, ObjectStore
from s3browser.model.transfers import Conflict, Direction, Plan, Problem, TransferItem
from s3browser.transfers.download import local_errors
from s3browser.transfers.upload import local_error

_ASK_ONE_BY_ONE = 20  # names; more of them are cheaper to look up in a listing of the folder
_MOUNT_POINT = 0xA0000003  # the reparse tag of a Windows junction: a link to a folder that does not look like one


def plan_upload(store: ObjectStore, paths: Iterable[Path], target: S3Location, *, cancel: Cancel | None = None) -> Plan:
    """Plan to upload files and folders of this computer into the folder ``target``.

    Hidden files come along. A link to a file is the file; a link to a folder is followed only if it was chosen itself,
    since links inside a folder can lead in circles or out of it, and is a problem otherwise. An empty folder becomes a
    marker. Two files that would get the same key (from two folders) are both kept, the second one numbered.

    Raises:
        Cancelled: ``cancel`` was set.
        S3IntegrationError: the store could not be asked what is there; being forbidden to ask is ``Plan.unchecked``.
    """
    stop = cancel or Event()
    keys = _Keys(store, target, stop)
    items: list[TransferItem] = []
    problems: list[Problem] = []
    for found in _walk(paths, stop):
        key = keys.claim(target.key + found.name)
        item = TransferItem(
            Direction.UPLOAD, S3Location(target.bucket, key), found.path, found.size,
            renamed=key != target.key + found.name, is_folder=found.is_folder,
        )  # fmt: skip
        wrong = key_problem(key)
        if found.error is not None:
            problems.append(Problem(item, found.error))
        elif wrong is not None:
            problems.append(Problem(item, S3UploadError("upload", str(found.path), "BadName", reason=wrong)))
        else:
            items.append(item)
    try:
        keys.look_up([item.location.key for item in items])
        free = [item for item in items if not keys.exists(item.location.key)]
        conflicts = [
            Conflict(
                item, replace(item, location=S3Location(target.bucket, keys.free(item.location.key)), renamed=True)
            )
            for item in items
            if keys.exists(item.location.key) and not item.is_folder
        ]
    except S3AccessDeniedError as error:
        return Plan(Direction.UPLOAD, tuple(items), problems=tuple(problems), unchecked=error, target=target.label)
    return Plan(Direction.UPLOAD, tuple(free), tuple(conflicts), tuple(problems), target=target.label)


def plan_download(store: ObjectStore, rows: Iterable[Row], folder: Path, *, cancel: Cancel | None = None) -> Plan:
    """Plan to download files, folders and buckets into ``folder``, under the names of ``model.localnames``.

    Nothing is planned to lie outside ``folder``: a link in it that leads out is in the way, as a file would be.

    Raises:
        S3DownloadError: ``folder`` is not there or not writable.
        Cancelled: ``cancel`` was set.
        S3IntegrationError: the store could not be asked what is there.
    """
    stop = cancel or Event()
    if not folder.is_dir():
        raise S3DownloadError("download", str(folder), "NoFolder")
    if not os.access(folder, os.W_OK):
        raise S3DownloadError("download", str(folder), "Unwritable")
    problems: list[Problem] = []
    objects: list[_Object] = []
    for row in dict.fromkeys(rows):
        found = list(_objects(store, row, stop))
        if not found:
            gone = TransferItem(
                Direction.DOWNLOAD, row.location, folder / local_name(row.location.name), 0, is_folder=True, root=folder
            )
            problems.append(Problem(gone, S3FileNotFoundError("download", str(row.location))))
        objects += found
    objects.sort(key=lambda each: each.name)
    objects = [
        each
        for each, following in pairwise([*objects, None])
        # A folder that holds something comes with what it holds.
        if each and not (each.is_empty_folder and following and following.name.startswith(each.name))
    ]
    paths = local_paths([each.name for each in objects])
    ground = _Ground(folder, paths)
    items: list[TransferItem] = []
    conflicts: list[Conflict] = []
    for each, parts in zip(objects, paths, strict=True):
        _go_on(stop)
        item = TransferItem(
            Direction.DOWNLOAD, each.location, folder.joinpath(*parts), each.size,
            renamed=DELIMITER.join(parts) != each.name.removesuffix(DELIMITER),
            is_folder=each.is_empty_folder, root=folder,
        )  # fmt: skip
        if each.name.endswith(DELIMITER) and not each.is_empty_folder:
            reason = "It is a folder that holds data of its own, which no disk can store."
            problems.append(Problem(item, S3DownloadError("download", str(each.location), "BadName", reason=reason)))
            continue
        spot = ground.folder(parts) if each.is_empty_folder else ground.file(parts)
        if spot.kept_parts != parts:
            kept = replace(item, local_path=folder.joinpath(*spot.kept_parts), renamed=True)
            conflicts.append(Conflict(item, kept, spot.obstacle))
        elif not (each.is_empty_folder and spot.exists):
            items.append(item)
    return Plan(Direction.DOWNLOAD, tuple(items), tuple(conflicts), tuple(problems), target=folder.name)


def _go_on(cancel: Cancel) -> None:
    if cancel.is_set():
        raise Cancelled


# ---------------------------------------------------------------------- this computer's side of an upload


@dataclass(frozen=True, slots=True)
class _Found:
    """Something on this computer; ``name`` is what its key ends in."""

    path: Path
    name: str
    size: int = 0
    is_folder: bool = False
    error: S3UploadError | None = None


def _walk(paths: Iterable[Path], cancel: Cancel) -> Iterator[_Found]:
    """Every file and every empty folder, in order of their names, and what can't be taken."""
    pending = [(path, _chosen_name(path), True) for path in dict.fromkeys(paths)][::-1]
    while pending:
        _go_on(cancel)
        path, name, is_chosen = pending.pop()
        found = _look(path, name, is_chosen)
        if not found.is_folder:
            yield found
            continue
        try:
            children = sorted(path.iterdir(), key=lambda child: child.name)
        except OSError as error:
            reason = "You are not allowed to open this folder." if isinstance(error, PermissionError) else None
            code = local_error(path, error).code
            yield replace(found, error=S3UploadError("upload", str(path), code, reason=reason))
            continue
        if not children:
            yield found
        pending += [(child, found.name + child.name, False) for child in reversed(children)]


def _chosen_name(path: Path) -> str:
    """What the person who chose ``path`` calls it; a whole disk has no name but its letter."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 (without following links, which resolve() does)
    return absolute.name or absolute.drive.rstrip(":") or "root"


def _look(path: Path, name: str, is_chosen: bool) -> _Found:
    """What ``path`` is; a folder's name gets its ``/``."""
    try:
        own = path.lstat()
        info = path.stat() if stat.S_ISLNK(own.st_mode) else own
    except (OSError, ValueError) as error:
        return _Found(path, name, error=local_error(path, error))
    is_link = stat.S_ISLNK(own.st_mode) or getattr(own, "st_reparse_tag", 0) == _MOUNT_POINT
    if stat.S_ISDIR(info.st_mode):
        if is_link and not is_chosen:
            reason, hint = "This is a link to another folder.", "Upload that folder itself if you need it."
            return _Found(path, name, error=S3UploadError("upload", str(path), "NotAFile", reason=reason, hint=hint))
        return _Found(path, name + DELIMITER, is_folder=True)
    if not stat.S_ISREG(info.st_mode):
        return _Found(path, name, error=S3UploadError("upload", str(path), "NotAFile"))
    if not os.access(path, os.R_OK):
        return _Found(path, name, info.st_size, error=S3UploadError("upload", str(path), "Unreadable"))
    return _Found(path, name, info.st_size)


class _Keys:
    """The keys of one upload: those it takes itself, and those that are there already."""

    def __init__(self, store: ObjectStore, target: S3Location, cancel: Cancel) -> None:
        self._store = store
        self._target = target
        self._cancel = cancel
        self._claimed: set[str] = set()
        self._tried: Counter[str] = Counter()
        self._there: dict[str, bool] = {}
        self._listed: set[str] = set()
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
                self._listed.update(info.key for info in page.files)
                below.update(page.folders)
            there = [folder for folder in there if folder in below]
        for folder in there:
            found = self._store.list_files(self._target.bucket, folder, cancel=self._cancel)
            self._listed.update(info.key for info in found)

    def exists(self, key: str) -> bool:
        """Whether ``key`` is there already."""
        if not self._ask or DELIMITER in key[len(self._target.key) :]:
            return key in self._listed
        if key not in self._there:
            _go_on(self._cancel)
            self._there[key] = _is_there(self._store, self._target.bucket, key, self._cancel)
        return self._there[key]

    def free(self, key: str) -> str:
        """The first numbered form of ``key`` that is neither there nor claimed; claimed from now on."""
        found = self._first_free(key, lambda candidate: candidate in self._claimed or self.exists(candidate))
        self._claimed.add(found)
        return found

    def _first_free(self, key: str, is_taken: Callable[[str], bool]) -> str:
        head, mark, name = key.rpartition(DELIMITER)
        room = MAX_KEY_BYTES - len((head + mark).encode(errors="replace"))
        candidate = key
        while is_taken(candidate):
            self._tried[key] += 1
            candidate = head + mark + numbered_name(name, self._tried[key] + 1, room)
        return candidate


def _is_there(store: ObjectStore, bucket: str, key: str, cancel: Cancel) -> bool:
    try:
        store.head(bucket, key, operation="exists", cancel=cancel)
    except S3FileNotFoundError:
        return False
    except S3AccessDeniedError:
        # Reading may be forbidden where listing is allowed; the key itself comes first of all that begin with it.
        return any(info.key == key for info in islice(store.list_files(bucket, key, cancel=cancel), 1))
    return True


# ---------------------------------------------------------------------- this computer's side of a download


@dataclass(frozen=True, slots=True)
class _Object:
    """An object to download; ``name`` is its key as seen from where it was chosen."""

    location: S3Location
    name: str
    size: int

    @property
    def is_empty_folder(self) -> bool:
        return self.name.endswith(DELIMITER) and not self.size


def _objects(store: ObjectStore, row: Row, cancel: Cancel) -> Iterator[_Object]:
    """What a row stands for: itself, or everything below it; nothing if it is gone."""
    here = row.location
    if not row.is_folder:
        yield _Object(here, here.key[len(here.parent.key) :], row.size or 0)
        return
    if not here.key:
        yield _Object(here, here.bucket + DELIMITER, 0)
    above = "" if here.key else here.bucket + DELIMITER
    for info in store.list_files(here.bucket, here.key, cancel=cancel):
        _go_on(cancel)
        name = above + info.key[len(here.parent.key) :]
        yield _Object(S3Location(here.bucket, info.key), name, info.size)


@dataclass(frozen=True, slots=True)
class _Spot:
    """A place below the chosen folder.

    Attributes:
        exists: whether it is there already, as the kind that is needed.
        kept_parts: where to go instead so that both are kept; the same place if it is free.
        obstacle: why what is there can’t be replaced.
    """

    exists: bool
    kept_parts: tuple[str, ...]
    obstacle: S3DownloadError | None = None


class _Ground:
    """The chosen folder on this computer: what is free in it, and what is in the way."""

    def __init__(self, root: Path, paths: Sequence[tuple[str, ...]]) -> None:
        self._root = root
        self._real_root = Path(os.path.realpath(root))
        self._paths = paths
        self._folders: dict[tuple[str, ...], _Spot] = {(): _Spot(True, ())}
        self._taken: dict[tuple[str, ...], dict[str, int]] = {}

    def folder(self, parts: tuple[str, ...]) -> _Spot:
        """The spot of a folder; ``exists`` if there is one that things can be put into."""
        for end in range(1, len(parts) + 1):
            here = parts[:end]
            if here not in self._folders:
                self._folders[here] = self._next_folder(self._folders[here[:-1]], here)
        return self._folders[parts]

    def file(self, parts: tuple[str, ...]) -> _Spot:
        """The spot of a file."""
        above = self.folder(parts[:-1])
        path = self._root.joinpath(*parts)
        if not above.exists or not os.path.lexists(path):
            return _Spot(False, (*above.kept_parts, parts[-1]), above.obstacle)
        obstacle = S3DownloadError("download", str(path), "IsFolder") if path.is_dir() else None
        return _Spot(True, (*above.kept_parts, self._free_name(parts)), obstacle)

    def _next_folder(self, above: _Spot, parts: tuple[str, ...]) -> _Spot:
        path = self._root.joinpath(*parts)
        if not above.exists or not os.path.lexists(path):
            return _Spot(False, (*above.kept_parts, parts[-1]), above.obstacle)
        if not path.is_dir():
            code = "IsFile"
        elif not Path(os.path.realpath(path)).is_relative_to(self._real_root):
            code = "Outside"
        else:
            return _Spot(True, parts)
        obstacle = S3DownloadError("download", str(path), code)
        return _Spot(False, (*above.kept_parts, self._free_name(parts)), obstacle)

    def _free_name(self, parts: tuple[str, ...]) -> str:
        """A numbered name for something that is in the way; taken from now on."""
        folder = parts[:-1]
        if folder not in self._taken:
            path = self._root.joinpath(*folder)
            with local_errors(path):
                names = self._names[folder].union(child.name for child in path.iterdir())
            self._taken[folder] = dict.fromkeys(map(collision_key, names), 1)
        return claim_name(parts[-1], self._taken[folder])

    @cached_property
    def _names(self) -> Mapping[tuple[str, ...], set[str]]:
        """Folder → what this download puts into it."""
        names: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        for parts in self._paths:
            for end in range(len(parts)):
                names[parts[:end]].add(parts[end])
        return names
