import pytest

from s3browser.transfers.contenttype import guess_content_type


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.pdf", "application/pdf"),
        ("a.tar.gz", "application/gzip"),
        ("a.svgz", "application/gzip"),
        ("a.txt.Z", "application/octet-stream"),
        ("data:x.txt", "text/plain"),
        ("a.b.tar.gz", "application/gzip"),
        ("2026.01.31.pdf", "application/pdf"),
        (".pdf", "application/octet-stream"),
        ("a.pdf.", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("nothing", "application/octet-stream"),
    ],
)
def test_content_types(name: str, kind: str) -> None:
    assert guess_content_type(name) == kind
