import os
import subprocess
import sys
import tempfile
import time
from statistics import median

_PAIRS = 11
_FIRST_PAINT = """
import sys, time
from PySide6.QtCore import QEvent, QObject
class FirstPaint(QObject):
    def eventFilter(self, watched, event):
        if event.type() is QEvent.Type.Paint and watched.isWidgetType() and watched.isWindow():
            print(time.time(), flush=True)
            watched.removeEventFilter(self)
            app.exit()
        return False
"""
_EMPTY = f"""{_FIRST_PAINT}
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
window = QMainWindow()
window.resize(1280, 800)
first = FirstPaint(app)
window.installEventFilter(first)
window.show()
app.exec()
"""
_OURS = f"""{_FIRST_PAINT}
from PySide6.QtWidgets import QApplication
from s3browser import app as program
app = QApplication([])
made = program.Program(app, program.parser().parse_args([]))
first = FirstPaint(app)
made.window.installEventFilter(first)
made.window.show()
app.exec()
made.stop()
"""


def run() -> None:
    """Print both medians in milliseconds and their ratio, measured in turn."""
    empty, ours = [], []
    with tempfile.TemporaryDirectory() as home:
        for _ in range(_PAIRS + 1):
            empty.append(_time_to_paint(_EMPTY, home))
            ours.append(_time_to_paint(_OURS, home))
    ratio = median(mine / bare for mine, bare in zip(ours[1:], empty[1:], strict=True))
    print(f"startup: empty window {median(empty[1:]):.0f} ms, s3browser {median(ours[1:]):.0f} ms, ratio {ratio:.2f}")


def _time_to_paint(script: str, home: str) -> float:
    """Milliseconds from before the process starts until its window has been painted."""
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "S3BROWSER_HOME": home},
    )
    return (float(done.stdout.split()[0]) - started) * 1000
