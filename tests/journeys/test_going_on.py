"""Nobody has to do anything: transfers wait for the network, and go on after the program was killed."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from s3browser.model.connections import ConnectionProfile, SignIn
from s3browser.settings.profiles import ProfileStore
from tests.journeys.conftest import StartProgram
from tests.journeys.person import Person
from tests.servers.faultproxy import Fault, FaultProxy
from tests.servers.server import Server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client as Boto3Client

BUCKET = "going-on"
NAME = "Line"
FILES = 24
SLOW = Fault("^PUT", sent=True, bytes_per_s=100_000)
"""So slow that the film alone would take minutes: nothing ends before the test lets it."""


@pytest.fixture
def line(rclone_http: Server) -> Iterator[FaultProxy]:
    """The way to a server with an empty bucket; it can be broken."""
    rclone_http.boto3_client().create_bucket(Bucket=BUCKET)
    with FaultProxy(rclone_http.port) as proxy:
        yield proxy


def make_files(folder: Path, seed: int) -> dict[str, bytes]:
    """Small files, and one that goes in parts; key → bytes."""
    random = Random(seed)
    files = {f"{folder.name}/{number % 3}/scan {number:02}.pdf": random.randbytes(60_000) for number in range(FILES)}
    files[f"{folder.name}/film.mov"] = random.randbytes(17_000_000)
    for key, content in files.items():
        path = folder.parent / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return files


def sizes(client: "Boto3Client", folder: str) -> dict[str, int]:
    """Key → size of what the server has in a folder."""
    listed = client.list_objects_v2(Bucket=BUCKET, Prefix=f"{folder}/").get("Contents", [])
    return {entry["Key"]: entry["Size"] for entry in listed}


def content(client: "Boto3Client", folder: str) -> dict[str, bytes]:
    """Key → bytes of the same."""
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in sizes(client, folder)}


def open_uploads(client: "Boto3Client") -> list[str]:
    """The keys of uploads in parts that were begun and not completed."""
    found = client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    return [upload["Key"] for upload in found]


def drops(person: Person, home: Path, folder: Path, line: FaultProxy) -> None:
    """Drop a folder that is small enough to start without a question, and wait until it does."""
    begun = f"PUT /{BUCKET}/{folder.name}/"
    with person.beside(home, "give", folder) as start:
        person.drops(start)
        person.program.until(
            lambda: any(request.startswith(begun) for request in line.requests), f"the first of {folder.name} sent"
        )
    person.sees_transfers()


def is_in_the_middle(client: "Boto3Client", folder: str) -> bool:
    """Whether some files have arrived, and the film is on its way."""
    return len(sizes(client, folder)) >= 3 and f"{folder}/film.mov" in open_uploads(client)


def arrives_by_itself(person: Person, client: "Boto3Client", files: dict[str, bytes], folder: str) -> None:
    """Wait until everything of a folder is there, and the window says so; compare every byte."""
    wanted = {key: len(data) for key, data in files.items()}
    person.program.until(lambda: sizes(client, folder) == wanted, f"all of {folder} on the server", timeout_s=45)
    person.sees_transfers_end(person.colours.success, "that all went well")
    assert content(client, folder) == files
    assert open_uploads(client) == []


def test_a_drop_outlives_the_network_and_another_the_program(
    sit_down: StartProgram, line: FaultProxy, rclone_http: Server, home: Path, tmp_path: Path
) -> None:
    profiles = ProfileStore(home / "s3browser" / "config" / "connections.json")
    profiles.put(ConnectionProfile("1", NAME, line.url, "us-east-1", sign_in=SignIn.ENVIRONMENT))
    invoices, contracts = (make_files(tmp_path / name, seed) for seed, name in enumerate(("Invoices", "Contracts")))
    person = sit_down(connection=NAME, environment=rclone_http.environment())
    person.goes_to(f"s3://{BUCKET}/")

    client = rclone_http.boto3_client()
    line.add(SLOW)
    drops(person, home, tmp_path / "Invoices", line)
    person.program.until(lambda: is_in_the_middle(client, "Invoices"), "the first files on the server")
    line.clear()
    line.add(Fault(refuse=True))
    line.cut()
    person.program.until(person.is_told, "the banner that the network is gone", timeout_s=40)
    person.picture("network-gone")
    assert "Invoices/film.mov" not in sizes(client, "Invoices")
    line.clear()
    person.program.until(lambda: not person.is_told(), "the banner away", timeout_s=40)
    arrives_by_itself(person, client, invoices, "Invoices")
    person.picture("network-back")

    line.add(SLOW)
    drops(person, home, tmp_path / "Contracts", line)
    person.program.until(lambda: is_in_the_middle(client, "Contracts"), "the first files of the second drop")
    person.program.kill()
    line.clear()
    line.cut()
    person = sit_down(connection=NAME, environment=rclone_http.environment())
    person.sees_transfers()
    arrives_by_itself(person, client, contracts, "Contracts")
    person.picture("after-the-kill")
    assert content(client, "Invoices") == invoices, "what was there is as it was"

    person.desktop.press("ctrl+q")
    assert person.program.wait(3) == 0
