"""``replay-wal``: applies to the target what the WAL of a run holds and the target lacks.

Needs no source. A batch is written as in a run: one transaction with its checkpoint. Nothing of the
WAL is changed or removed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from cass_snapshot.errors import PreflightError, StateError
from cass_snapshot.exits import Exit
from cass_snapshot.model import Batch, Checkpoint, RunRecord, TableName
from cass_snapshot.protocols import TargetAdmin
from cass_snapshot.retry import Patience
from cass_snapshot.settings import Settings
from cass_snapshot.snapshot.apply import apply
from cass_snapshot.snapshot.definition import mapping_of, restore
from cass_snapshot.snapshot.reports import ReplayReport, TableReplay
from cass_snapshot.snapshot.rundir import choose, run_id_of, table_lock
from cass_snapshot.wal.reader import RangeReader, find_ranges
from cass_snapshot.wiring import (
    TableJob,
    open_rejects,
    open_target,
    open_target_admin,
    target_name,
    wal_identity,
)


def replay(
    settings: Settings, *, run: str | None, table: str | None, dry_run: bool
) -> ReplayReport:
    """Apply what is not in the target yet, and return what that came to.

    Args:
        settings: where the target is, and the folder of the runs.
        run: a run id, its last part or its folder; None where there is one run only.
        table: replay this source table alone, as keyspace.table.
        dry_run: count, and write nothing.

    Raises:
        StateError: the WAL is of another run, schema or target, or does not fit the checkpoint.
    """
    folder = choose(settings.run.directory, run)
    run_id = run_id_of(folder)
    with ExitStack() as stack:
        admin = open_target_admin(settings.mysql)
        stack.callback(admin.close)
        jobs = _checked_jobs(settings, admin, run_id, table)
        for job in sorted(jobs, key=lambda j: j.table.name):
            stack.enter_context(table_lock(settings.run.directory, job.table.name))
        for job in jobs:
            _refuse_overtaken(job, admin.ledger.newest(job.record.source, job.record.target))
        if not dry_run:
            admin.prepare()  # the control tables of an earlier version lack columns
        among = tuple(r.table for r in admin.ledger.runs(run_id))
        scratch = Path(tempfile.mkdtemp(prefix=".replay-", dir=folder))
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        at = partial(_Replay, settings=settings, wal=folder / "wal", scratch=scratch, among=among)
        reports = tuple(
            _replay_table(
                at(job=job),
                {c.range.number: c for c in admin.ledger.checkpoints(job.record)},
                dry_run=dry_run,
            )
            for job in jobs
        )
    return ReplayReport(run_id=run_id, tables=reports, exit_code=Exit.OK)


def _checked_jobs(
    settings: Settings, admin: TargetAdmin, run_id: str, table: str | None
) -> list[TableJob]:
    """Return the tables of a run whose targets are the ones that it wrote."""
    jobs = _jobs(admin, run_id, table)
    for job in jobs:
        _refuse_elsewhere(settings, job)
        _refuse_gone(admin, job)
    return jobs


def _jobs(admin: TargetAdmin, run_id: str, table: str | None) -> list[TableJob]:
    """Return the tables of a run, as the target's own ledger knows them."""
    records = admin.ledger.runs(run_id) if admin.ledger.exists() else []
    jobs = [restore(r) for r in records if table in (None, str(r.table))]
    if not jobs:
        raise PreflightError(
            f"the target knows no run {run_id}" + (f" of {table}" if table else ""),
            where=f"snapshot_runs, {admin.heading}; nothing was written",
            fix="check [mysql] host, database and control_database, or --to",
        )
    return jobs


def _refuse_elsewhere(settings: Settings, job: TableJob) -> None:
    """Refuse a target that is not the one whose checkpoints would move."""
    here = target_name(settings.mysql, job.target.table)
    if here != job.record.target:
        raise StateError(
            "the run went into another target",
            where=f"[mysql] database, or --to; run {job.record.run_id}; nothing was written",
            why=f"its target is {job.record.target}, and this would write {here}",
            fix="name the database that the run copied into",
        )


def _refuse_gone(admin: TargetAdmin, job: TableJob) -> None:
    """Refuse a target that was removed: the checkpoints speak of rows that went with it."""
    if not admin.plan(job.table, mapping_of(job.record)).exists:
        raise StateError(
            f"the target {job.record.target} is gone",
            where=f"run {job.record.run_id}, {job.table.name}; nothing was written",
            why="its checkpoints say that rows are in it, and there is no such table",
            fix=f"cass-snapshot run --new {job.table.name}",
        )


def _refuse_overtaken(job: TableJob, newest: RunRecord | None) -> None:
    """Refuse a run after which a newer one copied the same table: its rows are older."""
    if newest is not None and newest.run_id != job.record.run_id:
        raise StateError(
            "a newer run has copied this table since",
            where=f"run {job.record.run_id}, {job.table.name}; nothing was written",
            why=f"run {newest.run_id} read Cassandra later; this WAL would put older rows back",
            fix=f"cass-snapshot replay-wal {newest.run_id}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replay:
    """What the replay of one table works with."""

    settings: Settings
    job: TableJob
    wal: Path
    scratch: Path
    among: tuple[TableName, ...]

    @property
    def table(self) -> TableName:
        return self.job.table.name


def _replay_table(
    what: _Replay, checkpoints: dict[int, Checkpoint], *, dry_run: bool
) -> TableReplay:
    found = applied = rows = 0
    numbers = [number for name, number in find_ranges(what.wal) if name == what.table]
    target = open_target(
        what.settings.mysql,
        what.job,
        worker="replay",
        wal_state="replayed",
        scratch=what.scratch,
        rejects=open_rejects(what.wal.parent / "rejected", what.job, what.among),
    )
    patience = Patience(unavailable_s=what.settings.mysql.unavailable_timeout_s)
    try:
        for number in numbers:
            reader = RangeReader(what.wal, what.table, number)
            if not reader.begun:  # a crash between a segment's creation and its first batch
                continue
            checkpoint = _check(what, reader, checkpoints.get(number))
            found += reader.last_seq - reader.first_seq + 1
            for batch in _lacking(reader, checkpoint) if dry_run else ():
                applied, rows = applied + 1, rows + batch.lines.rows
            if dry_run:
                continue
            for batch, written in apply(_lacking(reader, checkpoint), target, patience):
                if written.fresh:
                    applied += 1
                    rows += batch.lines.rows - written.rejected
    finally:
        target.close()
    return TableReplay(
        table=str(what.table),
        batches_found=found,
        batches_applied=applied,
        rows_applied=rows,
        ranges=len(numbers),
    )


def _lacking(reader: RangeReader, checkpoint: Checkpoint) -> Iterator[Batch]:
    return reader.replay(checkpoint.batch_seq)


def _check(what: _Replay, reader: RangeReader, checkpoint: Checkpoint | None) -> Checkpoint:
    """Refuse a WAL that is not of this run, schema, source and target."""
    says = reader.identity
    if checkpoint is not None:
        wanted = wal_identity(what.job, checkpoint.range, says.compression)
        if replace(says, epoch=wanted.epoch) == wanted:
            return checkpoint
    raise StateError(
        "a segment of the WAL does not belong to this run",
        where=f"{what.wal}, {what.table}, range {says.range.number}; nothing of it was applied",
        why=f"it says run {says.run_id}, source {says.source}, target {says.target},"
        f" range ({says.range.start}, {says.range.end}]",
        fix="put the WAL of this run back, or name the run that it belongs to",
    )
