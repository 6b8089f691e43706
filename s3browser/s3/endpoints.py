"""Where the requests for a bucket go, and with which keys: what boto3 would do, found out by asking it."""

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from s3browser.exceptions import S3CredentialsError, S3IntegrationError
from s3browser.s3.caller import Caller
from s3browser.s3.config import SecretText
from s3browser.s3.lines import Patience, Route, proxy_of, tls_context
from s3browser.s3.session import Access
from s3browser.s3.signing import NO_BODY, Keys, Signer, quoted_key
from s3browser.s3.translate import Call, translated
from s3browser.s3.wire import request_head

if TYPE_CHECKING:
    from ssl import SSLContext

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.credentials import Credentials

_PROBE_KEY = "k"
_EXPRESS = "s3express"
# Of the headers boto3 would send; the others hold a session's token.
_TELLING = ("authorization", "host", "user-agent")


class Endpoint:
    """The way to one bucket. Thread-safe.

    Attributes:
        route: the server, and the lines to it.
        host: the value of the Host header.
    """

    def __init__(
        self, route: Route, host: str, base: str, region: str, service: str, keys: Callable[[], Keys], agent: str
    ) -> None:
        self.route = route
        self.host = host
        self.where = (route, base, region, service)
        self._base = base
        self._prefix = f"{route.scheme}://{host}" if route.is_forwarded else ""
        self._signer = Signer(region, service)
        self._keys = keys
        self._agent = agent
        self.is_directory = service == _EXPRESS

    def request(self, method: str, key: str, query: str, headers: dict[str, str], payload: str = NO_BODY) -> memoryview:
        """The head of a signed request; ``headers`` (names in lower case) are added to.

        Raises:
            botocore's errors, where keys that expired could not be renewed.
        """
        path = f"{self._base}/{quoted_key(key)}"
        headers["host"] = self.host
        self._signer.sign(self._keys(), method, path, query, headers, payload)
        headers["user-agent"] = self._agent
        if self._prefix and self.route.proxy and self.route.proxy.authorization:
            headers["proxy-authorization"] = SecretText(self.route.proxy.authorization)
        return request_head(method, f"{self._prefix}{path}?{query}" if query else self._prefix + path, headers)


