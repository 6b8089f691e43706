import argparse
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.servers.certificates import Certificates
from tests.servers.moto import moto
from tests.servers.radosgw import radosgw
from tests.servers.rclone import rclone


def main() -> None:
    """Run a server until Enter or Ctrl-C, and say how to reach it."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=main.__doc__)
    parser.add_argument("kind", choices=["moto", "rclone", "radosgw"])
    kind = parser.parse_args().kind
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        certificates = Certificates.write(folder)
        if kind == "radosgw":
            ceph = stack.enter_context(radosgw(folder, certificates))
            servers = [ceph.http, ceph.https, ceph.sts]
        else:
            start = moto if kind == "moto" else rclone
            servers = []
            for name, tls in (("http", None), ("https", certificates)):
                (folder / name).mkdir()
                servers.append(stack.enter_context(start(folder / name, tls)))
        for server in servers:
            trust = f"  trust {server.ca_file}" if server.ca_file else ""
            print(f"{server.endpoint_url}  key {server.access_key_id}  secret {server.secret_access_key}{trust}")
        with suppress(EOFError, KeyboardInterrupt):
            input("Enter stops it.\n")


main()
