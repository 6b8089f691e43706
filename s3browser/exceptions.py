"""Every error a person can meet, and its words. Imports only the standard library.

    S3IntegrationError          anything below
    ├─ S3CredentialsError       keys missing, wrong or expired; this computer's clock is off
    ├─ S3AccessDeniedError      signed in, not allowed
    ├─ S3BucketError            no such bucket, bad name, somebody else's, unreachable region
    ├─ S3FileNotFoundError      no such key or version
    ├─ S3ConflictError          exists already, changed meanwhile, bucket not empty
    ├─ S3ArchivedError          in cold storage, has to be restored first
    ├─ S3ConnectionError        offline, unknown host, timeout, TLS, proxy
    ├─ S3BusyError              SlowDown and 5xx, after every attempt
    ├─ S3UnsupportedError       this server lacks the call
    ├─ S3IntegrityError         size, ETag or checksum differs
    ├─ S3UploadError            the local side of an upload failed
    ├─ S3DownloadError          the local side of a download failed
    └─ DocumentError            a document cannot be read: damaged, encrypted, too large, unknown kind
    SettingsError               settings unreadable, keyring missing or locked
    Cancelled                   somebody asked for the stop; never shown

A class exists where the program *acts* differently; what it says may differ by ``code`` within a class.
A fault of ours is none of these: it keeps its own type and gets the bug dialog with its traceback.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple


class Words(NamedTuple):
    """What a person reads: one plain sentence, and one instruction if they can do something."""

    reason: str
    hint: str | None = None


# operation -> the title's verb phrase; "{}" is the name of the file, folder, bucket or server.
TITLES: Mapping[str, str] = {
    "connect": "Couldn’t connect to {}",
    "list_buckets": "Couldn’t list the buckets",
    "list": "Couldn’t open {}",
    "read": "Couldn’t read the details of {}",
    "exists": "Couldn’t look for {}",
    "upload": "Couldn’t upload {}",
    "download": "Couldn’t download {}",
    "delete": "Couldn’t delete {}",
    "copy": "Couldn’t copy {}",
    "create_folder": "Couldn’t create the folder {}",
    "create_bucket": "Couldn’t create the bucket {}",
    "open_bucket": "Couldn’t open the bucket {}",
    "process": "Couldn’t read the document {}",
    "configure": "The connection isn’t set up correctly",
    "save_secret": "Couldn’t keep the secret key of {}",
    "load_secret": "Couldn’t get the secret key of {}",
    "delete_secret": "Couldn’t remove the secret key of {}",
    "verify": "Couldn’t look for {}",
    "transfer": "Couldn’t transfer {}",
    "load_transfers": "Couldn’t read the list of transfers",
    "save_transfers": "Couldn’t write the list of transfers",
    "load_settings": "Couldn’t read {}",
    "save_settings": "Couldn’t save {}",
    "save_receipt": "Couldn’t save {}",
}


def short_name(target: str) -> str:
    """The last part of a key, path or address, as a person would name it; the whole of a server's address."""
    scheme, mark, rest = target.partition("://")
    if mark and scheme != "s3":
        return target
    trimmed = (rest if mark else target).rstrip("/\\")
    return max(trimmed.rsplit("/", 1)[-1].rsplit("\\", 1)[-1], "") or target


