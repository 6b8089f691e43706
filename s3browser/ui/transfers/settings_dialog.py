from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialogButtonBox, QGridLayout, QWidget

from s3browser.settings.preferences import LEAST_LIMIT, MOST_CONNECTIONS, Preferences
from s3browser.ui.dialogs.sheet import Sheet
from s3browser.ui.fields import NumberField, TickBox
from s3browser.ui.labels import PlainLabel
from s3browser.ui.theme import GRID

_MB = 1_000_000
_MOST_MB = 9999.0
_WIDTH = GRID * 20


class TransferSettingsDialog(Sheet):
    """How many transfers go at a time and how fast; every change counts at once.

    Args:
        preferences: as they are.
        parent: the window it belongs to.

    Signals:
        changed: the ``Preferences`` as they are now.
    """

    changed = Signal(object)

    def __init__(self, preferences: Preferences, parent: QWidget | None) -> None:
        super().__init__("Transfer settings", parent, window_title="Transfer settings")
        self._preferences = preferences
        self.connections = NumberField(self)
        self.connections.setRange(1, MOST_CONNECTIONS)
        self.connections.setValue(preferences.max_connections)
        self.upload_limit = self._limit(preferences.upload_limit)
        self.download_limit = self._limit(preferences.download_limit)
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(GRID)
        grid.setColumnStretch(0, 1)
        fields = (
            ("Connections at a time", self.connections),
            ("Upload no faster than", self.upload_limit),
            ("Download no faster than", self.download_limit),
        )
        for row, (words, field) in enumerate(fields):
            label = PlainLabel(words, self, max_lines=1)
            label.setBuddy(field)
            field.setAccessibleName(words)
            field.setFixedWidth(_WIDTH)
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1, Qt.AlignmentFlag.AlignRight)
        self.body.addLayout(grid)
        hint = "More connections help with many small files. Fewer leave room for others in the same network."
        self.body.addWidget(PlainLabel(hint, self, role="muted"))
        self.body.addSpacing(GRID)
        self.keep_awake = self._switch("Keep the computer awake while files move", preferences.keep_awake)
        self.tell_end = self._switch("Tell me when long transfers end", preferences.tell_end)
        self.connections.valueChanged.connect(self._tell)
        self.upload_limit.valueChanged.connect(self._tell)
        self.download_limit.valueChanged.connect(self._tell)
        close = self.add_button("Close", QDialogButtonBox.ButtonRole.RejectRole)
        close.setAutoDefault(False)  # Enter ends the typing of a number
        self.connections.setFocus()

    def _limit(self, bytes_per_s: int | None) -> NumberField:
        """MB/s; its least value stands for no limit."""
        field = NumberField(self)
        field.setRange(0.0, _MOST_MB)
        field.setDecimals(1)
        field.setSingleStep(1.0)
        field.setSuffix(" MB/s")
        field.setSpecialValueText("Unlimited")
        field.setKeyboardTracking(False)  # “12” on its way to “120” is no limit that anybody wants
        field.setValue(0.0 if bytes_per_s is None else max(0.1, bytes_per_s / _MB))
        return field

    def _switch(self, words: str, is_on: bool) -> TickBox:
        box = TickBox(words, self)
        box.setChecked(is_on)
        box.toggled.connect(self._tell)
        self.body.addWidget(box)
        return box

    @Slot()
    def _tell(self) -> None:
        self._preferences = replace(
            self._preferences,
            max_connections=round(self.connections.value()),
            upload_limit=_bytes_per_s(self.upload_limit.value()),
            download_limit=_bytes_per_s(self.download_limit.value()),
            keep_awake=self.keep_awake.isChecked(),
            tell_end=self.tell_end.isChecked(),
        )
        self.changed.emit(self._preferences)


def _bytes_per_s(megabytes: float) -> int | None:
    return max(LEAST_LIMIT, round(megabytes * _MB)) if megabytes else None
