"""A round trip on a real account: ``S3BROWSER_TEST_BUCKET=my-bucket pytest -m cloud``, with the usual ``AWS_*``."""

from pathlib import Path
from uuid import uuid4

import pytest

from s3browser import S3Client, S3Config

pytestmark = pytest.mark.cloud


@pytest.fixture
def client(own_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> S3Client:
    bucket = own_environment.get("S3BROWSER_TEST_BUCKET")
    assert bucket, "S3BROWSER_TEST_BUCKET names no bucket"
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name)
    for name, value in own_environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return S3Client(S3Config.from_env({**own_environment, "S3_BUCKET": bucket}))


@pytest.mark.parametrize("size", [0, 1, 17 * 1024 * 1024])
def test_file_goes_there_and_back(client: S3Client, size: int, tmp_path: Path) -> None:
    prefix = f"s3browser-test-{uuid4().hex}/"
    (tmp_path / "file").write_bytes(bytes(size))
    try:
        client.upload_file(tmp_path / "file", f"{prefix}Grüße & 100%.bin")
        assert [info.size for info in client.list_files(prefix)] == [size]
        copy = client.download_file(f"{prefix}Grüße & 100%.bin", tmp_path / "copy")
        assert copy.read_bytes() == bytes(size)
    finally:
        client.delete_file(f"{prefix}Grüße & 100%.bin")
    assert not client.file_exists(f"{prefix}Grüße & 100%.bin")
