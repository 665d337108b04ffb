"""``plan`` as text: what a run would do, table by table, for somebody who sees it first. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from cass_snapshot.cli.figures import ends_apart, plural, roughly, size
from cass_snapshot.cli.findings import finding_lines, worst_first
from cass_snapshot.cli.grid import labelled, printable, statement_lines, wrapped
from cass_snapshot.cli.plan_columns import column_lines
from cass_snapshot.exits import Exit
from cass_snapshot.planned import LEFT_TO_TARGET, Conflict, Finding, Level
from cass_snapshot.snapshot.preflight.ordering import ApplyOrder
from cass_snapshot.snapshot.preflight.preview import Preview, TablePreview

POLICIES = {
    Conflict.OVERWRITE: "where the target has the row already, Cassandra's replaces it",
    Conflict.KEEP: "where the target has the row already, the target's stays",
    Conflict.NEWER: "where the target has the row already, the later WRITETIME wins",
}


def plan_lines(preview: Preview, width: int) -> list[str]:
    """Return a plan in lines of at most ``width``, 80 or more."""
    lines = ["plan: nothing was written", ""]
    lines += labelled("source", preview.source, width)
    lines += labelled("target", preview.target, width)
    lines += labelled("run", _run(preview), width)
    lines += labelled("disk", _disk(preview), width)
    lines += _changes(preview, width)
    lines += _findings(preview.findings, width)
    for table in preview.tables:
        lines += ["", *_table_lines(table, preview.rejected_max, width)]
    return [*lines, "", _ending(preview, width)]


def _run(preview: Preview) -> str:
    workers = plural(preview.workers, "worker")
    if preview.continues is None:
        return f"a new one, {workers}"
    total = sum(table.ranges for table in preview.tables)
    done = f"{preview.ranges_done}/{total} ranges are applied"
    return f"continues {preview.continues}: {done}, {workers}"


def _disk(preview: Preview) -> str:
    free = f"{size(preview.free_bytes)} free in {preview.run_directory}"
    if preview.wal_bytes is None:
        return f"{free}; what the WAL needs is not known"
    return f"{free}; the WAL needs ~{size(preview.wal_bytes)}"


def _changes(preview: Preview, width: int) -> list[str]:
    if not preview.changes:
        return []
    said = ", ".join(f"{c.key} {c.before} -> {c.now}" for c in preview.changes)
    return labelled("changed", f"{said} (before: run {preview.last_run})", width)


def _findings(findings: tuple[Finding, ...], width: int) -> list[str]:
    """Return what is not well; what is, doctor shows."""
    shown = [found for found in worst_first(findings) if found.level is not Level.OK]
    return [line for found in shown for line in finding_lines(found, width, "  ")]


def _table_lines(table: TablePreview, rejected_max: str, width: int) -> Iterator[str]:
    state = "exists" if table.exists else "run creates"
    yield from wrapped(f"{table.source} -> {table.target}, which {state}", width)
    for label, text in _facts(table, rejected_max):
        yield from labelled(label, text, width)
    yield ""
    yield from column_lines(table.columns, width)
    besides = list(_besides(table))
    yield from [""] if besides else []
    for label, text in besides:
        yield from labelled(label, text, width)
    shown = _findings(table.findings, width)
    yield from ["", *shown] if shown else []
    if table.ddl:
        yield ""
        yield "  DDL that run executes:"
        yield ""
        yield from statement_lines(table.ddl, width, "    ")


def _besides(table: TablePreview) -> Iterator[tuple[str, str]]:
    """Yield which columns of either side nothing is copied from or to."""
    if table.skipped:
        yield "skipped", f"{', '.join(map(printable, table.skipped))}: not copied"
    for found in table.findings:
        if found.level is Level.OK and found.text.startswith(LEFT_TO_TARGET):
            yield "unmapped", printable(found.text)


def _facts(table: TablePreview, rejected_max: str) -> Iterator[tuple[str, str]]:
    yield "profile", table.profile
    if table.where:
        yield "where", printable(table.where)
    if table.partitions:
        yield "rows", "one for each partition: partition key and static columns"
    yield "key", f"{', '.join(map(printable, table.key)) or 'none'}: {table.key_why}"
    yield "conflict", f"{table.conflict.value}: {POLICIES[table.conflict]}"
    yield "written", f"by {table.statement}: {table.statement_why}"
    yield "ranges", f"{plural(table.ranges, 'range')} of the token ring, each resumable by itself"
    yield from _sizes(table)
    yield from _order(table)
    yield from _sample(table, rejected_max)
    if table.rate is not None and table.estimate.seconds_estimate is not None:
        rate = f"{table.rate.rows_per_s:,.0f} rows/s of run {table.rate.run_id}"
        yield "time", f"~{roughly(table.estimate.seconds_estimate)} at the {rate}"


def _sizes(table: TablePreview) -> Iterator[tuple[str, str]]:
    sampled, estimate = table.sampled, table.estimate
    if sampled is None:
        yield "size", "not known: no row was read"
        return
    yield "size", _size(table)
    if estimate.wal_bytes_estimate:
        yield "WAL", f"~{size(estimate.wal_bytes_estimate)} in the runs folder"


def _order(table: TablePreview) -> Iterator[tuple[str, str]]:
    """Yield in which order rows arrive, and why so."""
    ordering = table.ordering
    if ordering is None:
        return
    if ordering.order is ApplyOrder.TOKEN:
        yield "order", f"as read, by token: {printable(ordering.why)}"
        return
    beside = ", the next captured meanwhile" if ordering.overlap else ""
    windows = f"windows of at most {size(ordering.window_bytes)} of WAL{beside}"
    yield "order", f"of the target's key: {printable(ordering.why)}; {windows}"


def _sample(table: TablePreview, rejected_max: str) -> Iterator[tuple[str, str]]:
    sampled = table.sampled
    if sampled is None or not sampled.rows:
        return
    text = f"all {plural(sampled.rows, 'row')} fit"
    if sampled.refused:
        text = f"{sampled.refused:,} of {plural(sampled.rows, 'row')} would be set aside"
        text += f" in rejected/; rejected_max is {rejected_max}"
        text += ", a run ends beyond it: exit 6" if table.over_budget else ", so that a run goes on"
    yield "sample", text


def _size(table: TablePreview) -> str:
    sampled, estimate = table.sampled, table.estimate
    if sampled is None or (estimate.counted and not sampled.rows):
        return "the table is empty"
    if estimate.counted:
        return f"{plural(sampled.rows, 'row')} of {size(sampled.bytes)} altogether, counted"
    if estimate.rows_estimate is None or estimate.bytes_estimate is None:
        each = size(sampled.bytes // max(1, sampled.rows))
        return f"not known: Cassandra has no estimate; about ~{each} a row"
    rows = f"~{estimate.rows_estimate:,} rows"
    base = f"from {plural(sampled.rows, 'row')} and Cassandra's own estimate"
    return f"{rows}, ~{size(estimate.bytes_estimate)}, {base}"


def _ending(preview: Preview, width: int) -> str:
    findings = preview.all_findings
    failed = sum(f.level is Level.FAIL for f in findings)
    warned = sum(f.level is Level.WARN for f in findings)
    if failed:
        said = f"run would stop: {failed} failed, {plural(warned, 'warning')}"
        return ends_apart(said, f"exit {Exit.PREFLIGHT}", width)
    warnings = f", {plural(warned, 'warning')}" if warned else ""
    return ends_apart(f"run can start{warnings}", f"exit {Exit.OK}", width)
