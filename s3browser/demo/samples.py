"""What lies in the demo's buckets: an office's files, and the names that make programs stumble.

The bytes are the same each time; only the times move, so that "today" stays today.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from mimetypes import MimeTypes
from random import Random

from s3browser.demo import office, pictures

MARKETING, FINANCE, BACKUPS = "acme-marketing", "acme-finance", "acme-backups"
SCANS = "Scans 2026/"
SCAN_COUNT = 5_000
AWKWARD = "Awkward names/"

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_TYPES = MimeTypes()  # the standard library's own list: the computer's differs from one to the next
for _ending, _kind in {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".md": "text/markdown",
    ".svg": "image/svg+xml",
}.items():
    _TYPES.add_type(_kind, _ending)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket; ``age`` is how long ago it was created."""

    name: str
    age: timedelta
    versioned: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """One stored object or version.

    Attributes:
        bucket: where it lies.
        key: the whole key; a key that comes again is a newer version.
        body: its bytes, or None for a delete marker.
        age: how long ago it was stored.
        storage_class: as S3 names it.
        tags: tags of the object.
        metadata: the person's own metadata.
    """

    bucket: str
    key: str
    body: bytes | None
    age: timedelta
    storage_class: str = "STANDARD"
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        """By the key's ending, as an upload would set it."""
        return _TYPES.guess_type(f"x/{self.key}")[0] or "application/octet-stream"


BUCKETS = (
    Bucket(MARKETING, 700 * _DAY, versioned=True),
    Bucket(FINANCE, 690 * _DAY),
    Bucket(BACKUPS, 400 * _DAY, versioned=True),
)


def samples() -> Iterator[Sample]:
    """Everything, the versions of a key from the oldest to the newest. Takes about half a second of computing."""
    yield from _spring()
    yield from _marketing()
    yield from _finance()
    yield from _scans()
    yield from _backups()
    yield from _awkward()


def _spring() -> Iterator[Sample]:
    here = "campaigns/Spring 2026/"
    hero = pictures.landscape(2400, 1350)
    drafts = ((11 * _DAY, pictures.ROSE, 5), (_DAY + 2 * _HOUR, pictures.MORNING, 7))
    banners = [(age, pictures.landscape(1600, 900, palette, seed), seed) for age, palette, seed in drafts]
    for age, picture, grain in (*banners, (24 * _MINUTE, hero, 12)):
        yield Sample(
            MARKETING, f"{here}hero-banner.png", pictures.png(picture, grain=grain), age,
            tags={"campaign": "spring-2026", "status": "approved"}, metadata={"photographer": "R. Okafor"},
        )  # fmt: skip
    mobile = hero.resize((1200, 675))
    yield Sample(MARKETING, f"{here}hero-banner-mobile.png", pictures.png(mobile, grain=10), 25 * _MINUTE)
    photo = pictures.landscape(1600, 900, pictures.SPRING, 4)
    plan = office.pdf("Media plan Spring 2026", _MEDIA_PLAN, picture=(pictures.jpeg(photo, quality=95), 1600, 900))
    yield Sample(MARKETING, f"{here}Media plan.pdf", plan, _DAY + 3 * _HOUR, tags={"campaign": "spring-2026"})
    yield Sample(MARKETING, f"{here}Budget v3.xlsx", _budget("Spring 2026", 3), _DAY + 8 * _HOUR)
    yield Sample(MARKETING, f"{here}copy-deck.docx", office.docx("Spring 2026: copy deck", _COPY_DECK), 6 * _DAY)
    fonts = {f"Acme Sans/AcmeSans-{cut}.otf": _noise(1_400_000, cut) for cut in ("Light", "Regular", "Bold", "Black")}
    licence = "Acme Sans may be used by Acme and its agencies.\n"
    yield Sample(
        MARKETING, f"{here}fonts.zip", office.archive({"Licence.txt": licence, **fonts}, packed=False), 11 * _DAY
    )
    yield Sample(MARKETING, f"{here}teaser-30s.mp4", _video(), 5 * _DAY)
    for number, palette in enumerate(pictures.PALETTES, start=1):
        picture = pictures.landscape(1600, 1067, palette, number)
        yield Sample(
            MARKETING, f"{here}Artwork/Motif {number}.jpg", pictures.jpeg(picture, camera="Canon EOS R6"),
            (3 + number) * _DAY,
        )  # fmt: skip
    for size, lines in (("A4", 3), ("A3", 2), ("18-1", 1)):
        text = ["Spring starts here", *_COPY_DECK[1 : 1 + lines]]
        yield Sample(MARKETING, f"{here}Print/Poster {size}.pdf", office.pdf(f"Poster {size}", [text]), 8 * _DAY)
    yield Sample(MARKETING, f"{here}Print/Print notes.txt", b"CMYK, 3 mm bleed, coated paper 170 g.\n", 9 * _DAY)


