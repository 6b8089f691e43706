"""Requests that go past boto3, with its endpoints, keys and errors."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from s3browser.exceptions import S3BucketError, S3ConnectionError, S3CredentialsError, S3IntegrationError
from s3browser.jobs.pace import Throttle
from s3browser.model.store import Cancel, Sent
from s3browser.s3.bodies import UploadBody
from s3browser.s3.endpoints import Endpoint, Endpoints
from s3browser.s3.lines import LineError
from s3browser.s3.signing import NO_BODY, UNSIGNED
from s3browser.s3.translate import Call, from_answer, translated
from s3browser.s3.wire import Answer, Body, exchange


class Request:
    """One request, for as many attempts as it takes.

    Attributes:
        key: the object it is for; empty where the bucket itself is asked, whatever the call is about.
        may_be_done: the server may have done it though its answer was lost.
    """

    __slots__ = ("api", "body", "call", "cancel", "key", "may_be_done", "method", "on_sent", "query")

    def __init__(
        self,
        call: Call,
        method: str,
        api: str,
        query: str = "",
        body: UploadBody | None = None,
        cancel: Cancel | None = None,
        on_sent: Sent | None = None,
        key: str | None = None,
    ) -> None:
        self.call = call
        self.method = method
        self.api = api
        self.query = query
        self.body = body
        self.cancel = cancel
        self.on_sent = on_sent
        self.key = call.key if key is None else key
        self.may_be_done = False


class Direct:
    """Sends requests for objects. Thread-safe; closed with its ``endpoints``."""

    def __init__(self, endpoints: Endpoints, throttle: Throttle) -> None:
        self._endpoints = endpoints
        self._throttle = throttle

    def is_directory(self, call: Call) -> bool:
        """Whether the call's bucket is a directory bucket; raises what ``Endpoints.of`` raises."""
        return self._endpoints.of(call).is_directory

    def ask(self, request: Request, headers: Mapping[str, str]) -> Answer:
        """The good answer to one attempt; the caller closes it.

        A bucket that is elsewhere is followed, and keys that expired are renewed, once each.

        Raises:
            S3IntegrationError: what the server refused with, or why there was no answer.
            Cancelled: soon after the request's ``cancel`` was set.
            Exception: what the body raised.
        """
        call = request.call
        may_move = may_renew = True
        while True:
            endpoint = self._endpoints.of(call)
            try:
                return self._ask(endpoint, request, headers)
            except S3BucketError as error:
                if error.code != "PermanentRedirect" or not may_move:
                    raise
                may_move = False
                if not self._endpoints.look_again(call, endpoint):
                    raise
            except S3CredentialsError as error:
                if error.code != "ExpiredToken" or error.status is None or not may_renew:
                    raise
                may_renew = False
                if not self._endpoints.renew_keys(call):
                    raise

    def _ask(self, endpoint: Endpoint, request: Request, given: Mapping[str, str]) -> Answer:
        call, body = request.call, request.body
        headers = dict(given)
        size = 0
        content: Body = b""
        if request.method == "PUT":
            assert body is not None
            size, content = body.size, body.content
            headers["content-length"] = str(size)
        try:
            with translated(call):
                head = endpoint.request(
                    request.method, request.key, request.query, headers, UNSIGNED if size else NO_BODY
                )
                answer = exchange(endpoint.route, head, content, size, self._throttle, request.cancel, request.on_sent)
        except S3IntegrationError as error:
            if body is not None and body.failure is not None:
                raise body.failure from body.failure.__cause__
            request.may_be_done = request.may_be_done or error.retryable
            raise
        request.may_be_done = request.may_be_done or answer.was_repeated
        if answer.status in (200, 201, 204, 206):
            return answer
        with answer:
            refused = refusal(answer, request.api, call)
        request.may_be_done = request.may_be_done or refused.retryable
        raise refused


def refusal(answer: Answer, api: str, call: Call) -> S3IntegrationError:
    """The error for an answer that is no good one."""
    try:
        body = answer.read()
    except LineError:
        body = b""
    return refusal_in(body, answer.status, answer.headers, api, call)


def refusal_in(body: bytes, status: int, headers: Mapping[str, str], api: str, call: Call) -> S3IntegrationError:
    """The error that is written in the body of an answer, or that its status stands for."""
    from botocore.parsers import ResponseParserError, RestXMLParser

    response: Mapping[str, Any] = {}
    no_shape: Any = None
    if status >= 301:  # what botocore takes for an error
        with suppress(ResponseParserError):
            response = RestXMLParser().parse({"status_code": status, "headers": headers, "body": body}, no_shape)
    problem = response.get("Error")
    metadata = {"RequestId": response.get("ResponseMetadata", {}).get("RequestId")}
    metadata |= {"HTTPStatusCode": status, "HTTPHeaders": headers}
    return from_answer(
        {"Error": problem if isinstance(problem, Mapping) else {}, "ResponseMetadata": metadata}, api, call
    )


def require_s3(answer: Answer, call: Call) -> None:
    """Refuse the good answer of something that is no S3 server: a page to sign in to a network, for example."""
    if "etag" not in answer.headers and "text/html" in answer.headers.get("content-type", ""):
        raise call.error(S3ConnectionError, "NotS3", status=answer.status)
