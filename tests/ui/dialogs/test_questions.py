"""The dialogs that ask before something happens."""

from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QTreeWidget, QTreeWidgetItem, QWidget
from pytestqt.qtbot import QtBot

from s3browser.exceptions import S3ConnectionError
from s3browser.model.entries import S3FileInfo
from s3browser.model.listing import Row, file_row, folder_row
from s3browser.model.locations import S3Location
from s3browser.ui.dialogs.add_bucket import AddBucketDialog, bucket_entry
from s3browser.ui.dialogs.confirm_delete import ConfirmDeleteDialog
from s3browser.ui.dialogs.delete_problems import DeleteProblemsDialog
from s3browser.ui.dialogs.new_folder import NewFolderDialog
from tests.ui.accessibility import nameless, rich_labels, said

MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FOLDER = folder_row("b", "campaigns/Artwork/")


def file(name: str, size: int = 1000) -> Row:
    return file_row("b", S3FileInfo(f"campaigns/{name}", size, MOMENT, "etag"))


def groups(dialog: QWidget) -> list[QTreeWidgetItem]:
    tree = dialog.findChild(QTreeWidget)
    assert isinstance(tree, QTreeWidget)
    return [item for at in range(tree.topLevelItemCount()) if (item := tree.topLevelItem(at))]


