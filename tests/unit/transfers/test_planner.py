import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from s3browser.exceptions import Cancelled, S3AccessDeniedError, S3BusyError, S3DownloadError
from s3browser.jobs.cancel import CancelToken
from s3browser.model.conflicts import KEEP_BOTH
from s3browser.model.conflicts import settled as settled_by
from s3browser.model.entries import S3FileInfo
from s3browser.model.listing import Row, bucket_row, file_row, folder_row
from s3browser.model.locations import S3Location
from s3browser.model.moments import nanoseconds
from s3browser.model.transfers import Conflict, Direction, Plan, Problem, TransferItem
from s3browser.transfers.planner import plan_download, plan_upload
from tests.fakestore import BUCKET, FakeStore

TARGET = S3Location(BUCKET, "to/")


def make(root: Path, *names: str) -> None:
    """Files whose content is their name; a name that ends in "/" is an empty folder."""
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name, "utf-8")


def keys(items: Iterable[TransferItem]) -> list[str]:
    return [item.location.key for item in items]


def codes(problems: Iterable[Problem], root: Path) -> dict[str, str | None]:
    return {os.path.relpath(problem.item.local_path, root): problem.error.code for problem in problems}


def kept_both(plan: Plan) -> list[str]:
    """The keys of the plan with every conflict settled by keeping both."""
    return keys(settled_by(plan, lambda _: KEEP_BOTH).items)


# ---------------------------------------------------------------------- upload


def test_a_folder_goes_up_with_everything_in_it(tmp_path: Path) -> None:
    make(
        tmp_path, "Spring/b.txt", "Spring/.hidden", "Spring/deep/er/ü.txt", "Spring/empty/", "Spring/deep/.git/", "one"
    )
    plan = plan_upload(FakeStore(), [tmp_path / "Spring", tmp_path / "one"], TARGET)
    assert keys(plan.items) == [
        "to/Spring/.hidden",
        "to/Spring/b.txt",
        "to/Spring/deep/.git/",
        "to/Spring/deep/er/ü.txt",
        "to/Spring/empty/",
        "to/one",
    ]
    assert (plan.conflicts, plan.problems, plan.unchecked) == ((), (), None)
    first, empty = plan.items[0], plan.items[2]
    path = tmp_path / "Spring/.hidden"
    assert first == TransferItem(
        Direction.UPLOAD, S3Location(BUCKET, "to/Spring/.hidden"), path, len("Spring/.hidden"), path.stat().st_mtime_ns
    )
    assert plan.has_folders
    assert plan.free_bytes is None
    assert (empty.is_folder, empty.size, empty.local_path) == (True, 0, tmp_path / "Spring/deep/.git")
    assert plan.count == 6
    assert plan.total_bytes == sum(item.size for item in plan.items) == 50


@pytest.mark.parametrize(
    ("chosen", "folder"), [(("Spring",), "Spring"), (("Spring", "Fall"), ""), (("Spring", "one"), ""), (("one",), "")]
)
def test_one_folder_gives_its_name(tmp_path: Path, chosen: tuple[str, ...], folder: str) -> None:
    make(tmp_path, "Spring/a", "Spring/deep/b", "Fall/a", "one")
    assert plan_upload(FakeStore(), [tmp_path / name for name in chosen], TARGET).folder == folder


def test_the_same_path_twice_is_one_file(tmp_path: Path) -> None:
    make(tmp_path, "a")
    plan = plan_upload(FakeStore(), [tmp_path / "a", tmp_path / "a"], TARGET)
    assert keys(plan.items) == ["to/a"]
    assert not plan.has_folders


def test_a_relative_path_is_called_as_its_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "Spring/a")
    monkeypatch.chdir(tmp_path / "Spring")
    assert keys(plan_upload(FakeStore(), [Path()], S3Location(BUCKET)).items) == ["Spring/a"]


def test_files_of_one_name_from_two_folders_are_both_kept(tmp_path: Path) -> None:
    make(tmp_path, "one/x.txt", "two/x.txt", "one/f/y", "two/f/y", "two/f/z")
    chosen = [tmp_path / name for name in ("one/x.txt", "two/x.txt", "one/f", "two/f")]
    plan = plan_upload(FakeStore(), chosen, TARGET)
    assert keys(plan.items) == ["to/x.txt", "to/x (2).txt", "to/f/y", "to/f/y (2)", "to/f/z"]
    assert [item.renamed for item in plan.items] == [False, True, False, True, False]
    assert len({item.local_path for item in plan.items}) == 5


