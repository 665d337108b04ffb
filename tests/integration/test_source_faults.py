"""What a real Cassandra does in the middle of a run: another schema, tombstones, large partitions.

The full sizes of the last two tests (2,000,000 rows) are run by hand; see their docstrings.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.command import Command, Outcome
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED, run_held_at
from tests.support.servers import Place
from tests.support.source_tables import FILES_ROWS, make_files, make_wide

pytestmark = pytest.mark.servers

MEMORY_MIB = 300
"""What a worker process may have at most, whatever the rows are."""
TOMBSTONES_MAX = 100_000
"""Cassandra's default: a read that meets more of them fails."""


def altered(place: Place, change: str) -> tuple[Command, Outcome]:
    """Return a run in the middle of which a table was altered."""
    make_files(place.servers, place.keyspace)
    command = Command(place, PLANTED, MYSQL__BATCH_ROWS_MAX="20", RUN__WORKERS="2")
    with run_held_at(command, "files", "--range-count", "64", hit=8) as (running, hold):
        place.cql(f"ALTER TABLE {{ks}}.files {change}")
        hold.let_go()
        ended = running.wait()
        running.wait_gone()
    return command, ended


def test_a_column_that_is_added_stops_the_run_and_nothing_is_lost(place: Place) -> None:
    """Exit 9 names it; undone, the same command goes on to the end."""
    command, ended = altered(place, "ADD colour text")
    assert ended.code == 9, str(ended)
    assert "column colour was not there, is text (regular)" in str(command.status()["reason"])
    assert place.rows_checkpointed() < FILES_ROWS
    assert place.rows_checkpointed() == place.count("files")
    place.cql("ALTER TABLE {ks}.files DROP colour")
    again = command.run("files", "--range-count", "64")
    assert again.code == 0, str(again)
    assert differences(place, "files") == []
    assert_read_once(place, FILES_ROWS)


def test_a_column_that_is_dropped_stops_the_run(place: Place) -> None:
    """Exit 9 names it, now and for the same command; a fresh copy has what is left."""
    command, ended = altered(place, "DROP tags")
    assert ended.code == 9, str(ended)
    assert "column tags was text (regular), is gone" in str(command.status()["reason"])
    assert place.rows_checkpointed() == place.count("files")
    again = command.run("files")
    assert again.code == 9, str(again)
    assert "tags" in again.err
    fresh = command.run("files", "--new")
    assert fresh.code == 0, str(fresh)
    assert differences(place, "files") == []


def test_a_column_that_came_while_the_last_ranges_were_read_is_noticed_at_the_end(
    place: Place,
) -> None:
    """Every range began before it came; the run is not called whole."""
    make_files(place.servers, place.keyspace)
    command = Command(place, PLANTED, MYSQL__BATCH_ROWS_MAX="20", RUN__WORKERS="2")
    halves = ("--range-count", "2")
    with run_held_at(command, "files", *halves, hit=3, VERIFY__AFTER_RUN="false") as (
        running,
        hold,
    ):
        place.cql("ALTER TABLE {ks}.files ADD colour text")
        hold.let_go()
        ended = running.wait()
        running.wait_gone()
    assert ended.code == 9, str(ended)
    assert "colour" in str(command.status()["reason"])
    assert place.rows_checkpointed() == FILES_ROWS == place.count("files")


def test_a_table_that_is_dropped_and_created_again_stops_the_run(place: Place) -> None:
    """It has the same columns, and other rows: now, and when the same command comes back."""
    make_files(place.servers, place.keyspace)
    command = Command(place, PLANTED, MYSQL__BATCH_ROWS_MAX="20", RUN__WORKERS="2")
    with run_held_at(command, "files", "--range-count", "64", hit=8) as (running, hold):
        place.cql("DROP TABLE {ks}.files")
        make_files(place.servers, place.keyspace)
        hold.let_go()
        ended = running.wait()
        running.wait_gone()
    assert ended.code == 9, str(ended)
    assert "dropped and created again" in str(command.status()["reason"])
    assert place.rows_checkpointed() == place.count("files") < FILES_ROWS
    again = command.run("files", "--range-count", "64")
    assert again.code == 9, str(again)
    assert "dropped and created again" in " ".join(again.err.split())
    fresh = command.run("files", "--new", "--range-count", "64")
    assert fresh.code == 0, str(fresh)
    assert differences(place, "files") == []


