"""Connections whose transfers wait, because the network or the sign-in is gone. The clerk's own, but ``look``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from s3browser.exceptions import S3BusyError, S3ConnectionError, S3CredentialsError, S3IntegrationError, SettingsError
from s3browser.model.store import ObjectStore
from s3browser.model.transfers import Hold

FIRST_DELAY_S = 2.0
MAX_DELAY_S = 30.0
CONNECTION_REMOVED = "ConnectionRemoved"


@dataclass(slots=True)
class _Held:
    error: S3IntegrationError
    delay_s: float
    next_at_s: float
    is_tried: bool = False


class Holds:
    """Which connections wait, and when each is tried again. Not thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: dict[str, _Held] = {}

    @property
    def connection_ids(self) -> list[str]:
        """Those that wait."""
        return list(self._held)

    def __contains__(self, connection_id: str) -> bool:
        return connection_id in self._held

    def add(self, connection_id: str, error: S3IntegrationError) -> None:
        """Let a connection wait, or wait longer: ``error`` is what happened just now."""
        held = self._held.get(connection_id)
        if held is None:
            delay_s = MAX_DELAY_S if waits_for_somebody(error) else FIRST_DELAY_S
            self._held[connection_id] = _Held(error, delay_s, self._clock() + delay_s)
        elif held.is_tried:
            held.error, held.is_tried = error, False
            held.delay_s = min(held.delay_s * 1.5, MAX_DELAY_S)
            held.next_at_s = self._clock() + held.delay_s

    def remove(self, connection_id: str) -> bool:
        """It need not wait any more; whether it did."""
        return self._held.pop(connection_id, None) is not None

    def seconds_to_next(self) -> float | None:
        """Until the next one is to be tried; None where there is none."""
        due = [held.next_at_s for held in self._held.values() if not held.is_tried]
        return max(0.0, min(due) - self._clock()) if due else None

    def take_due(self) -> list[str]:
        """The connections to be tried now, by ``look``; each until ``add`` or ``remove`` says what came of it."""
        due = [name for name, held in self._held.items() if not held.is_tried and held.next_at_s <= self._clock()]
        for name in due:
            self._held[name].is_tried = True
        return due

    def snapshot(self, waiting: Mapping[str, int]) -> tuple[Hold, ...]:
        """How things stand; ``waiting`` is how many transfers each connection has in the queue."""
        return tuple(Hold(name, held.error, waiting[name]) for name, held in self._held.items() if waiting.get(name, 0))


def look(store_of: Callable[[], ObjectStore]) -> S3IntegrationError | None:
    """Whether a connection works again: the error, or None. A refusal is an answer, too. Blocking, in any thread."""
    try:
        store_of().check_credentials()
    except S3IntegrationError as error:
        return error if holds_up(error) else None
    return None


def holds_up(error: Exception) -> bool:
    """Whether this concerns the whole connection and passes, by itself or when somebody signs in again."""
    return passes(error) or waits_for_somebody(error)


def passes(error: Exception) -> bool:
    """Whether it passes by itself."""
    return isinstance(error, S3ConnectionError | S3BusyError)


def waits_for_somebody(error: Exception) -> bool:
    """Whether somebody has to sign in again, or unlock the keyring."""
    is_removed = isinstance(error, S3IntegrationError) and error.code == CONNECTION_REMOVED
    return isinstance(error, S3CredentialsError | SettingsError) and not is_removed
