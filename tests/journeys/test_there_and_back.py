"""A folder of 200 files goes to a server by dropping it, and comes back; every byte is compared on the way."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.journeys.conftest import StartProgram
from tests.journeys.person import Person
from tests.servers.server import Server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client as Boto3Client

FOLDER = "Quarter 3"
AWKWARD = (
    "Grüße & Küsse.txt",
    "a+b.txt",
    "100%.txt",
    "a%20b.txt",
    "a:b.txt",
    "two  spaces.txt",
    "日本語/資料.txt",
    "#1?.txt",
)
SAVED_AS = {"a:b.txt": "a：b.txt", "#1?.txt": "#1？.txt"}  # so that the folder can go on to a Windows computer
FILES = 200


def make_files(folder: Path) -> dict[str, bytes]:
    """200 files of 0 to 300 KB, some of them in folders, some with names that break programs; path → bytes."""
    random = Random(3)
    names = [f"{number % 7}/scan {number:03}.bin" for number in range(FILES - len(AWKWARD))]
    files = {name: random.randbytes(random.choice([0, 1, 900, 20_000, 300_000])) for name in (*AWKWARD, *names)}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return files


def on_disk(folder: Path) -> dict[str, bytes]:
    """Path → bytes of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in files_in(folder)}


def files_in(folder: Path) -> Iterator[Path]:
    """Every file below a folder that is whole."""
    return (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".part")


def on_server(client: "Boto3Client", bucket: str) -> dict[str, bytes]:
    """The same of the folder on a server, as plain boto3 reads it."""
    return {
        key.removeprefix(f"{FOLDER}/"): client.get_object(Bucket=bucket, Key=key)["Body"].read()
        for key in files_on_server(client, bucket)
    }


def files_on_server(client: "Boto3Client", bucket: str) -> list[str]:
    """The keys of the folder’s files on a server."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{FOLDER}/")
    keys = (entry["Key"] for page in pages for entry in page.get("Contents", []))
    return [key for key in keys if not key.endswith("/")]


def drops_and_watches(person: Person, home: Path, source: Path, client: "Boto3Client", bucket: str) -> None:
    """Drop a folder from another program’s window onto the table, and wait until the server has it."""
    with person.beside(home, "give", source) as start:
        person.drops(start)
        person.is_asked("Upload")
        person.picture("upload-plan")
        person.desktop.press("Return")
        person.sees_transfers()
    person.picture("uploading")
    person.program.until(
        lambda: len(files_on_server(client, bucket)) >= FILES, "every file on the server", timeout_s=60
    )
    person.sees_transfers_end(person.colours.success, "that all went well")
    person.picture("uploaded")


def downloads_by_keys(person: Person, target: Path) -> None:
    """Select all and choose where to."""
    person.desktop.press("ctrl+a", "ctrl+d")
    person.chooses("Download to", target)
    person.is_asked("Download")
    person.desktop.press("Return")
    person.program.until(lambda: len(list(files_in(target))) >= FILES, "every file downloaded", timeout_s=60)


def drags_out(person: Person, home: Path, target: Path) -> None:
    """Drag the first row onto another program’s window, and wait until that has copied what it got."""
    with person.beside(home, "take", target) as end:
        person.desktop.pick_up(person.first_row, end)
        person.picture("dragging-out")
        person.desktop.drop()
        person.program.until((target / FOLDER).exists, "the folder in the other program’s hands", timeout_s=30)


def there_and_back(
    sit_down: StartProgram, server: Server, home: Path, tmp_path: Path, theme: str, *, bucket: str, drag: bool
) -> None:
    files = make_files(tmp_path / FOLDER)
    client = server.boto3_client()
    client.create_bucket(Bucket=bucket)
    person = sit_down(theme)
    person.picture("welcome")
    person.connects(server)
    person.picture("buckets")
    person.goes_to(f"s3://{bucket}/")
    person.picture("empty-folder")
    drops_and_watches(person, home, tmp_path / FOLDER, client, bucket)
    assert on_server(client, bucket) == files

    target = tmp_path / "downloads"
    target.mkdir()
    if drag:
        drags_out(person, home, target)
    else:
        downloads_by_keys(person, target)
    person.picture("downloaded")
    assert on_disk(target / FOLDER) == {SAVED_AS.get(name, name): content for name, content in files.items()}
    assert list(target.iterdir()) == [target / FOLDER]

    person.desktop.press("ctrl+q")
    assert person.program.wait(3) == 0


@pytest.mark.parametrize(("theme", "drag"), [("light", False), ("dark", True)])
def test_a_folder_comes_back_as_it_went(
    sit_down: StartProgram, rclone_https: Server, home: Path, tmp_path: Path, theme: str, drag: bool
) -> None:
    there_and_back(sit_down, rclone_https, home, tmp_path, theme, bucket=f"office-{theme}", drag=drag)


@pytest.mark.ceph
@pytest.mark.parametrize(("theme", "drag"), [("light", False), ("dark", True)])
def test_a_folder_comes_back_from_ceph_as_it_went(
    sit_down: StartProgram, radosgw_https: Server, home: Path, tmp_path: Path, theme: str, drag: bool
) -> None:
    there_and_back(sit_down, radosgw_https, home, tmp_path, theme, bucket=f"office-{theme}", drag=drag)