class S3IntegrationError(Exception):
    """An expected failure of an S3 operation.

    Args:
        operation: what was tried, a key of ``TITLES``; an unknown one is named as it is.
        target: the ``s3://`` address, key, bucket, local path or server that it was tried on.
        code: S3's error code (``NoSuchKey``) or ours, where the words depend on it.
        status: the HTTP status, where there was an answer.
        request_id: the server's id of the request, for its administrator.
        reason: replaces the class's sentence where the caller knows better.
        hint: replaces the class's instruction likewise.
        server_message: the server's own text; shown in the details only, as plain text.
        retry_after_s: how long the server asked to wait, in seconds.
    """

    reference: ClassVar[str] = "s3-error"
    retryable: ClassVar[bool] = False
    default: ClassVar[Words] = Words("The server answered with an error.")
    by_code: ClassVar[Mapping[str, Words]] = {}

    def __init__(
        self,
        operation: str,
        target: str = "",
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        *,
        reason: str | None = None,
        hint: str | None = None,
        server_message: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(operation, target, code, status, request_id)
        self.operation = operation
        self.target = target
        self.code = code
        self.status = status
        self.request_id = request_id
        self.server_message = server_message
        self.retry_after_s = retry_after_s
        words = self.by_code.get(code or "", self.default)
        self.reason = reason or words.reason
        self.hint = hint or (words.hint if reason is None else None)

    @property
    def title(self) -> str:
        """What was tried, as a headline without a full stop: "Couldn’t upload report.pdf"."""
        phrase = TITLES.get(self.operation, f"Couldn’t finish “{self.operation}” on {{}}")
        name = short_name(self.target)
        return phrase.replace("{}", name) if name else phrase.replace(" {}", "").removesuffix(" on")

    def details(self) -> str:
        """The facts for an administrator, one "name: value" a line; never a secret."""
        facts = {
            "Error": self.reference,
            "Operation": self.operation,
            "Target": self.target,
            "Code": self.code,
            "HTTP status": self.status,
            "Request id": self.request_id,
            "Server’s message": self.server_message,
        }
        return "\n".join(f"{name}: {value}" for name, value in facts.items() if value not in (None, ""))

    def message_for_it(self) -> str:
        """The whole as plain text, to hand to an administrator."""
        lines = [self.title, self.reason]
        if self.hint:
            lines.append(self.hint)
        return "\n".join([*lines, "", self.details()])

    def __str__(self) -> str:
        facts = ", ".join(str(fact) for fact in (self.code, self.status, self.request_id) if fact)
        return f"{self.title}: {self.reason}" + (f" [{facts}]" if facts else "")


class S3CredentialsError(S3IntegrationError):
    """The keys are missing, wrong or expired, or the clock makes them look wrong."""

    reference = "sign-in-failed"
    default = Words(
        "The server did not accept these sign-in details.",
        "Check the access key and the secret key.",
    )
    by_code: ClassVar[Mapping[str, Words]] = {
        "ConnectionRemoved": Words("This connection was removed.", "Add it again."),
        "NoCredentials": Words("There are no keys to sign in with.", "Enter an access key and a secret key."),
        "PartialCredentials": Words("One of the two keys is missing.", "Enter both the access key and the secret key."),
        "ProfileNotFound": Words("That AWS profile does not exist on this computer.", "Choose another profile."),
        "InvalidAccessKeyId": Words(
            "The server does not know this access key.",
            "Check the access key, or ask for a new one.",
        ),
        "SignatureDoesNotMatch": Words(
            "The secret key does not belong to this access key.", "Enter the secret key again."
        ),
        "ExpiredToken": Words("Your sign-in has expired.", "Sign in again."),
        "InvalidToken": Words("The server did not accept the session token.", "Sign in again."),
        "RequestTimeTooSkewed": Words(
            "This computer’s clock is wrong, so the server refuses to answer.",
            "Set the clock to the right time, then try again.",
        ),
    }


class S3AccessDeniedError(S3IntegrationError):
    """Signed in, but not allowed.

    Args:
        permission: the missing IAM action, ``s3:PutObject``.
        resource: what it is missing on, as an ARN.
    The others are those of ``S3IntegrationError``.
    """

    reference = "access-denied"
    default = Words(
        "You are signed in, but you are not allowed to do this.",
        "Ask your administrator for access.",
    )
    by_code: ClassVar[Mapping[str, Words]] = {
        "UserSuspended": Words("This account has been suspended.", "Ask your administrator to turn it on again."),
        "QuotaExceeded": Words(
            "Your storage is full.",
            "Delete files you no longer need, or ask your administrator for more space.",
        ),
    }

    def __init__(self, *args: Any, permission: str | None = None, resource: str | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.permission = permission
        self.resource = resource

    def details(self) -> str:
        """As the base class's, with the missing permission first."""
        if self.permission is None:
            return super().details()
        return f"Missing permission: {self.permission} on {self.resource}\n{super().details()}"

    def message_for_it(self) -> str:
        """A request an administrator can act on: the exact action and resource."""
        if self.permission is None:
            return super().message_for_it()
        return f"Please allow {self.permission} on {self.resource}.\n\n{super().message_for_it()}"


class S3BucketError(S3IntegrationError):
    """The bucket is not there, not ours, misnamed, or in a region that could not be followed."""

    reference = "bucket-unusable"
    default = Words("This bucket can’t be used.", "Choose another bucket.")
    by_code: ClassVar[Mapping[str, Words]] = {
        "NoSuchBucket": Words("There is no bucket with this name.", "Check the name, or choose another bucket."),
        "BucketAlreadyExists": Words("This bucket name is taken by somebody else.", "Choose another name."),
        "BucketAlreadyOwnedByYou": Words("You already have a bucket with this name."),
        "InvalidBucketName": Words(
            "S3 does not allow this bucket name.",
            "Use 3 to 63 small letters, digits, dots and hyphens.",
        ),
        "PermanentRedirect": Words(
            "The bucket is in another region, and the server does not say which.",
            "Enter the bucket’s region in the connection.",
        ),
    }


class S3FileNotFoundError(S3IntegrationError):
    """No such key or version."""

    reference = "file-not-found"
    default = Words("It is no longer there. Somebody may have moved or deleted it.", "Refresh the folder.")


class S3ConflictError(S3IntegrationError):
    """It exists already, was changed by somebody else meanwhile, or is not empty."""

    reference = "conflict"
    default = Words(
        "Somebody else changed it in the meantime.",
        "Refresh the folder and look at it before you go on.",
    )
    by_code: ClassVar[Mapping[str, Words]] = {
        "BucketNotEmpty": Words("The bucket still holds files.", "Delete its files first."),
        "AlreadyExists": Words("Something with this name is already there.", "Choose another name."),
    }


class S3ArchivedError(S3IntegrationError):
    """In a cold storage class: it has to be restored before it can be read."""

    reference = "archived"
    default = Words(
        "It is in an archive and has to be brought back first, which can take hours.",
        "Ask for it to be restored, then try again.",
    )


class S3ConnectionError(S3IntegrationError):
    """The server could not be reached, or the line to it broke."""

    reference = "no-connection"
    retryable = True
    default = Words("The connection to the server was lost.", "Check your network connection, then try again.")
    by_code: ClassVar[Mapping[str, Words]] = {
        "UnknownHost": Words(
            "There is no server with this address.",
            "Check the address for typing mistakes and your network connection.",
        ),
        "ConnectionRefused": Words(
            "Nothing answers at this address.",
            "Check the address and the port, or ask whether the server is running.",
        ),
        "Timeout": Words("The server took too long to answer.", "Check your network connection, then try again."),
        "Proxy": Words(
            "The proxy between you and the server refused the connection.",
            "Check the proxy settings of this computer.",
        ),
        "NotS3": Words(
            "This address answers, but not as an S3 server does.",
            "Check the address; it may belong to a web page instead.",
        ),
    }


class S3CertificateError(S3ConnectionError):
    """The server's certificate could not be trusted; trying again cannot help."""

    reference = "certificate-not-trusted"
    retryable = False
    default = Words(
        "The server’s identity could not be verified, so nothing was sent.",
        "Ask your administrator for the certificate file of this server.",
    )


class S3BusyError(S3IntegrationError):
    """The server is overloaded or has a fault of its own."""

    reference = "server-busy"
    retryable = True
    default = Words("The server is busy or has a problem right now.", "Wait a moment, then try again.")


class S3UnsupportedError(S3IntegrationError):
    """This server lacks the call."""

    reference = "not-supported"
    default = Words("This server does not offer that.")


class S3IntegrityError(S3IntegrationError):
    """What arrived is not what was sent: size, ETag or checksum differs."""

    reference = "damaged-in-transit"
    retryable = True
    default = Words("The file was damaged on the way, so it was not kept.", "Try again.")


class S3UploadError(S3IntegrationError):
    """The local side of an upload failed."""

    reference = "upload-failed"
    default = Words(
        "The file on this computer could not be read.",
        "Check that the file is there and that you may open it.",
    )
    by_code: ClassVar[Mapping[str, Words]] = {
        "Missing": Words("The file is no longer on this computer.", "Choose it again."),
        "IsFolder": Words("This is a folder, not a file."),
        "NotAFile": Words("This is a device or a link, not a file, so it can’t be uploaded."),
        "Unreadable": Words("You are not allowed to open this file.", "Ask its owner for access, then try again."),
        "InUse": Words("Another program is using this file.", "Close it there, then try again."),
        "Changed": Words(
            "The file was changed while it was being uploaded, so it was not kept.",
            "Try again when nobody is working on it.",
        ),
        "BadName": Words("S3 can’t store a file with this name.", "Rename the file, then try again."),
        "TooLarge": Words("The file is larger than S3 allows."),
    }


class S3DownloadError(S3IntegrationError):
    """The local side of a download failed. The target is never left half written."""

    reference = "download-failed"
    default = Words("The file could not be written on this computer.", "Choose another folder.")
    by_code: ClassVar[Mapping[str, Words]] = {
        "DiskFull": Words("There is not enough free space on the disk.", "Make room or choose another disk."),
        "Unwritable": Words("You are not allowed to write in this folder.", "Choose another folder."),
        "InUse": Words(
            "The file to be replaced is open in another program, or write-protected.",
            "Close it there, then try again.",
        ),
        "NoFolder": Words("The folder to save it in is not there.", "Choose another folder."),
        "IsFolder": Words("A folder with this name is in the way.", "Choose another folder."),
        "IsFile": Words("A file is where a folder has to be.", "Choose another folder."),
        "Taken": Words(
            "A file with this name has appeared there meanwhile, so it was left alone.",
            "Download it once more under another name.",
        ),
        "Outside": Words("It would be saved outside the folder you chose, so it was not.", "Choose another folder."),
        "TooLarge": Words("The disk can’t hold a file this large.", "Choose another disk."),
        "BadName": Words("This computer can’t store a file with this name."),
    }


class DocumentError(S3IntegrationError):
    """A document cannot be read: damaged, encrypted, empty, hostile or of an unknown kind."""

    reference = "document-unreadable"
    default = Words("The file is damaged or not what its name says.")
    by_code: ClassVar[Mapping[str, Words]] = {
        "Encrypted": Words("The document is protected by a password."),
        "Empty": Words("The file is empty."),
        "TooLarge": Words("The document is too large to show here."),
        "UnknownKind": Words("There is no preview for this kind of file."),
    }


class SettingsError(S3IntegrationError):
    """Settings could not be read or saved, or the keyring is missing or locked."""

    reference = "settings-unusable"
    default = Words("The settings could not be read or saved.")
    by_code: ClassVar[Mapping[str, Words]] = {
        "NoKeyring": Words(
            "This computer has no keyring to keep the secret key in.",
            "Keep it for this session only, or set up a keyring.",
        ),
        "KeyringLocked": Words(
            "The keyring of this computer is locked.",
            "Unlock it, or keep the secret key for this session only.",
        ),
        "KeyringFailed": Words(
            "The keyring of this computer answered with an error.",
            "Try again, or keep the secret key for this session only.",
        ),
        "SecretTooLong": Words("The keys are too long to be kept.", "Check that you entered only the two keys."),
        "SecretDamaged": Words("What the keyring holds can’t be read.", "Enter the secret key again."),
        "Damaged": Words("The settings file was damaged. It was set aside, and the program started with its defaults."),
    }


class Cancelled(Exception):  # noqa: N818 (not an error: somebody asked for it)
    """Work stopped because somebody asked for it. No handler shows it."""
