"""The run that ``replay-wal`` is asked for: found, proven to be the newest, and held."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cass_snapshot.errors import LockedError, PreflightError, StateError
from cass_snapshot.model import RunRecord, RunState, TokenRange
from cass_snapshot.protocols import Ledger, Target, TargetAdmin
from cass_snapshot.settings import MysqlSettings, Settings
from cass_snapshot.snapshot.definition import define, mapping_of, restore
from cass_snapshot.snapshot.holder import has_ended, own_name
from cass_snapshot.snapshot.plan import refuse_changed, refuse_refilling
from cass_snapshot.snapshot.restoring import moved, recorded, refuse_unrecorded
from cass_snapshot.snapshot.rundir import choose, run_id_of, table_lock
from cass_snapshot.wiring import (
    TableJob,
    open_rejects,
    open_target,
    target_name,
)
from cass_snapshot.wiring.admins import open_target_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenRun:
    """A run whose rows are going to be written again.

    ``jobs`` are the tables that were asked for, as the target's own ledger knows them; those whose
    source is among ``unknown`` it does not know yet.
    """

    run_id: str
    folder: Path
    admin: TargetAdmin
    jobs: tuple[TableJob, ...]
    scratch: Path
    unknown: frozenset[str] = frozenset()

    def mark(self, job: TableJob, *, claimed: bool) -> TableJob:
        """Note that a target is filled again, before it is touched; return the job as it is noted.

        A target that is gone or empty does not show any more, once it has a row, that others are
        lacking: without this note whoever comes after a kill would trust the checkpoints.

        Args:
            job: a table that is written again.
            claimed: its checkpoints say that the target has rows.
        """
        lost = claimed and not (job.target.exists and self.admin.holds_rows(job.target))
        if lost or job.record.state is RunState.REFILLING:
            return replace(job, record=self.admin.ledger.refill(job.record))
        return job

    def begin(self, ranges: Mapping[str, Sequence[TokenRange]]) -> None:
        """Register what the target's ledger does not know, and create the targets that are missing.

        Args:
            ranges: of each source that is unknown; they tile the ring (I7).
        """
        if self.unknown:
            self.admin.prepare()
            records = [(j.record, ranges[j.record.source]) for j in self.jobs if self.is_new(j)]
            self.admin.ledger.register(records, holder=own_name())
        for job in self.jobs:
            if not job.target.exists:
                self.admin.create(job.target)

    def is_new(self, job: TableJob) -> bool:
        """Tell whether the target's ledger knows nothing of a table of the run."""
        return job.record.source in self.unknown

    def open_target(self, settings: MysqlSettings, job: TableJob) -> Target:
        """Return what writes rows of a table."""
        among = [record.table for record in self.admin.ledger.runs(self.run_id)]
        return open_target(
            settings,
            job,
            worker="replay",
            wal_state="replayed",
            scratch=self.scratch,
            rejects=open_rejects(self.folder / "rejected", job, among),
        )


@contextmanager
def chosen_run(
    settings: Settings,
    *,
    run: str | None,
    table: str | None,
    prepare: bool = True,
    whole: bool = False,
    again: bool = False,
) -> Iterator[ChosenRun]:
    """Hold the tables of a run, so that no other process copies them meanwhile.

    Args:
        settings: where the target is, and the folder of the runs.
        run: a run id, its last part or its folder; None where there is one run only.
        table: this source table alone, as keyspace.table.
        prepare: bring control tables of an earlier version up to date, which lack something.
        whole: all of the WAL is applied; the target may be missing, or empty and not know the run.
        again: what the target has is written again, so that it may be one that is not whole yet.

    Raises:
        PreflightError: there is no such run here, or the target does not know it.
        StateError: its target, or its folder, is not as the run left it.
        LockedError: another process is at one of the tables.
    """
    folder = choose(settings.run.directory, run)
    run_id = run_id_of(folder)
    with ExitStack() as stack:
        admin = open_target_admin(settings.mysql)
        stack.callback(admin.close)
        jobs = _known_jobs(admin, settings, run_id, table, whole=whole, again=again or whole)
        new = _new_jobs(admin, folder, jobs, table) if whole else []
        found, unknown = (*jobs, *new), frozenset(job.record.source for job in new)
        _refuse_none(found, admin, run_id, table, whole=whole)
        for name in sorted(job.table.name for job in found):
            stack.enter_context(table_lock(settings.run.directory, name))
        _refuse_others(admin, jobs, new, prepare=prepare)
        scratch = _scratch(folder, stack)
        yield ChosenRun(
            run_id=run_id, folder=folder, admin=admin, jobs=found, scratch=scratch, unknown=unknown
        )


def _scratch(folder: Path, stack: ExitStack) -> Path:
    """Return a private directory in a run's folder, removed afterwards."""
    scratch = Path(tempfile.mkdtemp(prefix=".replay-", dir=folder))
    stack.callback(shutil.rmtree, scratch, ignore_errors=True)
    return scratch


