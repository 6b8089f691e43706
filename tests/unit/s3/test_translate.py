import builtins
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import botocore.exceptions as boto
import pytest
import urllib3.exceptions as urllib
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from s3browser import exceptions as ours
from s3browser.exceptions import TITLES, S3AccessDeniedError, S3IntegrationError
from s3browser.s3 import codes, lines
from s3browser.s3.translate import Call, clock_ahead_s, retry_after_s, translate, translated

CALL = Call("upload", "bucket", "a/report.pdf")
URL = "https://s3.example.org"


def refusal(
    code: str | None,
    status: int | None,
    message: str | None = None,
    *,
    api: str = "PutObject",
    headers: Mapping[str, str] | None = None,
    **more: str,
) -> ClientError:
    response: dict[str, Any] = {
        "Error": {"Code": code, "Message": message, **more},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": dict(headers or {}), "RequestId": "R-1"},
    }
    return ClientError(response, api)  # type: ignore[arg-type]


def translation(error: Exception, call: Call = CALL) -> S3IntegrationError:
    result = translate(error, call)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("code", "status", "reference", "words"),
    [
        ("InvalidAccessKeyId", 403, "sign-in-failed", "does not know this access key"),
        ("InvalidClientTokenId", 403, "sign-in-failed", "does not know this access key"),
        ("SignatureDoesNotMatch", 403, "sign-in-failed", "does not belong"),
        ("ExpiredToken", 400, "sign-in-failed", "has expired"),
        ("ExpiredTokenException", 400, "sign-in-failed", "has expired"),
        ("TokenRefreshRequired", 400, "sign-in-failed", "has expired"),
        ("RequestExpired", 400, "sign-in-failed", "has expired"),
        ("InvalidToken", 400, "sign-in-failed", "session token"),
        ("AuthorizationHeaderMalformed", 400, "sign-in-failed", "access key"),
        ("MissingAuthenticationToken", 403, "sign-in-failed", "no keys"),
        ("NotSignedUp", 403, "sign-in-failed", "account"),
        ("RequestTimeTooSkewed", 403, "sign-in-failed", "clock is wrong"),
        ("AccessDenied", 403, "access-denied", "not allowed"),
        ("AccessDenied", 400, "access-denied", "not allowed"),
        ("UserSuspended", 403, "access-denied", "suspended"),
        ("QuotaExceeded", 403, "access-denied", "full"),
        ("AccountProblem", 403, "access-denied", "account"),
        ("TooManyBuckets", 400, "access-denied", "more buckets"),
        ("NoSuchBucket", 404, "bucket-unusable", "no bucket with this name"),
        ("InvalidBucketName", 400, "bucket-unusable", "does not allow this bucket name"),
        ("BucketAlreadyExists", 409, "bucket-unusable", "somebody else"),
        ("BucketAlreadyOwnedByYou", 409, "bucket-unusable", "already have"),
        ("PermanentRedirect", 301, "bucket-unusable", "another region"),
        ("IllegalLocationConstraintException", 400, "bucket-unusable", "another region"),
        ("InvalidLocationConstraint", 400, "bucket-unusable", "no such region"),
        ("BucketNotEmpty", 409, "conflict", "still holds files"),
        ("NoSuchKey", 404, "file-not-found", "no longer there"),
        ("NoSuchVersion", 404, "file-not-found", "no longer there"),
        ("NoSuchUpload", 404, "file-not-found", "no longer there"),
        ("PreconditionFailed", 412, "conflict", "changed it"),
        ("InvalidObjectState", 403, "archived", "archive"),
        ("KeyTooLongError", 400, "upload-failed", "can’t store a file with this name"),
        ("EntityTooLarge", 400, "upload-failed", "larger than S3 allows"),
        ("SlowDown", 503, "server-busy", "busy"),
        ("InternalError", 500, "server-busy", "busy"),
        ("InternalError", 200, "server-busy", "busy"),
        ("OperationAborted", 409, "server-busy", "busy"),
        ("RequestTimeout", 400, "no-connection", "too long"),
        ("BadDigest", 400, "damaged-in-transit", "damaged"),
        ("XAmzContentSHA256Mismatch", 400, "damaged-in-transit", "damaged"),
        ("NotImplemented", 501, "not-supported", "does not offer"),
        ("MissingContentLength", 411, "not-supported", "does not offer"),
        # unknown codes: the status decides
        ("SomethingNew", 403, "access-denied", "not allowed"),
        ("SomethingNew", 404, "file-not-found", "no longer there"),
        ("SomethingNew", 409, "conflict", "changed it"),
        ("SomethingNew", 502, "server-busy", "busy"),
        ("SomethingNew", 400, "s3-error", "answered with an error"),
        ("SomethingNew", None, "s3-error", "answered with an error"),
        # none, or botocore's stand-ins for none
        ("", 403, "access-denied", "not allowed"),
        (None, 403, "access-denied", "not allowed"),
        ("Unknown", 401, "sign-in-failed", "did not accept"),
        ("403", 403, "access-denied", "not allowed"),
        ("404", None, "file-not-found", "no longer there"),
        ("400", 400, "s3-error", "answered with an error"),
        ("301", 301, "bucket-unusable", "another region"),
        ("307", 307, "bucket-unusable", "another region"),
        ("405", 405, "not-supported", "does not offer"),
        ("407", 407, "no-connection", "proxy"),
        ("408", 408, "no-connection", "too long"),
        ("411", 411, "not-supported", "does not offer"),
        ("412", 412, "conflict", "changed it"),
        ("413", 413, "upload-failed", "larger"),
        ("414", 414, "upload-failed", "name"),
        ("429", 429, "server-busy", "busy"),
        ("500", 500, "server-busy", "busy"),
        ("501", 501, "not-supported", "does not offer"),
        ("503", 503, "server-busy", "busy"),
        ("507", 507, "access-denied", "full"),
    ],
)
def test_an_answer(code: str | None, status: int | None, reference: str, words: str) -> None:
    error = translation(refusal(code, status, api="GetObject"))
    assert (error.reference, error.status or status, error.request_id) == (reference, error.status, "R-1")
    assert words in error.reason
    assert error.target == "s3://bucket/a/report.pdf"
    assert error.operation == "upload"


