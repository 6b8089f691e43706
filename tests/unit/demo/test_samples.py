import hashlib
import io
import json
import zipfile
from datetime import timedelta

import pypdf
import pypdfium2
import pytest
from defusedxml.ElementTree import fromstring
from PIL import Image

from s3browser.demo.samples import AWKWARD, BACKUPS, BUCKETS, FINANCE, MARKETING, SCAN_COUNT, SCANS, Sample, samples
from s3browser.model.locations import key_problem

ALL = list(samples())


def newest(bucket: str, key: str) -> bytes:
    body = [sample.body for sample in ALL if (sample.bucket, sample.key) == (bucket, key)][-1]
    assert body is not None
    return body


def ending(*endings: str) -> list[Sample]:
    return [sample for sample in ALL if sample.key.endswith(endings) and not sample.key.startswith((SCANS, AWKWARD))]


def test_the_bytes_are_the_same_each_time() -> None:
    def digest(found: list[Sample]) -> str:
        return hashlib.sha256(repr([(one.bucket, one.key, one.age) for one in found]).encode()).hexdigest() + "".join(
            hashlib.md5(one.body or b"").hexdigest() for one in found
        )

    assert digest(list(samples())) == digest(ALL)


def test_every_sample_can_be_stored() -> None:
    buckets = {bucket.name: bucket for bucket in BUCKETS}
    for sample in ALL:
        assert key_problem(sample.key) is None
        assert timedelta(0) < sample.age < timedelta(days=366), "within the last year"
        assert sample.age < buckets[sample.bucket].age, "after its bucket"


def test_only_versioned_buckets_have_versions_and_they_are_in_order() -> None:
    versions: dict[tuple[str, str], list[timedelta]] = {}
    for sample in ALL:
        versions.setdefault((sample.bucket, sample.key), []).append(sample.age)
    several = {place: ages for place, ages in versions.items() if len(ages) > 1}

    assert len(several) >= 3
    assert {bucket for bucket, _ in several} <= {bucket.name for bucket in BUCKETS if bucket.versioned}
    assert all(ages == sorted(ages, reverse=True) for ages in several.values())


def test_the_large_folder_is_flat_and_complete() -> None:
    keys = {sample.key for sample in ALL if sample.bucket == FINANCE and sample.key.startswith(SCANS)}

    assert len(keys) == SCAN_COUNT == 5_000
    assert all("/" not in key.removeprefix(SCANS) for key in keys)


def test_the_folder_of_the_design_is_there() -> None:
    here = "campaigns/Spring 2026/"
    names = {sample.key.removeprefix(here).split("/")[0] for sample in ALL if sample.key.startswith(here)}

    assert names == {
        "Artwork", "Print", "hero-banner.png", "hero-banner-mobile.png", "Media plan.pdf", "Budget v3.xlsx",
        "teaser-30s.mp4", "copy-deck.docx", "fonts.zip",
    }  # fmt: skip


def test_the_awkward_names_are_awkward() -> None:
    names = [sample.key.removeprefix(AWKWARD) for sample in ALL if sample.key.startswith(AWKWARD)]

    assert len(names) == len(set(names))
    assert len({name.casefold() for name in names}) < len(names), "two differ only in case"
    assert any("//" in name for name in names)
    assert any(name.endswith(".") for name in names)
    assert any(name.startswith("../") for name in names)
    assert any(ord(letter) < 32 for name in names for letter in name)
    assert any(len((AWKWARD + name).encode()) > 950 for name in names)
    assert {"both", "both/inside.txt"} <= set(names)
    assert any(sample.key.startswith("/") for sample in ALL)


@pytest.mark.parametrize("sample", ending(".png", ".jpg"), ids=lambda sample: sample.key)
def test_pictures_open(sample: Sample) -> None:
    with Image.open(io.BytesIO(sample.body or b"")) as picture:
        picture.load()
        assert min(picture.size) >= 64
        assert sample.content_type == picture.get_format_mimetype()


def test_the_banner_is_as_large_as_the_design_says() -> None:
    with Image.open(io.BytesIO(newest(MARKETING, "campaigns/Spring 2026/hero-banner.png"))) as picture:
        assert picture.size == (2400, 1350)


@pytest.mark.parametrize("sample", ending(".pdf"), ids=lambda sample: sample.key)
def test_pdfs_open_strictly_and_hold_text(sample: Sample) -> None:
    reader = pypdf.PdfReader(io.BytesIO(sample.body or b""), strict=True)

    assert reader.metadata is not None
    assert reader.metadata.title
    assert all(page.extract_text().strip() for page in reader.pages)
    document = pypdfium2.PdfDocument(sample.body)
    try:
        assert document[0].render(scale=0.2).to_pil().convert("L").getextrema()[0] < 255, "the page is not blank"
    finally:
        document.close()


def test_a_scan_opens() -> None:
    sample = next(sample for sample in ALL if sample.key.startswith(f"{SCANS}Invoice 2026-00004 "))

    text = pypdf.PdfReader(io.BytesIO(sample.body or b""), strict=True).pages[0].extract_text()

    assert "Amount due" in text


@pytest.mark.parametrize("sample", ending(".docx", ".xlsx"), ids=lambda sample: sample.key)
def test_office_files_are_whole_packages(sample: Sample) -> None:
    with zipfile.ZipFile(io.BytesIO(sample.body or b"")) as package:
        assert package.testzip() is None
        trees = {name: fromstring(package.read(name)) for name in package.namelist()}

    declared = {part.get("PartName") for part in trees["[Content_Types].xml"] if part.get("PartName")}
    assert declared <= {f"/{name}" for name in trees}, "every declared part is there"
    for name, tree in trees.items():
        if name.endswith(".rels"):
            folder = name.split("_rels/")[0]
            assert {folder + (link.get("Target") or "?") for link in tree} <= set(trees), "every link leads somewhere"
    assert any(tree.itertext() for tree in trees.values())


@pytest.mark.parametrize("sample", ending(".zip"), ids=lambda sample: sample.key)
def test_archives_are_whole(sample: Sample) -> None:
    with zipfile.ZipFile(io.BytesIO(sample.body or b"")) as archive:
        assert archive.testzip() is None


def test_every_revision_of_the_settings_is_json() -> None:
    revisions = [json.loads(sample.body or b"") for sample in ALL if sample.key == "Settings/backup.json"]

    assert [revision["revision"] for revision in revisions] == [1, 2, 3, 4, 5]
    assert {sample.storage_class for sample in ALL if sample.bucket == BACKUPS} >= {"STANDARD", "GLACIER"}
