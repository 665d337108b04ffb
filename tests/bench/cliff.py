"""The rate when a table outgrows MySQL's memory: both orders, sixth by sixth of the table.

MySQL runs as it comes. Token order is stopped after its third sixth, because it would take hours.
What is measured is the applying alone, by the rows that ``status.json`` says are in: in key order
nothing reaches MySQL while a window is captured.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from tests.bench import machine, target
from tests.bench.contest import Contest, say
from tests.bench.options import Options
from tests.bench.race import Command, started
from tests.bench.servers import Servers
from tests.bench.shapes import SHAPES

SECTIONS = 6
TOKEN_SECTIONS = 3
LOOK_EVERY_S = 0.25
Sample = tuple[float, int]
"""When, and how many rows were in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One order's course: rows a second in each section, and whether every row is in."""

    order: str
    rates: Sequence[float]
    rows: int


def rates(samples: Sequence[Sample], section: int) -> list[float]:
    """Return the rows a second of each whole section, by straight lines between the samples."""
    began = next((at for (at, _), (_, rows) in pairwise(samples) if rows), None)
    if began is None:
        return []
    reached = [began]
    for (at, rows), (then, more) in pairwise(samples):
        while rows < section * len(reached) <= more:
            share = (section * len(reached) - rows) / (more - rows)
            reached.append(at + share * (then - at))
    return [section / (then - at) for at, then in pairwise(reached) if then > at]


def look(folder: Path) -> Sample:
    """Return what the run in a folder says of itself, by its own clock."""
    for path in folder.glob("runs/*/status.json"):
        status = json.loads(path.read_text(encoding="utf-8"))
        rows = sum(int(table["rows_applied"]) for table in status["tables"])
        return float(status["elapsed_s"]), rows
    return 0.0, 0


def watch(
    process: subprocess.Popen[str], folder: Path, until: int, limit_s: float
) -> Iterator[Sample]:
    """Yield how many rows are in, until the program ends or so many are, or time is over."""
    deadline = time.monotonic() + limit_s
    sample = look(folder)
    while process.poll() is None and sample[1] < until and time.monotonic() < deadline:
        yield sample
        time.sleep(LOOK_EVERY_S)
        sample = look(folder)
    yield look(folder)


def _course(contest: Contest, order: str, rows: int, sections: int) -> Course:
    say(f"{order} order ...")
    section = rows // SECTIONS
    whole = sections == SECTIONS
    with contest.at_start(order) as command:
        until = rows + 1 if whole else section * sections
        samples = _samples(command, until)
    course = Course(order=order, rates=rates(samples, section), rows=samples[-1][1])
    if whole and target.count(contest.servers, contest.table) != rows:
        raise SystemExit(f"bench: not all of {rows:,} rows are in the target")
    return course


def _samples(command: Command, until: int) -> list[Sample]:
    with started(command) as process:
        samples = list(watch(process, command.folder, until, command.limit_s))
        if process.returncode:
            output, _ = process.communicate()
            raise SystemExit(f"bench: the copy ended with {process.returncode}: {output}")
        return samples


def run(servers: Servers, options: Options) -> bool:
    """Copy in both orders, print the rates, and tell whether they are as they should be."""
    contest = Contest(servers, SHAPES[options.table], options.rows, options.workers)
    contest.settle()
    key = _course(contest, "key", options.rows, SECTIONS)
    token = _course(contest, "token", options.rows, TOKEN_SECTIONS)
    facts = {"rows": f"{options.rows:,}", **machine.facts(servers, options)}
    if options.as_json:
        print(json.dumps({"facts": facts, "courses": [asdict(key), asdict(token)]}, indent=2))
    else:
        print(", ".join(f"{name} {value}" for name, value in facts.items()))
        print("\n".join(as_text(key, token, options.rows // SECTIONS)))
    return len(key.rates) == SECTIONS and len(token.rates) == TOKEN_SECTIONS


def as_text(key: Course, token: Course, section: int) -> list[str]:
    """Return a line for each order, and the two ratios that matter."""
    head = f"rows/s, each column {section:,} rows"
    lines = [f"{head:32}" + "".join(f"{place:>10}" for place in range(1, SECTIONS + 1))]
    lines += [
        f"{course.order + ' order':32}" + "".join(f"{rate:>10,.0f}" for rate in course.rates)
        for course in (key, token)
    ]
    if len(key.rates) == SECTIONS and len(token.rates) == TOKEN_SECTIONS:
        last, third = key.rates[-1], token.rates[-1]
        lines.append(f"key order, last column to first: {last / key.rates[0]:.2f}")
        lines.append(f"key order's last to token order's third: {last / third:.1f}")
    return lines
