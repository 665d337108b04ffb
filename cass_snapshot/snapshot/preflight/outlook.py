"""Looks at what a run would do: both servers, each table, a sample of its rows. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from cass_snapshot.errors import PreflightError, SnapshotError
from cass_snapshot.model import RangeState, Table
from cass_snapshot.planned import (
    Finding,
    Level,
    PlannedTarget,
    Reading,
    Sample,
    TableMapping,
    Way,
)
from cass_snapshot.protocols import SourceAdmin, TargetAdmin
from cass_snapshot.rejection import Problem
from cass_snapshot.settings import Settings, redacted
from cass_snapshot.settings.tables import TableSettings
from cass_snapshot.snapshot.definition import define
from cass_snapshot.snapshot.plan import Examined, RunPlan, lay_out
from cass_snapshot.snapshot.preflight.earlier import Earlier
from cass_snapshot.snapshot.preflight.estimate import estimate
from cass_snapshot.snapshot.preflight.findings import failure, found_by
from cass_snapshot.snapshot.preflight.gauge import existing, facts_of, measured
from cass_snapshot.snapshot.preflight.ordering import Ordering, decide
from cass_snapshot.snapshot.preflight.preview import (
    ColumnPreview,
    Estimate,
    Preview,
    Sampled,
    TablePreview,
)
from cass_snapshot.wal.files import free_bytes
from cass_snapshot.wiring.admins import open_source_admin, open_target_admin

SAMPLE_ROWS = 2000
"""Enough for a mean; one page of an ordinary table, read from a few places of the ring."""


def preview_tables(settings: Settings, *, new: bool = False) -> Preview:
    """Return what a run of the tables of the settings would do.

    Args:
        settings: both sides, and the tables.
        new: begin afresh also where an unfinished run could be continued.

    Raises:
        PreflightError: there is no such table.
        Unavailable: a server does not answer.
    """
    with ExitStack() as stack:
        source = open_source_admin(settings.cassandra)
        stack.callback(source.close)
        target = open_target_admin(settings.mysql)
        stack.callback(target.close)
        return preview(settings, source, target, new=new)


def preview(
    settings: Settings, source: SourceAdmin, target: TargetAdmin, *, new: bool = False
) -> Preview:
    """Return the same of two sides that are open."""
    earlier = Earlier.find(settings.run.directory, [item.source for item in settings.tables])
    tables = [find_table(source, item) for item in settings.tables]
    looked = [
        look(settings, item, table, source, target)
        for item, table in zip(settings.tables, tables, strict=True)
    ]
    findings = found_by(tables, source, target)
    plan = None
    try:
        plan = lay_out(
            settings, [_examined(one) for one in looked], target=target, new_run_id="", new=new
        )
    except SnapshotError as error:
        findings.append(failure(error))
    begun = plan if plan is not None and plan.continues else None
    return Preview(
        source=source.heading,
        target=target.heading,
        workers=settings.run.workers,
        continues=begun.run_id if begun is not None else None,
        ranges_done=_done(begun) if begun is not None else 0,
        rejected_max=settings.limits.rejected_max,
        run_directory=str(settings.run.directory),
        free_bytes=free_bytes(existing(settings.run.directory)),
        tables=tuple(preview_of(settings, found, earlier) for found in looked),
        findings=tuple(findings),
        last_run=earlier.run_id,
        changes=earlier.changes(redacted(settings)),
    )


def _examined(looked: Looked) -> Examined:
    definition = define(looked.table, looked.planned, looked.mapping)
    return Examined(table=looked.table, target=looked.planned, definition=definition)


def _done(plan: RunPlan) -> int:
    """Return how many ranges of a plan are applied."""
    return sum(c.state is RangeState.DONE for table in plan.tables for c in table.checkpoints)


def _over_budget(settings: Settings, sampled: Sampled) -> bool:
    """Tell whether a run that is like the sample would end for what it sets aside."""
    return settings.limits.exceeded(sampled.refused, sampled.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A table as it is and what it becomes; ``failures`` say why no row of it could be read."""

    item: TableSettings
    table: Table
    planned: PlannedTarget
    mapping: TableMapping
    way: Way
    sample: Sample | None
    buffer_pool_bytes: int | None = None
    failures: tuple[Finding, ...] = ()


