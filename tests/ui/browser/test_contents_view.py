from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from s3browser.jobs.cancel import CancelToken
from s3browser.model.columns import row_columns
from s3browser.model.entries import S3FileInfo
from s3browser.model.listing import Column, Row, file_row, folder_row
from s3browser.model.locations import S3Location
from s3browser.model.places import Place
from s3browser.ui.browser import contents_model, contents_view
from s3browser.ui.browser.contents_pane import ContentsPane
from s3browser.ui.browser.contents_view import ContentsView

AT = datetime(2026, 1, 1, tzinfo=UTC)
PLACE = Place("p1", S3Location("b", "f/"))


def file(name: str, size: int = 1) -> Row:
    return file_row("b", S3FileInfo(f"f/{name}", size, AT, "e"))


def many(count: int) -> list[Row]:
    """In the server's order, which is not the natural one."""
    return sorted((file(f"file{number}", number % 7) for number in range(count)), key=lambda row: row.location.key)


class Lane:
    """Work that waits until it is told to be done, as in a lane that is busy."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Callable[[CancelToken], Any], Callable[[Any], None], CancelToken]] = []

    def run(self, work: Callable[[CancelToken], Any], done: Callable[[Any], None]) -> CancelToken:
        token = CancelToken()
        self.jobs.append((work, done, token))
        return token

    def finish(self) -> None:
        """Do all there is to do, and what comes of it."""
        while self.jobs:
            work, done, token = self.jobs.pop(0)
            if not token.is_set():
                done(work(token))


@pytest.fixture
def pane(qtbot: QtBot, qapp: QApplication) -> Iterator[ContentsPane]:
    pane = ContentsPane(None)  # type: ignore[arg-type]
    qtbot.addWidget(pane)
    tester = QAbstractItemModelTester(pane.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    pane.resize(700, 400)
    pane.show()
    qtbot.waitExposed(pane)
    pane.on_listing_started(PLACE, False)
    yield pane
    tester.deleteLater()


@pytest.fixture
def lane(pane: ContentsPane, monkeypatch: pytest.MonkeyPatch) -> Lane:
    """Everything is sorted in the background."""
    monkeypatch.setattr(contents_model, "_AT_ONCE", 0)
    lane = Lane()
    pane.model.background = lane.run
    return lane


def add(pane: ContentsPane, rows: list[Row]) -> None:
    pane.on_rows_listed(row_columns("b", "f/", rows))


def listed(pane: ContentsPane, rows: list[Row], *, again: bool = True) -> None:
    pane.on_listing_started(PLACE, again)
    add(pane, rows)
    pane.on_listing_finished(PLACE)


def names(pane: ContentsPane) -> list[str]:
    return [row.name for row in pane.model.rows()]


def selected(pane: ContentsPane) -> list[str]:
    return [row.name for row in pane.view.selected_rows()]


def choose(view: ContentsView, first: int, last: int) -> None:
    model = view.model()
    view.setCurrentIndex(model.index(first, 0))
    selection = view.selectionModel()
    for line in range(first, last + 1):
        selection.select(
            model.index(line, 0), QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        )


class TestSelection:
    def test_it_stays_while_rows_arrive_and_are_put_in_order(self, pane: ContentsPane) -> None:
        rows = many(300)
        add(pane, rows[:100])
        choose(pane.view, 2, 5)
        chosen = selected(pane)
        assert chosen == ["file10", "file100", "file101", "file102"]
        add(pane, rows[100:])
        assert selected(pane) == chosen
        pane.on_listing_finished(PLACE)
        assert names(pane)[:3] == ["file0", "file1", "file2"]
        assert selected(pane) == chosen
        assert pane.view.current_location() == S3Location("b", "f/file10")

    def test_it_stays_through_sorting(self, pane: ContentsPane, qtbot: QtBot) -> None:
        listed(pane, many(50), again=False)
        choose(pane.view, 10, 20)
        with qtbot.assertNotEmitted(pane.view.selection_changed):
            pane.model.sort(Column.SIZE, Qt.SortOrder.DescendingOrder)
        assert selected(pane) == [f"file{number}" for number in (13, 20, 12, 19, 11, 18, 10, 17, 16, 15, 14)]

    def test_of_what_a_filter_hides_nothing_stays_selected(self, pane: ContentsPane, qtbot: QtBot) -> None:
        listed(pane, many(30), again=False)
        choose(pane.view, 8, 11)
        with qtbot.waitSignal(pane.view.selection_changed):
            pane.model.set_filter("1")
        assert selected(pane) == ["file10", "file11"]
        pane.model.set_filter("")
        assert selected(pane) == ["file10", "file11"]

    def test_it_stays_on_a_refresh_that_finds_other_rows(self, pane: ContentsPane) -> None:
        listed(pane, many(200), again=False)
        choose(pane.view, 100, 103)
        listed(pane, [file("a new one"), *(row for row in many(200) if row.name not in ("file7", "file101"))])
        assert selected(pane) == ["file100", "file102", "file103"]
        assert names(pane)[0] == "a new one"
        assert pane.view.current_location() == S3Location("b", "f/file100")

    def test_a_refresh_that_finds_nothing_new_changes_nothing(self, pane: ContentsPane, qtbot: QtBot) -> None:
        listed(pane, many(50), again=False)
        held = QPersistentModelIndex(pane.model.index(7, 0))
        with (
            qtbot.assertNotEmitted(pane.model.modelReset),
            qtbot.assertNotEmitted(pane.model.layoutChanged),
            qtbot.assertNotEmitted(pane.model.dataChanged),
        ):
            listed(pane, many(50))
        assert held.data() == "file7"

    def test_all_of_many_are_one_range(self, pane: ContentsPane) -> None:
        listed(pane, many(300), again=False)
        pane.view.selectAll()
        pane.model.sort(Column.SIZE, Qt.SortOrder.DescendingOrder)
        assert pane.view.selectionModel().selection().count() == 1
        assert len(selected(pane)) == 300

    def test_one_that_falls_to_very_many_pieces_is_dropped(
        self, pane: ContentsPane, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(contents_view, "_MOST_SPANS", 3)
        listed(pane, many(70), again=False)
        choose(pane.view, 0, 20)
        pane.model.sort(Column.SIZE, Qt.SortOrder.DescendingOrder)
        assert selected(pane) == []

    def test_one_of_the_selected_can_be_asked_for(self, pane: ContentsPane) -> None:
        listed(pane, many(10), again=False)
        choose(pane.view, 3, 3)
        assert pane.view.has_selected([file("file9").location, file("file3").location])
        assert not pane.view.has_selected([file("file9").location, file("none").location])


class TestTheView:
    def test_what_is_at_the_top_stays_there(self, pane: ContentsPane, qtbot: QtBot) -> None:
        rows = many(300)
        listed(pane, rows, again=False)
        qtbot.waitUntil(lambda: pane.view.verticalScrollBar().maximum() > 200)
        pane.view.verticalScrollBar().setValue(150)
        top = names(pane)[pane.view.rowAt(0)]
        pane.put([file("a"), file("b")])
        assert names(pane)[pane.view.rowAt(0)] == top
        listed(pane, [row for row in rows if row.name not in ("file1", "file2", "file3")])
        assert names(pane)[pane.view.rowAt(0)] == top

    def test_at_its_top_it_shows_what_comes_first(self, pane: ContentsPane) -> None:
        listed(pane, many(300), again=False)
        pane.put([file("a")])
        assert pane.view.rowAt(0) == 0

    def test_rows_that_arrive_below_what_is_seen_are_not_painted(self, pane: ContentsPane, qtbot: QtBot) -> None:
        rows = many(400)
        add(pane, rows[:100])
        qtbot.waitUntil(lambda: pane.view.verticalScrollBar().maximum() > 50)
        QApplication.processEvents()
        painted: list[object] = []
        paint = pane.view.paintEvent

        def paint_and_note(event: QPaintEvent) -> None:
            painted.append(event.rect())
            paint(event)

        pane.view.paintEvent = paint_and_note  # type: ignore[method-assign]
        seen = pane.view.verticalScrollBar().maximum()
        add(pane, rows[100:])
        qtbot.waitUntil(lambda: pane.view.verticalScrollBar().maximum() >= seen + 300)
        assert painted == []
        pane.on_listing_finished(PLACE)
        qtbot.waitUntil(lambda: len(painted) > 0)

    def test_typing_goes_to_the_next_name(self, pane: ContentsPane) -> None:
        listed(pane, [file("apple"), file("Banana"), folder_row("b", "f/berries/"), file("beta")], again=False)
        pane.view.setCurrentIndex(pane.model.index(0, 0))
        QTest.keyClicks(pane.view, "bet")
        assert pane.view.current_location() == file("beta").location
        assert pane.model.match(pane.model.index(0, 0), 0, "zz") == []


class TestInTheBackground:
    def test_rows_show_at_once_and_in_order_when_it_is_known(self, pane: ContentsPane, lane: Lane) -> None:
        rows = many(30)
        listed(pane, rows, again=False)
        assert names(pane) == [row.name for row in rows]
        assert pane.model.is_arranging
        lane.finish()
        assert names(pane) == [f"file{number}" for number in range(30)]
        assert not pane.model.is_arranging

    def test_a_newer_wish_ends_the_older(self, pane: ContentsPane, lane: Lane) -> None:
        listed(pane, many(30), again=False)
        lane.finish()
        pane.model.set_filter("1")
        pane.model.set_filter("12")
        assert [token.is_set() for _, _, token in lane.jobs] == [True, False]
        lane.finish()
        assert names(pane) == ["file12"]

    def test_who_types_while_all_is_sorted_sees_what_matches_first(self, pane: ContentsPane, lane: Lane) -> None:
        listed(pane, many(30), again=False)
        pane.model.set_filter("file1")
        work, done, token = lane.jobs[1]
        done(work(token))
        assert names(pane) == ["file1", *(f"file{number}" for number in range(10, 20))], "as the server sent them"
        del lane.jobs[:2]
        pane.model.sort(Column.SIZE, Qt.SortOrder.DescendingOrder)
        lane.finish()
        assert names(pane)[:3] == ["file13", "file12", "file19"]

    def test_rows_that_arrive_meanwhile_come_at_the_end(self, pane: ContentsPane, lane: Lane) -> None:
        add(pane, [file("b", 1), file("a", 2)])
        pane.model.sort(Column.SIZE, Qt.SortOrder.DescendingOrder)
        add(pane, [file("c", 3)])
        lane.finish()
        assert names(pane) == ["a", "b", "c"]
        pane.on_listing_finished(PLACE)
        lane.finish()
        assert names(pane) == ["c", "a", "b"]

    def test_a_few_new_rows_find_their_places(self, pane: ContentsPane, lane: Lane) -> None:
        listed(pane, many(12), again=False)
        lane.finish()
        pane.put([file("file3x"), file("file5", 99)])
        lane.finish()
        assert names(pane)[3:7] == ["file3", "file3x", "file4", "file5"]
        assert pane.model.index(6, Column.SIZE).data() == "99 bytes"

    def test_many_new_rows_are_sorted_in(self, pane: ContentsPane, lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(contents_model, "_FEW", 1)
        listed(pane, many(4), again=False)
        lane.finish()
        pane.put([file("file1x"), file("file2x")])
        assert names(pane)[4:] == ["file1x", "file2x"]
        lane.finish()
        assert names(pane) == ["file0", "file1", "file1x", "file2", "file2x", "file3"]

    def test_what_comes_and_goes_while_all_is_sorted_does_not_begin_it_anew(
        self, pane: ContentsPane, lane: Lane
    ) -> None:
        listed(pane, many(12), again=False)
        pane.put([file("file1x")])
        pane.remove([file("file3").location])
        assert len(lane.jobs) == 1
        lane.finish()
        assert names(pane) == [f"file{each}" for each in ("0", "1", "1x", "2", *range(4, 12))]

    def test_what_changes_while_two_listings_are_compared_is_shown(self, pane: ContentsPane, lane: Lane) -> None:
        listed(pane, many(5), again=False)
        lane.finish()
        pane.model.sort(Column.SIZE, Qt.SortOrder.DescendingOrder)
        listed(pane, [*many(5), file("new", 50)])
        pane.put([file("later", 60)])
        pane.remove([file("file0").location])
        lane.finish()
        assert names(pane) == ["later", "new", "file4", "file3", "file2", "file1"]

    def test_going_elsewhere_drops_what_is_under_way(self, pane: ContentsPane, lane: Lane) -> None:
        listed(pane, many(5), again=False)
        lane.finish()
        listed(pane, [file("a")])
        pane.model.set_filter("x")
        pane.on_listing_started(Place("p1", S3Location("b", "g/")), False)
        assert all(token.is_set() for _, _, token in lane.jobs)
        assert not pane.model.is_arranging
        assert names(pane) == []


def test_a_model_without_a_view_moves_indexes_with_their_rows(qapp: QApplication) -> None:
    owner = QObject()
    model = contents_model.ContentsModel(owner)
    model.begin(S3Location("b", "f/"))
    model.append(row_columns("b", "f/", many(5)))
    held = [QPersistentModelIndex(model.index(line, 1)) for line in range(5)]
    model.remove([file("file0").location])
    model.sort(Column.NAME, Qt.SortOrder.DescendingOrder)
    assert [index.row() if index.isValid() else None for index in held] == [None, 3, 2, 1, 0]
    owner.deleteLater()
