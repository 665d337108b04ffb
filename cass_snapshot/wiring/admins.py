"""Opens what examines both sides before a run: for the parent, as a worker examines nothing."""

from __future__ import annotations

from cass_snapshot.mysql.admin import MysqlAdmin
from cass_snapshot.mysql.ledger import MysqlLedger
from cass_snapshot.protocols import Ledger, SourceAdmin, TargetAdmin
from cass_snapshot.reader.schema import CassandraSchema
from cass_snapshot.settings import CassandraSettings, MysqlSettings


def open_source_admin(settings: CassandraSettings) -> SourceAdmin:
    """Return what examines Cassandra."""
    return CassandraSchema(settings)


def open_target_admin(settings: MysqlSettings) -> TargetAdmin:
    """Return what examines and prepares MySQL."""
    return MysqlAdmin(settings)


def open_ledger(settings: MysqlSettings, *, answer_s: int) -> Ledger:
    """Return MySQL's record of runs alone, each of whose answers is waited for so many seconds."""
    return MysqlLedger(settings, answer_s=answer_s)
