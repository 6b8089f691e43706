"""What goes wrong on the way: wrong keys, a server that is gone, a window closed or a process killed in the middle."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3browser.model.connections import ConnectionProfile, SignIn
from s3browser.settings.profiles import ProfileStore
from tests.journeys.conftest import StartProgram
from tests.journeys.person import Person
from tests.servers.faultproxy import Fault, FaultProxy
from tests.servers.server import Server

BUCKET = "troubles"
NAME = "Line"
SLOW = Fault(bytes_per_s=200_000)
ENDS_WITHIN_S = 3


@pytest.fixture
def line(moto_http: Server) -> Iterator[FaultProxy]:
    """The way to a server with an empty bucket; it can be broken."""
    client = moto_http.boto3_client()
    client.create_bucket(Bucket=BUCKET)
    with FaultProxy(moto_http.port) as proxy:
        yield proxy
    for key in stored(moto_http):
        client.delete_object(Bucket=BUCKET, Key=key)
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def person(sit_down: StartProgram, line: FaultProxy, moto_http: Server, home: Path) -> Person:
    """Somebody who saved a connection to the server over the line some time ago, and is in the bucket now."""
    profiles = ProfileStore(home / "s3browser" / "config" / "connections.json")
    profiles.put(ConnectionProfile("1", NAME, line.url, "us-east-1", sign_in=SignIn.ENVIRONMENT))
    arrived = sit_down(connection=NAME, environment=moto_http.environment())
    arrived.goes_to(f"s3://{BUCKET}/")
    return arrived


def stored(server: Server) -> dict[str, bytes]:
    """Key → bytes of everything in the bucket."""
    client = server.boto3_client()
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def begin_download(person: Person, server: Server, line: FaultProxy, folder: Path) -> None:
    """Begin a download in parts that takes some 40 s, and wait until it has written something."""
    folder.mkdir(exist_ok=True)
    server.boto3_client().put_object(Bucket=BUCKET, Key="film.mp4", Body=bytes(20_000_000))
    person.desktop.press("F5")
    person.sees_first_row()
    line.add(SLOW)
    person.desktop.press("ctrl+a", "ctrl+d")
    person.chooses("Download to", folder)


def is_under_way(folder: Path) -> bool:
    """Whether a part of a file is there."""
    return any(part.stat().st_size for part in folder.glob(".~*.part"))


def test_a_wrong_secret_key_is_told_in_the_dialog(sit_down: StartProgram, rclone_https: Server) -> None:
    person = sit_down()
    person.fills_in(rclone_https, secret_key="mistyped")

    person.tests_connection(person.colours.danger)
    person.picture("wrong-secret")


def test_closing_the_window_in_the_middle_is_quick_and_leaves_nothing_that_looks_whole(
    person: Person, line: FaultProxy, moto_http: Server, tmp_path: Path
) -> None:
    folder = tmp_path / "downloads"
    begin_download(person, moto_http, line, folder)
    person.program.until(lambda: is_under_way(folder), "the first bytes")
    person.picture("downloading")

    person.desktop.press("alt+F4")

    assert person.program.wait(ENDS_WITHIN_S) == 0
    assert person.program.leftovers() == []
    assert all(each.suffix == ".part" for each in folder.iterdir()), "it goes on there the next time"


def test_a_process_killed_in_the_middle_leaves_the_old_file_whole(
    person: Person, line: FaultProxy, moto_http: Server, tmp_path: Path
) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "film.mp4").write_bytes(b"the one from last year")
    begin_download(person, moto_http, line, folder)
    person.is_asked("Download")
    person.picture("already-there")
    person.desktop.press("Down", "Return")  # from “Keep both” to “Replace”
    person.program.until(lambda: is_under_way(folder), "the first bytes")

    os.killpg(person.program.process.pid, signal.SIGKILL)

    assert person.program.wait(ENDS_WITHIN_S) == -signal.SIGKILL
    assert (folder / "film.mp4").read_bytes() == b"the one from last year"


def test_a_folder_is_made_filled_and_deleted(person: Person, moto_http: Server, tmp_path: Path) -> None:
    person.desktop.press("ctrl+shift+n")
    person.waits_for("New folder")
    person.desktop.type("Minutes")
    person.picture("new-folder")
    person.desktop.press("Return")
    person.program.until(lambda: stored(moto_http) == {"Minutes/": b""}, "the folder on the server")
    (tmp_path / "May.txt").write_text("Nobody came.")
    person.goes_to(f"s3://{BUCKET}/Minutes/")
    person.desktop.press("ctrl+u")
    person.chooses("Upload", tmp_path / "May.txt")
    person.program.until(lambda: len(stored(moto_http)) == 2, "the file on the server")

    person.desktop.press("alt+Up")
    person.is_at(BUCKET)
    person.sees_first_row()
    person.desktop.press("ctrl+a", "Delete")
    dialog = person.waits_for("Delete")
    person.program.until(lambda: person.desktop.shows(person.colours.danger, dialog, pixels=1000), "what would go")
    person.picture("confirm-delete")
    person.desktop.press("shift+Tab", "space")  # “Cancel” is where one begins

    person.program.until(lambda: not stored(moto_http), "an empty bucket")
    person.picture("deleted")
