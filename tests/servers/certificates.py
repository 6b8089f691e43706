from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files of a throw-away authority and of a server's certificate by it."""

    ca: Path
    cert: Path
    key: Path

    @classmethod
    def write(cls, folder: Path, *hosts: str) -> "Certificates":
        """Make a new authority and a certificate for ``hosts`` (none: this computer), and write them."""
        authority = trustme.CA()
        server = authority.issue_cert(*(hosts or ("localhost", "127.0.0.1")))
        files = cls(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
        authority.cert_pem.write_to_path(files.ca)
        server.private_key_pem.write_to_path(files.key)
        for link in server.cert_chain_pems:
            link.write_to_path(files.cert, append=True)
        return files
