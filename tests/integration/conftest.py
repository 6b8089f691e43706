from uuid import uuid4

import pytest

SERVERS = ("moto_http", "moto_https", "rclone_http", "rclone_https")
CEPH_SERVERS = ("radosgw_http", "radosgw_https")

ON_EVERY_SERVER = pytest.mark.parametrize(
    "server", [*SERVERS, *(pytest.param(name, marks=pytest.mark.ceph) for name in CEPH_SERVERS)], indirect=True
)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> object:
    """The server named by the parameter; see ``ON_EVERY_SERVER``."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def bucket() -> str:
    """A name that no other test uses; nothing is there yet."""
    return f"integration-{uuid4().hex[:12]}"
