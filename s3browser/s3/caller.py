"""How every call goes out: over the one client, through the one retry loop, with its errors translated."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from s3browser.jobs.retry import RetryPolicy, retrying
from s3browser.model.store import Cancel
from s3browser.s3.config import S3Config
from s3browser.s3.session import build_client
from s3browser.s3.streams import UploadBody
from s3browser.s3.translate import Call, translated

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client as BotoClient

T = TypeVar("T")


class Caller:
    """Owns the client. Thread-safe; building it costs nothing and asks nobody."""

    def __init__(self, config: S3Config) -> None:
        self.config = config
        self.policy = RetryPolicy(max(1, config.max_attempts), max(0.0, config.max_backoff_s))
        self._lock = threading.Lock()
        self._client: BotoClient | None = None

    @property
    def server(self) -> str:
        """The server as errors name it."""
        return self.config.endpoint_url or "Amazon S3"

    def client(self) -> "BotoClient":
        """The boto3 client: built once, shared by every thread; raises what ``build_client`` raises."""
        with self._lock:
            if self._client is None:
                self._client = build_client(self.config, Call("connect", server=self.server))
            return self._client

    def close(self) -> None:
        """Close the idle connections. A later call builds a new client."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def run(
        self,
        call: Call,
        request: Callable[["BotoClient"], T],
        cancel: Cancel | None = None,
        *,
        max_attempts: int | None = None,
    ) -> T:
        """Return ``request(client)``; ``max_attempts`` can only lower the configured number."""
        client = self.client()
        policy = self.policy
        if max_attempts is not None:
            policy = replace(policy, max_attempts=min(policy.max_attempts, max_attempts))

        def attempt() -> T:
            with translated(call):
                return request(client)

        return retrying(attempt, policy, cancel)

    def send(
        self,
        call: Call,
        body: BinaryIO,
        size: int,
        cancel: Cancel | None,
        request: Callable[["BotoClient", Any], Mapping[str, Any]],
    ) -> Mapping[str, Any]:
        """Return ``request(client, body)``. What ``body`` raises comes out unchanged and ends it."""
        client = self.client()

        def attempt() -> Mapping[str, Any]:
            stream = UploadBody(body, size, cancel, call)
            try:
                with translated(call):
                    return request(client, stream if size else b"")
            except Exception:
                if stream.failure is not None:
                    raise stream.failure from stream.failure.__cause__
                raise

        return retrying(attempt, self.policy, cancel)
