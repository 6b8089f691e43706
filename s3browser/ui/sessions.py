import threading
from collections.abc import Callable, Iterator, Sequence

from s3browser.exceptions import S3CredentialsError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.connections import ConnectionProfile, Secret, SignIn
from s3browser.model.entries import S3FileInfo
from s3browser.model.locations import S3Location
from s3browser.model.store import ObjectStore
from s3browser.settings.profiles import ProfileStore
from s3browser.settings.secrets import SecretStore

Connect = Callable[[ConnectionProfile, Secret | None], ObjectStore]


class Sessions:
    """The saved connections, and the store of each one that was used. Thread-safe.

    Args:
        profiles: what is saved.
        secrets: the keyring.
        connect: makes the store of a profile; cheap, the server is asked later.
    """

    def __init__(self, profiles: ProfileStore, secrets: SecretStore, connect: Connect) -> None:
        self._profiles = profiles
        self._secrets = secrets
        self._connect = connect
        self._stores: dict[str, ObjectStore] = {}
        self._passing: dict[str, tuple[ConnectionProfile, Secret]] = {}
        self._opening: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._on_forgotten: list[Callable[[str], object]] = []

    def on_forgotten(self, listener: Callable[[str], object]) -> None:
        """Call ``listener`` with the id of every connection that is changed or removed, in the thread that does it."""
        self._on_forgotten.append(listener)

    def profiles(self) -> Sequence[ConnectionProfile]:
        """Every connection in order: those of this session only (the demo's) first."""
        passing = list(self._passing.values())  # in one step: another thread may add to it
        return [profile for profile, _ in passing] + list(self._profiles.profiles)

    def profile(self, profile_id: str) -> ConnectionProfile | None:
        """One connection, or None where it was removed."""
        return next((profile for profile in self.profiles() if profile.profile_id == profile_id), None)

    def add_passing(self, profile: ConnectionProfile, secret: Secret) -> None:
        """Add a connection that is not saved and ends with the program."""
        self._passing[profile.profile_id] = (profile, secret)

    def connect(self, profile: ConnectionProfile, secret: Secret | None) -> ObjectStore:
        """A store that nobody else uses, to test what was typed. Blocking: it may ask the keyring."""
        return self._connect(profile, secret or self._own_secret(profile))

    def credentials(self, profile_id: str) -> tuple[ConnectionProfile, Secret | None]:
        """What a store of a connection is made of; raises as ``store``. Blocking."""
        profile = self.profile(profile_id)
        if profile is None:
            raise S3CredentialsError("connect", code="ConnectionRemoved")
        return profile, self._own_secret(profile)

    def store(self, profile_id: str) -> ObjectStore:
        """The store of a connection, the same one each time. Blocking: the keyring may ask to be unlocked.

        Raises:
            S3CredentialsError: the connection or its secret is not there.
            SettingsError: the keyring is missing or locked.
        """
        with self._lock:
            opening = self._opening.setdefault(profile_id, threading.Lock())
        with opening:  # one connection's prompt must not hold up the others
            with self._lock:
                known = self._stores.get(profile_id)
            if known is not None:
                return known
            profile, secret = self.credentials(profile_id)
            store = self._connect(profile, secret)
            with self._lock:
                if self.profile(profile_id) == profile:  # it may have been edited meanwhile
                    self._stores[profile_id] = store
            return store

    def list_files(self, profile_id: str, location: S3Location, token: CancelToken) -> Iterator[S3FileInfo]:
        """Every object in a folder or bucket, at any depth. Blocking."""
        return self.store(profile_id).list_files(location.bucket, location.key, cancel=token)

    def save(self, profile: ConnectionProfile) -> None:
        """Keep a new or changed connection; one of this session only stays one. Blocking.

        Raises:
            SettingsError: the file could not be written.
        """
        if profile.profile_id in self._passing:
            self._passing[profile.profile_id] = (profile, self._passing[profile.profile_id][1])
        else:
            self._profiles.put(profile)
        self._forget(profile.profile_id)

    def save_secret(self, profile_id: str, secret: Secret, *, only_this_session: bool) -> bool:
        """Keep a connection's secret in the keyring, or in memory only. Blocking.

        Returns:
            Whether it outlives the session; temporary keys never do, nor do those of a passing connection.

        Raises:
            SettingsError: the keyring is missing or locked.
        """
        is_kept = False
        if profile_id in self._passing:
            self._passing[profile_id] = (self._passing[profile_id][0], secret)
        elif only_this_session:
            self._secrets.keep_for_session(profile_id, secret)
        else:
            is_kept = self._secrets.set(profile_id, secret)
        self._forget(profile_id)
        return is_kept

    def remove(self, profile_id: str) -> None:
        """Forget a connection and its secret. Blocking.

        Raises:
            SettingsError: the file could not be written, or the keyring is missing or locked.
        """
        if self._passing.pop(profile_id, None) is None:
            self._secrets.delete(profile_id)
            self._profiles.remove(profile_id)
        self._forget(profile_id)

    def _forget(self, profile_id: str) -> None:
        with self._lock:
            self._stores.pop(profile_id, None)
        for listener in self._on_forgotten:
            listener(profile_id)

    def _own_secret(self, profile: ConnectionProfile) -> Secret | None:
        """Its keys, where it has any of its own."""
        if profile.sign_in is not SignIn.KEYS:
            return None
        if profile.profile_id in self._passing:
            return self._passing[profile.profile_id][1]
        secret = self._secrets.get(profile.profile_id)
        if secret is None:
            raise S3CredentialsError("connect", profile.name, "NoCredentials")
        return secret
