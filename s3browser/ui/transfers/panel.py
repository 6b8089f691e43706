from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from s3browser.model.locations import S3Location
from s3browser.model.text import duration_text, rate_text, size_text
from s3browser.model.transfers import BatchSnapshot, Direction, PanelLook, TransferNews, TransferSnapshot, TransferState
from s3browser.ui.browser.contents_view import DropHint, dropped_paths
from s3browser.ui.icons import icon
from s3browser.ui.theme import GRID
from s3browser.ui.transfers.delegate import BUTTON
from s3browser.ui.transfers.engine import Transfers
from s3browser.ui.transfers.faces import Action, batch_outcome, brief_outcome, held_text
from s3browser.ui.transfers.model import PanelRow, TransfersModel
from s3browser.ui.transfers.status_line import Fact, StatusLine
from s3browser.ui.transfers.view import TransfersView

POLL_MS = 200
_STEPS = 1000  # of the bar: byte counts don't fit its 32 bits
_MAX_HEIGHT = 16777215  # QWIDGETSIZE_MAX
_PAUSE_HINT = "Let everything rest; what has arrived is kept"
_EMPTY = "Nothing is being transferred"
_OPEN = (
    (TransferState.RUNNING, "active", 0),
    (TransferState.QUEUED, "waiting", 3),
    (TransferState.PAUSED, "paused", 4),
)
_RESTING = _OPEN[2:]