def children(group: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    return [item for at in range(group.childCount()) if (item := group.child(at))]


def buttons(dialog: QWidget) -> dict[str, QPushButton]:
    return {each.text(): each for each in dialog.findChildren(QPushButton)}


class TestConfirmDelete:
    def test_files_alone_are_counted_at_once(self, window: QWidget) -> None:
        dialog = ConfirmDeleteDialog([file("a"), file("b", 2_000_000)], window)
        assert dialog.delete_button.isEnabled()
        assert dialog.delete_button.text() == "Delete 2 files"
        assert "2 files, 2.0 MB in all." in said(dialog)

    def test_nothing_can_be_deleted_before_all_is_counted(self, window: QWidget) -> None:
        dialog = ConfirmDeleteDialog([FOLDER], window)
        assert "Counting…" in said(dialog)
        assert not dialog.delete_button.isEnabled()
        dialog.set_count(100, 5_000_000_000, False)
        assert "100 files, 5.0 GB so far" in said(dialog)
        assert not dialog.delete_button.isEnabled()
        dialog.set_count(214, 6_000_000_000, True)
        assert dialog.delete_button.isEnabled()
        assert dialog.delete_button.text() == "Delete 214 files"

    def test_an_empty_folder_says_so(self, window: QWidget) -> None:
        dialog = ConfirmDeleteDialog([FOLDER], window)
        dialog.set_count(0, 0, True)
        assert dialog.delete_button.text() == "Delete empty folder"
        assert "There are no files in it." in said(dialog)

    def test_a_failed_count_says_why_and_deletes_nothing(self, window: QWidget) -> None:
        dialog = ConfirmDeleteDialog([FOLDER], window)
        dialog.set_count_failed(S3ConnectionError("list", code="Timeout"))
        assert "The server took too long to answer." in said(dialog)
        assert not dialog.delete_button.isEnabled()

    @pytest.mark.parametrize(
        ("keeps", "words"),
        [(True, "can be brought back"), (False, "This can’t be undone."), (None, "unless the bucket keeps")],
    )
    def test_says_what_follows(self, window: QWidget, keeps: bool | None, words: str) -> None:
        assert words in said(ConfirmDeleteDialog([file("a")], window, keeps_versions=keeps))

    def test_enter_and_escape_are_safe(self, window: QWidget, qtbot: QtBot) -> None:
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
            dialog = ConfirmDeleteDialog([file("a")], window)
            dialog.open()
            qtbot.waitUntil(lambda dialog=dialog: buttons(dialog)["Cancel"].hasFocus())  # type: ignore[misc]
            with qtbot.assertNotEmitted(dialog.confirmed), qtbot.waitSignal(dialog.rejected):
                QTest.keyClick(dialog.focusWidget(), key)

    def test_confirms_once_it_is_closed(self, window: QWidget, qtbot: QtBot) -> None:
        dialog = ConfirmDeleteDialog([file("a")], window)
        dialog.open()
        with qtbot.waitSignals([dialog.accepted, dialog.confirmed], order="strict"):
            dialog.delete_button.click()

    def test_names_are_plain_text_and_few(self, window: QWidget) -> None:
        rows = [FOLDER, file("<b>bold<"), *(file(f"f{number}") for number in range(10))]
        dialog = ConfirmDeleteDialog(rows, window)
        assert rich_labels(dialog) == []
        assert nameless(dialog) == []
        words = said(dialog)
        assert "<b>bold<" in words
        assert "and 7 more" in words
        assert "f3" not in words


class TestDeleteProblems:
    PROBLEMS = (("a/CON", "Bad name."), ("<u>b", "Bad name."), ("c", "Not allowed."))

    def test_one_summary_by_reason(self, window: QWidget) -> None:
        dialog = DeleteProblemsDialog(self.PROBLEMS, 201, window)
        dialog.open()
        assert "3 of 201 files could not be deleted" in said(dialog)
        assert [group.text(0) for group in groups(dialog)] == ["Bad name.", "Not allowed."]
        names = children(groups(dialog)[0])
        assert [name.text(0) for name in names] == ["a/CON", "<u>b"]
        assert "<u>" not in names[1].toolTip(0)
        assert nameless(dialog) == []

    def test_copies_every_name_with_its_reason(self, window: QWidget) -> None:
        dialog = DeleteProblemsDialog(self.PROBLEMS, 3, window)
        buttons(dialog)["Copy list"].click()
        assert QGuiApplication.clipboard().text() == "a/CON\tBad name.\n<u>b\tBad name.\nc\tNot allowed."

    def test_many_names_of_one_reason_are_capped(self, window: QWidget) -> None:
        dialog = DeleteProblemsDialog([(f"f{n}", "Bad name.") for n in range(1200)], 1200, window)
        names = children(groups(dialog)[0])
        assert len(names) == 501
        assert names[-1].text(0) == "and 700 more; “Copy list” has them all"


class TestNewFolder:
    @pytest.fixture
    def dialog(self, window: QWidget) -> NewFolderDialog:
        dialog = NewFolderDialog(S3Location("b", "x/Spring/"), ["Artwork", "notes.txt"].__contains__, window)
        dialog.open()
        return dialog

    @pytest.mark.parametrize(
        ("name", "problem"),
        [
            ("", ""),
            ("   ", ""),
            ("a/b", "can’t contain “/”"),
            ("Artwork", "already something named “Artwork”"),
            ("..", "special meaning"),
            ("x" * 1100, "too long for S3"),
        ],
    )
    def test_says_why_a_name_cannot_be(self, dialog: NewFolderDialog, name: str, problem: str) -> None:
        dialog.name_edit.setText(name)
        assert not dialog.create_button.isEnabled()
        assert problem in said(dialog)

    def test_creates_on_enter_without_outer_spaces(self, dialog: NewFolderDialog, qtbot: QtBot) -> None:
        dialog.name_edit.insert(" Künste 2026 ")
        assert dialog.create_button.isEnabled()
        with qtbot.waitSignal(dialog.create_requested) as created:
            QTest.keyClick(dialog.name_edit, Qt.Key.Key_Return)
        assert created.args == ["Künste 2026"]

    def test_is_named_and_plain(self, dialog: NewFolderDialog) -> None:
        assert nameless(dialog) == []
        assert rich_labels(dialog) == []


class TestAddBucket:
    @pytest.mark.parametrize(
        ("typed", "entry"),
        [
            ("acme-marketing", "acme-marketing"),
            (" s3://acme-marketing ", "acme-marketing"),
            ("s3://acme/campaigns", "acme/campaigns/"),
            ("acme/campaigns/2026/", "acme/campaigns/2026/"),
            ("Old_Bucket", "Old_Bucket"),
        ],
    )
    def test_reads_names_and_addresses(self, typed: str, entry: str) -> None:
        assert bucket_entry(typed) == entry

    @pytest.mark.parametrize("typed", ["", "s3://", "ab", "https://example.com/bucket", "a b c", "-acme-"])
    def test_refuses_others_with_words(self, typed: str) -> None:
        with pytest.raises(ValueError, match=r"bucket|name"):
            bucket_entry(typed)

    def test_hands_over_the_entry(self, window: QWidget, qtbot: QtBot) -> None:
        dialog = AddBucketDialog(window)
        dialog.open()
        assert not dialog.add_bucket_button.isEnabled()
        dialog.name_edit.setText("a b")
        assert not dialog.add_bucket_button.isEnabled()
        assert dialog.name_edit.accessibleDescription()
        dialog.name_edit.setText("s3://acme/x")
        assert nameless(dialog) == []
        with qtbot.waitSignal(dialog.bucket_entered) as entered:
            dialog.add_bucket_button.click()
        assert entered.args == ["acme/x/"]
