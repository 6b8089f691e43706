"""``rclone serve s3``: a folder of files as S3, with little of its freedom; it checks signatures."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.certificates import Certificates
from tests.servers.process import free_port, program, running
from tests.servers.server import Server, Traits

TRAITS = Traits(
    # what is no sound path in a file system
    refuses_keys=frozenset(
        {"leading-slash", "double-slash", "only-slashes", "dot-segment", "parent-segment", "leading-parent"}
    ),
    file_may_be_named_as_folder=False,
    keeps_markers=False,  # stores a file without the slash
    keeps_metadata_case=False,
    joins_to_final_etag=False,
    knows_conditions=False,
    knows_conditions_of_parts=False,
    keeps_checksums=False,
    takes_part_again=False,  # it has been written to the file already
)


@contextmanager
def rclone(folder: Path, certificates: Certificates | None = None) -> Iterator[Server]:
    """Run it until the block ends, over TLS if there are ``certificates``. Buckets are folders in ``folder``."""
    port = free_port()
    scheme, tls = "http", []
    if certificates:
        scheme, tls = "https", ["--cert", str(certificates.cert), "--key", str(certificates.key)]
    server = Server(
        name=f"rclone-{scheme}",
        endpoint_url=f"{scheme}://127.0.0.1:{port}",
        access_key_id="RCLONEKEY",
        secret_access_key="rclone-secret-key",
        log=folder / f"rclone-{scheme}.log",
        ca_file=certificates.ca if certificates else None,
        traits=TRAITS,
    )
    files = folder / "files"
    files.mkdir()
    keys = f"{server.access_key_id},{server.secret_access_key}"
    command = [program("rclone"), "serve", "s3", "--config", "", "--addr", f"127.0.0.1:{port}", "--auth-key", keys]
    with running([*command, *tls, str(files)], [port], server.log):
        yield server
