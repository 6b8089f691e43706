"""The servers as pytest fixtures: each starts when a test first asks for it, and ends with the session."""

from collections.abc import Generator, Iterator

import pytest

from tests.servers.certificates import Certificates
from tests.servers.faultproxy import FaultProxy
from tests.servers.moto import moto
from tests.servers.process import tail
from tests.servers.radosgw import Radosgw, radosgw
from tests.servers.rclone import rclone
from tests.servers.server import Server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A throw-away authority, and its certificate for every server."""
    return Certificates.write(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def moto_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def moto_https(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Server]:
    with moto(tmp_path_factory.mktemp("moto"), certificates) as server:
        yield server


@pytest.fixture(scope="session")
def rclone_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="session")
def rclone_https(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Server]:
    with rclone(tmp_path_factory.mktemp("rclone"), certificates) as server:
        yield server


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Radosgw]:
    """Only for tests marked ``ceph``."""
    with radosgw(tmp_path_factory.mktemp("ceph"), certificates) as server:
        yield server


@pytest.fixture(scope="session")
def radosgw_http(ceph: Radosgw) -> Server:
    return ceph.http


@pytest.fixture(scope="session")
def radosgw_https(ceph: Radosgw) -> Server:
    return ceph.https


@pytest.fixture(scope="session")
def radosgw_sts(ceph: Radosgw) -> Server:
    return ceph.sts


@pytest.fixture
def proxy(moto_http: Server) -> Iterator[FaultProxy]:
    """A line to moto's server that breaks on request."""
    with FaultProxy(moto_http.port) as faulty:
        yield faulty


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the log of every server that a failed test used."""
    report = yield
    if report.failed:
        values = getattr(item, "funcargs", {}).values()
        for log in {value.log for value in values if isinstance(value, Server)}:
            report.sections.append((f"log of {log.stem}", tail(log)))
    return report
