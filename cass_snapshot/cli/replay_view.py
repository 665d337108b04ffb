"""What ``replay-wal`` says when it is through, as lines of text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cass_snapshot.cli.figures import columns, plural
from cass_snapshot.cli.rejected import group_lines
from cass_snapshot.exits import Exit

if TYPE_CHECKING:
    from cass_snapshot.snapshot.reports import MendReport, ReplayReport, TableMend


def mend_lines(report: MendReport, *, dry_run: bool, width: int = 80) -> list[str]:
    """Return what went in of the rejected rows, or may, per table, and why the others did not."""
    tables = report.tables
    before, left = sum(t.rejected for t in tables), sum(t.left for t in tables)
    first = f"rejected rows of {report.run_id}: {before - left:,} of {before:,} went in"
    if dry_run:
        fit = sum(t.tried - t.rows_refused for t in tables)
        first = f"rejected rows of {report.run_id}: {fit:,} of {before:,} may go in by now"
    if not before:
        first = f"rejected rows of {report.run_id}: there are none"
    rows = [["table", "rejected", *(("checked", "fit") if dry_run else ("tried", "left"))]]
    for t in tables:
        last = t.tried - t.rows_refused if dry_run else t.left
        rows.append([t.table, f"{t.rejected:,}", f"{t.tried:,}", f"{last:,}"])
    lines = [first, "", *(f"  {line}" for line in columns(rows))]
    for table in tables:
        lines += group_lines(table.table, table.refused, width)
    return lines + _next(tables, dry_run=dry_run)


def _next(tables: Sequence[TableMend], *, dry_run: bool) -> list[str]:
    """Return what to do after it."""
    before, left = sum(t.rejected for t in tables), sum(t.left for t in tables)
    lost = [t for t in tables if t.left and t.tried < t.rejected]
    lines = [
        f"  {t.table}: {plural(t.rejected - t.tried, 'row')} not in rejected/; only a run --new"
        " reads them again"
        for t in lost
    ]
    if before and not left and not dry_run:
        lines.append("  next     the command that began the run counts both sides, and ends it")
    return ["", *lines] if lines else []


def replay_lines(report: ReplayReport, *, dry_run: bool, verified: bool = False) -> list[str]:
    """Return what was applied, or would be, per table.

    Args:
        report: what it came to.
        dry_run: nothing was written.
        verified: the whole WAL was read, and proven.
    """
    batches = sum(table.batches_applied for table in report.tables)
    foreseen = dry_run or verified
    first = f"{plural(batches, 'batch')} {'would be applied' if foreseen else 'applied'}"
    stopped = report.exit_code in (Exit.SIGINT, Exit.SIGTERM)
    if not batches and not stopped:
        first = "the checkpoints in MySQL are past every batch"
    if verified:
        first = f"the WAL is sound and fits MySQL; {first}"
    verb, rows_verb = ("to apply", "to write") if foreseen else ("applied", "written")
    head = ["table", "ranges", "batches", verb, "captured", "there", rows_verb, "rejected"]
    rows = [head]
    for t in report.tables:
        counts = (t.ranges, t.batches_found, t.batches_applied)
        counted = (t.rows_captured, t.rows_there, t.rows_applied, t.rejected)
        rows.append([t.table, *(f"{number:,}" for number in (*counts, *counted))])
    lines = [f"replay of {report.run_id}: {first}", "", *(f"  {line}" for line in columns(rows))]
    if stopped:
        lines += ["", "  stopped by a signal; the same command goes on"]
    if report.reason:
        lines.append(f"  it was waiting: {report.reason}")
    rejected = sum(table.rejected for table in report.tables)
    if rejected and not foreseen:
        lines += ["", f"  rejected {plural(rejected, 'row')}, which the target lacks"]
        if report.exit_code == Exit.LIMIT:
            lines.append("  limit    that is more than rejected_max")
        lines.append("  next     mend the target, then replay-wal --rejected")
    return lines
