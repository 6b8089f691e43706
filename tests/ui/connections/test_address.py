import pytest

from s3browser.ui.connections.address import is_exposed, parse_address


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("storage.example.com", "https://storage.example.com"),
        ("storage.example.com:9000", "https://storage.example.com:9000"),
        (" https://storage.example.com/ ", "https://storage.example.com"),
        ("HTTP://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("[::1]:9000", "https://[::1]:9000"),
        ("https://example.com/storage/v1/s3", "https://example.com/storage/v1/s3"),
        ("localhost:9000", "https://localhost:9000"),
    ],
)
def test_reads_addresses_as_typed(typed: str, url: str) -> None:
    assert parse_address(typed) == url


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter the server’s address"),
        ("ftp://example.com", "begins with https://"),
        ("s3://bucket", "begins with https://"),
        ("https://", "isn’t complete"),
        ("https:///bucket", "isn’t complete"),
        ("https://user:word@example.com", "user name and password"),
        ("user@example.com", "user name and password"),
        ("example.com:notaport", "isn’t complete"),
        ("example.com:99999", "isn’t complete"),
        ("exam ple.com", "isn’t complete"),
        ("https://[::1", "isn’t complete"),
        ("https://example.com/?x=1", "“?”"),
    ],
)
def test_refuses_others_in_plain_words(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z]") as caught:
        parse_address(typed)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("url", "exposed"),
    [
        ("https://storage.example.com", False),
        ("http://storage.example.com", True),
        ("http://192.168.1.4:9000", True),
        ("http://127.0.0.1:9000", False),
        ("http://127.9.9.9", False),
        ("http://[::1]:9000", False),
        ("http://localhost:9000", False),
        ("http://s3.localhost", False),
        ("http://localhost.example.com", True),
    ],
)
def test_knows_what_others_on_the_network_could_read(url: str, exposed: bool) -> None:
    assert is_exposed(url) is exposed
