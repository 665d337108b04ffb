"""WAL values back to the bytes of their cells, for the columns of keys.

Exact because ``identity`` limits refused every key whose bytes the value does not tell.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from ipaddress import ip_address
from struct import Struct
from typing import Any

from cass_snapshot.codec.calendar import DATE_OFFSET, date_days, datetime_millis, time_micros

_INT32 = Struct(">i")
_UINT32 = Struct(">I")
_INT64 = Struct(">q")


def minimal_bytes(number: int) -> bytes:
    """Return the shortest two's complement form, as Java's BigInteger writes it."""
    return number.to_bytes(
        (number if number >= 0 else ~number).bit_length() // 8 + 1, "big", signed=True
    )


def decimal_cell(text: str) -> bytes:
    """Return the cell of a decimal given as ``codec.scalars.decimal_text`` writes it."""
    sign, digits, exponent = Decimal(text).as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"not a finite decimal: {text!r}")  # noqa: TRY004 - a value, not a type
    unscaled = int("".join(map(str, digits)))
    return _INT32.pack(-exponent) + minimal_bytes(-unscaled if sign else unscaled)


CELLS: dict[str, Callable[[Any], bytes]] = {
    "ascii": str.encode,
    "text": str.encode,
    "varchar": str.encode,
    "blob": bytes.fromhex,
    "boolean": lambda value: b"\x01" if value else b"\x00",
    "tinyint": Struct(">b").pack,
    "smallint": Struct(">h").pack,
    "int": _INT32.pack,
    "bigint": _INT64.pack,
    "varint": lambda value: minimal_bytes(int(value)),
    "decimal": decimal_cell,
    "float": Struct(">f").pack,
    "double": Struct(">d").pack,
    "date": lambda value: _UINT32.pack(date_days(value) + DATE_OFFSET),
    "time": lambda value: _INT64.pack(time_micros(value) * 1000),
    "timestamp": lambda value: _INT64.pack(datetime_millis(value)),
    "uuid": lambda value: bytes.fromhex(value.replace("-", "")),
    "timeuuid": lambda value: bytes.fromhex(value.replace("-", "")),
    "inet": lambda value: ip_address(value).packed,
}
"""CQL type to the function that makes a cell of a WAL value."""


def cell(cql_type: str, value: Any) -> bytes:  # noqa: ANN401 - a JSON value
    """Return the bytes of the cell whose WAL value this is."""
    return CELLS[cql_type](value)
