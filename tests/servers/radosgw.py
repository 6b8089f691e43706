"""Ceph's radosgw: a real server with users, policies, quotas, versions and session tokens. See ``radosgw.sh``."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.servers.certificates import Certificates
from tests.servers.process import free_port, program, running
from tests.servers.server import Server, Traits

SCRIPT = Path(__file__).with_name("radosgw.sh")
SETUP = "python3 packaging/bootstrap.py test-ceph"
PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool")


@dataclass(frozen=True, slots=True)
class Radosgw:
    """One Ceph behind three doors. Its owner may do everything.

    Attributes:
        http: refuses bad keys with AWS's codes.
        https: the same over TLS.
        sts: knows session tokens, and says AccessDenied to every bad key.
        folder: its configuration and logs.
    """

    http: Server
    https: Server
    sts: Server
    folder: Path

    def admin(self, *arguments: str) -> Any:
        """Run ``radosgw-admin`` and return the JSON it prints, or None."""
        command = [program("radosgw-admin", SETUP), "-c", str(self.folder / "ceph.conf"), *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout) if done.stdout.lstrip().startswith(("{", "[")) else None

    @contextmanager
    def user(self, uid: str, door: Server | None = None) -> Iterator[Server]:
        """A user without any rights on the buckets of others; the server as they see it. Removed with their buckets."""
        keys = replace(door or self.http, access_key_id=f"{uid}-key", secret_access_key=f"{uid}-secret-key")
        self.admin(
            "user", "create", f"--uid={uid}", f"--display-name={uid}",
            f"--access-key={keys.access_key_id}", f"--secret={keys.secret_access_key}",
        )  # fmt: skip
        try:
            yield keys
        finally:
            self.admin("user", "rm", f"--uid={uid}", "--purge-data")


@contextmanager
def radosgw(folder: Path, certificates: Certificates) -> Iterator[Radosgw]:
    """Run it until the block ends; a start takes about 15 seconds."""
    for name in PROGRAMS:
        program(name, SETUP)
    log = folder / "radosgw.log"
    # Unix sockets, of which Ceph makes some in its folder, have paths of 107 characters at most
    home = folder / "ceph"
    monitor, http, https, sts = (free_port() for _ in range(4))
    owner = Server(
        name="radosgw-http",
        endpoint_url=f"http://127.0.0.1:{http}",
        access_key_id="OWNERKEY",
        secret_access_key="owner-secret-key",
        log=log,
        traits=Traits(
            lets_aws_read_empty_files=False,
            knows_conditions_of_parts=False,  # overlooks them
            keeps_checksums=False,
        ),
    )
    ports = [str(port) for port in (monitor, http, https, sts)]
    command = [program("bash"), str(SCRIPT), str(home), *ports, str(certificates.cert), str(certificates.key)]
    with running(command, [http, https, sts], log, timeout_s=120):
        yield Radosgw(
            http=owner,
            https=replace(
                owner, name="radosgw-https", endpoint_url=f"https://127.0.0.1:{https}", ca_file=certificates.ca
            ),
            sts=replace(owner, name="radosgw-sts", endpoint_url=f"http://127.0.0.1:{sts}"),
            folder=home,
        )
