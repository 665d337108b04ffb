"""CQL text, quoted here and assembled nowhere else. Pure.

The operator's condition is part of every statement that reads rows. It is CQL of theirs, proven
whole by ``conditions.py`` before it gets here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cass_snapshot import cql
from cass_snapshot.model import Column, ColumnKind, Table
from cass_snapshot.planned import PlannedColumn, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """What is asked for: a column's value, or its write time or remaining time to live."""

    column: Column
    reading: Reading = Reading.VALUE


def select_planned(columns: Sequence[PlannedColumn]) -> tuple[Selected, ...]:
    """Return what a plan reads, in its order."""
    return tuple(Selected(column=p.column, reading=p.reading) for p in columns if p.reading.read)


def select_values(columns: Sequence[Column]) -> tuple[Selected, ...]:
    """Return the values of some columns."""
    return tuple(Selected(column=column) for column in columns)


def select_counted(table: Table) -> tuple[Selected, ...]:
    """Return the least that tells rows, and partitions without one, apart.

    DISTINCT takes nothing less than a whole partition key; a partition without a row is known by
    its clustering columns.
    """
    if table.partitions:
        return select_values(table.partition_key)
    static = any(c.kind is ColumnKind.STATIC for c in table.columns)
    return select_values(table.partition_key[:1] + (table.clustering[:1] if static else ()))


def quote(name: str) -> str:
    """Return an identifier in double quotes, with quotes inside it doubled."""
    return '"' + name.replace('"', '""') + '"'


def select_range(table: Table, columns: Sequence[Selected]) -> str:
    """Return the read of the tokens above one parameter, up to and with another."""
    return _rows(table, columns, f"{_token(table)} > ? AND {_token(table)} <= ?")


def select_first(table: Table, columns: Sequence[Selected]) -> str:
    """Return the read of a range of tokens that ends, by a third parameter, after so many rows."""
    return _rows(table, columns, f"{_token(table)} > ? AND {_token(table)} <= ?", limit=" LIMIT ?")


def select_first_partitions(table: Table) -> str:
    """Return the read of the partition keys in a range of tokens, whatever is in them, limited."""
    names, place = _names(table.partition_key), _token(table)
    return (
        f"SELECT DISTINCT {names} FROM {_from(table)}"  # noqa: S608 - quoted below
        f" WHERE {place} > ? AND {place} <= ? LIMIT ?"
    )


def count_partition(table: Table) -> str:
    """Return the count of a partition's rows; one with static values alone has none."""
    counted = f"COUNT({quote(table.clustering[0].name)})"
    return f"SELECT {counted} FROM {_from(table)} WHERE {_equal(table.partition_key)}"  # noqa: S608 - quoted below


def select_any(table: Table) -> str:
    """Return the read of one row, wherever it is."""
    return f"SELECT {_names(table.partition_key)} FROM {_from(table)} LIMIT 1"  # noqa: S608 - quoted below


def select_partitions_at_token(table: Table) -> str:
    """Return the read of the partition keys that share one token, whatever is in them."""
    names = _names(table.partition_key)
    return f"SELECT DISTINCT {names} FROM {_from(table)} WHERE {_token(table)} = ?"  # noqa: S608 - quoted below


def select_partition(table: Table, columns: Sequence[Selected]) -> str:
    """Return the read of one partition."""
    return _rows(table, columns, _equal(table.partition_key))


def select_rest_of_partition(table: Table, columns: Sequence[Selected], depth: int) -> str:
    """Return the read of the rows that come after a row in its partition, at one depth.

    The rows after clustering key (a, b, c) are, in the table's own order: equal in a and b and
    beyond c; then equal in a and beyond b; then beyond a. Asked one by one, with the direction of
    each column, because a multi-column relation compares values and not the clustering order.

    Args:
        table: the table.
        columns: what to read.
        depth: how many leading clustering columns stay equal.
    """
    column = table.clustering[depth]
    beyond = f"{quote(column.name)} {'<' if column.descending else '>'} ?"
    return _rows(
        table, columns, f"{_equal(table.partition_key + table.clustering[:depth])} AND {beyond}"
    )


def _rows(table: Table, columns: Sequence[Selected], condition: str, *, limit: str = "") -> str:
    wanted = ", ".join(map(_term, columns))
    word = "DISTINCT " if table.partitions else ""
    text = f"SELECT {word}{wanted} FROM {_from(table)} WHERE {condition}"  # noqa: S608 - quoted below
    if not table.where:
        return text + limit
    filtering = " ALLOW FILTERING" if table.allow_filtering else ""
    return f"{text} AND {table.where}{limit}{filtering}"


def _term(selected: Selected) -> str:
    name = quote(selected.column.name)
    match selected.reading:
        case Reading.WRITETIME:
            # The elements of a collection have a write time each; the newest is the row's.
            several = cql.parse(selected.column.type).multi_cell
            return f"{'MAXWRITETIME' if several else 'WRITETIME'}({name})"
        case Reading.TTL:
            return f"TTL({name})"
        case _:
            return name


def _from(table: Table) -> str:
    return f"{quote(table.name.keyspace)}.{quote(table.name.name)}"


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(quote(c.name) for c in columns)


def _token(table: Table) -> str:
    return f"token({_names(table.partition_key)})"


def _equal(columns: Sequence[Column]) -> str:
    return " AND ".join(f"{quote(c.name)} = ?" for c in columns)
