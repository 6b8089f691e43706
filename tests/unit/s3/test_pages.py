"""Pages of listings: what the fast way reads is what an XML parser would, on any key."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3browser.model.entries import ListingColumns
from s3browser.s3 import pages
from s3browser.s3.pages import Page, UnreadablePageError, read_page

NS = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
AT = "2026-01-02T03:04:05.678Z"
AT_NS = 1_767_323_045_678_000_000

AWKWARD = ("+", "%", "//", "/", "%41", "&amp;", "<", ">", "]]>", "\x01", "\n", "\t", "\x7f", "\x85", "\ufffe", "😀",
           "e\u0301", " ", "'", '"')  # fmt: skip
KEYS = st.lists(
    st.lists(st.one_of(st.sampled_from(AWKWARD), st.text(st.characters(codec="utf-8"), min_size=1)), min_size=1).map(
        "".join
    ),
    max_size=6,
)
CARRIED = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")


def row(key: str, *, before: str = "", after: str = "", storage: str = "<StorageClass>GLACIER</StorageClass>") -> str:
    return (
        f"<Contents><Key>{key}</Key><LastModified>{AT}</LastModified><ETag>&quot;e&quot;</ETag>{before}<Size>7</Size>"
        f"{storage}{after}</Contents>"
    )


def body(*rows: str, folders: tuple[str, ...] = (), more: str = "", ns: str = NS) -> bytes:
    groups = "".join(f"<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>" for folder in folders)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult{ns}><Name>b</Name>{more}'
    return f"{head}{''.join(rows)}{groups}</ListBucketResult>".encode()


URL = "<EncodingType>url</EncodingType>"


def lists(page: Page) -> tuple[list[str], list[str]]:
    return page.columns.keys, page.columns.folders


def any_way(document: bytes) -> Page:
    """As an XML parser reads it."""
    return pages._read_any(document.decode())


def is_usual(document: bytes) -> bool:
    return pages._read_usual(document.decode()) is not None


@given(KEYS, KEYS, st.sampled_from([quote, quote_plus]))
def test_encoded_names_come_back(keys: list[str], folders: list[str], encode: Callable[[str], str]) -> None:
    document = body(*(row(encode(key)) for key in keys), folders=tuple(map(encode, folders)), more=URL)
    assert lists(read_page(document)) == (keys, folders)
    assert is_usual(document) == bool(keys)
    assert any_way(document) == read_page(document)


@given(KEYS, KEYS)
def test_plain_names_come_back(keys: list[str], folders: list[str]) -> None:
    """XML can't carry all of them; servers write them nevertheless, as they are or by their number."""

    def written(name: str) -> str:
        return escape(name, {"\r": "&#13;"})

    document = body(*map(row, map(written, keys)), folders=tuple(map(written, folders)))
    assert lists(read_page(document)) == (keys, folders)
    by_number = tuple("".join(f"&#x{ord(character):X};" for character in name) for name in folders)
    assert lists(read_page(body(*map(row, map(written, keys)), folders=by_number)))[1] == folders


@given(st.lists(st.text(CARRIED, min_size=1), min_size=1, max_size=5))
def test_both_ways_agree(names: list[str]) -> None:
    document = body(*(row(escape(name), after="<Owner><ID>i</ID></Owner>") for name in names))
    assert read_page(document) == any_way(document)


def test_what_a_row_tells() -> None:
    page = read_page(body(row("a"), folders=("b/",)))
    columns = page.columns
    assert (columns.keys, list(columns.sizes), list(columns.modified_ns)) == (["a"], [7], [AT_NS])
    assert (columns.etags, columns.storage_classes, columns.folders) == (["e"], ["GLACIER"], ["b/"])
    [info] = columns.files()
    assert (info.key, info.size, info.etag, info.storage_class) == ("a", 7, "e", "GLACIER")
    assert info.last_modified == datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
    assert not page.is_truncated


def test_how_it_goes_on() -> None:
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>a%2B</NextContinuationToken>"
    page = read_page(body(row("a%2B"), more=f"{more}<NextMarker>a%2B</NextMarker>{URL}"))
    assert (page.is_truncated, page.token, page.marker, page.last) == (True, "a%2B", "a+", "a+")
    assert read_page(body(row("a"), folders=("b/",))).last == "b/"
    assert read_page(body()).last == ""


USUAL = [
    row("a"),
    row("a", storage=""),
    row("a", before="<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"),
    row("a", after="<Owner><ID>i</ID><DisplayName>d</DisplayName></Owner>"),
    row("a", after="<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress></RestoreStatus>"),
    row("a").replace("&quot;", '"'),
    row("a").replace("&quot;", "&#34;"),
]


@pytest.mark.parametrize("usual", USUAL)
def test_what_servers_usually_write_is_read_fast(usual: str) -> None:
    document = body(row("0"), usual, row("z"), folders=("f&amp;/",))
    assert is_usual(document)
    assert read_page(document) == any_way(document)
    assert lists(read_page(document)) == (["0", "a", "z"], ["f&/"])