def test_what_cannot_be_taken_is_named_and_the_rest_goes(tmp_path: Path) -> None:
    make(tmp_path, "f/ok", "f/sub/x", "elsewhere/y")
    os.mkfifo(tmp_path / "f/pipe")
    (tmp_path / "f/broken").symlink_to(tmp_path / "nothing")
    (tmp_path / "f/loop").symlink_to(tmp_path / "f")
    (tmp_path / "f/link").symlink_to(tmp_path / "elsewhere/y")
    (tmp_path / "f" / os.fsdecode(b"bad\xff")).touch()
    (tmp_path / "f" / ("x" * 250)).touch()
    target = S3Location(BUCKET, "t" * 800 + "/")
    plan = plan_upload(FakeStore(), [tmp_path / "f", tmp_path / "gone"], target)
    assert [key.removeprefix(target.key) for key in keys(plan.items)] == ["f/link", "f/ok", "f/sub/x"]
    assert codes(plan.problems, tmp_path) == {
        "f/" + os.fsdecode(b"bad\xff"): "BadName",
        "f/broken": "Missing",
        "f/loop": "NotAFile",
        "f/pipe": "NotAFile",
        "f/" + "x" * 250: "BadName",
        "gone": "Missing",
    }
    loop = next(problem for problem in plan.problems if problem.item.local_path.name == "loop")
    assert loop.error.reason == "This is a link to another folder."


def test_a_link_to_a_folder_is_followed_if_it_was_chosen(tmp_path: Path) -> None:
    make(tmp_path, "real/a")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert keys(plan_upload(FakeStore(), [tmp_path / "link"], TARGET).items) == ["to/link/a"]


def test_what_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "f/secret", "f/closed/x", "f/odd/x", "f/ok")
    refused = {"closed": PermissionError(13, "no"), "odd": OSError(errno.EIO, "no")}
    scandir = os.scandir

    def guarded(path: str) -> Iterator[os.DirEntry[str]]:
        if Path(path).name in refused:
            raise refused[Path(path).name]
        return scandir(path)

    # The tests may run as root, who may read anything.
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "secret")
    monkeypatch.setattr(os, "scandir", guarded)
    plan = plan_upload(FakeStore(), [tmp_path / "f"], TARGET)
    assert keys(plan.items) == ["to/f/ok"]
    assert codes(plan.problems, tmp_path) == {"f/closed": "Unreadable", "f/odd": None, "f/secret": "Unreadable"}
    assert plan.problems[0].error.reason == "You are not allowed to open this folder."
    assert next(problem.item.size for problem in plan.problems if problem.item.local_path.name == "secret") == 8


def test_a_folder_that_was_downloaded_goes_back_to_its_keys(tmp_path: Path) -> None:
    there = ["f:/", "f:/a//CON", "f:/../nul.txt", "f:/＃：‛/x.", "f:/\u202e/ ", "f:/e?/", "f:/./A／b", "f:/plain"]
    store = FakeStore({BUCKET: dict.fromkeys(there, b"")})
    down = plan_download(store, rows(store), tmp_path)
    make(tmp_path, *(str(item.local_path.relative_to(tmp_path)) + "/" * item.is_folder for item in down.items))
    (folder,) = tmp_path.iterdir()
    up = plan_upload(FakeStore(), [folder], S3Location(BUCKET))
    assert set(keys(up.items)) == set(there) - {"f:/"}
    assert all(item.renamed for item in up.items), "their folder has another name"
    assert {path.local_path for path in up.items} == {path.local_path for path in down.items}


def test_names_that_were_never_downloaded_stay(tmp_path: Path) -> None:
    make(tmp_path, "f/Why?", "f/A／b", "f/‛", "f/‛90s", "f/dot.", "＂x＂", "‛sub/‛")
    (tmp_path / "‛").mkdir()
    make(tmp_path / "‛", "in")
    plan = plan_upload(FakeStore(), [tmp_path / name for name in ("f", "＂x＂", "‛sub", "‛")], TARGET)
    found = {item.location.key: item.renamed for item in plan.items}
    assert found == {
        "to/f/Why?": False, "to/f/A／b": False, "to/f/‛": False, "to/f/‛90s": False, "to/f/dot.": False,
        'to/"x"': True, "to/‛sub/‛": False, "to//in": True,
    }  # fmt: skip


