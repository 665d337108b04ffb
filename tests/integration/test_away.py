"""MySQL goes away in the middle of a run: the run waits, says so, and goes on by itself."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import mysql.connector
import pytest

from tests.integration.conftest import OwnServers
from tests.support.command import Command, Running
from tests.support.compare import differences
from tests.support.key_order import assert_ledger_whole, in_key_order
from tests.support.ledger import assert_read_once, last_validation
from tests.support.planted import PLANTED, Hold, run_held_at
from tests.support.servers import Place, Servers
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers

AWAY_S = 20.0


def in_small_batches(place: Place) -> Command:
    """Return a command line that can stand still between any two of many batches."""
    return Command(place, PLANTED, MYSQL__BATCH_ROWS_MAX="40", RUN__WORKERS="2")


def says_it_waits(running: Running, command: Command) -> bool:
    """Tell whether the run says that it waits, to whoever watches it and to whoever asks."""
    return "MySQL does not answer" in running.err() and bool(command.status()["waiting"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_run_waits_for_mysql_and_finishes(
    own_servers: OwnServers, own_place: Place, number: signal.Signals
) -> None:
    """Twenty seconds without MySQL cost time and nothing else, however it went away."""
    command = in_small_batches(own_place)
    with run_held_at(command, "files", "--range-count", "8", hit=11) as (running, hold):
        own_servers.stop_mysql(number)
        hold.let_go()
        gone = time.monotonic()
        try:
            running.until(lambda: says_it_waits(running, command), "it says that it waits")
            running.until(lambda: time.monotonic() > gone + AWAY_S, "MySQL was away long enough")
        finally:
            own_servers.start_mysql()
        ended = running.wait()
        running.wait_gone()

    assert ended.code == 0, str(ended)
    assert "MySQL does not answer" in ended.err
    assert "answers again" in ended.err
    assert command.status()["waiting"] is None
    assert command.status()["worker_restarts"] == 0
    assert differences(own_place, "files") == []
    assert_read_once(own_place, FILES_ROWS)
    kinds = [(e["event"], e["status"]) for e in command.events() if e["event"] == "pause"]
    assert kinds[0] == ("pause", "started")
    assert kinds[-1] == ("pause", "finished")


def test_a_window_waits_for_mysql_and_finishes(own_servers: OwnServers, own_place: Place) -> None:
    """Killed while slices are loaded: the run waits, loads on, and each row counts once."""
    command = in_key_order(own_place, rows=40, RUN__WINDOW_BYTES="1 GiB")
    hold = Hold(command, 3, "load")
    with command.start_run("files", "--range-count", "8", **hold.settings) as running:
        running.until(lambda: hold.held, "two slices are loaded")
        own_servers.stop_mysql(signal.SIGKILL)
        hold.let_go()
        try:
            running.until(lambda: says_it_waits(running, command), "it says that it waits")
        finally:
            own_servers.start_mysql()
        ended = running.wait()
        running.wait_gone()
    assert ended.code == 0, str(ended)
    (table,) = command.status()["tables"]
    assert (table["rows_read"], table["rows_applied"]) == (FILES_ROWS, FILES_ROWS)
    assert command.status()["worker_restarts"] == 0
    assert differences(own_place, "files") == []
    assert_ledger_whole(own_place, FILES_ROWS)


def test_a_run_whose_count_breaks_off_counts_again(
    own_servers: OwnServers, own_place: Place
) -> None:
    """MySQL killed in the middle of the counting pass: the run waits, and counts from the start.

    The parent is held between the last batch and the count, so that the count meets a lock.
    """
    command = Command(own_place, PLANTED, MYSQL__BATCH_ROWS_MAX="200", RUN__WORKERS="2")
    with run_held_at(command, "files", "--range-count", "2", hit=3) as (running, hold):
        with locked_before_the_count(own_place, running, hold):
            running.until(lambda: command.status()["phase"] == "verifying", "it counts")
            running.until(lambda: waits_for_a_lock(own_place), "the count waits for the lock")
            own_servers.stop_mysql(signal.SIGKILL)
            own_servers.start_mysql()
        ended = running.wait()
        running.wait_gone()

    assert ended.code == 0, str(ended)
    assert last_validation(own_place)[1:] == (FILES_ROWS, FILES_ROWS, 0, "OK")


def test_a_capture_goes_on_without_mysql_and_is_applied_later(
    own_servers: OwnServers, own_place: Place
) -> None:
    """Nothing that was read is read again, though the run's end could not be noted in MySQL."""
    command = in_small_batches(own_place)
    capture = ("--capture-only", "--range-count", "8")
    with run_held_at(command, "files", *capture, hit=5) as (running, hold):
        own_servers.stop_mysql(signal.SIGKILL)
        try:
            hold.let_go()
            ended = running.wait()
            running.wait_gone()
        finally:
            own_servers.start_mysql()
    assert ended.code == 7, str(ended)
    assert "its end could not be noted" in ended.out
    assert "8/8 ranges" in ended.out
    again = command.run("files", *capture)
    assert again.code == 0, str(again)
    (table,) = command.status()["tables"]
    assert (table["rows_captured"], table["rows_read"]) == (0, FILES_ROWS)
    replayed = command.call("replay-wal", *command.both()[2:])
    assert replayed.code == 0, str(replayed)
    assert differences(own_place, "files") == []
    assert_read_once(own_place, FILES_ROWS)


