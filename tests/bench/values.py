"""A Python value as Cassandra's bytes, and as a field of a LOAD DATA file; pure.

The measurements need both without a driver's share of the time, and as a second opinion on what the
copies under measurement hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from struct import Struct
from typing import Any
from uuid import UUID

_INT, _BIGINT, _DOUBLE, _DAY = Struct(">i"), Struct(">q"), Struct(">d"), Struct(">I")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY_ZERO = date(1970, 1, 1).toordinal() - 2**31
"""CQL counts days from the middle of an unsigned integer."""


def _decimal_bytes(value: Decimal) -> bytes:
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    unscaled = int("".join(map(str, digits))) * (-1 if sign else 1)
    size = (unscaled + (unscaled < 0)).bit_length() // 8 + 1
    return _INT.pack(-exponent) + unscaled.to_bytes(size, signed=True)


def _uuid_bytes(value: UUID) -> bytes:
    return value.bytes


_WIRE: Mapping[str, Callable[[Any], bytes]] = {
    "uuid": _uuid_bytes,
    "text": str.encode,
    "int": _INT.pack,
    "bigint": _BIGINT.pack,
    "double": _DOUBLE.pack,
    "timestamp": lambda value: _BIGINT.pack((value - _EPOCH) // _MILLISECOND),
    "date": lambda value: _DAY.pack(value.toordinal() - _DAY_ZERO),
    "boolean": lambda value: b"\1" if value else b"\0",
    "decimal": _decimal_bytes,
    "blob": bytes,
}

_ESCAPES = ((b"\\", b"\\\\"), (b"\t", b"\\t"), (b"\n", b"\\n"), (b"\0", b"\\0"))


def _escaped(value: bytes) -> bytes:
    for plain, escape in _ESCAPES:
        if plain in value:
            value = value.replace(plain, escape)
    return value


_FIELD: Mapping[str, Callable[[Any], bytes]] = {
    "text": lambda value: _escaped(value.encode()),
    "timestamp": lambda value: f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03}".encode(),
    "boolean": lambda value: b"1" if value else b"0",
    "decimal": lambda value: f"{value:f}".encode(),
    "double": lambda value: repr(value).encode(),
    "blob": _escaped,
}


def _plain(value: object) -> bytes:
    return str(value).encode()


def to_wire(types: Sequence[str]) -> Callable[[Sequence[Any]], list[bytes | None]]:
    """Return what makes a row of these CQL types the bytes that a statement binds."""
    makers = [_WIRE[cql] for cql in types]

    def wire(row: Sequence[Any]) -> list[bytes | None]:
        return [
            None if value is None else make(value) for make, value in zip(makers, row, strict=True)
        ]

    return wire


def to_line(types: Sequence[str]) -> Callable[[Sequence[Any]], bytes]:
    """Return what makes a row of these CQL types a line of LOAD DATA's default dialect."""
    makers = [_FIELD.get(cql, _plain) for cql in types]

    def line(row: Sequence[Any]) -> bytes:
        fields = (
            b"\\N" if value is None else make(value)
            for make, value in zip(makers, row, strict=True)
        )
        return b"\t".join(fields) + b"\n"

    return line
