"""Opens what examines both sides before a run: for the parent, as a worker examines nothing."""

from __future__ import annotations

from cass_snapshot.mysql.admin import MysqlAdmin
from cass_snapshot.protocols import SourceAdmin, TargetAdmin
from cass_snapshot.reader.schema import CassandraSchema
from cass_snapshot.settings import CassandraSettings, MysqlSettings


def open_source_admin(settings: CassandraSettings) -> SourceAdmin:
    """Return what examines Cassandra."""
    return CassandraSchema(settings)


def open_target_admin(settings: MysqlSettings) -> TargetAdmin:
    """Return what examines and prepares MySQL."""
    return MysqlAdmin(settings)
