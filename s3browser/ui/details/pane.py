from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from s3browser.exceptions import S3IntegrationError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.columns import totals
from s3browser.model.entries import ObjectDetails
from s3browser.model.kinds import PLAIN, Kind
from s3browser.model.listing import Row
from s3browser.model.places import Place
from s3browser.model.storage import encryption_text, storage_text
from s3browser.model.text import plural, size_text
from s3browser.ui.dates import date_text
from s3browser.ui.details.facts import Fact, FactGrid
from s3browser.ui.details.preview import Preview, thumbnail_image
from s3browser.ui.labels import PlainLabel
from s3browser.ui.tasks import Tasks
from s3browser.ui.theme import GRID

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from s3browser.documents import Document  # at run time the pane is shown before anything is read

FetchPreview = Callable[[Place, int, CancelToken], "Document"]
"""Fetches and reads a file of that many bytes; blocking, on a lane."""

FetchDetails = Callable[[Place, CancelToken], ObjectDetails]
"""Asks the server for what the listing did not tell; blocking, on a lane."""

PREVIEW_BYTES = 20_000_000
_UNKNOWN_KIND_BYTES = 1_000_000  # an unknown ending may be text, or nothing that can be shown
_SETTLED_MS = 150  # arrow keys run through many files; only where they stop is anything fetched
_PATIENCE_MS = 200
_NO_PREVIEW = frozenset(
    {"Video", "Audio", "Archive", "Disk image", "Program", "Font", "Parquet data"}
    | {"HEIC image", "Camera image", "Photoshop image", "SVG image"}
)
_ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_SEVERAL = Kind("Several items", "files", "muted")


