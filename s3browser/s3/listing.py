"""Listings, page by page, from servers of every age."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from s3browser.exceptions import S3IntegrationError, S3UnsupportedError
from s3browser.model.entries import S3FileInfo

Page = Mapping[str, Any]
FetchPage = Callable[[str, Mapping[str, str]], Page]


def pages(fetch: FetchPage, stuck: Callable[[], S3IntegrationError]) -> Iterator[Page]:
    """Every page of a listing, at least one.

    Version 2 of the call is tried first, version 1 where a server lacks it or answers as if it were version 1.

    Args:
        fetch: gets a page, given ``list_objects_v2`` or ``list_objects`` and the parameters that say where it begins.
        stuck: makes the error for a server that never comes to the end.
    """
    api, where = "list_objects_v2", dict[str, str]()
    seen = set[str]()
    while True:
        try:
            page = fetch(api, where)
        except S3UnsupportedError:
            if api == "list_objects" or seen:
                raise
            api = "list_objects"
            continue
        yield page
        if not page.get("IsTruncated"):
            return
        token = page.get("NextContinuationToken") if api == "list_objects_v2" else None
        if token is None:
            api = "list_objects"
            token = page.get("NextMarker") or _last_name(page)
        if not token or token in seen:
            raise stuck()
        seen.add(token)
        where = {"ContinuationToken" if api == "list_objects_v2" else "Marker": token}


def file_info(entry: Mapping[str, Any]) -> S3FileInfo:
    """One ``Contents`` element."""
    return S3FileInfo(
        entry["Key"],
        entry.get("Size", 0),
        entry["LastModified"],
        entry.get("ETag", "").strip('"'),
        entry.get("StorageClass") or "STANDARD",
    )


def _last_name(page: Page) -> str:
    keys = [entry["Key"] for entry in page.get("Contents", ())]
    prefixes = [entry["Prefix"] for entry in page.get("CommonPrefixes", ())]
    return max([*keys[-1:], *prefixes[-1:]], default="", key=str.encode)
