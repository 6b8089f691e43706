"""The commands of the README: what they do when, and what they say."""

import ast
import subprocess
import sys
import venv
from pathlib import Path

import bootstrap
import pytest

SCRIPT = Path(bootstrap.__file__)


class Checkout:
    """A checkout in a folder of its own, where nothing is really installed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.installed: list[str] = []
        self.environments_made = 0
        (folder / "packaging").mkdir()
        (folder / "pyproject.toml").write_text("[project]")
        self.constraints = folder / "packaging" / "constraints.txt"
        self.constraints.write_text("boto3==1.44.5")
        environment = folder / ".venv"
        self.python = environment / "bin" / "python"
        for name, value in {
            "ROOT": folder,
            "BUILD": folder / "build",
            "LOG": folder / "build" / "bootstrap.log",
            "CONSTRAINTS": self.constraints,
            "VENV_FOLDER": environment,
            "STAMP": environment / "bootstrap.json",
            "PYTHON": self.python,
        }.items():
            monkeypatch.setattr(bootstrap, name, value)
        monkeypatch.setattr(bootstrap, "ensure", lambda *_: None)
        monkeypatch.setattr(bootstrap, "run_quietly", self._run)
        monkeypatch.setattr(venv, "create", self._make_environment)

    def set_up(self, extra: str = "demo") -> list[str]:
        """Set up, and tell what was installed by that."""
        self.installed.clear()
        bootstrap.set_up(extra, [], "to show the window")
        return [word.partition("[")[2].rstrip("]") for word in self.installed if str(self.folder) in word]

    def _run(self, what: str, command: list[str]) -> None:
        self.installed.append(command[-1])

    def _make_environment(self, folder: Path, **_: object) -> None:
        self.environments_made += 1
        self.python.parent.mkdir(parents=True, exist_ok=True)
        self.python.unlink(missing_ok=True)
        # not a link: through one, Python would not find the packages of this environment, pip among them
        self.python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        self.python.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    return Checkout(tmp_path, monkeypatch)


def test_the_second_run_installs_nothing(checkout: Checkout) -> None:
    assert checkout.set_up() == ["demo"]
    assert checkout.set_up() == []
    assert checkout.environments_made == 1


@pytest.mark.parametrize("name", ["pyproject.toml", "packaging/constraints.txt"])
def test_changed_dependencies_are_installed(checkout: Checkout, name: str) -> None:
    checkout.set_up()
    (checkout.folder / name).write_text("changed")
    assert checkout.set_up() == ["demo"]
    assert checkout.environments_made == 1


def test_what_one_command_brought_stays_for_the_other(checkout: Checkout) -> None:
    checkout.set_up("demo")
    assert checkout.set_up("test") == ["demo,test"]
    assert checkout.set_up("demo") == []


@pytest.mark.parametrize("leaves_a_link", [True, False])
def test_a_broken_environment_is_made_again(checkout: Checkout, leaves_a_link: bool) -> None:
    checkout.set_up()
    checkout.python.unlink()
    if leaves_a_link:  # to a Python that was removed from the system
        checkout.python.symlink_to(checkout.folder / "nowhere")
    assert checkout.set_up() == ["demo"]
    assert checkout.environments_made == 2


def test_an_installation_that_broke_off_is_done_again(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.set_up()
    checkout.constraints.write_text("changed")
    with monkeypatch.context() as broken:
        broken.setattr(bootstrap, "run_quietly", lambda *_: bootstrap.stop("no network"))
        with pytest.raises(SystemExit, match="no network"):
            checkout.set_up()
    assert checkout.set_up() == ["demo"]


def test_a_failed_step_shows_its_last_lines_and_where_all_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "LOG", tmp_path / "bootstrap.log")
    script = "for line in range(99): print('line', line)\nraise SystemExit(3)"
    with pytest.raises(SystemExit) as stopped:
        bootstrap.run_quietly("Installing", [sys.executable, "-c", script])
    shown = str(stopped.value)
    assert "line 98" in shown
    assert "line 50" not in shown
    assert str(tmp_path / "bootstrap.log") in shown
    assert "line 50" in (tmp_path / "bootstrap.log").read_text()
    assert capsys.readouterr().out == "Installing … failed\n"


def test_a_step_that_went_well_takes_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "LOG", tmp_path / "bootstrap.log")
    bootstrap.run_quietly("Installing", [sys.executable, "-c", "print('a warning nobody needs')"])
    assert capsys.readouterr().out == "Installing … done (0 s)\n"


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 1)])
def test_the_report_ends_with_pytests_summary(capsys: pytest.CaptureFixture[str], passed: bool, code: int) -> None:
    assert bootstrap.report({"lint": (passed, 0.4), "tests": (True, 99.0)}, "=== 7 passed in 99.00s ===") == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "=== 7 passed in 99.00s ==="
    assert ("FAILED" in lines[-3]) is not passed


@pytest.mark.parametrize("display", ["", ":987"])
def test_a_display_that_is_not_there_is_noticed(monkeypatch: pytest.MonkeyPatch, display: str) -> None:
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not bootstrap.has_display()


def test_without_a_command_the_commands_are_told() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "dmeo"], capture_output=True, text=True)
    assert done.returncode == 2
    assert all(f"bootstrap.py {name}" in done.stdout for name in bootstrap.COMMANDS)


def test_an_older_python_is_told_what_is_needed() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 8))
    old = f"import runpy, sys; sys.version_info = (3, 8, 0); runpy.run_path({str(SCRIPT)!r})"
    done = subprocess.run([sys.executable, "-c", old], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("s3browser needs Python 3.11 or newer")
