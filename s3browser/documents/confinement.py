"""The worker's own cage, put on before it reads anything: memory, files and time, whatever a parser does.

Time has two guards: the parent kills a worker that takes too long, and should the parent be gone, the worker ends
itself.
"""

import faulthandler
import os
import sys
import threading
from collections.abc import Callable
from time import sleep
from typing import TextIO

from s3browser.documents.limits import MEMORY_BYTES, READ_TIME_S

OUT_OF_MEMORY = 86  # exit status
_GRACE_S = 5.0  # the parent is first, where there still is one
_WATCH_INTERVAL_S = 0.05


class Deadline:
    """A watchdog in C that needs no GIL: it ends this process when one document took too long."""

    def __init__(self) -> None:
        self._nowhere: TextIO = open(os.devnull, "w")  # noqa: SIM115, PTH123 (a windowed program has no stderr to name)

    def start(self) -> None:
        """Count from now."""
        faulthandler.dump_traceback_later(READ_TIME_S + _GRACE_S, exit=True, file=self._nowhere)

    def stop(self) -> None:
        """The document is read."""
        faulthandler.cancel_dump_traceback_later()


def watch_memory(limit_bytes: int, peak_bytes: Callable[[], int]) -> None:
    """Blocks, looking at the memory 20 times a second; ends the process where it was ever over the limit."""
    while peak_bytes() <= limit_bytes:
        sleep(_WATCH_INTERVAL_S)
    os._exit(OUT_OF_MEMORY)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _EXTENDED_LIMIT_INFORMATION = 9
    _LIMIT_ACTIVE_PROCESS, _LIMIT_PROCESS_MEMORY = 0x8, 0x100

    class _BasicLimits(ctypes.Structure):
        _fields_ = [
            ("PerProcessUserTimeLimit", ctypes.c_int64),
            ("PerJobUserTimeLimit", ctypes.c_int64),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        ]

    class _ExtendedLimits(ctypes.Structure):
        _fields_ = [
            ("BasicLimitInformation", _BasicLimits),
            ("IoInfo", ctypes.c_uint64 * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        ]

    def confine() -> None:
        """Put this process into a job object with a limit on memory that allows no further process."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.CreateJobObjectW.argtypes = [ctypes.c_void_p, wintypes.LPCWSTR]
        kernel.SetInformationJobObject.argtypes = [wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD]
        kernel.AssignProcessToJobObject.argtypes = [wintypes.HANDLE, wintypes.HANDLE]
        kernel.GetCurrentProcess.restype = wintypes.HANDLE

        limits = _ExtendedLimits()
        limits.BasicLimitInformation.LimitFlags = _LIMIT_PROCESS_MEMORY | _LIMIT_ACTIVE_PROCESS
        limits.BasicLimitInformation.ActiveProcessLimit = 1
        limits.ProcessMemoryLimit = MEMORY_BYTES
        job = kernel.CreateJobObjectW(None, None)
        if not (
            job
            and kernel.SetInformationJobObject(
                job, _EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits)
            )
            and kernel.AssignProcessToJobObject(job, kernel.GetCurrentProcess())
        ):
            raise ctypes.WinError(ctypes.get_last_error())

else:
    import resource

    def _peak_bytes() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

    def confine() -> None:
        """Take away what no reader needs: memory over ``MEMORY_BYTES``, writing files, core dumps.

        macOS takes no limit on memory, so there a thread looks at it.
        """
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        if sys.platform == "linux":
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        else:
            threading.Thread(target=watch_memory, args=(MEMORY_BYTES, _peak_bytes), daemon=True).start()
