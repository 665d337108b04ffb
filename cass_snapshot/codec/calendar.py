"""Days, times and instants as text, and back. Pure; proleptic Gregorian, UTC, no leap seconds.

Formatting is table-driven: ``datetime`` costs several times as much a value, and goes through
floating point in places where a millisecond must survive.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache

EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
DATE_OFFSET = 2**31
"""Cassandra's date cells are unsigned, with 1970-01-01 in the middle."""
DATE_DAYS_MIN = date(1000, 1, 1).toordinal() - EPOCH_ORDINAL
DATE_DAYS_MAX = date(9999, 12, 31).toordinal() - EPOCH_ORDINAL
"""The years that MySQL's manual guarantees for DATE and DATETIME."""
DAY_MS = 86_400_000
DAY_NS = 86_400_000_000_000
DATETIME_MS_MIN = DATE_DAYS_MIN * DAY_MS
DATETIME_MS_MAX = (DATE_DAYS_MAX + 1) * DAY_MS - 1

MINUTES = tuple(f"{m // 60:02d}:{m % 60:02d}:" for m in range(24 * 60))
"""``HH:MM:`` for each minute of a day."""
_DATES_KEPT = 100_000
"""Some 270 years of days, a dozen megabytes."""


@cache
def minute_millis() -> tuple[str, ...]:
    """Return ``SS.mmm`` for each millisecond of a minute; made when the first instant is."""
    return tuple(f"{ms // 1000:02d}.{ms % 1000:03d}" for ms in range(60_000))


class _Dates(dict[int, str]):
    """Dates as text by their days since 1970, made when first asked for."""

    def __missing__(self, days: int) -> str:
        text = date.fromordinal(EPOCH_ORDINAL + days).isoformat()
        if len(self) < _DATES_KEPT:
            self[days] = text
        return text


DATES = _Dates()


def date_text(days: int) -> str:
    """Return the date that is ``days`` after 1970-01-01, as YYYY-MM-DD."""
    return DATES[days]


def date_days(text: str) -> int:
    """Return the days from 1970-01-01 to a date given as YYYY-MM-DD."""
    return date.fromisoformat(text).toordinal() - EPOCH_ORDINAL


def datetime_texts(millis: Sequence[int]) -> list[str]:
    """Return instants, given in milliseconds since 1970, as ``YYYY-MM-DD HH:MM:SS.mmm``."""
    minutes, milli, dates = MINUTES, minute_millis(), DATES
    return [
        f"{dates[ms // DAY_MS]} {minutes[ms % DAY_MS // 60_000]}{milli[ms % 60_000]}"
        for ms in millis
    ]


def datetime_millis(text: str) -> int:
    """Return the milliseconds since 1970 of ``YYYY-MM-DD HH:MM:SS`` with any fraction."""
    return date_days(text[:10]) * DAY_MS + time_micros(text[11:]) // 1000


def time_text(micros: int) -> str:
    """Return a time of day, given in microseconds, as ``HH:MM:SS.ffffff``."""
    seconds, fraction = divmod(micros, 1_000_000)
    return f"{MINUTES[seconds // 60]}{seconds % 60:02d}.{fraction:06d}"


def time_micros(text: str) -> int:
    """Return the microseconds of a time of day, ``HH:MM:SS`` with any fraction."""
    clock, _, fraction = text.partition(".")
    hours, minutes, seconds = clock.split(":")
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1_000_000 + int(fraction[:6].ljust(6, "0"))