def test_tombstones_that_a_smaller_page_avoids_cost_a_retry(place: Place) -> None:
    """Each row has 200 of them: 600 rows at once are too many, fewer are not."""
    names = [f"v{n}" for n in range(200)]
    place.cql(
        "CREATE TABLE {ks}.hollow (k int, c int, "
        + ", ".join(f"{name} int" for name in names)
        + ", PRIMARY KEY (k, c))"
    )
    place.insert(
        f"INSERT INTO {{ks}}.hollow (k, c, {', '.join(names)})"
        f" VALUES (1, ?, {', '.join('?' * len(names))})",
        [(c, *[None] * len(names)) for c in range(600)],
    )
    command = Command(place, RUN__WORKERS="1")
    ended = command.run("hollow", "--range-count", "1")
    assert ended.code == 0, str(ended)
    assert place.count("hollow") == 600
    assert_read_once(place, 600)
    told = [e["message"] for e in command.events() if e["event"] == "retry"]
    assert any("tombstones" in line and "now asking for" in line for line in told), told


def test_tombstones_in_one_row_stop_their_range_by_the_name_of_its_token(place: Place) -> None:
    """The other ranges are copied; the advice is what an operator can do."""
    place.cql("CREATE TABLE {ks}.graves (k int PRIMARY KEY, s set<int>)")
    place.insert("INSERT INTO {ks}.graves (k, s) VALUES (?, {1})", [(k,) for k in range(100)])
    place.insert(
        "UPDATE {ks}.graves SET s = s - ? WHERE k = 7",
        [(set(range(n, n + 3000)),) for n in range(2, TOMBSTONES_MAX + 5000, 3000)],
    )
    token = token_of(place, 7)
    command = Command(place, RUN__WORKERS="1")
    ended = command.run("graves", "--range-count", "8")
    assert ended.code == 4, str(ended)
    failed = [e["message"] for e in command.events() if (e["event"], e["status"]) == RANGE_FAILED]
    assert failed
    for said in (f"token {token}", "gc_grace_seconds", "tombstone_failure_threshold"):
        assert said in failed[-1]
    (table,) = command.status()["tables"]
    assert table["ranges_done"] == 7


RANGE_FAILED = ("range", "failed")


def token_of(place: Place, k: int) -> int:
    """Return the token of a key, told by a table that can be read."""
    place.cql("CREATE TABLE {ks}.tokens (k int PRIMARY KEY)")
    place.insert("INSERT INTO {ks}.tokens (k) VALUES (?)", [(k,)])
    ((found,),) = place.cql("SELECT token(k) FROM {ks}.tokens")
    return int(found)


def peaks_mib(folder: Path) -> list[int]:
    """Return what each worker that ended said of its memory."""
    text = (folder / "run.log").read_text(encoding="utf-8")
    return [int(found) for found in re.findall(r"it had (\d+) MiB at most", text)]


def assert_flat(command: Command, workers: int) -> None:
    """Every worker had little memory at its worst moment."""
    peaks = peaks_mib(command.folders()[-1])
    print(f"peaks of the workers: {peaks} MiB")
    assert len(peaks) == workers
    assert max(peaks) < MEMORY_MIB


def test_a_partition_of_many_rows_is_copied_in_flat_memory(place: Place) -> None:
    """200,000 rows here; 2,000,000 by hand had a peak of 61 MiB."""
    rows = 200_000
    make_wide(place.servers, place.keyspace, rows)
    command = Command(place, RUN__WORKERS="1")
    ended = command.run("wide", "--range-count", "4")
    assert ended.code == 0, str(ended)
    assert place.count("wide") == rows
    assert_flat(command, 1)


@pytest.mark.parametrize("order", ["token", "key"])
def test_a_partition_of_rows_of_a_megabyte_is_copied_in_flat_memory(
    place: Place, order: str
) -> None:
    """200 of them, in either order."""
    place.cql("CREATE TABLE {ks}.bulky (k int, c int, v blob, PRIMARY KEY (k, c))")
    for first in range(0, 200, 5):  # more at once are too much for the driver's connection
        place.insert(
            "INSERT INTO {ks}.bulky (k, c, v) VALUES (1, ?, ?)",
            [(c, c.to_bytes(4, "big") * (2**20 // 4)) for c in range(first, first + 5)],
        )
    command = Command(place, RUN__WORKERS="1", RUN__APPLY_ORDER=order)
    ended = command.run("bulky", "--range-count", "4")
    assert ended.code == 0, str(ended)
    assert (
        place.number(
            "SELECT COUNT(*) FROM {db}.bulky WHERE LENGTH(v) = 1048576 AND"
            " v = REPEAT(UNHEX(LPAD(HEX(c), 8, '0')), 262144)"
        )
        == 200
    )
    assert_flat(command, 1)
