"""S3's words for how an object is kept, as a person says them. Pure functions."""

_STORAGE = {
    "STANDARD": "Standard",
    "REDUCED_REDUNDANCY": "Reduced redundancy",
    "STANDARD_IA": "Infrequent access",
    "ONEZONE_IA": "Infrequent access, one zone",
    "INTELLIGENT_TIERING": "Intelligent tiering",
    "GLACIER_IR": "Archive, instant",
    "GLACIER": "Archive",
    "DEEP_ARCHIVE": "Deep archive",
    "EXPRESS_ONEZONE": "Express, one zone",
}
_ENCRYPTION = {
    "AES256": "On (SSE-S3)",
    "aws:kms": "On (KMS key)",
    "aws:kms:dsse": "On (KMS key, twice)",
}


def storage_text(storage_class: str) -> str:
    """``Standard``, ``Infrequent access``, ``Archive``; an unknown class as it is; ``—`` for none."""
    return _STORAGE.get(storage_class) or storage_class.replace("_", " ").capitalize() or "—"


def encryption_text(algorithm: str | None) -> str:
    """``On (SSE-S3)``; None is ``Not reported``, because a server may encrypt without saying so."""
    return _ENCRYPTION.get(algorithm, f"On ({algorithm})") if algorithm else "Not reported"
