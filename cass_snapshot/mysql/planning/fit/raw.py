"""Any CQL type into bytes: the cell as it came."""

from __future__ import annotations

from cass_snapshot.cql import CqlType
from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.fit.record import Fit, fitting, may_be_empty
from cass_snapshot.mysql.planning.profiles import offer
from cass_snapshot.mysql.planning.sqltypes import BLOB_BYTES, SqlType

WIDTHS = {
    "boolean": 1,
    "tinyint": 1,
    "smallint": 2,
    "int": 4,
    "bigint": 8,
    "counter": 8,
    "float": 4,
    "double": 8,
    "date": 4,
    "time": 8,
    "timestamp": 8,
    "uuid": 16,
    "timeuuid": 16,
}
"""The bytes of a cell that is not empty, where the type has one width."""
_LONGEST = {**WIDTHS, "inet": 16}
_FIXED_VECTOR = frozenset({*WIDTHS} - {"tinyint", "smallint", "counter", "date", "time"})


def width(cql: CqlType) -> int | None:
    """Return the width of every cell that is not empty, None where it varies."""
    if cql.name == "vector" and cql.of[0].name in _FIXED_VECTOR:
        return WIDTHS[cql.of[0].name] * cql.dimension
    return WIDTHS.get(cql.name)


def into_bytes(cql: CqlType, sql: SqlType, in_key: bool, flavour: Flavour) -> Fit | None:  # noqa: ARG001 - one signature
    """Return the fit with BINARY, which pads, or a type of variable length."""
    more = offer(cql, sql)
    if sql.base == "BINARY":
        return _padded(cql, sql, more, in_key=in_key)
    most = sql.length if sql.base == "VARBINARY" else BLOB_BYTES[sql.base]
    longest = width(cql) or _LONGEST.get(cql.name)
    if longest is not None:
        if longest > most:
            return None
        return fitting(Form.HEX, sql, offer="", note="raw bytes", bytes_max=most, identity=in_key)
    if sql.base == "LONGBLOB":
        return fitting(Form.HEX, sql, offer="", note="raw bytes", identity=in_key)
    return fitting(
        Form.HEX,
        sql,
        offer=more,
        note="raw bytes",
        refused=[f"more than {most:,} bytes"],
        bytes_max=most,
        identity=in_key,
    )


def _padded(cql: CqlType, sql: SqlType, more: str, *, in_key: bool) -> Fit | None:
    size, only = sql.length, width(cql)
    longest = only or _LONGEST.get(cql.name, size)
    if (only is not None and only != size) or size > longest:
        return None
    refused = may_be_empty(cql) if only is not None else [f"other lengths than {size} bytes"]
    return fitting(
        Form.HEX,
        sql,
        offer=more,
        note="raw bytes",
        refused=refused,
        bytes_min=size,
        bytes_max=size,
        identity=in_key,
    )
