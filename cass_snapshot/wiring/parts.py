"""Opens what a worker process and the parent use: the one file that names concrete parts.

A worker opens its parts here, lazily and in the process that uses them. Replacing the target means
replacing what this file returns.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from cass_snapshot.codec.cells import cell
from cass_snapshot.codec.keys import target_key_values
from cass_snapshot.codec.lines import line_locator
from cass_snapshot.codec.order import LineOrder
from cass_snapshot.codec.row import RowEncoder
from cass_snapshot.model import Batch, Cells, Position, TableName, TokenRange
from cass_snapshot.mysql.checkpoint import CheckpointKeeper
from cass_snapshot.mysql.columns import target_columns
from cass_snapshot.mysql.control import ControlSql
from cass_snapshot.mysql.keys import MysqlKeys
from cass_snapshot.mysql.writer import MysqlTarget
from cass_snapshot.planned import PlannedTarget
from cass_snapshot.protocols import (
    Blocks,
    Encoder,
    Order,
    Rejects,
    Source,
    SourceKeys,
    Target,
    TargetKeys,
    Wal,
)
from cass_snapshot.reader.amounts import SpanWidth
from cass_snapshot.reader.drift import Drift
from cass_snapshot.reader.pages import CassandraSource
from cass_snapshot.reader.session import Connection, connect
from cass_snapshot.reader.statements import select_counted, select_planned, select_values
from cass_snapshot.retry import Patience, Tell, unheard
from cass_snapshot.settings import MysqlSettings
from cass_snapshot.wal.blocks import BlockReader
from cass_snapshot.wal.rejects import RejectFile, stem_of
from cass_snapshot.wal.removal import remove_applied
from cass_snapshot.wal.room import Room
from cass_snapshot.wiring.jobs import Job, TableJob
from cass_snapshot.wiring.wals import open_wal

MEMORY = Path("/dev/shm")  # noqa: S108 - a memory file system; what is made there is private


def sample_encoder(target: PlannedTarget) -> Encoder:
    """Return what makes WAL lines of sampled rows, whose place on the ring does not matter."""
    return RowEncoder(target.columns, lambda _: Position(token=0, partition_key=(b"",)))


def open_target(
    settings: MysqlSettings,
    job: TableJob,
    *,
    worker: str,
    wal_state: str,
    scratch: Path,
    rejects: Rejects,
    tell: Tell = unheard,
) -> Target:
    """Return what writes a table's batches.

    Args:
        settings: where to connect.
        job: the table.
        worker: who writes, for the checkpoint's row.
        wal_state: what ``snapshot_wal`` calls these batches: applied or replayed.
        scratch: a private directory that exists.
        rejects: keeps the rows that the target refuses.
        tell: is told of a batch that goes in parts.
    """
    keeper = CheckpointKeeper(
        ControlSql(settings.control),
        run_id=job.record.run_id,
        source=job.record.source,
        epoch=job.record.epoch,
        worker=worker,
        wal_state=wal_state,
    )
    return MysqlTarget(
        settings,
        job.target,
        keeper=keeper,
        directory=scratch,
        rejects=rejects,
        locate=line_locator(job.target.columns),
        tell=tell,
    )


def encoder_of(job: TableJob, position: Callable[[Cells], Position]) -> Encoder:
    """Return what makes WAL lines of a table's rows; ``position`` tells where a row stands."""
    return RowEncoder(job.target.columns, position)


def open_rejects(directory: Path, job: TableJob, among: Sequence[TableName]) -> Rejects:
    """Return what keeps the rows of a table that are set aside.

    Args:
        directory: the folder ``rejected`` of the run, made with the first row.
        job: the table.
        among: the tables of the run.
    """
    return RejectFile(directory, stem_of(job.table.name, among), job.table.name, job.line_names)


