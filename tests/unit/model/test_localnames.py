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
    local_name,
    local_paths,
    numbered_name,
)

SEGMENTS = st.text(st.characters(exclude_characters="/"), max_size=300) | st.sampled_from(
    ["", ".", "..", "...", "CON", "con.txt", "COM¹", "a:b", "a.", "a ", "A", "é", "e\u0301", "\ud800", "~", " ", "_"]
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
        ("\x85x", "�x"),
        ("evil\u202egnp.exe", "evil�gnp.exe"),
        ("zero\u200bwidth\ufeff", "zero�width�"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("half\ud83d", "half�"),
        ("", "_"),
        (".", "．"),
        ("..", "．．"),
        ("...", "..．"),
        ("name.", "name．"),
        ("name ", "name␠"),
        (" ", "␠"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Aux .tar.gz", "_Aux .tar.gz"),
        ("com1", "_com1"),
        ("LPT²", "_LPT²"),
        ("COM0.log", "_COM0.log"),
        ("CONIN$", "_CONIN$"),
        ("console", "console"),
        ("COM10", "COM10"),
        ("CON.", "CON．"),
        ("a/b", "a／b"),
    ],
)
def test_the_documented_rule(segment: str, name: str) -> None:
    assert local_name(segment) == name


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
    assert local_paths(["a:b", "a：b"]) == [("a：b (2)",), ("a：b",)]


def test_awkward_keys() -> None:
    assert local_paths(["/abs", "../x", "a//b", "a/./b/", "a/"]) == [
        ("_", "abs"),
        ("．．", "x"),
        ("a", "_", "b"),
        ("a", "．", "b"),
        ("a",),
    ]
    assert local_paths(["/" * 1024]) == [("_",) * 1024]


@given(SEGMENTS)
def test_any_name_is_safe_on_every_system(segment: str) -> None:
    name = local_name(segment)
    assert name
    assert name not in (".", "..")
    assert len(name.encode()) <= 255, "and valid text"
    assert not set(name) & set('<>:"|?*\\/')
    assert not any(unicodedata.category(mark) == "Cc" for mark in name)
    assert name[-1] not in ". "
    assert re.split(r" *\.", name)[0].upper() not in DEVICES
    assert PureWindowsPath("C:/x", name).parts == ("C:\\", "x", name)
    assert local_name(name) == name, "a safe name stays"


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
