import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3browser.model.locations import S3Location, bucket_problem, key_problem, parse_location


@pytest.mark.parametrize(
    ("location", "name", "parent", "is_folder"),
    [
        (S3Location(), "", S3Location(), True),
        (S3Location("b"), "b", S3Location(), True),
        (S3Location("b", "f/"), "f", S3Location("b"), True),
        (S3Location("b", "f/a.txt"), "a.txt", S3Location("b", "f/"), False),
        (S3Location("b", "a.txt"), "a.txt", S3Location("b"), False),
        (S3Location("b", "f//"), "", S3Location("b", "f/"), True),
        (S3Location("b", "/"), "", S3Location("b"), True),
        (S3Location("b", "/a"), "a", S3Location("b", "/"), False),
    ],
)
def test_what_a_location_is(location: S3Location, name: str, parent: S3Location, is_folder: bool) -> None:
    assert (location.name, location.parent, location.is_folder) == (name, parent, is_folder)


def test_the_trail_from_the_bucket() -> None:
    assert S3Location("b", "f/g/a").trail == [
        S3Location("b"),
        S3Location("b", "f/"),
        S3Location("b", "f/g/"),
        S3Location("b", "f/g/a"),
    ]
    assert S3Location().trail == []
    assert S3Location("b").trail == [S3Location("b")]


def test_children() -> None:
    assert S3Location().child("b") == S3Location("b")
    assert S3Location("b").child("f", folder=True) == S3Location("b", "f/")
    assert S3Location("b", "f/").child("a") == S3Location("b", "f/a")


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("s3://b/f/a", S3Location("b", "f/a")),
        (" S3://b ", S3Location("b")),
        ("b/f/", S3Location("b", "f/")),
        ("/b/f", S3Location("b", "f")),
        ("", S3Location()),
        ("s3://b//x", S3Location("b", "/x")),
    ],
)
def test_reading_an_address(text: str, location: S3Location) -> None:
    assert parse_location(text) == location


def test_another_scheme_is_no_address() -> None:
    with pytest.raises(ValueError, match="not an s3://"):
        parse_location("https://b/f")


def test_a_file_without_a_bucket_is_no_address() -> None:
    with pytest.raises(ValueError, match="names no bucket"):
        parse_location("s3:///f/a.txt")


@given(st.text("abc-.", min_size=3), st.text().map(lambda key: key.rstrip()))
def test_an_address_reads_back(bucket: str, key: str) -> None:
    location = S3Location(bucket, key)
    assert parse_location(str(location)) == location
    assert str(S3Location()) == "s3://"


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("a", None),
        ("é" * 512, None),
        ("", "The name is empty."),
        ("é" * 512 + "a", "The name with its folders is 1 byte too long for S3."),
        ("a" * 1030, "The name with its folders is 6 bytes too long for S3."),
        ("\ud800", "The name holds characters that are not valid text."),
    ],
)
def test_keys_s3_can_store(key: str, problem: str | None) -> None:
    assert key_problem(key) == problem


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("my-bucket.2026", None),
        ("abc", None),
        ("ab", "2 characters"),
        ("a" * 64, "64 characters"),
        ("Abc", "small letters"),
        ("a_c", "small letters"),
        ("-abc", "begin and end"),
        ("abc.", "begin and end"),
        ("a..c", "two dots"),
        ("192.168.0.1", "IP address"),
        ("xn--abc", "xn--"),
        ("abc-s3alias", "-s3alias"),
    ],
)
def test_bucket_names(name: str, words: str | None) -> None:
    problem = bucket_problem(name)
    assert problem is None if words is None else words in str(problem)


@pytest.mark.parametrize(("key", "label"), [("a/b/", "b"), ("a//", "(no name)"), ("", "bucket"), ("/", "(no name)")])
def test_everything_can_be_called_something(key: str, label: str) -> None:
    assert S3Location("bucket", key).label == label
