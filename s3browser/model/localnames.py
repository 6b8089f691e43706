r"""What an object is called on this computer, and what a file of this computer is called as an object. Pure functions.

A key may hold anything; a file name may not. One rule, the same on Windows, macOS and Linux, read from left to right
on download and from right to left on upload:

==============================================  ====================================================
in a part of the key (between two ``/``)        on the disk
==============================================  ====================================================
``< > : " | ? * \``                             its full-width twin: ``：``
a control character (0 to 1F, 7F)               its picture: ``␊``
C1 controls, text direction, invisible          ``‛`` and its code in five digits: ``‛0202E``
characters, half of a surrogate pair
``.`` or a space as the last character          ``．``, ``␠`` (so ``..`` is ``.．``)
a device of Windows (``CON``, ``nul.txt``)      a ``‛`` before it: ``‛CON``, ``‛nul.txt``
nothing at all                                  ``‛``
one of those twins and pictures, a last ``．``  a ``‛`` before it: ``‛：``, ``‛．``, ``‛‛``
or ``␠``, or ``‛`` itself
==============================================  ====================================================

Two things are done on download only, and can't be undone:

==============================================  ====================================================
longer than 255 bytes                           cut before its ending, with 8 digits of a hash
taken, case and composition aside               numbered: ``name (2).txt``
==============================================  ====================================================

Invisible is what Unicode calls default ignorable, and line and paragraph separators, without the two joiners (Persian
and emoji need them) and variation selectors (Japanese names and emoji do). ``/`` is not in the table because no part
of a key holds one. So ``／`` stays ``／`` both ways, and a file never lands in another folder than it lay in.

On upload a name is taken for one of the rule's only if the rule makes exactly this name; any other stays as it is. So
``‛90s`` and ``trailing .`` are uploaded under these names, and what was downloaded goes back to the key it came from.
The price: a person's own ``Why？.txt`` is ``Why?.txt`` in the bucket, and ``Why？.txt`` again where it comes down.

One rule and the strictest, because it is the disk and not the system that decides: a stick, a share or a synchronised
folder on Linux refuses ``:`` as Windows does, two names that differ only in case lose a file on any Mac, and what was
downloaded is handed on to colleagues. It also makes the name of a file something one can tell on the telephone.
Twins, pictures and the quote are those that rclone uses on Windows.
"""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence

from s3browser.model.locations import DELIMITER

MAX_NAME_BYTES = 255
_MAX_ENDING_BYTES = 32

_QUOTE = "‛"
_TWINS = {
    **{mark: chr(ord(mark) + 0xFEE0) for mark in '<>:"|?*\\'},
    **{chr(code): chr(0x2400 + code) for code in range(0x20)},
    "\x7f": "␡",
}
_ORIGINALS = {twin: mark for mark, twin in _TWINS.items()} | {"．": ".", "␠": " "}
_INVISIBLE = (
    *range(0x80, 0xA0), 0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x200B, 0x200E, 0x200F,
    *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0x3164, *range(0xD800, 0xE000), 0xFEFF, 0xFFA0,
    *range(0xFFF0, 0xFFFC), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE0100),
    *range(0xE01F0, 0xE1000),
)  # fmt: skip
_INSIDE = {
    ord("/"): "／",  # nobody should ask for it; if somebody does, it must not lead elsewhere
    ord(_QUOTE): _QUOTE + _QUOTE,
    **{ord(mark): twin for mark, twin in _TWINS.items()},
    **{ord(twin): _QUOTE + twin for twin in _TWINS.values()},
    **{code: f"{_QUOTE}{code:05X}" for code in _INVISIBLE},
}
_LAST = _INSIDE | {ord("."): "．", ord(" "): "␠", ord("．"): "‛．", ord("␠"): "‛␠"}
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³]) *(?:\.|$)", re.IGNORECASE)
_ANY_TWIN = "".join(_TWINS.values())
_REPLACEMENT = re.compile(
    rf"\A‛(?={_DEVICE.pattern}|\Z)|‛[‛{_ANY_TWIN}]|‛?[．␠]\Z|‛[0-9A-F]{{5}}|[{_ANY_TWIN}]", re.IGNORECASE
)


def local_name(segment: str) -> str:
    """The name of a file or folder whose part of the key is ``segment``.

    Legal on all three systems, at most 255 bytes, and visible from end to end. Different segments get different names
    unless one had to be cut.
    """
    name = segment[:-1].translate(_INSIDE) + segment[-1:].translate(_LAST)
    if not name or _DEVICE.match(name):
        name = _QUOTE + name
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    digest = hashlib.sha256(segment.encode(errors="surrogatepass")).hexdigest()[:8]
    return _with_mark(name, f"~{digest}", MAX_NAME_BYTES)


def key_name(name: str) -> str:
    """The part of the key that a file or folder called ``name`` gets: the inverse of ``local_name``.

    ``key_name(local_name(segment)) == segment`` unless the name had to be cut, and a name that ``local_name`` never
    makes stays as it is. The result may be what no path may hold (``..``, nothing at all), but a ``/`` only if
    ``name`` holds one.
    """
    segment = _REPLACEMENT.sub(_original, name)
    return segment if segment == name or local_name(segment) == name else name


def _original(found: re.Match[str]) -> str:
    text = found[0]
    if len(text) == 1:
        return _ORIGINALS.get(text, "")
    return text[1:] if len(text) == 2 else chr(int(text[1:], 16))


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
    wish = key = collision_key(name)
    candidate, number = name, taken.get(wish, 1)
    while key in taken:
        number += 1
        candidate = numbered_name(name, number, max_bytes)
        key = collision_key(candidate)
    taken[key] = 1
    taken[wish] = number
    return candidate


def collision_key(name: str) -> str:
    """Equal for names that some file system takes for one: case, composition and invisible characters aside."""
    if name.isascii():
        return name.lower()
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
        for _, segment, name in sorted(map(_wish, folders[parent])):
            folder_names[parent + segment + DELIMITER] = claim_name(name, taken)
        for (_, _, name), index in sorted((_wish(segment), index) for segment, index in files[parent]):
            file_names[index] = claim_name(name, taken)
    return [_parts(key, folder_names, file_names.get(index)) for index, key in enumerate(keys)]


def _wish(segment: str) -> tuple[bool, str, str]:
    """A part of a key with the name it should get; the first in order is the first to get it."""
    name = local_name(segment)
    return name != segment, segment, name


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
