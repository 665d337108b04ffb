"""Cells as Cassandra's own driver serializes them, and columns planned as a run plans them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from struct import pack
from typing import Any

from cassandra import cqltypes
from cassandra.util import Date, Time

from cass_snapshot.codec.row import RowEncoder
from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import Cells, Column, ColumnKind, Lines, Position, Table, TableName
from cass_snapshot.mysql.columns import Flavour, TargetColumn, target_columns
from cass_snapshot.mysql.planning.plan import plan, refuse
from cass_snapshot.planned import PlannedColumn, TableMapping
from cass_snapshot.rejection import Encoded

NAME = TableName(keyspace="shop", name="orders")
PROTOCOL = 5


def _with(kind: Any) -> Callable[[Any], bytes]:  # noqa: ANN401 - the driver is untyped
    return lambda value: bytes(kind.serialize(value, PROTOCOL))


SERIALIZE: dict[str, Callable[[Any], bytes]] = {
    "ascii": _with(cqltypes.AsciiType),
    "text": _with(cqltypes.UTF8Type),
    "varchar": _with(cqltypes.VarcharType),
    "blob": _with(cqltypes.BytesType),
    "boolean": _with(cqltypes.BooleanType),
    "tinyint": _with(cqltypes.ByteType),
    "smallint": _with(cqltypes.ShortType),
    "int": _with(cqltypes.Int32Type),
    "bigint": _with(cqltypes.LongType),
    "counter": _with(cqltypes.CounterColumnType),
    "varint": _with(cqltypes.IntegerType),
    "decimal": _with(cqltypes.DecimalType),
    "float": _with(cqltypes.FloatType),
    "double": _with(cqltypes.DoubleType),
    "date": lambda days: bytes(cqltypes.SimpleDateType.serialize(Date(days), PROTOCOL)),
    "time": lambda nanos: bytes(cqltypes.TimeType.serialize(Time(nanos), PROTOCOL)),
    "timestamp": _with(cqltypes.DateType),
    "uuid": _with(cqltypes.UUIDType),
    "timeuuid": _with(cqltypes.TimeUUIDType),
    "inet": _with(cqltypes.InetAddressType),
}
"""CQL type to what makes a cell of a value: dates as days, times as nanoseconds, timestamps as
milliseconds, the others as the driver takes them."""
KEY_TYPES = tuple(t for t in SERIALIZE if t != "counter")


def column(name: str, cql: str, kind: ColumnKind = ColumnKind.REGULAR) -> Column:
    """Return a column."""
    return Column(name=name, type=cql, kind=kind)


def key(name: str, cql: str) -> Column:
    """Return a column of the partition key."""
    return column(name, cql, ColumnKind.PARTITION_KEY)


def clustering(name: str, cql: str, *, descending: bool = False) -> Column:
    """Return a clustering column."""
    return Column(name=name, type=cql, kind=ColumnKind.CLUSTERING, descending=descending)


def table(*columns: Column) -> Table:
    """Return a table of these columns."""
    return Table(name=NAME, columns=columns, cluster="Test Cluster")


def plan_columns(source: Table, flavour: Flavour) -> tuple[TargetColumn, ...]:
    """Return the columns of the target that a run creates for a table.

    Raises:
        PreflightError: it cannot be created.
    """
    mapping = TableMapping(target=source.name.name)
    planned = plan(source, mapping, database="shop", flavour=flavour)
    refuse(planned, where="mysql db1:3306")
    return target_columns(planned)


def planned(cql: str, *, in_key: bool = False) -> PlannedColumn:
    """Return the column ``v`` as a run plans it for MySQL."""
    columns = (key("v", cql),) if in_key else (key("k", "int"), column("v", cql))
    return plan_columns(table(*columns), Flavour.MYSQL)[-1].planned


def encoded(columns: Sequence[PlannedColumn], rows: Sequence[Cells]) -> Encoded:
    """Return what becomes of rows, the number of a row (from 100) standing for its token."""
    places = {id(row): number for number, row in enumerate(rows, start=100)}

    def locate(row: Cells) -> Position:
        return Position(token=places[id(row)], partition_key=(b"%d" % places[id(row)],))

    return RowEncoder(columns, locate).encode(rows)


def encode(columns: Sequence[PlannedColumn], rows: Sequence[Cells]) -> Lines:
    """Return the WAL lines of rows that all fit."""
    made = encoded(columns, rows)
    assert made.rejected == ()
    return made.lines


def floats(code: str, value: float) -> bytes:
    """Return the cell of a float (f) or a double (d)."""
    return pack(f">{code}", value)


def as_planned(name: str, form: Form, sql: str) -> PlannedColumn:
    """Return a column of a target that somebody made."""
    source = replace(column(name, "blob"), kind=ColumnKind.PARTITION_KEY)
    return PlannedColumn(column=source, form=form, limits=Limits(type=sql))
