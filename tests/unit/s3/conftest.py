from collections.abc import Iterator

import pytest
from moto import mock_aws

from s3browser import S3Config, S3Service
from tests.unit.s3.scripted import Scripted, scripted_server

BUCKET = "bucket"
SECRET = "sEcReT/hidden+value0123456789abcdefghij"
TOKEN = "tOkEn-hidden-value-9876543210"


@pytest.fixture
def moto_service() -> Iterator[S3Service]:
    """A service on moto inside this process, with one empty bucket."""
    with mock_aws():
        service = S3Service(S3Config(access_key_id="AKIDEXAMPLE", secret_access_key=SECRET))
        service.create_bucket(BUCKET)
        yield service
        service.close()


@pytest.fixture
def script() -> Iterator[Scripted]:
    with scripted_server() as server:
        yield server


@pytest.fixture
def config(script: Scripted) -> S3Config:
    """Points at ``script``; three attempts with hardly a wait between them."""
    return S3Config(
        access_key_id="AKIDEXAMPLE",
        secret_access_key=SECRET,
        session_token=TOKEN,
        endpoint_url=script.url,
        max_attempts=3,
        max_backoff_s=0.001,
        read_timeout_s=5,
    )


@pytest.fixture
def service(config: S3Config) -> Iterator[S3Service]:
    """A service on ``script``."""
    service = S3Service(config)
    yield service
    service.close()
