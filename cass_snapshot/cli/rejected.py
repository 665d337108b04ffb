"""What a summary says of rows set aside, of NULLs replaced and of what has no row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from cass_snapshot.cli.figures import plural
from cass_snapshot.snapshot.status import RejectedRows, TableStatus

REASONS_MAX = 10
INDENT = " " * 10


def rejected_rows(tables: Sequence[TableStatus]) -> int:
    """Return how many rows are set aside."""
    return sum(table.rows_rejected for table in tables)


def rejected_lines(tables: Sequence[TableStatus], width: int) -> list[str]:
    """Return why rows are set aside and where they are, table by table."""
    lines = []
    for table in tables:
        if not table.rows_rejected:
            continue
        lines += group_lines(table.table, table.rejects, width)
        lines.append(f"{INDENT}{table.rejected_file}, reasons in {_whys(table.rejected_file)}")
    return ["", *lines] if lines else []


def group_lines(table: str, groups: Sequence[RejectedRows], width: int) -> list[str]:
    """Return why rows of a table are refused, the commonest reasons first."""
    lines = []
    for group in groups[:REASONS_MAX]:
        lines += reason_lines(table, group, width)
    if len(groups) > REASONS_MAX:
        more = plural(len(groups) - REASONS_MAX, "more kind")
        lines.append(f"{INDENT}and {more}, see rejected/*.why.jsonl")
    return lines


def reason_lines(table: str, group: RejectedRows, width: int) -> list[str]:
    """Return why some rows of a table are refused, and what would help."""
    rows = f"{plural(group.rows, 'row')} of {table}"
    start = f"  {group.code:<8}"
    where = f"{rows}, column {group.column}" if group.column else rows
    known = f"error {group.error}"
    text = f"{where}: {group.why}" + ("" if known in group.why else f" (MySQL {known})")
    lines = wrap(text, width, initial_indent=start, subsequent_indent=INDENT)
    fix = wrap(
        f"fix  {group.fix}", width, initial_indent=INDENT, subsequent_indent=INDENT + " " * 5
    )
    return [*lines, *(fix if group.fix else [])]


def _whys(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".jsonl") + ".why.jsonl"


def besides_lines(tables: Sequence[TableStatus], width: int) -> list[str]:
    """Return what else a copy is not equal in: NULLs replaced, partitions without a row."""
    lines = []
    for table in tables:
        for column, count in table.replaced:
            if count:
                text = f"{table.table}: {plural(count, 'NULL')} of {column} became its replacement"
                lines += _wrapped("null", text, width)
        if table.static_only:
            partitions = plural(table.static_only, "partition")
            text = (
                f"{table.table}: {partitions} with static values alone, which have no row;"
                " a run with [[tables]] partitions = true and another target copies them"
            )
            lines += _wrapped("static", text, width)
    return lines


def _wrapped(label: str, text: str, width: int) -> list[str]:
    return wrap(text, width, initial_indent=f"  {label:<9}", subsequent_indent=" " * 11)
