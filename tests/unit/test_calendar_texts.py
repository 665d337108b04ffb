"""Days, times and instants as text and back, against the standard library."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cass_snapshot.codec.calendar import (
    DATE_DAYS_MAX,
    DATE_DAYS_MIN,
    DATETIME_MS_MAX,
    DATETIME_MS_MIN,
    date_days,
    date_text,
    datetime_millis,
    datetime_texts,
    time_micros,
    time_text,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_the_limits_are_the_years_that_mysql_guarantees() -> None:
    """1000-01-01 to the last millisecond of 9999."""
    assert (date(1000, 1, 1) - EPOCH.date()).days == DATE_DAYS_MIN
    assert (date(9999, 12, 31) - EPOCH.date()).days == DATE_DAYS_MAX
    assert datetime_texts([DATETIME_MS_MIN, DATETIME_MS_MAX]) == [
        "1000-01-01 00:00:00.000",
        "9999-12-31 23:59:59.999",
    ]


@pytest.mark.parametrize("days", [DATE_DAYS_MIN, -1, 0, 11016, 19782, DATE_DAYS_MAX])
def test_a_day_is_the_date_of_the_calendar(days: int) -> None:
    """Leap days of 2000 and 2024 among them; the text tells the day again."""
    expected = (EPOCH.date() + timedelta(days=days)).isoformat()
    assert expected == date_text(days)
    assert days == date_days(expected)


@pytest.mark.parametrize(
    "millis", [DATETIME_MS_MIN, -1, 0, 999, 951_782_400_000, 1_700_000_000_123, DATETIME_MS_MAX]
)
def test_an_instant_is_exact_to_the_millisecond(millis: int) -> None:
    """Also before 1970, where rounding towards zero would shift it."""
    moment = EPOCH + timedelta(milliseconds=millis)
    expected = moment.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
    assert [expected] == datetime_texts([millis])
    assert millis == datetime_millis(expected)


@pytest.mark.parametrize("text", ["2024-02-29 23:59:59", "2024-02-29 23:59:59.000000"])
def test_an_instant_is_read_with_any_fraction(text: str) -> None:
    """MySQL and its connector print none, three or six digits."""
    assert datetime_millis(text) == 1_709_251_199_000


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "00:00:00.000000"), (1, "00:00:00.000001"), (86_399_999_999, "23:59:59.999999")],
)
def test_a_time_of_day_has_six_digits(micros: int, text: str) -> None:
    """First, second and last microsecond of a day."""
    assert text == time_text(micros)
    assert micros == time_micros(text)
