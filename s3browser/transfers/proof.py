"""Whether what was reported as arrived is there: the server's listing, or the disk, against the journal. Blocking."""

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from s3browser.exceptions import S3FileNotFoundError, S3IntegrationError, S3IntegrityError
from s3browser.model.entries import ObjectDetails, S3FileInfo
from s3browser.model.locations import DELIMITER, S3Location
from s3browser.model.store import Cancel, ObjectStore
from s3browser.model.transfers import Proof
from s3browser.transfers.journalrows import TransferRecord

ASK_ONE_BY_ONE = 100  # files; more of them are cheaper to find in a listing
_PAGE = 1_000

Arrived = Callable[[S3Location, int], Sequence[TransferRecord]]
"""Files that arrived, in the order in which S3 lists them: those after a location, at most so many."""


def prove(
    store: ObjectStore | None,
    span: tuple[int, S3Location, S3Location],
    arrived: Arrived,
    missing: Callable[[TransferRecord], object],
    cancel: Cancel,
) -> Proof:
    """Look for every file that arrived; ``missing`` hears of each that is not there, or not as it was sent.

    Args:
        store: where uploads went; None for downloads, which are looked for on the disk.
        span: how many files arrived, the first and the last of them.
        arrived: the files.
        missing: called on this thread.
        cancel: ends it.

    Raises:
        Cancelled: ``cancel`` was set.
    """
    looked_for = found = 0
    try:
        for record, is_there in _looked_up(store, span, _all(arrived), cancel):
            looked_for += 1
            found += is_there
            if not is_there:
                missing(record)
    except S3IntegrationError as error:
        return Proof(span[0], found, error.reason)
    return Proof(looked_for, found)


def not_arrived(record: TransferRecord) -> S3IntegrityError:
    """Why a transfer that had been reported as done has failed after all."""
    operation = record.item.direction.value
    return S3IntegrityError(
        operation, str(record.item.location), "NotArrived",
        reason="It was sent, but it is not where it should be, or not whole.", hint="Send it again.",
    )  # fmt: skip


def _looked_up(
    store: ObjectStore | None,
    span: tuple[int, S3Location, S3Location],
    records: Iterator[TransferRecord],
    cancel: Cancel,
) -> Iterator[tuple[TransferRecord, bool]]:
    count, first, last = span
    if store is None:
        return ((record, _is_on_disk(record)) for record in records)
    if count <= ASK_ONE_BY_ONE:
        return ((record, _is_stored(store, record, cancel)) for record in records)
    listing = store.list_files(first.bucket, _common_folder(first.key, last.key), cancel=cancel)
    # Some servers list in another order, or late: what the listing lacks is asked for before it is called missing.
    return ((record, there or _is_stored(store, record, cancel)) for record, there in _merged(records, listing))


def _all(arrived: Arrived) -> Iterator[TransferRecord]:
    after = S3Location()
    while page := arrived(after, _PAGE):
        yield from page
        after = page[-1].item.location


def _is_on_disk(record: TransferRecord) -> bool:
    try:
        return record.item.local_path.stat().st_size == record.item.size
    except OSError:
        return False


def _is_stored(store: ObjectStore, record: TransferRecord, cancel: Cancel) -> bool:
    location = record.item.location
    try:
        return _is_same(record, store.head(location.bucket, location.key, operation="verify", cancel=cancel))
    except S3FileNotFoundError:
        return False


def _merged(records: Iterator[TransferRecord], listing: Iterator[S3FileInfo]) -> Iterator[tuple[TransferRecord, bool]]:
    """Records and listing side by side: both are in the order of the keys' bytes."""
    listed = next(listing, None)
    for record in records:
        wanted = record.item.location.key.encode()
        while listed is not None and listed.key.encode() < wanted:
            listed = next(listing, None)
        yield record, listed is not None and listed.key.encode() == wanted and _is_same(record, listed)


def _common_folder(first: str, last: str) -> str:
    """The folder that all keys between these two lie in."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return first[: first.rfind(DELIMITER, 0, same) + 1]


def _is_same(record: TransferRecord, there: ObjectDetails | S3FileInfo) -> bool:
    """Of the right size, and with the right ETag where both are of one kind: some servers make it anew when asked."""
    if there.size != record.item.size:
        return False
    ours, theirs = record.item.etag, there.etag
    return not ours or not theirs or ("-" in ours) != ("-" in theirs) or ours == theirs
