"""WAL values back to the bytes of their cells, in the forms that columns of keys have.

Exact because ``identity`` limits refused every key whose bytes the value does not tell.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from ipaddress import ip_address
from struct import Struct
from typing import Any

from cass_snapshot.codec.calendar import DATE_OFFSET, date_days, datetime_millis, time_micros
from cass_snapshot.forms import Form

_INT8 = Struct(">b")
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


def _of_digits(pack: Callable[[int], bytes]) -> Callable[[Any], bytes]:
    return lambda value: pack(int(value))


_INTEGERS: dict[str, Callable[[Any], bytes]] = {
    "tinyint": _INT8.pack,
    "smallint": Struct(">h").pack,
    "int": _INT32.pack,
    "bigint": _INT64.pack,
}
_CELLS: dict[tuple[str, Form], Callable[[Any], bytes]] = {
    ("ascii", Form.TEXT): str.encode,
    ("text", Form.TEXT): str.encode,
    ("varchar", Form.TEXT): str.encode,
    ("boolean", Form.BOOLEAN): lambda value: b"\x01" if value else b"\x00",
    ("boolean", Form.INTEGER): _INT8.pack,
    ("varint", Form.INTEGER): minimal_bytes,
    ("varint", Form.DIGITS): lambda value: minimal_bytes(int(value)),
    ("decimal", Form.DECIMAL): decimal_cell,
    ("float", Form.NUMBER): Struct(">f").pack,
    ("double", Form.NUMBER): Struct(">d").pack,
    ("date", Form.DATE): lambda value: _UINT32.pack(date_days(value) + DATE_OFFSET),
    ("date", Form.INTEGER): lambda value: _UINT32.pack(value + DATE_OFFSET),
    ("time", Form.TIME): lambda value: _INT64.pack(time_micros(value) * 1000),
    ("time", Form.INTEGER): _INT64.pack,
    ("timestamp", Form.DATETIME): lambda value: _INT64.pack(datetime_millis(value)),
    ("timestamp", Form.INTEGER): _INT64.pack,
    ("uuid", Form.UUID): lambda value: bytes.fromhex(value.replace("-", "")),
    ("timeuuid", Form.UUID): lambda value: bytes.fromhex(value.replace("-", "")),
    ("inet", Form.INET): lambda value: ip_address(value).packed,
    **{(name, Form.INTEGER): pack for name, pack in _INTEGERS.items()},
    **{(name, Form.DIGITS): _of_digits(pack) for name, pack in _INTEGERS.items()},
}
"""CQL type and form to the function that makes a cell of a WAL value."""


def cell(cql_type: str, form: Form, value: Any) -> bytes:  # noqa: ANN401 - a JSON value
    """Return the bytes of the cell whose WAL value this is; ``hex`` tells those of any type."""
    if form is Form.HEX:
        return bytes.fromhex(value)
    return _CELLS[cql_type, form](value)
