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


def plan_target(
    connection: Any,  # noqa: ANN401 - see connection.connect
    settings: MysqlSettings,
    *,
    source: Table,
    mapping: TableMapping,
    flavour: Flavour,
) -> PlannedTarget:
    """Return the plan of a target; what keeps the source from being copied is in its findings.

    Raises:
        TargetUnavailable: the server does not answer.
    """
    ask = partial(rows, connection, settings)
    return plan(
        source,
        mapping,
        database=settings.database,
        flavour=flavour,
        there=read_table(ask, settings.database, mapping.target, flavour),
        may_create=settings.create_tables != "never",
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
