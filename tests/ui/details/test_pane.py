import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QBuffer, QByteArray
from PySide6.QtGui import QColor, QImage, QImageWriter
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from s3browser.documents import Document, Kind
from s3browser.exceptions import DocumentError, S3AccessDeniedError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.entries import BucketEntry, ObjectDetails, S3FileInfo
from s3browser.model.listing import Row, bucket_row, file_row, folder_row
from s3browser.model.places import Place
from s3browser.ui.details.pane import PREVIEW_BYTES, DetailsPane
from s3browser.ui.details.preview import thumbnail_image
from s3browser.ui.tasks import Tasks
from tests.ui.accessibility import nameless, rich_labels, said

MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MakePane = Callable[..., DetailsPane]


def file(name: str, size: int = 4_200_000, storage_class: str = "STANDARD") -> Row:
    return file_row("b", S3FileInfo(f"x/{name}", size, MOMENT, "etag", storage_class))


def png(width: int = 48, height: int = 27) -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#336699"))
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.ReadWrite)
    assert QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())


def details(place: Place, _token: CancelToken) -> ObjectDetails:
    return ObjectDetails(place.location.key, 1, MOMENT, "etag", content_type="image/png", encryption="AES256")


def picture(place: Place, _size: int, _token: CancelToken) -> Document:
    facts = {"Dimensions": "2400 × 1350 pixels", "Camera": "<b>Leica</b>"}
    return Document(place.location.key, Kind.IMAGE, thumbnail=png(), facts=facts)


def never(_place: Place, _size: int, _token: CancelToken) -> Document:
    raise AssertionError("nobody wants this preview")


@pytest.fixture
def make_pane(tasks: Tasks, window: QWidget) -> MakePane:
    def make(preview: object = picture, head: object = details) -> DetailsPane:
        pane = DetailsPane(tasks, preview, head, window)  # type: ignore[arg-type]
        pane.resize(280, 600)
        pane.show()
        return pane

    return make


def test_a_picture_shows_with_its_dimensions_and_details(make_pane: MakePane, qtbot: QtBot) -> None:
    pane = make_pane()
    pane.show_rows("p", [file("<b>hero</b>banner.png")])
    assert pane.subtitle.text() == "PNG image · 4.2 MB"
    assert pane.facts.value("Modified") == "1 Mar 2026"
    assert pane.facts.value("Storage") == "Standard"
    assert pane.facts.value("Encryption") == "…"
    qtbot.waitUntil(lambda: pane.subtitle.text() == "PNG image · 4.2 MB · 2400 × 1350")
    qtbot.waitUntil(lambda: pane.facts.value("Encryption") == "On (SSE-S3)")
    assert pane.preview.picture.shows_image
    assert pane.facts.value("Type") == "image/png"
    assert pane.content.value("Camera") == "<b>Leica</b>"
    assert pane.content.value("Dimensions") is None
    assert nameless(pane) == []
    assert rich_labels(pane) == []


def test_a_text_shows_its_first_lines(make_pane: MakePane, qtbot: QtBot) -> None:
    def text(place: Place, _size: int, _token: CancelToken) -> Document:
        return Document(place.location.key, Kind.TEXT, title="<i>T", text="<b>one</b>\ntwo")

    pane = make_pane(text)
    pane.show_rows("p", [file("a.txt")])
    qtbot.waitUntil(lambda: pane.preview.currentWidget() is pane.preview.page)
    assert pane.preview.page.toPlainText() == "<b>one</b>\ntwo"
    assert pane.preview.page.isReadOnly()
    assert pane.content.value("Title") == "<i>T"


def test_the_place_and_the_size_are_handed_on(make_pane: MakePane, qtbot: QtBot) -> None:
    asked: list[object] = []

    def preview(place: Place, size: int, token: CancelToken) -> Document:
        asked.extend((place, size))
        return picture(place, size, token)

    row = file("a.png", 123)
    pane = make_pane(preview)
    pane.show_rows("profile-7", [row])
    qtbot.waitUntil(lambda: bool(asked))
    assert asked == [Place("profile-7", row.location), 123]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (file("a.png", PREVIEW_BYTES + 1), "too large for a preview"),
        (file("a.png", 0), "The file is empty."),
        (file("a.png", storage_class="GLACIER"), "in an archive"),
        (file("film.mp4"), ""),
        (file("layout.indd"), ""),
    ],
)
def test_what_has_no_preview_is_not_fetched(make_pane: MakePane, qtbot: QtBot, row: Row, words: str) -> None:
    pane = make_pane(never)
    pane.show_rows("p", [row])
    qtbot.waitUntil(lambda: pane.facts.value("Encryption") == "On (SSE-S3)")
    assert words in pane.status.text()
    assert pane.status.isVisible() is bool(words)


