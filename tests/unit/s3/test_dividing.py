import pytest

from s3browser.s3.dividing import TOP, Alphabets, Stretch, dividing_name


def divide(
    first: str, at: str, upto: str | None, *, after: str = "", page_count: int = 2, known: str = ""
) -> str | None:
    alphabets = Alphabets()
    alphabets.learn([first, at, *known.split()])
    return dividing_name(Stretch(after, first, at, upto, page_count), alphabets)


def test_numbers_are_cut_at_their_digits() -> None:
    first, at = "photo-00000000", "photo-00001999"
    cuts: list[str] = []
    upto = None
    while (upto := divide(first, at, upto)) is not None and TOP in upto:
        cuts.append(upto)
    assert cuts == [f"{name}{TOP}" for name in ("photo", "photo-00", "photo-000", "photo-0000")]
    assert upto == "photo-00006", "then between the digits that may follow"


@pytest.mark.parametrize(
    ("first", "at", "upto", "expected"),
    [
        ("0a", "12", None, "6"),
        ("0", "8", None, None),  # too little is left of ten digits
        ("x0", "y1", f"y{TOP}", "y6"),  # this level began within the two pages
        ("a", "b", None, "e"),  # others than hexadecimal ones are not known yet
        ("G", "I", None, "R"),
        ("一", "丁", None, None),
    ],
)
def test_a_level_is_cut_in_the_middle(first: str, at: str, upto: str | None, expected: str | None) -> None:
    assert divide(first, at, upto) == expected


def test_a_level_that_has_several_is_cut_there_first() -> None:
    assert divide("1a", "1b", None) == f"1{TOP}"
    assert divide("1a", "1b", None, after=f"0{TOP}") == "6"
    assert divide("81", "82", None, after=f"7{TOP}") == f"8{TOP}", "nothing is left at the first level"


def test_of_one_page_it_is_not_known_what_it_belongs_to() -> None:
    assert divide("file-0000", "file-0999", None, page_count=1) is None
    assert divide("1a", "1b", None, after=f"0{TOP}", page_count=1) == "6"


def test_scripts_with_many_characters_are_cut_by_their_numbers() -> None:
    assert divide("\u4e00", "\u4e10", None, known="\u9000") == chr((0x4E10 + 0x9000 + 1) // 2)
    assert divide("\u4e00", "\u4e10", "\u5e10", known="\u9000") == "\u5610"
    assert divide("\ucffe", "\ucfff", None, known="\ue800") is None, "no name has half a character"


def test_a_cut_lies_between() -> None:
    assert divide(f"a{TOP}b", f"a{TOP}c", f"a{TOP}d") is None
    assert divide("8", "9", None, after="7", page_count=1) is None
