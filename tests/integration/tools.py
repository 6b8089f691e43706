"""The S3 programs of others, which have to read what we write and the other way round."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.servers.process import program
from tests.servers.server import Server


@dataclass(frozen=True)
class Tool:
    """One program that copies whole folders. ``refuses_keys`` are those of ``tests.awkward`` that it cannot copy."""

    name: ClassVar[str]
    refuses_keys: ClassVar[frozenset[str]] = frozenset()

    def upload(self, folder: Path, server: Server, bucket: str) -> None:
        """Copy everything in ``folder`` into the bucket."""
        raise NotImplementedError

    def download(self, server: Server, bucket: str, folder: Path) -> None:
        """Copy everything in the bucket into ``folder``."""
        raise NotImplementedError

    def _run(self, arguments: Sequence[str], server: Server, more: Mapping[str, str] | None = None) -> str:
        environment = {**os.environ, "LC_ALL": "C.UTF-8", **server.environment(), **(more or {})}
        done = subprocess.run(
            [program(self.name), *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{self.name} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout


class Rclone(Tool):
    """Its remote is made of variables; no configuration file is read."""

    name = "rclone"

    def upload(self, folder: Path, server: Server, bucket: str) -> None:
        self._copy(str(folder), f"there:{bucket}", server)

    def download(self, server: Server, bucket: str, folder: Path) -> None:
        self._copy(f"there:{bucket}", str(folder), server)

    def modified(self, server: Server, bucket: str) -> dict[str, str]:
        """When each object was last changed, as rclone sees it: key to RFC 3339."""
        return {each["Path"]: each["ModTime"] for each in json.loads(self._call(server, "lsjson", f"there:{bucket}"))}

    def _copy(self, source: str, target: str, server: Server) -> None:
        self._call(server, "copy", "--retries", "1", "--no-unicode-normalization", source, target)

    def _call(self, server: Server, command: str, *arguments: str) -> str:
        remote = {
            "TYPE": "s3",
            "PROVIDER": "Other",
            "ENV_AUTH": "true",
            "ENDPOINT": server.endpoint_url,
            "FORCE_PATH_STYLE": "true",
            "LIST_URL_ENCODE": "true",
        }
        variables = {f"RCLONE_CONFIG_THERE_{name}": value for name, value in remote.items()}
        trust = ["--ca-cert", str(server.ca_file)] if server.ca_file else []
        return self._run([command, "--config", "", *trust, *arguments], server, variables)


class AwsCli(Tool):
    """``aws s3``, with the settings of ``awscli.ini``."""

    name = "aws"

    def upload(self, folder: Path, server: Server, bucket: str) -> None:
        self._copy(str(folder), f"s3://{bucket}/", server)

    def download(self, server: Server, bucket: str, folder: Path) -> None:
        self._copy(f"s3://{bucket}/", str(folder), server)

    def _copy(self, source: str, target: str, server: Server) -> None:
        settings = {
            "AWS_CONFIG_FILE": str(Path(__file__).with_name("awscli.ini")),
            # or rclone's server and botocore wait a minute for each other after an empty file
            "BOTO_EXPERIMENTAL__NO_EMPTY_CONTINUE": "true",
        }
        self._run(["s3", "cp", "--recursive", "--only-show-errors", source, target], server, settings)


class S5cmd(Tool):
    """It asks for listings as they are, not URL-encoded, so that XML's own rules decide which names it sees."""

    name = "s5cmd"
    refuses_keys = frozenset({"control", "carriage-return", "long-segment"})  # the last: its suffix is one too many

    def upload(self, folder: Path, server: Server, bucket: str) -> None:
        self._copy(f"{folder}/", f"s3://{bucket}/", server)

    def download(self, server: Server, bucket: str, folder: Path) -> None:
        self._copy(f"s3://{bucket}/*", f"{folder}/", server)

    def _copy(self, source: str, target: str, server: Server) -> None:
        self._run(["--endpoint-url", server.endpoint_url, "--retry-count", "0", "cp", source, target], server)


TOOLS: tuple[Tool, ...] = (Rclone(), AwsCli(), S5cmd())
