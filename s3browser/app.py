"""Builds every object, starts and stops them. The only module that sees all packages."""

import argparse
import base64
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QByteArray, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from s3browser import __version__
from s3browser.demo.server import DemoServer, demo_profile, demo_secret
from s3browser.documents import Document, read_document
from s3browser.exceptions import SettingsError
from s3browser.jobs.cancel import CancelToken
from s3browser.jobs.runner import JobRunner
from s3browser.model.connections import ConnectionProfile, Secret
from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.model.store import ObjectStore
from s3browser.settings.paths import Paths
from s3browser.settings.preferences import PreferencesStore
from s3browser.settings.profiles import ProfileStore
from s3browser.settings.secrets import SecretStore
from s3browser.settings.window_state import WindowState
from s3browser.transfers.download import download_file
from s3browser.transfers.manager import TransferManager
from s3browser.ui.dialogs.error import show_error
from s3browser.ui.relay import GuiRelay
from s3browser.ui.screenshot import Screenshot
from s3browser.ui.sessions import Sessions
from s3browser.ui.tasks import LANES, Tasks
from s3browser.ui.theme import Theme
from s3browser.ui.window_controller import Services, WindowController

_SWITCH_INTERVAL_S = 0.001  # Python's 5 ms lets eight busy threads hold the window up for a quarter of a second
_QUIT_WITHIN_S = 2.0
_SCREENSHOT_WITHIN_MS = 60_000
_SCREENSHOT_FILE = S3Location("acme-marketing", "campaigns/Spring 2026/hero-banner.png")
_SCHEMES = {"system": Qt.ColorScheme.Unknown, "light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}


def main(arguments: Sequence[str]) -> int:
    """Run the window until it is closed; return the exit status."""
    options = _parser().parse_args(arguments)
    if options.screenshot and not _has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    QApplication.setApplicationName("s3browser")
    QApplication.setApplicationVersion(__version__)
    QApplication.setDesktopFileName("s3browser")
    qt_app = QApplication(sys.argv[:1])
    program = Program(qt_app, options)
    program.show()
    status = qt_app.exec()
    program.stop()
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="s3browser", description="A desktop file browser for S3.")
    parser.add_argument("--demo", action="store_true", help="look around with sample files on a server of its own")
    parser.add_argument(
        "--screenshot", metavar="FILE", type=Path, help="open the demo, draw the window into a PNG file and quit"
    )
    parser.add_argument("--theme", choices=sorted(_SCHEMES), help="the colours, whatever the system says")
    parser.add_argument("--version", action="version", version=f"s3browser {__version__}")
    return parser


def _has_display() -> bool:
    """Whether a window can show; Windows and macOS always have a screen."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _connect(profile: ConnectionProfile, secret: Secret | None) -> ObjectStore:
    from s3browser.s3.connect import connect

    return connect(profile, secret)


def _aws_profiles() -> list[str]:
    from s3browser.s3.connect import aws_profile_names

    return aws_profile_names()


def _import_boto3() -> None:
    from s3browser.s3.connect import import_boto3

    import_boto3()


class Program(QObject):
    """Everything that runs while the window is open."""

    def __init__(self, qt_app: QApplication, options: argparse.Namespace) -> None:
        super().__init__(qt_app)
        self._qt_app = qt_app
        self._options = options
        paths = Paths.find()
        self._state = WindowState(paths.window_state_file)
        self._preferences = PreferencesStore(paths.preferences_file)
        profiles = ProfileStore(paths.profiles_file)
        self._chosen, *troubles = *self._preferences.load(), profiles.load()
        Theme(qt_app, _SCHEMES[options.theme or self._chosen.theme])
        self._demo = DemoServer()
        self._runner = JobRunner(LANES, GuiRelay(self).deliver)
        self._tasks = Tasks(self._runner, self._show_error)
        self._manager = TransferManager(self._runner, "transfers")
        self._sessions = Sessions(profiles, SecretStore(), _connect)
        services = Services(
            self._sessions, self._tasks, self._manager, self._fetch_preview, _aws_profiles, paths.cache / "drag"
        )
        self._controller = WindowController(services, self)
        self._window = self._controller.window
        self._manager.add_listener(self._controller.operations.on_news)
        self._controller.demo_requested.connect(self.start_demo)
        self._window.closing.connect(self._on_closing)
        self._restore()
        for trouble in filter(None, troubles):
            self._controller.say(f"{trouble.title}: {trouble.reason}")

    def show(self) -> None:
        """Show the window; everything slow comes after it."""
        self._window.show()
        # Importing boto3 and making the first client costs as much as the whole window.
        self._tasks.run("actions", lambda _: _import_boto3(), lambda _: None)
        if self._options.screenshot:
            picture = Screenshot(self._controller, _SCREENSHOT_FILE, self._options.screenshot, self)
            picture.done.connect(self._on_picture_done)
            QTimer.singleShot(_SCREENSHOT_WITHIN_MS, self, partial(self._on_picture_done, None))
            self.start_demo()
        elif self._options.demo:
            self.start_demo()
        elif profiles := self._sessions.profiles():
            self._controller.open_connection(profiles[0].profile_id)

    def stop(self) -> None:
        """End everything within two seconds."""
        self._runner.shutdown(_QUIT_WITHIN_S)
        self._demo.stop()

    def start_demo(self) -> None:
        """Start the demo's server and open it as a connection that is not saved."""
        self._controller.say("Starting the sample files…")
        self._tasks.run("actions", lambda _: self._demo.start(), self._open_demo)

    def _open_demo(self, endpoint_url: str) -> None:
        profile = demo_profile(endpoint_url)
        self._sessions.add_passing(profile, demo_secret())
        self._window.hide_banner()
        self._controller.show_profiles()
        self._controller.open_connection(profile.profile_id, _SCREENSHOT_FILE.parent)

    def _restore(self) -> None:
        states = {name: QByteArray(base64.b64decode(text)) for name, text in self._state.load().items()}
        self._window.restore_layout(states)
        self._controller.actions.show_details.setChecked(self._chosen.show_details)
        self._controller.actions.show_files_in_tree.setChecked(self._chosen.show_files_in_tree)
        self._controller.operations.download_folder = self._chosen.download_folder

    def _on_closing(self) -> None:
        states = self._window.layout_state()
        self._state.save({name: bytes(state.toBase64().data()).decode() for name, state in states.items()})
        chosen = replace(
            self._chosen,
            show_details=self._controller.actions.show_details.isChecked(),
            show_files_in_tree=self._controller.actions.show_files_in_tree.isChecked(),
            download_folder=self._controller.operations.download_folder,
        )
        if chosen != self._chosen:
            with suppress(SettingsError):  # the window is gone: nobody could be told
                self._preferences.save(chosen)

    def _on_picture_done(self, file: Path | None) -> None:
        print(file or "The window could not be drawn.", file=sys.stdout if file else sys.stderr)
        self._qt_app.exit(0 if file else 1)

    def _show_error(self, error: Exception) -> None:
        show_error(self._window, error)

    def _fetch_preview(self, place: Place, size: int, token: CancelToken) -> Document:
        location = place.location
        with tempfile.TemporaryDirectory(prefix="s3browser-") as folder:
            path = Path(folder) / "preview"
            download_file(self._sessions.store(place.profile_id), location, path, cancel=token)
            return read_document(path, location.name, cancel=token)
