"""``run``: copy tables; the same command continues an unfinished run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cass_snapshot.cli.loading import load_settings
from cass_snapshot.cli.options import PACE, WHAT, Both, Common, Size, Watch
from cass_snapshot.cli.plan import NEEDS, show
from cass_snapshot.exits import Exit

if TYPE_CHECKING:
    from cass_snapshot.settings import Settings
    from cass_snapshot.snapshot.status import RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How a run is begun, and how much it may leave out."""

    new: Annotated[
        bool,
        typer.Option("--new", help="Do not continue; start another run.", rich_help_panel=WHAT),
    ] = False
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Show what it would do, as plan does.", rich_help_panel=WHAT
        ),
    ] = False
    capture_only: Annotated[
        bool,
        typer.Option(
            "--capture-only",
            help="Fill the WAL, write no row to MySQL; replay-wal applies it.",
            rich_help_panel=WHAT,
        ),
    ] = False
    rejected_max: Annotated[
        str | None,
        typer.Option(
            metavar="N or N%",
            help="How many rows may be rejected before the run ends; 0 by default.",
            rich_help_panel=PACE,
        ),
    ] = None


def run(
    context: typer.Context,
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEYSPACE.TABLE", help="Which tables; otherwise those of the file."),
    ] = None,
    *,
    both: Both,
    cut: Cut,
    size: Size,
    watch: Watch,
    common: Common,
) -> None:
    """Copy tables. Continues an unfinished run."""
    settings = load_settings(
        common,
        from_=both.from_,
        to=both.to,
        flags={**size.flags(), "limits.rejected_max": ("--rejected-max", cut.rejected_max)},
        tables=tables or (),
        needs=NEEDS,
    )
    if cut.dry_run:
        raise typer.Exit(show(settings, common, new=cut.new))
    typed: Sequence[str] = context.obj or ("cass-snapshot", "run")
    status = copied(settings, typed, watch, common, cut)
    close(status, typed, watch, common)
    raise typer.Exit(status.exit_code or Exit.OK)


def copied(
    settings: Settings, typed: Sequence[str], watch: Watch, common: Common, cut: Cut
) -> RunStatus:
    """Copy, and show it meanwhile."""
    # late: the display and the drivers take longer to import than --help may take; the workers
    # come first, so that they import meanwhile, then the display, so that it says something
    from cass_snapshot.settings import cores
    from cass_snapshot.snapshot.process import Standby

    with ExitStack() as stack:
        standby = stack.enter_context(Standby(min(settings.run.workers, cores())))
        from cass_snapshot.cli.views import build_views

        view = build_views(watch, common, settings)
        stack.callback(view.close)
        from cass_snapshot.snapshot.run import run as copy

        return copy(
            settings,
            tables=settings.tables,
            new=cut.new,
            view=view,
            command_line=typed,
            standby=standby,
            capture_only=cut.capture_only,
        )


def close(status: RunStatus, typed: Sequence[str], watch: Watch, common: Common) -> None:
    """Write the closing summary, or the final record as JSON."""
    # late, as above
    from cass_snapshot.cli.commands import commands_from
    from cass_snapshot.cli.console import console_for, say, say_json, width_of
    from cass_snapshot.cli.summary import summary, word_and_style

    if common.output == "json":
        say_json(status)
    elif not common.quiet or status.exit_code:
        to_stderr = watch.events == "-"
        width = width_of(console_for(common.color, stderr=to_stderr))
        _, style = word_and_style(status)
        lines = summary(status, commands_from(typed), width)
        say(lines, common.color, style=style, stderr=to_stderr)
