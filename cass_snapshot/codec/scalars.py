"""Whole columns of cells to WAL values: one encoder a form. Pure.

An encoder takes the cells of a column that are not null, and returns their values in the same
order, or raises BadCell with the index of the first cell that the form or the limits refuse. A
whole column at a time, because a Python call per cell is what makes a copier slow.

    form      value in the WAL                        CQL types
    text      the string                              ascii, text, varchar
    hex       lower-case hexadecimal string           blob
    boolean   true, false                             boolean
    integer   number                                  tinyint .. bigint, counter
    digits    string of decimal digits                varint
    decimal   string, "1.50" or "15E+3"               decimal: unscaled digits and scale are kept
    number    shortest number that reads back equal   float (widened to double), double
    date      "YYYY-MM-DD"                            date
    time      "HH:MM:SS.ffffff"                       time
    datetime  "YYYY-MM-DD HH:MM:SS.mmm", UTC          timestamp
    uuid      "8-4-4-4-12", lower case                uuid, timeuuid
    inet      "127.0.0.1", "::1"                      inet

Cell layouts: Apache Cassandra, native protocol v5 section 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from socket import AF_INET, AF_INET6, inet_ntop
from struct import Struct, unpack
from typing import Any

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
from cass_snapshot.model import Limits

Values = Sequence[Any]
Encode = Callable[[Sequence[bytes], Limits], Values]

_DIGITS_BITS_MAX = 14_000
"""Above it CPython refuses to print an integer (4,300 digits); no target type comes near."""
_EXPONENT_MAX = 2**30 - 1
"""MySQL reads no number with a greater exponent, not even zero (error 1366, seen on 9.7.4)."""
_SCALE = Struct(">i")
_UUID_BYTES = 16
_HYPHEN_BEFORE = frozenset({8, 12, 16, 20})


class BadCell(ValueError):
    """A cell that cannot become a value: its index in the column, what it is, what would help."""

    def __init__(self, index: int, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.index = index
        self.what = what
        self.fix = fix


def _index(cells: Sequence[Any], bad: Callable[[Any], bool]) -> int:
    """Return the index of the first cell that is bad; the caller knows that there is one."""
    return next(i for i, cell in enumerate(cells) if bad(cell))


def _fixed(cells: Sequence[bytes], code: str, width: int) -> tuple[Any, ...]:
    """Unpack a column of fixed-width cells at once, after proving that each has that width."""
    if not {width}.issuperset(map(len, cells)):
        index = _index(cells, lambda c: len(c) != width)
        raise BadCell(index, _width_message(cells[index], width))
    return unpack(f">{len(cells)}{code}", b"".join(cells))


def _width_message(cell: bytes, width: int) -> str:
    if not cell:
        return "an empty (zero-length) value, which is not NULL and not a number"
    return f"a value of {len(cell)} bytes where its type has {width}"


def encode_text(cells: Sequence[bytes], limits: Limits) -> Values:
    """Return strings; bytes that are not strict UTF-8 are refused."""
    try:
        values = [str(cell, "utf-8") for cell in cells]
    except UnicodeDecodeError:
        raise BadCell(_index(cells, _undecodable), "bytes that are not valid UTF-8") from None
    if limits.chars_max is not None and values:
        ceiling = limits.chars_max
        if max(map(len, values)) > ceiling:
            index = _index(values, lambda v: len(v) > ceiling)
            raise BadCell(index, f"a text of {len(values[index])} characters")
    return values


def _undecodable(cell: bytes) -> bool:
    try:
        str(cell, "utf-8")
    except UnicodeDecodeError:
        return True
    return False


def encode_hex(cells: Sequence[bytes], limits: Limits) -> Values:
    """Return lower-case hexadecimal strings."""
    if limits.bytes_max is not None and cells:
        ceiling = limits.bytes_max
        if max(map(len, cells)) > ceiling:
            index = _index(cells, lambda c: len(c) > ceiling)
            raise BadCell(index, f"a blob of {len(cells[index])} bytes")
    return [cell.hex() for cell in cells]


def encode_boolean(cells: Sequence[bytes], limits: Limits) -> Values:
    """Return booleans; Cassandra reads any byte but zero as true."""
    numbers = _fixed(cells, "B", 1)
    if limits.identity and numbers and max(numbers) > 1:
        raise BadCell(_index(numbers, lambda n: n > 1), "a boolean key stored as neither 0 nor 1")
    return [n != 0 for n in numbers]


def _integers(code: str, width: int) -> Encode:
    def encode(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
        return _fixed(cells, code, width)

    return encode


def _minimal(cell: bytes) -> bool:
    """Tell whether a two's complement number is written with no byte too many."""
    if len(cell) < 2:  # noqa: PLR2004 - one byte is always minimal
        return len(cell) == 1
    return not (cell[0] == 0 and cell[1] < 0x80) and not (cell[0] == 0xFF and cell[1] >= 0x80)  # noqa: PLR2004 - the sign bit


