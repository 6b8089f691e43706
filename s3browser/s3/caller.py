"""How every call goes out: over the one client, through the one retry loop, with its errors translated."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from s3browser.exceptions import S3IntegrationError
from s3browser.jobs.pace import Pace
from s3browser.jobs.retry import RetryPolicy, retrying
from s3browser.model.store import Cancel
from s3browser.s3.config import S3Config
from s3browser.s3.session import MAX_POOL_CONNECTIONS, Access, open_access
from s3browser.s3.translate import Call, translated

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client as BotoClient

T = TypeVar("T")


class Caller:
    """Owns the client and the pace of the server. Thread-safe; building it costs nothing and asks nobody."""

    def __init__(self, config: S3Config) -> None:
        self.config = config
        self.policy = RetryPolicy(max(1, config.max_attempts), max(0.0, config.max_backoff_s))
        self._lock = threading.Lock()
        self._access: Access | None = None
        self.pace = Pace(MAX_POOL_CONNECTIONS)

    @property
    def server(self) -> str:
        """The server as errors name it."""
        return self.config.endpoint_url or "Amazon S3"

    def access(self) -> Access:
        """The client and its keys: built once, shared by every thread; raises what ``open_access`` raises."""
        access = self._access
        if access is not None:
            return access
        with self._lock:
            if self._access is None:
                self._access = open_access(self.config, Call("connect", server=self.server))
            return self._access

    def client(self) -> "BotoClient":
        """The boto3 client; as ``access``."""
        return self.access().client

    def close(self) -> None:
        """Close the idle connections. A later call builds a new client."""
        with self._lock:
            access, self._access = self._access, None
        if access is not None:
            access.client.close()

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
            try:
                with translated(call):
                    return request(client)
            except S3IntegrationError as error:
                self.pace.heed(error)
                raise

        return retrying(attempt, policy, cancel)
