from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from PySide6.QtGui import QColor

from s3browser.model.entries import OpenUpload
from s3browser.model.kinds import kind_of
from s3browser.model.locations import S3Location
from s3browser.model.text import size_text
from s3browser.model.transfers import TransferState
from s3browser.ui.dates import date_text, full_date_text
from s3browser.ui.icons import icon
from s3browser.ui.theme import current_colours
from s3browser.ui.transfers.model import AnyIndex

_HEAD = ("Name", "Folder", "Started", "Sent so far")
_NAME, _FOLDER, _STARTED, _SENT = range(4)
_OWN_TIP = "This program is sending it. Pause or cancel it in the transfers."


class UnfinishedModel(QAbstractTableModel):
    """The open uploads of a bucket; how much of each has been sent is filled in later, row by row.

    Those that are transfers of this program are shown as such and can't be selected.
    """

    def __init__(self, bucket: str, parent: QObject) -> None:
        super().__init__(parent)
        self._bucket = bucket
        self._uploads: list[OpenUpload] = []
        self._sent: dict[str, int | None] = {}
        self._own: Mapping[str, TransferState] = {}

    @property
    def uploads(self) -> Sequence[OpenUpload]:
        """In the order of the rows."""
        return self._uploads

    def is_own(self, upload: OpenUpload) -> bool:
        """Whether it is a transfer of this program that is not over."""
        return upload.upload_id in self._own

    def set_own(self, own: Mapping[str, TransferState]) -> None:
        """These are transfers of this program, queued (or running) or paused."""
        self._own = own
        self._tell_changed(_NAME)

    def location(self, upload: OpenUpload) -> S3Location:
        """Where it would be."""
        return S3Location(self._bucket, upload.key)

    def add(self, uploads: Sequence[OpenUpload]) -> None:
        """Some more of them."""
        if uploads:
            self.beginInsertRows(QModelIndex(), len(self._uploads), len(self._uploads) + len(uploads) - 1)
            self._uploads += uploads
            self.endInsertRows()

    def remove(self, upload_ids: set[str]) -> None:
        """These are gone."""
        for row in reversed([row for row, each in enumerate(self._uploads) if each.upload_id in upload_ids]):
            self.beginRemoveRows(QModelIndex(), row, row)
            del self._uploads[row]
            self.endRemoveRows()

    def clear(self) -> None:
        """Forget all of them."""
        self.beginResetModel()
        self._uploads, self._sent = [], {}
        self.endResetModel()

    def unknown(self, first: int, last: int) -> list[OpenUpload]:
        """Those in these rows, both included, of which nobody has asked yet how much was sent; not our own."""
        shown = self._uploads[first : last + 1]
        return [each for each in shown if each.upload_id not in self._sent and not self.is_own(each)]

    def set_sent(self, sent: Mapping[str, int | None]) -> None:
        """Bytes by upload id; None where that could not be found out."""
        self._sent.update(sent)
        self._tell_changed(_SENT)

    def _tell_changed(self, first_column: int) -> None:
        if self._uploads:
            self.dataChanged.emit(self.index(0, first_column), self.index(len(self._uploads) - 1, _SENT))

    # -- Qt ----------------------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._uploads)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(_HEAD)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return _HEAD[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        upload, column = self._uploads[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(upload, column)
            case Qt.ItemDataRole.DecorationRole if column == _NAME:
                kind = kind_of(self.location(upload).name)
                return icon(kind.icon, kind.colour)
            case Qt.ItemDataRole.ToolTipRole if self.is_own(upload):
                return _OWN_TIP
            case Qt.ItemDataRole.ToolTipRole if column == _STARTED:
                return full_date_text(upload.started_at)
            case Qt.ItemDataRole.ForegroundRole if self.is_own(upload):
                return QColor(current_colours().muted)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case _:
                return None

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        is_own = index.isValid() and self.is_own(self._uploads[index.row()])
        return super().flags(index) & ~Qt.ItemFlag.ItemIsSelectable if is_own else super().flags(index)

    def _text(self, upload: OpenUpload, column: int) -> str:
        location = self.location(upload)
        if column == _NAME:
            return location.label
        if column == _FOLDER:
            return location.parent.key.removesuffix("/") or self._bucket
        if column == _STARTED:
            return date_text(upload.started_at)
        if self.is_own(upload):
            return "paused" if self._own[upload.upload_id] is TransferState.PAUSED else "being sent"
        if upload.upload_id not in self._sent:
            return "…"
        sent = self._sent[upload.upload_id]
        return "—" if sent is None else size_text(sent)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column == _SENT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
