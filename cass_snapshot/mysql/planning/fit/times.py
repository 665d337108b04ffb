"""Into DATE, TIME, DATETIME and TIMESTAMP."""

from __future__ import annotations

from typing import Any

from cass_snapshot.cql import CqlType
from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.fit.record import Fit, fitting, may_be_empty
from cass_snapshot.mysql.planning.profiles import offer
from cass_snapshot.mysql.planning.sqltypes import SqlType

TIMESTAMP_MS = (1000, (2**31 - 1) * 1000 + 999)
"""1970-01-01 00:00:01 to 2038-01-19 03:14:07.999 UTC; zero is MySQL's no time at all."""
TIMESTAMP_DAYS = (1, (2**31 - 1) // 86_400)
_MILLISECOND_DIGITS = 3
_YEARS = "years outside 1000 to 9999"


def into_date(cql: CqlType, sql: SqlType, in_key: bool, flavour: Flavour) -> Fit | None:  # noqa: ARG001 - one signature
    """Return the fit of a date; nothing else is one."""
    if cql.name != "date":
        return None
    return fitting(Form.DATE, sql, offer=offer(cql, sql), refused=[_YEARS], identity=in_key)


def into_time(cql: CqlType, sql: SqlType, in_key: bool, flavour: Flavour) -> Fit | None:  # noqa: ARG001 - one signature
    """Return the fit of a time of day, which has nanoseconds and TIME at most six digits."""
    if cql.name != "time":
        return None
    refused = [f"more than {sql.length} digits of a second", "times outside one day"]
    return fitting(
        Form.TIME,
        sql,
        offer=offer(cql, sql),
        refused=refused,
        fraction_digits_max=sql.length,
        identity=in_key,
    )


def into_instant(cql: CqlType, sql: SqlType, in_key: bool, flavour: Flavour) -> Fit | None:  # noqa: ARG001 - one signature
    """Return the fit of a timestamp, or outside keys of a date, in UTC."""
    narrow = sql.base == "TIMESTAMP"
    limits: dict[str, Any] = {}
    if cql.name == "timestamp":
        form, bounds = Form.DATETIME, TIMESTAMP_MS
        refused = ["times outside 1970-01-01 00:00:01 to 2038-01-19 03:14:07" if narrow else _YEARS]
        if sql.length < _MILLISECOND_DIGITS:
            refused.append(f"more than {sql.length} digits of a second")
            limits["fraction_digits_max"] = sql.length
        refused += may_be_empty(cql)
    elif cql.name == "date" and not in_key:
        form, bounds = Form.DATE, TIMESTAMP_DAYS
        refused = ["dates outside 1970-01-02 to 2038-01-19" if narrow else _YEARS]
    else:
        return None
    if narrow:
        limits |= {"integer_min": bounds[0], "integer_max": bounds[1]}
    return fitting(
        form,
        sql,
        offer=offer(cql, sql),
        note="in UTC" if form is Form.DATETIME else "midnight",
        refused=refused,
        identity=in_key,
        **limits,
    )
