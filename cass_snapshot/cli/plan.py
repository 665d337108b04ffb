"""``plan``: show what ``run`` would do, and write nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cass_snapshot.cli.loading import load_settings
from cass_snapshot.cli.options import WHAT, Both, Common, Size
from cass_snapshot.exits import Exit

if TYPE_CHECKING:
    from cass_snapshot.settings import Settings

NEEDS = ("cassandra.contact_points", "mysql.host", "mysql.database", "tables")


def plan(
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEYSPACE.TABLE", help="Which tables; otherwise those of the file."),
    ] = None,
    *,
    new: Annotated[
        bool,
        typer.Option("--new", help="As run --new: another run.", rich_help_panel=WHAT),
    ] = False,
    both: Both,
    size: Size,
    common: Common,
) -> None:
    """Show what run would do: ranges, DDL, types, disk, time."""
    settings = load_settings(
        common,
        from_=both.from_,
        to=both.to,
        flags=size.flags(),
        tables=tables or (),
        needs=NEEDS,
    )
    raise typer.Exit(show(settings, common, new=new))


def show(settings: Settings, common: Common, *, new: bool) -> int:
    """Look at both sides, write the plan to standard output, and return the exit code.

    ``new`` asks for another run, also where an unfinished one could be continued.
    """
    # late: the drivers take longer to import than --help may take
    from cass_snapshot.cli.console import console_for, say, say_json, width_of
    from cass_snapshot.cli.plan_view import plan_lines
    from cass_snapshot.snapshot.preflight.outlook import preview_tables

    preview = preview_tables(settings, new=new)
    if common.output == "json":
        say_json(preview)
    elif not common.quiet or preview.stops:
        say(plan_lines(preview, width_of(console_for(common.color))), common.color)
    return Exit.PREFLIGHT if preview.stops else Exit.OK
