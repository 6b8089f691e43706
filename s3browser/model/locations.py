"""Where things are: bucket and key.

Keys are not paths: nothing here normalises, and ``//`` or ``..`` stay what they are.
"""

import re
from dataclasses import dataclass

from s3browser.model.text import plural

DELIMITER = "/"
MAX_KEY_BYTES = 1024


@dataclass(frozen=True, slots=True, order=True)
class S3Location:
    """A bucket (empty key), a folder (a key that ends in ``/``) or an object.

    Attributes:
        bucket: the bucket's name; empty for the list of all buckets.
        key: the whole key; never with a leading ``/`` added or removed.
    """

    bucket: str = ""
    key: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether it can hold others: the list of buckets, a bucket or a folder."""
        return not self.key or self.key.endswith(DELIMITER)

    @property
    def name(self) -> str:
        """The last part as a person names it, without the folder's ``/``; empty for ``a//`` and the list of buckets."""
        if not self.key:
            return self.bucket
        return self.key.removesuffix(DELIMITER).rsplit(DELIMITER, 1)[-1]

    @property
    def label(self) -> str:
        """``name`` for the screen, where even ``a//`` has to be called something."""
        return self.name or ("(no name)" if self.bucket else "")

    @property
    def parent(self) -> "S3Location":
        """One level up; the list of buckets is its own parent."""
        if not self.key:
            return S3Location()
        head, mark, _ = self.key.removesuffix(DELIMITER).rpartition(DELIMITER)
        return S3Location(self.bucket, head + mark)

    @property
    def trail(self) -> "list[S3Location]":
        """From the bucket down to this one, both included; empty for the list of buckets."""
        steps = []
        here = self
        while here.bucket:
            steps.append(here)
            if not here.key:
                break
            here = here.parent
        return steps[::-1]

    def child(self, name: str, *, folder: bool = False) -> "S3Location":
        """The location of ``name`` inside this folder; of a bucket inside the list of buckets."""
        if not self.bucket:
            return S3Location(name)
        return S3Location(self.bucket, self.key + name + (DELIMITER if folder else ""))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}" if self.bucket else "s3://"


def parse_location(text: str) -> S3Location:
    """Read ``s3://bucket/key``, ``bucket/key`` or ``/bucket/key`` as typed into the path bar.

    Raises:
        ValueError: there is another scheme than ``s3``, or a key without a bucket.
    """
    trimmed = text.strip()
    scheme, mark, rest = trimmed.partition("://")
    if mark and scheme.lower() != "s3":
        raise ValueError(f"“{trimmed}” is not an s3:// address")
    bucket, _, key = (rest if mark else trimmed.removeprefix("/")).partition(DELIMITER)
    if key and not bucket:
        raise ValueError(f"“{trimmed}” names no bucket")
    return S3Location(bucket, key)


def key_problem(key: str) -> str | None:
    """Why S3 cannot store this key, as a sentence, or None if it can."""
    if not key:
        return "The name is empty."
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "The name holds characters that are not valid text."
    if size > MAX_KEY_BYTES:
        return f"The name with its folders is {plural(size - MAX_KEY_BYTES, 'byte')} too long for S3."
    return None


def bucket_problem(name: str) -> str | None:
    """Why S3 would not create a bucket with this name, as a sentence, or None if it would.

    For new buckets and for settings: names from before 2018 may break these rules and are opened all the same.
    Source: "General purpose bucket naming rules" in Amazon's S3 user guide.
    """
    if not 3 <= len(name) <= 63:
        return f"The bucket name has {plural(len(name), 'character')}; S3 wants 3 to 63."
    if not re.fullmatch(r"[a-z0-9.-]+", name):
        return "The bucket name may hold only small letters (a–z), digits, dots and hyphens."
    if not (name[0].isalnum() and name[-1].isalnum()):
        return "The bucket name has to begin and end with a letter or a digit."
    if ".." in name:
        return "The bucket name may not hold two dots in a row."
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name):
        return "The bucket name may not look like an IP address."
    for prefix in ("xn--", "sthree-", "amzn-s3-demo-"):
        if name.startswith(prefix):
            return f"Amazon keeps bucket names that begin with “{prefix}” for itself."
    for suffix in ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"):
        if name.endswith(suffix):
            return f"Amazon keeps bucket names that end with “{suffix}” for itself."
    return None
