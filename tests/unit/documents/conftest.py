import io
from pathlib import Path
from typing import Protocol

import pytest

from s3browser.documents import wire
from s3browser.documents.document import Document
from s3browser.documents.worker import answer


class Read(Protocol):
    def __call__(self, content: bytes, name: str = "document") -> Document: ...


@pytest.fixture
def read_here(tmp_path: Path) -> Read:
    """Reads bytes under a name, in this process: all that the worker does once it has confined itself."""

    def read_bytes(content: bytes, name: str = "document") -> Document:
        path = tmp_path / "document"
        path.write_bytes(content)
        reply = wire.receive(io.BytesIO(answer(path, name)))
        assert reply is not None
        return wire.decode(reply, name)

    return read_bytes
