"""``python -m tests.benchmarks``: what the program costs, measured. Never timed in tests.

    startup    the window against an empty PySide6 window, both from the start of the process to the first paint
    listing    first rows of a folder against the first page's request
    stalls     the window's event loop while 1,000 small files upload

Each prints one table row a figure. Run it on a machine that does nothing else.
"""

import argparse
import subprocess
import sys

from tests.benchmarks import listing, stalls, startup

_ALL = {"startup": startup.run, "listing": listing.run, "stalls": stalls.run}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", choices=_ALL, help="which; all of them where none is given")
    name = parser.parse_args().name
    if name is not None:
        _ALL[name]()
        return
    for each in _ALL:  # a window that another one left behind would be measured too
        subprocess.run([sys.executable, "-m", "tests.benchmarks", each], check=True)


if __name__ == "__main__":
    main()
