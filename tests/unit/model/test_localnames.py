import random
import re
import unicodedata
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3browser.model.localnames import (
    claim_name,
    collision_key,
    key_name,
    local_name,
    local_paths,
    numbered_name,
)

_AWKWARD = (
    *(
        "‛",
        "：",
        "？",
        "␊",
        "␠",
        "．",
        "／",
        ".",
        " ",
        ":",
        "\\",
        "\n",
        "\x7f",
        "\x85",
        "\u202e",
        "\u200b",
        "\ud800",
        "\u3164",
    ),
    *("CON", "nul.txt", "COM¹", "0202E", "00085", "e\u0301", "a", "_", "~"),
)
SEGMENTS = (
    st.text(st.characters(exclude_characters="/"), max_size=300)
    | st.lists(st.sampled_from(_AWKWARD), max_size=8).map("".join)
    | st.sampled_from(["", "..", "...", "con.txt", "a:b", "a：b", "a.", "a ", "A", "é", "‛CON", "‛‛", "‛．", "．．"])
)
DEVICES = {
    "CON",
    "PRN",
    "AUX",
    "NUL",
    "CONIN$",
    "CONOUT$",
    *(port + n for port in ("COM", "LPT") for n in "0123456789¹²³"),
}
BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
# The two joiners, and signs that Unicode calls a format but every system draws.
VISIBLE = {"\u200c", "\u200d", *map(chr, (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD))}
VISIBLE |= set(map(chr, range(0x13430, 0x13440)))
KEYS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("segment", "name"),
    [
        ("Read me.txt", "Read me.txt"),
        ("日本語 – Grüße.pdf", "日本語 – Grüße.pdf"),
        (".hidden", ".hidden"),
        ("a:b", "a：b"),
        ('<>:"|?*\\', "＜＞：＂｜？＊＼"),
        ("tab\tnewline\n\x00\x7f", "tab␉newline␊␀␡"),
        ("\x85x", "‛00085x"),
        ("evil\u202egnp.exe", "evil‛0202Egnp.exe"),
        ("zero\u200bwidth\ufeff", "zero‛0200Bwidth‛0FEFF"),
        ("tag\U000e0041", "tag‛E0041"),
        ("葛\U000e0100 ❤\ufe0f", "葛\U000e0100 ❤\ufe0f"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("half\ud83d", "half‛0D83D"),
        ("", "‛"),
        (".", "．"),
        ("..", ".．"),
        ("...", "..．"),
        ("name.", "name．"),
        ("name ", "name␠"),
        (" ", "␠"),
        ("CON", "‛CON"),
        ("nul.txt", "‛nul.txt"),
        ("Aux .tar.gz", "‛Aux .tar.gz"),
        ("com1", "‛com1"),
        ("LPT²", "‛LPT²"),
        ("COM0.log", "‛COM0.log"),
        ("CONIN$", "‛CONIN$"),
        ("为什么？", "为什么‛？"),
        ("a．b．", "a．b‛．"),
        ("a␠b␠", "a␠b‛␠"),
        ("␊", "‛␊"),
        ("‛", "‛‛"),
        ("‛90s", "‛‛90s"),
        ("‛CON", "‛‛CON"),
        ("‛0202E", "‛‛0202E"),
        ("console", "console"),
        ("COM10", "COM10"),
        ("CON.", "CON．"),
    ],
)
def test_the_documented_rule_and_its_way_back(segment: str, name: str) -> None:
    assert local_name(segment) == name
    assert key_name(name) == segment


def test_no_name_leads_to_another_folder() -> None:
    assert local_name("a/b") == "a／b"
    assert key_name("a／b") == "a／b", "no part of a key holds a /, so this is not one of the rule’s"


@pytest.mark.parametrize(
    "name",
    [
        "Why: a Linux name?", "trailing.", "trailing ", ".", "..", "CON", "‛90s", "‛a", "a‛", "‛0202e", "‛00041",
        "‛FFFFF", "bad\udcff", "line\nbreak", "e\u0301", "a：b:", "‛CON\n", "x" * 255 + "：",
    ],
)  # fmt: skip
def test_a_name_that_the_rule_never_makes_stays(name: str) -> None:
    assert key_name(name) == name


def test_a_long_name_is_cut_before_its_ending_and_stays_itself() -> None:
    one, two = "x" * 300 + "1.pdf", "x" * 300 + "2.pdf"
    assert local_name(one) == local_name(one)
    assert local_name(one) != local_name(two)
    assert local_name(one).endswith(".pdf")
    assert len(local_name(one).encode()) == 255
    assert local_name("é" * 200).encode().decode().startswith("é" * 100)
    assert len(local_name("a." + "b" * 300).encode()) == 255
    assert local_name("\x01" * 85) == "␁" * 85, "a picture is three bytes"
    assert len(local_name("\x01" * 86).encode()) <= 255


