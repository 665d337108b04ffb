"""``doctor``: examine configuration, machine and both servers, and change nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from cass_snapshot.cli.loading import load_settings
from cass_snapshot.cli.options import WHAT, Both, Common
from cass_snapshot.snapshot.preflight.examination import Report, Section, report


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is examined, and how strictly it is judged."""

    only: Annotated[
        list[Section] | None,
        typer.Option(
            help="Only this section; may be given again. Mappings of tables need both servers.",
            rich_help_panel=WHAT,
        ),
    ] = None
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail on warnings too.", rich_help_panel=WHAT)
    ] = False


def doctor(
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEYSPACE.TABLE", help="Which tables; otherwise those of the file."),
    ] = None,
    *,
    both: Both,
    extent: Extent,
    common: Common,
) -> None:
    """Check configuration, machine, Cassandra, MySQL."""
    settings = load_settings(common, from_=both.from_, to=both.to, tables=tables or ())
    # late: the drivers take longer to import than --help may take
    from cass_snapshot.config.examine import examined
    from cass_snapshot.snapshot.preflight.doctor import examine

    wanted = extent.only or list(Section)
    servers = [name for name in ("cassandra", "mysql") if Section(name) in wanted]
    settings, found, unusable = examined(settings, servers)
    known = {Section(name): [finding] for name, finding in unusable.items()}
    known[Section.CONFIGURATION] = found
    outcome = report(examine(settings, known, wanted), strict=extent.strict)
    show(outcome, common)
    raise typer.Exit(outcome.exit_code)


def show(outcome: Report, common: Common) -> None:
    """Write what was found: to standard output, as text or as one JSON object."""
    # late, as above
    from cass_snapshot.cli.console import console_for, say, say_json, width_of
    from cass_snapshot.cli.doctor_view import doctor_lines

    if common.output == "json":
        say_json(outcome)
    elif not common.quiet or outcome.exit_code:
        say(doctor_lines(outcome, width_of(console_for(common.color))), common.color)
