"""Whole columns of scalar cells to WAL values, one function a form. Pure.

An encoder takes the cells of a column that are not null, and returns their values in the same
order, or raises BadCell with the index of the first cell that the form or the limits refuse. A
whole column at a time, because a Python call per cell is what makes a copier slow. What concerns
the target alone (lengths, bounds) is looked at afterwards, in ``limits.py``.

Cell layouts: Apache Cassandra, native protocol v5 section 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from socket import AF_INET, AF_INET6, inet_ntop
from struct import unpack
from typing import Any
from uuid import UUID

from cass_snapshot.codec.calendar import (
    DATE_DAYS_MAX,
    DATE_DAYS_MIN,
    DATE_OFFSET,
    DATETIME_MS_MAX,
    DATETIME_MS_MIN,
    DAY_NS,
    date_text,
    datetime_texts,
    time_text,
)
from cass_snapshot.codec.refusal import BadCell, Encode, Refusal, Values, first_index, width_message
from cass_snapshot.forms import Limits

_UUID_BYTES = 16


def _fixed(cells: Sequence[bytes], code: str, width: int) -> tuple[Any, ...]:
    """Unpack a column of fixed-width cells at once, after proving that each has that width."""
    if not {width}.issuperset(map(len, cells)):
        index = first_index(cells, lambda c: len(c) != width)
        raise BadCell(index, width_message(cells[index], width))
    return unpack(f">{len(cells)}{code}", b"".join(cells))


def encode_text(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return strings; bytes that are not strict UTF-8 are refused."""
    try:
        values = [str(cell, "utf-8") for cell in cells]
    except UnicodeDecodeError:
        raise BadCell(first_index(cells, _undecodable), "bytes that are not valid UTF-8") from None
    return values


def _undecodable(cell: bytes) -> bool:
    try:
        str(cell, "utf-8")
    except UnicodeDecodeError:
        return True
    return False


def encode_hex(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return lower-case hexadecimal strings, of cells of any type."""
    return [cell.hex() for cell in cells]


def encode_boolean(cells: Sequence[bytes], limits: Limits) -> Values:
    """Return booleans; Cassandra reads any byte but zero as true."""
    numbers = _fixed(cells, "B", 1)
    if limits.identity and numbers and max(numbers) > 1:
        raise BadCell(
            first_index(numbers, lambda n: n > 1), "a boolean key stored as neither 0 nor 1"
        )
    return [n != 0 for n in numbers]


def integers(code: str, width: int, origin: int = 0) -> Encode:
    """Return the encoder of a fixed-width number: a struct code, its bytes, what stands for 0."""

    def encode(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
        numbers = _fixed(cells, code, width)
        return [n - origin for n in numbers] if origin else numbers

    return encode


def floats(code: str, width: int) -> Encode:
    """Return the encoder of a binary fraction: a struct code and its bytes."""

    def encode(cells: Sequence[bytes], limits: Limits) -> Values:
        values = _fixed(cells, code, width)
        if not all(map(isfinite, values)):
            index = first_index(values, lambda v: not isfinite(v))
            raise BadCell(index, f"the value {values[index]}, which no SQL number is")
        if limits.identity and 0.0 in values:
            _refuse_negative_zero(cells, values)
        return values

    return encode


def _refuse_negative_zero(cells: Sequence[bytes], values: Sequence[float]) -> None:
    for index, value in enumerate(values):
        if value == 0.0 and cells[index][0]:
            raise BadCell(index, "the value -0.0, which the column does not tell from 0.0")


def encode_date(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return ISO dates; the type counts days from 1970-01-01, which is 2**31."""
    days = _fixed(cells, "I", 4)
    if days and (
        min(days) < DATE_OFFSET + DATE_DAYS_MIN or max(days) > DATE_OFFSET + DATE_DAYS_MAX
    ):
        index = first_index(days, lambda d: not DATE_DAYS_MIN <= d - DATE_OFFSET <= DATE_DAYS_MAX)
        raise BadCell(index, "a date outside 1000-01-01 to 9999-12-31", Refusal.DATE)
    return [date_text(d - DATE_OFFSET) for d in days]


def encode_time(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return times of day with microseconds; finer ones are refused."""
    nanos = _fixed(cells, "q", 8)
    for index, value in enumerate(nanos):
        if not 0 <= value < DAY_NS:
            raise BadCell(index, "a time outside one day", Refusal.DATE)
        if value % 1000:
            what = "a time with nanoseconds, of which six digits can be kept"
            raise BadCell(index, what, Refusal.DATE)
    return [time_text(value // 1000) for value in nanos]


def encode_datetime(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return UTC date and time with milliseconds."""
    millis = _fixed(cells, "q", 8)
    if millis and (min(millis) < DATETIME_MS_MIN or max(millis) > DATETIME_MS_MAX):
        index = first_index(millis, lambda m: not DATETIME_MS_MIN <= m <= DATETIME_MS_MAX)
        raise BadCell(index, "a timestamp outside the years 1000 to 9999", Refusal.DATE)
    return datetime_texts(millis)


def encode_uuid(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return uuids in their usual notation."""
    if not {_UUID_BYTES}.issuperset(map(len, cells)):
        index = first_index(cells, lambda c: len(c) != _UUID_BYTES)
        raise BadCell(index, width_message(cells[index], _UUID_BYTES))
    return [str(UUID(bytes=cell)) for cell in cells]


def encode_inet(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return addresses as text; 127.0.0.1 and ::ffff:127.0.0.1 stay different."""
    families = {4: AF_INET, 16: AF_INET6}
    try:
        return [inet_ntop(families[len(cell)], cell) for cell in cells]
    except KeyError:
        index = first_index(cells, lambda c: len(c) not in families)
        raise BadCell(index, width_message(cells[index], 4)) from None
