"""A table's columns and id, as the system tables tell them, and what has changed about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cass_snapshot.errors import PreflightError, StateError
from cass_snapshot.model import Column, ColumnKind, Table, TableName
from cass_snapshot.reader.types import whole_type

Rows = Callable[[str, tuple[object, ...]], Sequence[tuple[Any, ...]]]
"""Executes a query of the system tables."""
TYPES = (
    "SELECT type_name, field_names, field_types FROM system_schema.types WHERE keyspace_name = %s"
)
COLUMNS = (
    "SELECT kind, position, column_name, type, clustering_order"
    " FROM system_schema.columns WHERE keyspace_name = %s AND table_name = %s"
)
IDS = "SELECT id FROM system_schema.tables WHERE keyspace_name = %s AND table_name = %s"
VIEW_IDS = "SELECT id FROM system_schema.views WHERE keyspace_name = %s AND view_name = %s"
_ORDER = (ColumnKind.PARTITION_KEY, ColumnKind.CLUSTERING, ColumnKind.STATIC, ColumnKind.REGULAR)
_NAMED_MAX = 6


def read_columns(rows: Rows, name: TableName) -> tuple[Column, ...]:
    """Return partition key, clustering columns, statics, others by name; none of no table."""
    user_types = {
        label: tuple(zip(names, types, strict=True))
        for label, names, types in rows(TYPES, (name.keyspace,))
    }
    found = rows(COLUMNS, (name.keyspace, name.name))
    ordered = sorted(found, key=lambda r: (_ORDER.index(ColumnKind(r[0])), r[1], r[2]))
    return tuple(
        Column(
            name=column,
            type=whole_type(cql, user_types),
            kind=ColumnKind(kind),
            descending=order == "desc",
        )
        for kind, _, column, cql, order in ordered
    )


def read_id(rows: Rows, name: TableName) -> str:
    """Return the id of a table or view; empty where there is none."""
    found = rows(IDS, (name.keyspace, name.name)) or rows(VIEW_IDS, (name.keyspace, name.name))
    return str(found[0][0]) if found else ""


def of_partitions(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return what a row that stands for a whole partition has."""
    return tuple(c for c in columns if c.kind in (ColumnKind.PARTITION_KEY, ColumnKind.STATIC))


def whole_partitions(name: TableName, columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return what stands for a partition.

    Raises:
        PreflightError: a partition has one row anyway.
    """
    if not any(c.kind is ColumnKind.CLUSTERING for c in columns):
        raise PreflightError(
            f"a partition of {name} has one row already",
            where="[[tables]] partitions = true; nothing was written",
            why="the table has no clustering columns",
            fix="take partitions out, and the rows are copied",
        )
    return of_partitions(columns)


def refuse_changed(table: Table, now: Sequence[Column], present: str) -> None:
    """Refuse to go on with a table that is not the one that was planned (I9).

    Args:
        table: what the run was planned with.
        now: all columns that it has by now; none where it is gone.
        present: its id by now; empty where it is gone.

    Raises:
        StateError: it names what changed.
    """
    wanted = of_partitions(now) if table.partitions else tuple(now)
    if wanted != table.columns:
        raise StateError(
            f"the schema of {table.name} changed while it was copied",
            where=f"{table.name} in Cassandra; what was copied until then is kept",
            why=_changes(table.columns, wanted),
            fix="undo the change and run the same command again, or start afresh with --new",
        )
    if table.id not in ("", present):
        raise StateError(
            f"{table.name} was dropped and created again while it was copied",
            where=f"{table.name} in Cassandra; what was copied until then is kept",
            why=f"its id was {table.id}, is {present}: these are the rows of two tables",
            fix="start afresh with --new",
        )


def _changes(before: Sequence[Column], now: Sequence[Column]) -> str:
    if not now:
        return "the table is gone"
    was = {c.name: _described(c) for c in before}
    present = {c.name: _described(c) for c in now}
    parts = [
        f"column {name} was {was.get(name, 'not there')}, is {present.get(name, 'gone')}"
        for name in sorted({*was, *present})
        if was.get(name) != present.get(name)
    ]
    more = f"; {len(parts) - _NAMED_MAX} more" if len(parts) > _NAMED_MAX else ""
    return ("; ".join(parts[:_NAMED_MAX]) or "the order of the key's columns") + more


def _described(column: Column) -> str:
    return f"{column.type} ({column.kind.value}{', descending' if column.descending else ''})"
