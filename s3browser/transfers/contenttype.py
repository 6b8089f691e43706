"""What kind of content a file has, as far as its name tells."""

import mimetypes
from functools import lru_cache

_ENCODED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
_UNKNOWN = "application/octet-stream"


def guess_content_type(name: str) -> str:
    """The media type that a file’s name promises; that of the wrapping, not of the content, for ``data.csv.gz``."""
    _, *endings = name.lstrip(".").rsplit(".", 2)
    return _by_endings(".".join(endings))


@lru_cache(maxsize=512)
def _by_endings(endings: str) -> str:
    # "./" keeps "data:x.txt" from being read as an address.
    kind, encoding = mimetypes.guess_type(f"./x.{endings}")
    if encoding is not None:
        return _ENCODED.get(encoding, _UNKNOWN)
    return kind or _UNKNOWN
