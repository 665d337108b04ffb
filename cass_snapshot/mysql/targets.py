"""The target table: examined where it is there, created where it is missing."""

from __future__ import annotations

from functools import partial
from typing import Any

from mysql.connector import Error

from cass_snapshot.errors import PreflightError
from cass_snapshot.model import Table
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.connection import address
from cass_snapshot.mysql.faults import translate
from cass_snapshot.mysql.planning.plan import plan
from cass_snapshot.mysql.planning.tablefacts import read_table
from cass_snapshot.planned import PlannedTarget, TableMapping
from cass_snapshot.settings import MysqlSettings

ROW_TOO_LARGE = 1118
"""InnoDB's row of half a page: some 200 columns whose values lie outside it, in MariaDB some 380.

A longer VARCHAR is no help: what may lie outside takes 40 bytes inside, whatever its type.
"""


def plan_target(
    connection: Any,  # noqa: ANN401 - see connection.connect
    settings: MysqlSettings,
    *,
    source: Table,
    mapping: TableMapping,
    flavour: Flavour,
    ours: bool,
) -> PlannedTarget:
    """Return the plan of a target; what keeps the source from being copied is in its findings.

    ``ours`` tells that this tool created the target, if it is there.

    Raises:
        TargetUnavailable: the server does not answer.
    """
    ask = partial(rows, connection, settings)
    return plan(
        source,
        mapping,
        database=settings.database,
        flavour=flavour,
        there=read_table(ask, settings.database, mapping.target, flavour, ours=ours),
        may_create=settings.create_tables != "never",
    )


def create_target(connection: Any, settings: MysqlSettings, plan: PlannedTarget) -> None:  # noqa: ANN401 - see connection.connect
    """Create the target.

    Raises:
        PreflightError: the server refuses the DDL, for example for want of a grant; what it says
            is told, and not the DDL, which may have a thousand lines.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(plan.ddl)
    except Error as error:
        raise PreflightError(
            f"MySQL did not create {plan.name}",
            where=address(settings),
            why=f"error {error.errno}: {(error.msg or '')[:200]}",
            fix=_fix(error, plan),
        ) from error


def _fix(error: Error, plan: PlannedTarget) -> str:
    shown = "cass-snapshot plan prints the DDL"
    if error.errno != ROW_TOO_LARGE:
        return f"{shown}: create the table by hand, then run again"
    # The run is registered by now, and would not go on with other columns.
    return (
        f"[tables.columns.NAME] skip = true for some of its {len(plan.columns):,} columns, or a"
        ' type of less than 40 bytes, as "VARCHAR(9)", where every value is that short; then run'
        f" with --new; {shown}"
    )


def rows(
    connection: Any,  # noqa: ANN401 - see connection.connect
    settings: MysqlSettings,
    sql: str,
    *values: str,
) -> list[tuple[Any, ...]]:
    """Return the rows of a statement, with texts as such."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            found = cursor.fetchall()
        connection.rollback()
    except Error as error:
        raise translate(error, where=address(settings)) from error
    return [
        tuple(v.decode() if isinstance(v, bytes | bytearray) else v for v in row) for row in found
    ]
