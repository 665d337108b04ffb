"""Connections with MySQL are cut around COMMIT, and killed: nothing is lost, nothing is doubled.

A trigger notes every row that is written, in the row's own transaction: a row that was committed
twice is there twice, whatever the table's key makes of it. CASS_SNAPSHOT_TEST_SEED repeats the cuts
of a failure.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import cast

import mysql.connector
import pytest

from cass_snapshot.errors import Fault, TargetUnavailable
from cass_snapshot.model import Batch, Written
from cass_snapshot.mysql.writer import MysqlTarget
from cass_snapshot.protocols import Target
from cass_snapshot.snapshot.apply import apply
from tests.support.command import Command
from tests.support.compare import differences
from tests.support.cutting_proxy import CuttingProxy, Where
from tests.support.key_order import assert_ledger_whole
from tests.support.patient import patience
from tests.support.planned_targets import BODY, KEY, Bench, Make, make
from tests.support.servers import Place, Servers
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers
__all__ = ["make"]

CUTS = 300
KILLS = 60
ROWS_A_BATCH = 5
COMMAND_CUTS = 40
SEED = int(os.environ.get("CASS_SNAPSHOT_TEST_SEED", "0")) or random.SystemRandom().getrandbits(32)
SETTING_UP = 1
"""The first commit of a connection closes the setting of its session."""
NOTED = "INSERT INTO {db}.noted VALUES (NEW.id)"


def noting(make: Make, *, owned: bool) -> Bench:
    """Return a target whose every written row is noted."""
    bench = make([KEY, BODY], ddl="id INT PRIMARY KEY, body VARCHAR(40)", owned=owned)
    sql = bench.place.sql
    sql("CREATE TABLE {db}.noted (id INT NOT NULL)")
    for event in ("INSERT", "UPDATE"):
        name = f"{{db}}.note_{event.lower()}"
        sql(f"CREATE TRIGGER {name} AFTER {event} ON {{db}}.items FOR EACH ROW {NOTED}")
    return bench


class Told:
    """A target that counts the batches that it found to be in already."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.in_already = 0

    def write(self, batch: Batch) -> Written:
        """Write a batch."""
        written = self._target.write(batch)
        self.in_already += not written.fresh
        return written


def write_until(bench: Bench, target: Target, done: Callable[[], bool]) -> dict[int, str]:
    """Write batch after batch until something is done; return what must be in the table."""
    model: dict[int, str] = {}
    while not done():
        rows = [(n, f"row {n}") for n in range(len(model), len(model) + ROWS_A_BATCH)]
        model |= rows
        write_at_last(bench.batch(rows), target)
    return model


def write_at_last(batch: Batch, target: Target) -> None:
    """Write a batch; with new patience where it was interrupted too often, as its range is."""
    failed = False
    while True:
        try:
            ((_, written),) = apply([batch], target, patience())
        except TargetUnavailable as error:
            if error.fault is not Fault.INTERRUPTED:
                raise
            failed = True
        else:
            assert written.fresh or failed
            return


def assert_once(bench: Bench, model: dict[int, str]) -> None:
    """Compare the whole table with the model, and prove that each row was committed once."""
    assert dict(bench.rows()) == model
    noted = Counter(n for (n,) in bench.place.sql("SELECT id FROM {db}.noted"))
    assert noted == Counter(model.keys())
    ((batches, rows),) = bench.place.sql("SELECT COUNT(*), SUM(`rows`) FROM {db}.snapshot_wal")
    assert (batches, rows) == (bench.seq, len(model))
    found = bench.place.sql(
        "SELECT batch_seq, rows_read, rows_written FROM {db}.snapshot_checkpoints"
    )
    assert found == [(bench.seq, len(model), len(model))]


@pytest.mark.parametrize("owned", [True, False], ids=["LOAD DATA", "INSERT"])
def test_connections_that_are_cut_around_commit_lose_and_double_nothing(
    make: Make, owned: bool
) -> None:
    """Whether a COMMIT went through, the checkpoint alone says (I2, I3)."""
    print(f"CASS_SNAPSHOT_TEST_SEED={SEED}")
    bench = noting(make, owned=owned)
    address = bench.place.servers.endpoints.mysql
    commits = (SETTING_UP, *[SETTING_UP + 1] * 4, *[SETTING_UP + 2] * 3)
    with CuttingProxy(address.host, address.port, seed=SEED, cuts=CUTS, commits=commits) as proxy:
        bench.settings = bench.settings.model_copy(update={"host": "127.0.0.1", "port": proxy.port})
        told = Told(bench.open())
        model = write_until(bench, cast("Target", told), lambda: proxy.done)
    assert proxy.made.total() == CUTS
    assert min(proxy.made[where] for where in Where) > CUTS // 10
    assert told.in_already > CUTS // 10, "cut when the server had committed"
    assert_once(bench, model)


@contextmanager
def killing(bench: Bench, target: MysqlTarget, draw: random.Random) -> Iterator[list[int]]:
    """Kill a target's connections from a second session, at instants that a seed draws."""
    killed: list[int] = []
    over = threading.Event()
    second = Servers(bench.place.servers.endpoints)

    def kill() -> None:
        while not over.wait(draw.uniform(0.0, 0.04)):
            connection = target._connection
            if connection is None:
                continue
            with suppress(mysql.connector.Error):  # it was gone by then
                number = connection.connection_id
                second.sql(f"KILL {'QUERY ' if draw.random() < 0.2 else ''}{number}")
                killed.append(number)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()
        second.close()


@pytest.mark.parametrize("owned", [True, False], ids=["LOAD DATA", "INSERT"])
def test_connections_that_a_second_session_kills_lose_and_double_nothing(
    make: Make, owned: bool
) -> None:
    """KILL and KILL QUERY, at any instant of a transaction."""
    print(f"CASS_SNAPSHOT_TEST_SEED={SEED}")
    bench = noting(make, owned=owned)
    target = cast("MysqlTarget", bench.open())
    began = time.monotonic()
    with killing(bench, target, random.Random(SEED)) as killed:
        model = write_until(
            bench, target, lambda: len(killed) >= KILLS or time.monotonic() > began + 60
        )
    assert len(killed) >= KILLS
    assert_once(bench, model)


@pytest.mark.parametrize("order", ["token", "key"])
def test_a_command_whose_connections_are_cut_finishes(shared: Place, order: str) -> None:
    """All of it goes through the proxy: plan, lease, workers, counting; then again, if it ends."""
    print(f"CASS_SNAPSHOT_TEST_SEED={SEED}")
    address = shared.servers.endpoints.mysql
    with CuttingProxy(
        address.host, address.port, seed=SEED, cuts=COMMAND_CUTS, commits=(1, 2, 3, 5, 8, 13)
    ) as proxy:
        through = address._replace(host="127.0.0.1", port=proxy.port)
        endpoints = replace(shared.servers.endpoints, mysql=through)
        command = Command(
            replace(shared, servers=Servers(endpoints)),
            MYSQL__BATCH_ROWS_MAX="20",
            RUN__WORKERS="2",
            RUN__APPLY_ORDER=order,
            RUN__WINDOW_BYTES="64 KiB",
        )
        codes: list[int] = []
        while not codes or (codes[-1] == 7 and len(codes) < COMMAND_CUTS):
            ended = command.run("files", "--range-count", "8")
            codes.append(ended.code)
        assert ended.code == 0, f"{codes}: {ended}"
    assert proxy.made.total() > COMMAND_CUTS // 2, proxy.made
    assert differences(shared, "files") == []
    assert_ledger_whole(shared, FILES_ROWS)