def _unscaled(cell: bytes, index: int, limits: Limits) -> int:
    if not cell:
        raise BadCell(index, _width_message(cell, 0))
    if limits.identity and not _minimal(cell):
        raise BadCell(index, "a key whose number is stored with needless leading bytes")
    number = int.from_bytes(cell, "big", signed=True)
    if number.bit_length() > _DIGITS_BITS_MAX:
        raise BadCell(index, f"a number of {len(cell)} bytes, more than 4,000 digits")
    return number


def encode_digits(cells: Sequence[bytes], limits: Limits) -> Values:
    """Return a varint as a string of decimal digits."""
    values = []
    for index, cell in enumerate(cells):
        text = str(_unscaled(cell, index, limits))
        digits = len(text.lstrip("-"))
        if limits.integer_digits_max is not None and digits > limits.integer_digits_max:
            raise BadCell(index, f"a number of {digits} digits")
        values.append(text)
    return values


def encode_decimal(cells: Sequence[bytes], limits: Limits) -> Values:
    """Return a decimal as text that keeps its unscaled digits and its scale."""
    return _uniform_decimals(cells, limits) or _any_decimals(cells, limits)


def _uniform_decimals(cells: Sequence[bytes], limits: Limits) -> Values | None:
    """Return the texts of decimals of one small scale that all fit; None where they differ."""
    scales = {cell[: _SCALE.size] for cell in cells}
    if len(scales) != 1 or limits.identity or min(map(len, cells)) <= _SCALE.size:
        return None
    (scale,) = _SCALE.unpack(scales.pop())
    if not 0 < scale <= (limits.fraction_digits_max or 0):
        return None
    read, start = int.from_bytes, _SCALE.size
    numbers = [read(cell[start:], "big", signed=True) for cell in cells]
    bound = 10 ** (scale + (limits.integer_digits_max or 0))
    if max(numbers) >= bound or min(numbers) <= -bound:
        return None
    width = scale + 1
    digits = [str(abs(number)).rjust(width, "0") for number in numbers]
    texts = [f"{text[:-scale]}.{text[-scale:]}" for text in digits]
    if min(numbers) >= 0:
        return texts
    return [f"-{t}" if n < 0 else t for n, t in zip(numbers, texts, strict=True)]


def _any_decimals(cells: Sequence[bytes], limits: Limits) -> Values:
    """Return the texts of decimals one by one, or refuse the first that does not fit."""
    values = []
    for index, cell in enumerate(cells):
        if len(cell) < _SCALE.size + 1:
            raise BadCell(index, _width_message(cell, _SCALE.size + 1))
        (scale,) = _SCALE.unpack_from(cell)
        unscaled = _unscaled(cell[_SCALE.size :], index, limits)
        digits = str(unscaled).lstrip("-")
        if limits.integer_digits_max is not None:
            _check_decimal(index, digits, scale, limits)
        text = decimal_text(unscaled, scale)
        if limits.chars_max is not None and len(text) > limits.chars_max:
            raise BadCell(index, f"a decimal of {len(text)} characters")
        values.append(text)
    return values


def _check_decimal(index: int, digits: str, scale: int, limits: Limits) -> None:
    """Refuse what DECIMAL would clip or round: too many digits on either side of the point."""
    if digits == "0":
        if abs(scale) > _EXPONENT_MAX:
            raise BadCell(index, f"a zero of scale {scale}")
        return
    whole = len(digits) - scale
    if whole > (limits.integer_digits_max or 0):
        raise BadCell(index, f"a decimal with {whole} digits before the point")
    fraction = scale - (len(digits) - len(digits.rstrip("0")))
    if fraction > (limits.fraction_digits_max or 0):
        raise BadCell(index, f"a decimal with {fraction} digits after the point")


