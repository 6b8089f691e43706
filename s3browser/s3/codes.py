"""What each code of S3 and STS means to this program, as data.

Sources: "Error responses" in Amazon's S3 API reference, "Common errors" of STS; Ceph's ``rgw_common.cc``, MinIO's
``api-errors.go`` and what the servers of the integration tests answered.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from s3browser.exceptions import (
    S3AccessDeniedError,
    S3ArchivedError,
    S3BucketError,
    S3BusyError,
    S3CertificateError,
    S3ConflictError,
    S3ConnectionError,
    S3CredentialsError,
    S3FileNotFoundError,
    S3IntegrationError,
    S3IntegrityError,
    S3UnsupportedError,
    S3UploadError,
    Words,
)


class Meaning(NamedTuple):
    """The class, the code that chooses its words (None: the server's own), and other words where no code has them."""

    error: type[S3IntegrationError]
    code: str | None = None
    words: Words | None = None


_NO_KEYS = Meaning(S3CredentialsError, "NoCredentials")
UNKNOWN_KEY = Meaning(S3CredentialsError, "InvalidAccessKeyId")
_WRONG_SECRET = Meaning(S3CredentialsError, "SignatureDoesNotMatch")
_EXPIRED = Meaning(S3CredentialsError, "ExpiredToken")
_BAD_TOKEN = Meaning(S3CredentialsError, "InvalidToken")
CLOCK = Meaning(S3CredentialsError, "RequestTimeTooSkewed")
_CREDENTIALS = Meaning(S3CredentialsError)
_DENIED = Meaning(S3AccessDeniedError)
_FULL = Meaning(S3AccessDeniedError, "QuotaExceeded")
NO_BUCKET = Meaning(S3BucketError, "NoSuchBucket")
BAD_BUCKET = Meaning(S3BucketError, "InvalidBucketName")
ELSEWHERE = Meaning(S3BucketError, "PermanentRedirect")
_NO_FILE = Meaning(S3FileNotFoundError)
_CONFLICT = Meaning(S3ConflictError)
_ARCHIVED = Meaning(S3ArchivedError)
BUSY = Meaning(S3BusyError)
_UNSUPPORTED = Meaning(S3UnsupportedError)
_DAMAGED = Meaning(S3IntegrityError)
_BAD_NAME = Meaning(S3UploadError, "BadName")
_LOST = Meaning(S3ConnectionError)
_SLOW = Meaning(S3ConnectionError, "Timeout")
_SHORT = Meaning(S3IntegrityError, "IncompleteRead", Words("The server sent less than it announced.", "Try again."))
_PROXY = Meaning(S3ConnectionError, "Proxy")
NOT_S3 = Meaning(S3ConnectionError, "NotS3")

ACCOUNT_WORDS = Words("This account can’t be used right now.", "Ask your administrator to look at the account.")

BY_CODE: Mapping[str, Meaning] = {
    # keys, tokens, the clock
    "InvalidAccessKeyId": UNKNOWN_KEY,
    "InvalidClientTokenId": UNKNOWN_KEY,
    "UnrecognizedClientException": UNKNOWN_KEY,
    "SignatureDoesNotMatch": _WRONG_SECRET,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "UnauthorizedException": _EXPIRED,
    "InvalidToken": _BAD_TOKEN,
    "InvalidTokenId": _BAD_TOKEN,
    "InvalidIdentityToken": _BAD_TOKEN,
    "IncompleteSignature": _CREDENTIALS,
    "InvalidSecurity": _CREDENTIALS,
    "CredentialsNotSupported": _CREDENTIALS,
    "MissingAuthenticationToken": _NO_KEYS,
    "MissingSecurityHeader": _NO_KEYS,
    # Where it names a region, the bucket is elsewhere (``translate``); else the access key does not parse.
    "AuthorizationHeaderMalformed": UNKNOWN_KEY,
    "NotSignedUp": Meaning(S3CredentialsError, None, ACCOUNT_WORDS),
    "RequestTimeTooSkewed": CLOCK,
    "RequestInTheFuture": CLOCK,
    # allowed or not
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "AllAccessDisabled": _DENIED,
    "AccountProblem": Meaning(S3AccessDeniedError, None, ACCOUNT_WORDS),
    "CrossLocationLoggingProhibited": _DENIED,
    "InvalidPayer": _DENIED,
    "UnauthorizedAccess": _DENIED,
    "UserSuspended": Meaning(S3AccessDeniedError, "UserSuspended"),
    "QuotaExceeded": _FULL,
    "XMinioAdminBucketQuotaExceeded": _FULL,
    "XMinioStorageFull": _FULL,
    "TooManyBuckets": Meaning(
        S3AccessDeniedError, None, Words("This account may not have more buckets.", "Delete one that is not needed.")
    ),
    # buckets
    "NoSuchBucket": NO_BUCKET,
    "InvalidBucketName": BAD_BUCKET,
    "BucketAlreadyExists": Meaning(S3BucketError, "BucketAlreadyExists"),
    "BucketAlreadyOwnedByYou": Meaning(S3BucketError, "BucketAlreadyOwnedByYou"),
    "InvalidBucketState": Meaning(S3BucketError),
    "BucketNotEmpty": Meaning(S3ConflictError, "BucketNotEmpty"),
    "PermanentRedirect": ELSEWHERE,
    "TemporaryRedirect": ELSEWHERE,
    "Redirect": ELSEWHERE,
    "IllegalLocationConstraintException": Meaning(
        S3BucketError,
        None,
        Words("The server wants this bucket in another region.", "Check the region in the connection."),
    ),
    "InvalidLocationConstraint": Meaning(
        S3BucketError,
        None,
        Words("The server has no such region to put the bucket in.", "Check the region in the connection."),
    ),
    "InvalidRegionName": ELSEWHERE,
    # objects and uploads
    "NoSuchKey": _NO_FILE,
    "NoSuchVersion": _NO_FILE,
    "NoSuchUpload": _NO_FILE,
    "PreconditionFailed": _CONFLICT,
    "ObjectAlreadyInActiveTierError": _CONFLICT,
    "InvalidObjectState": _ARCHIVED,
    "RestoreAlreadyInProgress": _ARCHIVED,
    "KeyTooLongError": _BAD_NAME,
    "KeyTooLong": _BAD_NAME,
    "InvalidURI": _BAD_NAME,
    "InvalidObjectName": _BAD_NAME,
    "XMinioInvalidObjectName": _BAD_NAME,
    "EntityTooLarge": Meaning(S3UploadError, "TooLarge"),
    # can pass by itself
    "SlowDown": BUSY,
    "Throttling": BUSY,
    "ThrottlingException": BUSY,
    "RequestLimitExceeded": BUSY,
    "BandwidthLimitExceeded": BUSY,
    "TooManyRequests": BUSY,
    "TooManyRequestsException": BUSY,
    "ServiceUnavailable": BUSY,
    "Busy": BUSY,
    "InternalError": BUSY,
    "InternalFailure": BUSY,
    "OperationAborted": BUSY,
    "ConditionalRequestConflict": BUSY,
    "ConcurrentModification": BUSY,
    "XMinioServerNotInitialized": BUSY,
    "IDPCommunicationError": BUSY,
    "RequestTimeout": _SLOW,
    "RequestTimeoutException": _SLOW,
    "IncompleteBody": _LOST,
    # damaged on the way
    "BadDigest": _DAMAGED,
    "InvalidDigest": _DAMAGED,
    "XAmzContentSHA256Mismatch": _DAMAGED,
    "XAmzContentChecksumMismatch": _DAMAGED,
    # missing on this server
    "NotImplemented": _UNSUPPORTED,
    "MethodNotAllowed": _UNSUPPORTED,
    "MissingContentLength": _UNSUPPORTED,
    "UnsupportedOperation": _UNSUPPORTED,
    "NotSupported": _UNSUPPORTED,
    "InvalidStorageClass": _UNSUPPORTED,
}

BY_STATUS: Mapping[int, Meaning] = {
    HTTPStatus.MOVED_PERMANENTLY: ELSEWHERE,
    HTTPStatus.FOUND: ELSEWHERE,
    HTTPStatus.TEMPORARY_REDIRECT: ELSEWHERE,
    HTTPStatus.PERMANENT_REDIRECT: ELSEWHERE,
    HTTPStatus.UNAUTHORIZED: _CREDENTIALS,
    HTTPStatus.FORBIDDEN: _DENIED,
    HTTPStatus.NOT_FOUND: _NO_FILE,
    HTTPStatus.METHOD_NOT_ALLOWED: _UNSUPPORTED,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: _PROXY,
    HTTPStatus.REQUEST_TIMEOUT: _SLOW,
    HTTPStatus.CONFLICT: _CONFLICT,
    HTTPStatus.LENGTH_REQUIRED: _UNSUPPORTED,
    HTTPStatus.PRECONDITION_FAILED: _CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Meaning(S3UploadError, "TooLarge"),
    HTTPStatus.REQUEST_URI_TOO_LONG: _BAD_NAME,
    HTTPStatus.TOO_MANY_REQUESTS: BUSY,
    HTTPStatus.NOT_IMPLEMENTED: _UNSUPPORTED,
    HTTPStatus.INSUFFICIENT_STORAGE: _FULL,
}

# By the name of a class, its bases included: what an error wraps, at any depth, the first of these that is there.
BY_CAUSE: Mapping[str, Meaning] = {
    "SSLCertVerificationError": Meaning(S3CertificateError),
    "CertificateError": Meaning(S3CertificateError),
    "gaierror": Meaning(S3ConnectionError, "UnknownHost"),
    "NameResolutionError": Meaning(S3ConnectionError, "UnknownHost"),
    "LocationParseError": Meaning(S3ConnectionError, "UnknownHost"),
    "ProxyError": _PROXY,
    "ProxyConnectionError": _PROXY,
    "ProxyLineError": _PROXY,
    "NotHttpError": NOT_S3,
    "ShortAnswerError": _SHORT,
    "ConnectionRefusedError": Meaning(S3ConnectionError, "ConnectionRefused"),
    "ConnectTimeoutError": _SLOW,
    "ReadTimeoutError": _SLOW,
    "TimeoutError": _SLOW,
    "SSLEOFError": _LOST,
    "SSLZeroReturnError": _LOST,
}

# Likewise, but the error itself.
BY_TYPE: Mapping[str, Meaning] = {
    "NoCredentialsError": _NO_KEYS,
    "NoAuthTokenError": _NO_KEYS,
    "PartialCredentialsError": Meaning(S3CredentialsError, "PartialCredentials"),
    "ProfileNotFound": Meaning(S3CredentialsError, "ProfileNotFound"),
    "ConfigParseError": Meaning(
        S3CredentialsError,
        "ConfigParseError",
        Words("The AWS settings file on this computer is damaged.", "Correct the file, or enter the keys yourself."),
    ),
    "SSOError": _EXPIRED,
    "TokenRetrievalError": _EXPIRED,
    "LoginError": _EXPIRED,
    "CredentialRetrievalError": Meaning(
        S3CredentialsError,
        "CredentialRetrievalError",
        Words("The keys could not be fetched from where this computer’s AWS settings say.", "Sign in again."),
    ),
    "MetadataRetrievalError": _NO_KEYS,
    "RefreshWithMFAUnsupportedError": Meaning(
        S3CredentialsError,
        "MfaRequired",
        Words("This profile asks for a one-time code, which has expired.", "Sign in again."),
    ),
    "InvalidConfigError": Meaning(
        S3CredentialsError,
        "InvalidConfig",
        Words("The AWS settings of this computer are incomplete.", "Correct the profile, or choose another."),
    ),
    "InvalidRegionError": Meaning(
        S3CredentialsError, "InvalidRegion", Words("This is not the name of a region.", "Check the region.")
    ),
    "FlexibleChecksumError": _DAMAGED,
    "IncompleteReadError": _SHORT,
    "ResponseParserError": NOT_S3,
    "SSLError": Meaning(
        S3ConnectionError,
        "TLS",
        Words("A secure connection could not be set up.", "Check whether the address begins with https:// or http://."),
    ),
    "HTTPClientError": _LOST,
    "ConnectionError": _LOST,
    "HTTPError": _LOST,  # urllib3's, where a body is read
}

UNKNOWN = Meaning(S3IntegrationError)
