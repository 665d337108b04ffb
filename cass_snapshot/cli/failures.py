"""How an error looks: what, where, why, fix, and the exit code; never a traceback for our own."""

from __future__ import annotations

import logging
import traceback
from difflib import get_close_matches
from typing import Any

import typer

from cass_snapshot.errors import SnapshotError
from cass_snapshot.exits import Exit, exit_code_for

WIDTH = 80
LABEL = 8

LATER_OPTIONS = frozenset(
    {
        *("--ranges", "--rows-per-s", "--stop-after"),
        *("--rejected-max", "--metrics-addr", "--engine", "--sample", "--columns"),
        *("--mismatches-max", "--repair", "--delete-extra", "--watch", "--wait"),
    }
)
LATER_COMMANDS = frozenset(
    {
        *("wal", "runs", "report", "serve", "pause", "unpause", "limit", "stop"),
        *("init", "config", "explain"),
    }
)
"""What operator manuals name and this version lacks: saying so is better than a guess."""

log = logging.getLogger("cass_snapshot")


def error_lines(error: SnapshotError) -> list[str]:
    """Return an error of ours as lines of text."""
    lines = [f"error: {error.what}"]
    for label, text in error.details():
        if text:
            first, *others = text.splitlines()
            lines.append(f"  {label:<{LABEL}}{first}")
            lines += [f"  {'':<{LABEL}}{other}" for other in others]
    return [*lines, f"{f'exit {exit_code_for(error)}':>{WIDTH}}"]


def bug_lines(error: BaseException) -> list[str]:
    """Return what nobody expected: one line, and where its traceback stands.

    The traceback goes to the log; where there is no log yet, it is shown, or it would be lost.
    """
    from cass_snapshot import logs  # late: --help needs no log

    what = f"error: unexpected {type(error).__name__}; this is a bug of cass-snapshot"
    files = logs.files()
    if files:
        log.error("unexpected %s", type(error).__name__, exc_info=error)
        return [what, f"  {'more':<{LABEL}}the traceback is in {files[-1]}", _code(Exit.BUG)]
    return ["".join(traceback.format_exception(error)).rstrip(), what, _code(Exit.BUG)]


def usage_lines(error: typer.TyperException) -> list[str]:
    """Return a mistyped command line in two lines, with what was probably meant.

    Read by attributes, since typer keeps the classes of its parser to itself.
    """
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "cass-snapshot"
    name = path.rpartition(" ")[2]
    option = getattr(error, "option_name", None)
    message = error.format_message().replace("Value error, ", "")
    if option is not None and message.startswith("No such option"):
        message = _no_option(option, name, context)
    elif message.startswith("No such command"):
        message = _no_command(message, context)
    more = f"{path} -h shows what there is"
    return [message.splitlines()[0], f"  {more}{f'exit {Exit.USAGE}':>{WIDTH - len(more) - 2}}"]


def _no_option(option: str, name: str, context: Any) -> str:  # noqa: ANN401  a context of typer's parser
    if option in LATER_OPTIONS:
        return f"No option {option} for {name} in this version."
    known = [name for parameter in context.command.params for name in parameter.opts]
    return f"No option {option} for {name}.{_meant(option, known)}"


def _no_command(message: str, context: Any) -> str:  # noqa: ANN401  as above
    typed = message.split("'")[1]
    if typed in LATER_COMMANDS:
        return f"No command {typed} in this version."
    return f"No command {typed}.{_meant(typed, context.command.commands)}"


def _meant(word: str, known: Any) -> str:  # noqa: ANN401  names in a list or as keys
    near = get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _code(code: Exit) -> str:
    return f"{f'exit {code}':>{WIDTH}}"
