import sys
from collections.abc import Iterable, Iterator
from functools import partial
from time import monotonic

from PySide6.QtCore import QObject, Signal

from s3browser.exceptions import S3AccessDeniedError, S3IntegrationError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.columns import Columns, page_columns, row_columns
from s3browser.model.contents import Contents
from s3browser.model.entries import BucketEntry
from s3browser.model.listing import Row, bucket_row, folder_row
from s3browser.model.locations import S3Location, parse_location
from s3browser.model.places import History, Place
from s3browser.model.store import ObjectStore
from s3browser.ui.browser.places_model import PlacesModel
from s3browser.ui.sessions import Sessions
from s3browser.ui.tasks import Tasks

_TREE_PAGES = 10  # a tree is for finding one's way; a folder of a million files would keep the lane busy for minutes

_TELL_EVERY_S = 0.1  # the first page is told at once


class Navigator(QObject):
    """Goes from place to place and lists them off the window's thread; going on cancels what is under way.

    Attributes:
        lists_files_in_tree: whether the tree is given files too, not only folders.

    Signals:
        place_changed: the ``Place`` one is at now.
        listing_started: of this ``Place``; True where it is listed again, so that what is shown may stay.
        rows_listed: ``Columns``, the pages that have come since the last.
        listing_finished: of this ``Place``.
        listing_failed: the exception; the rows so far stay.
    """

    place_changed = Signal(object)
    listing_started = Signal(object, bool)
    rows_listed = Signal(object)
    listing_finished = Signal(object)
    listing_failed = Signal(object)

    def __init__(self, sessions: Sessions, places: PlacesModel, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._sessions = sessions
        self._places = places
        self._tasks = tasks
        self.history = History()
        self._token = CancelToken()
        self.lists_files_in_tree = False
        places.children_requested.connect(self._on_children_requested)

    @property
    def here(self) -> Place | None:
        """The place one is at, or None before the first."""
        return self.history.here

    def go(self, place: Place) -> None:
        """Go to a folder, a bucket or a connection; to the one already shown: list it again."""
        again = place == self.here
        self.history.visit(place)
        self._arrive(place, again=again)

    def go_back(self) -> None:
        """Go to the place before, if there is one."""
        if self.history.can_go_back:
            self._arrive(self.history.back(), again=False)

    def go_forward(self) -> None:
        """Undo going back, if there is something to undo."""
        if self.history.can_go_forward:
            self._arrive(self.history.forward(), again=False)

    def go_up(self) -> None:
        """Go one level up, from a bucket to the connection's list of buckets."""
        if self.here is not None and self.here.location.bucket:
            self.go(Place(self.here.profile_id, self.here.location.parent))

    def refresh(self) -> None:
        """List the place again."""
        if self.here is not None:
            self._arrive(self.here, again=True)

    def stop(self) -> None:
        """Stop the listing under way; what has come stays."""
        self._token.cancel()

    def leave(self, profile_id: str) -> None:
        """Forget the places of a connection that was removed."""
        if self.here is not None and self.here.profile_id == profile_id:
            self.stop()
        self.history.forget(profile_id)

    def _arrive(self, place: Place, *, again: bool) -> None:
        self._token.cancel()
        if not again:
            self.place_changed.emit(place)
        self.listing_started.emit(place, again)
        self._token = token = CancelToken()

        def work(token: CancelToken) -> None:
            for rows in _gathered(self._pages(place, token), place.location):
                self._tasks.post(token, partial(self.rows_listed.emit, rows))

        self._tasks.run("listing", work, lambda _: self.listing_finished.emit(place), self.listing_failed.emit, token)

    def list_all_in_tree(self, place: Place) -> None:
        """List below a place of the tree what was left out there because there is so much of it."""
        self._places.forget(place, is_being_listed=True)
        self._list_in_tree(place, sys.maxsize)

    def _on_children_requested(self, place: Place) -> None:
        self._list_in_tree(place, _TREE_PAGES)

    def _list_in_tree(self, place: Place, max_pages: int) -> None:
        def work(token: CancelToken) -> bool:
            for number, rows in enumerate(self._pages(place, token)):
                if number == max_pages:
                    return False
                wanted = rows.rows() if self.lists_files_in_tree else rows.folders()
                self._tasks.post(token, partial(self._places.append, place, wanted))
            return True

        def done(is_complete: bool) -> None:
            if is_complete:
                self._places.finish(place)
            else:
                self._places.cut(place)

        def failed(error: Exception) -> None:
            self._places.fail(place, error.reason if isinstance(error, S3IntegrationError) else "Something went wrong.")

        self._tasks.run("listing", work, done, failed)

    def _pages(self, place: Place, token: CancelToken) -> Iterator[Columns]:
        """What lies directly in a place, a page at a time. Blocking."""
        store = self._sessions.store(place.profile_id)
        bucket, prefix = place.location.bucket, place.location.key
        if not bucket:
            yield row_columns("", "", self._buckets(place.profile_id, store))
            return
        for page in store.list_columns(bucket, prefix, cancel=token):
            yield page_columns(bucket, prefix, page)

    def _buckets(self, profile_id: str, store: ObjectStore) -> list[Row]:
        """The buckets the keys may list and those added by hand. Blocking."""
        profile = self._sessions.profile(profile_id)
        by_hand = [parse_location(address) for address in profile.buckets] if profile else []
        try:
            listed = store.list_buckets()
        except S3AccessDeniedError:
            if not by_hand:
                raise
            listed = []
        rows = {S3Location(bucket.name): bucket_row(bucket) for bucket in listed}
        for place in by_hand:
            made = folder_row(place.bucket, place.key) if place.key else bucket_row(BucketEntry(place.bucket))
            rows.setdefault(place, made)
        return list(rows.values())


def _gathered(pages: Iterable[Columns], folder: S3Location) -> Iterator[Columns]:
    """The first page as soon as it is there, and then all that have come since, now and then, as one."""
    told_at = -_TELL_EVERY_S
    gathered = Contents(folder.bucket, folder.key)
    for page in pages:
        gathered.append(page)
        if monotonic() - told_at >= _TELL_EVERY_S:
            yield from gathered.columns.segments
            gathered, told_at = Contents(folder.bucket, folder.key), monotonic()
    if gathered.total:
        yield from gathered.columns.segments
