"""What lies on this computer where a download goes."""

import os
import stat
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from s3browser.exceptions import S3DownloadError
from s3browser.model.localnames import claim_name, collision_key
from s3browser.model.moments import moment
from s3browser.transfers.localfile import local_errors

# A Path for each of thousands of files takes longer than to ask for it.
# ruff: noqa: PTH112, PTH118, PTH208


@dataclass(frozen=True, slots=True)
class Spot:
    """A place below the chosen folder.

    Attributes:
        exists: whether it is a folder that is there already, and things can be put into it.
        kept_parts: where to go instead so that both are kept; the same place if it is free.
        obstacle: why what is there can’t be replaced.
        size: of the file that is there, in bytes; None for anything else.
        modified_at: when what is there was last changed, aware, UTC; None where that is not known.
    """

    exists: bool
    kept_parts: tuple[str, ...]
    obstacle: S3DownloadError | None = None
    size: int | None = None
    modified_at: datetime | None = None


class Ground:
    """The chosen folder on this computer: what is free in it, and what is in the way."""

    def __init__(self, root: Path, paths: Sequence[tuple[str, ...]]) -> None:
        self._root = str(root)
        self._real_root = Path(os.path.realpath(root))
        self._paths = paths
        self._folders: dict[tuple[str, ...], Spot] = {(): Spot(True, ())}
        self._names_taken: dict[tuple[str, ...], dict[str, int]] = {}

    def folder(self, parts: tuple[str, ...]) -> Spot:
        """The spot of a folder; ``exists`` if there is one that things can be put into."""
        for end in range(1, len(parts) + 1):
            here = parts[:end]
            if here not in self._folders:
                self._folders[here] = self._next_folder(self._folders[here[:-1]], here)
        return self._folders[parts]

    def file(self, parts: tuple[str, ...]) -> Spot:
        """The spot of a file."""
        above = self.folder(parts[:-1])
        path = os.path.join(self._root, *parts)
        there = _lstat(path) if above.exists else None
        if there is None:
            return Spot(False, (*above.kept_parts, parts[-1]), above.obstacle)
        obstacle = S3DownloadError("download", path, "IsFolder") if os.path.isdir(path) else None
        return self._taken(parts, there, obstacle)

    def _next_folder(self, above: Spot, parts: tuple[str, ...]) -> Spot:
        path = os.path.join(self._root, *parts)
        there = _lstat(path) if above.exists else None
        if there is None:
            return Spot(False, (*above.kept_parts, parts[-1]), above.obstacle)
        if not os.path.isdir(path):
            code = "IsFile"
        elif not Path(os.path.realpath(path)).is_relative_to(self._real_root):
            code = "Outside"
        else:
            return Spot(True, parts)
        return self._taken(parts, there, S3DownloadError("download", path, code))

    def _taken(self, parts: tuple[str, ...], there: os.stat_result, obstacle: S3DownloadError | None) -> Spot:
        size = there.st_size if stat.S_ISREG(there.st_mode) else None
        kept_parts = (*parts[:-1], self._free_name(parts))
        return Spot(False, kept_parts, obstacle, size, moment(there.st_mtime_ns))

    def _free_name(self, parts: tuple[str, ...]) -> str:
        """A numbered name for something that is in the way; taken from now on."""
        folder = parts[:-1]
        if folder not in self._names_taken:
            path = os.path.join(self._root, *folder)
            with local_errors(path):
                names = self._names[folder].union(os.listdir(path))
            self._names_taken[folder] = dict.fromkeys(map(collision_key, names), 1)
        return claim_name(parts[-1], self._names_taken[folder])

    @cached_property
    def _names(self) -> Mapping[tuple[str, ...], set[str]]:
        """Folder → what this download puts into it."""
        names: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        for parts in self._paths:
            for end in range(len(parts)):
                names[parts[:end]].add(parts[end])
        return names


def _lstat(path: str) -> os.stat_result | None:
    """What has this very name, a link itself; None where nothing has."""
    try:
        return os.lstat(path)
    except (OSError, ValueError):
        return None
