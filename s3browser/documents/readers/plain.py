"""Text that is gathered piece by piece, up to the limit."""

from s3browser.documents.limits import MAX_TEXT_CHARACTERS


class TextIsFull(Exception):  # noqa: N818 (not an error: enough was read)
    """The gathered text has reached its limit; stop reading."""


class PlainText:
    """Gathers text up to ``MAX_TEXT_CHARACTERS``."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._left = MAX_TEXT_CHARACTERS
        self.truncated = False

    def add(self, piece: str) -> None:
        """Append a piece.

        Raises:
            TextIsFull: it did not fit; what fitted was kept.
        """
        if len(piece) > self._left:
            self._pieces.append(piece[: self._left])
            self._left = 0
            self.truncated = True
            raise TextIsFull
        if piece:
            self._pieces.append(piece)
            self._left -= len(piece)

    @property
    def last(self) -> str:
        """The last character, or nothing."""
        return self._pieces[-1][-1] if self._pieces else ""

    def __str__(self) -> str:
        return "".join(self._pieces)