def _marketing() -> Iterator[Sample]:
    for season, palette, days in (
        ("Autumn 2025", pictures.EVENING, 70),
        ("Summer 2025", pictures.MORNING, 160),
        ("Winter 2025", pictures.NIGHT, 20),
    ):
        here = f"campaigns/{season}/"
        picture = pictures.jpeg(pictures.landscape(1920, 1080, palette, days))
        yield Sample(MARKETING, f"{here}hero.jpg", picture, days * _DAY)
        yield Sample(MARKETING, f"{here}Budget.xlsx", _budget(season, days), (days + 3) * _DAY)
    yield Sample(MARKETING, "assets/Logo/acme-logo.png", pictures.logo(512), 300 * _DAY)
    yield Sample(MARKETING, "assets/Logo/acme-logo-small.png", pictures.logo(64), 300 * _DAY)
    yield Sample(MARKETING, "assets/Logo/acme-logo.svg", _LOGO_SVG.encode(), 300 * _DAY)
    yield Sample(MARKETING, "assets/Brand colours.csv", _COLOURS.encode(), 250 * _DAY)
    yield Sample(MARKETING, "assets/Read me first.md", _README.encode(), 245 * _DAY)
    for number, title in enumerate(("New plant in Lyon", "Half-year results", "Acme wins design award"), start=1):
        text = [title, "", *_PRESS]
        name = f"press/2026-{2 * number:02}-12 {title}"
        yield Sample(MARKETING, f"{name}.pdf", office.pdf(title, [text], author="Acme Press"), 60 * number * _DAY)
        yield Sample(MARKETING, f"{name}.docx", office.docx(title, _PRESS, "Acme Press"), (60 * number + 1) * _DAY)
    yield Sample(MARKETING, "press/Contacts.html", _CONTACTS.encode(), 90 * _DAY)


def _finance() -> Iterator[Sample]:
    for month, name in enumerate(("January", "February", "March", "April", "May", "June"), start=1):
        yield Sample(FINANCE, f"Reports/2026/{month:02} {name}.xlsx", _budget(name, month), (210 - 30 * month) * _DAY)
    rows = [
        f"2026-{1 + n % 12:02}-{1 + n % 28:02},{10_000 + n},{_SUPPLIERS[n % 7]},{n * 7919 % 90_000 / 100:.2f}"
        for n in range(2_000)
    ]
    yield Sample(
        FINANCE, "Exports/ledger 2026.csv", "\n".join(["date,voucher,account,amount", *rows, ""]).encode(), _HOUR
    )
    contract = ["Lease of the office in Lyon", "", *_CONTRACT]
    for place in ("Lyon", "Porto", "Gdańsk"):
        yield Sample(FINANCE, f"Contracts/Lease {place}.pdf", office.pdf(f"Lease {place}", [contract]), 330 * _DAY)
    yield Sample(FINANCE, "Contracts/", b"", 340 * _DAY)
    yield Sample(FINANCE, "To be signed/", b"", 3 * _DAY)


def _scans() -> Iterator[Sample]:
    for number in range(1, SCAN_COUNT + 1):
        supplier = _SUPPLIERS[number * 31 % len(_SUPPLIERS)]
        amount = f"{number * 7919 % 900_000 / 100:,.2f} EUR"
        lines = [f"Invoice 2026-{number:05}", supplier, "", f"Amount due: {amount}", *_TERMS[: number % len(_TERMS)]]
        yield Sample(
            FINANCE, f"{SCANS}Invoice 2026-{number:05} {supplier}.pdf", office.pdf(lines[0], [lines], author=supplier),
            (SCAN_COUNT - number) * 97 * _MINUTE + 10 * _MINUTE,
        )  # fmt: skip


