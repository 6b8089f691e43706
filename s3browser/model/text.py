"""Numbers as words, for people. Pure functions, English, no locale: ``ui`` formats dates with the system's."""


def plural(count: int, noun: str, many: str | None = None) -> str:
    """``1 file``, ``1,204 files``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def size_text(size_bytes: int) -> str:
    """``0 bytes``, ``812 bytes``, ``96 KB``, ``4.2 MB``: decimal units, as Finder and most file managers count."""
    if size_bytes < 1000:
        return plural(size_bytes, "byte")
    size = float(size_bytes)
    for unit in ("KB", "MB", "GB", "TB", "PB"):
        size /= 1000
        if round(size, 1 if unit != "KB" else 0) < 1000:
            break
    return f"{size:.0f} {unit}" if unit == "KB" or size >= 100 else f"{size:.1f} {unit}"


def rate_text(bytes_per_s: float) -> str:
    """``38 MB/s``, ``4.2 MB/s``: two digits, since the third would only flicker."""
    number, unit = size_text(int(bytes_per_s)).split()
    return f"{float(number):.0f} {unit}/s" if float(number) >= 10 else f"{number} {unit}/s"


def duration_text(seconds: float) -> str:
    """``a few seconds``, ``about 40 seconds``, ``about 3 minutes``, ``about 2 hours``."""
    if seconds < 8:
        return "a few seconds"
    if seconds < 55:
        return f"about {round(seconds / 5) * 5} seconds"
    if seconds < 3300:
        return f"about {plural(max(1, round(seconds / 60)), 'minute')}"
    return f"about {plural(max(1, round(seconds / 3600)), 'hour')}"
