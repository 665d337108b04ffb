"""The target table: created when it is missing, examined when it is there.

This version takes a target that exists only where it is what it would have created itself; each
difference is named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mysql.connector import Error

from cass_snapshot.errors import PreflightError
from cass_snapshot.model import Table
from cass_snapshot.mysql import statements
from cass_snapshot.mysql.columns import (
    Flavour,
    TargetColumn,
    key_names,
    plan_columns,
    target_columns,
)
from cass_snapshot.mysql.connection import address
from cass_snapshot.mysql.faults import translate
from cass_snapshot.planned import PlannedTarget, TableMapping
from cass_snapshot.settings import MysqlSettings

_INTEGER_WIDTH = re.compile(r"^(tinyint|smallint|int|bigint)\(\d+\)$")
"""MariaDB prints a display width; MySQL only for tinyint(1)."""


def plan_target(
    connection: Any,  # noqa: ANN401 - see connection.connect
    settings: MysqlSettings,
    *,
    source: Table,
    mapping: TableMapping,
    flavour: Flavour,
) -> PlannedTarget:
    """Return the plan of a target; a table that is there is not looked into.

    Raises:
        PreflightError: the source cannot be mapped.
    """
    columns = plan_columns(source, flavour)
    _refuse_clashes([c.name for c in columns], source)
    key = key_names(columns, source)
    table = mapping.target
    qualified = statements.qualified(settings.database, table)
    return PlannedTarget(
        name=f"{settings.database}.{table}",
        table=table,
        columns=tuple(c.planned for c in columns),
        definitions=tuple(c.definition for c in columns),
        dialect=flavour.value,
        ddl=statements.create_target(qualified, columns, key),
        exists=bool(_facts(connection, settings, statements.TABLE_FACTS, settings.database, table)),
        key=key,
        conflict=mapping.conflict,
        profile=mapping.profile,
    )


def compare_target(connection: Any, settings: MysqlSettings, plan: PlannedTarget) -> None:  # noqa: ANN401 - see connection.connect
    """Refuse a table that is there and is another, or one that is missing and may not be made.

    Raises:
        PreflightError: it does not fit; each difference is named.
    """
    if plan.exists:
        _compare(connection, settings, plan)
    elif settings.create_tables == "never":
        raise PreflightError(
            f"MySQL has no table {plan.name}",
            where=f"[mysql] create_tables, {address(settings)}; nothing was written",
            why='create_tables is "never"',
            fix='create it, or set create_tables = "if-missing"',
        )


def create_target(connection: Any, settings: MysqlSettings, plan: PlannedTarget) -> None:  # noqa: ANN401 - see connection.connect
    """Create the target.

    Raises:
        PreflightError: the server refuses the DDL, for example for want of a grant.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(plan.ddl)
    except Error as error:
        raise PreflightError(
            f"MySQL did not create {plan.name}",
            where=address(settings),
            why=f"error {error.errno}: {(error.msg or '')[:200]}",
            fix=f"create it by hand, then run again: {plan.ddl}",
        ) from error


def _refuse_clashes(names: Sequence[str], source: Table) -> None:
    """Refuse columns that MySQL, which ignores their case, would take for one."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other is not name:
            raise PreflightError(
                f"columns {other} and {name} of {source.name} would be one in MySQL",
                where=f"source {source.name}; nothing was written",
                why="MySQL's column names ignore case",
                fix="this version cannot rename a column",
            )


def _facts(
    connection: Any,  # noqa: ANN401 - see connection.connect
    settings: MysqlSettings,
    sql: str,
    *values: str,
) -> list[tuple[Any, ...]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            rows = cursor.fetchall()
        connection.rollback()
    except Error as error:
        raise translate(error, where=address(settings)) from error
    return [
        tuple(v.decode() if isinstance(v, bytes | bytearray) else v for v in row) for row in rows
    ]


def _compare(connection: Any, settings: MysqlSettings, plan: PlannedTarget) -> None:  # noqa: ANN401 - see connection.connect
    """Refuse a table that is not what ``plan.ddl`` creates."""
    at = (settings.database, plan.table)
    found = _differences(connection, settings, plan)
    for sql, values, what in (
        (statements.TRIGGER_FACTS, at, "trigger"),
        (statements.FOREIGN_KEY_FACTS, at + at, "foreign key"),
    ):
        found += [f"{what} {row[0]}" for row in _facts(connection, settings, sql, *values)]
    if found:
        raise PreflightError(
            f"the table {plan.name} is there already and is not the one this version would create",
            where=f"{address(settings)}; nothing was written",
            why="; ".join(found[:6]),
            fix="give another target in [[tables]] target (or in --to), or remove the table",
        )


def _differences(connection: Any, settings: MysqlSettings, plan: PlannedTarget) -> list[str]:  # noqa: ANN401 - see connection.connect
    at = (settings.database, plan.table)
    ((kind, engine),) = _facts(connection, settings, statements.TABLE_FACTS, *at)
    if kind != "BASE TABLE" or engine != "InnoDB":
        return [f"it is a {kind.lower()} of engine {engine}, and only InnoDB has transactions"]
    rows = _facts(connection, settings, statements.COLUMN_FACTS, *at)
    there = {str(name): (str(sql), collation, null) for name, sql, collation, null, _ in rows}
    found = []
    for column in target_columns(plan):
        wanted = _shape(column)
        actual = there.pop(column.name, None)
        if actual is None:
            found.append(f"column {column.name} is missing")
        elif (shape := (_plain_type(actual[0]), actual[1], actual[2])) != wanted:
            found.append(f"column {column.name} is {_words(shape)} instead of {_words(wanted)}")
    found += [f"column {name} is not in the source" for name in there]
    unique: dict[str, list[str]] = {}
    for index, name in _facts(connection, settings, statements.UNIQUE_KEY_FACTS, *at):
        unique.setdefault(index, []).append(name)
    key = [p.column.name for p in plan.columns if p.column.in_key]
    if unique.pop("PRIMARY", None) != key:
        found.append(f"its primary key is not ({', '.join(key)})")
    return found + [f"unique key {name}" for name in unique]


def _shape(column: TargetColumn) -> tuple[str, str | None, str]:
    """Return type, collation and nullability as information_schema would print them."""
    sql, _, collation = column.definition.partition(" COLLATE ")
    plain = sql.partition(" CHARACTER SET ")[0].lower()
    return _plain_type(plain), collation or None, "NO" if column.in_key else "YES"


def _plain_type(sql: str) -> str:
    return _INTEGER_WIDTH.sub(r"\1", sql.lower())


def _words(shape: tuple[str, str | None, str]) -> str:
    sql, collation, null = shape
    return " ".join(
        [sql, *([collation] if collation else []), "NULL" if null == "YES" else "NOT NULL"]
    )
