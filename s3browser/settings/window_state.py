"""Where the window was and how its columns stood. Losing it must not matter."""

import base64
import contextlib
from collections.abc import Mapping
from pathlib import Path

from s3browser.exceptions import SettingsError
from s3browser.settings.jsonfile import JsonFile


class WindowState:
    """Opaque base64 texts by name: geometry, header, splitter.

    Blocking: read before the window shows, write on the lane "local" or after the window closed.
    """

    def __init__(self, path: Path) -> None:
        self._file = JsonFile(path)

    def load(self) -> dict[str, str]:
        """What was saved last; empty for a missing or damaged file, without the texts that are not base64."""
        document, _ = self._file.read()
        texts = document.get("texts")
        return {name: text for name, text in texts.items() if _is_base64(text)} if isinstance(texts, dict) else {}

    def save(self, texts: Mapping[str, str]) -> None:
        """Keep these instead; a disk that is full or read-only is passed over."""
        with contextlib.suppress(SettingsError):
            self._file.write({"texts": dict(texts)})


def _is_base64(text: object) -> bool:
    try:
        return isinstance(text, str) and base64.b64decode(text, validate=True) is not None
    except ValueError:
        return False
