r"""What an object is called on this computer. Pure functions.

A key may hold anything; a file name may not. One rule, the same on Windows, macOS and Linux:

==============================================  ====================================================
in a part of the key (between two ``/``)        becomes
==============================================  ====================================================
``< > : " | ? * \``                              its full-width twin: ``：``
a control character                             its picture: ``␊``; where there is none, ``�``
text direction and invisible characters         ``�`` (joiners stay: Persian and emoji need them)
not valid text (a lone surrogate)               ``�``
empty, ``.``, ``..``                            ``_``, ``．``, ``．．``
a last dot or space                             ``．``, ``␠``
a device of Windows (``CON``, ``nul.txt``)      ``_CON``, ``_nul.txt``
longer than 255 bytes                           cut before its ending, with 8 digits of a hash
taken, case and composition aside               numbered: ``name (2).txt``
==============================================  ====================================================

One rule and the strictest, because it is the disk and not the system that decides: a stick, a share or a synchronised
folder on Linux refuses ``:`` as Windows does, two names that differ only in case lose a file on any Mac, and what was
downloaded is handed on to colleagues. It also makes the name of a file something one can tell on the telephone.
"""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence

from s3browser.model.locations import DELIMITER

MAX_NAME_BYTES = 255
_MAX_ENDING_BYTES = 32

_REPLACED = {
    **{ord(mark): chr(ord(mark) + 0xFEE0) for mark in '<>:"|?*\\/'},
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "␡",
    **dict.fromkeys(
        (
            *range(0x80, 0xA0), 0xAD, 0x61C, 0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2060, 0x2070),
            *range(0xD800, 0xE000), 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0020), 0xE007F,
        ),
        "�",
    ),
}  # fmt: skip
_TAIL = {".": "．", " ": "␠"}
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³]) *(?:\.|$)", re.IGNORECASE)


def local_name(segment: str) -> str:
    """The name of a file or folder whose part of the key is ``segment``."""
    name = segment.translate(_REPLACED)
    if not name:
        return "_"
    if name in (".", ".."):
        return "．" * len(name)
    name = name[:-1] + _TAIL.get(name[-1], name[-1])
    if _DEVICE.match(name):
        name = "_" + name
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    digest = hashlib.sha256(segment.encode(errors="surrogatepass")).hexdigest()[:8]
    return _with_mark(name, f"~{digest}", MAX_NAME_BYTES)


def numbered_name(name: str, number: int, max_bytes: int = MAX_NAME_BYTES) -> str:
    """``name (2).txt``, cut where it would pass ``max_bytes``."""
    return _with_mark(name, f" ({number})", max_bytes)


def claim_name(name: str, taken: dict[str, int], max_bytes: int = MAX_NAME_BYTES) -> str:
    """``name``, or the first of its numbered names that is not taken; it is taken from then on.

    Args:
        name: the wish.
        taken: ``collision_key`` of every name in the folder → the last number tried for it, 1 for a new one.
        max_bytes: how long the result may be.
    """
    wish = collision_key(name)
    candidate, number = name, taken.get(wish, 1)
    while collision_key(candidate) in taken:
        number += 1
        candidate = numbered_name(name, number, max_bytes)
    taken[collision_key(candidate)] = 1
    taken[wish] = number
    return candidate


def collision_key(name: str) -> str:
    """Equal for names that some file system takes for one: case, composition and invisible characters aside."""
    folded = unicodedata.normalize("NFC", name).casefold()
    return unicodedata.normalize("NFC", "".join(mark for mark in folded if unicodedata.category(mark) != "Cf"))


def local_paths(keys: Sequence[str]) -> list[tuple[str, ...]]:
    """The relative local path of every key of one download, as its parts; no two files share one.

    A key that ends in ``/`` is a folder, and equal folders are one; equal files are two. In a contest folders keep
    their name before files, and names that needed no replacement before those that did, so that the result does not
    depend on the order of the keys.
    """
    folders: defaultdict[str, set[str]] = defaultdict(set)
    files: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for index, key in enumerate(keys):
        parent = ""
        *above, last = key.split(DELIMITER)
        for segment in above:
            folders[parent].add(segment)
            parent += segment + DELIMITER
        if last:
            files[parent].append((last, index))
    folder_names: dict[str, str] = {}
    file_names: dict[int, str] = {}
    for parent in folders.keys() | files.keys():
        taken: dict[str, int] = {}
        for segment in sorted(folders[parent], key=_precedence):
            folder_names[parent + segment + DELIMITER] = claim_name(local_name(segment), taken)
        for segment, index in sorted(files[parent], key=lambda file: (*_precedence(file[0]), file[1])):
            file_names[index] = claim_name(local_name(segment), taken)
    return [_parts(key, folder_names, file_names.get(index)) for index, key in enumerate(keys)]


def _precedence(segment: str) -> tuple[bool, str]:
    return local_name(segment) != segment, segment


def _parts(key: str, folder_names: Mapping[str, str], file_name: str | None) -> tuple[str, ...]:
    parts = []
    end = 0
    while end := key.find(DELIMITER, end) + 1:
        parts.append(folder_names[key[:end]])
    if file_name is not None:
        parts.append(file_name)
    return tuple(parts)


def _with_mark(name: str, mark: str, max_bytes: int) -> str:
    """``name`` with ``mark`` before its ending, its stem cut between two characters to fit ``max_bytes``."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode(errors="replace")) > _MAX_ENDING_BYTES:
        stem, dot, ending = name, "", ""
    tail = mark + dot + ending
    room = max_bytes - len(tail.encode(errors="replace"))
    return stem.encode(errors="replace")[: max(0, room)].decode(errors="ignore") + tail
