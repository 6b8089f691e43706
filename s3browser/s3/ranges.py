"""A long listing in several ranges at a time, where what it costs is waiting for the server.

S3 says only with a page where the next one begins, but can begin after any name, made up or not. So a range that looks
long is cut where its own names suggest it (``dividing``), and each half goes on by itself; whoever reads gets the pages
in the order of keys. A cut into nothing costs one request.
"""

import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from operator import lt
from time import monotonic, thread_time

from s3browser.exceptions import Cancelled, S3IntegrationError
from s3browser.model.entries import ListingColumns
from s3browser.model.store import Cancel
from s3browser.s3.dividing import TOP, Alphabets, Stretch, dividing_name
from s3browser.s3.listing import Listing, pages
from s3browser.s3.pages import Page

MAX_WORKERS = 16
# A server that makes a reader wait so much longer than reading takes is far away.
_MIN_WAIT_S = 0.015
_MIN_WAIT_RATIO = 4
# Fewer on a page are not worth a second thread.
_MIN_NAMES = 100
# Pages that wait for their turn; about 200 KB each.
_MAX_AHEAD = 512
_LOOK_S = 0.25
# Of a page's names, so many are looked at for their characters.
_SAMPLE = 16


def all_columns(listing: Listing) -> Iterator[ListingColumns]:
    """Every page of a listing, in the order of keys, at least one; by several threads where that pays.

    Raises:
        Cancelled: within a second after the listing's ``cancel`` was set.
        S3IntegrationError: after all pages before it.
    """
    stop = _Stop(listing.cancel)
    listing.cancel = stop
    chain = pages(listing)
    page = next(chain)
    yield page.columns
    if not page.is_truncated:
        return
    began, worked = monotonic(), thread_time()
    second = next(chain)
    worked = thread_time() - worked
    waited = monotonic() - began - worked
    yield second.columns
    is_far = waited >= max(_MIN_WAIT_S, _MIN_WAIT_RATIO * worked)
    is_long = second.is_truncated and min(len(page.names), len(second.names)) >= _MIN_NAMES
    if is_long and is_far and listing.is_ordered and _begins_anywhere(listing, page, second):
        yield from Ranges(listing, stop, chain, page, second).run()
    else:
        for page in chain:
            yield page.columns


def _begins_anywhere(listing: Listing, *known: Page) -> bool:
    """Whether the server keeps the order of keys, and goes on after a name that it does not have."""
    names = [name for page in known for name in page.names]
    if not _is_ascending(names):
        return False
    between = ((name, following) for name, following in pairwise(names) if not following.startswith(name))
    name, following = next(between, ("", ""))
    try:
        page = listing.ask(listing.version, {**listing.beginning(name + TOP), "max-keys": "1"})
    except S3IntegrationError:
        return False
    return page.names[:1] == [following]


class _Range:
    """The names after ``after`` (exclusive) up to ``upto`` (inclusive; None: to the end)."""

    __slots__ = ("after", "at", "error", "firsts", "is_done", "pages", "upto")

    def __init__(self, after: str, upto: str | None) -> None:
        self.after = after
        self.upto = upto
        self.at = after
        # of its last two pages
        self.firsts = deque[str](maxlen=2)
        self.pages = deque[ListingColumns]()
        self.is_done = False
        self.error: Exception | None = None


