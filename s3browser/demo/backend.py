"""The demo's server itself, inside its own process. The door to moto."""

import datetime
import io
import os
import threading
from collections.abc import Iterable
from typing import Any

# Read by moto while it is imported. No CORS: no web page has any business with this server.
os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = "true"

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from s3browser.demo import samples

_SERVICES = frozenset({"s3", "sts"})
_HOSTS = frozenset({"127.0.0.1", "localhost"})


def serve(region: str) -> int:
    """Fill the buckets, created in that region, and serve them from a daemon thread.

    Returns:
        The port on 127.0.0.1, already listening.
    """
    seed(datetime.datetime.now(datetime.UTC), region)
    server = make_server("127.0.0.1", 0, Gate(_application()), threaded=True, request_handler=_QuietHandler)
    threading.Thread(target=server.serve_forever, name="demo-server", daemon=True).start()
    return server.server_port


def seed(now: datetime.datetime, region: str) -> None:
    """Put the samples straight into moto: 5,000 requests would take half a minute."""
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    stored_at = now.replace(tzinfo=None)  # moto counts in UTC without saying so
    for bucket in samples.BUCKETS:
        made = backend.create_bucket(bucket.name, region)
        made.creation_date = stored_at - bucket.age
        if bucket.versioned:
            backend.put_bucket_versioning(bucket.name, "Enabled")
    for sample in samples.samples():
        if sample.body is None:
            backend.delete_object(sample.bucket, sample.key)
            backend.get_bucket(sample.bucket).keys[sample.key].last_modified = stored_at - sample.age
            continue
        stored = backend.put_object(
            sample.bucket, sample.key, sample.body, storage=sample.storage_class, disable_notification=True
        )
        stored.last_modified = stored_at - sample.age
        stored.set_metadata({"Content-Type": sample.content_type, **_as_headers(sample.metadata)})
        if sample.tags:
            backend.put_object_tagging(stored, sample.tags)


class Gate:
    """A WSGI application before moto's: one request at a time, whole ones only, and only our own.

    Moto's dictionaries and buffers know no lock: a listing beside an upload fails, and two readers of one object get
    each other's bytes. The body is received before the lock is taken, so that a slow line delays nobody else.
    """

    def __init__(self, application: Any) -> None:
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request; any thread."""
        # A web page that gives its own name our address (DNS rebinding) still sends its own name.
        if environ.get("HTTP_HOST", "").rpartition(":")[0] not in _HOSTS:
            return Response("This server is for this computer only.", 403)(environ, start_response)
        body = _receive(environ)
        if body is None:
            return Response("The request broke off.", 400)(environ, start_response)
        environ["wsgi.input"] = io.BytesIO(body)
        with self._lock:
            answer = self._application(environ, start_response)
            try:
                return list(answer)
            finally:
                getattr(answer, "close", lambda: None)()


def _receive(environ: dict[str, Any]) -> bytes | None:
    """The request's body, or None where the line broke before its end."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):  # chunked
        try:
            return bytes(stream.read())
        except OSError:
            return None
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = bytes(stream.read(length)) if length else b""
    return body if len(body) == length else None


def _application() -> DomainDispatcherApplication:
    def create(service: Any) -> Any:
        if service not in _SERVICES:
            return Response("The demo serves S3 only.", 404)
        return create_backend_app(service)

    application = DomainDispatcherApplication(create)
    application.app_instances["s3"] = create("s3")  # now, and not within the first request
    return application


def _as_headers(metadata: dict[str, str]) -> dict[str, str]:
    return {f"x-amz-meta-{name}": value for name, value in metadata.items()}


class _QuietHandler(MotoRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Nobody reads the demo's log of requests."""
