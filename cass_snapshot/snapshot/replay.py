"""``replay-wal``: applies to the target what the WAL of a run holds and the target lacks.

Needs no source. A batch is written as in a run: one transaction with its checkpoint. Nothing of the
WAL is changed or removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cass_snapshot.errors import StateError
from cass_snapshot.exits import Exit
from cass_snapshot.model import Batch, Checkpoint, TableName
from cass_snapshot.retry import Patience
from cass_snapshot.settings import Settings
from cass_snapshot.snapshot.apply import apply
from cass_snapshot.snapshot.chosen import ChosenRun, chosen_run
from cass_snapshot.snapshot.reports import ReplayReport, TableReplay
from cass_snapshot.wal.reader import RangeReader, find_ranges
from cass_snapshot.wiring import TableJob, wal_identity


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
    with chosen_run(settings, run=run, table=table, prepare=not dry_run) as chosen:
        reports = tuple(
            _replay_table(
                _Replay(settings=settings, job=job, chosen=chosen),
                {c.range.number: c for c in chosen.admin.ledger.checkpoints(job.record)},
                dry_run=dry_run,
            )
            for job in chosen.jobs
        )
        ledger = chosen.admin.ledger
        read = sum(c.rows_read for job in chosen.jobs for c in ledger.checkpoints(job.record))
    rejected = sum(report.rejected for report in reports)
    code = _judged(settings, rejected, read) if not dry_run else Exit.OK
    return ReplayReport(run_id=chosen.run_id, tables=reports, exit_code=code)


def _judged(settings: Settings, rejected: int, read: int) -> Exit:
    """Return the exit code that a run with so many rejected rows ends with."""
    if not rejected:
        return Exit.OK
    return Exit.LIMIT if settings.limits.exceeded(rejected, read) else Exit.PARTIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replay:
    """What the replay of one table works with."""

    settings: Settings
    job: TableJob
    chosen: ChosenRun

    @property
    def wal(self) -> Path:
        return self.chosen.folder / "wal"

    @property
    def table(self) -> TableName:
        return self.job.table.name


def _replay_table(
    what: _Replay, checkpoints: dict[int, Checkpoint], *, dry_run: bool
) -> TableReplay:
    found = applied = rows = refused = 0
    numbers = [number for name, number in find_ranges(what.wal) if name == what.table]
    target = what.chosen.open_target(what.settings.mysql, what.job)
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
                refused += batch.lines.tally.refused
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
        rejected=refused
        + sum(t.rejected for t in what.chosen.admin.ledger.tallies(what.job.record)),
    )


def _lacking(reader: RangeReader, checkpoint: Checkpoint) -> Iterator[Batch]:
    return reader.replay(checkpoint.batch_seq)


def _check(what: _Replay, reader: RangeReader, checkpoint: Checkpoint | None) -> Checkpoint:
    """Refuse a WAL that is not of this run, schema, source and target."""
    says = reader.identity
    if checkpoint is not None:
        wanted = wal_identity(what.job, checkpoint.range, says.compression)
        # A range that was cut anew ended later when its older segments were written.
        if (
            replace(says, epoch=wanted.epoch, range=wanted.range) == wanted
            and (says.range.number, says.range.start) == (wanted.range.number, wanted.range.start)
            and says.range.end >= wanted.range.end
        ):
            return checkpoint
    raise StateError(
        "a segment of the WAL does not belong to this run",
        where=f"{what.wal}, {what.table}, range {says.range.number}; nothing of it was applied",
        why=f"it says run {says.run_id}, source {says.source}, target {says.target},"
        f" range ({says.range.start}, {says.range.end}]",
        fix="put the WAL of this run back, or name the run that it belongs to",
    )
