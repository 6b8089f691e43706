"""ZIP archives: what is in them, by their directory. Nothing is unpacked, and archives inside are not opened."""

from itertools import islice
from pathlib import Path

from s3browser.documents.document import Document, Kind
from s3browser.documents.limits import MAX_LISTED_MEMBERS
from s3browser.documents.readers.package import Package
from s3browser.documents.readers.plain import PlainText
from s3browser.model.text import size_text

_ENCRYPTED = 0x1


def read(path: Path, name: str) -> Document:
    """List an archive: a line a member, its name and its unpacked size parted by a tab."""
    with Package(path) as package:
        members = package.members
        files = [member for member in members if not member.is_dir()]
        text = PlainText()
        for member in islice(members, MAX_LISTED_MEMBERS):
            size = "" if member.is_dir() else f"\t{size_text(member.file_size)}"
            text.add(f"{' '.join(member.filename.split())}{size}\n")
        protected = any(member.flag_bits & _ENCRYPTED for member in files)
        return Document(
            key=name,
            kind=Kind.ZIP,
            title=package.comment,
            text=str(text),
            truncated=len(members) > MAX_LISTED_MEMBERS,
            facts={
                "Files": f"{len(files):,}",
                "Unpacked size": size_text(sum(member.file_size for member in files)),
                "Protection": "Some files need a password" if protected else "",
            },
        )
