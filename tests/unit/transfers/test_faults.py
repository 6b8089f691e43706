"""Whatever happens at whatever moment: the end is the same bytes or an honest error, and nothing is left behind."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from s3browser.exceptions import (
    Cancelled,
    S3BusyError,
    S3ConflictError,
    S3ConnectionError,
    S3DownloadError,
    S3FileNotFoundError,
    S3IntegrityError,
    S3UploadError,
)
from s3browser.jobs.cancel import CancelToken
from s3browser.model.locations import S3Location
from s3browser.transfers import download, pieces, upload
from s3browser.transfers.download import Download
from s3browser.transfers.localfile import Fingerprint
from s3browser.transfers.run import Run
from s3browser.transfers.upload import Upload
from tests.fakestore import BUCKET, FakeStore
from tests.unit.transfers.keeping import Memory

PLACE = S3Location(BUCKET, "folder/report.pdf")
UPLOAD_STEPS = ["put", "chunk", "create_multipart", "put_part", "list_parts", "complete_multipart", "head"]
DOWNLOAD_STEPS = ["head", "fetch", "chunk"]
UPLOAD_TROUBLES = ["lost", "busy", "cancel", "append", "touch", "swap", "shrink", "aborted", "lost after"]
DOWNLOAD_TROUBLES = ["lost", "busy", "cancel", "other object", "damage", "no temp", "short temp", "lost after"]
SIZES = st.sampled_from([0, 1, 7, 8, 9, 12, 13, 31])


def scripts(steps: list[str], troubles: list[str]) -> st.SearchStrategy[list[tuple[str, str, int]]]:
    """Up to three troubles for each of several runs: what, before which step, the how-manieth."""
    return st.lists(st.tuples(st.sampled_from(troubles), st.sampled_from(steps), st.integers(1, 5)), max_size=3)


UPLOAD_SCRIPTS = scripts(UPLOAD_STEPS, UPLOAD_TROUBLES)
DOWNLOAD_SCRIPTS = scripts(DOWNLOAD_STEPS, DOWNLOAD_TROUBLES)


@contextmanager
def small_parts() -> Iterator[Path]:
    """Files from 8 bytes go in parts of four; a folder to work in."""
    with (
        mock.patch.multiple(upload, MULTIPART_FROM_BYTES=8, part_size=lambda size: 4),
        mock.patch.multiple(download, IN_MEMORY_BYTES=8, fetched_part_size=lambda size: 4),
        mock.patch.object(pieces, "SYNC_EVERY_BYTES", 8),
        tempfile.TemporaryDirectory() as folder,
    ):
        yield Path(folder)


def content(size: int, version: int) -> bytes:
    return bytes((7 * n + 101 * version) % 256 for n in range(size))


def go(run: Run) -> str:
    run.begin()
    before = 0
    while (part := run.take_part()) is not None:
        run.move(part)
        assert before <= run.position <= run.stored_size
        before = run.position
    return run.finish()


@settings(max_examples=400, deadline=None)
@given(SIZES, st.lists(UPLOAD_SCRIPTS, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_uploads(size: int, runs: list[list[tuple[str, str, int]]], checksums: bool, may_replace: bool) -> None:
    with small_parts() as folder:
        store = FakeStore(chunk_bytes=3, checksums=checksums)
        path = folder / "report.pdf"
        versions = [content(size, 0)]
        path.write_bytes(versions[0])
        memory = Memory()
        planned = Fingerprint(size, path.stat().st_mtime_ns)
        stamp = planned.mtime_ns

        def change(data: bytes) -> None:
            nonlocal stamp
            stamp += 1_000_000_000
            versions.append(data)
            path.write_bytes(data)
            os.utime(path, ns=(stamp, stamp))

        def swap() -> None:
            """Another file takes its place, of the same size."""
            nonlocal stamp
            stamp += 1_000_000_000
            other = folder / "other"
            data = bytes(reversed(path.read_bytes()))
            versions.append(data)
            other.write_bytes(data)
            os.utime(other, ns=(stamp, stamp))
            other.replace(path)

        for script in [*runs, []]:
            token = CancelToken()
            act: dict[str, Callable[[], object]] = {
                "cancel": token.cancel,
                "append": lambda: change(path.read_bytes() + b"more"),
                "touch": lambda: change(path.read_bytes()),
                "swap": swap,
                "shrink": lambda: change(path.read_bytes()[:-1]),
                "aborted": store.uploads.clear,
            }
            for trouble, step, nth in script:
                if trouble in act:
                    store.on(step, act[trouble], nth=nth)
                else:
                    error = S3BusyError("upload") if trouble == "busy" else S3ConnectionError("upload")
                    if trouble == "lost after" and step == "complete_multipart":
                        lose_answers(store, nth)
                    else:
                        store.fail(step, error, nth=nth)
            run = Upload(
                store, path, PLACE,
                planned=planned, may_replace=may_replace, keeper=memory, partial=memory.partial, cancel=token,
            )  # fmt: skip
            try:
                etag = go(run)
            except (S3ConnectionError, S3BusyError, Cancelled):
                clear(store)
                continue  # a later run takes it up
            except S3UploadError:
                assert len(versions) > 1
                run.abandon()
                memory.forget()
                clear(store)
                planned = Fingerprint(path.stat().st_size, path.stat().st_mtime_ns)
                continue
            except S3FileNotFoundError:
                assert [trouble for trouble, *_ in script].count("aborted") > 1
                run.abandon()
                clear(store)
                continue
            except S3ConflictError:
                assert not may_replace
                run.abandon()
                break
            clear(store)
            assert store.data(PLACE.key) in versions
            assert store.buckets[BUCKET][PLACE.key].etag == etag == run.etag
            assert run.position == run.stored_size == len(store.data(PLACE.key))
            break
        else:
            run.abandon()
        if memory.partial is not None and not store.buckets[BUCKET]:
            Upload(store, path, PLACE, keeper=memory, partial=memory.partial).abandon()
            assert memory.partial is None
        known = {run._way.upload_id} if run._way is not None else set()
        assert not known & store.uploads.keys()


def lose_answers(store: FakeStore, nth: int) -> None:
    """The nth join from now is done, but its answer does not come."""
    real = store.complete_multipart
    left = [nth]

    def lossy(*args: object, **rest: object) -> str:
        left[0] -= 1
        etag = real(*args, **rest)  # type: ignore[arg-type]
        if left[0] == 0:
            raise S3ConnectionError("upload")
        return etag

    store.complete_multipart = lossy  # type: ignore[method-assign]


def clear(store: FakeStore) -> None:
    """What was scripted and did not happen is off."""
    store._steps.clear()
    store._damaged.clear()
    vars(store).pop("complete_multipart", None)


@settings(max_examples=400, deadline=None)
@given(
    SIZES, st.lists(scripts(DOWNLOAD_STEPS, DOWNLOAD_TROUBLES), min_size=1, max_size=4), st.booleans(), st.booleans()
)
def test_downloads(size: int, runs: list[list[tuple[str, str, int]]], checksums: bool, is_listed: bool) -> None:
    with small_parts() as folder:
        store = FakeStore(chunk_bytes=3, checksums=checksums)
        versions = [content(size, 0)]
        listed = store.write(BUCKET, PLACE.key, versions[0])
        target = folder / "report.pdf"
        memory = Memory()

        def change() -> None:
            versions.append(content(size + 5, len(versions)))
            store.write(BUCKET, PLACE.key, versions[-1])

        def remove() -> None:
            for temp in folder.glob(".~s3b-*"):
                temp.unlink()

        def shorten() -> None:
            for temp in folder.glob(".~s3b-*"):
                os.truncate(temp, 3)

        for script in [*runs, []]:
            token = CancelToken()
            act: dict[str, Callable[[], object]] = {
                "cancel": token.cancel,
                "other object": change,
                "damage": lambda: store.damage(PLACE.key),
                "no temp": remove,
            }
            for trouble, step, nth in script:
                if trouble == "short temp":
                    shorten()  # between two runs; nobody can guard against other programs meanwhile
                elif trouble in act:
                    store.on(step, act[trouble], nth=nth)
                else:
                    store.fail(step, S3BusyError("read") if trouble == "busy" else S3ConnectionError("read"), nth=nth)
            run = Download(
                store, PLACE, target,
                size=len(listed.data) if is_listed else None, etag=listed.etag if is_listed else "",
                keeper=memory, partial=memory.partial, cancel=token, root=folder,
            )  # fmt: skip
            try:
                etag = go(run)
            except (S3ConnectionError, S3BusyError, Cancelled):
                assert not target.exists()
                clear(store)
                continue
            except (S3ConflictError, S3IntegrityError, S3DownloadError) as error:
                assert not target.exists()
                if isinstance(error, S3ConflictError):
                    assert len(versions) > 1
                run.abandon()
                assert memory.partial is None
                assert list(folder.iterdir()) == []
                clear(store)
                continue
            assert target.read_bytes() in versions
            assert etag == run.etag
            assert run.position >= run.stored_size == len(target.read_bytes())
            break
        else:
            raise AssertionError("a run without trouble ended in trouble")
        run.abandon()
        assert [path.name for path in folder.iterdir()] == ["report.pdf"]
