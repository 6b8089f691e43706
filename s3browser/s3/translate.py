"""From what botocore raises to the errors of ``s3browser.exceptions``.

The error code decides; where there is none (a HEAD has no body, some servers send none), the HTTP status; where there
was no answer, the type of the exception. What all of this leaves untouched is a fault of ours. The tables are in
``codes.py``. Classes are compared by name, so that this module does not load botocore.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, NamedTuple

from s3browser.exceptions import S3AccessDeniedError, S3CredentialsError, S3IntegrationError, Words
from s3browser.model.locations import S3Location
from s3browser.model.text import duration_text
from s3browser.s3.codes import (
    BAD_BUCKET,
    BUSY,
    BY_CAUSE,
    BY_CODE,
    BY_STATUS,
    BY_TYPE,
    CLOCK,
    ELSEWHERE,
    NO_BUCKET,
    NOT_S3,
    UNKNOWN,
    Meaning,
)
from s3browser.s3.permissions import missing_permission
from s3browser.s3.redact import redact

# Amazon and its followers refuse a request that is signed further off than this.
MAX_CLOCK_SKEW_S = 15 * 60
_MAX_MESSAGE = 1000
# With these a web server's page shows that it is none of S3's; a gateway in front of S3 sends pages with others.
# 500 is what botocore makes of a page that came with 200.
_HTML_STATUSES = (400, 401, 403, 404, 405, 500)
# They need no object: what is not there is the bucket.
_BUCKET_CALLS = ("ListObjects", "HeadBucket", "PutObject", "CreateMultipartUpload")


class Call(NamedTuple):
    """What is tried on what, for the words of an error: a key of ``exceptions.TITLES``, and the place or the server."""

    operation: str
    bucket: str = ""
    key: str = ""
    server: str = ""

    @property
    def target(self) -> str:
        """As errors show it."""
        return str(S3Location(self.bucket, self.key)) if self.bucket else self.server

    def error(self, kind: type[S3IntegrationError], code: str | None = None, **more: Any) -> S3IntegrationError:
        """An error of this call that no exception of botocore stands for."""
        return kind(self.operation, self.target, code, **more)


class translated:  # noqa: N801 (a context, like suppress; made by hand, it costs a small file less)
    """Raise the program's errors instead of botocore's. Nothing but calls into botocore belongs inside."""

    __slots__ = ("_call",)

    def __init__(self, call: Call) -> None:
        self._call = call

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, Exception) or (ours := translate(error, self._call)) is None:
            return
        # A server may repeat what it was sent, and the cause shows in tracebacks.
        error.args = tuple(redact(part) if isinstance(part, str) else part for part in error.args)
        raise ours from error


def translate(error: Exception, call: Call) -> S3IntegrationError | None:
    """The program's error for one of botocore's, or None where it is not an expected failure."""
    if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in ("botocore", "urllib3"):
        return None
    if isinstance(response := getattr(error, "response", None), Mapping):
        return from_answer(response, getattr(error, "operation_name", ""), call)
    meaning = _without_answer(error)
    return _build(meaning, call, meaning.code, reason=meaning.words) if meaning else None


def clock_ahead_s(headers: Mapping[str, str]) -> float:
    """How far this computer's clock is ahead of the server's, in seconds; 0 where the server does not say."""
    try:
        theirs = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return 0.0
    # "-0000" parses as naive: UTC without saying where the sender is
    return (datetime.now(UTC) - theirs.replace(tzinfo=theirs.tzinfo or UTC)).total_seconds()


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long the server asked to wait, in seconds, or None."""
    for name, unit_s in (("x-amz-retry-after", 0.001), ("retry-after", 1.0)):
        text = headers.get(name, "")
        if text.isascii() and text.isdigit():
            return int(text) * unit_s
    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def from_answer(response: Mapping[str, Any], api: str, call: Call) -> S3IntegrationError:
    """The error for a refusal of ``api`` (``PutObject``); ``response`` is what botocore's ``ClientError`` holds."""
    problem: Mapping[str, Any] = response.get("Error") or {}
    metadata: Mapping[str, Any] = response.get("ResponseMetadata") or {}
    headers: Mapping[str, str] = metadata.get("HTTPHeaders") or {}
    status: int | None = metadata.get("HTTPStatusCode")
    named = str(problem.get("Code") or "")
    if named.isdigit() or named == "Unknown":
        # botocore's stand-in for a code that was not there
        status = status or (int(named) if named.isdigit() else None)
        named = ""
    message = redact(str(problem.get("Message") or ""))[:_MAX_MESSAGE]
    region = str(problem.get("Region") or headers.get("x-amz-bucket-region") or "")
    meaning = _of_answer(named, status, headers, api, call)
    words = meaning.words
    ahead_s = clock_ahead_s(headers)
    if named == "AuthorizationHeaderMalformed" and region:
        meaning = ELSEWHERE
    if abs(ahead_s) > MAX_CLOCK_SKEW_S and issubclass(meaning.error, S3AccessDeniedError | S3CredentialsError):
        # Some servers refuse with another code, and a HEAD's refusal has none: so far off, it is the clock.
        meaning = CLOCK
    if meaning == CLOCK and abs(ahead_s) > 60:
        direction = "ahead" if ahead_s > 0 else "behind"
        words = Words(
            f"This computer’s clock is {duration_text(abs(ahead_s))} {direction}, so the server refuses to answer.",
            "Set the clock to the right time, then try again.",
        )
    elif meaning == ELSEWHERE and region:
        what = "The bucket" if call.bucket else "The server"
        words = Words(
            f"{what} is in the region “{region}” and could not be reached with these settings.",
            f"Enter “{region}” as the region in the connection.",
        )
    more: dict[str, Any] = {}
    if issubclass(meaning.error, S3AccessDeniedError) and meaning.code is None and words is None:
        permission = missing_permission(api, call.bucket, call.key, message)
        if permission is not None:
            more = {"permission": permission.action, "resource": permission.resource}
    return _build(
        meaning,
        call,
        meaning.code or named or None,
        status,
        metadata.get("RequestId") or headers.get("x-amz-request-id") or None,
        reason=words,
        server_message=message or None,
        retry_after_s=retry_after_s(headers),
        **more,
    )


