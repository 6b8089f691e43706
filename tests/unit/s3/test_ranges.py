"""Long listings in ranges: the same names as page by page, whatever the bucket holds and the server does."""

import random
import threading
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import cast
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3browser.exceptions import Cancelled, S3BusyError, S3IntegrationError
from s3browser.model.entries import ListingColumns
from s3browser.s3 import ranges
from s3browser.s3.listing import Listing, pages
from s3browser.s3.pages import Page
from s3browser.s3.ranges import all_columns

PAGE = 100


class FakeListing(Listing):
    """A bucket in memory, behind the parameters of S3's call."""

    def __init__(self, keys: list[str], delimiter: str = "") -> None:
        self.keys = sorted(keys)
        self.delimiter = delimiter
        self.cancel = None
        self.version = 2
        self.asked: list[Mapping[str, str]] = []
        self.threads = set[str]()
        self.lock = threading.Lock()
        self.on_ask: Callable[[Mapping[str, str]], object] = lambda where: None
        self.begin: Callable[[str], str] = lambda after: after

    is_ordered = True
    most_requests = 32

    def ask(self, version: int, where: Mapping[str, str]) -> Page:
        with self.lock:
            self.asked.append(where)
            self.threads.add(threading.current_thread().name)
        self.on_ask(where)
        given_name = where.get("start-after" if version == 2 else "marker")
        after = self.begin(given_name) if given_name is not None else ""
        keys, folders, last = list[str](), list[str](), ""
        index = int(where.get("continuation-token", bisect_right(self.keys, after)))
        most = int(where.get("max-keys", PAGE))
        while index < len(self.keys) and len(keys) + len(folders) < most:
            name = self.keys[index]
            start, mark, _ = name.partition(self.delimiter) if self.delimiter else (name, "", "")
            if mark:
                last = start + mark
                folders.append(last)
                while index < len(self.keys) and self.keys[index].startswith(last):
                    index += 1
            else:
                last = name
                keys.append(name)
                index += 1
        numbers = array("q", bytes(8 * len(keys)))
        is_truncated = index < len(self.keys)
        columns = ListingColumns(keys, numbers, numbers, keys, keys, folders)
        return Page(columns, is_truncated, str(index) if is_truncated and version == 2 else "")

    def stuck(self) -> S3IntegrationError:
        return S3IntegrationError("list")


