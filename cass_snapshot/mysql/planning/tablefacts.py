"""What ``information_schema`` says of a table, as records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cass_snapshot.mysql import statements
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.grants import read_grants

Ask = Callable[..., list[tuple[Any, ...]]]
"""Executes a statement with values and returns its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """A column: its type as the server writes it, and what happens to a row without it."""

    name: str
    type: str
    charset: str | None = None
    collation: str | None = None
    nullable: bool = True
    default: str | None = None
    auto_increment: bool = False
    generated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """A unique key; ``whole`` is False where it has a prefix of a column, or an expression."""

    name: str
    columns: tuple[str, ...]
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """A table: ``parents`` are foreign keys of its own, ``children`` those that refer to it.

    ``triggers`` maps events (INSERT, UPDATE, DELETE) to names. ``unseen`` is empty where no more
    hangs on the table than is told here; else it names the grants that would show it.
    """

    kind: str
    engine: str
    unseen: str
    columns: tuple[ColumnFacts, ...] = ()
    keys: tuple[KeyFacts, ...] = ()
    triggers: tuple[tuple[str, str], ...] = ()
    parents: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


def read_table(
    ask: Ask, database: str, table: str, flavour: Flavour, *, ours: bool
) -> TableFacts | None:
    """Return a table's facts, None where there is no such table.

    ``ours`` tells that this tool created it, so that what hangs on it is ours too.
    """
    at = (database, table)
    found = ask(statements.TABLE_FACTS, *at)
    if not found:
        return None
    ((kind, engine),) = found
    documents = set()
    if flavour is Flavour.MARIADB:  # whose JSON is LONGTEXT with a check
        documents = {str(name) for (name,) in ask(statements.JSON_FACTS, *at)}
    expression = "NULL" if flavour is Flavour.MARIADB else "expression"
    return TableFacts(
        kind=str(kind),
        engine=str(engine),
        unseen="" if ours else read_grants(ask).to_see_all_of(database, table),
        columns=tuple(
            _column(row, documents, flavour) for row in ask(statements.COLUMN_FACTS, *at)
        ),
        keys=_keys(ask(statements.UNIQUE_KEY_FACTS.format(expression=expression), *at)),
        triggers=tuple((str(e), str(n)) for e, n in ask(statements.TRIGGER_FACTS, *at)),
        parents=tuple(str(name) for (name,) in ask(statements.PARENT_FACTS, *at)),
        children=tuple(str(name) for (name,) in ask(statements.CHILD_FACTS, *at)),
    )


def _column(row: Sequence[Any], documents: set[str], flavour: Flavour) -> ColumnFacts:
    name, sql, charset, collation, null, default, extra = row
    is_json = str(name) in documents
    nothing = default is None or (flavour is Flavour.MARIADB and default == "NULL")
    words = str(extra).lower()
    return ColumnFacts(
        name=str(name),
        type="json" if is_json else str(sql),
        charset=charset,
        collation=collation,
        nullable=null == "YES",
        default=None if nothing else str(default),
        auto_increment="auto_increment" in words,
        generated="virtual generated" in words or "stored generated" in words,
    )


def _keys(rows: Sequence[Sequence[Any]]) -> tuple[KeyFacts, ...]:
    columns: dict[str, list[str]] = {}
    partial = set()
    for index, column, prefix, expression in rows:
        if column is None or prefix is not None or expression is not None:
            partial.add(index)
        columns.setdefault(str(index), []).append(str(column or expression))
    return tuple(
        KeyFacts(name=name, columns=tuple(parts), whole=name not in partial)
        for name, parts in columns.items()
    )