def test_two_names_of_one_key_are_both_kept(tmp_path: Path) -> None:
    make(tmp_path, "f/a:b.txt", "f/a：b.txt")
    plan = plan_upload(FakeStore(), [tmp_path / "f"], TARGET)
    assert [(item.location.key, item.local_path.name, item.renamed) for item in plan.items] == [
        ("to/f/a:b.txt", "a:b.txt", False),
        ("to/f/a:b (2).txt", "a：b.txt", True),
    ]


def test_a_windows_junction_inside_a_folder_is_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "f/junction/x", "f/ok")

    class Entry:
        def __init__(self, entry: os.DirEntry[str]) -> None:
            self.path, self.name, self._entry = entry.path, entry.name, entry

        def stat(self, *, follow_symlinks: bool) -> object:
            found = self._entry.stat(follow_symlinks=follow_symlinks)
            return Stat(found, 0xA0000003 if self.name == "junction" else 0)

    class Stat:
        def __init__(self, found: os.stat_result, tag: int) -> None:
            self.st_mode, self.st_size, self.st_mtime_ns = found.st_mode, found.st_size, found.st_mtime_ns
            self.st_reparse_tag = tag

    class Entries(list[Entry]):
        def __enter__(self) -> "Entries":
            return self

        def __exit__(self, *_: object) -> None:
            pass

    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: Entries(map(Entry, scandir(path))))
    plan = plan_upload(FakeStore(), [tmp_path / "f"], TARGET)
    assert keys(plan.items) == ["to/f/ok"]
    assert codes(plan.problems, tmp_path) == {"f/junction": "NotAFile"}


def test_names_that_are_there_already(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "b.txt", "f/c.txt", "f/d.txt", "f/empty/")
    store = FakeStore(
        {BUCKET: {"to/a.txt": b"", "to/a (2).txt": b"", "to/f/c.txt": b"", "to/f/empty/": b"", "to/A.TXT": b""}}
    )
    plan = plan_upload(store, [tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "f"], TARGET)
    assert keys(plan.items) == ["to/b.txt", "to/f/d.txt"]
    assert keys(conflict.item for conflict in plan.conflicts) == ["to/a.txt", "to/f/c.txt"]
    assert keys(conflict.kept_both for conflict in plan.conflicts) == ["to/a (3).txt", "to/f/c (2).txt"]
    assert plan.conflicts[0].kept_both.renamed
    there = store.head(BUCKET, "to/a.txt")
    assert (plan.conflicts[0].existing_size, plan.conflicts[0].existing_modified_at) == (0, there.last_modified)
    assert not any(item.may_replace for item in (*plan.items, plan.conflicts[0].item, plan.conflicts[0].kept_both))
    assert plan.count == 4
    assert store.count("list_folder") == 0, "a few names are asked for one by one"


def test_many_names_are_looked_up_in_one_listing(tmp_path: Path) -> None:
    make(tmp_path, *(f"{n}.txt" for n in range(25)), "f/x", "new/y")
    store = FakeStore({BUCKET: {"to/7.txt": b"seven", "to/7 (2).txt": b"", "to/f/x": b"x", "to/other/z": b""}})
    plan = plan_upload(store, sorted(tmp_path.iterdir()), TARGET)
    assert keys(conflict.item for conflict in plan.conflicts) == ["to/7.txt", "to/f/x"]
    assert keys(conflict.kept_both for conflict in plan.conflicts) == ["to/7 (3).txt", "to/f/x (2)"]
    listed = {info.key: info for info in store.list_files(BUCKET, "to/")}
    assert [(each.existing_size, each.existing_modified_at) for each in plan.conflicts] == [
        (5, listed["to/7.txt"].last_modified),
        (1, listed["to/f/x"].last_modified),
    ]
    assert len(plan.items) == 25
    store.calls.pop()
    assert (store.count("head"), store.count("list_folder"), store.count("list_files")) == (0, 1, 1)


def test_keeping_both_does_not_take_another_files_key(tmp_path: Path) -> None:
    make(tmp_path, "a", "a (2)")
    plan = plan_upload(FakeStore({BUCKET: {"to/a": b""}}), [tmp_path / "a", tmp_path / "a (2)"], TARGET)
    assert kept_both(plan) == ["to/a (2)", "to/a (3)"]


