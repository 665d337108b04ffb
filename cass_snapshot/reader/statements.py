"""CQL text, quoted here and assembled nowhere else. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cass_snapshot.model import Column, Table


def quote(name: str) -> str:
    """Return an identifier in double quotes, with quotes inside it doubled."""
    return '"' + name.replace('"', '""') + '"'


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(quote(c.name) for c in columns)


def _select(
    table: Table, columns: Sequence[Column], condition: str, *, distinct: bool = False
) -> str:
    name = f"{quote(table.name.keyspace)}.{quote(table.name.name)}"
    word = "DISTINCT " if distinct else ""
    return f"SELECT {word}{_names(columns)} FROM {name} WHERE {condition}"  # noqa: S608 - quoted above


def _token(table: Table) -> str:
    return f"token({_names(table.partition_key)})"


def select_range(table: Table, columns: Sequence[Column]) -> str:
    """Return the read of the tokens above one parameter, up to and with another."""
    return _select(table, columns, f"{_token(table)} > ? AND {_token(table)} <= ?")


def select_partitions_at_token(table: Table) -> str:
    """Return the read of the partition keys that share one token."""
    return _select(table, table.partition_key, f"{_token(table)} = ?", distinct=True)


def select_partition(table: Table, columns: Sequence[Column]) -> str:
    """Return the read of one partition."""
    return _select(table, columns, _equal(table.partition_key))


def select_rest_of_partition(table: Table, columns: Sequence[Column], depth: int) -> str:
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
    return _select(
        table, columns, f"{_equal(table.partition_key + table.clustering[:depth])} AND {beyond}"
    )


def _equal(columns: Sequence[Column]) -> str:
    return " AND ".join(f"{quote(c.name)} = ?" for c in columns)
