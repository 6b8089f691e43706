"""Finds an upload on the server that the journal does not know: it was lost, or another program began. Blocking."""

from itertools import islice

from s3browser.exceptions import S3IntegrationError
from s3browser.model.entries import UploadedPart
from s3browser.model.store import Cancel, ObjectStore
from s3browser.model.transfers import TransferItem
from s3browser.transfers.checksums import part_hasher
from s3browser.transfers.run import Partial

_LOOKED_AT = 20  # open uploads of one key
_READ_BYTES = 1024 * 1024


def find_open_upload(store: ObjectStore, item: TransferItem, cancel: Cancel) -> Partial | None:
    """The latest open upload to the place of ``item`` that begins with the bytes of its file, or None.

    Without that proof it could be anybody’s. A server that can’t tell, or a person who may not ask, has none.

    Raises:
        S3IntegrationError: the server can’t be asked now; to begin anew would leave the open one behind.
        Cancelled: ``cancel`` was set.
    """
    bucket, key = item.location.bucket, item.location.key
    try:
        begun = [each for each in islice(store.list_uploads(bucket, key, cancel=cancel), _LOOKED_AT) if each.key == key]
        for upload in reversed(begun):
            parts = store.list_parts(bucket, key, upload.upload_id, cancel=cancel)
            if parts and _is_evenly_cut(parts) and _begins_with(item, parts[0]):
                return Partial(parts[0].size, upload.upload_id)
    except (S3IntegrationError, OSError) as error:
        if getattr(error, "retryable", False):
            raise
        return None
    return None


def _is_evenly_cut(parts: list[UploadedPart]) -> bool:
    """Whether the first part is there and tells the size of the others; only the last may be smaller."""
    return parts[0].number == 1 and all(part.size == parts[0].size for part in parts[:-1])


def _begins_with(item: TransferItem, part: UploadedPart) -> bool:
    hashing = part_hasher(part)
    if hashing is None or part.size > item.size:
        return False
    hasher, is_it = hashing
    with item.local_path.open("rb", buffering=0) as file:
        left = part.size
        while left and (piece := file.read(min(left, _READ_BYTES))):
            hasher.update(piece)
            left -= len(piece)
    return not left and is_it()
