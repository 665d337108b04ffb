"""Interrupted runs continue with the same command, and read nothing again that was checkpointed."""

from __future__ import annotations

import shutil
import signal

import pytest

from tests.support.command import Command, Outcome
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED, run_held_at, run_killed_at
from tests.support.servers import Place, tables_locked
from tests.support.source_tables import CROWD, CROWD_ROWS, FILES_ROWS, WIDE_ROWS

pytestmark = pytest.mark.servers


def in_small_batches(place: Place, rows: int = 40) -> Command:
    """Return a command line that can be interrupted between any two of many batches."""
    return Command(place, PLANTED, MYSQL__BATCH_ROWS_MAX=str(rows), RUN__WORKERS="2")


def stopped_by(number: signal.Signals, command: Command) -> Outcome:
    """Return how a run ended whose workers got a signal's news before their 17th batch."""
    with run_held_at(command, "files", "--range-count", "8", hit=17) as (running, hold):
        running.send(number)
        running.until(lambda: command.status()["phase"] == "stopping", "it says it stops")
        hold.let_go()
        return running.wait(30)


def leave_unfinished(place: Place, command: Command) -> None:
    """Make a table of 21 rows whose copy ends with 4: one row holds what MySQL cannot."""
    place.cql("CREATE TABLE {ks}.gauges (id int PRIMARY KEY, value double)")
    place.insert(
        "INSERT INTO {ks}.gauges (id, value) VALUES (?, ?)", [(n, n / 2) for n in range(20)]
    )
    place.cql("INSERT INTO {ks}.gauges (id, value) VALUES (99, NaN)")
    ended = command.run("gauges", "--range-count", "4", "--rejected-max", "1")
    assert ended.code == 4, str(ended)


def test_a_signal_stops_cleanly_and_the_same_command_continues(shared: Place) -> None:
    """The first SIGINT ends the run within a batch; the second run reads only what is left."""
    command = in_small_batches(shared)
    stopped = stopped_by(signal.SIGINT, command)
    assert stopped.code == 130, str(stopped)
    there = shared.rows_checkpointed()
    assert FILES_ROWS // 4 <= there < FILES_ROWS
    assert shared.sql("SELECT state, exit_code FROM {db}.snapshot_runs") == [("stopped", 130)]
    assert there == shared.count("files")

    again = command.run("files", "--range-count", "8")

    assert again.code == 0, str(again)
    (table,) = command.status()["tables"]
    assert there == table["rows_before"]
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)
    assert shared.sql("SELECT state, exit_code FROM {db}.snapshot_runs") == [("done", 0)]


def test_a_second_signal_ends_at_once(shared: Place) -> None:
    """A batch that cannot finish keeps the first Ctrl-C waiting; the second does not wait."""
    command = in_small_batches(shared)
    with (
        run_held_at(command, "files", "--range-count", "8", hit=6) as (running, hold),
        tables_locked(shared, "snapshot_checkpoints"),
    ):
        hold.let_go()
        running.send(signal.SIGINT)
        running.until(lambda: command.status()["phase"] == "stopping", "it says it stops")
        assert not running.ended
        running.send(signal.SIGINT)
        stopped = running.wait(5)
    assert stopped.code == 130, str(stopped)

    again = command.run("files", "--range-count", "8")

    assert again.code == 0, str(again)
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)


def test_a_position_inside_a_wide_partition_survives_kills(shared: Place) -> None:
    """One partition, three clustering columns in mixed order, one range: no row is read twice."""
    command = in_small_batches(shared, 301)
    rows = 0
    for _ in range(3):
        run_killed_at(command, "wide", "--range-count", "1", event="checkpoint", hit=20)
        before, rows = rows, shared.rows_checkpointed()
        assert before < rows < WIDE_ROWS

    again = command.run("wide", "--range-count", "1")

    assert again.code == 0, str(again)
    assert differences(shared, "wide") == []
    assert_read_once(shared, WIDE_ROWS)


