"""What bootstrap.py says and does about missing system packages, on systems that this is not."""

import os
import platform
import shutil
import sys
from collections.abc import Callable

import pytest
import system_packages
from system_packages import CEPH, PACKAGING, TESTS, VENV, WINDOW, MissingPackagesError, Need, ensure

SYSTEMS = {
    "Debian 12": {"ID": "debian", "VERSION_ID": "12"},
    "Debian 13": {"ID": "debian", "VERSION_ID": "13"},
    "Debian testing": {"ID": "debian"},
    "Ubuntu 22.04": {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "22.04"},
    "Ubuntu 24.04": {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "24.04"},
    "Linux Mint": {"ID": "linuxmint", "ID_LIKE": "ubuntu debian", "VERSION_ID": "22"},
    "Fedora": {"ID": "fedora", "VERSION_ID": "43"},
    "Rocky": {"ID": "rocky", "ID_LIKE": "rhel centos fedora", "VERSION_ID": "10.0"},
    "Arch": {"ID": "arch"},
    "openSUSE": {"ID": "opensuse-tumbleweed", "ID_LIKE": "opensuse suse"},
}
GLIB = next(need for need in WINDOW if need.name.startswith("libglib"))


class Machine:
    """A computer that lacks libglib until its package is installed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commands: list[list[str]] = []
        self.install_works = True
        self._monkeypatch = monkeypatch
        self.need = Need(GLIB.name, self._is_present, GLIB.debian, GLIB.fedora, GLIB.arch, GLIB.suse)
        self.is_(system="Debian 12", root=True, terminal=False)

    def is_(self, system: str, *, root: bool, terminal: bool, sudo: bool = True) -> None:
        self._monkeypatch.setattr(sys, "platform", "linux")
        self._monkeypatch.setattr(platform, "freedesktop_os_release", lambda: SYSTEMS[system])
        self._monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000, raising=False)
        self._monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/sudo" if sudo else None)
        self._monkeypatch.setattr(sys.stdin, "isatty", lambda: terminal, raising=False)

    def answers(self, text: str) -> None:
        self._monkeypatch.setattr("builtins.input", lambda question: text)

    def run(self, what: str, command: list[str]) -> None:
        assert what
        self.commands.append(command)

    def _is_present(self) -> bool:
        return self.install_works and any("install" in command or "-S" in command for command in self.commands)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_root_without_a_terminal_is_not_asked(machine: Machine) -> None:
    ensure([machine.need], "to show the window", machine.run)
    assert machine.commands == [
        ["apt-get", "update"],
        ["apt-get", "install", "--yes", "--no-install-recommends", "libglib2.0-0"],
    ]


def test_nothing_runs_when_nothing_is_missing(machine: Machine) -> None:
    ensure([Need("here", lambda: True, "here")], "to show the window", machine.run)
    assert machine.commands == []


@pytest.mark.parametrize("root", [True, False])
def test_at_a_terminal_the_person_is_asked(machine: Machine, root: bool, capsys: pytest.CaptureFixture[str]) -> None:
    machine.is_("Debian 12", root=root, terminal=True)
    machine.answers("y")
    ensure([machine.need], "to show the window", machine.run)
    assert [command[0] == "sudo" for command in machine.commands] == [not root, not root]
    shown = capsys.readouterr().out
    assert "to show the window" in shown
    assert "apt-get install --yes --no-install-recommends libglib2.0-0" in shown


@pytest.mark.parametrize("answer", ["n", "no", "what?"])
def test_nothing_is_installed_without_a_yes(machine: Machine, answer: str) -> None:
    machine.is_("Debian 12", root=True, terminal=True)
    machine.answers(answer)
    with pytest.raises(MissingPackagesError, match="Nothing was installed"):
        ensure([machine.need], "to show the window", machine.run)
    assert machine.commands == []


@pytest.mark.parametrize(("terminal", "sudo"), [(False, True), (True, False), (False, False)])
def test_who_may_not_install_gets_the_exact_command(machine: Machine, terminal: bool, sudo: bool) -> None:
    machine.is_("Debian 12", root=False, terminal=terminal, sudo=sudo)
    with pytest.raises(MissingPackagesError) as caught:
        ensure([machine.need], "to show the window", machine.run)
    assert machine.commands == []
    assert "\n  apt-get install --yes --no-install-recommends libglib2.0-0" in str(caught.value)


def test_a_package_that_does_not_help_is_reported(machine: Machine) -> None:
    machine.install_works = False
    with pytest.raises(MissingPackagesError, match="still missing: libglib"):
        ensure([machine.need], "to show the window", machine.run)


@pytest.mark.parametrize(
    ("system", "command"),
    [
        ("Debian 13", "apt-get install --yes --no-install-recommends libglib2.0-0t64"),
        ("Debian testing", "apt-get install --yes --no-install-recommends libglib2.0-0t64"),
        ("Ubuntu 22.04", "apt-get install --yes --no-install-recommends libglib2.0-0"),
        ("Ubuntu 24.04", "apt-get install --yes --no-install-recommends libglib2.0-0t64"),
        ("Fedora", "dnf install --assumeyes glib2"),
        ("Rocky", "dnf install --assumeyes glib2"),
        ("Arch", "pacman -S --needed --noconfirm glib2"),
        ("openSUSE", "zypper --non-interactive install libglib-2_0-0"),
    ],
)
def test_each_system_has_its_command(machine: Machine, system: str, command: str) -> None:
    machine.is_(system, root=True, terminal=False)
    ensure([machine.need], "to show the window", machine.run)
    assert machine.commands[-1] == command.split()


def test_an_unknown_linux_is_told_what_is_missing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SYSTEMS, "Debian 12", {"ID": "plan9"})
    with pytest.raises(MissingPackagesError, match=GLIB.name):
        ensure([machine.need], "to show the window", machine.run)


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_need_nothing(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert system_packages.missing([Need("absent", lambda: False, "absent")]) == []


@pytest.mark.parametrize(
    "group", [VENV, WINDOW, PACKAGING, TESTS, CEPH], ids=["venv", "window", "package", "test", "ceph"]
)
def test_every_need_names_a_package_everywhere(group: tuple[Need, ...]) -> None:
    for need in group:
        assert need.debian, need.name
        assert need.fedora, need.name
        assert need.arch, need.name
        assert need.suse, need.name


@pytest.mark.parametrize(
    ("make", "here", "absent"),
    [
        (system_packages.library, "libc.so.6", "libnothing-of-the-kind.so.1"),
        (system_packages.program, "sh", "no-program-of-this-name"),
    ],
)
def test_presence_is_tried_not_looked_up(make: Callable[..., Need], here: str, absent: str) -> None:
    assert make(here, "", "", "", "").is_present()
    assert not make(absent, "", "", "", "").is_present()


def test_what_the_tests_need_is_here() -> None:
    assert system_packages.missing([*VENV, *WINDOW, *PACKAGING, *TESTS]) == []
