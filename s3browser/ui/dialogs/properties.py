from collections.abc import Callable, Sequence

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QDialogButtonBox, QPushButton, QWidget

from s3browser.exceptions import S3IntegrationError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.entries import ObjectDetails
from s3browser.model.listing import Row
from s3browser.model.locations import S3Location
from s3browser.model.storage import encryption_text, storage_text
from s3browser.model.text import plural, size_text
from s3browser.ui.dates import full_date_text
from s3browser.ui.details.facts import Fact, FactGrid
from s3browser.ui.dialogs.counting import FolderCounter, ListFiles
from s3browser.ui.dialogs.error import error_details
from s3browser.ui.dialogs.sheet import Sheet, facts_box
from s3browser.ui.fold import Fold
from s3browser.ui.labels import PlainLabel
from s3browser.ui.tasks import Tasks

Head = Callable[[S3Location], ObjectDetails]
"""Asks the server for one object's details; blocking, on a lane."""


class FilePropertiesDialog(Sheet):
    """Everything there is to know of one file; what the listing did not tell is asked for.

    Args:
        row: the file.
        tasks: runs ``head``.
        head: see ``Head``.
        parent: the window it belongs to.
    """

    def __init__(self, row: Row, tasks: Tasks, head: Head, parent: QWidget | None) -> None:
        super().__init__(
            row.name, parent, window_title="Properties", icon_name=row.kind.icon, icon_colour=row.kind.colour
        )
        self._row = row
        self.facts = FactGrid(self)
        self.body.addWidget(self.facts)
        self._show_facts("…")
        close = self.add_button("Close", QDialogButtonBox.ButtonRole.RejectRole)
        close.setDefault(True)
        close.setFocus()
        token = CancelToken()
        self.finished.connect(lambda: token.cancel())
        self.destroyed.connect(lambda: token.cancel())
        tasks.run("actions", lambda _: head(row.location), self._on_details, self._on_failed, token)

    def _show_facts(self, encryption: str, details: ObjectDetails | None = None) -> None:
        row = self._row
        size = details.size if details else row.size or 0
        exact = f" ({plural(size, 'byte')})" if size >= 1000 else ""
        self.facts.show_facts(
            [
                ("Kind", row.kind.label),
                ("Size", size_text(size) + exact),
                ("Modified", full_date_text(details.last_modified if details else row.modified_at)),
                ("Storage", storage_text(details.storage_class if details else row.storage_class)),
                ("Encryption", encryption),
            ]
        )

    def _on_details(self, details: ObjectDetails) -> None:
        self._show_facts(encryption_text(details.encryption), details)
        box = facts_box(technical_text(self._row.location, details), "Technical details", self)
        self.body.addWidget(Fold("Technical details", box, self))

    def _on_failed(self, error: Exception) -> None:
        self._show_facts("—")
        _add_failure(self, error)


class FolderPropertiesDialog(Sheet):
    """How many files are in a folder, a bucket or several rows, and how large they are; counted while it is open.

    Args:
        rows: what to count; at least one.
        tasks: runs the counting.
        list_files: see ``counting.ListFiles``.
        parent: the window it belongs to.
    """

    def __init__(self, rows: Sequence[Row], tasks: Tasks, list_files: ListFiles, parent: QWidget | None) -> None:
        only = rows[0] if len(rows) == 1 else None
        super().__init__(
            only.name if only else f"{len(rows):,} items",
            parent,
            window_title="Properties",
            icon_name=only.kind.icon if only else "files",
            icon_colour=only.kind.colour if only else "muted",
        )
        self._only = only
        self.facts = FactGrid(self)
        self.body.addWidget(self.facts)
        if only:
            box = facts_box(f"Bucket: {only.location.bucket}\nKey: {only.location.key}", "Technical details", self)
            self.body.addWidget(Fold("Technical details", box, self))
        role = QDialogButtonBox.ButtonRole
        self.stop_button: QPushButton = self.add_button("Stop counting", role.ResetRole)
        self.stop_button.setAutoDefault(False)
        close = self.add_button("Close", role.RejectRole)
        close.setDefault(True)
        close.setFocus()
        self._found = (0, 0)
        self._show_count("Counting…", "Counting…")
        self._counter = FolderCounter(tasks, list_files, self)
        self._counter.changed.connect(self._on_changed)
        self._counter.failed.connect(self._on_failed)
        self.stop_button.clicked.connect(self._stop)
        self.finished.connect(self._counter.stop)
        self._counter.start(rows)

    def _show_count(self, files: str, size: str) -> None:
        facts: list[Fact] = [("Kind", self._only.kind.label)] if self._only else []
        facts += [("Files", files), ("Size", size)]
        if self._only and self._only.modified_at:
            facts.append(("Created", full_date_text(self._only.modified_at)))
        self.facts.show_facts(facts)

    @Slot(object, object, bool)
    def _on_changed(self, files: int, size_bytes: int, is_complete: bool) -> None:
        self._found = (files, size_bytes)
        exact = f" ({plural(size_bytes, 'byte')})" if is_complete and size_bytes >= 1000 else ""
        so_far = "" if is_complete else " so far"
        self._show_count(f"{files:,}{so_far}", f"{size_text(size_bytes)}{exact}{so_far}")
        self.stop_button.setVisible(not is_complete)

    @Slot()
    def _stop(self) -> None:
        self._counter.stop()
        self._say_incomplete("stopped")

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._say_incomplete("not complete")
        _add_failure(self, error)

    def _say_incomplete(self, why: str) -> None:
        files, size_bytes = self._found
        self._show_count(f"{files:,} or more ({why})", f"{size_text(size_bytes)} or more")
        self.stop_button.hide()


def _add_failure(sheet: Sheet, error: Exception) -> None:
    if isinstance(error, S3IntegrationError):
        sheet.body.addWidget(PlainLabel(f"{error.reason} {error.hint or ''}".strip(), sheet, role="danger"))
        sheet.body.addWidget(error_details(error, sheet))
    else:
        sheet.body.addWidget(PlainLabel("The rest could not be read: a mistake in this program.", sheet, role="danger"))


def technical_text(location: S3Location, details: ObjectDetails) -> str:
    """What administrators ask for, one “name: value” a line."""
    facts: list[Fact] = [
        ("Bucket", location.bucket),
        ("Key", location.key),
        ("ETag", details.etag),
        ("Version", details.version_id or ""),
        ("Content type", details.content_type),
        ("Storage class", details.storage_class),
        ("Encryption", details.encryption or ""),
        *((f"Checksum {algorithm}", value) for algorithm, value in sorted(details.checksums.items())),
        *((f"Metadata {name}", value) for name, value in sorted(details.metadata.items())),
    ]
    return "\n".join(f"{name}: {value}" for name, value in facts if value)
