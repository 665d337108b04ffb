"""Both sides counted afresh, and the keys that are missing: what was taken away is found."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.support.command import Command, Outcome
from tests.support.compare import differences
from tests.support.ledger import last_validation
from tests.support.servers import Place

pytestmark = pytest.mark.servers

ROWS = 300
RANGES = "6"
KEYS = ("by_int", "by_text", "by_timestamp", "by_decimal", "by_several")
_BEGAN = datetime(2024, 2, 29, 23, 59, 59, 987_000, tzinfo=UTC)


def leave_unfinished(place: Place, command: Command) -> None:
    """Copy 21 rows with one that is rejected, mend it in Cassandra, and do not run again."""
    place.cql("CREATE TABLE {ks}.gauges (id int PRIMARY KEY, value double)")
    place.insert(
        "INSERT INTO {ks}.gauges (id, value) VALUES (?, ?)", [(n, n / 2) for n in range(20)]
    )
    place.cql("INSERT INTO {ks}.gauges (id, value) VALUES (99, NaN)")
    ended = command.run("gauges", "--range-count", "4", "--rejected-max", "1")
    assert ended.code == 4, str(ended)
    place.cql("UPDATE {ks}.gauges SET value = 1.5 WHERE id = 99")


def test_rows_that_vanished_from_mysql_are_counted_as_a_difference(
    place: Place, command: Command
) -> None:
    """Exit 5; a rejected row explains its own absence and no other; a new run mends it all."""
    leave_unfinished(place, command)
    place.sql("DELETE FROM {db}.gauges WHERE id IN (1, 2, 3)")

    ended = command.run("gauges", "--range-count", "4", "--rejected-max", "1")

    assert ended.code == 5, str(ended)
    assert last_validation(place) == (f"{place.keyspace}.gauges", 21, 17, 4, "DIFFERS")
    ((missing, extra, mismatched, rejected),) = place.sql(
        "SELECT missing, extra, mismatched, rejected FROM {db}.snapshot_validation"
        " ORDER BY id DESC LIMIT 1"
    )
    assert (missing, extra, mismatched, rejected) == (3, 0, None, 1)
    assert "find-missing" in ended.out

    again = command.run("gauges", "--range-count", "4", "--new")
    assert again.code == 0, str(again)
    assert last_validation(place) == (f"{place.keyspace}.gauges", 21, 21, 0, "OK")
    assert differences(place, "gauges") == []


def test_rows_too_many_in_a_target_of_our_own_are_a_difference(
    place: Place, command: Command
) -> None:
    """Exit 5 where this tool created the target; else they are told and the copy is good."""
    place.cql("CREATE TABLE {ks}.gauges (id int PRIMARY KEY, value double)")
    place.insert(
        "INSERT INTO {ks}.gauges (id, value) VALUES (?, ?)", [(n, n / 2) for n in range(21)]
    )
    assert command.run("gauges", "--range-count", "4").code == 0
    place.sql("INSERT INTO {db}.gauges (id, value) VALUES (-1, 0), (-2, 0)")

    ended = command.run("gauges", "--range-count", "4")

    assert ended.code == 5, str(ended)
    assert last_validation(place) == (f"{place.keyspace}.gauges", 21, 23, -2, "DIFFERS")

    place.sql("CREATE TABLE {db}.theirs LIKE {db}.gauges")
    place.sql("INSERT INTO {db}.theirs (id, value) VALUES (-1, 0)")
    urls = ["--from", place.source_url, "--to", f"{place.target_url()}/theirs"]
    kept = command.call(
        *("run", f"{place.keyspace}.gauges", *urls, "--run-dir", str(command.runs)),
        *("--range-count", "4"),
    )
    assert kept.code == 0, str(kept)
    assert last_validation(place) == (f"{place.keyspace}.gauges", 21, 22, -1, "DIFFERS")
    assert differences(place, "gauges", "theirs") != []
    place.sql("DELETE FROM {db}.theirs WHERE id = -1")
    assert differences(place, "gauges", "theirs") == []


def make_keyed(place: Place) -> None:
    """Make the same rows under five kinds of key."""
    place.cql("CREATE TABLE {ks}.by_int (k int PRIMARY KEY, n int)")
    place.cql("CREATE TABLE {ks}.by_text (k text PRIMARY KEY, n int)")
    place.cql("CREATE TABLE {ks}.by_timestamp (k timestamp, c int, n int, PRIMARY KEY (k, c))")
    place.cql("CREATE TABLE {ks}.by_decimal (k decimal PRIMARY KEY, n int)")
    place.cql(
        "CREATE TABLE {ks}.by_several (a int, b text, c timestamp, n int,"
        " PRIMARY KEY ((a, b), c)) WITH CLUSTERING ORDER BY (c DESC)"
    )
    moments = [_BEGAN + timedelta(milliseconds=7 * n) for n in range(ROWS)]
    texts = [f"it's “{n}”\n\\" for n in range(ROWS)]
    for table, marks, rows in (
        ("by_int (k, n)", "?, ?", [(n - 150, n) for n in range(ROWS)]),
        ("by_text (k, n)", "?, ?", [(texts[n], n) for n in range(ROWS)]),
        ("by_timestamp (k, c, n)", "?, ?, ?", [(moments[n], n % 2, n) for n in range(ROWS)]),
        (
            "by_decimal (k, n)",
            "?, ?",
            [(Decimal(f"{n // 2}" if n % 2 else f"{n // 2}.00"), n) for n in range(ROWS)],
        ),
        (
            "by_several (a, b, c, n)",
            "?, ?, ?, ?",
            [(n % 5, texts[n % 7], moments[n], n) for n in range(ROWS)],
        ),
    ):
        place.insert(f"INSERT INTO {{ks}}.{table} VALUES ({marks})", rows)


def missing_keys(outcome: Outcome) -> dict[str, set[tuple[int, tuple[str, ...]]]]:
    """Return by table the tokens and keys that the command listed as JSON lines."""
    found: dict[str, set[tuple[int, tuple[str, ...]]]] = {}
    for line in outcome.out.splitlines():
        if line.startswith('{"table"'):
            record = json.loads(line)
            key = int(record["token"]), tuple(record["key"].values())
            table = record["table"].partition(".")[2]
            assert key not in found.setdefault(table, set())
            found[table].add(key)
    return found


def test_find_missing_lists_exactly_the_keys_that_are_not_there(
    place: Place, command: Command
) -> None:
    """Exit 0 when every key is there; after rows were deleted exit 5, and those keys by token."""
    make_keyed(place)
    tables = [f"{place.keyspace}.{name}" for name in KEYS]
    urls = command.both()[:4]
    copied = command.call("run", *tables, *command.both(), "--range-count", RANGES)
    assert copied.code == 0, str(copied)

    complete = command.call("find-missing", *tables, *urls, "--output", "json", RUN__RANGES=RANGES)
    assert complete.code == 0, str(complete)
    assert missing_keys(complete) == {}

    place.sql("DELETE FROM {db}.by_int WHERE n % 10 = 3")
    place.sql("DELETE FROM {db}.by_text WHERE n < 20")
    place.sql("DELETE FROM {db}.by_timestamp WHERE n = 299")
    place.sql("DELETE FROM {db}.by_decimal WHERE n % 2 = 0 AND n < 60")
    place.sql("DELETE FROM {db}.by_several")
    wanted = {
        "by_int": {n for n in range(ROWS) if n % 10 == 3},
        "by_text": set(range(20)),
        "by_timestamp": {299},
        "by_decimal": set(range(0, 60, 2)),
        "by_several": set(range(ROWS)),
    }

    ended = command.call("find-missing", *tables, *urls, "--output", "json", RUN__RANGES=RANGES)

    assert ended.code == 5, str(ended)
    listed = missing_keys(ended)
    for name, numbers in wanted.items():
        partition = "a, b" if name == "by_several" else "k"
        tokens = {
            token
            for n, token in place.cql(f"SELECT n, token({partition}) FROM {{ks}}.{name}")
            if n in numbers
        }
        assert len(listed[name]) == len(numbers), name
        assert {token for token, _ in listed[name]} == tokens, name
    assert {int(key[0]) + 150 for _, key in listed["by_int"]} == wanted["by_int"]
    assert {key[0] for _, key in listed["by_text"]} == {f"it's “{n}”\n\\" for n in range(20)}
    assert {key[0] for _, key in listed["by_decimal"]} == {f"{n}.00" for n in range(30)}


def test_find_missing_writes_its_keys_to_a_private_file(place: Place, command: Command) -> None:
    """The CSV holds every key, a terminal ten of them; nobody else may read the file."""
    place.cql("CREATE TABLE {ks}.notes (id int PRIMARY KEY, body text)")
    place.insert("INSERT INTO {ks}.notes (id, body) VALUES (?, ?)", [(n, "a") for n in range(60)])
    assert command.run("notes", "--range-count", "2").code == 0
    place.sql("DELETE FROM {db}.notes WHERE id >= 30")
    path = place.folder / "missing.csv"

    ended = command.find_missing("notes", "--write-csv", str(path))

    assert ended.code == 5, str(ended)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {json.loads(row["key"])["id"] for row in rows} == {str(n) for n in range(30, 60)}
    assert ended.out.count("missing ") >= 10
    assert path.stat().st_mode & 0o077 == 0


def test_find_missing_before_any_copy_says_what_to_type(place: Place, command: Command) -> None:
    """Exit 3: there is no target to compare with, and none is made."""
    place.cql("CREATE TABLE {ks}.notes (id int PRIMARY KEY, body text)")
    ended = command.find_missing("notes")
    assert ended.code == 3, str(ended)
    assert "cass-snapshot run" in ended.err
    assert place.tables() == set()