def _of_answer(named: str, status: int | None, headers: Mapping[str, str], api: str, call: Call) -> Meaning:
    if named in BY_CODE:
        return BY_CODE[named]
    if status is None:
        return UNKNOWN
    # The type of a HEAD's missing body says nothing: some S3 servers leave their framework's.
    is_page = "text/html" in headers.get("content-type", "") and not api.startswith("Head")
    if not named and status in _HTML_STATUSES and is_page:
        return NOT_S3
    if status == 404 and (not call.key or api.startswith(_BUCKET_CALLS)):
        return NO_BUCKET if call.bucket else NOT_S3
    return BY_STATUS.get(status, BUSY if status >= 500 else UNKNOWN)


def _without_answer(error: Exception) -> Meaning | None:
    if "ParamValidationError" in _names(error):
        # A bucket's name comes from the user; every other wrong parameter is a fault of ours.
        return BAD_BUCKET if "Invalid bucket name" in str(error) else None
    if type(error).__name__ == "HTTPClientError" and not _is_of_the_line(getattr(error, "kwargs", {}).get("error")):
        return None
    inside = set().union(*(_names(cause) for cause in _causes(error)))
    cause = next((meaning for name, meaning in BY_CAUSE.items() if name in inside), None)
    return cause or next((BY_TYPE[name] for name in _lineage(error) if name in BY_TYPE), None)


def _is_of_the_line(error: object) -> bool:
    """Whether it is no fault of ours: botocore wraps whatever is raised while it sends."""
    if not isinstance(error, Exception) or isinstance(error, OSError):
        return True
    return type(error).__module__.partition(".")[0] in ("botocore", "http", "urllib3")


def _build(
    meaning: Meaning,
    call: Call,
    code: str | None,
    status: int | None = None,
    request_id: str | None = None,
    *,
    reason: Words | None,
    **more: Any,
) -> S3IntegrationError:
    if reason is not None:
        more.update(reason=reason.reason, hint=reason.hint)
    return meaning.error(call.operation, call.target, code, status, request_id, **more)


def _lineage(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def _names(error: BaseException) -> set[str]:
    return set(_lineage(error))


def _causes(error: BaseException) -> list[BaseException]:
    """The error and everything it wraps, which botocore and urllib3 keep in different places.

    ``__context__`` is left out: it also holds errors that were merely being handled.
    """
    found = [error]
    for here in found:
        wrapped = [
            here.__cause__,
            getattr(here, "kwargs", {}).get("error"),
            getattr(here, "reason", None),
            *here.args,
        ]
        found += [one for one in wrapped if isinstance(one, BaseException) and one not in found]
    return found
