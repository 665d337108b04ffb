"""A plan becomes this process's own: it is registered, or taken over from who held it before."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from cass_snapshot.protocols import Ledger, TargetAdmin
from cass_snapshot.retry import Patience
from cass_snapshot.snapshot.holder import has_ended, own_name
from cass_snapshot.snapshot.plan import PlannedTable, RunPlan


def register(plan: RunPlan, target: TargetAdmin, unavailable_s: float) -> RunPlan:
    """Register what is new, take over what is not, and create targets that will be written.

    A run whose holder was a process of this machine that has ended is taken over at once; who held
    it elsewhere is waited for by nobody: its lease ends soon, and the same command is tried again.

    Raises:
        LockedError: another process copies one of the tables into the same target.
    """
    target.prepare()
    ledger = target.ledger
    begun = [t for t in plan.tables if not t.registered]
    dead = frozenset().union(*(_dead_holders(ledger, t).values() for t in begun))
    patience = Patience(unavailable_s=unavailable_s)
    patience.call(
        partial(
            ledger.register,
            [(t.job.record, t.ranges) for t in begun],
            holder=own_name(),
            dead=dead,
        )
    )
    tables = []
    for planned in plan.tables:
        table = _taken_over(planned, ledger, patience) if planned.registered else planned
        if not table.job.target.exists and not plan.capture_only:
            target.create(table.job.target)
        tables.append(table)
    return replace(plan, tables=tuple(tables))


def _taken_over(table: PlannedTable, ledger: Ledger, patience: Patience) -> PlannedTable:
    record = table.job.record
    dead = _dead_holders(ledger, table).get(record.run_id, "")
    # A batch of the process before may hold its shared lock for a moment yet.
    epoch = patience.call(partial(ledger.take_over, record, holder=own_name(), dead=dead))
    job = replace(table.job, record=replace(record, epoch=epoch))
    # What that process had in hand when its checkpoints were read is in by now, or never.
    return replace(table, job=job, checkpoints=tuple(ledger.checkpoints(job.record)))


def _dead_holders(ledger: Ledger, table: PlannedTable) -> dict[str, str]:
    """Return who held runs of a table, by their ids, and is known to have ended."""
    record = table.job.record
    return {
        hold.run_id: hold.holder
        for hold in ledger.holds(record.source, record.target)
        if has_ended(hold.holder)
    }
