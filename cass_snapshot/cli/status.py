"""``status``: how a run stands, from its directory alone: while it runs, afterwards, elsewhere."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cass_snapshot.cli.loading import load_settings
from cass_snapshot.cli.options import Common

if TYPE_CHECKING:
    from cass_snapshot.cli.folder import RunFolder


def status(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN", help="A run's id or the last part of it; otherwise the newest run."
        ),
    ] = None,
    *,
    common: Common,
) -> None:
    """State of a run, now or afterwards."""
    settings = load_settings(common)
    # late: both take longer to import than --help may take
    from cass_snapshot.cli import folder
    from cass_snapshot.cli.console import console_for, say, say_json, width_of
    from cass_snapshot.cli.summary import word_and_style

    path, note = folder.find(settings.run.directory, run)
    found = folder.read(path)
    life = found.life(datetime.now(UTC))
    if common.output == "json":
        record = asdict(found.status) if found.status else {"run_id": folder.run_id(path)}
        say_json({"life": life, "folder": str(path), **record})
        return
    width = width_of(console_for(common.color))
    ended = found.status is not None and life is folder.Life.ENDED
    style = word_and_style(found.status)[1] if ended and found.status else "bold"
    said = "" if ended else f"   {_sentence(life, found)}"
    first = f"run {folder.run_id(path)}{said}{f'   ({note})' if note else ''}"
    say([first], common.color, style="bold")
    say(_lines(found, width, life), common.color, style=style)


def _sentence(life: str, found: RunFolder) -> str:
    if life == "ended":
        return "ended before it began"
    if life == "interrupted":
        return "interrupted; the same run command continues it"
    return f"running, process {found.status.pid}" if found.status else "starting"


def _lines(found: RunFolder, width: int, life: str) -> list[str]:
    """Return the summary of a run that has ended, else its newest frame."""
    # late, as above
    from cass_snapshot.cli.commands import commands_from
    from cass_snapshot.cli.progress import Paper, frame
    from cass_snapshot.cli.summary import summary

    commands = commands_from(found.plan.get("command_line") or ("cass-snapshot", "run"))
    if found.status is None:
        return [f"  folder   {found.path}", f"  again    {commands.again}"]
    if life == "ended":
        return summary(found.status, commands, width)
    now, again = found.status, f"  again    {commands.again}"
    return [
        f"  folder   {found.path}",
        f"  source   {now.source}",
        f"  target   {now.target}",
        f"  as of    {now.updated_at}",
        "",
        *frame(now, Paper(width=width)),
        *(["", again] if life == "interrupted" else []),
    ]
