"""What a row costs by size of the table and by workers; written into the docs, table and plot.

The product alone, in key order, without verification; a figure is the median of its turns. Rows are
counted afterwards; their cells are what the race is for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench import machine, target
from tests.bench.contest import Contest, say
from tests.bench.options import Options
from tests.bench.plot import Curve, plot
from tests.bench.report import Turn
from tests.bench.servers import Servers
from tests.bench.shapes import SHAPES, Shape

SIZES = (10_000, 100_000, 1_000_000, 2_000_000, 10_000_000)
WORKERS = (1, 2, 4)
MANY_WORKERS_ROWS = 2_000_000
"""Sizes above this are measured with the default of workers alone: they take minutes a turn."""
PEER = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One size with so many workers: the median of its turns."""

    rows: int
    workers: int
    rows_per_s: float
    us_per_row: float
    """Of time, from process start to exit."""
    cpu_us_per_row: float
    """Of CPU: client and both servers."""
    client_us_per_row: float
    memory_mib: float


def point(workers: int, turns: Sequence[Turn]) -> Point:
    """Return the medians of some turns."""
    rows = turns[0].rows
    seconds = median(turn.seconds for turn in turns)
    client = median(turn.client_cpu_s for turn in turns)
    cpu = median(t.client_cpu_s + t.cassandra_cpu_s + t.mysql_cpu_s for t in turns)
    return Point(
        rows=rows,
        workers=workers,
        rows_per_s=rows / seconds,
        us_per_row=seconds / rows * 1e6,
        cpu_us_per_row=cpu / rows * 1e6,
        client_us_per_row=client / rows * 1e6,
        memory_mib=max(turn.memory_mib for turn in turns),
    )


def sizes(rows_max: int) -> list[int]:
    """Return the sizes to measure, the largest last."""
    return [*(size for size in SIZES if size < rows_max), rows_max]


def run(servers: Servers, options: Options) -> bool:
    """Measure, write ``speed.md`` and ``speed.svg``, and tell whether all went well."""
    shape = SHAPES[options.table]
    points: list[Point] = []
    for rows in sizes(options.rows):
        workers = WORKERS if rows <= MANY_WORKERS_ROWS else (options.workers,)
        for count in workers:
            turns = _turns(servers, options, shape, rows, count)
            if any(turn.fault for turn in turns):
                say(f"{rows:,} rows, {count} workers: failed; nothing is written")
                return False
            points.append(point(count, turns))
            say(f"{rows:,} rows, {count} workers: {points[-1].us_per_row:.1f} µs a row")
    options.docs.mkdir(exist_ok=True)
    text = as_markdown(points, machine.facts(servers, options))
    (options.docs / "speed.md").write_text(text, encoding="utf-8")
    (options.docs / "speed.svg").write_text(plot(curves(points)), encoding="utf-8")
    print(text)
    return True


def _turns(servers: Servers, options: Options, shape: Shape, rows: int, workers: int) -> list[Turn]:
    contest = Contest(servers, shape, rows, workers)
    contest.settle()
    turns = list(contest.run([PEER], options.times))
    found = target.count(servers, shape.table(rows))
    if found != rows:
        raise SystemExit(f"bench: {found:,} rows of {rows:,} are in the target")
    return turns


def curves(points: Sequence[Point]) -> list[Curve]:
    """Return a curve for each number of workers."""
    numbers = sorted({p.workers for p in points})
    return [
        Curve(
            name=f"{number} worker" + ("s" if number > 1 else ""),
            points=[(p.rows, p.us_per_row) for p in points if p.workers == number],
        )
        for number in numbers
    ]


_HEAD = """\
# Speed by size and by workers

Made by `bin/bench --scaling`, never by hand. The product in key order with syncs and checkpoints
on, whole processes from start to exit, on one machine that the servers share:
{facts}.

![microseconds a row by rows of the table](speed.svg)

| rows | workers | rows/s | µs a row | CPU µs a row, all | of it the client | MiB a process |
|---:|---:|---:|---:|---:|---:|---:|
"""


def as_markdown(points: Sequence[Point], facts: Mapping[str, str]) -> str:
    """Return the page."""
    shown = {name: value for name, value in facts.items() if name != "workers"}
    head = _HEAD.format(facts=", ".join(f"{name} {value}" for name, value in shown.items()))
    return head + "".join(
        f"| {p.rows:,} | {p.workers} | {p.rows_per_s:,.0f} | {p.us_per_row:.1f}"
        f" | {p.cpu_us_per_row:.1f} | {p.client_us_per_row:.1f} | {p.memory_mib:.0f} |\n"
        for p in points
    )
