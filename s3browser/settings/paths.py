"""Where the program keeps its own files. The door to platformdirs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import PlatformDirs

from s3browser.exceptions import SettingsError

APP_NAME = "s3browser"
HOME_VARIABLE = "S3BROWSER_HOME"


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one person on one computer; none is created before something is written into it.

    Attributes:
        config: what the person decided: preferences, connections.
        state: what the program remembers by itself: the window's place, transfers.
        cache: what can be fetched again.
    """

    config: Path
    state: Path
    cache: Path

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> "Paths":
        """The system's usual places, or everything below ``S3BROWSER_HOME`` where that is set.

        The variable is for tests and for a program carried on a stick; ``~`` in it is the home folder.
        """
        if home := environ.get(HOME_VARIABLE):
            root = Path(home).expanduser().absolute()
            return cls(root / "config", root / "state", root / "cache")
        # No author: it would nest two folders of one name on Windows. Not roaming: paths are this computer's.
        usual = PlatformDirs(APP_NAME, appauthor=False, roaming=False)
        return cls(usual.user_config_path, usual.user_state_path, usual.user_cache_path)

    @property
    def preferences_file(self) -> Path:
        """For ``PreferencesStore``."""
        return self.config / "preferences.json"

    @property
    def profiles_file(self) -> Path:
        """For ``ProfileStore``."""
        return self.config / "connections.json"

    @property
    def window_state_file(self) -> Path:
        """For ``WindowState``."""
        return self.state / "window.json"

    @property
    def transfers_file(self) -> Path:
        """For ``Journal``."""
        return self.state / "transfers.sqlite"


def make_private_folder(folder: Path) -> None:
    """Create a folder, and the missing ones above it, for this person only (mode 0700).

    A folder that is there keeps its mode: whoever opened it to others had a reason.

    Raises:
        SettingsError: it could not be created.
    """
    try:
        if folder.is_dir():
            return
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            "save_settings",
            str(folder),
            "Unwritable",
            reason=f"The folder for the settings can’t be created: {error.strerror}.",
        ) from error
