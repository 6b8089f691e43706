"""Messages between two processes of this program, over a pair of pipes."""

import pickle
import struct
import threading
from contextlib import suppress
from typing import IO, Any

_LENGTH = struct.Struct(">Q")


class Channel:
    """One end. ``send`` is thread-safe; ``receive`` is for one thread. Both block.

    Messages are pickled: the pipes have no name, so that nobody else can write into them, and what goes through them
    (keys, too) touches no disk. An object that can’t be pickled raises in ``send``, and nothing is sent of it.

    Args:
        reader: where the other end’s messages come from.
        writer: where this end’s go.
    """

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        self._reader = reader
        self._writer = writer
        self._lock = threading.Lock()

    def send(self, message: object) -> None:
        """Hand over a message.

        Raises:
            BrokenPipeError: the other end is gone, or this one closed.
        """
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._lock:
            if self._writer.closed:
                raise BrokenPipeError
            self._writer.write(_LENGTH.pack(len(data)) + data)
            self._writer.flush()

    def receive(self) -> Any:
        """The next message.

        Raises:
            EOFError: the other end is gone.
        """
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return pickle.loads(self._read(length))  # noqa: S301 (our own program wrote it: see the class)

    def _read(self, count: int) -> bytes:
        data = self._reader.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def close(self) -> None:
        """Close both pipes. The other end’s ``receive`` ends."""
        with self._lock, suppress(OSError):  # what could not be written any more
            self._writer.close()
        self._reader.close()
