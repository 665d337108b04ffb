"""``replay-wal``: apply what MySQL lacks of a run's WAL, all of it again, or its rejected rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cass_snapshot.cli.loading import load_settings
from cass_snapshot.cli.numbers import parse_numbers
from cass_snapshot.cli.options import WHAT, Common, ToOption
from cass_snapshot.errors import UsageError

if TYPE_CHECKING:
    from cass_snapshot.settings import Settings
    from cass_snapshot.snapshot.asked import Asked
    from cass_snapshot.snapshot.reports import MendReport, ReplayReport

NEEDS = ("mysql.host", "mysql.database")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which part of the WAL is applied, and whether."""

    table: Annotated[
        str | None,
        typer.Option(
            metavar="KEYSPACE.TABLE", help="Only this table of the run.", rich_help_panel=WHAT
        ),
    ] = None
    ranges: Annotated[
        str | None,
        typer.Option(
            metavar="17,40-63",
            help="Only these token ranges, by their numbers.",
            rich_help_panel=WHAT,
        ),
    ] = None
    all_: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Also what MySQL has, again; fills a new or empty target.",
            rich_help_panel=WHAT,
        ),
    ] = False
    from_segment: Annotated[
        str | None,
        typer.Option(
            metavar="SEGMENT",
            help="Only this segment's range, from there on, again.",
            rich_help_panel=WHAT,
        ),
    ] = None
    rejected: Annotated[
        bool,
        typer.Option(
            "--rejected",
            help="Try the rejected rows again, once the target was mended.",
            rich_help_panel=WHAT,
        ),
    ] = False
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be applied.", rich_help_panel=WHAT),
    ] = False
    verify_only: Annotated[
        bool,
        typer.Option(
            "--verify-only",
            help="Read all of the WAL, prove it against MySQL's checkpoints, write nothing.",
            rich_help_panel=WHAT,
        ),
    ] = False


def replay_wal(
    run: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="Which run; may be left out when the folder holds one."),
    ] = None,
    *,
    to: ToOption = None,
    part: Part,
    common: Common,
) -> None:
    """Apply the WAL of a run to MySQL again."""
    refuse_together(part)
    asked = _asked(run, part)
    settings = load_settings(common, to=to, needs=NEEDS)
    # late: the drivers and the display take longer to import than --help may take
    from cass_snapshot.cli.console import say, say_json

    again = _rejected if part.rejected else _batches
    report, lines = again(settings, asked)
    if common.output == "json":
        say_json(report)
    elif not common.quiet or report.exit_code:
        say(lines, common.color)
    raise typer.Exit(report.exit_code)


def refuse_together(part: Part) -> None:
    """Refuse options that say different things.

    Raises:
        UsageError: naming both.
    """
    given = {
        "--all": part.all_,
        "--from-segment": part.from_segment is not None,
        "--ranges": part.ranges is not None,
        "--rejected": part.rejected,
        "--dry-run": part.dry_run,
        "--verify-only": part.verify_only,
    }
    apart = (
        ("--all", "--from-segment", "the one is everything, the other what follows one segment"),
        ("--from-segment", "--ranges", "a segment is of one range"),
        ("--dry-run", "--verify-only", "both write nothing, and --verify-only reads more"),
        *(
            ("--rejected", other, "rejected rows are not in the WAL, but in rejected/")
            for other in ("--all", "--from-segment", "--ranges", "--verify-only")
        ),
    )
    for one, other, why in apart:
        if given[one] and given[other]:
            raise UsageError(
                f"{one} and {other} exclude each other",
                where="the command line; nothing was started",
                why=why,
                fix="leave out one of them",
            )


def _asked(run: str | None, part: Part) -> Asked:
    from cass_snapshot.snapshot.asked import Asked, parse_from_segment  # late: --help needs neither

    return Asked(
        run=run,
        table=part.table,
        numbers=parse_numbers(part.ranges, "--ranges") if part.ranges is not None else None,
        whole=part.all_,
        segment=parse_from_segment(part.from_segment) if part.from_segment is not None else None,
        dry_run=part.dry_run,
        verify_only=part.verify_only,
    )


def _batches(settings: Settings, asked: Asked) -> tuple[ReplayReport | MendReport, list[str]]:
    # late, as above
    from cass_snapshot.cli.replay_view import replay_lines
    from cass_snapshot.snapshot.replay import replay

    report = replay(settings, asked)
    return report, replay_lines(report, dry_run=asked.dry_run, verified=asked.verify_only)


def _rejected(settings: Settings, asked: Asked) -> tuple[ReplayReport | MendReport, list[str]]:
    # late, as above
    from cass_snapshot.cli.replay_view import mend_lines
    from cass_snapshot.snapshot.mend import mend

    report = mend(settings, run=asked.run, table=asked.table, dry_run=asked.dry_run)
    return report, mend_lines(report, dry_run=asked.dry_run)
