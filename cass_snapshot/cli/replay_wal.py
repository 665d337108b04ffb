"""``replay-wal``: apply every batch of a run's WAL that MySQL lacks; again changes nothing (I3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cass_snapshot.cli.figures import columns, plural
from cass_snapshot.cli.loading import load_settings
from cass_snapshot.cli.options import WHAT, Common, ToOption

if TYPE_CHECKING:
    from cass_snapshot.snapshot.reports import ReplayReport

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
    common: Common,
) -> None:
    """Apply the WAL of a run to MySQL again."""
    settings = load_settings(common, to=to, needs=NEEDS)
    # late: the drivers and the display take longer to import than --help may take
    from cass_snapshot.cli.console import say, say_json
    from cass_snapshot.snapshot.replay import replay

    report = replay(settings, run=run, table=table, dry_run=dry_run)
    if common.output == "json":
        say_json(report)
    elif not common.quiet or report.exit_code:
        say(replay_lines(report, dry_run=dry_run), common.color)
    raise typer.Exit(report.exit_code)


def replay_lines(report: ReplayReport, *, dry_run: bool) -> list[str]:
    """Return what was applied, or would be, per table."""
    batches = sum(table.batches_applied for table in report.tables)
    verb = "would be applied" if dry_run else "applied"
    first = f"replay of {report.run_id}: {plural(batches, 'batch')} {verb}"
    if not batches:
        first = f"replay of {report.run_id}: the checkpoints in MySQL are past every batch"
    rows = [["table", "ranges", "batches in WAL", verb, "rows"]]
    rows += [
        [
            table.table,
            f"{table.ranges:,}",
            f"{table.batches_found:,}",
            f"{table.batches_applied:,}",
            f"{table.rows_applied:,}",
        ]
        for table in report.tables
    ]
    return [first, "", *(f"  {line}" for line in columns(rows))]
