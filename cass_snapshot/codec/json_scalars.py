"""The JSON text of one scalar cell, as ``collections.py`` lists them. Pure.

Each function returns None for a cell that its JSON would not tell to the last bit.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import date
from math import inf
from socket import AF_INET, AF_INET6, inet_ntop
from struct import Struct
from uuid import UUID

from orjson import dumps

from cass_snapshot.codec.calendar import (
    DATE_OFFSET,
    DAY_MS,
    DAY_NS,
    EPOCH_ORDINAL,
    date_text,
    datetime_texts,
    time_text,
)
from cass_snapshot.codec.digits import DIGITS_BITS_MAX, decimal_text, minimal
from cass_snapshot.codec.vints import duration_text

Scalar = Callable[[bytes], str | None]

_EXACT_MAX = 2**53
"""Beyond it readers of JSON that know nothing but doubles would round."""
DAYS_MIN = 1 - EPOCH_ORDINAL
"""The first day of the year 1."""
_DAYS_MAX = date.max.toordinal() - EPOCH_ORDINAL
_SCALE_BYTES = 4
_INT32 = Struct(">i")
_UINT32 = Struct(">I")
_INT64 = Struct(">q")
_FAMILIES = {4: AF_INET, 16: AF_INET6}


def _number(code: str) -> Scalar:
    layout = Struct(f">{code}")

    def number(cell: bytes) -> str | None:
        return str(layout.unpack(cell)[0]) if len(cell) == layout.size else None

    return number


def _bigint(cell: bytes) -> str | None:
    if len(cell) != _INT64.size:
        return None
    (number,) = _INT64.unpack(cell)
    return str(number) if -_EXACT_MAX <= number <= _EXACT_MAX else f'"{number}"'


def _boolean(cell: bytes) -> str | None:
    return {b"\0": "false", b"\1": "true"}.get(cell)


def _integer(cell: bytes) -> int | None:
    """Return a two's complement number, None where it is not minimal or too long to print."""
    if not minimal(cell) or len(cell) * 8 > DIGITS_BITS_MAX:
        return None
    return int.from_bytes(cell, "big", signed=True)


def _varint(cell: bytes) -> str | None:
    number = _integer(cell)
    return None if number is None else f'"{number}"'


def _decimal(cell: bytes) -> str | None:
    if len(cell) <= _SCALE_BYTES or (unscaled := _integer(cell[_SCALE_BYTES:])) is None:
        return None
    return f'"{decimal_text(unscaled, _INT32.unpack_from(cell)[0])}"'


def _fraction(code: str, nan: bytes) -> Scalar:
    layout = Struct(f">{code}")

    def fraction(cell: bytes) -> str | None:
        if len(cell) != layout.size:
            return None
        (number,) = layout.unpack(cell)
        if number != number:  # noqa: PLR0124 - the only value that is not itself
            return '{"$number": "NaN"}' if cell == nan else None
        if number in (inf, -inf):
            return f'{{"$number": "{"-" if number < 0 else ""}Infinity"}}'
        return dumps(number).decode()

    return fraction


def _text(cell: bytes) -> str | None:
    try:
        return dumps(cell.decode()).decode()
    except UnicodeDecodeError:
        return None


def _blob(cell: bytes) -> str:
    return f'{{"$base64": "{b64encode(cell).decode()}"}}'


def _date(cell: bytes) -> str | None:
    if len(cell) != _UINT32.size:
        return None
    days = _UINT32.unpack(cell)[0] - DATE_OFFSET
    return f'"{date_text(days)}"' if DAYS_MIN <= days <= _DAYS_MAX else None


def _time(cell: bytes) -> str | None:
    if len(cell) != _INT64.size:
        return None
    (nanos,) = _INT64.unpack(cell)
    if not 0 <= nanos < DAY_NS:
        return None
    return f'"{time_text(nanos // 1000)}{nanos % 1000:03d}"'


def _timestamp(cell: bytes) -> str | None:
    if len(cell) != _INT64.size:
        return None
    (millis,) = _INT64.unpack(cell)
    if not DAYS_MIN <= millis // DAY_MS <= _DAYS_MAX:
        return None
    return f'"{datetime_texts([millis])[0].replace(" ", "T")}Z"'


def _uuid(cell: bytes) -> str | None:
    return f'"{UUID(bytes=cell)}"' if len(cell) == 16 else None  # noqa: PLR2004 - its width


def _inet(cell: bytes) -> str | None:
    family = _FAMILIES.get(len(cell))
    return None if family is None else f'"{inet_ntop(family, cell)}"'


def _duration(cell: bytes) -> str | None:
    text = duration_text(cell)
    return None if text is None else f'"{text}"'


SCALARS: dict[str, Scalar] = {
    "ascii": _text,
    "text": _text,
    "varchar": _text,
    "blob": _blob,
    "boolean": _boolean,
    "tinyint": _number("b"),
    "smallint": _number("h"),
    "int": _number("i"),
    "bigint": _bigint,
    "counter": _bigint,
    "varint": _varint,
    "decimal": _decimal,
    "float": _fraction("f", b"\x7f\xc0\0\0"),
    "double": _fraction("d", b"\x7f\xf8\0\0\0\0\0\0"),
    "date": _date,
    "time": _time,
    "timestamp": _timestamp,
    "uuid": _uuid,
    "timeuuid": _uuid,
    "inet": _inet,
    "duration": _duration,
}
"""CQL type to what tells its cells."""