def test_a_numbered_key_stays_within_s3s_limit(tmp_path: Path) -> None:
    make(tmp_path, "é" * 50)
    target = S3Location(BUCKET, "t" * 923 + "/")
    plan = plan_upload(FakeStore({BUCKET: {target.key + "é" * 50: b""}}), [tmp_path / ("é" * 50)], target)
    kept = plan.conflicts[0].kept_both.location.key
    assert len(kept.encode()) == 1024
    assert kept.endswith("é (2)")


def test_listing_may_be_allowed_where_reading_is_not(tmp_path: Path) -> None:
    make(tmp_path, "a", "b")
    store = FakeStore({BUCKET: {"to/a": b"1", "to/bb": b""}})
    store.fail("head", S3AccessDeniedError("read"), times=9)
    plan = plan_upload(store, [tmp_path / "a", tmp_path / "b"], TARGET)
    assert keys(plan.items) == ["to/b"]
    assert kept_both(plan) == ["to/b", "to/a (2)"]
    assert (plan.conflicts[0].existing_size, plan.conflicts[0].existing_modified_at) == (
        1, store.buckets[BUCKET]["to/a"].last_modified,
    )  # fmt: skip
    assert plan.unchecked is None


def test_who_may_only_write_is_told_that_nobody_looked(tmp_path: Path) -> None:
    make(tmp_path, "f/a")
    store = FakeStore({BUCKET: {"to/f/a": b""}})
    denied = S3AccessDeniedError("list")
    store.fail("list_files", denied)
    plan = plan_upload(store, [tmp_path / "f"], TARGET)
    assert keys(plan.items) == ["to/f/a"]
    assert plan.items[0].may_replace, "nobody can tell, and the person was asked"
    assert plan.unchecked is denied
    assert plan.has_folders
    store.fail("list_files", S3BusyError("list"))
    with pytest.raises(S3BusyError):
        plan_upload(store, [tmp_path / "f"], TARGET)


def test_many_files_in_a_new_folder_take_one_question(tmp_path: Path) -> None:
    make(tmp_path, *(f"f/{n}/{m}.txt" for n in range(30) for m in range(10)))
    store = FakeStore({BUCKET: {"to/other": b""}})
    assert len(plan_upload(store, [tmp_path / "f"], TARGET).items) == 300
    assert len(store.calls) == 1


def test_tells_what_is_found_while_it_looks(tmp_path: Path) -> None:
    make(tmp_path, "f/a.txt", "f/b.txt")
    sizes = [path.stat().st_size for path in sorted((tmp_path / "f").iterdir())]
    told: list[tuple[int, int]] = []
    plan_upload(FakeStore(), [tmp_path / "f"], S3Location(BUCKET), on_found=lambda *so_far: told.append(so_far))
    assert told == [(1, sizes[0]), (2, sum(sizes))]
    store = FakeStore({BUCKET: {"x/a": b"aaa", "y": b"y"}})
    told.clear()
    plan_download(store, rows(store), tmp_path, on_found=lambda *so_far: told.append(so_far))
    assert told == [(1, 3), (2, 4)]


def test_planning_an_upload_can_be_cancelled(tmp_path: Path) -> None:
    make(tmp_path, "a", "b")
    token = CancelToken()
    store = FakeStore()
    store.on("head", token.cancel)
    with pytest.raises(Cancelled):
        plan_upload(store, [tmp_path / "a", tmp_path / "b"], TARGET, cancel=token)
    assert store.count("head") == 1
    with pytest.raises(Cancelled):
        plan_upload(FakeStore(), [tmp_path], TARGET, cancel=token)


# ---------------------------------------------------------------------- download


def rows(store: FakeStore, prefix: str = "", bucket: str = BUCKET) -> list[Row]:
    """The rows of a folder, as the contents table has them."""
    page = next(store.list_folder(bucket, prefix))
    return [folder_row(bucket, key) for key in page.folders] + [file_row(bucket, info) for info in page.files]


def paths(items: Iterable[TransferItem], root: Path) -> list[str]:
    return [str(item.local_path.relative_to(root)) for item in items]