class Parts:
    """What one worker process uses, opened when first asked for.

    Args:
        job: the job.
        name: the worker's name.
        patience: how long servers that are away are waited for.
    """

    def __init__(self, job: Job, *, name: str, patience: Patience) -> None:
        self._job = job
        self._name = name
        self._patience = patience
        self._scratch = job.scratch / name
        self._scratch.mkdir(mode=0o700)
        self._targets: dict[tuple[int, bool], Target] = {}
        self._sources: dict[tuple[int, str], CassandraSource] = {}
        self._widths: defaultdict[int, SpanWidth] = defaultdict(SpanWidth)
        self._encoders: dict[int, Encoder] = {}
        self._orders: dict[int, Order] = {}
        self._keys: dict[int, MysqlKeys] = {}
        self._connected: dict[str, Target | TargetKeys] = {}

    def table(self, index: int) -> TableJob:
        """Return a table of the job."""
        return self._job.tables[index]

    def source(self, index: int) -> Source:
        """Return what reads whole rows."""
        return self._source(index, "rows")

    def source_keys(self, index: int, *, whole: bool) -> SourceKeys:
        """Return what reads primary keys; or, where not ``whole``, just enough to count them."""
        return self._source(index, "keys" if whole else "count")

    def encoder(self, index: int) -> Encoder:
        """Return what makes WAL lines of rows."""
        if index not in self._encoders:
            position = self._source(index, "rows").position
            self._encoders[index] = encoder_of(self.table(index), position)
        return self._encoders[index]

    def rejects(self, index: int) -> Rejects:
        """Return what keeps rows that are set aside; for one thread alone."""
        among = [job.table.name for job in self._job.tables]
        return open_rejects(self._job.rejected, self.table(index), among)

    def wal(self, index: int, token_range: TokenRange, checkpoint_seq: int) -> Wal:
        """Return a range's log, recovered (I6)."""
        return open_wal(
            self._job.wal_directory,
            self.table(index),
            token_range,
            self._job.settings.run,
            checkpoint_seq,
        )

    @cached_property
    def room(self) -> Room:
        """Return what lets reading wait for room in the WAL."""
        run, folder = self._job.settings.run, self._job.wal_directory
        return Room(folder, run.wal_bytes_max, self._patience, removes=run.removes_applied)

    def order(self, index: int) -> Order:
        """Return what compares a table's WAL lines as its target's key does."""
        if index not in self._orders:
            target = self.table(index).target
            self._orders[index] = LineOrder(target.columns, target.key)
        return self._orders[index]

    def blocks(self, index: int) -> Blocks:
        """Return what reads sorted lines out of a table's WAL; for one thread alone."""
        return BlockReader(self._job.wal_directory, self.table(index).table.name)

    def remove_applied(self, index: int, last: Batch) -> None:
        """Remove the segments of a batch's range that hold nothing after it (I4)."""
        remove_applied(
            self._job.wal_directory,
            self.table(index).table.name,
            last.range.number,
            checkpoint_seq=last.seq,
            closed=last.closing,
        )

    def target(self, index: int) -> Target:
        """Return what writes batches; for the applying thread alone."""
        return self._target(index, writing=True)

    def reader(self, index: int) -> Target:
        """Return what reads checkpoints; for the capturing thread alone."""
        return self._target(index, writing=False)

    def target_keys(self, index: int) -> TargetKeys:
        """Return what reads keys back from the target."""
        if index not in self._keys:
            job = self.table(index)
            columns = target_columns(job.target)
            self._keys[index] = MysqlKeys(
                self._job.settings.mysql,
                table=job.target.table,
                columns=columns,
                key=job.target.key,
                to_cell=lambda planned, value: cell(planned.column.type, planned.form, value),
                to_values=target_key_values(job.target.columns, job.target.key),
                patience=self._patience,
            )
        self._only("keys", self._keys[index])
        return self._keys[index]

    def _only(self, role: str, part: Target | TargetKeys) -> None:
        """Give back the connection of the table before: a run may have hundreds of tables."""
        before = self._connected.get(role)
        if before is not None and before is not part:
            before.close()
        self._connected[role] = part

    def close(self) -> None:
        """Give every connection back and remove the scratch directory."""
        for target in self._targets.values():
            target.close()
        for keys in self._keys.values():
            keys.close()
        if "_cassandra" in self.__dict__:
            self._cassandra.close()
        self.remove_scratch()

    def remove_scratch(self, *, orphaned: bool = False) -> None:
        """Remove what this process left in memory; the last of orphaned workers removes it all."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        if orphaned:
            with suppress(OSError):  # another orphan's part is still in it
                self._scratch.parent.rmdir()

    @cached_property
    def _cassandra(self) -> Connection:
        return self._patience.call(
            lambda: connect(
                self._job.settings.cassandra,
                raw=True,
                protocol_version=self._job.protocol_version,
            )
        )

    def _source(self, index: int, what: str) -> CassandraSource:
        if (index, what) not in self._sources:
            job = self.table(index)
            columns = {
                "rows": select_planned(job.target.columns),
                "keys": select_values(job.table.primary_key),
                "count": select_counted(job.table),
            }[what]
            self._sources[index, what] = CassandraSource(
                self._cassandra,
                job.table,
                columns,
                page_rows_max=min(
                    self._job.settings.cassandra.page_rows, self._job.settings.mysql.batch_rows_max
                ),
                patience=self._patience,
                timeout_s=self._job.settings.cassandra.request_timeout_s,
                # What was too wide for rows is not tried for counts: it was the nodes' work.
                width=self._widths[index],
                drift=Drift(self._cassandra.session, job.table, self._patience),
            )
        return self._sources[index, what]

    def _target(self, index: int, *, writing: bool) -> Target:
        if (index, writing) not in self._targets:
            scratch = self._scratch / f"{index}-{'apply' if writing else 'read'}"
            scratch.mkdir(mode=0o700)
            self._targets[index, writing] = open_target(
                self._job.settings.mysql,
                self.table(index),
                worker=self._name,
                wal_state="applied",
                scratch=scratch,
                rejects=self.rejects(index),
                tell=self._patience.tell,
            )
        self._only("apply" if writing else "read", self._targets[index, writing])
        return self._targets[index, writing]
