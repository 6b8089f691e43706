import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from s3browser.exceptions import (
    Cancelled,
    S3AccessDeniedError,
    S3BusyError,
    S3ConflictError,
    S3ConnectionError,
    S3FileNotFoundError,
    S3IntegrationError,
    S3UnsupportedError,
    S3UploadError,
)
from s3browser.jobs.cancel import CancelToken
from s3browser.model.entries import UploadedPart
from s3browser.model.locations import S3Location
from s3browser.transfers import upload
from s3browser.transfers.localfile import Fingerprint, local_error
from s3browser.transfers.parts import MAX_OBJECT_BYTES, MIB
from s3browser.transfers.run import Partial
from s3browser.transfers.upload import Upload, upload_file
from tests.fakestore import BUCKET, FakeStore
from tests.unit.transfers.keeping import Memory

TARGET = S3Location(BUCKET, "folder/report.pdf")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a few bytes go in parts of four."""
    monkeypatch.setattr(upload, "MULTIPART_FROM_BYTES", 8)
    monkeypatch.setattr(upload, "part_size", lambda size: 4)


MTIME_NS = 1_700_000_000_123_456_789
MTIME = {"mtime": "1700000000.123456789"}  # as rclone writes it


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every read is reported, however short ago the one before was."""
    monkeypatch.setattr(upload, "REPORT_EVERY_S", 0.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"0123456789")
    os.utime(path, ns=(MTIME_NS, MTIME_NS))
    return path


def code_of(error: pytest.ExceptionInfo[S3IntegrationError]) -> str | None:
    return error.value.code


def test_a_small_file_is_one_put(file: Path) -> None:
    store = FakeStore()
    etag = upload_file(store, file, TARGET, metadata={"by": "me"})
    assert store.data("folder/report.pdf") == b"0123456789"
    assert etag == store.buckets[BUCKET]["folder/report.pdf"].etag
    assert store.buckets[BUCKET]["folder/report.pdf"].content_type == "application/pdf"
    assert store.buckets[BUCKET]["folder/report.pdf"].metadata == {"by": "me", **MTIME}
    assert [call.operation for call in store.calls] == ["put"]


def test_an_empty_file_is_stored_and_reported(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    store = FakeStore()
    seen: list[tuple[int, int]] = []
    upload_file(store, str(tmp_path / "empty"), TARGET, on_progress=lambda *now: seen.append(now), content_type="x/y")
    assert store.data(TARGET.key) == b""
    assert store.buckets[BUCKET][TARGET.key].content_type == "x/y"
    assert set(seen) == {(0, 0)}


@pytest.mark.usefixtures("small_parts")
def test_a_large_file_goes_in_parts(file: Path) -> None:
    store = FakeStore()
    etag = upload_file(store, file, TARGET, metadata={"by": "me"})
    assert store.data(TARGET.key) == b"0123456789"
    assert etag.endswith("-3")
    assert store.buckets[BUCKET][TARGET.key].metadata == {"by": "me", "s3browser-part-size": "4", **MTIME}
    assert store.uploads == {}


def test_parts_begin_at_16_mib(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(16 * MIB)
    store = FakeStore()
    upload_file(store, path, TARGET)
    assert store.count("put_part") == 2
    with path.open("wb") as file:
        file.truncate(16 * MIB - 1)
    upload_file(store, path, TARGET)
    assert store.count("put") == 1


@pytest.mark.usefixtures("every_step")
def test_progress_never_goes_back_though_the_body_is_sent_again(file: Path) -> None:
    class Again(FakeStore):
        def put(self, bucket: str, key: str, body: BinaryIO, size: int, **rest: Any) -> str:
            rest["on_sent"](6)
            return super().put(bucket, key, body, size, **rest)

    seen: list[tuple[int, int]] = []
    upload_file(Again(chunk_bytes=3), file, TARGET, on_progress=lambda *now: seen.append(now))
    assert [position for position, _ in seen] == [6, 6, 6, 9, 10, 10, 10]
    assert {total for _, total in seen} == {10}


@pytest.mark.usefixtures("small_parts", "every_step")
def test_progress_of_parts_is_a_position_in_the_file(file: Path) -> None:
    seen: list[int] = []
    upload_file(FakeStore(chunk_bytes=2), file, TARGET, on_progress=lambda position, _: seen.append(position))
    assert seen == [2, 4, 4, 6, 8, 8, 10, 10, 10]


@pytest.mark.usefixtures("small_parts")
def test_progress_of_parts_that_are_over_in_no_time(file: Path) -> None:
    seen: list[int] = []
    upload_file(FakeStore(chunk_bytes=2), file, TARGET, on_progress=lambda position, _: seen.append(position))
    assert seen == [4, 8, 10, 10]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "empty"),
        ("x" * 1025, "1 byte too long"),
        ("half\udc80", "not valid text"),
        ("folder/", "end in"),
    ],
)
def test_keys_s3_cannot_store(file: Path, key: str, words: str) -> None:
    with pytest.raises(S3UploadError, match=words) as error:
        upload_file(FakeStore(), file, S3Location(BUCKET, key))
    assert code_of(error) == "BadName"


