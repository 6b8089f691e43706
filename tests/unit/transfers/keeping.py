"""A keeper that remembers, as the manager's journal does."""

from pathlib import Path

from s3browser.model.entries import UploadedPart
from s3browser.transfers.run import Partial


class Memory:
    """What a journal would hold of one run; ``partial`` is what the next run is given."""

    def __init__(self) -> None:
        self.partial: Partial | None = None
        self.told: list[str] = []

    def keep_upload(self, upload_id: str, part_size: int) -> None:
        self.told.append("upload" if upload_id else "opening")
        self.partial = Partial(part_size, upload_id)

    def keep_download(self, temp: Path, etag: str, size: int, part_size: int) -> None:
        self.told.append("download")
        self.partial = Partial(part_size, temp=temp, etag=etag, size=size)

    def keep_part(self, part: UploadedPart) -> None:
        self.told.append(f"part {part.number}")
        assert self.partial is not None
        kept = self.partial
        parts = (*(each for each in kept.parts if each.number != part.number), part)
        self.partial = Partial(kept.part_size, kept.upload_id, kept.temp, kept.etag, kept.size, parts)

    def forget(self) -> None:
        self.told.append("forget")
        self.partial = None
