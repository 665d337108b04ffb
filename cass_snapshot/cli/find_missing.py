"""``find-missing``: the keys that Cassandra has and MySQL lacks, as they are found."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from cass_snapshot.cli.commands import commands_from
from cass_snapshot.cli.figures import columns, plural
from cass_snapshot.cli.loading import load_settings
from cass_snapshot.cli.options import OUTPUT, Both, Common
from cass_snapshot.errors import UsageError

if TYPE_CHECKING:
    from cass_snapshot.snapshot.reports import MissingKey, MissingReport

NEEDS = ("cassandra.contact_points", "mysql.host", "mysql.database", "tables")
SAMPLES_MAX = 10
RANGES_MAX = 10


def find_missing(
    context: typer.Context,
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEYSPACE.TABLE", help="Which tables; otherwise those of the file."),
    ] = None,
    *,
    both: Both,
    write_csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the keys there; ten of them are still shown.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    common: Common,
) -> None:
    """Compare Cassandra with MySQL; list what is missing."""
    settings = load_settings(common, from_=both.from_, to=both.to, tables=tables or (), needs=NEEDS)
    # late: the drivers take longer to import than --help may take
    from cass_snapshot.cli.console import say, say_json
    from cass_snapshot.snapshot.missing import find_missing as compare

    commands = commands_from(context.obj or ("cass-snapshot", "find-missing"))
    with ExitStack() as files:
        found = Found(common, _open(write_csv, files) if write_csv else None)
        report = compare(
            settings, tables=settings.tables, on_missing=found, copy_command=commands.copy
        )
    if common.output == "json":
        say_json(report)
    elif not common.quiet or report.exit_code:
        say(missing_lines(report, found, write_csv, commands.afresh), common.color)
    raise typer.Exit(report.exit_code)


class Found:
    """Takes the missing keys one by one: counts them by range, shows and writes them."""

    def __init__(self, common: Common, csv_file: TextIO | None) -> None:
        self.by_range: Counter[tuple[str, int]] = Counter()
        self._json = common.output == "json"
        shown_max = SAMPLES_MAX if csv_file is not None else None
        self._shown_max = 0 if common.quiet and not self._json else shown_max
        self._csv = csv.writer(csv_file) if csv_file is not None else None
        if self._csv is not None:
            self._csv.writerow(["table", "range", "token", "key"])

    def __call__(self, key: MissingKey) -> None:
        """Take one key."""
        if self._shown_max is None or self.by_range.total() < self._shown_max:
            sys.stdout.write(json_line(key) if self._json else text_line(key))
        if self._csv is not None:
            self._csv.writerow([key.table, key.range, key.token, _json_key(key)])
        self.by_range[key.table, key.range] += 1


def text_line(key: MissingKey) -> str:
    """Return a key for people; what a terminal might obey is escaped."""
    parts = (f"{column}={_printable(text)}" for column, text in key.key)
    return f"missing {key.table}  range {key.range}  token {key.token}  {' '.join(parts)}\n"


def json_line(key: MissingKey) -> str:
    """Return a key for machines; the token as text, since many of them read numbers as floats."""
    record = {"table": key.table, "range": key.range, "token": str(key.token), "key": dict(key.key)}
    return json.dumps(record, ensure_ascii=False) + "\n"


def missing_lines(
    report: MissingReport, found: Found, write_csv: Path | None, afresh: str
) -> list[str]:
    """Return the closing lines: per table, the ranges that lack most, the command that helps."""
    missing = sum(table.missing for table in report.tables)
    seen = sum(table.source_rows_seen for table in report.tables)
    first = f"missing: {missing:,} of {plural(seen, 'row')}"
    rows = [["table", "cassandra", "missing", "ranges", "with missing"]]
    rows += [
        [
            table.table,
            f"{table.source_rows_seen:,}",
            f"{table.missing:,}",
            f"{table.ranges_total:,}",
            f"{table.ranges_with_missing:,}",
        ]
        for table in report.tables
    ]
    lines = [first, "", *(f"  {line}" for line in columns(rows))]
    for (table, number), count in found.by_range.most_common(RANGES_MAX):
        lines.append(f"  {table} range {number}: {plural(count, 'row')}")
    if len(found.by_range) > RANGES_MAX:
        lines.append(f"  and {plural(len(found.by_range) - RANGES_MAX, 'range')} more")
    if write_csv is not None:
        lines.append(f"  keys     {write_csv}")
    if missing:
        lines.append(f"  afresh   {afresh}")
        lines.append(f"{f'exit {report.exit_code}':>80}")
    return lines


def _open(path: Path, files: ExitStack) -> TextIO:
    """Open the CSV file for its owner alone: keys are customers' data."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}",
            where="--write-csv",
            why=error.strerror or str(error),
            fix="name a file in a folder that exists",
        ) from error
    return files.enter_context(os.fdopen(descriptor, "w", encoding="utf-8", newline=""))


def _json_key(key: MissingKey) -> str:
    return json.dumps(dict(key.key), ensure_ascii=False)


def _printable(text: str) -> str:
    return text if text.isprintable() and " " not in text else json.dumps(text)