UNUSUAL = [
    pytest.param(row("a&amp;b"), "a&b", id="entity"),
    pytest.param(row("a&#38;b"), "a&b", id="number"),
    pytest.param(row("a&#x1;b"), "a\x01b", id="control character by its number"),
    pytest.param(row("a&amp;\x01b"), "a&\x01b", id="control character as it is"),
    pytest.param(row("a&#xD800;"), "a\ufffd", id="half a character"),
    pytest.param(row("a&#999999999;"), "a\ufffd", id="no character"),
    pytest.param(row("<![CDATA[a&#1;<b>]]>"), "a&#1;<b>", id="CDATA"),
    pytest.param(row("<![CDATA[a&#1;\x02]]>&#3;"), "a&#1;\x02\x03", id="CDATA and control characters"),
    pytest.param(row("a<!-- no -->b"), "ab", id="comment in a key"),
    pytest.param("<!-- <Contents> -->" + row("a"), "a", id="comment"),
    pytest.param("<Contents><Size>7</Size><Key>a</Key></Contents>", "a", id="another order"),
    pytest.param("<Contents><Key>a</Key></Contents>", "a", id="nothing but a key"),
    pytest.param(row("a").replace("<Key>", "<Key x='1'>"), "a", id="attribute"),
    pytest.param(row("a").replace("<Size>", "<Tag/><Size>"), "a", id="unknown element"),
    pytest.param("\r\n  " + row("a") + "\r\n ", "a", id="white space"),
    pytest.param("<CommonPrefixes/><Contents><Size>1</Size></Contents>" + row("a"), "a", id="elements without a name"),
]


@pytest.mark.parametrize(("unusual", "key"), UNUSUAL)
def test_what_they_may_write_is_read_too(unusual: str, key: str) -> None:
    assert lists(read_page(body(row("0"), unusual, row("z")))) == (["0", key, "z"], [])


def test_folders_between_the_files() -> None:
    document = body(row("0"), "<CommonPrefixes><Prefix>f/</Prefix></CommonPrefixes>", row("z"))
    assert lists(read_page(document)) == (["0", "z"], ["f/"])


@pytest.mark.parametrize("ns", ["", ' xmlns="urn:other"'])
def test_other_name_spaces(ns: str) -> None:
    assert lists(read_page(body(row("a"), ns=ns))) == (["a"], [])
    prefixed = '<x:ListBucketResult xmlns:x="u"><x:Contents><x:Key>a</x:Key></x:Contents></x:ListBucketResult>'
    assert lists(read_page(prefixed.encode())) == (["a"], [])


def test_fields_that_are_missing() -> None:
    [info] = read_page(body("<Contents><Key>a</Key></Contents>")).columns.files()
    assert (info.size, info.etag, info.storage_class) == (0, "", "STANDARD")
    assert info.last_modified == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-01-02T03:04:05.678+00:00", "2026-01-02T03:04:05.678", "2026-01-02T04:04:05.678+01:00"]
)
def test_times(text: str) -> None:
    columns = read_page(body(row("a").replace(AT, text), row("b"))).columns
    assert list(columns.modified_ns) == [AT_NS, AT_NS]


def test_other_encodings_of_the_document() -> None:
    text = '<?xml version="1.0" encoding="{}"?><ListBucketResult>' + row("ü") + "</ListBucketResult>"
    assert lists(read_page(text.format("ISO-8859-1").encode("latin-1"))) == (["ü"], [])
    assert lists(read_page(text.format("utf-8").encode("utf-8-sig"))) == (["ü"], [])
    with pytest.raises(UnreadablePageError):
        read_page(text.format("klingon").encode())
    assert lists(read_page(body(row("a")).replace(b">a<", b">\xff<"))) == (["\ufffd"], [])


def test_line_feeds_in_encoded_names() -> None:
    assert lists(read_page(body(row("a%0Ab"), row("c+d"), more=URL))) == (["a\nb", "c d"], [])


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html></html>",
        b"<Error><Code>SlowDown</Code></Error>",
        body(row("a"))[:-5],
        body(row("a"))[:-60],
        body(row("a").replace(">7<", ">x<")),
        body(row("a").replace(">7<", ">99999999999999999999<")),
        body(row("a").replace(AT, "soon")),
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ListBucketResult>&a;</ListBucketResult>',
    ],
)
def test_what_is_no_page(document: bytes) -> None:
    with pytest.raises(UnreadablePageError):
        read_page(document)


@pytest.mark.parametrize("root", ["ListObjectsV2Response", "ListObjectsResponse"])
def test_a_root_of_another_name(root: str) -> None:
    """As moto writes it in the packaged program."""
    page = read_page(
        f"<{root}><IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></{root}>".encode()
    )
    assert page.columns.folders == ["a/"]


def test_a_page_without_what_was_there_before() -> None:
    page = read_page(body(row("a"), row("b"), folders=("c/", "d/")))
    assert page.names == ["a", "b", "c/", "d/"]
    assert lists(page.without(read_page(body(row("0"), row("a"))))) == (["b"], ["c/", "d/"])
    assert lists(page.without(read_page(body(row("b"), folders=("d/", "e/"))))) == (["a", "b"], ["c/"])
    assert page.without(read_page(body(row("0")))) is page
    assert page.without(read_page(body(row("a")))).columns == ListingColumns(
        ["b"], page.columns.sizes[1:], page.columns.modified_ns[1:], ["e"], ["GLACIER"], ["c/", "d/"]
    )