def test_partitions_that_share_a_token_are_read_once_each(shared: Place) -> None:
    """A run killed among 40 partitions of one token goes on with the next of them."""
    command = in_small_batches(shared, 23)
    total = (CROWD + 2) * CROWD_ROWS
    rows = 0
    for _ in range(2):
        run_killed_at(command, "crowd", "--range-count", "1", event="checkpoint", hit=24)
        before, rows = rows, shared.rows_checkpointed()
        assert before < rows < total

    again = command.run("crowd", "--range-count", "1")

    assert again.code == 0, str(again)
    assert differences(shared, "crowd") == []
    assert_read_once(shared, total)


def test_a_lost_run_directory_is_no_loss(shared: Place) -> None:
    """After SIGTERM MySQL's checkpoints alone are enough to continue; the run keeps its id."""
    command = in_small_batches(shared)
    stopped = stopped_by(signal.SIGTERM, command)
    assert stopped.code == 143, str(stopped)
    there = shared.rows_checkpointed()
    before = command.status()["run_id"]
    shutil.rmtree(command.runs)

    again = command.run("files", "--range-count", "8")

    assert again.code == 0, str(again)
    assert before == command.status()["run_id"]
    assert there == command.status()["tables"][0]["rows_before"]
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)


def test_a_row_that_was_mended_in_cassandra_is_read_again_by_a_new_run(
    place: Place, command: Command
) -> None:
    """The same command keeps what it read; ``--new`` reads again."""
    leave_unfinished(place, command)
    place.cql("UPDATE {ks}.gauges SET value = 1.5 WHERE id = 99")

    same = command.run("gauges", "--range-count", "4", "--rejected-max", "1")
    assert same.code == 4, str(same)
    assert place.number("SELECT COUNT(*) FROM {db}.gauges WHERE id = 99") == 0

    again = command.run("gauges", "--range-count", "4", "--new")
    assert again.code == 0, str(again)
    assert differences(place, "gauges") == []


def test_a_finished_run_is_followed_by_a_new_one(place: Place, command: Command) -> None:
    """After exit 0 the same command copies afresh over the same target, under another id."""
    place.cql("CREATE TABLE {ks}.notes (id int PRIMARY KEY, body text)")
    place.insert("INSERT INTO {ks}.notes (id, body) VALUES (?, ?)", [(n, "a") for n in range(50)])
    assert command.run("notes", "--range-count", "4").code == 0
    place.cql("UPDATE {ks}.notes SET body = 'b' WHERE id = 7")

    again = command.run("notes", "--range-count", "4")

    assert again.code == 0, str(again)
    assert len(command.folders()) == 2
    assert place.number("SELECT COUNT(DISTINCT run_id) FROM {db}.snapshot_runs") == 2
    assert differences(place, "notes") == []


def test_new_leaves_an_unfinished_run_alone(place: Place, command: Command) -> None:
    """With --new another run copies everything; the ledger keeps both."""
    leave_unfinished(place, command)
    place.cql("DELETE FROM {ks}.gauges WHERE id = 99")

    again = command.run("gauges", "--range-count", "2", "--new")

    assert again.code == 0, str(again)
    assert len(command.folders()) == 2
    found = place.sql("SELECT state FROM {db}.snapshot_runs ORDER BY started_at")
    assert found == [("partial",), ("done",)]
    assert differences(place, "gauges") == []


@pytest.mark.parametrize(
    "target_too",
    [True, False],
    ids=["in both", "in Cassandra alone"],
)
def test_changed_columns_are_another_plan(place: Place, command: Command, target_too: bool) -> None:
    """A column that came since the run began is named, with exit 9, and nothing is written."""
    leave_unfinished(place, command)
    before = place.sql("SELECT * FROM {db}.snapshot_runs")
    place.cql("ALTER TABLE {ks}.gauges ADD unit text")
    if target_too:
        place.sql("ALTER TABLE {db}.gauges ADD unit LONGTEXT COLLATE utf8mb4_0900_bin")

    again = command.run("gauges", "--range-count", "4")

    assert again.code == 9, str(again)
    assert "unit" in again.err
    assert "--new" in again.err
    assert before == place.sql("SELECT * FROM {db}.snapshot_runs")
    assert len(command.folders()) == 1