def test_a_missing_file(tmp_path: Path, file: Path) -> None:
    for path in (tmp_path / "no", file / "below", "nul\0"):
        with pytest.raises(S3UploadError) as error:
            upload_file(FakeStore(), path, TARGET)
        assert code_of(error) == "Missing"
    assert error.value.title == "Couldn’t upload nul\0"


def test_things_that_are_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.relpath(tmp_path / "s"))
    server.close()
    store = FakeStore()
    for path, code in ((tmp_path, "IsFolder"), (tmp_path / "pipe", "NotAFile"), (tmp_path / "s", "NotAFile")):
        with pytest.raises(S3UploadError) as error:
            upload_file(store, path, TARGET)
        assert code_of(error) == code
    assert store.calls == []


def test_a_link_to_a_file_is_the_file(tmp_path: Path, file: Path) -> None:
    (tmp_path / "link").symlink_to(file)
    store = FakeStore()
    upload_file(store, tmp_path / "link", TARGET)
    assert store.data(TARGET.key) == b"0123456789"


def test_an_unreadable_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # the tests may run as root, who may read anything
    with pytest.raises(S3UploadError) as error:
        upload_file(FakeStore(), file, TARGET)
    assert code_of(error) == "Unreadable"


def test_a_file_that_another_program_holds() -> None:
    error = PermissionError(13, "held")
    error.winerror = 32  # type: ignore[attr-defined,unused-ignore]
    assert local_error(Path("/x/mail.pst"), error).code == "InUse"


def test_a_disk_that_fails_is_the_default_reason() -> None:
    error = local_error(Path("/x/report.pdf"), OSError(5, "Input/output error"))
    assert (error.code, error.target) == (None, "/x/report.pdf")


def test_a_file_too_large_for_s3(file: Path) -> None:
    os.truncate(file, MAX_OBJECT_BYTES + 1)
    with pytest.raises(S3UploadError) as error:
        upload_file(FakeStore(), file, TARGET)
    assert code_of(error) == "TooLarge"


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def shrink(path: Path) -> None:
    os.truncate(path, 5)


def replace_it(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"9876543210")
    os.utime(other, ns=(1, 1))
    other.replace(path)


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(
    ("change", "code"),
    [(append, "Changed"), (touch, "Changed"), (shrink, "Changed"), (replace_it, "Changed"), (remove, "Missing")],
)
def test_a_file_that_changes_while_it_is_sent_is_not_stored(
    file: Path, change: Callable[[Path], None], code: str
) -> None:
    store = FakeStore(chunk_bytes=3)
    store.on("chunk", lambda: change(file), nth=2)
    with pytest.raises(S3UploadError) as error:
        upload_file(store, file, TARGET)
    assert code_of(error) == code
    assert store.buckets[BUCKET] == {}
    assert store.uploads == {}


@pytest.mark.parametrize("change", [append, touch, shrink, replace_it, remove])
def test_a_small_file_is_sent_as_it_was_read(file: Path, change: Callable[[Path], None]) -> None:
    store = FakeStore()
    store.on("chunk", lambda: change(file))
    upload_file(store, file, TARGET)
    assert store.data(TARGET.key) == b"0123456789"
    assert store.buckets[BUCKET][TARGET.key].metadata == MTIME


