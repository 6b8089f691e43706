"""Bytes to text, in whatever encoding they are."""

import codecs
from pathlib import Path
from typing import NamedTuple

from s3browser.documents.limits import MAX_TEXT_BYTES

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Not in text of any 8-bit encoding: all control characters but BEL, BS, TAB, LF, VT, FF, CR, DOS’s end of file and ESC.
_BINARY = bytes(sorted({*range(32)} - {7, 8, 9, 10, 11, 12, 13, 26, 27}))
# Candidates, likeliest first: where charset-normalizer finds several equally good, and it often does for a few
# accented letters, Western Europe’s is the better guess than the alphabet’s first.
_CANDIDATES = (
    "cp1252", "cp1250", "cp1251", "cp932", "gb18030", "big5", "cp949", "euc_jp",
    "koi8_r", "cp1253", "cp1254", "iso2022_jp",
)  # fmt: skip
_SAMPLE_BYTES = 64 * 1024


class Decoded(NamedTuple):
    """Text, the encoding it was in, and whether the file goes on."""

    text: str
    encoding: str
    truncated: bool


def looks_like_text(head: bytes) -> bool:
    """Whether a file that begins like this is text in some encoding."""
    if any(head.startswith(mark) for mark, _ in _MARKS):
        return True
    return len(head.translate(None, _BINARY)) == len(head) or _wide_encoding(head) is not None


def decode_file(path: Path, declared: str | None = None) -> Decoded:
    """The text of a file's first ``MAX_TEXT_BYTES``; a byte that fits nowhere becomes U+FFFD.

    Args:
        path: the file.
        declared: the encoding that the content itself names, as an HTML page does; used if it is one.
    """
    with path.open("rb") as file:
        data = file.read(MAX_TEXT_BYTES)
        truncated = bool(file.read(1))
    encoding = _encoding_of(data, declared)
    # An incremental decoder: the cut may have gone through the middle of a character.
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return Decoded(decoder.decode(data, final=not truncated), encoding.removesuffix("-sig"), truncated)


def _encoding_of(data: bytes, declared: str | None) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    if wide := _wide_encoding(data):
        return wide
    if declared and _is_text_encoding(declared):
        return declared
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        # The lines that tell encodings apart: among much plain ASCII every candidate would look good.
        return _guess(b"\n".join(line for line in data.split(b"\n") if not line.isascii())[:_SAMPLE_BYTES])
    if b"\x1b$" in data:  # ISO-2022-JP is plain ASCII to the eye of a decoder
        return _guess(data[:_SAMPLE_BYTES])
    return "utf-8"


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of Western text is zero."""
    sample = data[: _SAMPLE_BYTES & ~1]
    half = len(sample) // 2
    high_first, low_first = sample[0::2].count(0), sample[1::2].count(0)
    if low_first > half * 0.4 and not high_first:
        return "utf-16-le"
    if high_first > half * 0.4 and not low_first:
        return "utf-16-be"
    return None


def _guess(sample: bytes) -> str:
    import charset_normalizer

    def rank(match: charset_normalizer.CharsetMatch) -> tuple[float, float, int]:
        return match.chaos, -match.coherence, _CANDIDATES.index(likeliest(match))

    def likeliest(match: charset_normalizer.CharsetMatch) -> str:
        return min(match.could_be_from_charset, key=_CANDIDATES.index)

    matches = charset_normalizer.from_bytes(sample, cp_isolation=list(_CANDIDATES))
    return likeliest(min(matches, key=rank)) if matches else "cp1252"


def _is_text_encoding(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False
