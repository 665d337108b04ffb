"""Values as the connector reads them, back to what the WAL has for them. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from cass_snapshot.forms import Form


def wal_value(form: Form, value: Any) -> Any:  # noqa: ANN401 - a value of the connector
    """Return the WAL's value of what the connector read from a column.

    A whole number may stand in an integer, a DECIMAL with any scale, or a text.

    Raises:
        ValueError: a whole number or a text is expected, and is not there as this tool writes it.
    """
    if isinstance(value, bytes | bytearray):
        if form is Form.HEX:
            return value.hex()
        value = value.decode()
    if value is not None and form in (Form.INTEGER, Form.DIGITS):
        return _whole(value) if form is Form.INTEGER else str(_whole(value))
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond:06d}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(value.seconds, 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{value.microseconds:06d}"
    return str(value) if form is Form.DECIMAL else value


def _whole(value: Any) -> int:  # noqa: ANN401 - a value of the connector
    """Return a whole number; of a text only if it is how that number is written."""
    number = int(value)
    if (str(number) if isinstance(value, str) else number) != value:
        raise ValueError("not a whole number as this tool writes them")
    return number


def comparable(form: Form, value: Any) -> Any:  # noqa: ANN401 - a value of the WAL
    """Return a WAL value so that equal ones compare equal, however many zeros they end in."""
    if value is None:
        return None
    if form in (Form.TIME, Form.DATETIME):
        return value.rstrip("0") if "." in value else f"{value}."
    if form in (Form.INTEGER, Form.DIGITS):
        return int(value)
    if form is Form.BOOLEAN:
        return bool(value)
    return float(value) if form is Form.NUMBER else value
