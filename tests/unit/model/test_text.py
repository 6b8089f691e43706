import pytest

from s3browser.model.storage import encryption_text, storage_text
from s3browser.model.text import duration_text, plural, rate_text, size_text


def test_counting() -> None:
    assert [plural(0, "file"), plural(1, "file"), plural(1204, "file"), plural(2, "copy", "copies")] == [
        "0 files",
        "1 file",
        "1,204 files",
        "2 copies",
    ]


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 KB"),
        (96_400, "96 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (4_200_000, "4.2 MB"),
        (123_400_000, "123 MB"),
        (999_960_000, "1.0 GB"),
        (5_497_558_138_880, "5.5 TB"),
        (10**15, "1.0 PB"),
        (10**19, "10000 PB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text


def test_rates() -> None:
    rates = (38_400_000.7, 4_200_000, 212_000_000, 96_000, 812, 1, 0)
    texts = ["38 MB/s", "4.2 MB/s", "212 MB/s", "96 KB/s", "812 bytes/s", "1 byte/s", "0 bytes/s"]
    assert [rate_text(rate) for rate in rates] == texts


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "a few seconds"),
        (8, "about 10 seconds"),
        (42, "about 40 seconds"),
        (55, "about 1 minute"),
        (180, "about 3 minutes"),
        (3299, "about 55 minutes"),
        (3300, "about 1 hour"),
        (7300, "about 2 hours"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_storage_and_encryption() -> None:
    assert [storage_text(name) for name in ("STANDARD_IA", "COLD_PLACE", "")] == [
        "Infrequent access",
        "Cold place",
        "—",
    ]
    assert [encryption_text(name) for name in ("AES256", "other", None, "")] == [
        "On (SSE-S3)",
        "On (other)",
        "Not reported",
        "Not reported",
    ]