class DetailsPane(QWidget):
    """The right side of the window: what the selected file looks like, and what is known of it.

    What is fetched is fetched in lanes, and dropped as soon as something else is shown.

    Args:
        tasks: runs both.
        fetch_preview: see ``FetchPreview``; asked only for files that are small enough and may have a preview.
        fetch_details: see ``FetchDetails``.
        parent: owns it.
    """

    def __init__(
        self, tasks: Tasks, fetch_preview: FetchPreview, fetch_details: FetchDetails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._fetch_preview = fetch_preview
        self._fetch_details = fetch_details
        self._token = CancelToken()
        self._shown: tuple[str, Row] | None = None
        self._awaits_preview = False
        self._settled = self._timer(_SETTLED_MS, self._fetch)
        self._patience = self._timer(_PATIENCE_MS, self._say_loading)

        self.preview = Preview(self)
        self.status = PlainLabel("", self, role="muted")
        self.name = PlainLabel("", self, role="heading", max_lines=3)
        self.subtitle = PlainLabel("", self, role="muted")
        self._details_title = PlainLabel("DETAILS", self, role="section")
        self.facts = FactGrid(self)
        self._content_title = PlainLabel("CONTENT", self, role="section")
        self.content = FactGrid(self)
        self._lay_out()
        self.show_rows("", [])

    def _timer(self, milliseconds: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(slot)
        return timer

    def _lay_out(self) -> None:
        inner = QWidget(self)
        column = QVBoxLayout(inner)
        column.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        column.setSpacing(GRID)
        for widget in (self.preview, self.status, self.name, self.subtitle):
            column.addWidget(widget)
        for title, grid in ((self._details_title, self.facts), (self._content_title, self.content)):
            column.addSpacing(GRID)
            column.addWidget(title)
            column.addWidget(grid)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    @property
    def is_loading(self) -> bool:
        """Whether what is shown is not all there yet."""
        return self._settled.isActive() or self._awaits_preview

    def show_rows(self, profile_id: str, rows: Sequence[Row]) -> None:
        """Show what is selected in a connection: nothing, one bucket, folder or file, or several."""
        if len(rows) == 1:
            self._show_one(profile_id, rows[0])
        elif not rows:
            self._show(PLAIN, "", "Select a file to see what is in it.", [])
        else:
            self.show_summary(*totals(rows))

    def show_summary(self, files: int, folders: int, size_bytes: int) -> None:
        """Show a selection of many by its counts; ``size_bytes`` is that of the files alone."""
        parts = [plural(files, "file")] if files else []
        parts += [plural(folders, "folder")] if folders else []
        if files:
            parts.append(size_text(size_bytes))
        self._show(_SEVERAL, f"{files + folders:,} selected", " · ".join(parts), [])

    def _show_one(self, profile_id: str, row: Row) -> None:
        if self._shown == (profile_id, row):
            return  # a refresh of the list found it unchanged
        facts: list[Fact] = []
        if row.is_folder:
            facts = [("Created", date_text(row.modified_at))] if row.modified_at else []
            self._show(row.kind, row.name, row.kind.label, facts)
            return
        self._show(row.kind, row.name, _subtitle(row), _file_facts(row, "…", "…"))
        self._shown = (profile_id, row)
        self._settled.start()

    def _show(self, kind: Kind, name: str, subtitle: str, facts: Sequence[Fact]) -> None:
        """Show what is known already; forget what was on its way."""
        self._token.cancel()
        self._token = CancelToken()
        self._settled.stop()
        self._patience.stop()
        self._shown = None
        self._awaits_preview = False
        self.preview.show_kind(kind)
        self.preview.setVisible(bool(name))
        self._say("")
        self.name.setText(name)
        self.name.setVisible(bool(name))
        self.subtitle.setText(subtitle)
        self._show_grid(self._details_title, self.facts, facts)
        self._show_grid(self._content_title, self.content, [])

    def _show_grid(self, title: PlainLabel, grid: FactGrid, facts: Sequence[Fact]) -> None:
        grid.show_facts(facts)
        title.setVisible(bool(facts))
        grid.setVisible(bool(facts))

    @Slot()
    def _fetch(self) -> None:
        if self._shown is None:
            return
        profile_id, row = self._shown
        place = Place(profile_id, row.location)
        self._tasks.run(
            "actions",
            lambda token: self._fetch_details(place, token),
            self._on_details,
            self._on_details_failed,
            self._token,
        )
        reason = _no_preview_reason(row)
        if reason is not None:
            self._say(reason)
            return
        size = row.size or 0
        self._awaits_preview = True
        self._patience.start()
        self._tasks.run(
            "actions",
            lambda token: _with_image(self._fetch_preview(place, size, token)),
            self._on_preview,
            self._on_preview_failed,
            self._token,
        )

    def _on_details(self, details: ObjectDetails) -> None:
        if self._shown is not None:
            _, row = self._shown
            encryption, kind = encryption_text(details.encryption), details.content_type or "—"
            self._show_grid(self._details_title, self.facts, _file_facts(row, encryption, kind))

    def _on_details_failed(self, error: Exception) -> None:
        if self._shown is not None:
            _, row = self._shown
            self._show_grid(self._details_title, self.facts, _file_facts(row, "—", "—"))
            if not self.status.text():
                self._say(_reason(error))

    def _on_preview(self, read: "tuple[Document, QImage | None]") -> None:
        self._awaits_preview = False
        self._patience.stop()
        self._say("")
        if self._shown is None:
            return
        document, image = read
        _, row = self._shown
        if image is not None:
            self.preview.show_image(image, row.name)
        elif document.text.strip():
            self.preview.show_text(document.text)
        dimensions = document.facts.get("Dimensions", "").removesuffix(" pixels")
        self.subtitle.setText(_subtitle(row, dimensions))
        self._show_grid(self._content_title, self.content, _content_facts(document))

    def _on_preview_failed(self, error: Exception) -> None:
        self._awaits_preview = False
        self._patience.stop()
        self._say(_reason(error))

    @Slot()
    def _say_loading(self) -> None:
        self._say("Loading preview…")

    def _say(self, text: str) -> None:
        self.status.setText(text)
        self.status.setVisible(bool(text))


def _with_image(document: "Document") -> "tuple[Document, QImage | None]":
    """The picture is decoded on the lane too."""
    return document, thumbnail_image(document.thumbnail)


def _no_preview_reason(row: Row) -> str | None:
    """Why nothing is fetched to preview a file, as a sentence, empty where its kind says it all; None to fetch."""
    if not row.size or row.kind.label in _NO_PREVIEW:
        return "" if row.size else "The file is empty."
    if row.storage_class in _ARCHIVED:
        return "It is in an archive and has to be brought back before it can be shown."
    if row.size > (_UNKNOWN_KIND_BYTES if row.kind.icon == PLAIN.icon else PREVIEW_BYTES):
        return "" if row.kind.icon == PLAIN.icon else "It is too large for a preview."
    return None


def _subtitle(row: Row, dimensions: str = "") -> str:
    return " · ".join(part for part in (row.kind.label, size_text(row.size or 0), dimensions) if part)


def _file_facts(row: Row, encryption: str, content_type: str) -> list[Fact]:
    return [
        ("Modified", date_text(row.modified_at)),
        ("Storage", storage_text(row.storage_class)),
        ("Encryption", encryption),
        ("Type", content_type),
    ]


def _content_facts(document: "Document") -> list[Fact]:
    facts: list[Fact] = [
        ("Title", document.title or ""),
        ("Author", document.author or ""),
        ("Pages", f"{document.page_count:,}" if document.page_count else ""),
        *((name, value) for name, value in document.facts.items() if name != "Dimensions"),
    ]
    return [fact for fact in facts if fact[1]]


def _reason(error: Exception) -> str:
    return error.reason if isinstance(error, S3IntegrationError) else "The preview failed: a mistake in this program."