@pytest.mark.parametrize(
    ("change", "code"),
    [(append, "Changed"), (touch, "Changed"), (shrink, "Changed"), (replace_it, "Changed"), (remove, "Missing")],
)
def test_a_small_file_that_changes_before_it_is_read(file: Path, change: Callable[[Path], None], code: str) -> None:
    store = FakeStore()
    run = Upload(store, file, TARGET)
    run.begin()
    change(file)
    part = run.take_part()
    assert part is not None
    with pytest.raises(S3UploadError) as error:
        run.move(part)
    assert code_of(error) == code
    assert store.calls == []


@pytest.mark.usefixtures("small_parts")
def test_another_file_of_the_same_size_and_time_is_another_file(file: Path) -> None:
    def swap() -> None:
        other = file.with_name("other")
        other.write_bytes(b"9876543210")
        os.utime(other, ns=(MTIME_NS, MTIME_NS))
        other.replace(file)

    store = FakeStore()
    store.on("put_part", swap, nth=2)
    with pytest.raises(S3UploadError) as error:
        upload_file(store, file, TARGET)
    assert code_of(error) == "Changed"
    assert store.uploads == {}


@pytest.mark.usefixtures("small_parts")
def test_a_file_that_changes_after_its_last_part_was_read(file: Path) -> None:
    store = FakeStore()
    store.on("put_part", lambda: touch(file), nth=3)
    with pytest.raises(S3UploadError) as error:
        upload_file(store, file, TARGET)
    assert code_of(error) == "Changed"
    assert store.count("complete_multipart") == 0