def test_a_selection_comes_down_with_its_folders(tmp_path: Path) -> None:
    store = FakeStore({BUCKET: {"x/f/": b"", "x/f/a": b"1", "x/f/g/b": b"22", "x/f/e/": b"", "x/one": b"333"}})
    plan = plan_download(store, rows(store, "x/"), tmp_path)
    assert paths(plan.items, tmp_path) == ["f/a", "f/e", "f/g/b", "one"]
    assert [item.is_folder for item in plan.items] == [False, True, False, False]
    stored, one = store.buckets[BUCKET]["x/f/a"], store.buckets[BUCKET]["x/one"]
    assert plan.items[0] == TransferItem(
        Direction.DOWNLOAD, S3Location(BUCKET, "x/f/a"), tmp_path / "f/a", 1, nanoseconds(stored.last_modified),
        stored.etag, root=tmp_path,
    )  # fmt: skip
    assert (plan.items[3].modified_ns, plan.items[3].etag) == (nanoseconds(one.last_modified), one.etag)
    assert plan.has_folders
    assert (plan.count, plan.total_bytes, plan.conflicts, plan.problems) == (4, 6, (), ())


def test_a_bucket_becomes_a_folder(tmp_path: Path) -> None:
    store = FakeStore({BUCKET: {"a": b"", "f/b": b""}, "empty": {}})
    plan = plan_download(store, [bucket_row(entry) for entry in store.list_buckets()], tmp_path)
    assert paths(plan.items, tmp_path) == ["bucket/a", "bucket/f/b", "empty"]
    assert plan.items[2].is_folder


def test_one_folder_or_bucket_to_download_gives_its_name(tmp_path: Path) -> None:
    store = FakeStore({BUCKET: {"f/b": b"", "g/b": b""}})
    one, other = folder_row(BUCKET, "f/"), folder_row(BUCKET, "g/")
    assert plan_download(store, [one], tmp_path).folder == "f"
    assert plan_download(store, [one, other], tmp_path).folder == ""
    assert plan_download(store, rows(store, "f/"), tmp_path).folder == ""
    assert plan_download(store, [bucket_row(entry) for entry in store.list_buckets()], tmp_path).folder == BUCKET


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    plan = plan_download(FakeStore(), [folder_row(BUCKET, "gone/")], tmp_path)
    assert plan.items == ()
    assert [(problem.item.location.key, problem.error.reference) for problem in plan.problems] == [
        ("gone/", "file-not-found")
    ]


def test_a_folder_with_data_of_its_own_is_named(tmp_path: Path) -> None:
    store = FakeStore({BUCKET: {"f/": b"data", "f/a": b""}})
    plan = plan_download(store, [folder_row(BUCKET, "f/")], tmp_path)
    assert paths(plan.items, tmp_path) == ["f/a"]
    assert "holds data" in plan.problems[0].error.reason


def test_names_this_computer_cannot_store(tmp_path: Path) -> None:
    keys = ["../x", "/abs", "CON", "a:b", "dot.", "tab\t", "a//b", "A//b", "a", "x" * 1024, "é", "e\u0301", "ok"]
    store = FakeStore({BUCKET: dict.fromkeys(keys, b"")})
    plan = plan_download(store, rows(store), tmp_path)
    found = dict(zip((item.location.key for item in plan.items), paths(plan.items, tmp_path), strict=True))
    assert len(found) == len(keys)
    assert found["../x"] == ".．/x"
    assert found["/abs"] == "‛/abs"
    assert found["a//b"] == "a (2)/‛/b"
    assert found["a"] == "a (3)"
    assert found["A//b"] == "A/‛/b"
    assert found["ok"] == "ok"
    assert {item.location.key for item in plan.items if not item.renamed} == {"ok", "e\u0301"}
    assert all(Path(os.path.realpath(item.local_path)).is_relative_to(tmp_path) for item in plan.items)


def test_rows_of_several_folders_may_share_names(tmp_path: Path) -> None:
    """As a search finds them."""
    info = S3FileInfo("", 1, FakeStore.sample().head("documents", "Read me.txt").last_modified, "e")
    found = [file_row(BUCKET, replace(info, key=key)) for key in ("a/x.txt", "b/x.txt", "b/x.txt")]
    plan = plan_download(FakeStore(), found, tmp_path)
    assert paths(plan.items, tmp_path) == ["x.txt", "x (2).txt"]
    assert [item.location.key for item in plan.items] == ["a/x.txt", "b/x.txt"]
    assert not plan.has_folders


