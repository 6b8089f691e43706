from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from s3browser.model.connections import ConnectionProfile
from s3browser.model.entries import BucketEntry
from s3browser.model.listing import bucket_row, folder_row
from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.ui.browser.places_model import PlacesModel, PlacesRole

ROOT = Place("p1", S3Location())
BUCKET = Place("p1", S3Location("photos"))


class Recorded(PlacesModel):
    """Keeps what it asked for."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.asked: list[Place] = []
        self.children_requested.connect(self.asked.append)


@pytest.fixture
def model(qapp: QApplication) -> Iterator[Recorded]:
    owner = QObject()
    model = Recorded(owner)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, owner)
    model.set_profiles([ConnectionProfile("p1", "Acme"), ConnectionProfile("p2", "Home")])
    yield model
    owner.deleteLater()


def labels(model: Recorded, place: Place | None = None) -> list[str]:
    parent = model.index_of(place) if place else model.index(-1, 0)
    return [model.index(line, 0, parent).data() for line in range(model.rowCount(parent))]


def open_place(model: Recorded, place: Place) -> None:
    """Open as a view does; the model tester may have done it already."""
    model.fetchMore(model.index_of(place))


def test_opening_asks_once_and_says_that_it_loads(model: Recorded, qtbot: QtBot) -> None:
    assert model.hasChildren(model.index_of(ROOT))
    open_place(model, ROOT)
    open_place(model, ROOT)
    assert model.asked.count(ROOT) == 1
    qtbot.waitUntil(lambda: labels(model, ROOT) == ["Loading…"])


def test_children_take_the_place_of_the_note(model: Recorded) -> None:
    open_place(model, ROOT)
    model.append(ROOT, [bucket_row(BucketEntry("photos")), bucket_row(BucketEntry("scans"))])
    model.finish(ROOT)
    assert labels(model, ROOT) == ["photos", "scans"]
    assert model.index_of(BUCKET).data(PlacesRole.PLACE) == BUCKET


def test_an_empty_place_has_no_arrow_any_more(model: Recorded) -> None:
    open_place(model, ROOT)
    model.finish(ROOT)
    assert not model.hasChildren(model.index_of(ROOT))


def test_a_failure_stands_below_its_place_and_can_be_retried(model: Recorded) -> None:
    open_place(model, ROOT)
    model.fail(ROOT, "The server is busy.")
    note = model.index(0, 0, model.index_of(ROOT))
    assert note.data() == "The server is busy. Click to try again."
    assert note.data(PlacesRole.RETRY) == ROOT
    assert not note.flags() & Qt.ItemFlag.ItemIsSelectable
    model.forget(ROOT)
    open_place(model, ROOT)
    assert model.asked.count(ROOT) == 2


def test_new_folders_are_put_in_natural_order_where_the_place_is_known(model: Recorded) -> None:
    open_place(model, ROOT)
    model.append(ROOT, [bucket_row(BucketEntry("photos"))])
    model.finish(ROOT)
    open_place(model, BUCKET)
    model.append(BUCKET, [folder_row("photos", "a2/"), folder_row("photos", "a10/")])
    model.finish(BUCKET)
    model.put(BUCKET, [folder_row("photos", "a3/"), folder_row("photos", "a2/")])
    assert labels(model, BUCKET) == ["a2", "a3", "a10"]


def test_removing_a_place_removes_what_is_below_it(model: Recorded) -> None:
    open_place(model, ROOT)
    model.append(ROOT, [bucket_row(BucketEntry("photos"))])
    model.finish(ROOT)
    open_place(model, BUCKET)
    model.append(BUCKET, [folder_row("photos", "a/")])
    model.remove([BUCKET])
    assert labels(model, ROOT) == []
    assert not model.index_of(Place("p1", S3Location("photos", "a/"))).isValid()


def test_profiles_are_added_renamed_and_removed_without_closing_the_others(model: Recorded) -> None:
    open_place(model, ROOT)
    model.append(ROOT, [bucket_row(BucketEntry("photos"))])
    model.finish(ROOT)
    model.set_profiles([ConnectionProfile("p3", "New"), ConnectionProfile("p1", "Acme Marketing")])
    assert labels(model) == ["New", "Acme Marketing"]
    assert labels(model, ROOT) == ["photos"]


def test_late_answers_for_a_place_that_is_gone_are_ignored(model: Recorded) -> None:
    open_place(model, ROOT)
    model.set_profiles([])
    model.append(ROOT, [bucket_row(BucketEntry("photos"))])
    model.finish(ROOT)
    model.fail(ROOT, "x")
    assert labels(model) == []


def test_a_place_with_too_much_says_so_and_can_be_asked_for_whole(model: Recorded) -> None:
    open_place(model, ROOT)
    model.append(ROOT, [bucket_row(BucketEntry("photos"))])
    model.cut(ROOT)
    note = model.index(1, 0, model.index_of(ROOT))
    assert note.data() == "Show all…"
    assert note.data(PlacesRole.MORE) == ROOT
