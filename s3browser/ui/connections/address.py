"""A server's address as people type it. Pure functions."""

import ipaddress
from urllib.parse import urlsplit


def parse_address(text: str) -> str:
    """The endpoint's URL of what was typed; without a scheme it is ``https``.

    Raises:
        ValueError: it is no address of a server; with words for a person.
    """
    trimmed = text.strip()
    if not trimmed:
        raise ValueError("Enter the server’s address.")
    if "://" not in trimmed:
        trimmed = f"https://{trimmed}"
    try:
        parts = urlsplit(trimmed)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("The address isn’t complete. It looks like storage.example.com:9000.") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise ValueError("The address begins with https:// (or http://).")
    if "@" in parts.netloc:
        raise ValueError("Leave user name and password out of the address.")
    if not host or any(character.isspace() for character in trimmed) or port == 0:
        raise ValueError("The address isn’t complete. It looks like storage.example.com:9000.")
    if parts.query or parts.fragment:
        raise ValueError("Leave out what follows “?” or “#”.")
    return f"{parts.scheme.lower()}://{parts.netloc}{parts.path}".rstrip("/")


def is_exposed(url: str) -> bool:
    """Whether bytes would cross a network unencrypted: ``http`` to another computer than this one."""
    parts = urlsplit(url)
    if parts.scheme != "http":
        return False
    host = parts.hostname or ""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return not (host == "localhost" or host.endswith(".localhost"))