def look(
    settings: Settings,
    item: TableSettings,
    table: Table,
    source: SourceAdmin,
    target: TargetAdmin,
) -> Looked:
    """Look at what one table becomes, and read a sample of it."""
    mapping = item.mapping(settings.run.profile)
    planned = target.plan(table, mapping)
    sample: Sample | None = None
    failures: tuple[Finding, ...] = ()
    try:
        sample = source.sample(table, planned.columns, rows_max=SAMPLE_ROWS)
    except SnapshotError as error:
        failures = (failure(error),)
    return Looked(
        item=item,
        table=table,
        planned=planned,
        mapping=mapping,
        way=target.way(planned),
        sample=sample,
        buffer_pool_bytes=target.buffer_pool_bytes,
        failures=failures,
    )


def preview_of(settings: Settings, looked: Looked, earlier: Earlier) -> TablePreview:
    """Return what becomes of one table."""
    planned, sample = looked.planned, looked.sample
    sampled = problems = None
    if sample is not None:
        sampled, problems = measured(sample, planned)
    rate = earlier.rate(looked.item.source)
    rows = sample.rows_estimated if sample is not None else None
    size = estimate(sampled, rows, settings.mysql.batch_rows_max, rate)
    ordering, narrow = _ordering(settings, looked, size)
    return TablePreview(
        source=str(looked.table.name),
        target=planned.name,
        exists=planned.exists,
        profile=planned.profile,
        conflict=planned.conflict,
        statement=looked.way.name,
        statement_why=looked.way.why,
        key=planned.key,
        key_why=_key_why(planned, looked.mapping),
        ranges=settings.run.ranges,
        where=looked.table.where,
        partitions=looked.table.partitions,
        columns=_columns(planned, problems or {}),
        skipped=planned.skipped,
        ddl="" if planned.exists else planned.ddl,
        sampled=sampled,
        estimate=size,
        ordering=ordering,
        rate=rate,
        over_budget=sampled is not None and _over_budget(settings, sampled),
        findings=(
            *looked.failures,
            *planned.findings,
            *narrow,
            *_refusals(sampled, problems or {}),
        ),
    )


def _ordering(
    settings: Settings, looked: Looked, size: Estimate
) -> tuple[Ordering | None, tuple[Finding, ...]]:
    """Return how rows are applied, and what is to be said of that."""
    facts = facts_of(
        settings, size.wal_bytes_estimate, looked.buffer_pool_bytes, settings.run.directory
    )
    try:
        ordering = decide(settings.run, facts)
    except PreflightError as error:
        return None, (failure(error),)
    return ordering, ordering.findings


def find_table(source: SourceAdmin, item: TableSettings) -> Table:
    """Return the table that the operator means, with what is wanted of it."""
    return source.table(
        item.name,
        where=item.where,
        allow_filtering=item.allow_filtering,
        partitions=item.partitions,
    )


def _refusals(
    sampled: Sampled | None, problems: Mapping[str, Sequence[Problem]]
) -> Iterator[Finding]:
    """Yield a warning for each column of which sampled values would be refused."""
    for column, found in problems.items():
        rows = f"{len(found):,} of {sampled.rows if sampled else 0:,} sampled rows"
        text = f"column {column}: {rows} would be set aside: {found[0].what}"
        yield Finding(level=Level.WARN, text=text, fix=found[0].fix)


def _columns(
    planned: PlannedTarget, problems: Mapping[str, Sequence[Problem]]
) -> tuple[ColumnPreview, ...]:
    return tuple(
        ColumnPreview(
            column=column.column.name,
            kind=column.column.kind.value,
            cql_type=column.column.type,
            reading=column.reading,
            form=column.form,
            target=column.name,
            sql_type=sql_type,
            verdict=column.verdict,
            note=column.note,
            null=column.null,
            refused=len(problems.get(column.column.name, ()))
            if column.reading is Reading.VALUE
            else 0,
        )
        for column, sql_type in zip(planned.columns, planned.definitions, strict=True)
    )


def _key_why(planned: PlannedTarget, mapping: TableMapping) -> str:
    if mapping.digest_key and not planned.exists:
        return 'a SHA-256 of the Cassandra primary key, as key = "digest" asks'
    if mapping.match:
        return "the unique key that match names; it carries the Cassandra primary key"
    if planned.exists:
        return "the target's primary key, which carries the Cassandra primary key"
    return "the Cassandra primary key"
