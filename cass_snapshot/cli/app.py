"""The commands, each in a file of its own, and what happens to whatever they raise."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from cass_snapshot.cli.doctor import doctor
from cass_snapshot.cli.find_missing import find_missing
from cass_snapshot.cli.options import Version, flattened
from cass_snapshot.cli.plan import plan
from cass_snapshot.cli.replay_wal import replay_wal
from cass_snapshot.cli.run import run
from cass_snapshot.cli.status import status
from cass_snapshot.cli.wal import commands as wal
from cass_snapshot.errors import SnapshotError
from cass_snapshot.exits import exit_code_for

NAME = "cass-snapshot"
START = """Copy Cassandra tables into MySQL: complete, resumable, verified.

\b
Start here:   cass-snapshot doctor   check both databases, change nothing
              cass-snapshot plan     show what run would do, write nothing
              cass-snapshot run      copy; run it again to continue

\b
Each takes:   KEYSPACE.TABLE --from cassandra://HOST[:PORT] \\
                --to mysql://USER@HOST[:PORT]/DATABASE
              or finds them in ./cass-snapshot.toml

\b
Passwords:    in CASS_SNAPSHOT_CASSANDRA__PASSWORD, CASS_SNAPSHOT_MYSQL__PASSWORD,
              or in files named by the same with _FILE
"""

app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    suggest_commands=False,
)
app.command("plan", rich_help_panel="Snapshot")(flattened(plan))
app.command("run", rich_help_panel="Snapshot")(flattened(run))
app.command("replay-wal", rich_help_panel="Recover")(flattened(replay_wal))
app.add_typer(wal(), name="wal", rich_help_panel="Recover")
app.command("find-missing", rich_help_panel="Verify")(flattened(find_missing))
app.command("status", rich_help_panel="Watch")(flattened(status))
app.command("doctor", rich_help_panel="Set up")(flattened(doctor))


@app.callback(help=START.replace("[", "\\["))
def start(version: Version = False) -> None:
    """Hold the options that stand before any command."""


def invocation(typed: Sequence[str]) -> tuple[str, ...]:
    """Return the command line as an operator would type it; commands find it in their context."""
    return (NAME, *typed)


def main(typed: Sequence[str]) -> int:
    """Run a command line and return its exit code; whatever went wrong is on standard error.

    An empty one shows the help.
    """
    try:
        code = app(
            args=list(typed) or ["--help"],
            standalone_mode=False,
            prog_name=NAME,
            obj=invocation(typed),
        )
    except SnapshotError as error:
        from cass_snapshot.cli.failures import error_lines  # late: seldom needed

        return _say(error_lines(error), error)
    except typer.TyperException as error:
        from cass_snapshot.cli.failures import usage_lines  # late, as above

        _write(usage_lines(error))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _say(["interrupted before anything was started"], KeyboardInterrupt())
    except Exception as error:  # noqa: BLE001  the last place where a bug can be named
        from cass_snapshot.cli.failures import bug_lines  # late, as above

        return _say(bug_lines(error), error)
    return int(code or 0)


def _say(lines: Sequence[str], error: BaseException) -> int:
    _write(lines)
    return exit_code_for(error)


def _write(lines: Sequence[str]) -> None:
    try:
        sys.stderr.write("\n".join(lines) + "\n")
    except OSError:  # nobody is there to read it; the exit code says it
        return
