"""Decides what a run is: examines both sides, and finds the run to continue or lays out a new one.

Nothing is written here. A run is continued only with an equal fingerprint (I9): the same source,
columns, mapping, profile and target. Ranges, workers and pace are outside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cass_snapshot.errors import StateError, UsageError
from cass_snapshot.model import Checkpoint, RunRecord, RunState, Table, TokenRange
from cass_snapshot.planned import PlannedTarget, TableMapping
from cass_snapshot.protocols import SourceAdmin, TargetAdmin
from cass_snapshot.ring.split import prove_tiling, split_ring
from cass_snapshot.settings import Settings
from cass_snapshot.settings.tables import TableSettings
from cass_snapshot.snapshot.definition import define, difference, fingerprint
from cass_snapshot.snapshot.preflight.ordering import AS_READ, Ordering
from cass_snapshot.wiring import TableJob, source_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A table as it is, what it becomes, and the definition of that."""

    table: Table
    target: PlannedTarget
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTable:
    """One table of a run: the job, and its ranges as the ledger knows them.

    ``ordering`` may be another in each process of a run.
    """

    job: TableJob
    ranges: tuple[TokenRange, ...]
    checkpoints: tuple[Checkpoint, ...]
    registered: bool
    ordering: Ordering = AS_READ


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a run is going to do. ``continues`` tells that an earlier process began it.

    ``capture_only`` may be another in each process of a run.
    """

    run_id: str
    tables: tuple[PlannedTable, ...]
    continues: bool
    capture_only: bool = False


def examine(
    settings: Settings,
    wanted: Sequence[TableSettings],
    *,
    source: SourceAdmin,
    target: TargetAdmin,
    new: bool,
) -> list[Examined]:
    """Return each table as it is, and what it becomes.

    An unfinished run with another fingerprint is told before a target that no longer fits, because
    the one explains the other.

    Raises:
        PreflightError: a table cannot be read or copied, or its target is there and does not fit.
        StateError: an unfinished run has another fingerprint.
        UsageError: two tables share a target.
    """
    _refuse_shared_targets(wanted)
    tables = [source_table(source, item) for item in wanted]
    examined = [
        _examined(table, target, item.mapping(settings.run.profile))
        for table, item in zip(tables, wanted, strict=True)
    ]
    for found in examined:
        record = None if new else _unfinished(target, found)
        if record is not None:
            refuse_changed(record, found.definition)
        # What is known to be impossible is told by name, before Cassandra's own words for it.
        target.compare(found.target)
        source.prove(found.table, found.target.columns)
    return examined


def source_table(source: SourceAdmin, item: TableSettings) -> Table:
    """Return what of a table is wanted, as it is now.

    Raises:
        PreflightError: there is no such table, or Cassandra refuses the condition.
    """
    return source.table(
        item.name,
        where=item.where,
        allow_filtering=item.allow_filtering,
        partitions=item.partitions,
    )


def _examined(table: Table, target: TargetAdmin, mapping: TableMapping) -> Examined:
    planned = target.plan(table, mapping)
    return Examined(table=table, target=planned, definition=define(table, planned, mapping))


def lay_out(
    settings: Settings,
    examined: Sequence[Examined],
    *,
    target: TargetAdmin,
    new_run_id: str,
    new: bool,
) -> RunPlan:
    """Return the run to continue, or a new one.

    Raises:
        StateError: an unfinished run has another fingerprint.
        UsageError: the tables belong to different unfinished runs.
    """
    unfinished = [None if new else _unfinished(target, found) for found in examined]
    begun = _run_id(unfinished)
    # Tables of that run which are done stay done: they have nothing to copy, and are counted.
    known = {} if begun is None else {r.source: r for r in target.ledger.runs(begun)}
    tables = []
    for found in examined:
        record = known.get(source_name(found.table))
        if record is not None:
            tables.append(_continued(target, found, record))
        else:
            tables.append(_begun(found, begun or new_run_id, settings.run.ranges))
    return RunPlan(run_id=begun or new_run_id, tables=tuple(tables), continues=begun is not None)


def _refuse_shared_targets(wanted: Sequence[TableSettings]) -> None:
    seen: dict[str, str] = {}
    for item in wanted:
        target = item.target_table.casefold()
        if target in seen:
            raise UsageError(
                f"{seen[target]} and {item.source} have the same target",
                where=f"[[tables]] target = {item.target_table!r}",
                fix="give each table a target of its own",
            )
        seen[target] = item.source


def _unfinished(target: TargetAdmin, found: Examined) -> RunRecord | None:
    """Return the newest run of a table, if it did not end well."""
    if not target.ledger.exists():
        return None
    record = target.ledger.newest(source_name(found.table), found.target.name)
    return None if record is None or record.state is RunState.DONE else record


def _run_id(unfinished: Sequence[RunRecord | None]) -> str | None:
    found = {record.run_id for record in unfinished if record is not None}
    if len(found) > 1:
        raise UsageError(
            "these tables belong to different unfinished runs",
            why=", ".join(sorted(found)),
            fix="run them one by one, or begin afresh with --new",
        )
    return next(iter(found), None)


def _begun(found: Examined, run_id: str, ranges_wanted: int) -> PlannedTable:
    """Return a table that no process has begun to copy."""
    ranges = split_ring(ranges_wanted)
    prove_tiling(ranges)
    record = RunRecord(
        run_id=run_id,
        table=found.table.name,
        source=source_name(found.table),
        target=found.target.name,
        fingerprint=fingerprint(found.definition),
        definition=found.definition,
        state=RunState.RUNNING,
        epoch=1,
        target_created=not found.target.exists,
    )
    return PlannedTable(
        job=TableJob(table=found.table, target=found.target, record=record),
        ranges=ranges,
        checkpoints=tuple(Checkpoint(range=r) for r in ranges),
        registered=False,
    )


def refuse_changed(record: RunRecord, text: str) -> None:
    """Refuse to go on where the definition is no longer the run's (I9)."""
    if record.fingerprint != fingerprint(text):
        raise StateError(
            "this run belongs to another plan",
            where=f"run {record.run_id}, {record.table}; nothing was written",
            why=difference(record.definition, text),
            fix="undo the change, or start afresh with --new",
        )


def refuse_refilling(record: RunRecord) -> None:
    """Refuse a run whose checkpoints may speak of rows that the target does not have yet."""
    if record.state is RunState.REFILLING:
        raise StateError(
            f"the target {record.target} is being filled again, and is not whole",
            where=f"run {record.run_id}, {record.table}; nothing was written",
            why="it had lost its rows; replay-wal is bringing them back, or broke off at that, and"
            " the checkpoints speak of all of them",
            fix=f"cass-snapshot replay-wal --all {record.run_id}, to its end and without --ranges;"
            f" or cass-snapshot run --new {record.table}",
        )


def _continued(target: TargetAdmin, found: Examined, record: RunRecord) -> PlannedTable:
    """Return a table that an earlier process began to copy."""
    refuse_refilling(record)
    refuse_changed(record, found.definition)
    checkpoints = tuple(target.ledger.checkpoints(record))
    if not found.target.exists and any(c.batch_seq for c in checkpoints):
        raise StateError(
            f"the target {found.target.name} is gone",
            where=f"run {record.run_id}, {record.table}; nothing was written",
            why="its checkpoints say that rows are in it, and there is no such table",
            fix="start afresh with --new",
        )
    ranges = tuple(c.range for c in checkpoints)
    prove_tiling(ranges)
    return PlannedTable(
        job=TableJob(table=found.table, target=found.target, record=record),
        ranges=ranges,
        checkpoints=checkpoints,
        registered=True,
    )
