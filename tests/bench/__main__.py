"""Races the product against its peers: the same table, the same servers, one run, in turn.

    bin/bench [--rows N] [--times N] [--output text|json]

Every figure is of a whole process, from its start to its end. A peer's result is checked: the rows
and a checksum over every cell as MySQL holds it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import mysql.connector

from tests.bench import wide_table
from tests.support.fill import count, fill, open_cluster

DATABASE_TABLES = {
    "cass-snapshot": "wide",
    "cass-snapshot, verified": "wide",
    "naive": "wide_naive",
}
MEMORY_EVERY_S = 0.2
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One peer's run."""

    peer: str
    rows: int
    seconds: float
    cpu_s: float
    memory_mib: float

    @property
    def rows_per_s(self) -> float:
        """Return rows a second, from process start to exit."""
        return self.rows / self.seconds


def product(source: str, target: str, *, verify: bool) -> tuple[list[str], dict[str, str]]:
    """Return command and variables of the product."""
    command = [
        sys.executable,
        "-m",
        "cass_snapshot",
        "run",
        "bench.wide",
        "--new",
        "--from",
        source,
    ]
    command += ["--to", target, "--progress", "none", "--quiet"]
    return command, {"CASS_SNAPSHOT_VERIFY__AFTER_RUN": "true" if verify else "false"}


def naive(source: str, target: str) -> tuple[list[str], dict[str, str]]:
    """Return command and variables of the script that people write first."""
    return [sys.executable, "-m", "tests.bench.naive", source, target, "wide_naive"], {}


def tree(root: int) -> list[int]:
    """Return the process ids of a process and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found


def largest_mib(root: int) -> float:
    """Return the resident memory of the largest process of a tree, in MiB."""
    sizes = [0.0]
    for pid in tree(root):
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
        sizes.append(pages * PAGE / 2**20)
    return max(sizes)


def race(
    peer: str, command: list[str], variables: Mapping[str, str], rows: int, cwd: str
) -> Figure:
    """Run a peer and measure it."""
    environment = {**os.environ, **variables, "PYTHONPATH": str(Path.cwd())}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = monotonic()
    process = subprocess.Popen(command, env=environment, cwd=cwd, stdout=subprocess.PIPE, text=True)
    peak = [0.0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(MEMORY_EVERY_S):
            peak[0] = max(peak[0], largest_mib(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    seconds = monotonic() - began
    done.set()
    watcher.join()
    if process.returncode != 0:
        raise SystemExit(f"bench: {peer} ended with {process.returncode}: {output}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Figure(peer=peer, rows=rows, seconds=seconds, cpu_s=cpu, memory_mib=peak[0])


class Target:
    """The MySQL side: tables to fill, and a look at what arrived."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = mysql.connector.connect(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 3306,
            user=parts.username or "root",
            autocommit=True,
        )
        self._cursor: Any = self._connection.cursor()
        self.ask("CREATE DATABASE IF NOT EXISTS bench")
        self.ask("USE bench")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Execute a statement and return its rows."""
        self._cursor.execute(sql)
        return list(self._cursor.fetchall()) if self._cursor.with_rows else []

    def prepare(self, peer: str) -> None:
        """Give a peer an empty table."""
        table = DATABASE_TABLES[peer]
        self.ask(f"DROP TABLE IF EXISTS {table}")
        if peer == "naive":
            self.ask(wide_table.TARGET_DDL.format(name=table))

    def digest(self, peer: str) -> tuple[int, str]:
        """Return the rows of a peer's table and a checksum over all cells."""
        cells = (
            "id, name, qty, big, val, ts, flag, CAST(amount AS DECIMAL(38,4)), HEX(payload),"
            " IFNULL(note, 'NULL')"
        )
        ((count, digest),) = self.ask(
            f"SELECT COUNT(*), HEX(BIT_XOR(CAST(CONV(LEFT(SHA2(CONCAT_WS('|', {cells}), 256), 16),"
            f" 16, 10) AS UNSIGNED))) FROM {DATABASE_TABLES[peer]}"
        )
        return int(count), str(digest)


def fill_source(source: str, rows: int) -> None:
    """Fill the table unless it has these rows already."""
    parts = urlsplit(source)
    address = (parts.hostname or "127.0.0.1", parts.port or 9042)
    cluster = open_cluster(*address)
    try:
        session = cluster.connect()
        session.execute(wide_table.CREATE_KEYSPACE)
        session.execute(wide_table.CREATE_TABLE)
        if count(session, "bench.wide", "id") == rows:
            return
        session.execute("TRUNCATE bench.wide")
        print(f"filling bench.wide with {rows:,} rows ...", file=sys.stderr)
        fill(address, wide_table.INSERT, wide_table.make_row, rows)
        count(session, "bench.wide", "note")  # the first scan is a slow one
    finally:
        cluster.shutdown()


def main() -> None:
    """Fill, race, compare, print."""
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=2, help="runs of each peer, in turn")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    options = parser.parse_args()
    source = os.environ["CASS_SNAPSHOT_TEST_CASSANDRA"]
    url = os.environ["CASS_SNAPSHOT_TEST_MYSQL"].rpartition("/")[0] + "/bench"
    fill_source(source, options.rows)
    target = Target(url)
    peers: dict[str, Callable[[], tuple[list[str], dict[str, str]]]] = {
        "cass-snapshot": lambda: product(source, url, verify=False),
        "cass-snapshot, verified": lambda: product(source, url, verify=True),
        "naive": lambda: naive(source, url),
    }
    figures: list[Figure] = []
    digests: dict[str, tuple[int, str]] = {}
    with tempfile.TemporaryDirectory() as cwd:
        for turn in range(options.times):
            for peer, build in peers.items():
                target.prepare(peer)
                command, variables = build()
                print(f"turn {turn + 1}: {peer} ...", file=sys.stderr)
                figures.append(race(peer, command, variables, options.rows, cwd))
                digests[peer] = target.digest(peer)
    report(figures, digests, options.output)


def report(figures: list[Figure], digests: dict[str, tuple[int, str]], output: str) -> None:
    """Print medians, and each peer's ratio to the naive script."""
    medians = {
        peer: statistics.median(f.rows_per_s for f in figures if f.peer == peer) for peer in digests
    }
    if output == "json":
        runs = [{**asdict(f), "rows_per_s": f.rows_per_s} for f in figures]
        print(json.dumps({"runs": runs, "rows_per_s": medians, "cells": digests}, indent=2))
        return
    print(
        f"{'peer':26}{'rows/s':>10}{'to naive':>10}{'client CPU s':>14}{'MiB a process':>15}  cells"
    )
    for peer, rows_per_s in medians.items():
        mine = [f for f in figures if f.peer == peer]
        equal = "equal" if digests[peer] == digests["naive"] else "DIFFER"
        print(
            f"{peer:26}{rows_per_s:>10,.0f}{rows_per_s / medians['naive']:>10.2f}"
            f"{statistics.median(f.cpu_s for f in mine):>14.1f}"
            f"{max(f.memory_mib for f in mine):>15.0f}  {equal}"
        )


if __name__ == "__main__":
    main()