def summary(conflicts: Iterable[Conflict], root: Path) -> list[tuple[str, str, str | None]]:
    found = []
    for conflict in conflicts:
        wanted, kept = paths([conflict.item, conflict.kept_both], root)
        found.append((wanted, kept, conflict.obstacle.code if conflict.obstacle else None))
    return found


def test_what_is_in_the_way(tmp_path: Path) -> None:
    keys = ["a.txt", "b.txt", "dir", "dirlink", "e/", "f/x", "f/y/z", "g/h/i", "new/x", "m/"]
    store = FakeStore({BUCKET: dict.fromkeys(keys, b"")})
    root = tmp_path / "root"
    make(root, "a.txt", "a (2).txt", "dir/x", "e/", "f", "g/h/i", "g/h/I (2)", "m")
    (root / "dirlink").symlink_to(root / "dir")
    plan = plan_download(store, rows(store), root)
    assert paths(plan.items, root) == ["b.txt", "new/x"], "the empty folder e is there already"
    assert summary(plan.conflicts, root) == [
        ("a.txt", "a (3).txt", None),
        ("dir", "dir (2)", "IsFolder"),
        ("dirlink", "dirlink (2)", "IsFolder"),
        ("f/x", "f (2)/x", "IsFile"),
        ("f/y/z", "f (2)/y/z", "IsFile"),
        ("g/h/i", "g/h/i (3)", None),
        ("m", "m (2)", "IsFile"),
    ]


def test_what_is_known_of_what_is_in_the_way(tmp_path: Path) -> None:
    store = FakeStore({BUCKET: dict.fromkeys(["dir", "f/x", "file", "link", "m/"], b"")})
    root = tmp_path / "root"
    make(root, "dir/", "f", "file", "m")
    (root / "link").symlink_to(root / "file")
    at = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    for name in ("dir", "f", "file", "link", "m"):
        os.utime(root / name, ns=(0, nanoseconds(at)), follow_symlinks=False)
    plan = plan_download(store, rows(store), root)
    found = {
        each.item.location.key: (each.existing_size, each.existing_modified_at, each.obstacle is not None)
        for each in plan.conflicts
    }
    assert found == {
        "dir": (None, at, True),
        "f/x": (None, None, True),
        "file": (4, at, False),
        "link": (None, at, False),
        "m/": (1, at, True),
    }


def test_the_free_space_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type(shutil.disk_usage(tmp_path))
    for answer, expected in [(usage(9, 4, 5), 5), (usage(9, 9, 0), 0), (usage(0, 0, 0), None)]:
        monkeypatch.setattr(shutil, "disk_usage", lambda _, answer=answer: answer)
        assert plan_download(FakeStore(), [], tmp_path).free_bytes == expected

    def refuse(_: Path) -> None:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(shutil, "disk_usage", refuse)
    assert plan_download(FakeStore(), [], tmp_path).free_bytes is None


def test_links_do_not_lead_a_download_out_of_its_folder(tmp_path: Path) -> None:
    root = tmp_path / "root"
    make(tmp_path, "root/inside/", "outside/")
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "in").symlink_to(root / "inside")
    (root / "broken").symlink_to(tmp_path / "nothing")
    store = FakeStore({BUCKET: {"out/x": b"", "in/x": b"", "broken": b"", "broken2/x": b""}})
    plan = plan_download(store, rows(store), root)
    assert paths(plan.items, root) == ["broken2/x", "in/x"]
    assert summary(plan.conflicts, root) == [("broken", "broken (2)", None), ("out/x", "out (2)/x", "Outside")]
    assert plan.conflicts[0].kept_both.renamed


def test_targets_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "file")
    for path in (tmp_path / "gone", tmp_path / "file"):
        with pytest.raises(S3DownloadError) as error:
            plan_download(FakeStore(), [], path)
        assert error.value.code == "NoFolder"
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(S3DownloadError) as error:
        plan_download(FakeStore(), [], tmp_path)
    assert error.value.code == "Unwritable"


def test_planning_a_download_can_be_cancelled(tmp_path: Path) -> None:
    token = CancelToken()
    store = FakeStore({BUCKET: {"f/a": b""}})
    chosen = rows(store)
    store.on("list_files", token.cancel)
    with pytest.raises(Cancelled):
        plan_download(store, chosen, tmp_path, cancel=token)
