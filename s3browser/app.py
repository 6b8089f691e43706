"""Builds every object, starts and stops them. The only module that sees all packages.

The window is painted first. What it does without at that moment is imported afterwards, a module at a time with the
event loop in between: all of it at once would cost more than twice the time of an empty window.
"""

import argparse
import base64
import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from s3browser import __version__
from s3browser.exceptions import S3IntegrationError, SettingsError
from s3browser.settings.paths import Paths
from s3browser.settings.preferences import PreferencesStore
from s3browser.settings.window_state import WindowState
from s3browser.ui.main_window import MainWindow
from s3browser.ui.theme import Theme

if TYPE_CHECKING:
    from s3browser.demo.server import DemoServer
    from s3browser.documents import Document
    from s3browser.jobs.cancel import CancelToken
    from s3browser.jobs.pace import Throttle
    from s3browser.model.connections import ConnectionProfile, Secret
    from s3browser.model.places import Place
    from s3browser.model.store import ObjectStore
    from s3browser.settings.preferences import Preferences
    from s3browser.transfers.remote import RemoteTransfers
    from s3browser.ui.sessions import Sessions
    from s3browser.ui.workspace_controller import WorkspaceController

_LATER = (
    "s3browser.ui.browser.contents_pane",
    "s3browser.ui.workspace",
    "s3browser.model.transfers",
    "s3browser.documents",
    "s3browser.settings.profiles",
    "s3browser.settings.secrets",
    "s3browser.transfers.remote",
    "s3browser.transfers.planner",
    "s3browser.ui.dialogs.error",
    "s3browser.ui.details.pane",
    "s3browser.ui.transfers.panel",
    "s3browser.ui.transfers.controller",
    "s3browser.ui.operations",
    "s3browser.ui.connections.controller",
    "s3browser.ui.workspace_controller",
    "s3browser.ui.screenshot",
    "s3browser.demo.server",
)
# Painting waits for Python’s lock while a lane works: worst 83 ms at 0.001, 21 ms at 0.0001, measured with 1,000 small
# uploads while they still ran in this process.
_SWITCH_INTERVAL_S = 0.0001
_QUIT_WITHIN_S = 2.0
_SCREENSHOT_WITHIN_MS = 60_000
_SCREENSHOT_FOLDER = "campaigns/Spring 2026/"
_SCHEMES = {"system": Qt.ColorScheme.Unknown, "light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}


def main(arguments: Sequence[str]) -> int:
    """Run the window until it is closed; return the exit status."""
    options = parser().parse_args(arguments)
    if options.screenshot and not _has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    QApplication.setApplicationName("s3browser")
    QApplication.setApplicationVersion(__version__)
    QApplication.setDesktopFileName("s3browser")
    qt_app = QApplication(sys.argv[:1])
    program = Program(qt_app, options)
    program.window.show()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C in the terminal ends it: Qt's loop runs no Python handler
    status = qt_app.exec()
    program.stop()
    return status


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="s3browser", description="A desktop file browser for S3.")
    made.add_argument("--demo", action="store_true", help="look around with sample files on a server of its own")
    made.add_argument(
        "--screenshot", metavar="FILE", type=Path, help="open the demo, draw the window into a PNG file and quit"
    )
    made.add_argument("--theme", choices=sorted(_SCHEMES), help="the colours, whatever the system says")
    made.add_argument("--version", action="version", version=f"s3browser {__version__}")
    return made


