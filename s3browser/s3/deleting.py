"""Deletes many objects, a thousand a request where the server can, one by one where it cannot."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from s3browser.exceptions import (
    Cancelled,
    S3BucketError,
    S3ConnectionError,
    S3CredentialsError,
    S3FileNotFoundError,
    S3IntegrationError,
    S3UnsupportedError,
)
from s3browser.jobs.retry import RetryPolicy, retrying
from s3browser.model.entries import DeleteFailure
from s3browser.model.store import Cancel
from s3browser.s3.translate import Call, from_answer, translated

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client as BotoClient

MAX_KEYS = 1000

# The body of DeleteObjects is XML, which cannot hold these or changes them.
_NOT_IN_XML = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
# These concern every key alike: asking again for the next one would only take long.
_HOPELESS = (S3CredentialsError, S3BucketError, S3ConnectionError)


def delete_many(
    client: "BotoClient",
    policy: RetryPolicy,
    bucket: str,
    keys: Sequence[str],
    delete: Callable[[str], None],
    cancel: Cancel | None,
) -> list[DeleteFailure]:
    """See ``S3Service.delete_many``; ``delete`` deletes one key."""
    failures: list[DeleteFailure] = []
    together = [key for key in keys if not _NOT_IN_XML.search(key)]
    singly = [key for key in keys if _NOT_IN_XML.search(key)]
    for start in range(0, len(together), MAX_KEYS):
        try:
            failures += _delete_together(client, policy, bucket, together[start : start + MAX_KEYS], cancel)
        except S3UnsupportedError:
            singly = [*together[start:], *singly]
            break
        except S3IntegrationError as error:
            if start == 0:
                raise
            return failures + [DeleteFailure(key, error) for key in [*together[start:], *singly]]
    return failures + _delete_singly(singly, delete, cancel)


def _delete_together(
    client: "BotoClient", policy: RetryPolicy, bucket: str, keys: Sequence[str], cancel: Cancel | None
) -> list[DeleteFailure]:
    call = Call("delete", bucket)
    left = list(keys)
    stayed: dict[str, S3IntegrationError] = {}
    answered = False

    def attempt() -> None:
        nonlocal left, answered
        with translated(call):
            answer = client.delete_objects(
                Bucket=bucket, Delete={"Objects": [{"Key": key} for key in left], "Quiet": True}
            )
        answered = True
        failed = {
            entry.get("Key", ""): from_answer(
                {"Error": entry}, "DeleteObject", Call("delete", bucket, entry.get("Key", ""))
            )
            for entry in answer.get("Errors", ())
        }
        stayed.update((key, error) for key, error in failed.items() if not error.retryable)
        left = [key for key, error in failed.items() if error.retryable]
        if left:
            raise failed[left[0]]

    try:
        retrying(attempt, policy, cancel)
    except S3IntegrationError as error:
        if not answered:
            raise
        stayed.update((key, error) for key in left)
    return [DeleteFailure(key, error) for key, error in stayed.items() if not isinstance(error, S3FileNotFoundError)]


def _delete_singly(keys: Sequence[str], delete: Callable[[str], None], cancel: Cancel | None) -> list[DeleteFailure]:
    failures: list[DeleteFailure] = []
    for index, key in enumerate(keys):
        if cancel is not None and cancel.is_set():
            raise Cancelled
        try:
            delete(key)
        except _HOPELESS as error:
            return failures + [DeleteFailure(left, error) for left in keys[index:]]
        except S3IntegrationError as error:
            failures.append(DeleteFailure(key, error))
    return failures
