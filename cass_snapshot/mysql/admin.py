"""The target side before and after the copying, as protocols.TargetAdmin promises."""

from __future__ import annotations

from functools import partial

from mysql.connector import Error

from cass_snapshot.errors import PreflightError
from cass_snapshot.model import Table
from cass_snapshot.mysql.choice import foresee
from cass_snapshot.mysql.connection import address, connect, require_database, server_facts
from cass_snapshot.mysql.faults import translate
from cass_snapshot.mysql.grants import read_grants
from cass_snapshot.mysql.ledger import MysqlLedger
from cass_snapshot.mysql.planning.plan import refuse
from cass_snapshot.mysql.server import server_findings
from cass_snapshot.mysql.statements import qualified, select_any
from cass_snapshot.mysql.targets import create_target, plan_target, rows
from cass_snapshot.planned import Finding, PlannedTarget, TableMapping, Way
from cass_snapshot.settings import MysqlSettings


class MysqlAdmin:
    """Examines a server and its databases at once, and prepares what a run needs of them.

    Raises:
        PreflightError: the login, a database or the server's state does not allow a run.
        TargetUnavailable: the server does not answer.
    """

    def __init__(self, settings: MysqlSettings) -> None:
        self._settings = settings
        self._connection = connect(settings)
        self._ledger = MysqlLedger(settings)
        try:
            self._facts = server_facts(self._connection)
            self._refuse_read_only()
            require_database(self._connection, settings)
            self._ledger.check_shapes()
        except Error as error:
            self.close()
            raise translate(error, where=address(settings)) from error
        except BaseException:
            self.close()
            raise

    def _refuse_read_only(self) -> None:
        if self._facts.read_only:
            raise PreflightError(
                "MySQL is read-only",
                where=f"{address(self._settings)}; nothing was written",
                why="read_only is ON, as on a replica",
                fix="name the primary in [mysql] host",
            )

    @property
    def heading(self) -> str:
        """Return server, database and version in a few words."""
        s = self._settings
        return f"{self._facts.flavour.value} {s.host}:{s.port}/{s.database}, {self._facts.version}"

    @property
    def buffer_pool_bytes(self) -> int | None:
        """Return how much of its tables the server keeps in memory."""
        return self._facts.buffer_pool_bytes

    @property
    def ledger(self) -> MysqlLedger:
        """Return the record of runs."""
        return self._ledger

    def findings(self) -> list[Finding]:
        """Return what the server, its settings and the login's grants mean for a run."""
        ask = partial(rows, self._connection, self._settings)
        return server_findings(ask, self._settings, self._facts, self.heading)

    def plan(self, table: Table, mapping: TableMapping) -> PlannedTarget:
        """Return what a table becomes."""
        return plan_target(
            self._connection,
            self._settings,
            source=table,
            mapping=mapping,
            flavour=self._facts.flavour,
            ours=self._ledger.exists()
            and self._ledger.created_by_us(f"{self._settings.database}.{mapping.target}"),
        )

    def way(self, target: PlannedTarget) -> Way:
        """Return how rows of a plan will be written."""
        ask = partial(rows, self._connection, self._settings)
        return foresee(self._settings, self._facts, read_grants(ask), target)

    def compare(self, target: PlannedTarget) -> None:
        """Refuse a plan one of whose findings is a failure."""
        refuse(target, where=address(self._settings))

    def prepare(self) -> None:
        """Create the control tables that are missing."""
        self._ledger.create_tables()

    def holds_rows(self, target: PlannedTarget) -> bool:
        """Tell whether a target that is there has any row."""
        table = qualified(self._settings.database, target.table)
        return bool(rows(self._connection, self._settings, select_any(table)))

    def create(self, target: PlannedTarget) -> None:
        """Create a target that is missing."""
        create_target(self._connection, self._settings, target)

    def close(self) -> None:
        """Give the connections back."""
        self._ledger.close()
        self._connection.close()