def test_numbered_names() -> None:
    assert numbered_name("report.pdf", 2) == "report (2).pdf"
    assert numbered_name("Makefile", 3) == "Makefile (3)"
    assert numbered_name(".bashrc", 2) == ".bashrc (2)"
    assert numbered_name("x" * 255, 12).endswith("x (12)")
    assert len(numbered_name("é" * 127, 2).encode()) <= 255


def test_claiming_names() -> None:
    taken = {"b.txt": 1, "b (2).txt": 1}
    wishes = ["a.txt", "A.txt", "a.txt", "a (2).txt", "B.txt"]
    names = [claim_name(name, taken) for name in wishes]
    assert names == ["a.txt", "A (2).txt", "a (3).txt", "a (2) (2).txt", "B (3).txt"]


def test_many_of_one_name_cost_no_more_than_many_names() -> None:
    taken: dict[str, int] = {}
    names = [claim_name("x", taken) for _ in range(20_000)]
    assert names[-1] == "x (20000)"


def test_names_that_some_file_system_takes_for_one() -> None:
    assert collision_key("Straße") == collision_key("STRASSE")
    assert collision_key("é") == collision_key("E\u0301")
    assert collision_key(".g\u200cit") == collision_key(".git")
    assert collision_key("a") != collision_key("b")


def test_a_batch_loses_no_file() -> None:
    assert local_paths(["a.txt", "A.txt", "é", "e\u0301"]) == [("a (2).txt",), ("A.txt",), ("é (2)",), ("e\u0301",)]
    assert local_paths(["x", "x"]) == [("x",), ("x (2)",)]


def test_a_file_called_as_a_folder_makes_way_for_it() -> None:
    assert local_paths(["a", "a/b", "A/c"]) == [("a (3)",), ("a (2)", "b"), ("A", "c")]


def test_a_name_that_needs_no_replacement_keeps_it() -> None:
    long = "x" * 300 + ":"
    name = local_name(long)
    other = local_paths([long, name])
    assert other[1] == (name,)
    assert other[0] != (name,)
    assert local_paths(["a:b", "a：b", "A:b"]) == [("a：b (2)",), ("a‛：b",), ("A：b",)]


def test_awkward_keys() -> None:
    assert local_paths(["/abs", "../x", "a//b", "a/./b/", "a/"]) == [
        ("‛", "abs"),
        (".．", "x"),
        ("a", "‛", "b"),
        ("a", "．", "b"),
        ("a",),
    ]
    assert local_paths(["/" * 1024]) == [("‛",) * 1024]


@given(SEGMENTS)
def test_any_name_is_safe_on_every_system(segment: str) -> None:
    name = local_name(segment)
    assert name
    assert name not in (".", "..")
    assert len(name.encode()) <= 255, "and valid text"
    assert not set(name) & set('<>:"|?*\\/')
    assert not any(unicodedata.category(mark) in ("Cc", "Cs", "Zl", "Zp") for mark in name)
    assert not any(unicodedata.bidirectional(mark) in BIDI for mark in name)
    assert not any(unicodedata.category(mark) == "Cf" for mark in name if mark not in VISIBLE)
    assert name[-1] not in ". "
    assert re.split(r" *\.", name)[0].upper() not in DEVICES
    assert PureWindowsPath("C:/x", name).parts == ("C:\\", "x", name)


@given(SEGMENTS)
def test_what_came_down_goes_back_to_its_key(segment: str) -> None:
    name = local_name(segment)
    if len(name.encode()) < 255:
        assert key_name(name) == segment


@given(SEGMENTS)
def test_what_goes_up_comes_down_under_a_name_that_goes_up_to_the_same_key(name: str) -> None:
    key = key_name(name)
    assert "/" not in key
    assert key == name or local_name(key) == name
    if len(local_name(key).encode()) < 255:
        assert key_name(local_name(key)) == key


@given(SEGMENTS, SEGMENTS)
def test_two_parts_of_keys_never_share_a_name(one: str, two: str) -> None:
    assert (local_name(one) == local_name(two)) == (one == two)


@given(st.lists(KEYS, max_size=12), st.randoms())
def test_a_batch_gives_every_file_its_own_path_inside_the_folder(keys: list[str], chance: random.Random) -> None:
    paths = local_paths(keys)
    files = [path for key, path in zip(keys, paths, strict=True) if key and not key.endswith("/")]
    folders = {path[:end] for path in paths for end in range(1, len(path))}
    folders |= {path for key, path in zip(keys, paths, strict=True) if key.endswith("/")}
    taken = [tuple(map(collision_key, path)) for path in [*files, *folders]]
    assert len(set(taken)) == len(taken)
    for path in paths:
        assert Path("/home/folder", *path).is_relative_to("/home/folder")
        assert len(Path("/home/folder", *path).parts) == 3 + len(path)
        assert all(len(name.encode()) <= 255 for name in path)
    shuffled = list(enumerate(keys))
    chance.shuffle(shuffled)
    if len(set(keys)) == len(keys):
        again = local_paths([key for _, key in shuffled])
        assert [paths[index] for index, _ in shuffled] == again
