"""Columns as the compiled encoder takes them. Pure.

It knows the forms and limits of ordinary columns. What it does not know is not described, and such
a column is written in Python: with a form of its own, or with a limit that its kind does not heed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import NamedTuple

from cass_snapshot.codec.calendar import DATE_OFFSET
from cass_snapshot.cql import parse
from cass_snapshot.forms import Form, Limits
from cass_snapshot.planned import PlannedColumn, Reading

_NONE = 2**62
"""Of a length: no limit. No cell is as long."""
_INT64 = (-(2**63), 2**63 - 1)
_WIDE_BYTES = 16
"""The longest varint that the compiled encoder writes."""
_INT64_DIGITS = 19
_PLAIN_SCALE_MAX = 40
"""Where ``digits.decimal_text`` turns to exponents."""
_WIDTHS = {
    "boolean": 1,
    "tinyint": 1,
    "smallint": 2,
    "int": 4,
    "bigint": 8,
    "counter": 8,
    "date": 4,
    "time": 8,
    "timestamp": 8,
    "float": 4,
    "double": 8,
}
_BESIDE = {Reading.WRITETIME: 8, Reading.TTL: 4}
_FRACTION = {Form.TIME: 9, Form.DATETIME: 3}
"""Digits after the point of a second that a cell tells."""

_LENGTHS = frozenset({"chars_max", "bytes_max"})
_BOUNDS = frozenset({"integer_min", "integer_max"})
_HEEDED: dict[str, frozenset[str]] = {
    "text": _LENGTHS | {"unicode_max", "trailing_space"},
    "hex": frozenset({"bytes_min", "bytes_max"}),
    "uuid": _LENGTHS,
    "inet": _LENGTHS,
    "boolean": frozenset(),
    "integer": _LENGTHS | _BOUNDS | {"integer_digits_max"},
    "varint": _LENGTHS | _BOUNDS | {"integer_digits_max"},
    "decimal": _LENGTHS | {"integer_min", "integer_digits_max", "fraction_digits_max"},
    "number": frozenset({"integer_min"}),
    "date": _LENGTHS | _BOUNDS,
    "time": _LENGTHS | _BOUNDS | {"fraction_digits_max"},
    "datetime": _LENGTHS | _BOUNDS | {"fraction_digits_max"},
}
"""By kind, the limits that the compiled encoder looks at as ``limits.py`` does."""
_UNCHECKED = frozenset({"type", "fix", "nullable", "identity"})


class Described(NamedTuple):
    """A column, in the order in which ``read_column`` in ``native/page.c`` takes it apart."""

    kind: str
    width: int
    nullable: bool
    identity: bool
    quoted: bool
    spaces: bool
    bytes_min: int
    bytes_max: int
    chars_max: int
    code_max: int
    least: int
    most: int
    origin: int
    unit: int
    whole_max: int
    fraction_max: int


def describe(planned: PlannedColumn) -> Described | None:
    """Return a column as the compiled encoder takes it; None for one that it does not write."""
    limits = planned.limits
    cql = parse(planned.column.type).name
    beside = _BESIDE.get(planned.reading)
    kind = _kind(cql, planned.form) if beside is None else _beside(planned.form)
    if kind is None or not set(_set(limits)) <= _HEEDED[kind] or not _countable(kind, limits):
        return None
    least, most = _bounds(kind, limits)
    return Described(
        kind=kind,
        width=_varint_bytes(planned) if kind == "varint" else beside or _WIDTHS.get(cql, 0),
        nullable=limits.nullable or planned.null is not None,
        identity=limits.identity,
        quoted=planned.form is Form.DIGITS,
        spaces=limits.trailing_space,
        bytes_min=limits.bytes_min or 0,
        bytes_max=_limit(limits.bytes_max),
        chars_max=_limit(limits.chars_max),
        code_max=_limit(limits.unicode_max),
        least=least,
        most=most,
        origin=DATE_OFFSET if cql == "date" and beside is None else 0,
        unit=_unit(planned.form, limits.fraction_digits_max),
        whole_max=_limit(limits.integer_digits_max),
        fraction_max=-1 if limits.fraction_digits_max is None else limits.fraction_digits_max,
    )


def _kind(cql: str, form: Form) -> str | None:
    if form is Form.HEX:
        return "hex"
    if form is Form.INTEGER or (form is Form.DIGITS and cql in _WIDTHS):
        return "varint" if cql == "varint" else "integer"
    if form is Form.DIGITS:
        return "varint"
    return form.value if form.value in _HEEDED else None


def _beside(form: Form) -> str | None:
    """Return the kind of a write time or TTL: whole numbers, or their bytes."""
    return {Form.INTEGER: "integer", Form.HEX: "hex"}.get(form)


def _set(limits: Limits) -> Iterator[str]:
    """Yield the limits that are not at their default."""
    for field in fields(limits):
        if field.name not in _UNCHECKED and getattr(limits, field.name) != field.default:
            yield field.name


def _countable(kind: str, limits: Limits) -> bool:
    """Tell whether the values of the limits are such as the compiled encoder reckons with."""
    least, most = limits.integer_min, limits.integer_max
    if kind == "varint" and limits.integer_digits_max == 0:  # not even for the digit of zero
        return False
    if kind in ("number", "decimal") and least not in (None, 0):
        return False
    if kind == "decimal" and (limits.fraction_digits_max or 0) > _PLAIN_SCALE_MAX:
        return False
    return (least is None or least <= _INT64[1]) and (most is None or most >= _INT64[0])


def _bounds(kind: str, limits: Limits) -> tuple[int, int]:
    """Return the bounds of a number within 64 bits; a count of digits is one of both."""
    least, most = _INT64
    if limits.integer_min is not None:
        least = max(least, limits.integer_min)
    if limits.integer_max is not None:
        most = min(most, limits.integer_max)
    digits = limits.integer_digits_max
    if kind in ("integer", "varint") and digits is not None:
        least, most = max(least, 1 - 10**digits), min(most, 10**digits - 1)
    return least, most


def _varint_bytes(planned: PlannedColumn) -> int:
    """Return how long a varint may be: more than 64 bits only where the bounds are not within."""
    limits = planned.limits
    narrow = limits.integer_max is not None or limits.integer_min not in (None, 0)
    few = limits.integer_digits_max is not None and limits.integer_digits_max < _INT64_DIGITS
    return 8 if narrow or few or planned.form is not Form.DIGITS else _WIDE_BYTES


def _limit(most: int | None) -> int:
    return _NONE if most is None else min(most, _NONE)


def _unit(form: Form, digits: int | None) -> int:
    """Return what an instant with so many digits after the point of a second is a multiple of."""
    told = _FRACTION.get(form)
    return 1 if told is None or digits is None else 10 ** max(told - digits, 0)