def _known_jobs(
    admin: TargetAdmin,
    settings: Settings,
    run_id: str,
    table: str | None,
    *,
    whole: bool,
    again: bool,
) -> list[TableJob]:
    """Return the tables of a run, as the target's own ledger knows them."""
    records = admin.ledger.runs(run_id) if admin.ledger.exists() else []
    jobs = [restore(r) for r in records if table in (None, str(r.table))]
    for job in jobs:
        _refuse_elsewhere(settings, job)
        if not again:
            refuse_refilling(job.record)
    return [_as_it_is(admin, job, whole=whole) for job in jobs]


def _new_jobs(
    admin: TargetAdmin, folder: Path, known: Sequence[TableJob], table: str | None
) -> list[TableJob]:
    """Return the tables of a run of which the target knows nothing, as the run's folder has them.

    Where another target's ledger is this one's too, they are known there under this run.
    """
    there = {job.record.source for job in known}
    here = recorded(folder)
    refuse_unrecorded(folder, {r.table for r in (*here, *(j.record for j in known))}, table)
    return [
        moved(admin, record)
        for record in here
        if record.source not in there and table in (None, str(record.table))
    ]


def _refuse_none(
    jobs: Sequence[TableJob], admin: TargetAdmin, run_id: str, table: str | None, *, whole: bool
) -> None:
    """Refuse a run of which nothing is known here."""
    if jobs:
        return
    more = "" if whole else "; or --all, which fills an empty target with all that the WAL holds"
    raise PreflightError(
        f"the target knows no run {run_id}" + (f" of {table}" if table else ""),
        where=f"snapshot_runs, {admin.heading}; nothing was written",
        fix=f"check [mysql] host, database and control_database, or --to{more}",
    )


def _refuse_others(
    admin: TargetAdmin, jobs: Sequence[TableJob], new: Sequence[TableJob], *, prepare: bool
) -> None:
    """Refuse tables that a newer run copied, or that a process is at."""
    if not admin.ledger.exists():
        return
    for job in (*jobs, *new):
        _refuse_overtaken(job, admin.ledger.newest(job.record.source, job.record.target))
    if prepare:
        admin.prepare()
        for job in (*jobs, *new):
            _refuse_held(job, admin.ledger)


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


def _as_it_is(admin: TargetAdmin, job: TableJob, *, whole: bool) -> TableJob:
    """Return the job for the target as it is now: what hangs on it may have come since.

    Raises:
        PreflightError: it is missing, and cannot be created.
        StateError: it was removed; the checkpoints speak of rows that went with it.
    """
    mapping = mapping_of(job.record)
    there = admin.plan(job.table, mapping)
    if not there.exists:
        if not whole and any(c.batch_seq for c in admin.ledger.checkpoints(job.record)):
            raise StateError(
                f"the target {job.record.target} is gone",
                where=f"run {job.record.run_id}, {job.table.name}; nothing was written",
                why="its checkpoints say that rows are in it, and there is no such table",
                fix=f"cass-snapshot replay-wal --all {job.record.run_id} fills it again from the"
                f" WAL; or cass-snapshot run --new {job.table.name}",
            )
        admin.compare(there)
        refuse_changed(job.record, define(job.table, there, mapping))
        return replace(job, target=there)
    return replace(job, target=replace(job.target, owned=there.owned, shared=there.shared))


def _refuse_held(job: TableJob, ledger: Ledger) -> None:
    """Refuse a table that a process is copying, of this machine or another one."""
    for hold in ledger.holds(job.record.source, job.record.target):
        if not has_ended(hold.holder):
            who = hold.holder.partition(" on ")[0]
            raise LockedError(
                "another process copies this table",
                where=f"{job.table.name}, run {hold.run_id}; nothing was written",
                why=f"{who} holds it, and has {hold.left_s:.0f} s to say so again",
                fix="wait until it has ended; if it is dead, these seconds",
            )


def _refuse_overtaken(job: TableJob, newest: RunRecord | None) -> None:
    """Refuse a run after which a newer one copied the same table: its rows are older.

    And what is known of it from before this process held the table, if that is no longer so.
    """
    if newest is None:
        return
    if newest.run_id == job.record.run_id and newest.epoch != job.record.epoch:
        raise LockedError(
            "another process was at this table at this moment",
            where=f"{job.table.name}, run {newest.run_id}; nothing was written",
            why=f"the run has epoch {newest.epoch} by now, and had {job.record.epoch}",
            fix="see whether it has ended, then the same command again",
        )
    if newest.run_id != job.record.run_id:
        raise StateError(
            "a newer run has copied this table since",
            where=f"run {job.record.run_id}, {job.table.name}; nothing was written",
            why=f"run {newest.run_id} read Cassandra later; this WAL would put older rows back",
            fix=f"cass-snapshot replay-wal {newest.run_id}",
        )