@pytest.fixture
def streamed(small_parts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No part is small enough for memory."""
    monkeypatch.setattr(upload, "_IN_MEMORY_BYTES", 1)


@pytest.mark.usefixtures("streamed")
def test_large_parts_are_read_as_they_are_sent(file: Path) -> None:
    store = FakeStore(chunk_bytes=3)
    upload_file(store, file, TARGET)
    assert store.data(TARGET.key) == b"0123456789"


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize(
    ("change", "code"),
    [(append, "Changed"), (touch, "Changed"), (shrink, "Changed"), (replace_it, "Changed"), (remove, "Missing")],
)
def test_a_file_that_changes_while_it_is_streamed(file: Path, change: Callable[[Path], None], code: str) -> None:
    store = FakeStore(chunk_bytes=3)
    store.on("chunk", lambda: change(file), nth=2)
    with pytest.raises(S3UploadError) as error:
        upload_file(store, file, TARGET)
    assert code_of(error) == code
    assert (store.buckets[BUCKET], store.uploads) == ({}, {})


@pytest.mark.usefixtures("streamed")
def test_a_store_that_takes_the_files_error_for_a_broken_line_does_not_hide_it(file: Path) -> None:
    class Careless(FakeStore):
        def put_part(self, *args: Any, **rest: Any) -> UploadedPart:
            for _ in range(2):
                with suppress(S3UploadError):
                    super().put_part(*args, **rest)
            raise S3ConnectionError("upload")

    store = Careless(chunk_bytes=3)
    store.on("chunk", lambda: shrink(file))
    with pytest.raises(S3UploadError) as error:
        upload_file(store, file, TARGET)
    assert code_of(error) == "Changed"


@pytest.mark.usefixtures("streamed")
def test_a_streamed_part_whose_line_breaks(file: Path) -> None:
    store = FakeStore()
    store.fail("put_part", S3ConnectionError("upload"))
    with pytest.raises(S3ConnectionError):
        upload_file(store, file, TARGET)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("operation", ["create_multipart", "put_part", "complete_multipart"])
def test_any_failure_throws_the_parts_away(file: Path, operation: str) -> None:
    store = FakeStore()
    store.fail(operation, S3BusyError("upload", code=operation))
    with pytest.raises(S3BusyError, match=operation):
        upload_file(store, file, TARGET)
    assert store.uploads == {}
    assert store.buckets[BUCKET] == {}


@pytest.mark.usefixtures("small_parts")
def test_a_failing_abort_does_not_hide_the_first_error(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = FakeStore()
    store.fail("put_part", S3BusyError("upload", code="first"), nth=2)
    store.fail("abort_multipart", S3BusyError("upload", code="second"))
    with pytest.raises(S3BusyError, match="first"):
        upload_file(store, file, TARGET)
    assert "parts of an upload stay" in caplog.text


@pytest.mark.usefixtures("small_parts")
def test_cancel_midway_leaves_nothing(file: Path) -> None:
    store = FakeStore(chunk_bytes=1)
    token = CancelToken()
    store.on("chunk", token.cancel, nth=6)
    with pytest.raises(Cancelled):
        upload_file(store, file, TARGET, cancel=token)
    assert store.uploads == {}
    assert store.buckets[BUCKET] == {}


@pytest.mark.usefixtures("small_parts")
def test_a_cancel_after_the_end_is_too_late(file: Path) -> None:
    store = FakeStore()
    token = CancelToken()
    store.on("complete_multipart", token.cancel)
    assert upload_file(store, file, TARGET, cancel=token)
    assert store.data(TARGET.key) == b"0123456789"


# ---------------------------------------------------------------- going on


PLANNED = Fingerprint(10, MTIME_NS)


def run_of(store: FakeStore, file: Path, memory: Memory, **rest: Any) -> Upload:
    return Upload(store, file, TARGET, keeper=memory, partial=memory.partial, **{"planned": PLANNED, **rest})


def go(run: Upload) -> str:
    run.begin()
    while (part := run.take_part()) is not None:
        run.move(part)
    return run.finish()


def interrupted(store: FakeStore, file: Path, after: int = 2, **rest: Any) -> Memory:
    """What is left of a run whose network went with part ``after + 1``."""
    memory = Memory()
    store.fail("put_part", S3ConnectionError("upload"), nth=after + 1)
    with pytest.raises(S3ConnectionError):
        go(run_of(store, file, memory, **rest))
    store.calls.clear()
    return memory


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("checksums", [True, False])
def test_a_later_run_sends_only_what_is_missing(file: Path, checksums: bool) -> None:
    store = FakeStore(checksums=checksums)
    memory = interrupted(store, file)
    assert memory.told == ["opening", "upload", "part 1", "part 2"]
    run = run_of(store, file, memory)
    run.begin()
    assert (run.position, run.stored_size) == (8, 10)
    etag = go(run)
    assert store.data(TARGET.key) == b"0123456789"
    assert (store.count("put_part"), store.count("create_multipart"), store.uploads) == (1, 0, {})
    assert etag == run.etag == store.buckets[BUCKET][TARGET.key].etag


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("checksums", [True, False])
@pytest.mark.parametrize("planned", [PLANNED, None])
def test_parts_nobody_noted_are_believed_by_their_checksum(
    file: Path, checksums: bool, planned: Fingerprint | None
) -> None:
    store = FakeStore(checksums=checksums)
    memory = interrupted(store, file)
    assert memory.partial is not None
    store.uploads[memory.partial.upload_id].parts[2] = b"best"  # some other program's
    memory.partial = replace(memory.partial, parts=())
    go(run_of(store, file, memory, planned=planned))
    assert store.data(TARGET.key) == b"0123456789"
    assert store.count("put_part") == 2


@pytest.mark.usefixtures("small_parts")
def test_parts_that_prove_nothing_are_sent_again(file: Path) -> None:
    class Opaque(FakeStore):
        def list_parts(self, *args: Any, **rest: Any) -> list[UploadedPart]:
            return [replace(part, etag="opaque") for part in super().list_parts(*args, **rest)]

    store = Opaque()
    go(run_of(store, file, interrupted(store, file)))
    assert store.data(TARGET.key) == b"0123456789"
    assert store.count("put_part") == 3


@pytest.mark.usefixtures("small_parts")
def test_parts_of_another_size_or_number_do_not_count(file: Path) -> None:
    store = FakeStore()
    memory = interrupted(store, file)
    assert memory.partial is not None
    store.uploads[memory.partial.upload_id].parts.update({1: b"012", 7: b"x"})
    go(run_of(store, file, memory))
    assert store.data(TARGET.key) == b"0123456789"
    assert store.count("put_part") == 2


@pytest.mark.usefixtures("small_parts")
def test_a_file_that_has_changed_since_starts_over(file: Path) -> None:
    store = FakeStore()
    memory = interrupted(store, file)
    append(file)
    run = run_of(store, file, memory)
    go(run)
    assert store.data(TARGET.key) == b"0123456789more"
    assert (store.uploads, run.stored_size) == ({}, 14)
    # Its parts are not noted: the plan knows another version, which may come back with its old time.
    assert memory.told == ["opening", "upload", "part 1", "part 2", "forget", "opening", "upload"]


@pytest.mark.usefixtures("small_parts")
def test_a_file_that_has_become_small_goes_in_one(file: Path) -> None:
    store = FakeStore()
    memory = interrupted(store, file)
    shrink(file)
    go(run_of(store, file, memory, planned=None))
    assert store.data(TARGET.key) == b"01234"
    assert (store.uploads, memory.partial) == ({}, None)


@pytest.mark.usefixtures("small_parts")
def test_an_upload_that_is_gone_starts_over(file: Path) -> None:
    store = FakeStore()
    memory = interrupted(store, file)
    store.uploads.clear()
    go(run_of(store, file, memory))
    assert store.data(TARGET.key) == b"0123456789"
    assert store.count("put_part") == 3


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("step", ["put_part", "complete_multipart"])
def test_an_upload_that_somebody_aborts_meanwhile_starts_over_once(file: Path, step: str) -> None:
    store = FakeStore()
    memory = Memory()
    store.on(step, store.uploads.clear, nth=2 if step == "put_part" else 1)
    go(run_of(store, file, memory))
    assert store.data(TARGET.key) == b"0123456789"
    assert memory.told.count("upload") == memory.told.count("opening") == 2
    store.on(step, store.uploads.clear, times=9)
    with pytest.raises(S3FileNotFoundError):
        go(run_of(store, file, Memory(), may_replace=True))


@pytest.mark.usefixtures("small_parts")
def test_of_several_threads_that_find_the_upload_gone_the_first_starts_over(file: Path) -> None:
    store = FakeStore()
    run = run_of(store, file, Memory())
    run.begin()
    first, second = run.take_part(), run.take_part()
    assert first is not None
    assert second is not None
    gate = store.hang("put_part")
    thread = threading.Thread(target=run.move, args=(second,))
    thread.start()
    assert gate.reached.wait(5)
    store.uploads.clear()
    run.move(first)
    gate.release()
    thread.join(5)
    assert run.finish()
    assert store.data(TARGET.key) == b"0123456789"
    assert store.count("create_multipart") == 2


@pytest.fixture
def unacknowledged(small_parts: None, file: Path) -> tuple[FakeStore, Memory]:
    """An upload that was completed, but the answer was lost."""

    class Lossy(FakeStore):
        def complete_multipart(self, *args: Any, **rest: Any) -> str:
            super().complete_multipart(*args, **rest)
            raise S3ConnectionError("upload")

    store = Lossy()
    memory = Memory()
    with pytest.raises(S3ConnectionError):
        go(run_of(store, file, memory))
    store.calls.clear()
    return store, memory


def test_an_upload_whose_last_answer_was_lost_is_over(unacknowledged: tuple[FakeStore, Memory], file: Path) -> None:
    store, memory = unacknowledged
    run = run_of(store, file, memory)
    assert go(run) == store.buckets[BUCKET][TARGET.key].etag
    assert (run.position, run.stored_size) == (10, 10)
    run.abandon()
    assert [call.operation for call in store.calls] == ["list_parts", "head"]


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: replace(stored, data=b"123"),
        lambda stored: replace(stored, metadata={}),
        lambda stored: replace(stored, etag="other-3"),
    ],
)
def test_what_is_there_and_something_else_is_not_taken_for_it(
    unacknowledged: tuple[FakeStore, Memory], file: Path, change: Callable[[Any], Any]
) -> None:
    store, memory = unacknowledged
    store.buckets[BUCKET][TARGET.key] = change(store.buckets[BUCKET][TARGET.key])
    run = run_of(store, file, memory)
    with pytest.raises(S3ConflictError):
        go(run)
    assert store.count("put_part") == 3


def test_what_may_not_be_looked_at_is_sent_again(unacknowledged: tuple[FakeStore, Memory], file: Path) -> None:
    store, memory = unacknowledged
    store.fail("head", S3AccessDeniedError("read"))
    run = run_of(store, file, memory)
    run.begin()
    assert run.take_part() is not None


def test_parts_are_needed_to_know_it(unacknowledged: tuple[FakeStore, Memory], file: Path) -> None:
    store, memory = unacknowledged
    assert memory.partial is not None
    run = Upload(store, file, TARGET, planned=PLANNED, partial=replace(memory.partial, parts=memory.partial.parts[:2]))
    run.begin()
    assert store.count("head") == 0


@pytest.fixture
def unsaid(file: Path) -> tuple[FakeStore, Memory]:
    """Whole on the server, but the program was killed before it could say so."""
    store, memory = FakeStore(), Memory()
    go(run_of(store, file, memory))
    store.calls.clear()
    return store, Memory()


@pytest.mark.parametrize("checksums", [True, False])
def test_a_small_file_that_is_there_already_is_no_conflict(
    unsaid: tuple[FakeStore, Memory], file: Path, checksums: bool
) -> None:
    store, memory = unsaid
    store.checksums = checksums
    stored = store.buckets[BUCKET][TARGET.key]
    assert go(run_of(store, file, memory)) == stored.etag
    assert store.buckets[BUCKET][TARGET.key] is stored


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: replace(stored, data=b"123", checksums={}),
        lambda stored: replace(stored, metadata={}),
        lambda stored: replace(stored, etag=stored.etag[::-1], checksums={}),
        lambda stored: replace(stored, etag="tells nothing", checksums={}),
    ],
)
def test_a_small_file_with_another_s_name_is_one(
    unsaid: tuple[FakeStore, Memory], file: Path, change: Callable[[Any], Any]
) -> None:
    store, memory = unsaid
    store.buckets[BUCKET][TARGET.key] = change(store.buckets[BUCKET][TARGET.key])
    with pytest.raises(S3ConflictError):
        go(run_of(store, file, memory))


@pytest.mark.usefixtures("small_parts")
def test_a_large_file_that_is_there_already_is_no_conflict(unsaid: tuple[FakeStore, Memory], file: Path) -> None:
    store, memory = unsaid
    stored = store.buckets[BUCKET][TARGET.key]
    run = run_of(store, file, memory)
    assert go(run) == stored.etag
    assert store.buckets[BUCKET][TARGET.key] is stored
    assert (store.uploads, memory.partial) == ({}, None)
    run.abandon()
    assert store.count("abort_multipart") == 1


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("error", [S3AccessDeniedError("upload"), S3ConnectionError("upload")])
def test_its_second_upload_does_not_stay_open_where_that_can_be_helped(
    unsaid: tuple[FakeStore, Memory], file: Path, error: S3IntegrationError
) -> None:
    store, memory = unsaid
    store.fail("abort_multipart", error)
    if error.retryable:
        with pytest.raises(S3ConnectionError):
            go(run_of(store, file, memory))
        store.calls.clear()
    assert go(run_of(store, file, memory))
    assert (len(store.uploads), store.count("abort_multipart")) == (0 if error.retryable else 1, 1)


# ---------------------------------------------------------------- an upload that is being opened


@pytest.fixture
def killed_while_opening(small_parts: None, file: Path) -> tuple[FakeStore, Memory]:
    """The server has an upload, and nobody was told its id."""

    class Mute(FakeStore):
        def create_multipart(self, *args: Any, **rest: Any) -> str:
            super().create_multipart(*args, **rest)
            raise S3ConnectionError("upload")

    mute, memory = Mute(), Memory()
    with pytest.raises(S3ConnectionError):
        go(run_of(mute, file, memory))
    store = FakeStore()
    store.uploads = dict(zip(["stray"], mute.uploads.values(), strict=True))
    return store, memory


def test_the_next_run_throws_it_away_before_it_opens_another(
    killed_while_opening: tuple[FakeStore, Memory], file: Path
) -> None:
    store, memory = killed_while_opening
    go(run_of(store, file, memory))
    assert store.data(TARGET.key) == b"0123456789"
    assert store.uploads == {}


def test_while_it_can_t_be_thrown_away_no_other_is_opened(
    killed_while_opening: tuple[FakeStore, Memory], file: Path
) -> None:
    store, memory = killed_while_opening
    store.fail("abort_strays", S3ConnectionError("upload"))
    kept = memory.partial
    with pytest.raises(S3ConnectionError):
        go(run_of(store, file, memory))
    assert store.count("create_multipart") == 0
    assert memory.partial is kept


@pytest.mark.parametrize("error", [S3AccessDeniedError("list"), S3UnsupportedError("list")])
def test_where_nobody_can_look_for_it_it_stays(
    killed_while_opening: tuple[FakeStore, Memory], file: Path, error: Exception
) -> None:
    store, memory = killed_while_opening
    store.fail("abort_strays", error)
    go(run_of(store, file, memory))
    assert store.data(TARGET.key) == b"0123456789"
    assert list(store.uploads) == ["stray"]


def test_a_run_that_could_not_open_one_leaves_none(small_parts: None, file: Path) -> None:
    class Mute(FakeStore):
        def create_multipart(self, *args: Any, **rest: Any) -> str:
            super().create_multipart(*args, **rest)
            raise S3ConnectionError("upload")

    store, memory = Mute(), Memory()
    run = run_of(store, file, memory)
    with pytest.raises(S3ConnectionError):
        go(run)
    run.abandon()
    assert (store.uploads, memory.partial) == ({}, None)


# ---------------------------------------------------------------- giving up


def test_a_name_that_is_taken_stays_as_it_is(file: Path) -> None:
    store = FakeStore({BUCKET: {TARGET.key: b"old"}})
    with pytest.raises(S3ConflictError):
        go(Upload(store, file, TARGET))
    assert store.data(TARGET.key) == b"old"
    go(Upload(store, file, TARGET, may_replace=True))
    assert store.data(TARGET.key) == b"0123456789"


@pytest.mark.usefixtures("small_parts")
def test_a_part_that_may_be_on_its_way_is_aborted_twice(file: Path) -> None:
    store = FakeStore()
    memory = interrupted(store, file)
    run = run_of(store, file, memory)
    run.begin()
    run.abandon()
    assert store.count("abort_multipart") == 1
    assert memory.partial is None
    memory = Memory()
    store.fail("put_part", S3ConnectionError("upload"))
    run = run_of(store, file, memory)
    with pytest.raises(S3ConnectionError):
        go(run)
    run.abandon()
    assert store.count("abort_multipart") == 3


@pytest.mark.usefixtures("small_parts")
def test_what_an_earlier_run_left_can_be_thrown_away_without_looking(file: Path) -> None:
    store = FakeStore()
    memory = interrupted(store, file)
    file.unlink()
    run_of(store, file, memory).abandon()
    assert (store.uploads, memory.partial) == ({}, None)
    Upload(store, file, TARGET).abandon()
    Upload(store, file, TARGET, partial=Partial(4, "gone")).abandon()


@pytest.mark.usefixtures("small_parts")
def test_what_can_not_be_thrown_away_stays_with_the_keeper(file: Path) -> None:
    store = FakeStore()
    memory = interrupted(store, file)
    store.fail("abort_multipart", S3ConnectionError("upload"))
    run_of(store, file, memory).abandon()
    assert memory.partial is not None


@pytest.mark.usefixtures("small_parts")
def test_a_cancel_before_the_parts_are_joined(file: Path) -> None:
    store = FakeStore()
    token = CancelToken()
    run = Upload(store, file, TARGET, cancel=token)
    run.begin()
    while (part := run.take_part()) is not None:
        run.move(part)
    token.cancel()
    with pytest.raises(Cancelled):
        run.finish()
    run.abandon()
    assert (store.uploads, store.buckets[BUCKET]) == ({}, {})


@pytest.mark.usefixtures("small_parts")
def test_a_cancel_while_parts_are_compared(file: Path) -> None:
    store = FakeStore()
    memory = interrupted(store, file)
    assert memory.partial is not None
    memory.partial = replace(memory.partial, parts=())
    token = CancelToken()
    store.on("list_parts", token.cancel)
    with pytest.raises(Cancelled):
        run_of(store, file, memory, cancel=token).begin()


def test_the_position_moves_with_the_bytes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "_REPORTED_FROM_BYTES", 1)
    store = FakeStore(chunk_bytes=4)
    run = Upload(store, file, TARGET)
    seen: list[int] = []
    store.on("chunk", lambda: seen.append(run.position), times=3)
    go(run)
    assert [*seen, run.position] == [0, 4, 8, 10]


def test_the_position_before_the_beginning(file: Path) -> None:
    run = Upload(FakeStore(), file, TARGET, planned=PLANNED)
    assert (run.position, run.stored_size, run.etag) == (0, 10, "")


@pytest.mark.usefixtures("small_parts")
def test_a_server_that_keeps_checksums_needs_no_part_size(file: Path) -> None:
    store = FakeStore(checksums=True)
    upload_file(store, file, TARGET)
    assert store.buckets[BUCKET][TARGET.key].metadata == MTIME
