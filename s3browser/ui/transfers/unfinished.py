from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PySide6.QtCore import QItemSelection, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from s3browser.exceptions import S3FileNotFoundError, S3IntegrationError, S3UnsupportedError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.entries import OpenUpload
from s3browser.model.store import ObjectStore
from s3browser.model.text import plural
from s3browser.model.transfers import TransferState
from s3browser.ui.dialogs.sheet import Sheet
from s3browser.ui.labels import PlainLabel, set_role, short
from s3browser.ui.state_page import StatePage
from s3browser.ui.tasks import Tasks
from s3browser.ui.theme import GRID
from s3browser.ui.transfers.engine import Transfers
from s3browser.ui.transfers.unfinished_model import UnfinishedModel

_WHAT = "These were begun and never finished. What was sent of them takes room in the bucket and often costs money."
_ALL_OWN = "This program is sending these right now. Pause or cancel them in the transfers."
OLD = timedelta(days=7)
_PAGE = 200  # rows shown together: the first ones come before the last are known
_ROLE = QDialogButtonBox.ButtonRole


class UnfinishedUploadsDialog(QDialog):
    """What was begun and never finished in a bucket: it takes room there, and it can be continued or thrown away.

    What this program itself is sending is shown, too, but can be neither.

    Args:
        bucket: the bucket.
        manager: knows what this program is sending.
        tasks: the lanes; what the server has open is listed on “actions”, sizes on “listing”.
        store: gives the store of the connection; blocking.
        parent: the window it belongs to.

    Signals:
        continue_requested: a ``Path`` of this computer and the ``S3Location`` of the folder it goes on in.
    """

    continue_requested = Signal(object, object)

    def __init__(
        self,
        bucket: str,
        manager: Transfers,
        tasks: Tasks,
        store: Callable[[], ObjectStore],
        parent: QWidget | None,
    ) -> None:
        super().__init__(parent)
        self._bucket = bucket
        self._manager = manager
        self._tasks = tasks
        self._store = store
        self._listing = CancelToken()
        self._sizing: CancelToken | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Unfinished uploads")
        self.resize(GRID * 90, GRID * 55)
        self.setMinimumSize(GRID * 60, GRID * 36)
        self._model = UnfinishedModel(bucket, self)
        self.table = self._made_table()
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.table)
        self._page: StatePage | None = None
        self._explanation = PlainLabel("", self, role="muted")
        self.problem = PlainLabel("", self, role="danger")
        self.problem.hide()
        self._lay_out()
        self._changed = QTimer(self)
        self._changed.setSingleShot(True)
        self._changed.timeout.connect(self._ask_sizes)
        self.table.selectionModel().selectionChanged.connect(self._show_buttons)
        self.table.verticalScrollBar().valueChanged.connect(self._ask_sizes)
        self.finished.connect(self._stop)
        self.refresh()

    def refresh(self) -> None:
        """Ask the server anew."""
        self._stop()
        self._listing = token = CancelToken()
        self._model.clear()
        self._say("circle-notch", "Looking for unfinished uploads…")
        self._show_buttons()

        def work(token: CancelToken) -> None:
            found: list[OpenUpload] = []
            for upload in self._store().list_uploads(self._bucket, cancel=token):
                found.append(upload)
                if len(found) == _PAGE:
                    page, found = found, []
                    self._tasks.post(token, lambda page=page: self._add(page))  # type: ignore[misc]
            self._tasks.post(token, lambda: self._add(found))

        self._tasks.run("actions", work, lambda _: self._on_listed(), self._on_failed, token)

    # -- layout --------------------------------------------------------------------------------

    def _made_table(self) -> QTableView:
        table = QTableView(self)
        table.setModel(self._model)
        table.setAccessibleName("Unfinished uploads")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setWordWrap(False)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(max(3 * GRID + 4, table.fontMetrics().height() + GRID))
        head = table.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        for column in (2, 3):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            head.resizeSection(column, table.fontMetrics().horizontalAdvance("Yesterday, 10:14 AM") + 3 * GRID)
        return table

    def _lay_out(self) -> None:
        self.continue_button = QPushButton("Continue…", self)
        self.throw_button = QPushButton("Throw away…", self)
        self.old_button = QPushButton("Throw away all older than 7 days…", self)
        self.close_button = QPushButton("Close", self)
        set_role(self.continue_button, "primary")
        self.continue_button.clicked.connect(self._ask_file)
        self.throw_button.clicked.connect(self._ask_throw_chosen)
        self.old_button.clicked.connect(self._ask_throw_old)
        self.close_button.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.throw_button)
        row.addWidget(self.old_button)
        row.addStretch(1)
        row.addWidget(self.close_button)
        row.addWidget(self.continue_button)
        for button in (self.continue_button, self.throw_button, self.old_button, self.close_button):
            button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        title = f"Unfinished uploads in {short(self._bucket)}"
        layout.addWidget(PlainLabel(title, self, role="heading", max_lines=1))
        layout.addWidget(self._explanation)
        layout.addSpacing(GRID)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.problem)
        layout.addSpacing(GRID)
        layout.addLayout(row)

    # -- what the server says --------------------------------------------------------------------

    def _add(self, uploads: Sequence[OpenUpload]) -> None:
        self._model.add(uploads)
        if self._model.uploads:
            self._show_table()
            self._ask_own(self._take_own)
        self._show_buttons()

    def _ask_own(self, seen: Callable[[Mapping[str, TransferState]], None]) -> None:
        token = self._listing
        self._manager.open_uploads(self._bucket, lambda own: None if token.is_set() else seen(own))

    def _take_own(self, own: Mapping[str, TransferState]) -> None:
        self._model.set_own(own)
        if self._page is None:
            self._explanation.setText(_ALL_OWN if all(map(self._model.is_own, self._model.uploads)) else _WHAT)
        self._show_buttons()
        self._changed.start(0)

    def _on_listed(self) -> None:
        if not self._model.uploads:
            self._say("check-circle", "Nothing is unfinished here", "Every upload to this bucket has been finished.")

    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, S3UnsupportedError):
            self._say(
                "cloud-slash", "This server can’t tell", "It does not say which uploads were begun and never finished."
            )
        elif isinstance(error, S3IntegrationError):
            words = " ".join(filter(None, (error.reason, error.hint)))
            self._say("warning-circle", error.title, words, "Try again", colour="danger")
        else:
            self._say("warning-circle", "The unfinished uploads could not be listed", colour="danger")
            self._tasks.show_error(error)

    def _say(self, picture: str, title: str, text: str = "", button: str = "", *, colour: str = "muted") -> None:
        """Show a page in place of the table."""
        self._drop_page()
        self._page = page = StatePage(picture, title, text, button, colour=colour, parent=self)
        page.button_clicked.connect(self.refresh)
        self._pages.addWidget(page)
        self._pages.setCurrentWidget(page)
        self._explanation.setText("")
        self._show_deeds(False)

    def _show_table(self) -> None:
        if self._page is None:
            return
        self._drop_page()
        self._pages.setCurrentWidget(self.table)
        self._show_deeds(True)
        self.table.setFocus()
        self._explanation.setText(_WHAT)

    def _show_deeds(self, shown: bool) -> None:
        for button in (self.continue_button, self.throw_button, self.old_button):
            button.setVisible(shown)

    def _drop_page(self) -> None:
        if self._page is not None:
            self._pages.removeWidget(self._page)
            self._page.deleteLater()
            self._page = None

    @Slot()
    def _ask_sizes(self) -> None:
        """How much was sent of the rows in sight; the next ones after the answer."""
        first = max(0, self.table.rowAt(0))
        last = self.table.rowAt(self.table.viewport().height() - 1)
        wanted = self._model.unknown(first, last if last >= 0 else len(self._model.uploads) - 1)
        if not wanted or self._sizing is not None:
            return

        def work(token: CancelToken) -> dict[str, int | None]:
            store = self._store()
            return {each.upload_id: _sent(store, self._bucket, each, token) for each in wanted}

        self._sizing = self._tasks.run("listing", work, self._on_sizes, lambda _: self._on_sizes(none))
        none: dict[str, int | None] = dict.fromkeys((each.upload_id for each in wanted), None)

    def _on_sizes(self, sent: dict[str, int | None]) -> None:
        self._sizing = None
        self._model.set_sent(sent)
        self._ask_sizes()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._changed.start(0)

    # -- what somebody wants ---------------------------------------------------------------------

    def chosen(self) -> list[OpenUpload]:
        """The selected ones."""
        selected = [self._model.uploads[index.row()] for index in self.table.selectionModel().selectedRows()]
        return [each for each in selected if not self._model.is_own(each)]

    def old(self) -> list[OpenUpload]:
        """Those that were begun more than seven days ago, by somebody else or in vain."""
        since = datetime.now(UTC) - OLD
        free = [each for each in self._model.uploads if not self._model.is_own(each)]
        return [each for each in free if each.started_at is not None and each.started_at < since]

    @Slot(QItemSelection, QItemSelection)
    def _show_buttons(self, *_: object) -> None:
        chosen = self.chosen()
        self.continue_button.setEnabled(len(chosen) == 1)
        self.throw_button.setEnabled(bool(chosen))
        self.old_button.setEnabled(bool(self.old()))

    @Slot()
    def _ask_file(self) -> None:
        upload = self.chosen()[0]
        name = self._model.location(upload).name
        dialog = QFileDialog(self, f"Choose “{short(name)}” on this computer")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, "Continue")
        dialog.fileSelected.connect(lambda path: self.go_on(upload, Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def go_on(self, upload: OpenUpload, path: Path) -> None:
        """Continue an upload with a file, and close; where it has another name, say so instead."""
        location = self._model.location(upload)
        if path.name != location.name:
            self._complain(f"“{short(path.name)}” has another name. To continue, choose “{short(location.name)}”.")
            return
        self.accept()
        self.continue_requested.emit(path, location.parent)

    def _complain(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    @Slot()
    def _ask_throw_chosen(self) -> None:
        self._ask_throw(self.chosen())

    @Slot()
    def _ask_throw_old(self) -> None:
        self._ask_throw(self.old())

    def _ask_throw(self, uploads: list[OpenUpload]) -> None:
        names = [self._model.location(each).label for each in uploads]
        question = ThrowAwayDialog(names, self)
        question.confirmed.connect(lambda: self._ask_own(lambda own: self._throw(uploads, own)))
        question.open()

    def _throw(self, chosen: list[OpenUpload], own: Mapping[str, TransferState]) -> None:
        """Throw away what was chosen, but what has become a transfer of this program since."""
        self._take_own(own)
        uploads = [each for each in chosen if each.upload_id not in own]
        kept = len(chosen) - len(uploads)
        self._complain(f"{plural(kept, 'upload')} stayed: this program is sending it." if kept else "")

        def work(token: CancelToken) -> tuple[set[str], Exception | None]:
            store, gone = self._store(), set[str]()
            for upload in uploads:
                token.raise_if_cancelled()
                try:
                    store.abort_multipart(self._bucket, upload.key, upload.upload_id)
                except S3IntegrationError as error:
                    return gone, error
                gone.add(upload.upload_id)
            return gone, None

        def done(result: tuple[set[str], Exception | None]) -> None:
            gone, error = result
            self._model.remove(gone)
            self._show_buttons()
            self._on_listed()
            self._changed.start(0)
            if isinstance(error, S3IntegrationError):
                left = plural(len(uploads) - len(gone), "upload")
                self._complain(f"{left} could not be thrown away. {error.reason}")

        self._tasks.run("actions", work, done, token=self._listing)

    @Slot()
    def _stop(self) -> None:
        self._listing.cancel()
        if self._sizing is not None:
            self._sizing.cancel()
            self._sizing = None


class ThrowAwayDialog(Sheet):
    """Asks before unfinished uploads are thrown away.

    Args:
        names: of their files.
        parent: the window it belongs to.

    Signals:
        confirmed: throw them away; the dialog is closed. ``rejected`` is QDialog's.
    """

    confirmed = Signal()

    def __init__(self, names: Sequence[str], parent: QWidget | None) -> None:
        one = len(names) == 1
        what = f"the unfinished upload of “{short(names[0])}”" if one else plural(len(names), "unfinished upload")
        title = f"Throw away {what}?"
        super().__init__(title, parent, window_title="Throw away", icon_name="trash", icon_colour="danger")
        words = "What was sent so far is deleted from the server. Files that are complete stay."
        self.body.addWidget(PlainLabel(words, self))
        warning = "An upload that somebody is still sending from elsewhere would fail. This can’t be undone."
        self.body.addWidget(PlainLabel(warning, self, role="muted"))
        words = "Throw away upload" if one else f"Throw away {plural(len(names), 'upload')}"
        self.throw_button = self.add_button(words, _ROLE.AcceptRole, look="danger")
        self.throw_button.setAutoDefault(False)
        self.throw_button.clicked.connect(self._confirm)
        cancel = self.add_button("Cancel", _ROLE.RejectRole)
        cancel.setDefault(True)
        cancel.setFocus()

    @Slot()
    def _confirm(self) -> None:
        self.accept()
        self.confirmed.emit()


def _sent(store: ObjectStore, bucket: str, upload: OpenUpload, token: CancelToken) -> int | None:
    """Bytes that the server has of an upload; None where it has been finished or thrown away meanwhile."""
    try:
        return sum(part.size for part in store.list_parts(bucket, upload.key, upload.upload_id, cancel=token))
    except S3FileNotFoundError:
        return None
