"""What a plan comes to before anything has moved. Pure functions: the window only puts them into words."""

from s3browser.model.transfers import Plan

PLAIN_FILES = 50
PLAIN_BYTES = 100_000_000


def is_plain(plan: Plan) -> bool:
    """Whether a plan may start at once, without a question.

    There is nothing to settle, to be told or to be patient for: no name is taken and somebody could look, nothing was
    left out, it fits the disk, and it is something small: at most 100 MB, and single files, however many were picked
    by hand, or folders that hold at most 50 files. Names that differ are no question: nothing is lost by them, and a
    sentence says so.
    """
    return (
        not plan.conflicts
        and not plan.problems
        and plan.unchecked is None
        and fits(plan)
        and plan.total_bytes <= PLAIN_BYTES
        and (not plan.has_folders or plan.count <= PLAIN_FILES)
    )


def fits(plan: Plan) -> bool:
    """Whether there is room for all of it, those in conflict included; yes where the free space is not known.

    What gets replaced frees nothing: the old file stays until the new one is whole.
    """
    return plan.free_bytes is None or plan.total_bytes <= plan.free_bytes


def seconds_needed(count: int, size_bytes: int, bytes_per_s: float, files_per_s: float) -> float | None:
    """How long ``count`` files of ``size_bytes`` together take at these speeds; None while a speed is not known.

    The time for the bytes and the time for asking are added: what comes early annoys nobody.

    Args:
        count: files and empty folders.
        size_bytes: all together.
        bytes_per_s: of big files; 0.0 while unknown.
        files_per_s: of files without content; 0.0 while unknown.
    """
    if bytes_per_s <= 0 or files_per_s <= 0:
        return None
    return size_bytes / bytes_per_s + count / files_per_s
