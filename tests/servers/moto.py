"""moto's server: quick, with most of S3's calls, and refuses nothing: no key, signature, expiry or policy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.certificates import Certificates
from tests.servers.process import free_port, program, running
from tests.servers.server import Server, Traits

TRAITS = Traits(
    refuses_keys=frozenset({"newline"}),  # its routes end at one
    knows_aborted_uploads=False,  # answers 500
)


@contextmanager
def moto(folder: Path, certificates: Certificates | None = None) -> Iterator[Server]:
    """Run it until the block ends, over TLS if there are ``certificates``."""
    port = free_port()
    scheme, tls = "http", []
    if certificates:
        scheme, tls = "https", ["-s", "-c", str(certificates.cert), "-k", str(certificates.key)]
    server = Server(
        name=f"moto-{scheme}",
        endpoint_url=f"{scheme}://127.0.0.1:{port}",
        access_key_id="MOTOKEY",
        secret_access_key="moto-secret-key",
        log=folder / f"moto-{scheme}.log",
        ca_file=certificates.ca if certificates else None,
        traits=TRAITS,
    )
    with running([program("moto_server"), "-H", "127.0.0.1", "-p", str(port), *tls], [port], server.log):
        yield server
