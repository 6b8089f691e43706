import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3browser.documents.document import Kind
from s3browser.documents.limits import MAX_TEXT_CHARACTERS
from s3browser.documents.readers.encoding import looks_like_text
from tests.unit.documents.conftest import Read

JAPANESE = "会議の議事録を送付いたします。よろしくお願いします。"
GERMAN = "Sehr geehrte Damen und Herren, anbei die Übersicht für Köln."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Größe, naïve, 10 €, 漢字, 🙂", "utf-8"),
        ("Größe, naïve, 10 €, 漢字, 🙂", "utf-8-sig"),
        ("Größe, naïve, 10 €, 漢字, 🙂", "utf-16"),
        ("Größe, naïve, 10 €, 漢字, 🙂", "utf-32"),
        ("Invoice 12, total 10.50", "utf-16-le"),  # without a mark, as some Windows programs write
        ("Invoice 12, total 10.50", "utf-16-be"),
        (GERMAN, "latin-1"),
        ("Preis: 10 € für Äpfel – „frisch“", "cp1252"),
        ("L’été à la plage, déjà vu, garçon".replace("’", "'"), "latin-1"),
        ("El niño comió una manzana en España", "latin-1"),
        ("Zażółć gęślą jaźń, proszę bardzo", "cp1250"),
        ("Привет, это обычный русский текст для проверки", "cp1251"),
        ("Привет, это обычный русский текст для проверки", "koi8_r"),
        ("Καλημέρα κόσμε, αυτό είναι ελληνικό κείμενο", "cp1253"),
        (JAPANESE, "shift_jis"),
        (JAPANESE + "資料は明日の午後三時までに準備してください。", "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        ("这是一个中文文本文件，用来测试编码检测。", "gb18030"),
        ("這是一個中文文本文件用來測試編碼檢測", "big5"),
        ("안녕하세요 한국어 텍스트입니다", "cp949"),
        ("", "utf-16"),
    ],
)
def test_text_in_any_encoding(read_here: Read, text: str, encoding: str) -> None:
    assert read_here(text.encode(encoding), "a.txt").text == text


def test_one_wrong_byte_far_into_a_text_does_not_hide_in_the_sample(read_here: Read) -> None:
    content = b"plain ascii\n" * 20_000 + GERMAN.encode("cp1252")
    assert read_here(content, "a.log").text.endswith(GERMAN)


def test_the_cut_may_go_through_a_character(read_here: Read) -> None:
    document = read_here(("a" + "漢" * 1_400_000).encode(), "a.txt")
    assert document.truncated
    assert document.text == "a" + "漢" * (MAX_TEXT_CHARACTERS - 1)
    assert document.facts["Encoding"] == "UTF-8"


def test_text_that_just_fits_is_not_called_cut(read_here: Read) -> None:
    document = read_here(b"x" * MAX_TEXT_CHARACTERS, "a.txt")
    assert (len(document.text), document.truncated) == (MAX_TEXT_CHARACTERS, False)
    assert read_here(b"x" * (MAX_TEXT_CHARACTERS + 1), "a.txt").truncated


def test_line_ends_and_control_characters_are_tidied(read_here: Read) -> None:
    assert read_here(b"a\r\nb\rc\x1b[31m\x07d", "a.txt").text == "a\nb\nc[31md"


@given(st.text())
def test_utf8_and_utf16_are_always_taken_for_text(text: str) -> None:
    clean = "".join(character for character in text if character.isprintable())
    assert looks_like_text(clean.encode("utf-8", "replace"))
    assert looks_like_text(clean.encode("utf-16", "replace"))


def test_markdown_is_titled_by_its_first_heading(read_here: Read) -> None:
    document = read_here(b"\nIntro #1\n\n## Getting *started* ##\n\n# Later\n", "README.md")
    assert (document.kind, document.title) == (Kind.MARKDOWN, "Getting *started*")
    assert document.text.startswith("\nIntro #1")
    assert read_here(b"# no heading", "notes.txt").title is None


def test_csv_with_quotes_keeps_its_columns(read_here: Read) -> None:
    content = b'name,says\r\n"Lovelace, Ada","She said ""yes""\nand went"\r\nplain,"tab\there"\r\n'
    document = read_here(content, "people.csv")
    assert document.text == 'name\tsays\nLovelace, Ada\tShe said "yes" and went\nplain\ttab here\n'
    assert document.facts == {"Rows": "3", "Columns": "2", "Separator": "Comma", "Encoding": "UTF-8"}


@pytest.mark.parametrize(
    ("content", "separator"),
    [
        ("Stadt;Preis\nKöln;1,50\nBonn;2,75\n", "Semicolon"),  # commas within, but not in every row
        ("a\tb, c\n1\t2\n", "Tab"),
        ("a|b\n1|2\n", "Bar"),
        ("one column\nof words\n", "Comma"),
    ],
)
def test_csv_finds_its_separator(read_here: Read, content: str, separator: str) -> None:
    assert read_here(content.encode("cp1252"), "a.csv").facts["Separator"] == separator


def test_a_long_csv_says_that_there_is_more(read_here: Read) -> None:
    document = read_here(b"12345,6789\n" * 100_000, "a.csv")
    assert document.truncated
    assert document.facts["Rows"] == "more than 90,909"


def test_csv_with_a_quote_that_never_ends(read_here: Read) -> None:
    assert read_here(b'a,"b\nc,d\n', "a.csv").text == "a\tb c,d\n"


def test_html_gives_its_words_only(read_here: Read) -> None:
    page = b"""<!DOCTYPE html><html><head><title>Price
      list &amp; more</title><meta name=AUTHOR content="Sales"><style>p { color: red }</style>
      <script>if (1 < 2) alert("boo")</script></head><body><h1>Prices</h1><p>Apples   <b>fresh</b>,
      &euro;&nbsp;2</p><table><tr><td>a<td>b</tr><tr><td>c</td><td>d</td></tr></table>
      <pre>as
  written</pre>x<br/>y<!-- hidden --><img src="http://127.0.0.1:1/track"></body></html>"""
    document = read_here(page, "prices.html")
    assert (document.title, document.author) == ("Price list & more", "Sales")
    assert document.text == "Prices\nApples fresh, € 2\na\tb\nc\td\nas\n  written\nx\ny"


def test_html_in_the_encoding_it_declares(read_here: Read) -> None:
    page = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS"></head>議事録</html>'
    assert read_here(page.encode("shift_jis"), "a.html").text == "議事録"
    lying = '<html><meta charset="rot13">Größe</html>'  # a codec of Python’s, but none for text
    assert read_here(lying.encode(), "a.html").text == "Größe"
    unknown = '<html><meta charset="no-such">Größe</html>'
    assert read_here(unknown.encode(), "a.html").text == "Größe"


def test_html_that_closes_what_it_never_opened(read_here: Read) -> None:
    assert read_here(b"<html></script></pre></title></p>a<script/>b<title/>c", "a.html").text == "abc"
