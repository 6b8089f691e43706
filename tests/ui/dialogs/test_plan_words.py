from dataclasses import replace

import pytest

from s3browser.model.locations import S3Location
from s3browser.model.transfers import Direction, Plan
from s3browser.ui.dialogs import plan_words
from s3browser.ui.dialogs.conflict_model import Tally
from tests.ui.dialogs.plans import conflict, download, download_problem, problem, upload, uploads

FOLDER = replace(upload("empty/"), is_folder=True, size=0)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (uploads(214), "Upload 214 files to “Invoices”?"),
        (uploads(1), "Upload “0.txt” to “Invoices”?"),
        (replace(uploads(2), target=""), "Upload 2 files?"),
        (replace(uploads(2), folder="Spring 2026"), "Upload the folder “Spring 2026” (2 files) to “Invoices”?"),
        (replace(uploads(1), folder="Spring 2026"), "Upload the folder “Spring 2026” to “Invoices”?"),
        (Plan(Direction.UPLOAD, (FOLDER, upload("a")), target="b"), "Upload 1 file and 1 empty folder to “b”?"),
        (Plan(Direction.UPLOAD, (FOLDER, FOLDER), target="b"), "Upload 2 empty folders to “b”?"),
        (Plan(Direction.DOWNLOAD, (download("x/a", "a"),), target="b"), "Download “a” to “b”?"),
        (uploads(0, conflicts=(conflict("a"), conflict("b"))), "Upload 2 files to “Invoices”?"),
        (uploads(0, problems=(problem("a"), problem("b"))), "None of these 2 files can be uploaded"),
        (uploads(0, problems=(problem("a"),)), "“a” can’t be uploaded"),
        (Plan(Direction.DOWNLOAD, problems=(download_problem("x/a"),)), "“a” can’t be downloaded"),
    ],
)
def test_the_headline_says_what_would_happen(plan: Plan, words: str) -> None:
    assert plan_words.headline(plan) == words


def test_a_whole_bucket_is_called_by_its_name() -> None:
    bucket = replace(download("", "acme"), location=S3Location("acme"))
    assert plan_words.headline(Plan(Direction.DOWNLOAD, (bucket,))) == "Download “acme”?"


def test_the_facts_leave_out_what_is_not_known() -> None:
    assert plan_words.facts(uploads(1), 1_300_000_000, None, 0) == "1.3 GB"
    assert plan_words.facts(uploads(1), 1_300_000_000, 180, 1) == "1.3 GB · about 3 minutes · 1 file stays as it is"
    plan = replace(uploads(1), free_bytes=2_000_000_000, target="Downloads")
    words = "1.3 GB · 2.0 GB free in “Downloads” · 2 files stay as they are"
    assert plan_words.facts(plan, 1_300_000_000, None, 2) == words
    assert plan_words.facts(plan, 2_000_000_001, None, 0) == "2.0 GB"
    assert plan_words.facts(uploads(1), 0, 0, 0) == "0 bytes"


def test_says_what_space_is_missing() -> None:
    plan = replace(uploads(1), free_bytes=3_000_000_000, target="Downloads")
    assert plan_words.space_text(plan, 3_000_000_000) == ""
    assert plan_words.space_text(uploads(1), 10**15) == ""
    words = "There is not enough space in “Downloads”: 5.0 GB are needed, 3.0 GB are free."
    assert plan_words.space_text(plan, 5_000_000_000) == words


@pytest.mark.parametrize(
    ("plan", "tally", "words"),
    [
        (uploads(211), Tally(), "Upload 211 files"),
        (uploads(211), Tally(kept=3), "Upload 214 files"),
        (uploads(211), Tally(replaced=3), "Replace 3 files and upload 211"),
        (uploads(211), Tally(left=3), "Upload 211 files"),
        (uploads(0), Tally(replaced=1), "Replace 1 file"),
        (uploads(0), Tally(kept=1), "Keep both"),
        (uploads(0), Tally(kept=2), "Upload 2 files"),
        (uploads(0), Tally(left=2), "Skip 2 files"),
        (uploads(0), Tally(impossible=2), ""),
        (Plan(Direction.UPLOAD, (FOLDER, upload("a"))), Tally(), "Upload 1 file and 1 empty folder"),
        (Plan(Direction.DOWNLOAD, (download("a", "a"),)), Tally(replaced=2), "Replace 2 files and download 1"),
    ],
)
def test_the_button_names_its_deed(plan: Plan, tally: Tally, words: str) -> None:
    assert plan_words.deed(plan, tally) == words


def test_names_keep_the_folders_they_come_with() -> None:
    assert plan_words.names(download("a/b/CON/x?.txt", "CON_/x_.txt")) == ("CON/x?.txt", "CON_/x_.txt")
    assert plan_words.names(replace(download("a/b", "c"), root=None)) == ("b", "c")
    assert plan_words.names(replace(upload("a"), location=S3Location("acme", "x/a (2)"))) == ("a", "a (2)")


def test_a_long_list_of_new_names_is_capped() -> None:
    lines = plan_words.renamed_list([download(f"{n}?", f"{n}_") for n in range(502)]).split("\n")
    assert lines[0] == "0? → 0_"
    assert lines[499:] == ["499? → 499_", "and 2 more"]
    assert plan_words.renamed_list([download("a?", "a_")]) == "a? → a_"


def test_counts_are_in_words() -> None:
    assert plan_words.renamed_text(1) == "1 file gets another name"
    assert plan_words.renamed_text(2) == "2 files get another name"
    assert plan_words.own_text(1) == "1 file goes by its own choice."
    assert plan_words.own_text(1200) == "1,200 files go by their own choice."
    assert plan_words.obstacles_text(0) == ""
    assert plan_words.obstacles_text(2).startswith("2 files can’t be replaced")
    assert plan_words.problem_name(download("a/b", "b")) == "a/b"
    assert plan_words.problem_name(upload("b")).endswith("b")