def test_a_slow_preview_says_so_and_ends_when_the_selection_moves_on(make_pane: MakePane, qtbot: QtBot) -> None:
    asked, cancelled = threading.Event(), threading.Event()

    def slow(place: Place, size: int, token: CancelToken) -> Document:
        if place.location.name == "slow.png":
            asked.set()
            assert token.wait(10)
            cancelled.set()
            return Document(place.location.key, Kind.IMAGE, facts={"Camera": "stale"})
        return picture(place, size, token)

    pane = make_pane(slow)
    pane.show_rows("p", [file("slow.png")])
    qtbot.waitUntil(lambda: pane.status.text() == "Loading preview…")
    assert asked.wait(10)
    pane.show_rows("p", [file("quick.png")])
    assert cancelled.wait(10)
    assert pane.status.text() == ""
    qtbot.waitUntil(lambda: pane.content.value("Camera") == "<b>Leica</b>")
    assert pane.name.text() == "quick.png"


def test_running_through_many_files_fetches_the_last_only(make_pane: MakePane, qtbot: QtBot) -> None:
    fetched: list[str] = []

    def preview(place: Place, size: int, token: CancelToken) -> Document:
        fetched.append(place.location.name)
        return picture(place, size, token)

    pane = make_pane(preview)
    for number in range(20):
        pane.show_rows("p", [file(f"{number}.png")])
    qtbot.waitUntil(lambda: pane.preview.picture.shows_image)
    assert fetched == ["19.png"]


def test_the_same_file_again_is_not_fetched_again(make_pane: MakePane, qtbot: QtBot) -> None:
    pane = make_pane()
    row = file("a.png")
    pane.show_rows("p", [row])
    qtbot.waitUntil(lambda: pane.preview.picture.shows_image)
    pane.show_rows("p", [file("a.png")])
    assert pane.preview.picture.shows_image


def test_errors_stay_in_the_pane(make_pane: MakePane, qtbot: QtBot) -> None:
    def broken(place: Place, _size: int, _token: CancelToken) -> Document:
        raise DocumentError("process", place.location.key, "Encrypted")

    def refused(_place: Place, _token: CancelToken) -> ObjectDetails:
        raise S3AccessDeniedError("read", "s3://b/k")

    pane = make_pane(broken, refused)
    pane.show_rows("p", [file("a.docx")])
    qtbot.waitUntil(lambda: pane.status.text() == "The document is protected by a password.")
    qtbot.waitUntil(lambda: pane.facts.value("Encryption") == "—")


def test_a_folder_a_bucket_several_and_nothing(make_pane: MakePane) -> None:
    pane = make_pane(never)
    pane.show_rows("p", [folder_row("b", "x/Artwork/")])
    assert (pane.name.text(), pane.subtitle.text()) == ("Artwork", "Folder")
    assert not pane.facts.isVisible()
    pane.show_rows("p", [bucket_row(BucketEntry("acme", MOMENT))])
    assert pane.facts.value("Created") == "1 Mar 2026"
    pane.show_rows("p", [file("a"), file("b"), folder_row("b", "x/Artwork/")])
    assert (pane.name.text(), pane.subtitle.text()) == ("3 selected", "2 files · 1 folder · 8.4 MB")
    pane.show_rows("p", [])
    assert "Select a file" in said(pane)
    assert not pane.name.isVisible()


def test_what_is_no_thumbnail_is_not_decoded() -> None:
    assert thumbnail_image(None) is None
    assert thumbnail_image(b"") is None
    assert thumbnail_image(b"\x89PNG\r\n\x1a\n" + b"\0" * 20) is None
    assert thumbnail_image(png(1500, 2)) is None
    small = thumbnail_image(png(48, 27))
    assert small is not None
    assert (small.width(), small.height()) == (48, 27)