def _has_display() -> bool:
    """Whether a window can show; Windows and macOS always have a screen."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class Program(QObject):
    """Everything that runs while the window is open. ``sessions``, ``manager`` and ``controller`` come
    after the first paint, with ``is_ready``.

    Attributes:
        window: what to show.
        sessions: the connections.
        manager: the transfers.
        controller: what joins the window's parts; with its ``workspace``.
        is_ready: whether all of them are there.
    """

    sessions: "Sessions"
    manager: "RemoteTransfers"
    controller: "WorkspaceController"

    def __init__(self, qt_app: QApplication, options: argparse.Namespace) -> None:
        super().__init__(qt_app)
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        self._qt_app = qt_app
        self._options = options
        self._paths = Paths.find()
        self._state = WindowState(self._paths.window_state_file)
        self._layout = {name: QByteArray(base64.b64decode(text)) for name, text in self._state.load().items()}
        self._preferences = PreferencesStore(self._paths.preferences_file)
        self._chosen, self._trouble = self._preferences.load()
        self._theme = Theme(qt_app, _SCHEMES[options.theme or self._chosen.theme])
        self._demo: DemoServer | None = None
        self._later = iter(_LATER)
        self.is_ready = False
        self.window = MainWindow()
        self.window.restoreGeometry(self._layout.get("geometry", QByteArray()))
        self.window.first_painted.connect(self._import_next)

    def stop(self) -> None:
        """End everything within two seconds."""
        if self.is_ready:
            self.controller.transferring.stop()
            deadline_s = monotonic() + _QUIT_WITHIN_S
            self.manager.shutdown(_QUIT_WITHIN_S)
            self._runner.shutdown(max(0.0, deadline_s - monotonic()))
        if self._demo is not None:
            self._demo.stop()
        gc.unfreeze()

    # -- starting ----------------------------------------------------------------------------

    def _import_next(self) -> None:
        name = next(self._later, None)
        if name is None:
            self._join()
        else:
            import_module(name)
            QTimer.singleShot(0, self, self._import_next)

    def _join(self) -> None:
        from s3browser.jobs.child import Child
        from s3browser.jobs.collector import spare_the_collector
        from s3browser.jobs.pace import Throttle
        from s3browser.jobs.runner import JobRunner
        from s3browser.settings.profiles import ProfileStore
        from s3browser.settings.secrets import SecretStore
        from s3browser.transfers.messages import SWITCH
        from s3browser.transfers.remote import RemoteTransfers
        from s3browser.ui.browser.drag_out import sweep
        from s3browser.ui.icons import RESOURCES
        from s3browser.ui.relay import GuiRelay
        from s3browser.ui.sessions import Sessions
        from s3browser.ui.tasks import LANES, Tasks
        from s3browser.ui.workspace import Workspace
        from s3browser.ui.workspace_controller import Services, WorkspaceController

        self._theme.dress()
        self._relay = GuiRelay(self)
        self._qt_app.setWindowIcon(QIcon(str(RESOURCES / "s3browser.svg")))
        self._runner = JobRunner(LANES, self._relay.deliver)
        self._tasks = Tasks(self._runner, self._show_error)
        profiles = ProfileStore(self._paths.profiles_file)
        troubles = [self._trouble, profiles.load()]
        self._throttle = Throttle()  # for previews
        self.sessions = Sessions(profiles, SecretStore(), partial(_connect, self._throttle))
        self.manager = RemoteTransfers(
            partial(Child, SWITCH),
            self._paths.transfers_file,
            self.sessions.credentials,
            self._runner,
            connections=self._chosen.max_connections,
            on_trouble=self._tell,
        )
        self.sessions.on_forgotten(self.manager.forget)
        drag_folder = self._paths.cache / "drag"
        services = Services(
            self.sessions, self._tasks, self.manager, self._fetch_preview, _aws_profiles, drag_folder,
            self._set_limits,
        )  # fmt: skip
        self.controller = WorkspaceController(Workspace(self.window), services)
        self.window.setCentralWidget(self.controller.workspace)
        self.controller.demo_requested.connect(self.start_demo)
        self.controller.transferring.preferences_changed.connect(self._on_preferences_changed)
        self.manager.add_listener(self.controller.operations.on_news)
        self.window.closing.connect(self._on_closing)
        self._restore()
        self._show_bugs()
        self.is_ready = True
        self._tasks.run("local", lambda _: sweep(drag_folder), lambda _: None)
        # Importing boto3 costs as much as the whole window.
        self._tasks.run("actions", lambda _: _import_boto3(), lambda _: spare_the_collector())
        self._open_first()
        self._tell(*(trouble for trouble in troubles if trouble is not None))

    def _restore(self) -> None:
        self.controller.workspace.restore_layout(self._layout)
        commands = self.controller.workspace.commands
        commands.show_details.setChecked(self._chosen.show_details)
        commands.show_files_in_tree.setChecked(self._chosen.show_files_in_tree)
        self.controller.operations.download_folder = self._chosen.download_folder
        self.controller.transferring.set_preferences(self._chosen)

    def _open_first(self) -> None:
        if self._options.screenshot:
            QTimer.singleShot(_SCREENSHOT_WITHIN_MS, self, partial(self._on_picture_done, None))
        if self._options.screenshot or self._options.demo:
            self.start_demo()
        elif profiles := self.sessions.profiles():
            self.controller.open_connection(profiles[0].profile_id)

    def _tell(self, *troubles: S3IntegrationError) -> None:
        """Say once what is wrong with the program itself."""
        if troubles:
            self.controller.say(" ".join(f"{trouble.title}: {trouble.reason}" for trouble in troubles))

    # -- the demo ----------------------------------------------------------------------------

    def start_demo(self) -> None:
        """Start the demo's server and open it as a connection that is not saved."""
        from s3browser.demo.server import DemoServer

        self._demo = demo = self._demo or DemoServer()
        self.controller.say("Starting the sample files…")
        self._tasks.run("actions", lambda _: demo.start(), self._open_demo, self._on_demo_failed)

    def _on_demo_failed(self, error: Exception) -> None:
        self.controller.workspace.hide_banner()
        self._show_error(error)

    def _open_demo(self, endpoint_url: str) -> None:
        from s3browser.demo.server import demo_profile, demo_secret
        from s3browser.model.locations import S3Location
        from s3browser.ui.screenshot import Screenshot

        profile = demo_profile(endpoint_url)
        self.sessions.add_passing(profile, demo_secret())
        self.controller.workspace.hide_banner()
        self.controller.show_profiles()
        folder = S3Location("acme-marketing", _SCREENSHOT_FOLDER)
        self.controller.open_connection(profile.profile_id, folder)
        if self._options.screenshot:
            picture = Screenshot(self.controller, folder.child("hero-banner.png"), self._options.screenshot, self)
            picture.done.connect(self._on_picture_done)

    def _on_picture_done(self, file: Path | None) -> None:
        print(file or "The window could not be drawn.", file=sys.stdout if file else sys.stderr)
        self._qt_app.exit(0 if file else 1)

    # -- faults ------------------------------------------------------------------------------

    def _show_bugs(self) -> None:
        """A fault of ours, on whatever thread and in whatever slot, gets its dialog besides its traceback."""
        sys.excepthook = self._on_bug
        threading.excepthook = self._on_bug_in_thread

    def _on_bug(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        if isinstance(error, Exception):
            self._show_error(error)

    def _on_bug_in_thread(self, args: threading.ExceptHookArgs) -> None:
        threading.__excepthook__(args)
        if isinstance(error := args.exc_value, Exception):
            self._relay.deliver(lambda: self._show_error(error))

    # -- what the window asks ----------------------------------------------------------------

    def _on_closing(self) -> None:
        workspace = self.controller.workspace
        states = {"geometry": self.window.saveGeometry(), **workspace.layout_state()}
        self._state.save({name: bytes(state.toBase64().data()).decode() for name, state in states.items()})
        commands = workspace.commands
        chosen = replace(
            self._chosen,
            show_details=commands.show_details.isChecked(),
            show_files_in_tree=commands.show_files_in_tree.isChecked(),
            download_folder=self.controller.operations.download_folder,
        )
        if chosen != self._chosen:
            with suppress(SettingsError):  # the window is going: there is nobody to tell
                self._preferences.save(chosen)

    def _on_preferences_changed(self, chosen: "Preferences") -> None:
        self._chosen = chosen
        self._tasks.run("local", lambda _: self._preferences.save(chosen), lambda _: None)

    def _set_limits(self, upload: int | None, download: int | None) -> None:
        self._throttle.set_limits(upload, download)
        self.manager.set_limits(upload, download)

    def _show_error(self, error: Exception) -> None:
        if self._options.screenshot:  # there may be nobody to close a dialog
            print(error.message_for_it() if isinstance(error, S3IntegrationError) else repr(error), file=sys.stderr)
            self._qt_app.exit(1)
            return
        from s3browser.ui.dialogs.error import show_error

        show_error(self.window, error)

    def _fetch_preview(self, place: "Place", size: int, token: "CancelToken") -> "Document":
        import tempfile

        from s3browser.documents import read_document
        from s3browser.transfers.download import download_file

        location = place.location
        with tempfile.TemporaryDirectory(prefix="s3browser-") as folder:
            path = Path(folder) / "preview"
            download_file(self.sessions.store(place.profile_id), location, path, cancel=token)
            return read_document(path, location.name, cancel=token)


def _connect(throttle: "Throttle", profile: "ConnectionProfile", secret: "Secret | None") -> "ObjectStore":
    from s3browser.s3.connect import connect

    return connect(profile, secret, throttle)


def _aws_profiles() -> list[str]:
    from s3browser.s3.connect import aws_profile_names

    return aws_profile_names()


def _import_boto3() -> None:
    from s3browser.s3.connect import import_boto3

    import_boto3()
