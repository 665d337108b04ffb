"""What a run says at its end: how it ended, what it took, what both sides hold, what to type next.

Pure: from the final record to lines of text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap

from cass_snapshot.cli.commands import Commands
from cass_snapshot.cli.figures import clock, columns, ends_apart, plural, span, wal_size
from cass_snapshot.cli.progress import short_id
from cass_snapshot.cli.rejected import besides_lines, rejected_lines, rejected_rows
from cass_snapshot.exits import Exit
from cass_snapshot.settings.retention import APPLIED, KEEP
from cass_snapshot.snapshot.status import Counts, FaultCount, RangeFailure, RunStatus, TableStatus

LABEL = 9
DIFFERING_MAX = 10
"""More than these are in find-missing's business."""
REASONS_MAX = 10

_WORDS = {
    Exit.OK: ("done", "bold green"),
    Exit.PARTIAL: ("partial", "bold yellow"),
    Exit.DIFFERS: ("differs", "bold red"),
    Exit.LIMIT: ("stopped", "bold yellow"),
    Exit.UNAVAILABLE: ("unavailable", "bold red"),
    Exit.LOCKED: ("locked", "bold yellow"),
    Exit.STATE: ("state", "bold red"),
    Exit.SIGINT: ("stopped", "bold yellow"),
    Exit.SIGTERM: ("stopped", "bold yellow"),
}
_DETAILS = re.compile(r"; (where|why|fix): ")
"""What stands beside an error in its own words; see ``SnapshotError``."""
_CONTINUES = frozenset({Exit.LIMIT, Exit.UNAVAILABLE, Exit.SIGINT, Exit.SIGTERM})


def word_and_style(status: RunStatus) -> tuple[str, str]:
    """Return the word that a summary begins with, and its colour."""
    word, style = _WORDS.get(Exit(status.exit_code or 0), ("failed", "bold red"))
    return ("captured" if status.capture_only and not status.exit_code else word), style


def summary(status: RunStatus, commands: Commands, width: int = 80) -> list[str]:
    """Return the closing summary of a run that has ended."""
    code = status.exit_code or 0
    return [
        _first_line(status, width),
        *_reason(status, width),
        "",
        *_steps(status),
        *_counts(status.tables),
        *_ways(status.tables, width),
        *_odds(status),
        *besides_lines(status.tables, width),
        *_failures(status.tables, width),
        *rejected_lines(status.tables, width),
        "",
        *(_apply(status, commands) or _next(status, commands, code)),
        *([f"{f'exit {code}':>{width}}"] if code else []),
    ]


def _first_line(status: RunStatus, width: int) -> str:
    word, _ = word_and_style(status)
    tables = status.tables
    done, total = sum(t.ranges_through for t in tables), sum(t.ranges_total for t in tables)
    parts = [
        tables[0].table if len(tables) == 1 else plural(len(tables), "table"),
        f"{done}/{total} ranges",
        "nothing applied" if status.capture_only else _verdict(tables, done == total),
        f"{plural(rejected_rows(tables), 'row')} rejected" if rejected_rows(tables) else "",
    ]
    text = f"{word}: {', '.join(part for part in parts if part)}"
    return ends_apart(text, span(status.elapsed_s), width)


def _verdict(tables: Sequence[TableStatus], complete: bool) -> str:
    counts = [table.counts for table in tables if table.counts is not None]
    if len(counts) < len(tables):
        return "not counted" if complete else ""
    missing, extra = sum(c.missing for c in counts), sum(c.extra for c in counts)
    if missing or extra:
        found = [(missing, "missing"), (extra, "extra")]
        return ", ".join(f"{number:,} {word}" for number, word in found if number)
    return "" if rejected_rows(tables) else "counted equal"


def _reason(status: RunStatus, width: int) -> list[str]:
    if not status.reason or status.exit_code == Exit.OK:
        return []
    what, *details = _DETAILS.split(status.reason)
    told = [("error" if details else "why", what), *zip(details[::2], details[1::2], strict=True)]
    return [line for label, text in told for line in _wrapped(label, text, width)]


def _steps(status: RunStatus) -> list[str]:
    rows = [["step", "wall", "rows", "rate", "workers"]]
    copied = sum(t.rows_applied - t.rows_before + t.rows_captured for t in status.tables)
    if status.copy_s:
        rate = f"{copied / status.copy_s:,.0f} rows/s"
        step = "capture" if status.capture_only else "copy"
        rows.append([step, clock(status.copy_s), f"{copied:,}", rate, str(status.workers)])
    if status.verify_s:
        counted = sum(t.counts.source_rows for t in status.tables if t.counts is not None)
        rate = f"{counted / status.verify_s:,.0f} rows/s" if counted else ""
        shown = f"{counted:,}" if counted else ""
        rows.append(["verify", clock(status.verify_s), shown, rate, ""])
    if len(rows) == 1:
        return []
    return [*(f"  {line}" for line in columns(rows)), ""]


def _ways(tables: Sequence[TableStatus], width: int) -> list[str]:
    """Return how rows were written, table by table where they differ."""
    ways = {table.how for table in tables if table.how}
    told = [f"by {how}" for how in ways]
    if len(ways) > 1:
        told = [f"{table.table} by {table.how}" for table in tables if table.how]
    return [line for text in told for line in _wrapped("written", text, width)]


