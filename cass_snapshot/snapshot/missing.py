"""``find-missing``: the keys that the source has and the target lacks, streaming by range."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from cass_snapshot.codec.keys import key_values
from cass_snapshot.errors import PreflightError, SnapshotError
from cass_snapshot.exits import Exit
from cass_snapshot.model import RunRecord, RunState, Table, TokenRange
from cass_snapshot.planned import PlannedTarget
from cass_snapshot.protocols import SourceAdmin, TargetAdmin
from cass_snapshot.ring.split import split_ring
from cass_snapshot.settings import Settings
from cass_snapshot.settings.tables import TableSettings
from cass_snapshot.snapshot.messages import Ended, FindMissing, FromWorker, MissingFound, Waiting
from cass_snapshot.snapshot.plan import source_table
from cass_snapshot.snapshot.reports import MissingKey, MissingReport, TableMissing
from cass_snapshot.snapshot.signals import StopRequest
from cass_snapshot.snapshot.supervisor import Pool, WorkerDeath
from cass_snapshot.snapshot.watch import UnexpectedError
from cass_snapshot.wiring import Job, TableJob, source_name
from cass_snapshot.wiring.admins import open_source_admin, open_target_admin

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Found:
    """What the comparison of one table came to so far."""

    seen: int = 0
    missing: int = 0
    ranges_with_missing: int = 0


@dataclass(slots=True)
class _Search:
    """Hands out ranges and gathers what is missing."""

    jobs: tuple[TableJob, ...]
    ranges: tuple[TokenRange, ...]
    on_missing: Callable[[MissingKey], None]
    found: list[_Found] = field(default_factory=list)
    halted: SnapshotError | UnexpectedError | None = None
    pool: Pool | None = None
    tasks: dict[int, FindMissing] = field(default_factory=dict)
    said: Counter[int] = field(default_factory=Counter)
    """How many keys of each task were reported."""
    repeats: Counter[int] = field(default_factory=Counter)
    """How many keys a task that is done again will report once more."""

    def __post_init__(self) -> None:
        self.found = [_Found() for _ in self.jobs]
        for table in range(len(self.jobs)):
            for token_range in self.ranges:
                task = FindMissing(id=len(self.tasks), table=table, range=token_range)
                self.tasks[task.id] = task

    def hear(self, message: FromWorker | WorkerDeath) -> None:
        """Take what a worker found, or the reason why it could not look."""
        if isinstance(message, MissingFound):
            self._report(self.tasks[message.task], message)
        elif isinstance(message, WorkerDeath):
            for task in message.tasks:
                self.repeats[task.id] = self.said[task.id]
        elif isinstance(message, Waiting) and message.pause_s is not None:
            log.warning("waiting: %s", message.error)
        elif isinstance(message, Ended):
            self._ended(self.tasks[message.task], message)

    def _report(self, task: FindMissing, message: MissingFound) -> None:
        known = min(self.repeats[task.id], len(message.keys))
        self.repeats[task.id] -= known
        keys = message.keys[known:]
        self.said[task.id] += len(keys)
        job = self.jobs[task.table]
        names = [c.name for c in job.table.primary_key]
        rows = key_values(job.target.columns)([cells for _, cells in keys])
        for (token, cells), values in zip(keys, rows, strict=True):
            shown = values or [f"0x{cell.hex()}" for cell in cells if cell is not None]
            self.on_missing(
                MissingKey(
                    table=str(job.table.name),
                    range=task.range.number,
                    token=token,
                    key=tuple(zip(names, map(str, shown), strict=True)),
                )
            )

    def _ended(self, task: FindMissing, ended: Ended) -> None:
        if ended.bug is not None or ended.error is not None:
            self.halted = self.halted or ended.error or UnexpectedError(ended.bug or "")
            if self.pool is not None:
                self.pool.stop()
        elif ended.result:
            seen, missing = ended.result
            found = self.found[task.table]
            found.seen += seen
            found.missing += missing
            found.ranges_with_missing += missing > 0


def find_missing(
    settings: Settings,
    *,
    tables: Sequence[TableSettings],
    on_missing: Callable[[MissingKey], None],
    copy_command: str = "cass-snapshot run",
) -> MissingReport:
    """Compare the keys of both sides and return how many the target lacks.

    Args:
        settings: both sides, and the number of ranges and workers.
        tables: what to compare.
        on_missing: called with each key that the target lacks, as it is found.
        copy_command: what an operator types to copy what is not there yet.

    Raises:
        SnapshotError: a side cannot be read; what was found until then was reported.
    """
    with ExitStack() as stack:
        source, target = _open_sides(settings, stack)
        local = settings.cassandra.model_copy(update={"local_datacenter": source.datacenter})
        scratch = Path(tempfile.mkdtemp(prefix="cass-snapshot-"))
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        jobs = [_job(source, target, item, settings.run.profile, copy_command) for item in tables]
        job = Job(
            settings=settings.model_copy(update={"cassandra": local}),
            tables=tuple(jobs),
            wal_directory=scratch,
            rejected=scratch,
            scratch=scratch,
            protocol_version=source.protocol_version,
        )
        search = _Search(job.tables, split_ring(settings.run.ranges), on_missing)
        stopped = _search(job, search, settings.run.workers)
    missing = any(f.missing for f in search.found)
    return MissingReport(
        tables=tuple(_row(search, index) for index in range(len(job.tables))),
        exit_code=stopped or (Exit.DIFFERS if missing else Exit.OK),
    )


def _open_sides(settings: Settings, stack: ExitStack) -> tuple[SourceAdmin, TargetAdmin]:
    """Open both sides, to be closed with the stack."""
    source = open_source_admin(settings.cassandra)
    stack.callback(source.close)
    target = open_target_admin(settings.mysql)
    stack.callback(target.close)
    return source, target


def _search(job: Job, search: _Search, workers: int) -> int:
    """Do the search; return the exit code of the signal that ended it, 0 for none."""
    pool: Pool | None = None
    with StopRequest(lambda: pool.kill() if pool else None) as stop:

        def tick() -> None:
            if stop.requested and pool is not None:
                pool.stop()

        pool = search.pool = Pool(job, size=workers, tick=tick)
        try:
            pool.run(search.tasks.values(), search.hear)
        except BaseException:
            pool.kill()
            raise
        finally:
            pool.close()
        if search.halted is not None and not stop.requested:
            raise search.halted
        return stop.exit_code if stop.requested else 0


def _job(
    source: SourceAdmin, target: TargetAdmin, item: TableSettings, profile: str, copy_command: str
) -> TableJob:
    table = source_table(source, item)
    planned = target.plan(table, item.mapping(profile))
    if not planned.exists:
        raise PreflightError(
            f"the target {planned.name} does not exist",
            where=f"{item.source}, {target.heading}",
            why="no row has arrived in it",
            fix=copy_command,
        )
    target.compare(planned)
    return TableJob(table=table, target=planned, record=_no_run(table, planned))


def _no_run(table: Table, planned: PlannedTarget) -> RunRecord:
    """Return a record for reading alone; no run is behind it."""
    return RunRecord(
        run_id="",
        table=table.name,
        source=source_name(table),
        target=planned.name,
        fingerprint="",
        definition="",
        state=RunState.RUNNING,
        epoch=0,
    )


def _row(search: _Search, index: int) -> TableMissing:
    found = search.found[index]
    return TableMissing(
        table=str(search.jobs[index].table.name),
        source_rows_seen=found.seen,
        missing=found.missing,
        ranges_total=len(search.ranges),
        ranges_with_missing=found.ranges_with_missing,
    )
