from collections.abc import Collection, Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QVBoxLayout, QWidget

from s3browser.exceptions import (
    S3AccessDeniedError,
    S3BusyError,
    S3ConnectionError,
    S3CredentialsError,
    S3IntegrationError,
)
from s3browser.model.columns import Columns
from s3browser.model.contents import Contents
from s3browser.model.listing import Row
from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.ui.browser.contents_model import ContentsModel
from s3browser.ui.browser.contents_view import ContentsView
from s3browser.ui.state_page import StatePage

_PASSING = (S3BusyError, S3ConnectionError, S3CredentialsError)
_PATIENCE_MS = 200  # what is quicker needs no sign that it is under way


class ContentsPane(QWidget):
    """The table with what may lie over it: empty, failed, no match; and a thin line while a listing takes its time.

    Signals:
        help_requested: the button of a failure was pressed; the exception it is about.
        bucket_requested: a bucket is to be added by its name.
    """

    help_requested = Signal(object)
    bucket_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.model = ContentsModel(self)
        self.view = ContentsView(self.model, self)
        self._progress = QProgressBar(self)
        self._progress.setRange(0, 0)
        self._progress.setTextVisible(False)
        self._progress.setProperty("role", "strip")
        self._progress.setAccessibleName("Loading")
        self._page: StatePage | None = None
        self._error: Exception | None = None
        self._is_listing = False
        self._place = Place("", S3Location())
        self._again: Contents | None = None
        self._meanwhile: dict[S3Location, Row | None] = {}  # what changed during a refresh; None: it is gone
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._progress.show)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._progress)
        layout.addWidget(self.view, 1)
        keeps_place = self._progress.sizePolicy()
        keeps_place.setRetainSizeWhenHidden(True)
        self._progress.setSizePolicy(keeps_place)
        self._progress.hide()
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.viewport().installEventFilter(self)
        self.model.counts_changed.connect(self._update_page)

    @property
    def is_listing(self) -> bool:
        """Whether more rows are on their way."""
        return self._is_listing

    # -- the navigator's signals ---------------------------------------------------------------

    def on_listing_started(self, place: Place, again: bool) -> None:
        """Make room for another folder; one that is listed again stays until the new rows are there."""
        self._place = place
        self._error = None
        self._is_listing = True
        self.view.set_folder(place.location)
        self._meanwhile = {}
        if again and self.model.total:
            self._again = Contents(place.location.bucket, place.location.key)
        else:
            self._again = None
            self.model.begin(place.location)
            self.view.scrollToTop()
        self._patience.start()
        self._update_page()

    def on_rows_listed(self, rows: Columns) -> None:
        """Show a page."""
        if self._again is None:
            self.model.append(rows)
        else:
            self._again.append(rows)

    def on_listing_finished(self, place: Place) -> None:
        """Bring everything into order."""
        self._end_listing()
        if self._again is None:
            self.model.finish()
        else:
            again, self._again = self._again, None
            put, removed = _news(self._meanwhile)
            again.put(put)
            again.remove(again.find(removed))
            self.model.agree(again, self._on_agreed)
        self._update_page()

    def on_listing_failed(self, error: Exception) -> None:
        """Say what went wrong where the rows would be.

        Rows that are there already stay where the failure says nothing about them: offline, signed out, busy.
        """
        self._end_listing()
        self._error = error
        if self._again is not None and not isinstance(error, _PASSING):
            self.model.begin(self._place.location)
        self._again = None
        self._update_page()

    # -- what changed without a listing --------------------------------------------------------

    def put(self, rows: Sequence[Row]) -> None:
        """Show rows that are new or have changed; a refresh under way may have listed the folder before."""
        self._meanwhile.update((row.location, row) for row in rows)
        self.model.put(rows)

    def remove(self, locations: Collection[S3Location]) -> None:
        """Take rows out; a refresh under way does not bring them back."""
        self._meanwhile.update(dict.fromkeys(locations))
        self.model.remove(locations)

    # -- within ------------------------------------------------------------------------------

    def _on_agreed(self) -> None:
        """What has changed while the two listings were compared is shown in the new one too."""
        put, removed = _news(self._meanwhile)
        self.model.put(put)
        self.model.remove(removed)

    def _end_listing(self) -> None:
        self._is_listing = False
        self._patience.stop()
        self._progress.hide()

    def _update_page(self) -> None:
        if self._page is not None:
            self._page.hide()
            self._page.deleteLater()
            self._page = None
        self._page = self._wanted_page()
        if self._page is not None:
            self._page.setGeometry(self.view.viewport().rect())
            self._page.show()

    def _wanted_page(self) -> StatePage | None:
        ground = self.view.viewport()
        if self._error is not None and self.model.total == 0:
            return self._failure_page(self._error, ground)
        if self._is_listing or self.model.rowCount():
            return None
        if self.model.filter_text and self.model.total:
            return StatePage("magnifying-glass", "No match", "No name in this folder has these words.", parent=ground)
        if not self._place.location.bucket:
            words = "No buckets yet", "This account has no buckets. If you were given the name of one, add it."
            page = StatePage("archive", *words, button="Add a bucket by name…", parent=ground)
            page.button_clicked.connect(self.bucket_requested)
            return page
        return StatePage(
            "upload-simple",
            "Drop files here",
            "This folder is empty. Files you drop are uploaded to it.",
            parent=ground,
        )

    def _failure_page(self, error: Exception, ground: QWidget) -> StatePage:
        if not isinstance(error, S3IntegrationError):
            words = "Something went wrong", str(error)
            page = StatePage("warning-circle", *words, button=failure_button(error), parent=ground)
        else:
            text = error.reason if error.hint is None else f"{error.reason} {error.hint}"
            page = StatePage(_failure_icon(error), error.title, text, button=failure_button(error), parent=ground)
        page.button_clicked.connect(lambda: self.help_requested.emit(error))
        return page

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._page is not None and event.type() is QEvent.Type.Resize:
            self._page.setGeometry(self.view.viewport().rect())
        return super().eventFilter(watched, event)


def _news(meanwhile: Mapping[S3Location, Row | None]) -> tuple[list[Row], list[S3Location]]:
    """What is new or has changed, and what is gone."""
    return [row for row in meanwhile.values() if row is not None], [
        location for location, row in meanwhile.items() if row is None
    ]


def failure_button(error: Exception) -> str:
    """What the one button beside a failure says; the window does the same when it is pressed."""
    if isinstance(error, S3CredentialsError):
        return "Edit the connection…"
    if isinstance(error, S3AccessDeniedError):
        return "Add a bucket by name…" if error.operation == "list_buckets" else "Details…"
    return "Try again" if isinstance(error, S3IntegrationError) else "Details…"


def _failure_icon(error: S3IntegrationError) -> str:
    if isinstance(error, S3AccessDeniedError):
        return "lock"
    if isinstance(error, S3CredentialsError):
        return "key"
    return "wifi-slash" if isinstance(error, S3ConnectionError) else "warning-circle"
