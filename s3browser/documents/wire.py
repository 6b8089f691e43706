"""What the worker answers, as bytes: four bytes of length, then JSON.

Not pickle: the worker reads hostile files, and whoever conquers it must not be able to run code in the window's
process. So everything that arrives is checked: types, sizes, and that the thumbnail is a PNG of the promised size.
"""

import json
import struct
import unicodedata
from base64 import b64decode, b64encode
from pathlib import Path
from typing import IO, Any

from s3browser.documents.document import Document, Kind
from s3browser.documents.limits import (
    MAX_REPLY_BYTES,
    MAX_TEXT_CHARACTERS,
    MAX_WORDS_CHARACTERS,
    THUMBNAIL_SIDE_PIXELS,
)
from s3browser.exceptions import DocumentError

_LENGTH = struct.Struct(">I")
_PNG_START = struct.Struct(">8s4x4sII")  # signature, (length), type, width, height


def encode_request(path: Path, name: str) -> bytes:
    """One line of JSON: which file to read, and what it is called."""
    return json.dumps([str(path), name]).encode() + b"\n"


def decode_request(line: bytes) -> tuple[Path, str]:
    """The reverse of ``encode_request``."""
    path, name = json.loads(line)
    return Path(path), name


def encode_document(document: Document) -> bytes:
    """A document as a reply. Text is tidied here, for all readers: no control characters, no half surrogates."""
    facts = {_line(name): _line(value) for name, value in document.facts.items()}
    return _frame(
        {
            "kind": document.kind,
            "title": _line(document.title or ""),
            "author": _line(document.author or ""),
            "page_count": document.page_count,
            "text": _tidy(document.text[:MAX_TEXT_CHARACTERS]),
            "truncated": document.truncated or len(document.text) > MAX_TEXT_CHARACTERS,
            "thumbnail": b64encode(document.thumbnail or b"").decode(),
            "facts": {name: value for name, value in facts.items() if value},
        }
    )


def encode_error(error: DocumentError, cause: str = "") -> bytes:
    """A refusal as a reply; ``cause`` is for the log."""
    return _frame({"code": error.code, "reason": error.reason, "cause": _line(cause)})


def receive(stream: IO[bytes]) -> bytes | None:
    """The next reply's JSON; None where the stream ended or announced more than any reply has."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_REPLY_BYTES:
        return None
    body = stream.read(length)
    return body if len(body) == length else None


def decode(body: bytes, key: str) -> Document:
    """The document of a reply.

    Raises:
        DocumentError: the reply is one.
        ValueError: it is no reply that a sound worker gives.
    """
    reply = json.loads(body)
    if not isinstance(reply, dict):
        raise ValueError("not an object")
    if "kind" not in reply:
        error = DocumentError("process", key, _typed(reply, "code", str, None), reason=_typed(reply, "reason", str))
        cause = _typed(reply, "cause", str)
        if cause:
            error.add_note(cause)
        raise error
    facts = _typed(reply, "facts", dict)
    if not all(isinstance(value, str) for value in facts.values()):
        raise ValueError("a fact that is no text")
    text = _typed(reply, "text", str)
    if len(text) > MAX_TEXT_CHARACTERS:
        raise ValueError("too much text")
    return Document(
        key=key,
        kind=Kind(_typed(reply, "kind", str)),
        title=_typed(reply, "title", str) or None,
        author=_typed(reply, "author", str) or None,
        page_count=_typed(reply, "page_count", int, None),
        text=text,
        truncated=_typed(reply, "truncated", bool),
        thumbnail=_thumbnail(b64decode(_typed(reply, "thumbnail", str), validate=True)),
        facts=facts,
    )


def _frame(reply: dict[str, Any]) -> bytes:
    body = json.dumps(reply, ensure_ascii=False).encode()
    return _LENGTH.pack(len(body)) + body


def _typed(reply: dict[str, Any], name: str, *types: type | None) -> Any:
    value = reply.get(name)
    if not any(value is None if kind is None else isinstance(value, kind) for kind in types):
        raise ValueError(f"{name} is a {type(value).__name__}")
    return value


def _thumbnail(data: bytes) -> bytes | None:
    if not data:
        return None
    if len(data) < _PNG_START.size:
        raise ValueError("a thumbnail that is no PNG")
    signature, chunk, width, height = _PNG_START.unpack_from(data)
    if (signature, chunk) != (b"\x89PNG\r\n\x1a\n", b"IHDR") or max(width, height) > THUMBNAIL_SIDE_PIXELS:
        raise ValueError("a thumbnail that is no small PNG")
    return data


_CONTROLS = {code: None for code in range(0xA0) if unicodedata.category(chr(code)) == "Cc" and chr(code) not in "\n\t"}


def _tidy(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)
    return lines.encode("utf-8", "replace").decode()


def _line(text: str) -> str:
    return _tidy(" ".join(text[: 4 * MAX_WORDS_CHARACTERS].split()))[:MAX_WORDS_CHARACTERS]