@pytest.mark.parametrize(
    ("error", "reference", "code"),
    [
        (boto.NoCredentialsError(), "sign-in-failed", "NoCredentials"),
        (boto.PartialCredentialsError(provider="env", cred_var="x"), "sign-in-failed", "PartialCredentials"),
        (boto.ProfileNotFound(profile="work"), "sign-in-failed", "ProfileNotFound"),
        (boto.ConfigParseError(path="/x"), "sign-in-failed", "ConfigParseError"),
        (boto.UnauthorizedSSOTokenError(), "sign-in-failed", "ExpiredToken"),
        (boto.SSOTokenLoadError(profile_name="x", error_msg="y"), "sign-in-failed", "ExpiredToken"),
        (boto.TokenRetrievalError(provider="sso", error_msg="x"), "sign-in-failed", "ExpiredToken"),
        (boto.LoginRefreshRequired(), "sign-in-failed", "ExpiredToken"),
        (boto.CredentialRetrievalError(provider="x", error_msg="y"), "sign-in-failed", "CredentialRetrievalError"),
        (boto.MetadataRetrievalError(error_msg="x"), "sign-in-failed", "NoCredentials"),
        (boto.RefreshWithMFAUnsupportedError(), "sign-in-failed", "MfaRequired"),
        (boto.InfiniteLoopConfigError(source_profile="a", visited_profiles=[]), "sign-in-failed", "InvalidConfig"),
        (boto.InvalidRegionError(region_name="?"), "sign-in-failed", "InvalidRegion"),
        (boto.FlexibleChecksumError(error_msg="x"), "damaged-in-transit", None),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), "damaged-in-transit", "IncompleteRead"),
        (ResponseParserError("x"), "no-connection", "NotS3"),
        (boto.ConnectionClosedError(endpoint_url=URL), "no-connection", None),
        (boto.ResponseStreamingError(error="x"), "no-connection", None),
        (boto.HTTPClientError(error="x"), "no-connection", None),
        (boto.EndpointConnectionError(endpoint_url=URL, error="x"), "no-connection", None),
        (boto.ConnectTimeoutError(endpoint_url=URL), "no-connection", "Timeout"),
        (boto.ReadTimeoutError(endpoint_url=URL), "no-connection", "Timeout"),
        (boto.ProxyConnectionError(proxy_url="http://proxy"), "no-connection", "Proxy"),
        (boto.SSLError(endpoint_url=URL, error=ssl.SSLCertVerificationError(1, "self-signed")),
         "certificate-not-trusted", None),
        (boto.SSLError(endpoint_url=URL, error=ssl.SSLError(1, "WRONG_VERSION_NUMBER")), "no-connection", "TLS"),
        (boto.SSLError(endpoint_url=URL, error=ssl.SSLEOFError(8, "EOF")), "no-connection", None),
        (boto.EndpointConnectionError(endpoint_url=URL, error=socket.gaierror(-2, "x")),
         "no-connection", "UnknownHost"),
        (boto.EndpointConnectionError(endpoint_url=URL, error=ConnectionRefusedError(111, "x")),
         "no-connection", "ConnectionRefused"),
        (boto.HTTPClientError(error=urllib.LocationParseError("a..b")), "no-connection", "UnknownHost"),
        (urllib.ProtocolError("broken", ConnectionResetError(104, "x")), "no-connection", None),
        (urllib.ReadTimeoutError(None, "", "x"), "no-connection", "Timeout"),  # type: ignore[arg-type]
        (ConnectionResetError(104, "x"), "no-connection", None),
        (TimeoutError("x"), "no-connection", "Timeout"),
        (boto.ParamValidationError(report='Invalid bucket name "ä"'), "bucket-unusable", "InvalidBucketName"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)  # fmt: skip