def _backups() -> Iterator[Sample]:
    for week in range(12, 0, -1):
        dump = office.archive({"accounts.csv": _COLOURS * 40 * week, "week.txt": f"{week} weeks ago\n"})
        yield Sample(
            BACKUPS, f"Weekly/accounts-{week:02}-weeks-ago.zip", dump, 7 * week * _DAY,
            "STANDARD_IA" if week > 4 else "STANDARD", tags={"keep-until": "2027-12-31", "kind": "weekly"},
        )  # fmt: skip
    for year in (2023, 2024):
        yield Sample(
            BACKUPS, f"Archive/accounts-{year}.zip", office.archive({"accounts.csv": _COLOURS * 400}),
            364 * _DAY, "GLACIER", tags={"keep-until": f"{year + 10}-12-31", "kind": "yearly"},
        )  # fmt: skip
    for revision, days in enumerate((300, 200, 120, 30, 2), start=1):
        text = f'{{\n  "revision": {revision},\n  "schedule": "Sunday 02:00",\n  "keep_weeks": {10 + revision}\n}}\n'
        yield Sample(BACKUPS, "Settings/backup.json", text.encode(), days * _DAY, tags={"revision": str(revision)})
    yield Sample(BACKUPS, "Settings/old schedule.txt", b"Friday 23:00\n", 310 * _DAY)
    yield Sample(BACKUPS, "Settings/old schedule.txt", None, 290 * _DAY)


def _awkward() -> Iterator[Sample]:
    for name, says in _AWKWARD_NAMES.items():
        yield Sample(BACKUPS, AWKWARD + name, says.encode(), 40 * _DAY)
    yield Sample(BACKUPS, "/leading slash.txt", b"The key begins with a slash.\n", 40 * _DAY)


def _budget(title: str, seed: int) -> bytes:
    dice = Random(seed)  # noqa: S311 (invented figures)
    rows: list[list[office.Cell]] = [["Item", "Planned", "Spent", "Left"]]
    for number, item in enumerate(("Photography", "Media", "Print", "Agency", "Events", "Reserve"), start=2):
        planned = dice.randrange(20, 400) * 100
        spent = dice.randrange(0, planned)
        rows.append([item, planned, spent, (f"B{number}-C{number}", planned - spent)])
    totals: list[office.Cell] = [
        (f"SUM({column}2:{column}7)", sum(_number(row[place]) for row in rows[1:]))
        for place, column in enumerate("BCD", start=1)
    ]
    return office.xlsx(f"Budget {title}", "Budget", [*rows, ["Total", *totals]])


def _number(cell: office.Cell) -> float:
    return cell[1] if isinstance(cell, tuple) else float(cell)


def _noise(size_bytes: int, seed: str) -> bytes:
    return Random(seed).randbytes(size_bytes)  # noqa: S311 (filler that cannot be packed)


def _video() -> bytes:
    """An MP4 by its first bytes, large enough to watch it being transferred; there is no film in it."""
    kind = b"isom\x00\x00\x02\x00isommp42"
    film = bytes(24_000_000)
    return b"".join(
        (len(data) + 8).to_bytes(4, "big") + name + data for name, data in ((b"ftyp", kind), (b"free", film))
    )


