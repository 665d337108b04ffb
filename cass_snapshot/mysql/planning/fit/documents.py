"""Into JSON, VECTOR, and MariaDB's UUID and INET6."""

from __future__ import annotations

from cass_snapshot.cql import CqlType
from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.fit.record import Fit, fitting, lossy, may_be_empty
from cass_snapshot.mysql.planning.profiles import COMPOUND, offer
from cass_snapshot.mysql.planning.sqltypes import SqlType


def into_json(cql: CqlType, sql: SqlType, in_key: bool, flavour: Flavour) -> Fit | None:  # noqa: ARG001 - one signature
    """Return the fit with JSON, which MySQL stores in its own order and MariaDB as text."""
    if cql.name not in COMPOUND:
        return None
    if flavour is Flavour.MARIADB:
        return fitting(Form.JSON, sql, offer="")
    note = "JSON puts keys in its own order and rewrites numbers"
    return lossy(Form.JSON, sql, note, offer(cql, sql))


def into_vector(cql: CqlType, sql: SqlType, in_key: bool, flavour: Flavour) -> Fit | None:  # noqa: ARG001 - one signature
    """Return the fit of a vector of floats with VECTOR of at least its length."""
    floats = cql.name == "vector" and cql.of[0].name == "float"
    if not floats or cql.dimension > sql.length:
        return None
    if flavour is Flavour.MARIADB and cql.dimension != sql.length:
        return None
    refused = ["NaN and infinities"]
    return fitting(Form.VECTOR, sql, offer=offer(cql, sql), refused=refused)


def into_uuid(cql: CqlType, sql: SqlType, in_key: bool, flavour: Flavour) -> Fit | None:  # noqa: ARG001 - one signature
    """Return the fit of a uuid with MariaDB's UUID."""
    if cql.name not in ("uuid", "timeuuid"):
        return None
    more, empty = offer(cql, sql), may_be_empty(cql)
    return fitting(Form.UUID, sql, offer=more, refused=empty, identity=in_key)


def into_inet(cql: CqlType, sql: SqlType, in_key: bool, flavour: Flavour) -> Fit | None:  # noqa: ARG001 - one signature
    """Return the fit of an address with INET6, which takes no 127.0.0.1 [measured on 10.11]."""
    if cql.name != "inet" or sql.base != "INET6" or in_key:
        return None
    refused = ["IPv4, by MariaDB", *may_be_empty(cql)]
    return fitting(Form.INET, sql, offer=offer(cql, sql), refused=refused)
