from collections.abc import Iterator
from functools import partial

import pytest
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer

from s3browser import S3Config, S3Service
from s3browser.jobs.fibers import Hub
from tests.unit.s3.scripted import Scripted, scripted_server

BUCKET = "bucket"
SECRET = "sEcReT/hidden+value0123456789abcdefghij"
TOKEN = "tOkEn-hidden-value-9876543210"


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """moto's server, in a thread of this process: its backends can be looked at."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def moto_service(moto_url: str) -> Iterator[S3Service]:
    """A service on moto, with one empty bucket."""
    moto_api_backend.reset()
    service = S3Service(S3Config(access_key_id="AKIDEXAMPLE", secret_access_key=SECRET, endpoint_url=moto_url))
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


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test with ``in_a_fiber`` set runs in one."""
    if not pyfuncitem.funcargs.get("in_a_fiber"):
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    steps = [partial(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in wanted})]
    Hub().run(lambda: steps.pop() if steps else None, lambda: None)
    return True
