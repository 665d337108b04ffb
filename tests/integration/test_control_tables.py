"""The control tables: their shape is interface, and the plan is in them before any row is."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cass_snapshot.snapshot.definition import fingerprint as fingerprint_of
from tests.support.command import Command
from tests.support.compare import differences
from tests.support.ledger import assert_read_once, last_validation
from tests.support.murmur import key_with_token
from tests.support.servers import Place, tables_locked

pytestmark = pytest.mark.servers

COLUMNS = {
    "snapshot_runs": {
        *("run_id", "source", "target", "fingerprint", "state", "epoch", "started_at"),
        *("ended_at", "exit_code", "version"),
    },
    "snapshot_checkpoints": {
        *("run_id", "range_start", "range_end", "position", "batch_seq", "rows_read"),
        *("rows_written", "row_digest", "state", "attempts", "worker", "updated_at"),
    },
    "snapshot_wal": {
        *("run_id", "range", "batch_seq", "segment", "offset", "rows", "bytes", "checksum"),
        *("state", "error_code", "created_at"),
    },
    "snapshot_validation": {
        *("table_name", "cassandra_count", "mysql_count", "diff", "status", "created_at"),
        *("run_id", "missing", "mismatched", "extra", "ranges_equal", "ranges_total"),
        *("rejected", "static_only", "replaced"),
    },
    "snapshot_rejected": {
        *("run_id", "source", "row_id", "range", "state", "error_code", "column_name"),
        "updated_at",
    },
}
"""What operator.md promises at least."""
TOKEN_MIN, TOKEN_MAX = -(2**63), 2**63 - 1
RANGES = 16


def test_a_run_leaves_its_record_in_the_control_tables(place: Place, command: Command) -> None:
    """Columns, run, plan, batches and verification are as operator.md says."""
    place.cql("CREATE TABLE {ks}.notes (id int PRIMARY KEY, body text)")
    place.insert("INSERT INTO {ks}.notes (id, body) VALUES (?, ?)", [(n, "a") for n in range(99)])

    ended = command.run("notes", "--range-count", str(RANGES))

    assert ended.code == 0, str(ended)
    assert place.tables() == {*COLUMNS, "notes"}
    for table, columns in COLUMNS.items():
        found = place.sql(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = %s",
            (place.database, table),
        )
        assert columns <= {name for (name,) in found}
    ((run_id, source, target, state, epoch, code, definition, fingerprint),) = place.sql(
        "SELECT run_id, source, target, state, epoch, exit_code, definition, fingerprint"
        " FROM {db}.snapshot_runs"
    )
    assert run_id == command.status()["run_id"]
    assert source.endswith(f"/{place.keyspace}.notes")
    assert target == f"{place.database}.notes"
    assert (state, epoch, code) == ("done", 1, 0)
    assert fingerprint == fingerprint_of(definition)
    assert last_validation(place) == (f"{place.keyspace}.notes", 99, 99, 0, "OK")
    assert_read_once(place, 99)


def test_rows_on_every_boundary_of_the_plan_arrive_once(place: Place, command: Command) -> None:
    """The ranges tile the ring: each row on, before and behind a boundary is in its own range.

    Among them the smallest token that a row may have, the largest, and the hash that Cassandra
    moves from one end of the ring to the other; three partitions share each token.
    """
    width = TOKEN_MAX - TOKEN_MIN
    cuts = [TOKEN_MIN + width * number // RANGES for number in range(RANGES + 1)]
    wanted = {token + step for token in cuts for step in (-1, 0, 1)}
    wanted = {token for token in wanted if TOKEN_MIN < token <= TOKEN_MAX}
    hashes = [*sorted(wanted), TOKEN_MIN]  # the last one is moved to TOKEN_MAX
    rows = [(key_with_token(token, choice), str(token)) for token in hashes for choice in range(3)]
    place.cql("CREATE TABLE {ks}.edges (id blob PRIMARY KEY, token_text text)")
    place.insert("INSERT INTO {ks}.edges (id, token_text) VALUES (?, ?)", rows)
    placed = place.cql("SELECT token(id), token_text FROM {ks}.edges")
    assert all(token == int(text) for token, text in placed if int(text) != TOKEN_MIN)
    assert [token for token, text in placed if int(text) == TOKEN_MIN] == [TOKEN_MAX] * 3

    ended = command.run("edges", "--range-count", str(RANGES))

    assert ended.code == 0, str(ended)
    assert differences(place, "edges") == []
    assert_read_once(place, len(rows))
    plan = place.sql(
        "SELECT range_start, range_end, rows_read, state FROM {db}.snapshot_checkpoints"
        " ORDER BY range_start"
    )
    assert [(start, end) for start, end, _, _ in plan] == list(pairwise(cuts))
    tokens = [token for token, _ in placed]
    for start, end, read, state in plan:
        assert (read, state) == (sum(start < token <= end for token in tokens), "done")


def test_an_empty_table_and_a_ring_of_many_ranges_are_no_special_case(
    place: Place, command: Command
) -> None:
    """One range or 700, no row or few: every range closes, and the counts agree."""
    place.cql("CREATE TABLE {ks}.none (id int PRIMARY KEY)")
    place.cql("CREATE TABLE {ks}.few (id int PRIMARY KEY)")
    place.insert("INSERT INTO {ks}.few (id) VALUES (?)", [(n,) for n in range(50)])

    empty = command.run("none", "--range-count", "1")
    many = command.run("few", "--range-count", "700")

    assert (empty.code, many.code) == (0, 0), f"{empty}\n{many}"
    assert (place.count("none"), place.count("few")) == (0, 50)
    assert last_validation(place) == (f"{place.keyspace}.few", 50, 50, 0, "OK")
    assert place.number("SELECT COUNT(*) FROM {db}.snapshot_checkpoints WHERE state='done'") == 701


def test_the_plan_is_registered_before_a_row_is_copied(place: Place, command: Command) -> None:
    """With a target that takes no row the whole plan stands there, and no range has begun (I7)."""
    place.cql("CREATE TABLE {ks}.notes (id int PRIMARY KEY, body text)")
    place.insert("INSERT INTO {ks}.notes (id, body) VALUES (?, ?)", [(n, "a") for n in range(99)])
    assert command.run("notes", "--range-count", "2").code == 0
    with tables_locked(place, "notes"):
        running = command.start_run("notes", "--range-count", str(RANGES))
        with running:
            running.until(lambda: len(command.folders()) == 2, "the second run has its folder")
            plan = place.sql(
                "SELECT c.state, COUNT(*), SUM(c.rows_read) FROM {db}.snapshot_checkpoints c"
                " JOIN {db}.snapshot_runs r USING (run_id, source) WHERE r.state = 'running'"
                " GROUP BY c.state"
            )
            running.kill()
            running.wait_gone()
    assert plan == [("pending", RANGES, 0)]
    assert command.run("notes").code == 0
    assert differences(place, "notes") == []
