"""Buckets and folders."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from tests.contract.conftest import LONG, Subject


def test_keys_are_proved(subject: Subject) -> None:
    subject.store.check_credentials()


def test_bucket_is_created_once_and_listed(subject: Subject) -> None:
    name = f"contract-{uuid4().hex[:12]}"
    subject.store.create_bucket(name)
    subject.store.create_bucket(name)
    names = [bucket.name for bucket in subject.store.list_buckets()]
    assert names.count(name) == 1
    assert subject.bucket in names
    assert names == sorted(names)


def test_creating_a_bucket_again_keeps_its_files(subject: Subject) -> None:
    subject.put("file.txt")
    subject.store.create_bucket(subject.bucket)
    assert subject.keys() == ["file.txt"]


def test_empty_bucket_has_one_empty_page(subject: Subject) -> None:
    assert subject.folder() == ([], [])
    assert subject.keys() == []


def test_folder_that_is_not_there_is_empty(subject: Subject) -> None:
    subject.put("folder/file.txt")
    assert subject.folder("fold/") == ([], [])


def test_folder_shows_what_lies_directly_in_it(subject: Subject) -> None:
    for key in ("a.txt", "b/one.txt", "b/two.txt", "b/c/deep.txt", "bb/other.txt"):
        subject.put(key)
    assert subject.folder() == (["a.txt"], ["b/", "bb/"])
    assert subject.folder("b/") == (["b/one.txt", "b/two.txt"], ["b/c/"])
    assert subject.folder("b/c/") == (["b/c/deep.txt"], [])
    assert subject.keys("b/") == ["b/c/deep.txt", "b/one.txt", "b/two.txt"]


def test_marker_makes_a_folder_and_is_no_file_in_it(subject: Subject) -> None:
    subject.put("folder/file.txt")
    if subject.traits.keeps_markers:
        subject.put("folder/", b"")
        subject.put("empty/", b"")
        assert subject.folder() == ([], ["empty/", "folder/"])
        assert subject.folder("empty/") == ([], [])
        assert subject.keys() == ["empty/", "folder/", "folder/file.txt"]
    assert subject.folder("folder/") == (["folder/file.txt"], [])


def test_columns_tell_what_files_and_folders_tell(subject: Subject) -> None:
    for key in ("a.txt", "b/one.txt", "b/c/deep.txt"):
        subject.put(key)
    deep = list(subject.store.list_columns(subject.bucket, "", deep=True))
    assert [info for page in deep for info in page.files()] == list(subject.store.list_files(subject.bucket, ""))
    [page] = subject.store.list_columns(subject.bucket, "b/")
    [listed] = subject.store.list_folder(subject.bucket, "b/")
    assert (tuple(page.files()), tuple(page.folders)) == (listed.files, listed.folders)
    assert (page.keys, page.folders) == (["b/one.txt"], ["b/c/"])


@LONG
def test_every_page_of_a_long_folder_comes_once(subject: Subject) -> None:
    keys = [f"long/{number:04}.txt" for number in range(1205)] + ["long/sub/file.txt"]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(subject.put, keys))
    pages = list(subject.store.list_folder(subject.bucket, "long/"))
    assert len(pages) == 2
    assert sorted(info.key for page in pages for info in page.files) == keys[:-1]
    assert [key for page in pages for key in page.folders] == ["long/sub/"]
    assert sorted(subject.keys("long/")) == keys


@LONG
def test_pages_with_awkward_names_go_on_where_they_stopped(subject: Subject) -> None:
    keys = [f"lang/Grüße & +%20 {number:04}.txt" for number in range(1010)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(subject.put, keys))
    assert sorted(subject.keys("lang/")) == keys
    assert sorted(subject.folder("lang/")[0]) == keys
