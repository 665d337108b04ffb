"""The options that several commands share, each group a record that a command takes whole."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer

from cass_snapshot.exits import Exit

COMMON = "Common to all commands"
OUTPUT = "Output"
WHAT = "What"
PACE = "Pace"


def _show_versions(asked: bool) -> None:
    if asked:
        from cass_snapshot import logs  # late: it imports the drivers' compiled parts

        typer.echo("\n".join(logs.versions()))
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version",
        is_eager=True,
        callback=_show_versions,
        help="Show the version, the drivers' and which extensions load.",
        rich_help_panel=COMMON,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every command accepts."""

    config: Annotated[
        Path | None,
        typer.Option(
            "-c",
            "--config",
            metavar="FILE",
            help="The config file; otherwise ./cass-snapshot.toml, otherwise the XDG one.",
            rich_help_panel=COMMON,
        ),
    ] = None
    run_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder that holds the runs.", rich_help_panel=COMMON),
    ] = None
    output: Annotated[
        Literal["text", "json"],
        typer.Option(
            envvar="CASS_SNAPSHOT_OUTPUT",
            help="What goes to standard output.",
            rich_help_panel=COMMON,
        ),
    ] = "text"
    quiet: Annotated[
        bool,
        typer.Option("-q", "--quiet", help="Say nothing unless it failed.", rich_help_panel=COMMON),
    ] = False
    verbose: Annotated[
        int,
        typer.Option(
            "-v",
            "--verbose",
            count=True,
            metavar="",
            show_default=False,
            help="Show the log; twice for that of the drivers too.",
            rich_help_panel=COMMON,
        ),
    ] = 0
    color: Annotated[
        Literal["auto", "always", "never"],
        typer.Option(help="When to use colours.", rich_help_panel=COMMON),
    ] = "auto"
    log_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the log here as well.", rich_help_panel=COMMON),
    ] = None
    log_format: Annotated[
        Literal["text", "json"],
        typer.Option(
            envvar="CASS_SNAPSHOT_LOG_FORMAT",
            help="How log files are written.",
            rich_help_panel=COMMON,
        ),
    ] = "text"
    version: Version = False


ToOption = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="ADDRESS",
        help="mysql://USER@HOST\\[:PORT]/DATABASE\\[/TABLE]",
        rich_help_panel=WHAT,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """Where the two databases are, for commands that read one and write or read the other."""

    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="ADDRESS",
            help="cassandra://HOST\\[:PORT]\\[,HOST...]",
            rich_help_panel=WHAT,
        ),
    ] = None
    to: ToOption = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How a run is cut, and by how many it is carried out; ``plan`` counts with the same."""

    range_count: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="How many ranges the ring is split into; 256 if nothing says otherwise.",
            rich_help_panel=WHAT,
        ),
    ] = None
    compression: Annotated[
        Literal["none", "zstd"] | None,
        typer.Option(help="How the WAL is compressed.", rich_help_panel=WHAT),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Processes; one a core, at most 8, by default.", rich_help_panel=PACE
        ),
    ] = None

    def flags(self) -> dict[str, tuple[str, object]]:
        """Return the option and its value for each key; a value of None was not typed."""
        return {
            "run.ranges": ("--range-count", self.range_count),
            "run.compression": ("--compression", self.compression),
            "run.workers": ("--workers", self.workers),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a run is shown while it lasts."""

    progress: Annotated[
        Literal["auto", "bar", "lines", "none"],
        typer.Option(
            envvar="CASS_SNAPSHOT_PROGRESS",
            help="auto: bar if standard error is a terminal, otherwise lines.",
            rich_help_panel=OUTPUT,
        ),
    ] = "auto"
    progress_every: Annotated[
        str,
        typer.Option(metavar="TIME", help="How often lines come.", rich_help_panel=OUTPUT),
    ] = "30s"
    events: Annotated[
        str | None,
        typer.Option(
            metavar="FILE or -",
            envvar="CASS_SNAPSHOT_EVENTS",
            help="Write events here too, as JSON lines; the run directory always has them.",
            rich_help_panel=OUTPUT,
        ),
    ] = None


def flattened(function: Callable[..., None]) -> Callable[..., None]:
    """Return the command with each record of options spread into single options, for typer.

    A closed standard output ends it as SIGPIPE would, quietly.
    """
    hints = get_type_hints(function, include_extras=True)
    groups = {
        name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)
    }

    def command(**given: object) -> None:
        records = {name: _record(group, given) for name, group in groups.items()}
        try:
            function(**given, **records)
        except BrokenPipeError:
            raise typer.Exit(Exit.SIGPIPE) from None

    parameters = [
        parameter
        for name, plain in inspect.signature(function).parameters.items()
        for parameter in (
            _spread(groups[name]) if name in groups else [plain.replace(annotation=hints[name])]
        )
    ]
    keyword_only = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    spread: Any = command  # a function, to which a signature may be attached
    spread.__signature__ = inspect.Signature(keyword_only)
    spread.__annotations__ = {p.name: p.annotation for p in parameters}
    spread.__name__, spread.__doc__ = function.__name__, function.__doc__
    return command


def _spread(group: Any) -> list[inspect.Parameter]:  # noqa: ANN401  a dataclass, whose type has no name
    hints = get_type_hints(group, include_extras=True)
    make = partial(inspect.Parameter, kind=inspect.Parameter.KEYWORD_ONLY)
    return [make(f.name, default=f.default, annotation=hints[f.name]) for f in fields(group)]


def _record(group: Callable[..., object], given: dict[str, object]) -> object:
    """Take the values of one record out of what was given."""
    return group(**{f.name: given.pop(f.name) for f in fields(group)})  # type: ignore[arg-type]  # a dataclass
