"""What changes something: upload, download, new folder, delete. Questions first, then the work on a lane."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from time import monotonic

from PySide6.QtCore import QObject, QStandardPaths, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from s3browser.exceptions import S3IntegrationError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.entries import DeleteFailure
from s3browser.model.forecast import is_plain
from s3browser.model.listing import Row, folder_row, object_row
from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.model.text import plural
from s3browser.model.transfers import Plan, TransferItem, TransferNews
from s3browser.transfers.planner import Found, plan_download, plan_upload
from s3browser.ui.dialogs.confirm_delete import ConfirmDeleteDialog
from s3browser.ui.dialogs.counting import FolderCounter
from s3browser.ui.dialogs.delete_problems import DeleteProblemsDialog
from s3browser.ui.dialogs.looking import Looking
from s3browser.ui.dialogs.new_folder import NewFolderDialog
from s3browser.ui.dialogs.plan_sheet import PlanSheet
from s3browser.ui.dialogs.plan_words import names
from s3browser.ui.labels import short
from s3browser.ui.sessions import Sessions
from s3browser.ui.speeds import Speeds
from s3browser.ui.tasks import Tasks
from s3browser.ui.transfers.engine import Starter

_DELETE_AT_ONCE = 1000  # keys; as many as one request takes

_TELL_EVERY_S = 0.15  # how many files were found: often enough to see it go on, and no flood for the window

_SHOW_STORED_MS = 200  # small files are stored hundreds a second; each time the whole table is put in order and painted


class Operations(QObject):
    """Asks what has to be asked, then does it. Every slot returns at once.

    Signals:
        rows_added: a ``Place`` (the folder) and the ``list[Row]`` that are new in it.
        places_removed: the ``list[Place]`` that are gone.
        progressed: a line on what is under way, empty when nothing is.
        renamed: a sentence on files that get another name than they have.
        refresh_needed: something failed half-way, so nobody knows what is still there.
    """

    rows_added = Signal(object, object)
    places_removed = Signal(object)
    progressed = Signal(str)
    refresh_needed = Signal()
    renamed = Signal(str)

    def __init__(self, sessions: Sessions, tasks: Tasks, manager: Starter, window: QWidget) -> None:
        super().__init__(window)
        self._sessions = sessions
        self._tasks = tasks
        self._manager = manager
        self._window = window
        self._stored: dict[Place, dict[S3Location, Row]] = {}
        self._stored_due = QTimer(self)
        self._stored_due.setSingleShot(True)
        self._stored_due.setInterval(_SHOW_STORED_MS)
        self._stored_due.timeout.connect(self._show_stored)
        self._speeds = Speeds()
        self._waiting: dict[int, Callable[[bool], None]] = {}
        self.download_folder: Path | None = None

    # -- upload ------------------------------------------------------------------------------

    def ask_upload(self, target: Place, *, folder: bool) -> None:
        """Let files, or one folder, be chosen and upload them."""
        dialog = QFileDialog(self._window, "Upload")
        mode = QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFiles
        dialog.setFileMode(mode)
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, "Upload")
        dialog.filesSelected.connect(lambda names: self.upload([Path(name) for name in names], target))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def upload(self, paths: Sequence[Path], target: Place) -> None:
        """Upload files and folders of this computer into a folder."""

        def work(token: CancelToken, on_found: Found) -> Plan:
            store = self._sessions.store(target.profile_id)
            return plan_upload(store, paths, target.location, on_found=on_found, cancel=token)

        self._look(work, lambda plan: self._settle(plan, target.profile_id, target.location.key))

    # -- download ----------------------------------------------------------------------------

    def ask_download(self, rows: Sequence[Row], profile_id: str) -> None:
        """Let a folder of this computer be chosen and download the rows into it."""
        start = self.download_folder or Path(
            QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)
        )
        dialog = QFileDialog(self._window, "Download to", str(start))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, "Download here")
        dialog.fileSelected.connect(lambda name: self.download(rows, profile_id, Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def download(self, rows: Sequence[Row], profile_id: str, folder: Path) -> None:
        """Download files and folders into a folder of this computer."""
        self.download_folder = folder

        def work(token: CancelToken, on_found: Found) -> Plan:
            store = self._sessions.store(profile_id)
            return plan_download(store, rows, folder, on_found=on_found, cancel=token)

        self._look(work, lambda plan: self._settle(plan, profile_id))

    def fetch_for_drag(
        self, rows: Sequence[Row], profile_id: str, folder: Path, finished: Callable[[bool], None]
    ) -> None:
        """Download rows that were dragged out, into a new folder; ``finished`` hears whether all arrived."""

        def work(token: CancelToken) -> Plan:
            with suppress(OSError):  # the plan says what is wrong with the folder
                folder.mkdir(parents=True)
            return plan_download(self._sessions.store(profile_id), rows, folder, cancel=token)

        def start(plan: Plan) -> None:
            if plan.problems:
                finished(False)
                self._settle(plan, profile_id)
            else:
                self._tell_renamed(plan)
                self._start(plan, profile_id, finished)

        def failed(error: Exception) -> None:
            finished(False)
            self._tasks.show_error(error)

        self._tasks.run("local", work, start, failed)

    # -- plan, then move -----------------------------------------------------------------------

    def _look(self, work: Callable[[CancelToken, Found], Plan], planned: Callable[[Plan], None]) -> None:
        """Make a plan in a lane; where that takes long it shows, and can be cancelled."""
        token = CancelToken()
        looking = Looking(token, self._window)
        looking.said.connect(self.progressed)
        told_at = monotonic()

        def on_found(files: int, size_bytes: int) -> None:
            nonlocal told_at
            if monotonic() - told_at >= _TELL_EVERY_S:
                told_at = monotonic()
                self._tasks.post(token, lambda: looking.set_found(files, size_bytes))

        def done(plan: Plan) -> None:
            looking.end()
            planned(plan)

        def failed(error: Exception) -> None:
            looking.end()
            self._tasks.show_error(error)

        self._tasks.run("local", lambda token: work(token, on_found), done, failed, token)

    def _settle(self, plan: Plan, profile_id: str, base: str = "") -> None:
        """Start what is small and plain at once; show what the rest comes to, and start it if that is wanted."""
        if is_plain(plan):
            self._tell_renamed(plan)
            self._start(plan, profile_id)
            return
        sheet = PlanSheet(plan, base, partial(self._speeds.seconds, profile_id, plan.direction), self._window)
        sheet.confirmed.connect(lambda settled: self._start(settled, profile_id))
        sheet.open()

    def _start(self, plan: Plan, profile_id: str, finished: Callable[[bool], None] | None = None) -> None:
        def started(batch_id: int) -> None:
            if finished is not None:
                self._waiting[batch_id] = finished

        if plan.items:
            self._manager.start(plan, profile_id, started)
        elif finished is not None:
            finished(True)

    def _tell_renamed(self, plan: Plan) -> None:
        """Say it where no sheet did."""
        if renamed := [item for item in plan.items if item.renamed]:
            self.renamed.emit(_renamed_text(renamed))

    def on_news(self, news: TransferNews) -> None:
        """Take in what the transfers have done: show what was stored, tell drags that their files are there."""
        for arrived in news.stored:
            location = S3Location(arrived.bucket, arrived.info.key)
            _note_stored(self._stored, arrived.connection_id, object_row(arrived.bucket, arrived.info), location)
        if self._stored and not self._stored_due.isActive():
            self._stored_due.start()
        for batch in news.finished:
            self._speeds.note(batch)
            finished = self._waiting.pop(batch.batch_id, None)
            if finished is not None:
                finished(batch.done == batch.total)

    def _show_stored(self) -> None:
        stored, self._stored = self._stored, {}
        for place, rows in stored.items():
            self.rows_added.emit(place, list(rows.values()))

    # -- new folder --------------------------------------------------------------------------

    def ask_new_folder(self, where: Place, is_taken: Callable[[str], bool]) -> None:
        """Ask for a name and make a folder."""
        dialog = NewFolderDialog(where.location, is_taken, self._window)
        dialog.create_requested.connect(lambda name: self._create_folder(where, name))
        dialog.open()

    def _create_folder(self, where: Place, name: str) -> None:
        folder = where.location.child(name, folder=True)

        def work(token: CancelToken) -> None:
            self._sessions.store(where.profile_id).put(folder.bucket, folder.key, io.BytesIO(), 0, cancel=token)

        self._tasks.run("actions", work, lambda _: self.rows_added.emit(where, [folder_row(folder.bucket, folder.key)]))

    # -- delete ------------------------------------------------------------------------------

    def ask_delete(self, rows: Sequence[Row], profile_id: str) -> None:
        """Say truthfully how much would go, and delete it if that is wanted."""
        dialog = ConfirmDeleteDialog(rows, self._window)
        counter = FolderCounter(self._tasks, partial(self._sessions.list_files, profile_id), dialog)
        counter.changed.connect(dialog.set_count)
        counter.failed.connect(dialog.set_count_failed)
        dialog.confirmed.connect(lambda: self._delete(rows, profile_id))
        dialog.open()
        if any(row.is_folder for row in rows):
            counter.start(rows)

    def _delete(self, rows: Sequence[Row], profile_id: str) -> None:
        deleted = 0

        def report(token: CancelToken, count: int) -> None:
            self._tasks.post(token, lambda: self.progressed.emit(f"Deleting… {plural(count, 'file')} so far"))

        def work(token: CancelToken) -> list[DeleteFailure]:
            nonlocal deleted
            store = self._sessions.store(profile_id)
            failures: list[DeleteFailure] = []
            for bucket, keys in self._keys_to_delete(rows, profile_id, token):
                failures += store.delete_many(bucket, keys, cancel=token)
                deleted += len(keys)
                report(token, deleted)
            return failures

        def done(failures: list[DeleteFailure]) -> None:
            self.progressed.emit("")
            stayed = _with_folders_above({failure.key for failure in failures})
            gone = [row for row in rows if row.location.key not in stayed]
            self.places_removed.emit([Place(profile_id, row.location) for row in gone])
            if failures:
                problems = [(failure.key, _reason(failure.error)) for failure in failures]
                DeleteProblemsDialog(problems, deleted, self._window).open()

        def failed(error: Exception) -> None:
            self.progressed.emit("")
            self.refresh_needed.emit()
            self._tasks.show_error(error)

        self.progressed.emit("Deleting…")
        self._tasks.run("actions", work, done, failed)

    def _keys_to_delete(
        self, rows: Sequence[Row], profile_id: str, token: CancelToken
    ) -> Iterator[tuple[str, list[str]]]:
        """Every key of the rows, a request's worth at a time; a folder's own marker comes with what is in it."""
        keys = (
            (row.location.bucket, key)
            for row in rows
            for key in (
                (info.key for info in self._sessions.list_files(profile_id, row.location, token))
                if row.is_folder
                else (row.location.key,)
            )
        )
        while batch := list(islice(keys, _DELETE_AT_ONCE)):
            yield batch[0][0], [key for _, key in batch]


def _note_stored(stored: dict[Place, dict[S3Location, Row]], profile_id: str, row: Row, location: S3Location) -> None:
    """Note a new object under its folder, and every folder above it, which may be new with it."""
    while location.key:
        parent = location.parent
        stored.setdefault(Place(profile_id, parent), {})[location] = row
        location, row = parent, folder_row(parent.bucket, parent.key)


def _with_folders_above(keys: Iterable[str]) -> set[str]:
    return {step.key for key in keys for step in S3Location("any", key).trail}


def _renamed_text(items: Sequence[TransferItem]) -> str:
    """What the first of them is called now, and how many more there are."""
    before, after = names(items[0])
    more = f", and {plural(len(items) - 1, 'more file')} under another name" if len(items) > 1 else ""
    return f"“{short(before)}” is saved as “{short(after)}”{more}."


def _reason(error: Exception) -> str:
    return error.reason if isinstance(error, S3IntegrationError) else str(error)
