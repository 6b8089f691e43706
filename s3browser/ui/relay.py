from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, Slot


class GuiRelay(QObject):
    """Brings callbacks to the thread it lives in, the window's. ``deliver`` is safe from any thread.

    The program's only signal across threads, and its slot is a ``@Slot`` of a parented QObject: callbacks
    that are neither have been seen to crash.
    """

    _posted = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._posted.connect(self._call, Qt.ConnectionType.QueuedConnection)

    def deliver(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` on this object's thread, soon, in the order of the deliveries."""
        self._posted.emit(callback)

    @Slot(object)
    def _call(self, callback: Callable[[], None]) -> None:
        callback()