class TransfersPanel(QFrame):
    """What is being uploaded and downloaded, and what became of it: one line, and the rows below.

    It asks the manager how things stand, five times a second while something moves and not at all otherwise.

    Signals:
        activity_started: files were added to be moved, or some go on from the last time; the panel should be shown.
        files_dropped: ``list[Path]`` that were dropped on the panel, to be uploaded to the folder that is open.
        details_requested: the ``Exception`` that somebody wants to know more about.
        receipt_requested: the ``BatchSnapshot`` of which a receipt is wanted.
        looked: how things stand now, a ``PanelLook``.
    """

    activity_started = Signal()
    files_dropped = Signal(object)
    details_requested = Signal(object)
    receipt_requested = Signal(object)
    looked = Signal(object)

    def __init__(
        self,
        manager: Transfers,
        buttons: Sequence[QAction] = (),
        commands: Sequence[QAction] = (),
        parent: QWidget | None = None,
    ) -> None:
        """``buttons`` and ``commands`` are what the window offers about transfers: both in the menu of the rows."""
        super().__init__(parent)
        self._manager = manager
        self._model = TransfersModel(manager, self)
        self._folder: S3Location | None = None
        self._unfolded_height = 0
        self._has_looked = False
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        self.setProperty("role", "side")
        self.setAcceptDrops(True)
        self._title = QLabel("Transfers", self)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setProperty("role", "heading")
        self.status = StatusLine(self)
        self.progress = QProgressBar(self)
        self.progress.setProperty("role", "strip")
        self.progress.setRange(0, _STEPS)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("All transfers together")
        self._commands = (*buttons, *commands)
        self.pause_button = self._button("Pause all", _PAUSE_HINT)
        self.retry_button = self._button("Try all again", "Try everything again that failed")
        self.cancel_button = self._button("Cancel all", "Cancel everything that runs or waits")
        self.clear_button = self._button("Clear finished", "Remove what is over from this list")
        self.fold_button = self._button("", "")
        self.command_buttons = [self._command_button(command) for command in buttons]
        self.fold_button.setFixedWidth(BUTTON)  # over the rows’ own buttons
        self.view = TransfersView(self._model, self._extend_menu, self)
        self._drop_hint = DropHint(self)
        self._lay_out()
        self.pause_button.clicked.connect(self._pause_or_resume)
        self.retry_button.clicked.connect(manager.retry_failed)
        self.cancel_button.clicked.connect(manager.cancel_all)
        self.clear_button.clicked.connect(self._clear_finished)
        self.fold_button.clicked.connect(self._toggle_folded)
        self.view.action_requested.connect(self._act)
        self._model.looked.connect(self._show)
        self._of_batches: Mapping[str, Callable[[int], None]] = {
            "Pause": manager.pause_batch,
            "Continue": manager.resume_batch,
            "Cancel": manager.cancel_batch,
        }
        manager.add_listener(self._on_news)
        self._show_folded(False)
        self.refresh()

    # -- what the window says ------------------------------------------------------------------

    def set_folder(self, folder: S3Location | None) -> None:
        """The folder that files dropped here go to; None or the list of buckets for no such folder."""
        self._folder = folder if folder is not None and folder.bucket else None

    @property
    def is_folded(self) -> bool:
        """Whether only the header line shows."""
        return self.view.isHidden()

    def set_folded(self, folded: bool) -> None:
        """Fold to one line, or unfold to the height from before."""
        if folded == self.is_folded:
            return
        if folded:
            self._unfolded_height = self.height()
        self._show_folded(folded)
        splitter = self.parentWidget()
        if isinstance(splitter, QSplitter):
            height = self._header_height() if folded else max(self._unfolded_height, self.sizeHint().height())
            self._take_height(splitter, height)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Ask how things stand now; they show soon after."""
        self.view.refresh()

    def sizeHint(self) -> QSize:
        return QSize(GRID * 80, self._header_height() + (0 if self.is_folded else self.view.row_height * 4 + GRID))

    def minimumSizeHint(self) -> QSize:
        return QSize(GRID * 40, self._header_height() + (0 if self.is_folded else self.view.row_height + GRID))

    # -- layout --------------------------------------------------------------------------------

    def _button(self, text: str, hint: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(hint)
        button.setProperty("role", "quiet")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _command_button(self, command: QAction) -> QToolButton:
        button = self._button("", "")
        button.setDefaultAction(command)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setAccessibleName(command.text().rstrip("…"))
        return button

    def _lay_out(self) -> None:
        self._header = QWidget(self)
        header = QHBoxLayout(self._header)
        beside_bar = self.view.verticalScrollBar().sizeHint().width()
        header.setContentsMargins(GRID * 2, GRID // 2, GRID // 2 + beside_bar, GRID // 2)
        header.setSpacing(GRID)
        header.addWidget(self._title)
        header.addWidget(self.status, 1)
        deeds = (self.pause_button, self.retry_button, self.cancel_button, self.clear_button)
        for button in (*deeds, *self.command_buttons, self.fold_button):
            header.addWidget(button)
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # the rows must not jump by its height
        self.progress.setSizePolicy(policy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.progress)
        layout.addWidget(self._header)
        layout.addWidget(self.view, 1)

    def _header_height(self) -> int:
        return self._header.sizeHint().height() + self.progress.sizeHint().height()

    def _show_folded(self, folded: bool) -> None:
        self.view.setVisible(not folded)
        self.setMaximumHeight(self._header_height() if folded else _MAX_HEIGHT)
        self.updateGeometry()
        words = "Show every transfer" if folded else "Fold to one line"
        self.fold_button.setIcon(icon("caret-up" if folded else "caret-down"))
        self.fold_button.setToolTip(words)
        self.fold_button.setAccessibleName(words)

    def _take_height(self, splitter: QSplitter, height: int) -> None:
        """A splitter neither gives height to what was small by itself, nor takes any from what became small."""
        sizes = splitter.sizes()
        mine = splitter.indexOf(self)
        neighbour = mine - 1 if mine else 1
        both = sizes[mine] + sizes[neighbour]
        sizes[mine] = min(height, both * 2 // 3)
        sizes[neighbour] = both - sizes[mine]
        splitter.setSizes(sizes)

    # -- words -----------------------------------------------------------------------------------

    @Slot(object)
    def _show(self, look: PanelLook) -> None:
        """Say how things stand, and go on asking while something moves."""
        counts = look.counts
        waits = counts[TransferState.RUNNING] + counts[TransferState.QUEUED] > 0
        is_open = waits or counts[TransferState.PAUSED] > 0
        self.status.set_facts(self._facts(look, is_open))
        self.progress.setVisible(is_open)
        rests = not is_open and not self.is_folded
        over = self._model.finished_batches
        self.pause_button.setVisible(is_open)
        all_rest = is_open and not waits
        self.pause_button.setText("Continue all" if all_rest else "Pause all")
        self.pause_button.setToolTip("Let everything go on where it was" if all_rest else _PAUSE_HINT)
        self.retry_button.setVisible(rests and counts[TransferState.FAILED] > 1)
        self.cancel_button.setVisible(is_open)
        self.clear_button.setVisible(rests and bool(over or counts[TransferState.FAILED]))
        moves = moves_now(look)
        if moves != self._timer.isActive():
            self._timer.start() if moves else self._timer.stop()
        self.looked.emit(look)
        if is_open and not self._has_looked:  # left by the last time, and begun without anybody having clicked
            self.activity_started.emit()
        self._has_looked = True

    def _facts(self, look: PanelLook, is_open: bool) -> Sequence[Fact]:
        counts, totals = look.counts, look.totals
        failed_count = counts[TransferState.FAILED]
        failed = [Fact(f"{failed_count:,} failed", 2)] if failed_count else []
        if not is_open:
            latest = self._model.finished_batches[:1]
            if failed and latest and latest[0].failed != failed_count:  # “58 of 60 files arrived · 4 failed”?
                failed = [Fact(f"{failed_count:,} failed in all", 2)]
            outcomes = [Fact(batch_outcome(batch), 3, brief_outcome(batch)) for batch in latest]
            return [*outcomes, *failed] or [Fact(_EMPTY)]
        states: Sequence[tuple[TransferState, str, int]] = _OPEN
        facts = []
        if all_held := held_text(look):  # what is tried now and then to see whether it goes again is not “active”
            states = _RESTING
            facts.append(Fact(all_held))
        facts += [Fact(f"{counts[state]:,} {word}", rank) for state, word, rank in states if counts[state]]
        facts += failed
        self.progress.setValue(_steps_done(totals))
        if totals.total_bytes:
            facts.append(Fact(f"{size_text(totals.position_bytes)} of {size_text(totals.total_bytes)}", 5))
        if all_held:
            return facts
        if totals.bytes_per_s >= 1:
            facts.append(Fact(rate_text(totals.bytes_per_s), 6))
        if totals.seconds_left is not None:
            facts.append(Fact(f"{duration_text(totals.seconds_left)} left", 1))
        return facts

    # -- what happens ----------------------------------------------------------------------------

    def _on_news(self, news: TransferNews) -> None:
        if not self._timer.isActive() or news.finished or news.holds:
            self.refresh()
        if news.added:
            self.activity_started.emit()

    @Slot()
    def _poll(self) -> None:
        if not self._model.is_looking:
            self.refresh()

    @Slot()
    def _toggle_folded(self) -> None:
        self.set_folded(not self.is_folded)

    @Slot()
    def _pause_or_resume(self) -> None:
        counts = self._model.counts
        if counts[TransferState.RUNNING] + counts[TransferState.QUEUED]:
            self._manager.pause_all()
        else:
            self._manager.resume_all()
        self.refresh()

    @Slot()
    def _clear_finished(self) -> None:
        self._manager.clear_finished()
        self.refresh()

    @Slot(object, object)
    def _act(self, row: PanelRow, action: Action) -> None:
        subject, manager = row.subject, self._manager
        if action is Action.RECEIPT:
            self.receipt_requested.emit(subject)
        elif isinstance(subject, BatchSnapshot):
            manager.retry_batch(subject.batch_id)
        elif action is Action.DETAILS:
            self.details_requested.emit(subject.error)
        else:
            asked = {
                Action.PAUSE: manager.pause,
                Action.RESUME: manager.resume,
                Action.CANCEL: manager.cancel,
                Action.RETRY: manager.retry,
                Action.TO_TOP: manager.move_to_front,
                Action.REMOVE: manager.remove,
            }
            asked[action](subject.transfer_id)
        self.refresh()

    def _extend_menu(self, menu: QMenu, row: PanelRow | None) -> None:
        transfer = row.subject if row else None
        if isinstance(transfer, TransferSnapshot) and transfer.state is not TransferState.FAILED:
            way = "upload" if transfer.item.direction is Direction.UPLOAD else "download"
            menu.addSeparator()
            rests = transfer.state is TransferState.PAUSED
            for words in ("Continue" if rests else "Pause", "Cancel"):
                act = self._of_batches[words]
                whole = menu.addAction(f"{words} this whole {way}")
                whole.triggered.connect(partial(self._act_on_batch, act, transfer.batch_id))
        menu.addSeparator()
        for button in (self.pause_button, self.retry_button, self.cancel_button, self.clear_button):
            menu.addAction(button.text(), button.click).setEnabled(self._is_of_use(button))
        if self._commands:
            menu.addSeparator()
            menu.addActions(self._commands)

    def _is_of_use(self, button: QToolButton) -> bool:
        """Whether there is something to do for it; to spare room, the line leaves out some that the menu offers."""
        failed = self._model.counts[TransferState.FAILED]
        if button is self.retry_button:
            return failed > 0
        if button is self.clear_button:
            return failed > 0 or bool(self._model.finished_batches)
        return not button.isHidden()

    def _act_on_batch(self, act: Callable[[int], None], batch_id: int, _checked: bool = False) -> None:
        act(batch_id)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    # -- drop ------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.dragMoveEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self._folder is None or not _foreign_paths(event):
            self._drop_hint.hide()
            event.ignore()
            return
        self._drop_hint.show_for(self.rect(), f"Upload to {self._folder.label}")
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_hint.hide()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.files_dropped.emit(_foreign_paths(event))


def _foreign_paths(event: QDropEvent) -> list[Path]:
    """The files of this computer that are dragged, unless from this window’s own table, to be downloaded elsewhere."""
    return [] if event.source() is not None else dropped_paths(event.mimeData())


def moves_now(look: PanelLook) -> bool:
    """Whether something moves or is about to; what a hold keeps back does not."""
    running, waiting = look.counts[TransferState.RUNNING], look.counts[TransferState.QUEUED]
    return running > 0 or waiting > sum(hold.waiting for hold in look.holds)


def _steps_done(totals: BatchSnapshot) -> int:
    """Of the bytes; of the files where all are empty."""
    if totals.total_bytes:
        return int(_STEPS * totals.position_bytes / totals.total_bytes)
    return int(_STEPS * (totals.done + totals.failed + totals.cancelled) / max(totals.total, 1))