class Endpoints:
    """Finds endpoints and remembers them. Thread-safe; blocking at a bucket's first request only."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._lock = threading.Lock()
        self._access: Access | None = None
        self._endpoints: dict[str, Endpoint] = {}
        self._routes: dict[tuple[str, str, int], Route] = {}
        self._tls: SSLContext | None = None
        self._asking = threading.local()

    def of(self, call: Call) -> Endpoint:
        """The endpoint of the call's bucket.

        Raises:
            S3CredentialsError: the settings are wrong, or there are no keys.
            S3BucketError: no bucket can have this name.
        """
        endpoint = self._endpoints.get(call.bucket)
        if endpoint is not None:
            return endpoint
        with self._lock:
            endpoint = self._endpoints[call.bucket] = self._resolve(call)
        return endpoint

    def look_again(self, call: Call, refused: Endpoint) -> bool:
        """After a refusal that says that the bucket is elsewhere: learn where it is. Whether that is another place."""
        # boto3 follows such refusals, and remembers. A listing and not a HEAD: servers name their region in the body.
        with suppress(S3IntegrationError), translated(call):
            self._caller.client().list_objects_v2(Bucket=call.bucket, MaxKeys=1)
        with self._lock:
            known = self._endpoints.get(call.bucket)
            if known is None or known is refused:
                known = self._endpoints[call.bucket] = self._resolve(call)
        return known.where != refused.where

    def renew_keys(self, call: Call) -> bool:
        """Get new keys after some were refused as expired; whether their source has others."""
        credentials: Any = self._caller.access().credentials
        if not hasattr(credentials, "refresh_needed"):
            return False
        before = credentials.get_frozen_credentials()
        # botocore renews by the clock alone, which may be off; it has no public way to ask for more.
        with translated(call), credentials._refresh_lock:
            credentials._protected_refresh(is_mandatory=True)
        return bool(credentials.get_frozen_credentials() != before)

    def close(self) -> None:
        """Close the lines that rest, and forget what belongs to the client."""
        with self._lock:
            for route in self._routes.values():
                route.close()
            self._endpoints.clear()
            self._routes.clear()
            self._access, self._tls = None, None

    # ------------------------------------------------------------------ inside

    def _resolve(self, call: Call) -> Endpoint:
        access = self._caller.access()
        if access.credentials is None:
            raise call.error(S3CredentialsError, "NoCredentials")
        if access is not self._access:
            events: Any = access.client.meta.events
            events.register_first("before-send.s3.PutObject", self._catch)
            self._access = access
        url, headers = self._ask(call, access)
        scope = re.search(r"Credential=[^ ,]*/(\d{8})/([^/ ,]+)/([^/ ,]+)/aws4_request", headers["authorization"])
        assert scope is not None, "the client's configuration asks for signatures of version 4"
        region, service = scope[2], scope[3]
        parts = urlsplit(url)
        agent = re.sub(r"[^ -~]", "", headers.get("user-agent", "s3browser"))
        return Endpoint(
            self._route(parts.scheme, parts.hostname or "", parts.port, access),
            headers.get("host") or _host(parts.scheme, parts.hostname or "", parts.port),
            parts.path.removesuffix(f"/{_PROBE_KEY}"),
            region,
            service,
            self._keys_of(call, access, service),
            agent,
        )

    def _ask(self, call: Call, access: Access) -> tuple[str, Mapping[str, str]]:
        """Let the client make a request for the bucket, and catch it before it goes."""
        self._asking.caught = None
        self._asking.on = True
        try:
            with translated(call):
                access.client.put_object(Bucket=call.bucket, Key=_PROBE_KEY, Body=b"")
        finally:
            self._asking.on = False
        caught: tuple[str, Mapping[str, str]] = self._asking.caught
        return caught

    def _catch(self, request: "AWSPreparedRequest", **_: Any) -> "AWSResponse | None":
        if not getattr(self._asking, "on", False):
            return None
        from botocore.awsrequest import AWSResponse

        given: Any = request.headers
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else str(value)
            for name, value in given.items()
            if name.lower() in _TELLING
        }
        self._asking.caught = (request.url, headers)
        nothing: Any = {}
        return AWSResponse(request.url, 200, nothing, _Empty())

    def _route(self, scheme: str, host: str, given_port: int | None, access: Access) -> Route:
        port = given_port or (443 if scheme == "https" else 80)
        known = self._routes.get((scheme, host, port))
        if known is not None:
            return known
        from botocore.utils import get_environ_proxies

        config = self._caller.config
        if scheme == "https" and self._tls is None:
            self._tls = tls_context(access.verify)
        route = self._routes[scheme, host, port] = Route(
            scheme,
            host,
            port,
            Patience(config.connect_timeout_s, config.read_timeout_s),
            self._tls if scheme == "https" else None,
            proxy_of(scheme, get_environ_proxies(f"{scheme}://{_host(scheme, host, given_port)}")),
        )
        return route

    def _keys_of(self, call: Call, access: Access, service: str) -> Callable[[], Keys]:
        credentials: Credentials | None = access.credentials
        if service == _EXPRESS:
            from botocore.credentials import RefreshableCredentials
            from botocore.utils import S3ExpressIdentityCache

            cache = S3ExpressIdentityCache(access.client, RefreshableCredentials)
            with translated(call):
                credentials = cache.get_credentials(call.bucket)
        source: Any = credentials
        known: list[tuple[Any, Keys]] = []

        def keys() -> Keys:
            frozen = source.get_frozen_credentials()
            if not known or known[0][0] != frozen:
                token = SecretText(frozen.token) if frozen.token else None
                known[:] = [(frozen, Keys(frozen.access_key, SecretText(frozen.secret_key), token))]
            return known[0][1]

        return keys


class _Empty:
    """The body of an answer that never was, as botocore reads it."""

    def stream(self, *_: object, **__: object) -> list[bytes]:
        return []


def _host(scheme: str, host: str, port: int | None) -> str:
    """As the Host header has it."""
    named = f"[{host}]" if ":" in host else host
    is_usual = port in (None, 443 if scheme == "https" else 80)
    return named if is_usual else f"{named}:{port}"
