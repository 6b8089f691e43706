import pytest

from s3browser.model.storage import encryption_text, storage_text


@pytest.mark.parametrize(
    ("storage_class", "text"),
    [
        ("STANDARD", "Standard"),
        ("STANDARD_IA", "Infrequent access"),
        ("GLACIER", "Archive"),
        ("COLD_TIER", "Cold tier"),
        ("", "—"),
    ],
)
def test_storage_classes_as_words(storage_class: str, text: str) -> None:
    assert storage_text(storage_class) == text


@pytest.mark.parametrize(
    ("algorithm", "text"),
    [
        ("AES256", "On (SSE-S3)"),
        ("aws:kms", "On (KMS key)"),
        ("other", "On (other)"),
        (None, "Not reported"),
        ("", "Not reported"),
    ],
)
def test_encryption_as_words(algorithm: str | None, text: str) -> None:
    assert encryption_text(algorithm) == text