def _counts(tables: Sequence[TableStatus]) -> list[str]:
    """Return both sides' counts per table, and the first ranges in which they differ."""
    counted = [(table, table.counts) for table in tables if table.counts is not None]
    if not counted:
        return []
    rows = [["table", "cassandra", "mysql", "diff", ""]]
    rows += [[table.table, *_count_cells(counts)] for table, counts in counted]
    differing = [(table, r) for table, counts in counted for r in counts.differing]
    lines = [f"  {line}" for line in columns(rows)]
    lines += [
        f"  {table.table} {r.range}: cassandra {r.source_rows:,}, mysql {r.target_rows:,}"
        for table, r in differing[:DIFFERING_MAX]
    ]
    if len(differing) > DIFFERING_MAX:
        lines.append(f"  and {plural(len(differing) - DIFFERING_MAX, 'range')} more")
    return [*lines, ""]


def _count_cells(counts: Counts) -> list[str]:
    source, target = counts.source_rows, counts.target_rows
    return [f"{source:,}", f"{target:,}", f"{source - target:,}", counts.status]


def _odds(status: RunStatus) -> list[str]:
    tables = status.tables
    parts = [f"retried {plural(sum(t.retries for t in tables), 'time')}"]
    if status.worker_restarts:
        parts.append(f"{plural(status.worker_restarts, 'worker')} replaced")
    before = sum(t.rows_before for t in tables)
    if status.continues:
        parts.append(f"{before:,} rows were there from earlier")
    wal, segments = sum(t.wal_bytes for t in tables), sum(t.wal_segments for t in tables)
    kept = {
        KEEP: "kept",
        APPLIED: "what was applied is removed, the rest kept",
    }.get(status.wal_retention, f"kept for {status.wal_retention} after success,")
    return [
        f"  {'    '.join(parts)}",
        *_faults(status.faults),
        _labelled("wal", wal_size(wal, segments)),
        _labelled("", f"{kept} in {status.run_dir}/wal"),
    ]


def _faults(faults: Sequence[FaultCount]) -> list[str]:
    """Return what was tried again, by kind and side; nothing where nothing was."""
    lines: list[str] = []
    for side in ("source", "target", "disk"):
        met = [f"{one.fault} {one.times:,}" for one in faults if one.side == side]
        lines += [_labelled("" if lines else "faults", f"{side}: {', '.join(met)}")] if met else []
    return lines


def _failures(tables: Sequence[TableStatus], width: int) -> list[str]:
    """Return the failed ranges, those with the same reason together."""
    groups: dict[tuple[str, str, bool], list[RangeFailure]] = {}
    for table in tables:
        for failure in table.failures:
            groups.setdefault((table.table, failure.why, failure.retryable), []).append(failure)
    lines = []
    for (table_name, why, retryable), failures in list(groups.items())[:REASONS_MAX]:
        numbers = ", ".join(str(failure.range) for failure in failures)
        attempts = plural(max(failure.attempts for failure in failures), "attempt")
        fate = "" if retryable else "; the same again would fail the same"
        text = f"range {numbers}: {why}, {attempts}{fate}"
        start = f"  {plural(len(failures), 'range')} of {table_name}   "
        lines += wrap(text, width, initial_indent=start, subsequent_indent=" " * 6)
    if len(groups) > REASONS_MAX:
        lines.append(f"  and {plural(len(groups) - REASONS_MAX, 'reason')} more in run.log")
    return ["", *lines] if lines else []


def _apply(status: RunStatus, commands: Commands) -> list[str]:
    """Return what to do with a WAL that is whole, and of which nothing was applied."""
    whole = all(t.ranges_through == t.ranges_total for t in status.tables)
    if not status.capture_only or not whole or status.exit_code not in (Exit.OK, Exit.PARTIAL):
        return []
    note = "writes to MySQL what was captured; needs no Cassandra"
    run = short_id(status.run_id)
    return [_labelled("apply", f"{commands.apply} {run}"), _labelled("", note)]


def _next(status: RunStatus, commands: Commands, code: int) -> list[str]:
    """Return the commands that make sense now, each on a line of its own to copy."""
    failed = sum(len(table.failures) for table in status.tables)
    run = short_id(status.run_id)
    if code == Exit.OK:
        return [_labelled("next", f"{commands.status} {run}")]
    mend = []
    aside = rejected_rows(status.tables) and not status.capture_only
    if aside and code in (Exit.PARTIAL, Exit.LIMIT):
        note = "tries the rejected rows again, once the target was mended"
        mend = [_labelled("mend", f"{commands.mend} {run}"), _labelled("", note)]
    if code == Exit.PARTIAL and failed:
        note = f"reads the {plural(failed, 'range')} again, keeps the rest"
        return [*mend, _labelled("again", commands.again), _labelled("", note)]
    if code == Exit.PARTIAL and mend:
        note = "then counts again, and ends the run"
        return [*mend, _labelled("again", commands.again), _labelled("", note)]
    if code == Exit.DIFFERS:
        return [
            _labelled("which", commands.find_missing),
            _labelled("afresh", commands.afresh),
        ]
    if code in _CONTINUES:
        note = "the same command continues"
        return [*mend, _labelled("again", commands.again), _labelled("", note)]
    return [_labelled("log", f"{status.run_dir}/run.log")]


def _wrapped(label: str, text: str, width: int) -> list[str]:
    indent = " " * (2 + LABEL)
    return wrap(text, width, initial_indent=_labelled(label, ""), subsequent_indent=indent)


def _labelled(label: str, text: str) -> str:
    return f"  {label:<{LABEL}}{text}"
