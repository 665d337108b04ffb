"""What remains of a run that is continued, cut anew where another number of ranges is wanted.

Called when the run is taken over and its tables are locked: nobody else moves a checkpoint or
writes the WAL, but for workers of a killed process that are about to end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from cass_snapshot.errors import LockedError, Transient
from cass_snapshot.model import Checkpoint
from cass_snapshot.protocols import Ledger
from cass_snapshot.retry import Patience
from cass_snapshot.ring.recut import Reached, recut
from cass_snapshot.ring.split import prove_tiling
from cass_snapshot.settings import Settings
from cass_snapshot.snapshot.plan import PlannedTable, RunPlan
from cass_snapshot.wal.log import RangeWal
from cass_snapshot.wal.reader import RangeReader, find_ranges
from cass_snapshot.wiring import open_wal


def cut_anew(
    settings: Settings, plan: RunPlan, ledger: Ledger, wal_directory: Path
) -> tuple[RunPlan, list[str]]:
    """Return the plan as it is from now on, and a line for each table that was cut anew.

    Raises:
        WalCorrupt: the WAL of a range is damaged.
        Fenced, StateError: somebody else changed the run meanwhile.
    """
    tables: list[PlannedTable] = []
    told: list[str] = []
    for table in plan.tables:
        change = recut(
            table.checkpoints if table.registered else (),
            settings.run.ranges,
            _reached(settings, table, wal_directory),
        )
        if not change.added:
            tables.append(table)
            continue
        ledger.recut(table.job.record, change)
        tables.append(_as_registered(table, ledger.checkpoints(table.job.record)))
        told.append(
            f"{table.job.table.name}: what remains was cut anew, {len(change.gone)} ranges that"
            f" were not begun and the rest of {len(change.narrowed)} others into"
            f" {len(change.added)}"
        )
    return replace(plan, tables=tuple(tables)), told


def _as_registered(table: PlannedTable, checkpoints: Sequence[Checkpoint]) -> PlannedTable:
    ranges = tuple(c.range for c in checkpoints)
    prove_tiling(ranges)
    return replace(table, ranges=ranges, checkpoints=tuple(checkpoints))


def _reached(
    settings: Settings, table: PlannedTable, wal_directory: Path
) -> Callable[[Checkpoint], Reached]:
    """Return what tells how far a range has come, by its WAL where this machine has it."""
    name = table.job.table.name
    here = {number for of, number in find_ranges(wal_directory) if of == name}
    patience = Patience(unavailable_s=settings.mysql.unavailable_timeout_s)

    def opened(checkpoint: Checkpoint) -> RangeWal:
        try:
            return open_wal(
                wal_directory,
                table.job,
                checkpoint.range,
                settings.run,
                checkpoint.batch_seq,
            )
        except LockedError as held:  # by a worker that has not yet seen its parent's death
            raise Transient(held.what, where=held.where, why=held.why, fix=held.fix) from held

    def reached(checkpoint: Checkpoint) -> Reached:
        position = checkpoint.position
        begun = checkpoint.batch_seq > 0
        if checkpoint.range.number in here:
            if RangeReader(wal_directory, name, checkpoint.range.number).closed:
                return Reached(begun=True, token=None)
            wal = patience.call(partial(opened, checkpoint))
            try:
                if wal.closed:
                    return Reached(begun=True, token=None)
                begun = wal.last_seq > 0
                position = wal.position or position
            finally:
                wal.close()
        return Reached(begun=begun, token=position.token if position else None)

    return reached
