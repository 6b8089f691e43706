import os
import socket
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3browser.exceptions import Cancelled, S3BusyError, S3ConnectionError, S3IntegrationError, S3UploadError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.locations import S3Location
from s3browser.transfers import upload
from s3browser.transfers.upload import (
    guess_content_type,
    local_error,
    upload_file,
)
from s3browser.transfers.parts import MAX_OBJECT_BYTES, MIB, Part, part_size, parts_of
from tests.fakestore import BUCKET, FakeStore

TARGET = S3Location(BUCKET, "folder/report.pdf")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a few bytes go in parts of four."""
    monkeypatch.setattr(upload, "MULTIPART_FROM_BYTES", 8)
    monkeypatch.setattr(upload, "part_size", lambda size: 4)


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every read is reported, however short ago the one before was."""
    monkeypatch.setattr(upload, "REPORT_EVERY_S", 0.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"0123456789")
    return path


def code_of(error: pytest.ExceptionInfo[S3IntegrationError]) -> str | None:
    return error.value.code


def test_a_small_file_is_one_put(file: Path) -> None:
    store = FakeStore()
    etag = upload_file(store, file, TARGET, metadata={"by": "me"})
    assert store.data("folder/report.pdf") == b"0123456789"
    assert etag == store.buckets[BUCKET]["folder/report.pdf"].etag
    assert store.buckets[BUCKET]["folder/report.pdf"].content_type == "application/pdf"
    assert store.buckets[BUCKET]["folder/report.pdf"].metadata == {"by": "me"}
    assert [call.operation for call in store.calls] == ["put"]


def test_an_empty_file_is_stored_and_reported(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    store = FakeStore()
    seen: list[tuple[int, int]] = []
    upload_file(store, str(tmp_path / "empty"), TARGET, on_progress=lambda *now: seen.append(now), content_type="x/y")
    assert store.data(TARGET.key) == b""
    assert store.buckets[BUCKET][TARGET.key].content_type == "x/y"
    assert seen == [(0, 0)]


@pytest.mark.usefixtures("small_parts")
def test_a_large_file_goes_in_parts(file: Path) -> None:
    store = FakeStore()
    etag = upload_file(store, file, TARGET, metadata={"by": "me"})
    assert store.data(TARGET.key) == b"0123456789"
    assert etag.endswith("-3")
    assert store.buckets[BUCKET][TARGET.key].metadata == {"by": "me"}
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
def test_progress_never_goes_back_though_the_body_is_rewound(file: Path) -> None:
    class Rewinding(FakeStore):
        def put(self, bucket: str, key: str, body: BinaryIO, size: int, **rest: object) -> str:
            assert (body.read(6), body.tell()) == (b"012345", 6)
            assert (body.seek(-2, os.SEEK_END), body.read()) == (8, b"89")
            assert (body.seek(0), body.seek(3, os.SEEK_CUR), body.read(1)) == (0, 3, b"3")
            assert body.readable()
            assert body.seekable()
            return super().put(bucket, key, body, size)

    seen: list[tuple[int, int]] = []
    upload_file(Rewinding(chunk_bytes=3), file, TARGET, on_progress=lambda *now: seen.append(now))
    assert all(earlier[0] <= later[0] for earlier, later in pairwise(seen))
    assert seen[0] == (6, 10)
    assert seen[-1] == (10, 10)


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


def test_what_was_read_to_be_signed_is_not_reported_as_sent(file: Path) -> None:
    seen: list[int] = []
    upload_file(FakeStore(chunk_bytes=1), file, TARGET, on_progress=lambda position, _: seen.append(position))
    assert seen == [10]


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

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, who may read anything
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


@pytest.fixture(params=["one put", "parts"])
def way(request: pytest.FixtureRequest) -> str:
    if request.param == "parts":
        request.getfixturevalue("small_parts")
    return str(request.param)


@pytest.mark.usefixtures("way")
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


def test_a_file_that_changes_just_before_it_is_opened(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = upload.take_fingerprint

    def take_then_append(path: Path) -> upload.Fingerprint:
        found = take(path)
        append(path)
        return found

    monkeypatch.setattr(upload, "take_fingerprint", take_then_append)
    store = FakeStore()
    with pytest.raises(S3UploadError) as error:
        upload_file(store, file, TARGET)
    assert code_of(error) == "Changed"
    assert store.calls == []


def test_a_store_that_takes_the_files_error_for_a_broken_line_does_not_hide_it(file: Path) -> None:
    class Careless(FakeStore):
        def put(self, *args: object, **rest: object) -> str:
            try:
                return super().put(*args, **rest)  # type: ignore[arg-type]
            except S3UploadError as error:
                raise S3ConnectionError("upload") from error

    store = Careless(chunk_bytes=3)
    store.on("chunk", lambda: shrink(file))
    with pytest.raises(S3UploadError) as error:
        upload_file(store, file, TARGET)
    assert code_of(error) == "Changed"


def test_a_read_that_fails_midway(file: Path) -> None:
    source = upload._Source(file, upload.take_fingerprint(file), None)
    body = source.window(Part(1, 0, 10))
    folder = os.open(file.parent, os.O_RDONLY)
    os.dup2(folder, source.file.fileno())  # the open file becomes one that can't be read
    os.close(folder)
    with source, pytest.raises(S3UploadError) as error:
        body.read()
    assert code_of(error) is None


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


@pytest.mark.parametrize(
    ("size", "size_of_a_part", "count"),
    [
        (16 * MIB, 8 * MIB, 2),
        (16 * MIB + 1, 8 * MIB, 3),
        (9_500 * 8 * MIB, 8 * MIB, 9_500),
        (9_500 * 8 * MIB + 1, 9 * MIB, 8_445),
        (MAX_OBJECT_BYTES, 552 * MIB, 9_498),
    ],
)
def test_part_sizes(size: int, size_of_a_part: int, count: int) -> None:
    assert part_size(size) == size_of_a_part
    assert sum(1 for _ in parts_of(size)) == count


@given(st.integers(1, MAX_OBJECT_BYTES))
def test_parts_cover_a_file_of_any_size(size: int) -> None:
    step = part_size(size)
    assert step % MIB == 0
    assert 8 * MIB <= step <= 5 * 1024 * MIB
    count = -(-size // step)
    assert count <= 9_500
    first = next(parts_of(size))
    assert first == Part(1, 0, min(step, size))
    if count < 100:
        parts = list(parts_of(size))
        assert sum(part.size for part in parts) == size
        assert all(one.start + one.size == two.start and two.number == one.number + 1 for one, two in pairwise(parts))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.pdf", "application/pdf"),
        ("a.tar.gz", "application/gzip"),
        ("a.svgz", "application/gzip"),
        ("a.txt.Z", "application/octet-stream"),
        ("data:x.txt", "text/plain"),
        ("nothing", "application/octet-stream"),
    ],
)
def test_content_types(name: str, kind: str) -> None:
    assert guess_content_type(name) == kind
