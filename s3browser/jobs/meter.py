from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Meter:
    """Speed and time left from sampled positions. Not thread-safe: one sampler owns it.

    The speed is that of the last ``window_s`` seconds, so that a pause or a slow start is soon forgotten. Of less than
    ``least_s`` it is not told: what the system's buffers take in at first would look like a hundred times the speed.
    """

    window_s: float = 8.0
    least_s: float = 1.0
    _samples: deque[tuple[float, int]] = field(default_factory=deque)

    def sample(self, now_s: float, position_bytes: int) -> None:
        """Note a position; ``now_s`` is a monotonic clock's, in seconds. A position that went back starts anew."""
        if self._samples and position_bytes < self._samples[-1][1]:
            self._samples.clear()
        self._samples.append((now_s, position_bytes))
        while len(self._samples) > 2 and now_s - self._samples[1][0] >= self.window_s:
            self._samples.popleft()

    @property
    def bytes_per_s(self) -> float:
        """Bytes a second; 0.0 until there are two samples ``least_s`` apart."""
        if len(self._samples) < 2:
            return 0.0
        (start_s, start_bytes), (end_s, end_bytes) = self._samples[0], self._samples[-1]
        return (end_bytes - start_bytes) / (end_s - start_s) if end_s - start_s >= self.least_s else 0.0

    def seconds_left(self, remaining_bytes: int) -> float | None:
        """Seconds until ``remaining_bytes`` have moved, or None while that is unknown."""
        speed = self.bytes_per_s
        return remaining_bytes / speed if speed > 0 else None
