"""``replay-wal``: apply what MySQL lacks of a run's WAL, or of its rejected rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cass_snapshot.cli.figures import columns, plural
from cass_snapshot.cli.loading import load_settings
from cass_snapshot.cli.options import WHAT, Common, ToOption
from cass_snapshot.cli.rejected import group_lines
from cass_snapshot.exits import Exit

if TYPE_CHECKING:
    from cass_snapshot.settings import Settings
    from cass_snapshot.snapshot.reports import MendReport, ReplayReport, TableMend

NEEDS = ("mysql.host", "mysql.database")


def replay_wal(
    run: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="Which run; may be left out when the folder holds one."),
    ] = None,
    *,
    to: ToOption = None,
    table: Annotated[
        str | None,
        typer.Option(
            metavar="KEYSPACE.TABLE", help="Only this table of the run.", rich_help_panel=WHAT
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be applied.", rich_help_panel=WHAT),
    ] = False,
    rejected: Annotated[
        bool,
        typer.Option(
            "--rejected",
            help="Try the rejected rows again, once the target was mended.",
            rich_help_panel=WHAT,
        ),
    ] = False,
    common: Common,
) -> None:
    """Apply the WAL of a run to MySQL again."""
    settings = load_settings(common, to=to, needs=NEEDS)
    # late: the drivers and the display take longer to import than --help may take
    from cass_snapshot.cli.console import say, say_json

    again = _rejected if rejected else _batches
    report, lines = again(settings, run, table, dry_run=dry_run)
    if common.output == "json":
        say_json(report)
    elif not common.quiet or report.exit_code:
        say(lines, common.color)
    raise typer.Exit(report.exit_code)


def _batches(
    settings: Settings, run: str | None, table: str | None, *, dry_run: bool
) -> tuple[ReplayReport | MendReport, list[str]]:
    from cass_snapshot.snapshot.replay import replay  # late, as above

    report = replay(settings, run=run, table=table, dry_run=dry_run)
    return report, replay_lines(report, dry_run=dry_run)


def _rejected(
    settings: Settings, run: str | None, table: str | None, *, dry_run: bool
) -> tuple[ReplayReport | MendReport, list[str]]:
    from cass_snapshot.snapshot.mend import mend  # late, as above

    report = mend(settings, run=run, table=table, dry_run=dry_run)
    return report, mend_lines(report, dry_run=dry_run)


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


def replay_lines(report: ReplayReport, *, dry_run: bool) -> list[str]:
    """Return what was applied, or would be, per table."""
    batches = sum(table.batches_applied for table in report.tables)
    verb = "would be applied" if dry_run else "applied"
    first = f"replay of {report.run_id}: {plural(batches, 'batch')} {verb}"
    if not batches:
        first = f"replay of {report.run_id}: the checkpoints in MySQL are past every batch"
    rows = [["table", "ranges", "batches in WAL", verb, "rows", "rejected"]]
    rows += [
        [
            table.table,
            f"{table.ranges:,}",
            f"{table.batches_found:,}",
            f"{table.batches_applied:,}",
            f"{table.rows_applied:,}",
            f"{table.rejected:,}",
        ]
        for table in report.tables
    ]
    lines = [first, "", *(f"  {line}" for line in columns(rows))]
    rejected = sum(table.rejected for table in report.tables)
    if rejected and not dry_run:
        lines += ["", f"  rejected {plural(rejected, 'row')}, which the target lacks"]
        if report.exit_code == Exit.LIMIT:
            lines.append("  limit    that is more than rejected_max")
        lines.append("  next     mend the target, then replay-wal --rejected")
    return lines
