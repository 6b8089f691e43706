"""What the project's own files promise."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = {
    name.lower().replace("_", "-"): version
    for name, version in re.findall(
        r"^([\w.-]+)==(\S+)$", (ROOT / "packaging/constraints.txt").read_text(), re.MULTILINE
    )
}
QT_THAT_BREAKS = ("6.10.1", "6.12.0")
# Split, so that this file does not name them itself.
REGISTRIES = ["py" + "pi.org", "files.python" + "hosted", "registry.npm" + "js", "conda.ana" + "conda", "/sim" + "ple/"]
OF_ONE_MACHINE = ["/ro" + "ot/.", "/wo" + "rk/main", "/wo" + "rk/shared", "/opt/" + "pypi"]


def requirements() -> list[Requirement]:
    """Everything that pyproject.toml asks for, its extras included."""
    lines = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    return [requirement for requirement in map(Requirement, lines) if requirement.name != "s3browser"]


def files_in_git() -> list[Path]:
    """Every file that is in git, or about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("version", QT_THAT_BREAKS)
def test_versions_of_qt_that_break_are_refused(version: str) -> None:
    qt = next(requirement for requirement in requirements() if requirement.name == "PySide6-Essentials")
    assert not qt.specifier.contains(version)
    assert PINS["pyside6-essentials"] != version


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_dependency_is_pinned_within_its_bounds(requirement: Requirement) -> None:
    name = requirement.name.lower().replace("_", "-")
    assert name in PINS, "run `python3.11 packaging/bootstrap.py pin`"
    assert requirement.specifier.contains(Version(PINS[name]))


def test_the_readme_begins_with_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    block = readme.split("```")[1].splitlines()[1:]
    assert block[0].startswith("git clone ")
    assert block[1:] == [
        "cd s3browser",
        "python3 packaging/bootstrap.py demo",
        "python3 packaging/bootstrap.py test",
    ]


@pytest.mark.parametrize("page", ["README.md", "packaging/README.md", "docs/development.md", "docs/architecture.md"])
def test_what_a_page_links_to_is_there(page: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_no_file_names_a_registry_or_one_machines_paths() -> None:
    unwanted = re.compile("|".join(map(re.escape, REGISTRIES + OF_ONE_MACHINE)))
    found = []
    for file in files_in_git():
        text = file.read_bytes().decode("utf-8", errors="replace")
        found += [f"{file.relative_to(ROOT)}: {match.group()}" for match in unwanted.finditer(text)]
    assert found == []


def test_no_test_is_skipped() -> None:
    marks = re.compile(r"pytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b" + r"|unittest\.skip")
    files = [
        file for file in files_in_git() if file.suffix == ".py" and "tests" in file.parts and file != Path(__file__)
    ]
    assert [str(file.relative_to(ROOT)) for file in files if marks.search(file.read_text())] == []


def test_the_changelog_names_what_is_unreleased() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()
