"""The secret keys of the connections. The door to keyring.

keyring is imported with the first call: with its back ends it costs 0.1 s of the start.
"""

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from s3browser.exceptions import SettingsError
from s3browser.model.connections import Secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

# Back ends that keep a secret encrypted by the system. Every other one (plain text, null, unknown) is refused,
# whoever chose it: PYTHON_KEYRING_BACKEND, keyringrc.cfg or an installed plug-in. So is keyring's chainer: with
# nothing to chain it takes a secret without a word and keeps it nowhere.
_ALLOWED = frozenset(
    {
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.libsecret.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.kwallet.DBusKeyringKWallet4",
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
    }
)
_USER = "keys"  # the same for every entry: on Windows a second user of one service moves the first entry elsewhere
_MAX_CHARACTERS = 1280  # of the Windows Credential Manager; held everywhere, so that no computer surprises
_CONNECTION = "this connection"


class SecretStore:
    """One entry a connection, in the system's keyring or in memory. Thread-safe.

    Blocking, up to as long as the system's prompt to unlock the keyring stays open: only on the lane "local".

    Args:
        find_keyring: returns the back end to use, or raises ``SettingsError``.
    """

    def __init__(self, find_keyring: "Callable[[], KeyringBackend] | None" = None) -> None:
        self._find_keyring = find_keyring or system_keyring
        self._session: dict[str, Secret] = {}
        self._lock = threading.Lock()

    def get(self, profile_id: str) -> Secret | None:
        """The secret of a connection, from memory or else from the keyring; None if there is none.

        Raises:
            SettingsError: ``NoKeyring``, ``KeyringLocked`` or ``KeyringFailed``; ``SecretDamaged``: there is an
                entry that is not ours, and the secret has to be typed again.
        """
        with self._lock:
            if profile_id in self._session:
                return self._session[profile_id]
        keyring = self._find_keyring()
        entry = _ask("load_secret", lambda: keyring.get_password(_service(profile_id), _USER))
        return None if entry is None else _decode(entry)

    def set(self, profile_id: str, secret: Secret) -> bool:
        """Keep a secret for good. One with a session token is kept in memory only: it expires anyway.

        Returns:
            Whether it outlives the session.

        Raises:
            SettingsError: ``NoKeyring``, ``KeyringLocked`` or ``KeyringFailed``; ``SecretTooLong``.
        """
        if secret.session_token is not None:
            self.delete(profile_id)  # older keys would come back with the next start
            self.keep_for_session(profile_id, secret)
            return False
        entry = json.dumps({"access_key_id": secret.access_key_id, "secret_access_key": secret.secret_access_key})
        if len(entry) > _MAX_CHARACTERS:
            raise SettingsError("save_secret", _CONNECTION, "SecretTooLong")
        try:
            keyring = self._find_keyring()
        except SettingsError as error:
            raise SettingsError("save_secret", _CONNECTION, error.code) from error
        _ask("save_secret", lambda: keyring.set_password(_service(profile_id), _USER, entry))
        with self._lock:
            self._session.pop(profile_id, None)
        return True

    def keep_for_session(self, profile_id: str, secret: Secret) -> None:
        """Keep a secret in memory until the program ends; ``get`` prefers it. Does not block."""
        with self._lock:
            self._session[profile_id] = secret

    def delete(self, profile_id: str) -> None:
        """Forget a secret, in memory and in the keyring; one that is not there is no error, nor is no keyring.

        Raises:
            SettingsError: ``KeyringLocked`` or ``KeyringFailed``.
        """
        with self._lock:
            self._session.pop(profile_id, None)
        try:
            keyring = self._find_keyring()
            # Asked first: "not there" and "could not be deleted" are one and the same exception.
            if _ask("delete_secret", lambda: keyring.get_password(_service(profile_id), _USER)) is not None:
                _ask("delete_secret", lambda: keyring.delete_password(_service(profile_id), _USER))
        except SettingsError as error:
            if error.code != "NoKeyring":
                raise


def system_keyring() -> "KeyringBackend":
    """The system's keyring.

    Raises:
        SettingsError: ``NoKeyring``: there is none, or the one chosen keeps secrets in plain text.
    """
    import keyring.core

    try:
        keyring.core.init_backend(_is_allowed)
        chosen = keyring.core.get_keyring()
    except Exception as error:  # PYTHON_KEYRING_BACKEND and keyringrc.cfg may name anything
        raise SettingsError("load_secret", _CONNECTION, "NoKeyring") from error
    if not _is_allowed(chosen):
        raise SettingsError("load_secret", _CONNECTION, "NoKeyring")
    if hasattr(chosen, "persist"):  # Windows: the default would travel with a roaming profile
        chosen.persist = "local machine"
    return chosen


def _is_allowed(backend: "KeyringBackend") -> bool:
    kind = type(backend)
    return f"{kind.__module__}.{kind.__qualname__}" in _ALLOWED


def _service(profile_id: str) -> str:
    return f"s3browser:{profile_id}"


def _ask(operation: str, call: Callable[[], T]) -> T:
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    try:
        return call()
    except KeyringLocked as error:
        raise SettingsError(operation, _CONNECTION, "KeyringLocked") from error
    except (NoKeyringError, InitError) as error:  # InitError: no keyring yet, and nobody made one when asked
        raise SettingsError(operation, _CONNECTION, "NoKeyring") from error
    except Exception as error:  # each system's back end raises errors of its own (D-Bus, Windows)
        raise SettingsError(operation, _CONNECTION, "KeyringFailed") from error


def _decode(entry: str) -> Secret:
    try:
        keys = json.loads(entry)
    except (ValueError, RecursionError):
        keys = None
    if not isinstance(keys, dict):
        keys = {}
    access_key_id, secret_access_key = keys.get("access_key_id"), keys.get("secret_access_key")
    if not isinstance(access_key_id, str) or not isinstance(secret_access_key, str):
        # Raised out here without a cause: the parser's error holds the whole entry.
        raise SettingsError("load_secret", _CONNECTION, "SecretDamaged")
    return Secret(access_key_id, secret_access_key)
