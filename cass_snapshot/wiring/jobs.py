"""What a run's parts are made for: its tables, and how they are named in ledger and WAL."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import orjson

from cass_snapshot.model import RunRecord, Table, TokenRange, WalColumn, WalIdentity
from cass_snapshot.planned import PlannedColumn, PlannedTarget, Reading
from cass_snapshot.settings import MysqlSettings, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class TableJob:
    """One table of a run: its source, its target, its record in the ledger."""

    table: Table
    target: PlannedTarget
    record: RunRecord

    @property
    def line_names(self) -> list[str]:
        """Return what the values of a WAL line are called, in its order."""
        return [wal_column(planned).name for planned in self.target.columns]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a worker needs to open its own connections and files.

    ``scratch`` is a private directory, in memory where there is such a file system; ``rejected``
    keeps rows that are set aside, and is made with the first of them.
    """

    settings: Settings
    tables: tuple[TableJob, ...]
    wal_directory: Path
    rejected: Path
    scratch: Path
    run_log: Path | None = None
    protocol_version: int | None = None


def target_name(settings: MysqlSettings, table: str) -> str:
    """Return how a target is named in the ledger, before anything is known of it."""
    return f"{settings.database}.{table}"


def source_name(table: Table) -> str:
    """Return how a source is named in the ledger: cluster, keyspace and table."""
    return f"{table.cluster}/{table.name}"


def schema_digest(table: Table, target: PlannedTarget) -> str:
    """Return a digest of the source's columns and of the form in which each is written."""
    columns = [
        [
            *(p.column.name, p.column.type, p.column.kind.value, p.column.descending),
            *(p.form.value, p.reading.value),
        ]
        for p in target.columns
    ]
    parts = [str(table.name), table.where, table.partitions, columns]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def wal_column(planned: PlannedColumn) -> WalColumn:
    """Return what a segment says of a column of its lines."""
    name = planned.column.name
    if planned.reading is not Reading.VALUE:
        name = f"{planned.reading.value}({name})"
    return WalColumn(name=name, type=planned.column.type, form=planned.form.value)


def wal_identity(job: TableJob, token_range: TokenRange, compression: str) -> WalIdentity:
    """Return what every segment of a range says of itself."""
    return WalIdentity(
        run_id=job.record.run_id,
        source=job.record.source,
        target=job.record.target,
        schema=schema_digest(job.table, job.target),
        table=job.table.name,
        columns=tuple(map(wal_column, job.target.columns)),
        range=token_range,
        epoch=job.record.epoch,
        compression=compression,
    )