@pytest.fixture(autouse=True)
def _far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every server is far away."""
    monkeypatch.setattr(ranges, "_MIN_WAIT_S", -1.0)
    monkeypatch.setattr(ranges, "_MIN_WAIT_RATIO", -1e9)


def names(listing: Listing) -> list[str]:
    """All names; pages come in the order of keys."""
    found = list[str]()
    for columns in all_columns(listing):
        assert columns.keys == columns.etags, "the columns belong together"
        page = sorted(columns.keys + columns.folders)
        assert not found or not page or page[0] > found[-1]
        found += page
    return found


chance = random.Random(5)
FLAT = [f"photo-{number:06}.jpg" for number in range(6000)]
SHAPES = {
    "flat": FLAT,
    "tree": [f"dept-{n // 2000:02}/project-{n // 100 % 20:02}/file-{n % 100:03}" for n in range(6000)],
    "random": [str(UUID(int=chance.getrandbits(128))) for _ in range(6000)],
    "gap": [f"a-{n:03}" for n in range(300)] + [f"zzz/deep/{chance.random():.12f}" for _ in range(4000)],
    "kanji": list({"".join(chr(chance.randrange(0x4E00, 0x9000)) for _ in range(3)) for _ in range(6000)}),
    "emoji": [chr(0x1F600 + n % 80) + str(n) for n in range(4000)],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_name_comes_once(shape: str) -> None:
    listing = FakeListing(SHAPES[shape])
    assert names(listing) == listing.keys
    assert len(listing.asked) < 3 * len(listing.keys) / PAGE
    assert "listing-range" in listing.threads


@given(
    st.lists(st.text(st.sampled_from("ab/01é一\ud7ff\ue000😀\U0010ffff"), min_size=1, max_size=6), unique=True),
    st.sampled_from(["", "/"]),
)
@settings(max_examples=60, deadline=None)
def test_any_names(keys: list[str], delimiter: str) -> None:
    patch = pytest.MonkeyPatch()
    try:
        patch.setattr(ranges, "_MIN_NAMES", 1)
        patch.setattr(f"{__name__}.PAGE", 3)
        found = names(FakeListing(keys, delimiter))
    finally:
        patch.undo()
    assert found == sorted({key.partition("/")[0] + "/" if delimiter and "/" in key else key for key in keys})


def test_folders_come_once() -> None:
    keys = [f"{n:05}{'/' if n % 3 else ''}{m}" for n in range(3000) for m in range(2)]
    listing = FakeListing(keys, "/")
    assert names(listing) == sorted({key.partition("/")[0] + "/" if "/" in key else key for key in keys})
    assert "listing-range" in listing.threads


def test_version_1() -> None:
    listing = FakeListing(FLAT)
    listing.version = 1
    assert names(listing) == FLAT
    assert any("marker" in where for where in listing.asked)


def page_by_page(listing: FakeListing) -> bool:
    assert names(listing) == listing.keys
    return listing.threads == {threading.current_thread().name}


def test_what_is_near_or_short_or_without_order_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page_by_page(FakeListing([]))
    assert page_by_page(FakeListing(FLAT[:150]))
    assert page_by_page(FakeListing(FLAT[: 2 * PAGE]))
    monkeypatch.setattr(FakeListing, "is_ordered", False)
    assert page_by_page(FakeListing(FLAT))
    monkeypatch.setattr(FakeListing, "is_ordered", True)
    monkeypatch.setattr(ranges, "_MIN_NAMES", 2 * PAGE)
    assert page_by_page(FakeListing(FLAT))
    monkeypatch.setattr(ranges, "_MIN_NAMES", 1)
    monkeypatch.setattr(ranges, "_MIN_WAIT_S", 1e9)
    assert page_by_page(FakeListing(FLAT))


def refuse(_: str) -> str:
    raise S3BusyError("list")


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(lambda after: "", id="it begins at the first"),
        pytest.param(lambda after: "\U0010ffff", id="it finds nothing after a name that is not there"),
        pytest.param(refuse, id="it refuses"),
    ],
)
def test_a_server_that_does_not_begin_where_it_is_told_to(begin: Callable[[str], str]) -> None:
    listing = FakeListing(FLAT)
    listing.begin = begin
    assert page_by_page(listing)


def test_a_server_with_an_order_of_its_own() -> None:
    class Upside(FakeListing):
        def ask(self, version: int, where: Mapping[str, str]) -> Page:
            page = super().ask(version, where)
            page.columns.keys.reverse()
            return page

    listing = Upside(FLAT)
    assert sorted(key for columns in all_columns(listing) for key in columns.keys) == FLAT
    assert listing.threads == {threading.current_thread().name}


def test_a_server_that_loses_its_way_is_read_page_by_page_from_there() -> None:
    listing = FakeListing(FLAT)
    begun = iter(range(100))
    # The question whether it does, and the first ranges, go well.
    listing.begin = lambda after: "" if after not in FLAT and next(begun) > 3 else after
    assert names(listing) == FLAT


def test_an_error_comes_after_the_pages_before_it() -> None:
    listing = FakeListing(FLAT)

    def fail(where: Mapping[str, str]) -> None:
        if where.get("start-after", "") > "photo-004" or int(where.get("continuation-token", 0)) > 4000:
            raise S3BusyError("list")

    listing.on_ask = fail
    found = list[str]()

    def read() -> None:
        for columns in all_columns(listing):
            found.extend(columns.keys)

    with pytest.raises(S3BusyError):
        read()
    assert found == FLAT[: len(found)]
    assert found[-1] > "photo-001"


def test_a_cancel_is_seen_soon() -> None:
    listing = FakeListing(FLAT)
    cancel = threading.Event()
    listing.cancel = cancel
    hold = threading.Event()
    listing.on_ask = lambda where: hold.wait(20) if threading.current_thread().name == "listing-range" else None
    columns = all_columns(listing)
    assert [len(next(columns).keys) for _ in range(2)] == [PAGE, PAGE]
    threading.Timer(0.05, cancel.set).start()
    with pytest.raises(Cancelled):
        next(columns)
    hold.set()


def test_who_leaves_early_ends_the_threads() -> None:
    listing = FakeListing(FLAT)
    columns = all_columns(listing)
    for _ in range(3):
        next(columns)
    cast("Iterator[object]", columns).close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name == "listing-range":
            thread.join(5)
            assert not thread.is_alive()
    assert listing.cancel is not None
    assert listing.cancel.is_set()
    assert listing.cancel.wait(0)


def test_waiting_ends_with_the_time_or_the_cancel() -> None:
    outer = threading.Event()
    stop = ranges._Stop(outer)
    assert not stop.wait()
    assert not stop.wait(0.001)
    outer.set()
    assert stop.wait(30)


def test_pages_wait_for_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "_MAX_AHEAD", 4)
    monkeypatch.setattr(ranges, "_LOOK_S", 0.001)
    listing = FakeListing(FLAT)
    columns = all_columns(listing)
    found = next(columns).keys + next(columns).keys + next(columns).keys
    for rest in columns:
        found += rest.keys
    assert found == FLAT


# ---------------------------------------------------------------------- page by page


class Told(FakeListing):
    """Answers what it is told."""

    def __init__(self, *answers: Page) -> None:
        super().__init__([])
        self.answers = list(answers)

    def ask(self, version: int, where: Mapping[str, str]) -> Page:
        self.asked.append(where)
        return self.answers.pop(0)


def page(*keys: str, folders: tuple[str, ...] = (), token: str = "", more: bool = True) -> Page:
    numbers = array("q", bytes(8 * len(keys)))
    names = list(keys)
    return Page(ListingColumns(names, numbers, numbers, names, names, list(folders)), more, token)


def test_a_page_that_begins_where_the_last_one_ended() -> None:
    listing = Told(
        page("a", "b", token="1"), page("b", "c", folders=("d/",), token="2"), page(folders=("d/", "e/"), more=False)
    )
    assert [(each.columns.keys, each.columns.folders) for each in pages(listing)] == [
        (["a", "b"], []), (["c"], ["d/"]), ([], ["e/"])
    ]  # fmt: skip


def test_odd_tokens() -> None:
    listing = Told(page("a", token="+ /ü"), page("b", token="0"), page("c", more=False))
    assert [each.columns.keys for each in pages(listing)] == [["a"], ["b"], ["c"]]
    assert [where.get("continuation-token") for where in listing.asked] == [None, "+ /ü", "0"]


def test_empty_pages_are_gone_through_but_not_for_ever() -> None:
    listing = Told(*(page(token=str(number)) for number in range(50)), page("a", more=False))
    assert [each.columns.keys for each in pages(listing)][-1] == ["a"]
    listing = Told(*(page(token=str(number)) for number in range(5000)))
    with pytest.raises(S3IntegrationError):
        list(pages(listing))
    assert len(listing.asked) == 1001


def test_new_tokens_for_old_pages() -> None:
    answers = [page("a", token="1"), page("b", token="2"), page("a", token="3"), page("b", token="4")]
    found = list[str]()

    def read() -> None:
        for each in pages(Told(*answers)):
            found.extend(each.columns.keys)

    with pytest.raises(S3IntegrationError):
        read()
    assert found == ["a", "b"]


def test_folders_that_come_with_every_page() -> None:
    """As moto sends them."""
    folders = ("x/", "y/")
    listing = Told(page("a", folders=folders, token="1"), page("b", folders=folders, more=False))
    assert [(each.columns.keys, each.columns.folders) for each in pages(listing)] == [
        (["a"], ["x/", "y/"]), (["b"], [])
    ]  # fmt: skip


def test_the_same_folder_on_several_pages() -> None:
    listing = Told(page(folders=("a/",), token="1"), page(folders=("a/",), token="2"), page("b", more=False))
    assert [each.columns.folders for each in pages(listing)] == [["a/"], [], []]
