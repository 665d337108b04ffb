"""Into the integers, DECIMAL, and the floating point types."""

from __future__ import annotations

from typing import Any

from cass_snapshot.cql import CqlType
from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.fit.record import Fit, fitting, lossy, may_be_empty
from cass_snapshot.mysql.planning.profiles import offer
from cass_snapshot.mysql.planning.sqltypes import INTEGER_BYTES, SqlType

BITS = {
    "tinyint": 8,
    "smallint": 16,
    "int": 32,
    "bigint": 64,
    "counter": 64,
    "date": 32,
    "time": 64,
    "timestamp": 64,
}
"""The signed whole numbers that cells hold: a date's are days, a time's nanoseconds of the day, a
timestamp's milliseconds."""
UNITS = {
    "date": "days since 1970-01-01",
    "time": "nanoseconds of the day",
    "timestamp": "milliseconds since 1970",
}
_DOUBLE_BITS = 53
_DIGITS_OF_64_BITS = 19
_NON_NUMBERS = "NaN and infinities"
Range = tuple[int, int]


def into_integer(cql: CqlType, sql: SqlType, in_key: bool, flavour: Flavour) -> Fit | None:  # noqa: ARG001 - one signature
    """Return the fit with an integer type, wide, narrow or unsigned."""
    more, empty = offer(cql, sql), may_be_empty(cql)
    if cql.name == "boolean":
        if sql.short == "TINYINT":
            note = "the byte as a number"
            return fitting(Form.INTEGER, sql, offer=more, refused=empty, note=note, identity=in_key)
        odd = ["bytes other than 0 and 1"] if in_key else []
        return fitting(Form.BOOLEAN, sql, offer=more, refused=empty + odd, identity=in_key)
    room = _room(sql)
    if cql.name == "varint":
        refused = [_beyond(room, sql), *empty] + (["needless bytes"] if in_key else [])
        return fitting(
            Form.DIGITS,
            sql,
            offer=more,
            refused=refused,
            integer_min=room[0],
            integer_max=room[1],
            identity=in_key,
        )
    return _whole(cql, sql, room, in_key=in_key) if cql.name in BITS else None


def into_decimal(cql: CqlType, sql: SqlType, in_key: bool, flavour: Flavour) -> Fit | None:  # noqa: ARG001 - one signature
    """Return the fit with DECIMAL, which rounds silently where it is not guarded."""
    precision, scale = sql.args
    whole = precision - scale
    more, empty = offer(cql, sql), may_be_empty(cql)
    unsigned: dict[str, Any] = {"integer_min": 0} if sql.unsigned else {}
    negative = ["negative numbers"] if sql.unsigned else []
    if cql.name in BITS:
        most = 10**whole - 1
        return _whole(cql, sql, (0 if sql.unsigned else -most, most), in_key=in_key)
    if cql.name == "varint":
        needless = ["needless bytes"] if in_key else []
        return fitting(
            Form.DIGITS,
            sql,
            offer=more,
            refused=[f"more than {whole} digits", *negative, *empty, *needless],
            integer_digits_max=whole,
            identity=in_key,
            **unsigned,
        )
    if cql.name == "decimal" and not in_key:  # a key would take 1.0 and 1.00 for one
        return fitting(
            Form.DECIMAL,
            sql,
            offer=more,
            note="equal as a number",
            refused=[
                f"more than {whole} digits before the point or {scale} after",
                *negative,
                *empty,
            ],
            integer_digits_max=whole,
            fraction_digits_max=scale,
            **unsigned,
        )
    return None


def into_float(cql: CqlType, sql: SqlType, in_key: bool, flavour: Flavour) -> Fit | None:
    """Return the fit with DOUBLE, which holds every float, or FLOAT, which reads back rounded.

    MariaDB's DOUBLE holds no -0.0 (seen on 10.11): it stores 0.0, without a warning.
    """
    more, empty = offer(cql, sql), may_be_empty(cql)
    rounds = sql.base == "FLOAT" or bool(sql.args)
    if cql.name in ("float", "double"):
        if rounds:
            why = "reads back rounded to 6 digits" if not sql.args else "rounds to its digits"
            return None if in_key else lossy(Form.NUMBER, sql, f"{sql.short} {why}", more)
        negative = ["negative numbers"] if sql.unsigned else []
        one_zero = in_key or flavour is Flavour.MARIADB
        zero = ["-0.0"] if one_zero else []
        limits: dict[str, Any] = {"integer_min": 0} if sql.unsigned else {}
        refused = [_NON_NUMBERS, *negative, *zero, *empty]
        return fitting(Form.NUMBER, sql, offer=more, refused=refused, identity=one_zero, **limits)
    if rounds or in_key or cql.name not in BITS:
        return None
    most = 2**_DOUBLE_BITS
    return _whole(cql, sql, (0 if sql.unsigned else -most, most), in_key=in_key)


def _whole(cql: CqlType, sql: SqlType, room: Range, *, in_key: bool) -> Fit:
    """Return the fit of whole numbers of one width."""
    bound = 2 ** (BITS[cql.name] - 1)
    least = room[0] if room[0] > -bound else None
    most = room[1] if room[1] < bound - 1 else None
    narrow = [_beyond(room, sql)] if (least, most) != (None, None) else []
    return fitting(
        Form.INTEGER,
        sql,
        offer=offer(cql, sql),
        note=UNITS.get(cql.name, ""),
        refused=[*narrow, *may_be_empty(cql)],
        integer_min=least,
        integer_max=most,
        identity=in_key,
    )


def _room(sql: SqlType) -> Range:
    bits = 8 * INTEGER_BYTES[sql.base]
    return (0, 2**bits - 1) if sql.unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _beyond(room: Range, sql: SqlType) -> str:
    if sql.args or max(len(str(n)) for n in room) > _DIGITS_OF_64_BITS + 1:
        return f"numbers beyond {sql.short}"
    return f"numbers outside {room[0]} to {room[1]}"
