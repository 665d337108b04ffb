"""SIGKILL and SIGTERM in each step of a window: the copy is whole, and nothing is read again.

A run stands still before the third batch of each worker. Locks then hold it in the step that is
meant: the target's table while slices are loaded, the checkpoints before they are advanced.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.command import Command, Running
from tests.support.compare import differences
from tests.support.key_order import assert_ledger_whole, in_key_order
from tests.support.ledger import assert_read_once
from tests.support.planted import Hold, run_held_at
from tests.support.servers import Place, tables_locked
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers

RANGES = ("--range-count", "8")
GONE_WITHIN_S = 2.0


def commits(command: Command) -> set[tuple[str, bytes]]:
    """Return every commit line that is whole in the WAL, with its file."""
    return {
        (path.name, line)
        for path in command.folders()[-1].glob("wal/**/*.wal")
        for line in path.read_bytes().splitlines(keepends=True)
        if line.startswith(b'{"commit"') and line.endswith(b"\n")
    }


def waits_for(place: Place, table: str) -> bool:
    """Tell whether some connection waits for a lock on a table of the place."""
    return bool(
        place.number(
            "SELECT COUNT(*) FROM performance_schema.metadata_locks WHERE lock_status = 'PENDING'"
            " AND object_schema = %s AND object_name = %s",
            (place.database, table),
        )
    )


@contextmanager
def held_at(place: Place, running: Running, hold: Hold, step: str) -> Iterator[None]:
    """Hold a run in a step of its first window, as long as the context lasts."""
    if step == "gathering":
        yield
        hold.let_go()
    elif step == "advanced":
        hold.let_go()
        running.until(place.rows_checkpointed, "the first window is in")
        yield
    else:
        table = {"loading": "files", "advancing": "snapshot_checkpoints"}[step]
        with tables_locked(place, table):
            hold.let_go()
            running.until(lambda: waits_for(place, table), f"a worker waits for {table}")
            yield


def kill_parent(place: Place, command: Command, step: str) -> set[tuple[str, bytes]]:
    """Kill a run in a step of a window; return the commit lines that it left."""
    with run_held_at(command, "files", *RANGES, hit=3) as (running, hold):
        with held_at(place, running, hold, step):
            running.kill()
            running.wait_gone(GONE_WITHIN_S)
        if step == "advanced":
            assert place.rows_checkpointed() > 0
        else:
            assert place.rows_checkpointed() == 0
    return commits(command)


def assert_whole(place: Place, command: Command, before: set[tuple[str, bytes]]) -> None:
    """Prove that each row is in once, and that no batch was captured twice."""
    assert len(command.folders()) == 1
    assert before <= commits(command)
    assert differences(place, "files") == []
    assert_ledger_whole(place, FILES_ROWS)
    assert not command.scratch().exists()
    assert not list(command.folders()[0].glob("window*"))


@pytest.mark.parametrize("step", ["gathering", "loading", "advancing", "advanced"])
def test_the_same_command_finishes_what_a_killed_parent_left(shared: Place, step: str) -> None:
    """A window that was not advanced is applied again from the WAL; no batch is read again."""
    command = in_key_order(shared, rows=100)
    before = kill_parent(shared, command, step)
    again = command.run("files", *RANGES)
    assert again.code == 0, str(again)
    (table,) = command.status()["tables"]
    assert (table["rows_read"], table["rows_applied"]) == (FILES_ROWS, FILES_ROWS)
    assert_whole(shared, command, before)


@pytest.mark.parametrize("step", ["gathering", "loading", "advancing"])
def test_a_run_goes_on_by_itself_when_a_worker_is_killed(shared: Place, step: str) -> None:
    """Another worker does its step; every row counts once."""
    command = in_key_order(shared, rows=100)
    with run_held_at(command, "files", *RANGES, hit=3) as (running, hold):
        with held_at(shared, running, hold, step):
            os.kill(running.workers()[0], signal.SIGKILL)
        ended = running.wait()
        running.wait_gone(GONE_WITHIN_S)
    assert ended.code == 0, str(ended)
    status = command.status()
    assert status["worker_restarts"] == 1
    (table,) = status["tables"]
    assert (table["rows_read"], table["rows_applied"]) == (FILES_ROWS, FILES_ROWS)
    assert_whole(shared, command, set())


@pytest.mark.parametrize("step", ["gathering", "loading"])
def test_a_signal_ends_a_window_and_the_same_command_goes_on(shared: Place, step: str) -> None:
    """Exit 143 after what is in hand; no checkpoint has moved, and no batch is read again."""
    command = in_key_order(shared, rows=100)
    with run_held_at(command, "files", *RANGES, hit=3) as (running, hold):
        with held_at(shared, running, hold, step):
            running.send(signal.SIGTERM)
            running.until(lambda: command.status()["phase"] == "stopping", "it says it stops")
        stopped = running.wait(30)
    assert stopped.code == 143, str(stopped)
    assert shared.sql("SELECT state, exit_code FROM {db}.snapshot_runs") == [("stopped", 143)]
    assert shared.rows_checkpointed() == 0
    before = commits(command)
    again = command.run("files", *RANGES)
    assert again.code == 0, str(again)
    assert_whole(shared, command, before)


def test_a_run_in_key_order_goes_on_in_token_order(shared: Place) -> None:
    """Sorted batches are applied as any others; those behind them are not sorted."""
    command = in_key_order(shared, rows=100)
    before = kill_parent(shared, command, "loading")
    again = command.run("files", *RANGES, RUN__APPLY_ORDER="token")
    assert again.code == 0, str(again)
    assert_whole(shared, command, before)


def test_a_run_in_token_order_goes_on_in_key_order(shared: Place) -> None:
    """Ranges whose WAL has unsorted batches are applied as they were read, the others sorted."""
    command = in_key_order(shared, rows=40)
    in_tokens = {"RUN__APPLY_ORDER": "token"}
    with run_held_at(command, "files", *RANGES, hit=6, **in_tokens) as (running, hold):
        running.until(lambda: shared.rows_checkpointed() > 200, "rows are checkpointed")
        with tables_locked(shared, "files"):
            hold.let_go()
            running.until(lambda: waits_for(shared, "files"), "a batch is in the WAL alone")
            running.kill()
            running.wait_gone(GONE_WITHIN_S)
    before = commits(command)
    again = command.run("files", *RANGES)
    assert again.code == 0, str(again)
    assert_whole(shared, command, before)


def test_replay_applies_what_a_run_in_key_order_left(shared: Place) -> None:
    """Batch by batch, and without Cassandra; the same command then reads the rest."""
    command = in_key_order(shared, rows=100)
    before = kill_parent(shared, command, "loading")
    replay = command.call("replay-wal", *command.both()[2:], "--output", "json")
    assert replay.code == 0, str(replay)
    (table,) = replay.record["tables"]
    assert table["batches_applied"] == len(before)
    assert shared.rows_checkpointed() == shared.count("files") == table["rows_applied"]
    again = command.run("files", *RANGES)
    assert again.code == 0, str(again)
    assert before <= commits(command)
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)