_SUPPLIERS = (
    "Müller GmbH",
    "Dubois SARL",
    "Kowalski i Synowie",
    "Santos & Filhos",
    "O’Brien Ltd",
    "Acme Energy",
    "Nordisk AB",
)
_TERMS = (
    "Payable within 30 days without deduction.",
    "Please quote the invoice number with your payment.",
    "Goods remain our property until paid in full.",
    "Our general terms of business apply.",
    "Delivery note and time sheets are enclosed.",
)
_MEDIA_PLAN = (
    ["Media plan Spring 2026", "", "Flight: 2 March to 26 April 2026", "Budget: 184,000 EUR"],
    [
        "Channels", "", "Out of home: 240 sites in six cities", "Online video: 4.2 million contacts",
        "Print: nine titles, one double page each", "Radio: twelve stations, 20 seconds",
    ],
)  # fmt: skip
_COPY_DECK = (
    "# Headline",
    "Spring starts here.",
    "# Body",
    "Four colours, two fits, one price: the new season is in the shops from 2 March.",
    "Bring a friend and both of you get 10 % off.",
    "# Small print",
    "While stocks last. Not to be combined with other offers.",
)
_PRESS = (
    "Lyon, for immediate release.",
    "Acme today presented its plans for the year to staff, neighbours and the press.",
    "“We build where our customers are,” said Chief Executive Amara Diallo.",
    "About Acme: founded in 1971, 2,300 people, eleven countries.",
)
_CONTRACT = (
    "1. The rooms are let for five years from 1 January 2026.",
    "2. The rent is 14,200 EUR a month, payable on the third working day.",
    "3. Repairs up to 500 EUR are borne by the tenant.",
)
_COLOURS = "name,hex,use\nAcme blue,#1f6feb,primary\nSun,#f6d38a,accent\nSlate,#475569,text\nSnow,#f8fafc,background\n"
_README = (
    "# Brand assets\n\nUse the **SVG** logo wherever you can, the PNG where you must.\n\n"
    "- Leave a quarter of its height free around it.\n- Never put it on a photograph.\n"
)
_CONTACTS = (
    "<!doctype html>\n<html lang=en><meta charset=utf-8><title>Press contacts</title>\n<h1>Press contacts</h1>\n"
    "<ul><li>Amélie Laurent, Lyon<li>João Sousa, Porto<li>Paweł Nowak, Gdańsk</ul>\n"
)
_LOGO_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><circle cx="32" cy="32" r="32" fill="#1f6feb"/>'
    '<path fill="#fff" d="M13 46 29 19l16 27z"/><path fill="#cfe0ff" d="m32 46 10-17 11 17z"/></svg>\n'
)
_LONG = "a very long folder name " * 8
_AWKWARD_NAMES = {
    "": "",
    "Übersicht – São Paulo.txt": "Letters beyond English.\n",
    "cafe\u0301 (two code points).txt": "An e and its accent, apart.\n",
    "café (one code point).txt": "An é.\n",
    "東京オフィス.txt": "Japanese.\n",
    "مكتب القاهرة.txt": "Arabic, written from right to left.\n",
    "🎉 party 👩‍👩‍👧.txt": "Emoji, one of them made of several.\n",
    "1+1=2.txt": "A plus is not a blank.\n",
    "100%41.txt": "The name has a per cent sign, no A.\n",
    "a&b<c>.txt": "Characters with a meaning in XML.\n",
    "<b>not bold</b>.txt": "Characters with a meaning in HTML.\n",
    "a:b.txt": "Windows allows no colon.\n",
    'what?*"|.txt': "Windows allows none of these.\n",
    "back\\slash.txt": "No folder here.\n",
    "question?versionId=1#part.txt": "Characters with a meaning in addresses.\n",
    "trailing dot.": "Windows drops the dot.\n",
    "trailing blank ": "Windows drops the blank.\n",
    " leading blank.txt": "Sorted first.\n",
    "CON": "A device on Windows.\n",
    "NUL.txt": "Another one.\n",
    "README.txt": "Capital letters.\n",
    "readme.txt": "Small letters: one file on Windows and macOS.\n",
    "evil\u202egnp.exe": "Shown backwards, it seems to be a picture.\n",
    # the one control character that XML can hold: moto lists versions without encoding the names
    "tab\tin it.txt": "A tabulator in the name.\n",
    "double//slash.txt": "A folder without a name lies between.\n",
    "../outside.txt": "Two dots are a folder’s name here.\n",
    "./here.txt": "So is one.\n",
    "both": "A file called both…\n",
    "both/inside.txt": "…and a folder called both.\n",
    "marker with content/": "A folder’s marker that has bytes.\n",
    ".hidden": "Begins with a dot.\n",
    "no ending": "No ending.\n",
    "empty.txt": "",
    _LONG[:200].rstrip() + "/" + "/".join(["deeper and deeper into it"] * 30) + ".txt": "A key of about 1,000 bytes.\n",
}  # fmt: skip