def test_no_answer(error: Exception, reference: str, code: str | None) -> None:
    result = translation(error)
    assert (result.reference, result.code) == (reference, code)
    assert result.status is None


@pytest.mark.parametrize(
    "error",
    [
        ValueError("ours"),
        KeyError("ours"),
        boto.ParamValidationError(report="Missing required parameter"),
        boto.DataNotFoundError(data_path="x"),
        FileNotFoundError(2, "local"),
        OSError(28, "No space left on device"),
        PermissionError(13, "local"),
        ours.Cancelled(),
        ours.S3UploadError("upload"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_not_botocores_passes(error: Exception) -> None:
    assert translate(error, CALL) is None
    with pytest.raises(type(error)) as caught, translated(CALL):
        raise error
    assert caught.value is error


def test_the_cause_is_kept() -> None:
    error = refusal("NoSuchKey", 404)
    with pytest.raises(ours.S3FileNotFoundError) as caught, translated(CALL):
        raise error
    assert caught.value.__cause__ is error


def test_a_cause_at_any_depth() -> None:
    deep = urllib.NewConnectionError(None, "x")  # type: ignore[arg-type]
    deep.__cause__ = ConnectionRefusedError(111, "refused")
    error = boto.EndpointConnectionError(endpoint_url=URL, error=urllib.MaxRetryError(None, URL, deep))  # type: ignore[arg-type]
    assert translation(error).code == "ConnectionRefused"


def test_causes_in_a_circle_end() -> None:
    error = boto.HTTPClientError(error="x")
    error.__cause__ = ValueError(error)
    assert translation(error).reference == "no-connection"


@pytest.mark.parametrize("fault", [ValueError("Invalid header value"), TypeError("bad"), KeyError("x")])
def test_a_fault_of_ours_is_no_trouble_on_the_line(fault: Exception) -> None:
    assert translate(boto.HTTPClientError(error=fault), CALL) is None


def test_what_was_merely_being_handled_does_not_count() -> None:
    error = boto.ReadTimeoutError(endpoint_url=URL)
    error.__context__ = ConnectionRefusedError(111, "an earlier attempt")
    assert translation(error).code == "Timeout"


def test_a_certificate_is_never_tried_again() -> None:
    error = boto.SSLError(endpoint_url=URL, error=ssl.SSLCertVerificationError(1, "self-signed"))
    assert translation(error).retryable is False


@pytest.mark.parametrize(
    ("api", "action", "resource"),
    [
        ("PutObject", "s3:PutObject", "arn:aws:s3:::bucket/a/report.pdf"),
        ("UploadPart", "s3:PutObject", "arn:aws:s3:::bucket/a/report.pdf"),
        ("HeadObject", "s3:GetObject", "arn:aws:s3:::bucket/a/report.pdf"),
        ("GetObject", "s3:GetObject", "arn:aws:s3:::bucket/a/report.pdf"),
        ("DeleteObject", "s3:DeleteObject", "arn:aws:s3:::bucket/a/report.pdf"),
        ("DeleteObjects", "s3:DeleteObject", "arn:aws:s3:::bucket/*"),
        ("AbortMultipartUpload", "s3:AbortMultipartUpload", "arn:aws:s3:::bucket/a/report.pdf"),
        ("ListObjectsV2", "s3:ListBucket", "arn:aws:s3:::bucket"),
        ("HeadBucket", "s3:ListBucket", "arn:aws:s3:::bucket"),
        ("CreateBucket", "s3:CreateBucket", "arn:aws:s3:::bucket"),
        ("ListBuckets", "s3:ListAllMyBuckets", "*"),
        ("AssumeRole", "sts:AssumeRole", "*"),
        ("PutSomethingNew", None, None),
    ],
)
def test_the_missing_permission(api: str, action: str | None, resource: str | None) -> None:
    error = translation(refusal("AccessDenied", 403, api=api))
    assert isinstance(error, S3AccessDeniedError)
    assert (error.permission, error.resource) == (action, resource)


def test_braces_in_a_key_stay() -> None:
    error = translation(refusal("AccessDenied", 403), Call("upload", "b", "{bucket}/{0}"))
    assert isinstance(error, S3AccessDeniedError)
    assert error.resource == "arn:aws:s3:::b/{bucket}/{0}"


@pytest.mark.parametrize(
    ("message", "action", "resource"),
    [
        (
            "User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt on resource: "
            '"arn:aws:kms:x:1:key/2" because no identity-based policy allows it',
            "kms:Decrypt",
            "arn:aws:kms:x:1:key/2",
        ),
        ("not authorized to perform: s3:PutObjectAcl because", "s3:PutObjectAcl", "arn:aws:s3:::bucket/a/report.pdf"),
    ],
)
def test_the_server_knows_better_what_is_missing(message: str, action: str, resource: str) -> None:
    error = translation(refusal("AccessDenied", 403, message))
    assert isinstance(error, S3AccessDeniedError)
    assert (error.permission, error.resource) == (action, resource)


def test_a_full_store_is_no_missing_permission() -> None:
    error = translation(refusal("QuotaExceeded", 403))
    assert isinstance(error, S3AccessDeniedError)
    assert error.permission is None


def date(ahead_s: float) -> str:
    """The Date of a server, seen by a computer that is ``ahead_s`` ahead."""
    return format_datetime(datetime.now(UTC) - timedelta(seconds=ahead_s), usegmt=True)


@pytest.mark.parametrize(
    ("code", "status", "ahead_s", "words"),
    [
        ("RequestTimeTooSkewed", 403, 23 * 60, "clock is about 23 minutes ahead"),
        ("RequestTimeTooSkewed", 403, -7200, "clock is about 2 hours behind"),
        ("RequestTimeTooSkewed", 403, 0, "clock is wrong"),
        ("AccessDenied", 403, 3600, "clock is about 1 hour ahead"),
        ("SignatureDoesNotMatch", 403, 3600, "clock is about 1 hour ahead"),
        (None, 403, 3600, "clock is about 1 hour ahead"),
    ],
)
def test_a_wrong_clock(code: str | None, status: int, ahead_s: float, words: str) -> None:
    error = translation(refusal(code, status, headers={"date": date(ahead_s)}))
    assert (error.reference, error.code) == ("sign-in-failed", "RequestTimeTooSkewed")
    assert words in error.reason
    assert error.hint is not None


@pytest.mark.parametrize(("code", "ahead_s"), [("AccessDenied", 14 * 60), ("NoSuchKey", 3600)])
def test_the_clock_is_not_to_blame_for(code: str, ahead_s: float) -> None:
    assert translation(refusal(code, 403, headers={"date": date(ahead_s)})).code == code


@pytest.mark.parametrize("value", ["", "yesterday", "Thu, 99 Jan 2026 00:00:00 GMT"])
def test_a_date_that_is_none(value: str) -> None:
    assert clock_ahead_s({"date": value}) == 0


def test_a_date_without_a_zone_is_utc() -> None:
    stamp = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S -0000")
    assert abs(clock_ahead_s({"date": stamp})) < 60


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:00 GMT"}, 0.0),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds
    assert translation(refusal("SlowDown", 503, headers=headers)).retry_after_s == seconds


@pytest.mark.parametrize(
    "error",
    [
        refusal("PermanentRedirect", 301, headers={"x-amz-bucket-region": "eu-west-3"}),
        refusal("AuthorizationHeaderMalformed", 400, Region="eu-west-3"),
        refusal("301", 301, headers={"x-amz-bucket-region": "eu-west-3"}),
    ],
)
def test_the_right_region_is_named(error: ClientError) -> None:
    result = translation(error)
    assert result.reference == "bucket-unusable"
    assert result.reason.startswith("The bucket is in the region “eu-west-3”")
    assert "eu-west-3" in (result.hint or "")


def test_the_region_of_a_server() -> None:
    error = translation(refusal("AuthorizationHeaderMalformed", 400, Region="garage"), Call("list_buckets", server=URL))
    assert error.reason.startswith("The server is in the region “garage”")


@pytest.mark.parametrize(
    ("call", "api", "reference"),
    [
        (CALL, "HeadObject", "file-not-found"),
        (CALL, "PutObject", "bucket-unusable"),
        (Call("list", "bucket", "folder/"), "ListObjectsV2", "bucket-unusable"),
        (Call("open_bucket", "bucket"), "HeadBucket", "bucket-unusable"),
        (Call("list_buckets", server=URL), "ListBuckets", "no-connection"),
    ],
)
def test_what_a_bare_404_misses(call: Call, api: str, reference: str) -> None:
    assert translation(refusal("404", 404, api=api), call).reference == reference


@pytest.mark.parametrize(
    ("status", "code"), [(404, "NotS3"), (403, "NotS3"), (500, "NotS3"), (502, None), (413, "TooLarge")]
)
def test_a_web_page_is_no_s3(status: int, code: str | None) -> None:
    error = translation(refusal(str(status), status, headers={"content-type": "text/html; charset=utf-8"}))
    assert error.code == code


def test_an_empty_answer_is_survived() -> None:
    error = translation(ClientError({}, "PutObject"))
    assert (error.reference, error.code, error.status, error.server_message) == ("s3-error", None, None, None)


def test_a_server_without_request_ids_in_the_body() -> None:
    error = refusal("X", 400, headers={"x-amz-request-id": "R-2"})
    error.response["ResponseMetadata"]["RequestId"] = ""
    assert translation(error).request_id == "R-2"


@pytest.mark.parametrize(
    "secret",
    [
        "https://h/b?X-Amz-Signature=HIDDEN&x=1",
        "https://h/b?X-Amz-Security-Token=HIDDEN%2F",
        "x-amz-security-token: HIDDEN",
        "Authorization: AWS4-HMAC-SHA256 Credential=A/B, Signature=HIDDEN",
        "Authorization: AWS AKID:HIDDEN=",
        "https://h/b?AWSAccessKeyId=AKID&Signature=HIDDEN",
        "{'X-Amz-Security-Token': 'HIDDEN'}",
    ],
)
def test_the_servers_text_is_kept_without_secrets(secret: str) -> None:
    error = translation(refusal("Odd", 400, f"Denied: {secret} end"))
    assert error.server_message is not None
    assert error.server_message.startswith("Denied")
    assert "HIDDEN" not in error.server_message
    assert "HIDDEN" not in error.details()


def test_a_long_text_is_cut() -> None:
    assert len(translation(refusal("Odd", 400, "x" * 100_000)).server_message or "") == 1000


def test_an_error_of_a_call() -> None:
    error = CALL.error(ours.S3ConflictError, "AlreadyExists", status=409)
    assert (error.operation, error.target, error.status) == ("upload", "s3://bucket/a/report.pdf", 409)
    assert Call("connect", server=URL).target == URL


def test_the_tables_are_sound() -> None:
    for table in (codes.BY_CODE, codes.BY_STATUS, codes.BY_CAUSE, codes.BY_TYPE):
        for name, meaning in table.items():
            assert issubclass(meaning.error, S3IntegrationError)
            if meaning.code is not None:
                assert meaning.words is not None or meaning.code in meaning.error.by_code, name
    modules = (boto, urllib, builtins, socket, ssl, lines)
    known = {name for module in modules for name in dir(module)} | {"ResponseParserError"}
    known |= {"CertificateError"}
    assert set(codes.BY_CAUSE) | set(codes.BY_TYPE) <= known
    assert CALL.operation in TITLES