def waits_for_a_lock(place: Place) -> bool:
    """Tell whether some connection waits for a table of the place."""
    return bool(
        place.number(
            "SELECT COUNT(*) FROM performance_schema.metadata_locks"
            " WHERE lock_status = 'PENDING' AND object_schema = %s",
            (place.database,),
        )
    )


@contextmanager
def locked_before_the_count(place: Place, running: Running, hold: Hold) -> Iterator[None]:
    """Lock the target against readers as soon as every row is in it, and before it is counted."""
    running.send(signal.SIGSTOP)
    hold.let_go()
    running.until(
        lambda: place.rows_checkpointed() == FILES_ROWS, "the workers finish what they have"
    )
    other = Servers(place.servers.endpoints)
    try:
        other.sql(f"LOCK TABLES {place.database}.files WRITE")
        running.send(signal.SIGCONT)
        yield
    finally:
        running.send(signal.SIGCONT)
        with suppress(mysql.connector.Error):  # its server may be gone
            other.close()


def test_a_run_that_waited_too_long_ends_with_seven_and_replays(
    own_servers: OwnServers, own_place: Place
) -> None:
    """Exit 7 keeps everything; ``replay-wal`` applies what was synced, the same command the rest.

    A dry run says the same number and writes nothing; a second replay has nothing to do.
    """
    command = in_small_batches(own_place)
    briefly = {"MYSQL__UNAVAILABLE_TIMEOUT_S": "3"}
    with run_held_at(command, "files", "--range-count", "8", hit=11, **briefly) as (running, hold):
        own_servers.stop_mysql(signal.SIGKILL)
        hold.let_go()
        try:
            ended = running.wait()
            running.wait_gone()
        finally:
            own_servers.start_mysql()
    assert ended.code == 7, str(ended)
    assert "same command" in ended.out

    there = own_place.rows_checkpointed()
    replay = ["replay-wal", *command.both()[2:], "--output", "json"]
    dry = command.call(*replay, "--dry-run")
    assert dry.code == 0, str(dry)
    (lacking,) = dry.record["tables"]
    assert lacking["batches_applied"] > 0
    assert there == own_place.rows_checkpointed()
    assert there == own_place.count("files")

    real = command.call(*replay)
    assert real.code == 0, str(real)
    assert real.record["tables"] == [lacking]
    assert there + lacking["rows_applied"] == own_place.rows_checkpointed()
    assert own_place.rows_checkpointed() == own_place.count("files")
    states: dict[str, int] = dict(
        own_place.sql("SELECT state, COUNT(*) FROM {db}.snapshot_wal GROUP BY state")
    )
    assert states["replayed"] == lacking["batches_applied"]

    once_more = command.call(*replay)
    assert once_more.code == 0, str(once_more)
    (nothing,) = once_more.record["tables"]
    assert (nothing["batches_applied"], nothing["rows_applied"]) == (0, 0)

    again = command.run("files", "--range-count", "8")
    assert again.code == 0, str(again)
    assert differences(own_place, "files") == []
    assert_read_once(own_place, FILES_ROWS)


def test_a_killed_parent_leaves_a_wal_that_replays_while_cassandra_is_not_asked(
    own_servers: OwnServers, own_place: Place
) -> None:
    """Batches that were synced while MySQL was away outlive the parent; replay needs no source."""
    command = in_small_batches(own_place)
    with run_held_at(command, "files", "--range-count", "8", hit=11) as (running, hold):
        own_servers.stop_mysql(signal.SIGKILL)
        hold.let_go()
        try:
            running.until(lambda: says_it_waits(running, command), "it says that it waits")
            running.kill()
            running.wait_gone()
        finally:
            own_servers.start_mysql()
    there = own_place.rows_checkpointed()

    replay = ["replay-wal", *command.both()[2:], "--output", "json"]
    real = command.call(*replay)

    assert real.code == 0, str(real)
    (table,) = real.record["tables"]
    assert table["rows_applied"] > 0
    assert there + table["rows_applied"] == own_place.count("files")
    assert own_place.rows_checkpointed() == own_place.count("files")
    assert command.run("files").code == 0
    assert differences(own_place, "files") == []
    assert_read_once(own_place, FILES_ROWS)


def test_rows_arrive_equal_where_load_data_is_not_allowed(
    own_servers: OwnServers, own_place: Place
) -> None:
    """With local_infile OFF the upsert takes every row; the run goes on with it in any batch."""
    own_servers.servers.sql("SET GLOBAL local_infile = OFF")
    try:
        command = Command(own_place)
        ended = command.run("files", "--range-count", "4")
    finally:
        own_servers.servers.sql("SET GLOBAL local_infile = ON")
    assert ended.code == 0, str(ended)
    assert command.status()["tables"][0]["how"] == (
        "INSERT ... ON DUPLICATE KEY UPDATE, because local_infile is OFF at the server"
    )
    assert differences(own_place, "files") == []
