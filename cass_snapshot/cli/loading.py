"""From what was typed to settings, and to the log that they ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cass_snapshot.cli.address import Address, parse_from, parse_to
from cass_snapshot.cli.options import Common
from cass_snapshot.errors import UsageError

if TYPE_CHECKING:
    from cass_snapshot.settings import LogSettings, Settings


def load_settings(
    common: Common,
    *,
    from_: str | None = None,
    to: str | None = None,
    flags: Mapping[str, tuple[str, object]] | None = None,
    tables: Sequence[str] = (),
    needs: Sequence[str] = (),
) -> Settings:
    """Return the settings of a command and start its log.

    ``flags`` gives the option and its value for each key like ``run.workers``; a value of None was
    not typed.

    Raises:
        UsageError: something about a flag, a variable, the file or the log's file is wrong.
    """
    # late: pydantic takes longer to import than --help may take
    from cass_snapshot.config import CommandLine, Flag, load
    from cass_snapshot.settings import LogSettings

    source = parse_from(from_) if from_ is not None else Address()
    target = parse_to(to) if to is not None else Address()
    given = {key: Flag(value=value, option="--from") for key, value in source.keys.items()}
    given |= {key: Flag(value=value, option="--to") for key, value in target.keys.items()}
    typed = {"run.directory": ("--run-dir", common.run_dir)} | dict(flags or {})
    given |= {
        key: Flag(value=value, option=option)
        for key, (option, value) in typed.items()
        if value is not None
    }
    log = LogSettings(file=common.log_file, format=common.log_format, drivers=common.verbose > 1)
    line = CommandLine(
        config=common.config, flags=given, tables=tables, target_table=target.table, log=log
    )
    settings = load(line, needs)
    _start_log(common, log)
    return settings


def _start_log(common: Common, log: LogSettings) -> None:
    from cass_snapshot import logs  # late, as above

    logs.to_terminal(common.verbose, quiet=common.quiet)
    if log.file is None:
        return
    try:
        logs.to_file(log.file, log)
    except OSError as error:
        raise UsageError(
            f"cannot write the log file {log.file}",
            where="--log-file",
            why=error.strerror or str(error),
            fix="name a file in a folder that exists",
        ) from error
