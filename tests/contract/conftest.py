"""Every store that has to keep the contract: the fake, and the real program on every server."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from uuid import uuid4

import pytest

from s3browser import S3Service
from s3browser.model.store import ObjectStore
from tests.fakestore import FakeStore
from tests.servers.server import Server, Traits

FAKE = "fake"
SERVERS = ("moto_http", "moto_https", "rclone_http", "rclone_https")
CEPH_SERVERS = ("radosgw_http", "radosgw_https", "radosgw_sts")

# For a test with more than a thousand objects: TLS would add nothing but time.
LONG = pytest.mark.parametrize(
    "subject", [FAKE, "moto_http", "rclone_http", pytest.param("radosgw_http", marks=pytest.mark.ceph)], indirect=True
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A store under test with an empty bucket of its own, and how its server differs from S3."""

    store: ObjectStore
    bucket: str
    traits: Traits

    def put(self, key: str, data: bytes = b"text") -> str:
        """Store ``data``, and return the ETag."""
        return self.store.put(self.bucket, key, BytesIO(data), len(data))

    def fetch(self, key: str, start: int = 0, stop: int | None = None) -> bytes:
        """The bytes of an object."""
        data = bytearray()
        count = self.store.fetch(self.bucket, key, data.extend, start=start, stop=stop)
        assert count == len(data)
        return bytes(data)

    def keys(self, prefix: str = "") -> list[str]:
        """Every key below ``prefix``, in the order of the listing."""
        return [info.key for info in self.store.list_files(self.bucket, prefix)]

    def folder(self, prefix: str = "") -> tuple[list[str], Sequence[str]]:
        """The keys of the files and of the folders directly in a folder."""
        pages = list(self.store.list_folder(self.bucket, prefix))
        assert pages, "there is at least one page"
        return [info.key for page in pages for info in page.files], [key for page in pages for key in page.folders]


@cache
def service(server: Server) -> S3Service:
    """One service for a server, as in the program: making one is slow."""
    return S3Service(server.config())


@pytest.fixture(
    params=[FAKE, *SERVERS, *(pytest.param(name, marks=pytest.mark.ceph) for name in CEPH_SERVERS)],
)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The store under test."""
    bucket = f"contract-{uuid4().hex[:12]}"
    if request.param == FAKE:
        yield Subject(FakeStore({bucket: {}}, checksums=True), bucket, Traits())
        return
    server: Server = request.getfixturevalue(request.param)
    store = service(server)
    store.create_bucket(bucket)
    yield Subject(store, bucket, server.traits)
