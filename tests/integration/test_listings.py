"""Listings on every server: both versions of the call, page by page and in ranges, as boto3 tells them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest

from s3browser import S3Service
from s3browser.s3 import ranges
from s3browser.s3.listing import Listing, pages
from tests.integration.conftest import ON_EVERY_SERVER
from tests.servers.listing import BUCKET, flat_names, listing_server
from tests.servers.server import Server

# No "+" in a folder's name: moto says that it encodes them, and does not, in version 1.
NAMES = [f"photo-{number:04}.jpg" for number in range(420)] + [
    f"{folder}{number:02} {name}"
    for folder in ("", "a/", "日本/", "zz/")
    for number in range(12)
    for name in ("Grüße & +%20", "e\u0301", "<b>", "語", "😀", "100%41")
]


@pytest.fixture
def store(server: Server) -> Iterator[S3Service]:
    store = S3Service(server.config())
    yield store
    store.close()


def listing(store: S3Service, bucket: str, version: int, delimiter: str = "", page: int = 50) -> Listing:
    """With short pages, so that there are many."""
    made = Listing(store._listing, store._caller, bucket, "", delimiter, None)
    made.version = version
    made._about["max-keys"] = str(page)
    return made


@ON_EVERY_SERVER
def test_all_ways_agree(server: Server, store: S3Service, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "_MIN_WAIT_S", 0.0)
    monkeypatch.setattr(ranges, "_MIN_WAIT_RATIO", 0.0)
    monkeypatch.setattr(ranges, "_MIN_NAMES", 1)
    store.create_bucket(bucket)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: store.put(bucket, name, BytesIO(b"text"), 4), NAMES))
    paginator = server.boto3_client().get_paginator("list_objects_v2")
    expected = [entry["Key"] for page in paginator.paginate(Bucket=bucket) for entry in page.get("Contents", ())]
    assert sorted(expected) == sorted(NAMES)
    files, folders = sorted(name for name in NAMES if "/" not in name), ["a/", "zz/", "日本/"]
    for version in (1, 2):
        keys = [key for page in pages(listing(store, bucket, version)) for key in page.columns.keys]
        assert sorted(keys) == sorted(NAMES)
        keys = [key for page in ranges.all_columns(listing(store, bucket, version)) for key in page.keys]
        assert sorted(keys) == sorted(NAMES)
        columns = list(ranges.all_columns(listing(store, bucket, version, "/")))
        assert sorted(key for page in columns for key in page.keys) == files
        assert sorted(folder for page in columns for folder in page.folders) == folders
    [told] = store.list_files(bucket, "photo-0007")
    head = store.head(bucket, "photo-0007.jpg")
    assert (told.size, told.etag, told.storage_class) == (4, head.etag, head.storage_class)
    assert abs((told.last_modified - head.last_modified).total_seconds()) < 2


def test_a_server_60_ms_away_is_asked_by_several_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with listing_server(tmp_path, 20_000, latency_ms=60) as server:
        store = S3Service(server.config())
        expected = sorted(flat_names(20_000))
        assert [info.key for info in store.list_files(BUCKET, "")] == expected
        for version in (1, 2):
            keys = [key for page in pages(listing(store, BUCKET, version, page=1000)) for key in page.columns.keys]
            assert keys == expected
        store.close()
