"""A race: every peer in turn, several times, on the same table and the same servers."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench import target
from tests.bench.fill import fill, mark_filled
from tests.bench.peers import PEERS, Peer, Track
from tests.bench.race import Command, Cost, race
from tests.bench.report import Turn
from tests.bench.servers import Servers
from tests.bench.shapes import KEYSPACE, Shape
from tests.bench.target import Digest
from tests.support.stack import StackError

TRUTH = "load-key"
"""Loads what was made from the rows' numbers, so what it leaves in MySQL is what is right."""
WARM_UPS_MAX = 6
SETTLED = 0.95
"""A warm-up that cost Cassandra less than this share of the one before was not the last."""


def say(text: str) -> None:
    """Tell who waits what is going on."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def fill_table(servers: Servers, shape: Shape, rows: int) -> None:
    """Have a table in Cassandra with so many rows, in one file."""
    if fill(servers.cassandra, shape, rows):
        servers.compact(KEYSPACE, shape.table(rows))
        mark_filled(servers.cassandra, shape.table(rows))


@contextmanager
def folder_in(parent: Path) -> Iterator[Path]:
    """Give a turn a folder of its own, on the same disk as the servers' data."""
    folder = Path(tempfile.mkdtemp(prefix="turn-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def install(names: Sequence[str]) -> dict[str, str]:
    """Fetch what the peers need; return why those are missing that cannot be had."""
    missing = {}
    for name in names:
        try:
            PEERS[name].install()
        except (StackError, OSError) as error:
            missing[name] = str(error)
            say(f"{name} is missing: {error}")
    return missing


class Contest:
    """One table's races.

    Args:
        servers: up, and nobody else's.
        shape: which table, of how many ``rows``.
        workers: how many processes each peer gets, where it can be told.
    """

    def __init__(self, servers: Servers, shape: Shape, rows: int, workers: int) -> None:
        self.servers = servers
        self._shape = shape
        self._rows = rows
        self._workers = workers
        self._truth: Digest | None = None
        self.table = shape.table(rows)
        fill_table(servers, shape, rows)

    def warm_up(self) -> None:
        """Run what needs no peer, uncounted."""
        self._uncounted(TRUTH)
        self.settle()

    def settle(self) -> None:
        """Scan until Cassandra gets no faster.

        It compiles its code while it runs: the first scans after a start cost up to twice as much,
        and whoever came first would pay for the others.
        """
        before = float("inf")
        for _ in range(WARM_UPS_MAX):
            now = self._uncounted("scan").cassandra_cpu_s
            if now > before * SETTLED:
                return
            before = now
        say("Cassandra still gets faster; going on")

    def _uncounted(self, name: str) -> Turn:
        say(f"warming up: {PEERS[name].title} ...")
        turn = self.turn(name)
        if turn.fault:
            raise SystemExit(f"bench: {PEERS[name].title} failed: {turn.fault}")
        return turn

    def run(self, names: Sequence[str], times: int) -> Iterator[Turn]:
        """Yield every turn; a peer that failed has no further one."""
        failed: set[str] = set()
        for number in range(1, times + 1):
            for name in names:
                if name not in failed:
                    say(f"turn {number} of {times}: {PEERS[name].title} ...")
                    turn = self.turn(name)
                    if turn.fault:
                        failed.add(name)
                        say(f"{name} failed: {turn.fault}")
                    yield turn

    @contextmanager
    def at_start(self, name: str) -> Iterator[Command]:
        """Bring one peer to its start: an empty table, quiet servers, a folder of its own."""
        peer, servers = PEERS[name], self.servers
        target.prepare(servers, self._shape, self.table)
        with folder_in(servers.folder) as folder:
            track = Track(
                servers=servers,
                shape=self._shape,
                rows=self._rows,
                workers=self._workers,
                folder=folder,
            )
            command = peer.start(track)
            servers.await_quiet()
            with peer.around(servers):
                yield command

    def turn(self, name: str) -> Turn:
        """Run one peer once and look at every cell of what it did."""
        peer = PEERS[name]
        with self.at_start(name) as command:
            cost = race(command, self.servers)
        equal = None if cost.fault or not peer.copies else self._is_right(name, self.table)
        return self._turn(name, peer, cost, equal=equal)

    def _is_right(self, name: str, table: str) -> bool | None:
        """Compare a table with what is right; None while nobody knows what that is."""
        if self._truth is None and name != TRUTH:
            return None
        found = target.digest(self.servers, self._shape, table)
        self._truth = self._truth or found
        return found == self._truth and found.rows == self._rows

    def _turn(self, name: str, peer: Peer, cost: Cost, *, equal: bool | None) -> Turn:
        return Turn(
            peer=name,
            title=peer.title,
            rows=self._rows,
            seconds=cost.seconds,
            client_cpu_s=cost.client_cpu_s,
            cassandra_cpu_s=cost.servers.cassandra,
            mysql_cpu_s=cost.servers.mysql,
            memory_mib=cost.memory_mib,
            equal=equal,
            fault=cost.fault,
        )
