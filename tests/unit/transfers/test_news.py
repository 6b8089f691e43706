import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from s3browser.exceptions import S3ConnectionError
from s3browser.model.entries import S3FileInfo
from s3browser.model.transfers import BatchSnapshot, Hold, StoredObject, TransferNews
from s3browser.transfers.news import News
from tests.unit.transfers.office import NOW

BATCH = BatchSnapshot(1, "office", None, 1, 1, 0, 0, 3, 3)
STORED = StoredObject("office", "b", S3FileInfo("k", 3, NOW, "etag"))
HOLD = Hold("office", S3ConnectionError("upload"), 1)


@pytest.fixture
def posted() -> list[Callable[[], None]]:
    return []


@pytest.fixture
def news(posted: list[Callable[[], None]]) -> News:
    return News(posted.append)


@pytest.fixture
def heard(news: News) -> list[TransferNews]:
    heard: list[TransferNews] = []
    news.add_listener(heard.append)
    return heard


def test_no_news(news: News, posted: list[Callable[[], None]]) -> None:
    news.tell(())
    assert posted == []


def test_all_that_happened_is_told_at_once(
    news: News, posted: list[Callable[[], None]], heard: list[TransferNews]
) -> None:
    news.added(1)
    news.changed()
    news.tell(())
    news.stored(STORED)
    news.finished(BATCH)
    news.tell((HOLD,))
    (tell,) = posted
    tell()
    assert heard == [TransferNews((1,), True, (STORED,), (BATCH,), (HOLD,))]
    news.tell((HOLD,))
    assert len(posted) == 1, "nothing has happened since"


def test_a_hold_that_ends_is_news(news: News, posted: list[Callable[[], None]], heard: list[TransferNews]) -> None:
    news.tell((HOLD,))
    posted[0]()
    news.tell(())
    posted[1]()
    assert [(each.changed, each.holds) for each in heard] == [(True, (HOLD,)), (True, ())]


def test_the_last_word_on_a_batch_counts(
    news: News, posted: list[Callable[[], None]], heard: list[TransferNews]
) -> None:
    news.finished(BATCH)
    news.finished(replace(BATCH, failed=1))
    news.unfinished(99)
    news.tell(())
    posted[0]()
    assert heard[0].finished == (replace(BATCH, failed=1),)
    news.finished(BATCH)
    news.unfinished(1)
    news.tell(())
    assert len(posted) == 1


def test_no_change_is_lost_between_two_threads() -> None:
    """Somebody changes and tells all the time while the window reads: the last change is always told."""
    posted: list[Callable[[], None]] = []
    news = News(posted.append)
    heard: list[TransferNews] = []
    news.add_listener(heard.append)
    is_over = threading.Event()

    def work() -> None:
        for number in range(2_000):
            news.added(number)
            news.changed()
            news.tell(())
        is_over.set()

    worker = threading.Thread(target=work)
    worker.start()
    while not is_over.is_set() or posted:
        if posted:
            posted.pop(0)()
    worker.join()
    assert [number for each in heard for number in each.added] == list(range(2_000))
    assert all(each.changed for each in heard)