class Ranges:
    """The rest of a listing, read by several threads. One use.

    Args:
        listing: asks for the pages.
        stop: its cancel.
        chain: the pages that follow the known ones.
        known: the first two pages.
    """

    def __init__(self, listing: Listing, stop: "_Stop", chain: Iterator[Page], *known: Page) -> None:
        self._listing = listing
        self._stop = stop
        self._chain = chain
        self._changed = threading.Condition()
        self._alphabets = Alphabets()
        self._front = _Range("", None)
        # In the order of keys; those that have been read to their end are taken out.
        self._ranges = [self._front]
        self._running = 0
        self._page_count = 0
        self._ahead = 0
        # The last name of those that were handed over, where the server has to go on if it can't be cut.
        self._handed_over = known[-1].last
        self._may_cut = True
        for page in known:
            self._learn(self._front, page)

    def run(self) -> Iterator[ListingColumns]:
        """The pages, in the order of keys; leaving it early ends the threads soon."""
        try:
            with self._changed:
                self._start(self._front, self._chain)
                self._hire()
            while (columns := self._next()) is not None:
                yield columns
        finally:
            self._stop.set()
            with self._changed:
                self._changed.notify_all()

    def _next(self) -> ListingColumns | None:
        with self._changed:
            while self._ranges:
                if self._stop.is_set():
                    raise Cancelled
                front = self._ranges[0]
                if front.pages:
                    self._ahead -= 1
                    columns = front.pages.popleft()
                    self._handed_over = max(columns.keys[-1:] + columns.folders[-1:])
                    self._changed.notify_all()
                    return columns
                if front.error is not None:
                    raise front.error
                if front.is_done:
                    del self._ranges[0]
                    self._changed.notify_all()
                else:
                    self._changed.wait(_LOOK_S)
        return None

    # ------------------------------------------------------------------ the threads; what follows holds the lock

    def _start(self, of: _Range, chain: Iterator[Page]) -> None:
        self._running += 1
        threading.Thread(target=self._read, args=(of, chain), name="listing-range", daemon=True).start()

    def _hire(self) -> None:
        """Cut what can be cut, as long as the server may have more requests: with every page two more."""
        while self._running < min(MAX_WORKERS, self._listing.most_requests, 2 * self._page_count):
            new = self._cut()
            if new is None:
                return
            self._start(new, pages(self._listing, new.after))

    def _cut(self) -> _Range | None:
        """Take the second half of the first range that looks long: near the reader, so that little has to wait."""
        if not self._may_cut:
            return None
        for index, here in enumerate(self._ranges):
            if here.is_done or not here.firsts:
                continue
            stretch = Stretch(here.after, here.firsts[0], here.at, here.upto, len(here.firsts))
            name = dividing_name(stretch, self._alphabets)
            if name is not None:
                new = _Range(name, here.upto)
                here.upto = name
                self._ranges.insert(index + 1, new)
                return new
        return None

    def _learn(self, here: _Range, page: Page) -> None:
        names = page.names
        here.at = names[-1]
        here.firsts.append(names[0])
        self._page_count += 1
        self._alphabets.learn([*names[:: len(names) // _SAMPLE + 1], names[-1]])

    # ------------------------------------------------------------------ a thread

    def _read(self, here: _Range, chain: Iterator[Page]) -> None:
        """Read a range to its end; a new thread takes the next one."""
        error: Exception | None = None
        try:
            for page in chain:
                if not self._add(here, page):
                    break
        except Exception as caught:
            error = caught
        with self._changed:
            here.error = error
            here.is_done = True
            self._running -= 1
            self._hire()
            self._changed.notify_all()

    def _add(self, here: _Range, page: Page) -> bool:
        """Take a page; whether the range goes on after it."""
        with self._changed:
            if self._stop.is_set() or here not in self._ranges:
                return False
            names = page.names
            if not names:
                return True
            is_over = False
            if self._may_cut:
                if not _is_ascending([here.at, *page.columns.keys]) or not _is_ascending(page.columns.folders):
                    self._give_up()
                    return here in self._ranges
                is_over = here.upto is not None and names[-1] > here.upto
                page = replace(page, columns=_within(page.columns, here))
            if page.names:
                self._learn(here, page)
                here.pages.append(page.columns)
                self._ahead += 1
                self._hire()
                self._changed.notify_all()
            while self._ahead > _MAX_AHEAD and self._ranges[:1] != [here] and not self._stop.is_set():
                self._changed.wait(_LOOK_S)
            return not is_over

    def _give_up(self) -> None:
        """Go on without ranges: the server does not begin where it is told to, or has an order of its own."""
        self._may_cut = False
        rest = _Range(self._handed_over, None)
        self._ranges[:] = [rest]
        self._ahead = 0
        self._start(rest, pages(self._listing, rest.after))
        self._changed.notify_all()


class _Stop:
    """A ``Cancel`` that can be set from within, too."""

    def __init__(self, outer: Cancel | None) -> None:
        self._outer = outer
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set() or (self._outer is not None and self._outer.is_set())

    def wait(self, timeout: float | None = None) -> bool:
        deadline = monotonic() + (timeout or 0)
        while not self.is_set() and (left_s := deadline - monotonic()) > 0:
            self._event.wait(min(left_s, _LOOK_S))
        return self.is_set()


def _within(columns: ListingColumns, here: _Range) -> ListingColumns:
    """What of a page belongs to a range; a folder that holds the name it was cut at belongs to the one before."""
    after, upto = here.after, here.upto
    folders = [name for name in columns.folders if after < name and (upto is None or name <= upto)]
    if len(folders) != len(columns.folders):
        columns = replace(columns, folders=folders)
    if upto is None or columns.keys[-1:] <= [upto]:
        return columns
    return columns.cut(0, bisect_right(columns.keys, upto))


def _is_ascending(names: Sequence[str]) -> bool:
    return all(map(lt, names, islice(names, 1, None)))
