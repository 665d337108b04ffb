"""Races the product against its peers; see ``bin/bench --help``."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from tests.bench import cliff, machine, report, scaling
from tests.bench.contest import Contest, install, say
from tests.bench.options import Options, cores, parse
from tests.bench.race import adopt_orphans
from tests.bench.report import Turn
from tests.bench.servers import Servers, running
from tests.bench.shapes import SHAPES


def race(servers: Servers, options: Options) -> bool:
    """Race the peers, print the report, and tell whether all is well."""
    missing = install(options.peers)
    shape = SHAPES[options.table]
    contest = Contest(servers, shape, options.rows, options.workers)
    contest.warm_up()
    turns: list[Turn] = []
    present = [name for name in options.peers if name not in missing]
    for turn in contest.run(present, options.times):
        say(f"  {turn.rows / turn.seconds:,.0f} rows/s" + (", FAILED" if turn.fault else ""))
        turns.append(turn)
    facts = {"table": shape.name, "rows": f"{options.rows:,}", **machine.facts(servers, options)}
    made = report.make(
        turns, row_bytes=shape.row_bytes, cores=cores(), missing=missing, facts=facts
    )
    print(report.as_json(made) if options.as_json else report.as_text(made))
    return made.is_good


def main() -> int:
    """Do what was asked, and return the exit code."""
    options = parse()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    adopt_orphans()
    modes = {"race": race, "cliff": cliff.run, "scaling": scaling.run}
    try:
        with running(
            buffer_pool=options.buffer_pool, binlog=options.binlog, redo_log=options.redo_log
        ) as servers:
            return 0 if modes[options.mode](servers, options) else 1
    except KeyboardInterrupt:
        say("interrupted; the servers are ended")
        return 130


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
