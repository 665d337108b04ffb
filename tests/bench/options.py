"""The command line of ``bin/bench``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.bench.peers import PEERS
from tests.bench.servers import REDO_LOG
from tests.bench.shapes import SHAPES

BUFFER_POOL = "2G"
CLIFF_BUFFER_POOL = "128M"
CLIFF_REDO_LOG = "100M"
"""With the two above: MySQL as it comes."""
CLIFF_ROWS = 6_000_000
SCALING_ROWS = 10_000_000
DOCS = Path("docs")

Mode = Literal["race", "cliff", "scaling"]

_EPILOG = """\
Peers: {peers}, or all (the default).
The servers are bench's own stack (bin/stack ... --name bench): started here, ended here, its data
kept for the next time; bin/stack down --name bench removes it. Nothing else should run meanwhile.
Exit code: 0 good · 1 a peer failed, or cells differ · 2 usage.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for."""

    mode: Mode
    peers: tuple[str, ...]
    table: str
    rows: int
    times: int
    workers: int
    buffer_pool: str
    binlog: bool
    redo_log: str
    as_json: bool
    docs: Path


def cores() -> int:
    """Return how many cores this process and the servers share."""
    return len(os.sched_getaffinity(0))


def parse(argv: Sequence[str] | None = None) -> Options:
    """Return the options; ends the process where they are wrong."""
    parser = _parser()
    given = parser.parse_args(argv)
    mode: Mode = "cliff" if given.cliff else "scaling" if given.scaling else "race"
    table = SHAPES[given.table]
    rows = {"race": table.rows, "cliff": CLIFF_ROWS, "scaling": SCALING_ROWS}[mode]
    return Options(
        mode=mode,
        peers=given.peers,
        table=given.table,
        rows=given.rows or rows,
        times=given.times,
        workers=given.workers,
        buffer_pool=given.buffer_pool or (CLIFF_BUFFER_POOL if mode == "cliff" else BUFFER_POOL),
        binlog=given.binlog == "on" if given.binlog else mode == "cliff",
        redo_log=CLIFF_REDO_LOG if mode == "cliff" else REDO_LOG,
        as_json=given.output == "json",
        docs=given.docs,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/bench",
        description="Race the copy against its peers on real servers, in one go.",
        epilog=_EPILOG.format(peers=", ".join(PEERS)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--cliff",
        action="store_true",
        help="instead: both orders with MySQL as it comes, rate by sixth of the table",
    )
    mode.add_argument(
        "--scaling",
        action="store_true",
        help="instead: cost per row by size and by workers, written to docs/speed.*",
    )
    add = parser.add_argument
    add("--peers", type=_peers, default=tuple(PEERS), metavar="A,B,...", help="who takes part")
    add("--table", choices=tuple(SHAPES), default="wide", help="which kind (default: %(default)s)")
    add("--rows", type=_positive, help="default: the table's own (wide: 2,000,000)")
    add("--times", type=_positive, default=2, help="turns of each peer (default: %(default)s)")
    add("--workers", type=_positive, default=cores(), help="processes of a peer (default: cores)")
    add("--buffer-pool", metavar="SIZE", help="InnoDB's (default: 2G; 128M for --cliff)")
    add("--binlog", choices=("on", "off"), help="MySQL's (default: off; on for --cliff)")
    add("--output", choices=("text", "json"), default="text")
    add("--docs", type=Path, default=DOCS, metavar="DIR", help="where --scaling writes")
    return parser


def _peers(text: str) -> tuple[str, ...]:
    names = tuple(PEERS) if text == "all" else tuple(dict.fromkeys(text.split(",")))
    if unknown := [name for name in names if name not in PEERS]:
        raise argparse.ArgumentTypeError(f"no such peer: {', '.join(unknown)}")
    return names


def _positive(text: str) -> int:
    if not text.replace("_", "").isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"a number from 1: {text!r}")
    return int(text)
