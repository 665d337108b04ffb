"""Decides for any pair of a CQL type and an SQL type how values are written, and what is promised.

``fit`` is the one authority: profiles, the operator's ``type =`` and tables that exist only choose
the SQL type. Pure; one file for each kind of SQL type.
"""

from __future__ import annotations

from collections.abc import Callable

from cass_snapshot.cql import CUSTOM, CqlType
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.fit import documents, numbers, raw, texts, times
from cass_snapshot.mysql.planning.fit.record import Fit, impossible
from cass_snapshot.mysql.planning.profiles import offer
from cass_snapshot.mysql.planning.sqltypes import Family, SqlType

__all__ = ["Fit", "fit"]

_Into = Callable[[CqlType, SqlType, bool, Flavour], Fit | None]
_INTO: dict[Family, _Into] = {
    Family.INTEGER: numbers.into_integer,
    Family.DECIMAL: numbers.into_decimal,
    Family.FLOAT: numbers.into_float,
    Family.TEXT: texts.into_text,
    Family.BYTES: raw.into_bytes,
    Family.DATE: times.into_date,
    Family.TIME: times.into_time,
    Family.INSTANT: times.into_instant,
    Family.JSON: documents.into_json,
    Family.VECTOR: documents.into_vector,
    Family.UUID: documents.into_uuid,
    Family.INET: documents.into_inet,
}


def fit(cql: CqlType, sql: SqlType, *, in_key: bool, flavour: Flavour) -> Fit:
    """Return how values of a CQL type are written for an SQL type, and what becomes of them.

    Args:
        cql: the source column's type.
        sql: the target column's type, its character set and collation named.
        in_key: whether the column tells rows apart, so that different cells must stay different.
        flavour: the target's family of servers.
    """
    if in_key and sql.large:
        return impossible(sql, f"InnoDB has no keys on {sql.base}", offer(cql, sql))
    if cql.name == CUSTOM and sql.family is not Family.BYTES:
        return impossible(sql, "a custom type is copied as raw bytes or not at all", "LONGBLOB")
    into = _INTO.get(sql.family)
    found = into(cql, sql, in_key, flavour) if into is not None else None
    if found is None:
        where = " in a key" if in_key else ""
        return impossible(sql, f"{sql.short}{where} cannot hold {cql.name}", offer(cql, sql))
    return found
