"""Where the client's CPU goes, stage by stage; run by ``bin/profile``.

One worker process of the real product copies a table of bin/bench's between its servers. By the
clock a stage also waits, so its CPU is what says where the client's share is.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from cass_snapshot.cli.app import main as command_line
from cass_snapshot.snapshot import process
from tests.bench import stages, target
from tests.bench.contest import fill_table, folder_in
from tests.bench.options import BUFFER_POOL
from tests.bench.servers import Servers, running
from tests.bench.shapes import KEYSPACE, SHAPES, Shape

ROWS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the result, in seconds."""

    name: str
    calls: int
    seconds: float
    cpu_s: float


def entries(measured: Mapping[str, Any]) -> list[Entry]:
    """Return the stages in the order of the work, then what is left of the process."""
    spent: Mapping[str, Mapping[str, Any]] = measured["spent"]
    order = list(dict.fromkeys(stage.name for stage in stages.STAGES))
    found = [Entry(name=name, **spent[name]) for name in order if name in spent]
    start = measured["start_cpu_s"]
    rest = measured["process_cpu_s"] - start - sum(entry.cpu_s for entry in found)
    return [
        *found,
        Entry(name="protocol and all else", calls=0, seconds=0.0, cpu_s=rest),
        Entry(name="start, whatever the rows", calls=1, seconds=0.0, cpu_s=start),
    ]


def as_text(measured: Mapping[str, Any], rows: int) -> str:
    """Return the table that a developer reads."""
    head = f"{'stage':32}{'calls':>8}{'CPU s':>9}{'µs/row':>9}{'clock s':>9}{'µs/row':>9}"
    lines = [
        head,
        *(
            f"{entry.name:32}{entry.calls:>8}{entry.cpu_s:>9.2f}{entry.cpu_s / rows * 1e6:>9.2f}"
            f"{entry.seconds:>9.2f}{entry.seconds / rows * 1e6:>9.2f}"
            for entry in entries(measured)
        ),
    ]
    total = measured["process_cpu_s"]
    lines.append(f"{'all of the worker':32}{'':8}{total:>9.2f}{total / rows * 1e6:>9.2f}")
    threads = ", ".join(f"{name} {cpu:.2f}" for name, cpu in sorted(measured["threads"].items()))
    lines.append(f"CPU s by thread: {threads}")
    return "\n".join(lines)


def copy(servers: Servers, shape: Shape, rows: int, order: str, folder: Path) -> None:
    """Run the product with one measured worker.

    Raises:
        SystemExit: it failed.
    """
    target.prepare(servers, shape, shape.table(rows))
    servers.await_quiet()
    command = ["run", f"{KEYSPACE}.{shape.table(rows)}", "--new", "--workers", "1", "--quiet"]
    command += ["--from", servers.source_url, "--to", servers.target_url, "--progress", "none"]
    os.environ.update(
        {
            "CASS_SNAPSHOT_RUN__APPLY_ORDER": order,
            "CASS_SNAPSHOT_VERIFY__AFTER_RUN": "false",
            "CASS_SNAPSHOT_RUN__DIRECTORY": str(folder / "runs"),
            stages.FOLDER_VARIABLE: str(folder),
        }
    )
    with mock.patch.object(process, "begin", stages.worker):
        if code := command_line(command):
            raise SystemExit(f"bin/profile: the copy ended with {code}")


def main(argv: Sequence[str] | None = None) -> int:
    """Copy and print."""
    parser = argparse.ArgumentParser(
        prog="bin/profile", description="Where the client's CPU goes, by stage of one worker."
    )
    parser.add_argument("--table", choices=tuple(SHAPES), default="wide")
    parser.add_argument("--rows", type=int, default=ROWS, help="default: %(default)s")
    parser.add_argument("--order", choices=("key", "token"), default="key")
    parser.add_argument(
        "--dump", type=Path, metavar="DIR", help="leave cProfile dumps there; they slow it down"
    )
    options = parser.parse_args(argv)
    shape = SHAPES[options.table]
    if options.dump:
        os.environ[stages.DUMP_VARIABLE] = "1"
    with running(buffer_pool=BUFFER_POOL) as servers:
        fill_table(servers, shape, options.rows)
        with folder_in(servers.folder) as folder:
            copy(servers, shape, options.rows, options.order, folder)
            (measured,) = [json.loads(path.read_text()) for path in folder.glob("*.json")]
            for path in folder.glob("*.prof") if options.dump else ():
                options.dump.mkdir(parents=True, exist_ok=True)
                (options.dump / path.name).write_bytes(path.read_bytes())
    print(f"{shape.name}, {options.rows:,} rows, {options.order} order, one worker")
    print(as_text(measured, options.rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
