"""MySQL is killed and started five times within one run: the run goes on by itself.

CASS_SNAPSHOT_TEST_ROWS says how many rows are copied: tens of thousands by default, a million when
somebody has the time.
"""

from __future__ import annotations

import hashlib
import os
import signal

import pytest

from tests.integration.conftest import OwnServers
from tests.support.command import Command
from tests.support.key_order import assert_ledger_whole
from tests.support.servers import Place, new_keyspace

pytestmark = pytest.mark.servers

ROWS = int(os.environ.get("CASS_SNAPSHOT_TEST_ROWS", "60000"))
KILLS = 5
TOGETHER = 50
RUN_S = 1800.0


def text(number: int) -> str:
    """Return what a row holds, as MySQL's SHA2 makes it of its key."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def make_numbers(place: Place) -> None:
    """Make ``numbers``: a row is a function of its key, so that MySQL itself can compare."""
    place.cql("CREATE TABLE {ks}.numbers (id int PRIMARY KEY, body text)")
    one = "INSERT INTO {ks}.numbers (id, body) VALUES (?, ?);"
    place.insert(
        f"BEGIN UNLOGGED BATCH {one * TOGETHER} APPLY BATCH",
        (
            [value for n in range(start, start + TOGETHER) for value in (n, text(n))]
            for start in range(0, ROWS, TOGETHER)
        ),
    )


def rows_in(place: Place) -> int:
    """Return how many rows the target holds by now."""
    return place.count("numbers") if "numbers" in place.tables() else 0


@pytest.mark.parametrize("order", ["token", "key"])
def test_a_run_survives_five_deaths_of_mysql(
    own_servers: OwnServers, own_place: Place, order: str
) -> None:
    """Every row is in once, and equal; no worker died of it, and nobody ran the command again."""
    durable = own_place.sql("SELECT @@innodb_flush_log_at_trx_commit, @@sync_binlog, @@log_bin")
    assert durable == [(1, 1, 1)], "what is committed survives"
    with new_keyspace(own_servers.servers) as keyspace:
        place = Place(
            servers=own_servers.servers,
            keyspace=keyspace,
            database=own_place.database,
            folder=own_place.folder,
        )
        make_numbers(place)
        command = Command(
            place,
            MYSQL__BATCH_ROWS_MAX=str(max(100, ROWS // 500)),
            RUN__WORKERS="2",
            RUN__APPLY_ORDER=order,
            RUN__SLICE_BYTES="256 KiB",
        )
        with command.start_run("numbers", "--range-count", "8") as running:
            for kill in range(1, KILLS + 1):
                least = ROWS * kill // (KILLS + 2)
                running.until(lambda least=least: rows_in(place) > least, f"{least} rows are in")
                own_servers.stop_mysql(signal.SIGKILL)
                own_servers.start_mysql()
            ended = running.wait(RUN_S)
            running.wait_gone()

        assert ended.code == 0, str(ended)
        status = command.status()
        assert status["worker_restarts"] == 0
        met = {(fault["side"], fault["fault"]) for fault in status["faults"]}
        assert met <= {("target", "reconnect"), ("target", "away"), ("target", "redo")}
        assert ("target", "away") in met
        assert "faults" in ended.out
        found = place.sql(
            "SELECT COUNT(*), SUM(body = SHA2(id, 256)), MIN(id), MAX(id) FROM {db}.numbers"
        )
        assert found == [(ROWS, ROWS, 0, ROWS - 1)]
        assert_ledger_whole(place, ROWS)
