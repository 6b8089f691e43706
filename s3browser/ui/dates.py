from datetime import date, datetime

from PySide6.QtCore import QDate, QDateTime, QLocale, QTime


def date_text(moment: datetime | None) -> str:
    """A moment in local time as people say it: “Today, 09:14”, “Yesterday, 16:40”, “18 Nov 2026”; “—” for None."""
    if moment is None:
        return "—"
    return _date_text(moment, datetime.now().astimezone())


def _date_text(moment: datetime, now: datetime) -> str:
    local = moment.astimezone(now.tzinfo)
    days = (now.date() - local.date()).days
    if days in (0, 1):
        clock = QLocale().toString(QTime(local.hour, local.minute), QLocale.FormatType.ShortFormat)
        return f"{'Yesterday' if days else 'Today'}, {clock}"
    return QLocale().toString(QDateTime(local.year, local.month, local.day, 0, 0, 0).date(), "d MMM yyyy")


def clock_text(moment: datetime | None) -> str:
    """The local time of day as the system writes it, “10:14”; empty for None."""
    if moment is None:
        return ""
    local = moment.astimezone()
    return QLocale().toString(QTime(local.hour, local.minute), QLocale.FormatType.ShortFormat)


def day_text(day: date, today: date) -> str:
    """A day as people say it: “Today”, “Yesterday”, “Monday 23 November”, “Friday 5 December 2025”."""
    days = (today - day).days
    if days in (0, 1):
        return "Yesterday" if days else "Today"
    pattern = "dddd d MMMM" if day.year == today.year else "dddd d MMMM yyyy"
    return QLocale().toString(QDate(day.year, day.month, day.day), pattern)


def full_date_text(moment: datetime | None) -> str:
    """A moment in local time to the second, in the system's long format; “—” for None."""
    if moment is None:
        return "—"
    local = moment.astimezone()
    when = QDateTime(local.year, local.month, local.day, local.hour, local.minute, local.second)
    return QLocale().toString(when, QLocale.FormatType.LongFormat)