def decimal_text(unscaled: int, scale: int) -> str:
    """Return plain notation for scales 0 to 40, else ``<unscaled>E<exponent>``.

    Different pairs of unscaled value and scale give different texts; ``Decimal(text)`` gives the
    pair back.
    """
    if scale == 0:
        return str(unscaled)
    if not 0 < scale <= 40:  # noqa: PLR2004 - beyond it zeros would only be padding
        return f"{unscaled}E{-scale:+d}"
    sign = "-" if unscaled < 0 else ""
    digits = str(abs(unscaled)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"


def _floats(code: str, width: int) -> Encode:
    def encode(cells: Sequence[bytes], limits: Limits) -> Values:
        values = _fixed(cells, code, width)
        if not all(map(isfinite, values)):
            index = _index(values, lambda v: not isfinite(v))
            raise BadCell(index, f"the value {values[index]}, which no SQL number is")
        if limits.identity and 0.0 in values:
            _refuse_negative_zero(cells, values)
        return values

    return encode


def _refuse_negative_zero(cells: Sequence[bytes], values: Sequence[float]) -> None:
    for index, value in enumerate(values):
        if value == 0.0 and cells[index][0]:
            raise BadCell(index, "the key -0.0, which SQL does not tell from 0.0")


def encode_date(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return ISO dates; the type counts days from 1970-01-01, which is 2**31."""
    days = _fixed(cells, "I", 4)
    if days and (
        min(days) < DATE_OFFSET + DATE_DAYS_MIN or max(days) > DATE_OFFSET + DATE_DAYS_MAX
    ):
        index = _index(days, lambda d: not DATE_DAYS_MIN <= d - DATE_OFFSET <= DATE_DAYS_MAX)
        raise BadCell(index, "a date outside 1000-01-01 to 9999-12-31")
    return [date_text(d - DATE_OFFSET) for d in days]


def encode_time(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return times of day with microseconds; finer ones are refused."""
    nanos = _fixed(cells, "q", 8)
    for index, value in enumerate(nanos):
        if not 0 <= value < DAY_NS:
            raise BadCell(index, "a time outside one day")
        if value % 1000:
            raise BadCell(index, "a time with nanoseconds, of which six digits can be kept")
    return [time_text(value // 1000) for value in nanos]


def encode_datetime(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return UTC date and time with milliseconds."""
    millis = _fixed(cells, "q", 8)
    if millis and (min(millis) < DATETIME_MS_MIN or max(millis) > DATETIME_MS_MAX):
        index = _index(millis, lambda m: not DATETIME_MS_MIN <= m <= DATETIME_MS_MAX)
        raise BadCell(index, "a timestamp outside the years 1000 to 9999")
    return datetime_texts(millis)


def encode_uuid(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return uuids in their usual notation."""
    if not {_UUID_BYTES}.issuperset(map(len, cells)):
        index = _index(cells, lambda c: len(c) != _UUID_BYTES)
        raise BadCell(index, _width_message(cells[index], _UUID_BYTES))
    return _hyphenate(b"".join(cells).hex().encode())


def _hyphenate(digits: bytes) -> list[str]:
    """Return the uuids of a run of hexadecimal digits, 32 to each.

    Digit by digit for the whole column: a slice with a stride costs a sixth of cutting each uuid.
    """
    count = len(digits) // 32
    out = bytearray(b"-" * (37 * count))
    place = 0
    for digit in range(32):
        place += digit in _HYPHEN_BEFORE
        out[place::37] = digits[digit::32]
        place += 1
    out[36::37] = b"," * count
    return out[:-1].decode("ascii").split(",") if count else []


def encode_inet(cells: Sequence[bytes], limits: Limits) -> Values:  # noqa: ARG001 - one signature
    """Return addresses as text; 127.0.0.1 and ::ffff:127.0.0.1 stay different."""
    families = {4: AF_INET, 16: AF_INET6}
    try:
        return [inet_ntop(families[len(cell)], cell) for cell in cells]
    except KeyError:
        index = _index(cells, lambda c: len(c) not in families)
        raise BadCell(index, _width_message(cells[index], 4)) from None


ENCODERS: dict[str, Encode] = {
    "ascii": encode_text,
    "text": encode_text,
    "varchar": encode_text,
    "blob": encode_hex,
    "boolean": encode_boolean,
    "tinyint": _integers("b", 1),
    "smallint": _integers("h", 2),
    "int": _integers("i", 4),
    "bigint": _integers("q", 8),
    "counter": _integers("q", 8),
    "varint": encode_digits,
    "decimal": encode_decimal,
    "float": _floats("f", 4),
    "double": _floats("d", 8),
    "date": encode_date,
    "time": encode_time,
    "timestamp": encode_datetime,
    "uuid": encode_uuid,
    "timeuuid": encode_uuid,
    "inet": encode_inet,
}
"""CQL type to the encoder of its form in the readable profile."""
