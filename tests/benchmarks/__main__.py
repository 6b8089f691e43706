"""``python -m tests.benchmarks``: what the program costs, measured. Never timed in tests.

    startup    the window against an empty PySide6 window, both from the start of the process to the first paint
    listing    first rows of a folder against the first page's request
    stalls     the window's event loop while 1,000 small files upload
    transfers  uploads and downloads beside s5cmd, rclone and aws; what the window feels of it
    contents   a folder of 1,000,000 files: streaming, sorting, filtering, scrolling, and its memory
    long-listing  200,000 and 1,000,000 names beside s5cmd ls, near and 60 ms away
    many       50,000 files dropped in the window, which is quit and killed meanwhile

Each prints one table row a figure. The last four take some minutes each, and run only if they are named.
Run it on a machine that does nothing else.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence

from tests.benchmarks import contents, listing, longlisting, many, stalls, startup, transfers

_PLAIN: dict[str, Callable[[], None]] = {"startup": startup.run, "listing": listing.run, "stalls": stalls.run}
_WITH_OPTIONS: dict[str, Callable[[Sequence[str]], None]] = {
    "transfers": transfers.run,
    "contents": contents.run,
    "long-listing": longlisting.run,
    "many": many.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument(
        "name", nargs="?", choices=[*_PLAIN, *_WITH_OPTIONS], help="which; the short ones where none is given"
    )
    parser.add_argument("options", nargs=argparse.REMAINDER, help="of the last four")
    asked = parser.parse_args()
    if asked.name in _WITH_OPTIONS:
        _WITH_OPTIONS[asked.name](asked.options)
    elif asked.name is not None:
        _PLAIN[asked.name]()
    else:
        for each in _PLAIN:  # a window that another one left behind would be measured too
            subprocess.run([sys.executable, "-m", "tests.benchmarks", each], check=True)


if __name__ == "__main__":
    main()
