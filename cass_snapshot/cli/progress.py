"""How a run stands, as lines of text at a given width. Pure; ``bar.py`` puts them on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cass_snapshot.cli.figures import latency, plural, roughly, wal_size
from cass_snapshot.snapshot.status import Phase, RunStatus, TableStatus

LABEL = 8
BAR_MAX = 42
TABLES_MAX = 12
"""More bars than this do not fit on a terminal; the others are counted in one line."""
_BLOCKS = {False: ("█", "░"), True: ("#", "-")}


def short_id(run_id: str) -> str:
    """Return the part of a run's id that people type: ``k3f9``."""
    return run_id.rpartition("-")[2]


def percent(done: float, total: int) -> float:
    """Return how much is done, and 100 only where nothing is left."""
    return 100 * done / total if total else 0.0


def bar(done: float, total: int, width: int, *, ascii_only: bool) -> str:
    """Return a bar; full only where everything is done."""
    full, empty = _BLOCKS[ascii_only]
    filled = int(width * done / total) if total else 0
    return full * filled + empty * (width - filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What the lines are written on."""

    width: int = 80
    ascii_only: bool = False

    def cut(self, lines: Sequence[str]) -> list[str]:
        """Return the lines, none longer than the paper is wide."""
        return [line[: self.width] for line in lines]


def heading(status: RunStatus, config: str, paper: Paper) -> list[str]:
    """Return the lines that stand above the bars and never change."""
    done = sum(t.ranges_before for t in status.tables)
    total = sum(t.ranges_total for t in status.tables)
    continues = f"   continues: {done}/{total} ranges were applied" if status.continues else ""
    target = ", ".join(part for part in (status.target, _how(status)) if part)
    return paper.cut(
        [
            f"cass-snapshot {status.version}   run {status.run_id}{continues}",
            f"  config   {config}",
            f"  source   {status.source}",
            f"  target   {target}",
            *([f"  doctor   {status.doctor}"] if status.doctor else []),
            "",
        ]
    )


def frame(status: RunStatus, paper: Paper) -> list[str]:
    """Return the lines that change."""
    tables = status.tables
    return paper.cut(
        [
            *(_one_table(status, tables[0], paper) if len(tables) == 1 else ()),
            *(_many_tables(tables, paper) if len(tables) > 1 else ()),
            *(_figures(status) if tables else ()),
            *_rejected(tables),
            *_failures(tables),
            f"  {'state':<{LABEL}}{state(status)}",
        ]
    )


def state(status: RunStatus) -> str:
    """Return what the run is doing, and why where it waits."""
    if status.waiting:
        return f"waiting: {status.waiting}"
    if status.phase is Phase.STOPPING:
        return "stopping after the present batches; Ctrl-C again ends at once, safely"
    if status.phase is Phase.VERIFYING:
        done = sum(t.ranges_verified for t in status.tables)
        return f"counting both sides: {done}/{sum(t.ranges_total for t in status.tables)} ranges"
    if status.phase is Phase.ENDED:
        return status.reason or status.exit_name or "ended"
    if status.capture_only and status.phase is Phase.COPYING:
        return "capturing; nothing is applied"
    windows = [step for table in status.tables if (step := window_step(table))]
    return f"{status.phase.value} in key order: {windows[0]}" if windows else status.phase.value


def window_step(table: TableStatus) -> str:
    """Return what is done with the window of a table: ``loading slice 3 of 16``, empty for none."""
    window = table.window
    if window is None:
        return ""
    step = {
        "gathering": "reading into the WAL",
        "cutting": "cutting the keys into slices",
        "loading": f"{window.slices_loaded} of {window.slices} slices written",
        "advancing": "moving the checkpoints",
    }[window.step]
    return step if window.number == 1 else f"window {window.number}, {step}"


def _how(status: RunStatus) -> str:
    """Return how rows reach the target, where all tables agree."""
    ways = {table.how for table in status.tables}
    return ways.pop() if len(ways) == 1 else ""


def _one_table(status: RunStatus, table: TableStatus, paper: Paper) -> list[str]:
    eta = f"   ETA {roughly(status.eta_s)}" if status.eta_s is not None else ""
    return [f"  {table.table}", f"  {'ranges':<{LABEL}}{_bar_and_figures(table, paper)}{eta}"]


def _many_tables(tables: Sequence[TableStatus], paper: Paper) -> list[str]:
    """Return a line per table, the moving ones first where there are too many."""
    shown = tables
    if len(tables) > TABLES_MAX:
        moving = [t for t in tables if t.ranges_running or 0 < t.ranges_through < t.ranges_total]
        shown = (moving or tables)[:TABLES_MAX]
    names = max(len(table.table) for table in shown)
    lines = [
        f"  {table.table:<{names}}  {_bar_and_figures(table, paper, names)}" for table in shown
    ]
    if len(shown) < len(tables):
        done = sum(t.ranges_through == t.ranges_total for t in tables)
        lines.append(f"  {done} of {len(tables)} tables are copied")
    return lines


def _bar_and_figures(table: TableStatus, paper: Paper, names: int = LABEL) -> str:
    total = str(table.ranges_total)
    numbers = f"{table.ranges_through:>{len(total)}}/{total}"
    share = f"{percent(table.ranges_through, table.ranges_total):3.0f} %"
    if table.ranges_through < table.ranges_total:
        share = f"{min(99, int(percent(table.ranges_worth, table.ranges_total))):3} %"
    room = paper.width - names - len(numbers) - len(share) - 24
    width = max(8, min(BAR_MAX, room))
    drawn = bar(table.ranges_worth, table.ranges_total, width, ascii_only=paper.ascii_only)
    return f"{drawn}  {numbers}  {share}"


def _figures(status: RunStatus) -> list[str]:
    tables = status.tables
    read, applied = (sum(t.rows_read for t in tables), sum(t.rows_applied for t in tables))
    source, target = status.source_latency, status.target_latency
    retries = sum(t.retries for t in tables)
    wal = wal_size(sum(t.wal_bytes for t in tables), sum(t.wal_segments for t in tables))
    restarts = f"   {plural(status.worker_restarts, 'restart')}" if status.worker_restarts else ""
    eta = len(tables) > 1 and status.eta_s is not None
    rows = {
        "rows": f"{read:,} read   {applied:,} applied   {status.rows_per_s:,.0f} rows/s"
        + (f"   ETA {roughly(status.eta_s or 0)}" if eta else ""),
        "wait": f"source p50 {latency(source.p50_ms)}  p99 {latency(source.p99_ms)}"
        f"     target p50 {latency(target.p50_ms)}  p99 {latency(target.p99_ms)}",
        "wal": f"{wal}   {plural(status.workers, 'worker')}   {plural(retries, 'retry')}{restarts}",
    }
    return [f"  {label:<{LABEL}}{text}" for label, text in rows.items()]


def _rejected(tables: Sequence[TableStatus]) -> list[str]:
    rows = sum(table.rows_rejected for table in tables)
    return [f"  {'aside':<{LABEL}}{plural(rows, 'row')} rejected"] if rows else []


def _failures(tables: Sequence[TableStatus]) -> list[str]:
    failures = [failure for table in tables for failure in table.failures]
    if not failures:
        return []
    last = failures[-1]
    text = f"{plural(len(failures), 'range')}; the last: range {last.range}, {last.why}"
    return [f"  {'failed':<{LABEL}}{text}"]
