import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3browser import (
    Cancelled,
    S3AccessDeniedError,
    S3BucketError,
    S3Client,
    S3Config,
    S3CredentialsError,
    S3DownloadError,
    S3FileNotFoundError,
    S3IntegrationError,
    S3Service,
    S3UploadError,
)
from tests.fakestore import BUCKET, FakeStore

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = S3Config(bucket_name=BUCKET, access_key_id="AKIA1", secret_access_key="secret")


@pytest.fixture
def store() -> FakeStore:
    return FakeStore({BUCKET: {"f/a.txt": b"12345", "f/b.txt": b"", "g": b""}, "other": {}}, page_size=1)


@pytest.fixture
def client(store: FakeStore) -> S3Client:
    return S3Client(CONFIG, _store=store)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "report ü.pdf"
    path.write_bytes(b"0123456789")
    return path


def test_upload_names_where_it_went(client: S3Client, store: FakeStore, file: Path) -> None:
    seen: list[tuple[int, int]] = []
    url = client.upload_file(
        file, "f/x.pdf", on_progress=lambda *now: seen.append(now), metadata={"by": "me"}, content_type="x/y"
    )
    assert url == "s3://bucket/f/x.pdf"
    stored = store.buckets[BUCKET]["f/x.pdf"]
    assert (stored.data, stored.metadata["by"], stored.content_type) == (b"0123456789", "me", "x/y")
    assert seen[-1] == (10, 10)


def test_the_key_defaults_to_the_files_name(client: S3Client, store: FakeStore, file: Path) -> None:
    assert client.upload_file(str(file)) == "s3://bucket/report ü.pdf"
    assert store.data("report ü.pdf") == b"0123456789"


def test_upload_of_what_is_no_file(client: S3Client, tmp_path: Path, file: Path) -> None:
    for path, key, code in ((tmp_path / "no", None, "Missing"), (tmp_path, None, "IsFolder"), (file, "", "BadName")):
        with pytest.raises(S3UploadError) as error:
            client.upload_file(path, key)
        assert error.value.code == code


def test_download(client: S3Client, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = client.download_file("f/a.txt", str(tmp_path / "a"), on_progress=lambda *now: seen.append(now))
    assert path == tmp_path / "a"
    assert path.read_bytes() == b"12345"
    assert seen[-1] == (5, 5)
    with pytest.raises(S3FileNotFoundError):
        client.download_file("no", tmp_path / "b")
    with pytest.raises(S3DownloadError):
        client.download_file("f/a.txt", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_both_ways_can_be_cancelled(client: S3Client, file: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        client.upload_file(file, cancel=cancel)
    with pytest.raises(Cancelled):
        client.download_file("f/a.txt", file, cancel=cancel)
    assert file.read_bytes() == b"0123456789"


def test_listing_gives_every_page(client: S3Client) -> None:
    assert [info.key for info in client.list_files()] == ["f/a.txt", "f/b.txt", "g"]
    assert [info.key for info in client.list_files("f/")] == ["f/a.txt", "f/b.txt"]
    assert list(client.list_files("no/")) == []


def test_deleting_what_is_not_there_is_no_error(client: S3Client, store: FakeStore) -> None:
    client.delete_file("g")
    client.delete_file("g")
    assert "g" not in store.buckets[BUCKET]


def test_existence_is_never_a_false_no(client: S3Client, store: FakeStore) -> None:
    assert client.file_exists("g")
    assert not client.file_exists("no")
    store.fail("head", S3AccessDeniedError("read"))
    with pytest.raises(S3AccessDeniedError):
        client.file_exists("no")
    del store.buckets[BUCKET]
    with pytest.raises(S3BucketError) as error:
        client.file_exists("g")
    assert error.value.operation == "exists"


def test_a_prefix_that_cannot_be(client: S3Client, store: FakeStore) -> None:
    with pytest.raises(S3IntegrationError) as error:
        client.list_files("half\ud800")
    assert error.value.code == "BadName"
    assert store.calls == []


@pytest.mark.parametrize("key", ["", "half\ud800", "x" * 1025])
def test_keys_that_cannot_be(client: S3Client, store: FakeStore, tmp_path: Path, key: str) -> None:
    calls: list[Callable[[str], object]] = [
        client.file_exists,
        client.delete_file,
        lambda key: client.download_file(key, tmp_path / "x"),
    ]
    for call in calls:
        with pytest.raises(S3IntegrationError) as error:
            call(key)
        assert error.value.code == "BadName"
    assert store.calls == []


def test_wrong_settings_are_named_at_once() -> None:
    with pytest.raises(S3BucketError):
        S3Client(S3Config(bucket_name="No!"))
    with pytest.raises(S3CredentialsError):
        S3Client(S3Config(bucket_name=BUCKET, access_key_id="alone"))


def test_it_is_a_face_of_the_service() -> None:
    client = S3Client(CONFIG)
    assert isinstance(client._store, S3Service)
    assert client._store.config is CONFIG


def test_it_lets_go_of_its_connections(monkeypatch: pytest.MonkeyPatch, store: FakeStore) -> None:
    closed: list[object] = []
    monkeypatch.setattr(S3Service, "close", lambda service: closed.append(service))
    with S3Client(CONFIG) as client:
        assert closed == []
    assert closed == [client._store]
    with S3Client(CONFIG, _store=store) as client:
        assert client.file_exists("g")


def test_importing_the_package_loads_neither_boto3_nor_qt() -> None:
    code = "import s3browser, sys; assert not {'boto3', 'botocore', 'PySide6'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
