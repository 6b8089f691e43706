"""Times as the disk counts them (nanoseconds since 1970) and as S3 tells them. Pure functions."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def moment(nanoseconds: int) -> datetime | None:
    """The time, aware, UTC, cut to the microsecond; None for 0, which stands for not known, and beyond the calendar."""
    try:
        return _EPOCH + timedelta(microseconds=nanoseconds // 1000) if nanoseconds else None
    except OverflowError:
        return None


def nanoseconds(at: datetime | None) -> int:
    """``at``, which has to be aware, in nanoseconds since 1970; 0 for None."""
    return (at - _EPOCH) // _MICROSECOND * 1000 if at else 0
