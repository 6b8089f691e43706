import logging
import threading

_log = logging.getLogger(__name__)


class KeepAwake:
    """Keeps the computer from falling asleep while it is on; the screen may go dark. Lives on the window's thread.

    Asking the system may block (a bus, a portal that waits for somebody), and what was asked holds only as long as
    the thread that asked: so each stretch of time has a thread of its own. A system that cannot is left alone.
    """

    def __init__(self) -> None:
        self._ended: threading.Event | None = None
        self._is_allowed = True
        self._is_wanted = False

    @property
    def is_on(self) -> bool:
        """Whether it was asked for; the system may not be able to."""
        return self._ended is not None

    def set_allowed(self, allowed: bool) -> None:
        """Whether the person wants it at all."""
        self._is_allowed = allowed
        self._switch()

    def set_wanted(self, wanted: bool) -> None:
        """Whether something moves."""
        self._is_wanted = wanted
        self._switch()

    def _switch(self) -> None:
        wanted = self._is_allowed and self._is_wanted
        if wanted and self._ended is None:
            self._ended = threading.Event()
            threading.Thread(target=_hold, args=(self._ended,), name="s3b-awake", daemon=True).start()
        elif not wanted and self._ended is not None:
            self._ended.set()
            self._ended = None


def _hold(ended: threading.Event) -> None:
    try:
        from wakepy import keep  # it looks for the desktop’s bus when it is imported

        with keep.running(on_fail="pass") as mode:
            if not mode.active:
                _log.info("this computer can’t be kept awake")
            ended.wait()
    except Exception:
        # Whatever is wrong with a bus or a driver, the transfers have to go on.
        _log.info("this computer can’t be kept awake", exc_info=True)
