"""One row of 20,000 that does not fit: the others arrive, it is kept, told, and can be mended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Command, Outcome
from tests.support.servers import Place

pytestmark = pytest.mark.servers

ROWS = 20_000
BATCH = 1000
PLACES = {"first": 0, "middle": BATCH // 2, "last": BATCH - 1}
"""Where in a batch the bad row stands: the source is read in the order of the clustering column."""
LONG = "x" * 11
CREATE = "CREATE TABLE {ks}.orders (id int, place int, note text, PRIMARY KEY (id, place))"
TARGET = (
    "CREATE TABLE {db}.orders (id INT NOT NULL, place INT NOT NULL,"
    " note VARCHAR(10) CHARACTER SET utf8mb4 COLLATE {binary}, PRIMARY KEY (id, place))"
)


@pytest.fixture
def orders(place: Place) -> Place:
    """Make a table of one partition, so that its rows lie in batches as they are numbered."""
    place.cql(CREATE)
    rows = [(1, n, "fits") for n in range(ROWS)]
    place.insert("INSERT INTO {ks}.orders (id, place, note) VALUES (?, ?, ?)", rows)
    return place


def target(place: Place, more: str = "") -> None:
    """Make the target that is there before the copy."""
    maria = "Maria" in str(place.sql("SELECT VERSION()")[0][0])
    binary = "utf8mb4_nopad_bin" if maria else "utf8mb4_0900_bin"
    place.sql(TARGET.replace("{binary}", binary).rstrip(")") + f"){more})")


def spoil(place: Place, *numbers: int, note: str = LONG) -> None:
    """Give some rows a note that does not fit."""
    rows = [(1, n, note) for n in numbers]
    place.insert("INSERT INTO {ks}.orders (id, place, note) VALUES (?, ?, ?)", rows)


def lines(command: Command, ending: str) -> list[dict[str, Any]]:
    """Return the lines of a file under ``rejected``."""
    (folder,) = command.folders()
    path = Path(folder) / "rejected" / f"orders{ending}"
    return [json.loads(line) for line in path.read_text().splitlines()]


def states(place: Place) -> list[str]:
    """Return the states of the runs."""
    return [str(row[0]) for row in place.sql("SELECT state FROM {db}.snapshot_runs")]


def code_is(outcome: Outcome, code: int, *words: str) -> None:
    """Prove how a command ended and what it said."""
    assert outcome.code == code, str(outcome)
    for word in words:
        assert word in " ".join((outcome.out + outcome.err).split()), str(outcome)


def batched(place: Place) -> Command:
    """Return a command that reads and writes a thousand rows at a time."""
    return Command(place, RUN__RANGES="2", RUN__WORKERS="2", MYSQL__BATCH_ROWS_MAX=str(BATCH))


def pair(command: Command) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the one rejected row and its reason."""
    (row,), (why,) = lines(command, ".jsonl"), lines(command, ".why.jsonl")
    assert row["id"] == why["id"]
    return row, why


@pytest.mark.parametrize("where", PLACES)
def test_one_row_too_long_is_set_aside_and_all_others_arrive(orders: Place, where: str) -> None:
    """Exit 4; key, token, column and error number beside the row; then mended, and equal."""
    bad = 7 * BATCH + PLACES[where]
    spoil(orders, bad)
    target(orders)
    command = batched(orders)
    code_is(
        command.run("orders", "--rejected-max", "1"),
        4,
        "1 row rejected",
        "CS-D02",
        "MySQL error 1406",
        "replay-wal --rejected",
        "REJECTED",
    )
    assert orders.count("orders") == ROWS - 1
    assert states(orders) == ["partial"]
    row, why = pair(command)
    assert row["row"]["cells"]["note"] == LONG.encode().hex()
    assert (why["key"], why["found_by"]) == (["00000001", f"{bad:08x}"], "encoder")
    ((token,),) = orders.cql("SELECT token(id) FROM {ks}.orders LIMIT 1")
    assert why["token"] == token
    assert [(c["column"], c["error"]) for c in why["columns"]] == [("note", 1406)]
    mended(orders, command, "ALTER TABLE {db}.orders MODIFY note VARCHAR(20)")


def of_target(command: Command) -> list[str]:
    """Return the options that name the target and the folder of runs."""
    return command.both()[2:]


def mended(place: Place, command: Command, ddl: str) -> None:
    """Prove that nothing goes in before the target is mended, and the row after it."""
    again = command.call("replay-wal", "--rejected", *of_target(command))
    code_is(again, 4, "0 of 1 went in", "CS-D0")
    place.sql(ddl)
    dry = command.call("replay-wal", "--rejected", "--dry-run", *of_target(command))
    code_is(dry, 0, "1 of 1 may go in by now")
    assert place.count("orders") == ROWS - 1
    code_is(command.call("replay-wal", "--rejected", *of_target(command)), 0, "1 of 1 went in")
    code_is(command.call("replay-wal", "--rejected", *of_target(command)), 0, "there are none")
    assert place.count("orders") == ROWS
    assert states(place) == ["partial"]
    code_is(command.run("orders"), 0, "counted equal")
    assert states(place) == ["done"]


def test_without_a_budget_the_run_ends_and_goes_on_where_there_is_one(orders: Place) -> None:
    """Exit 6; the same command again reads what is left and ends with 6; with a budget with 4."""
    spoil(orders, 3 * BATCH + 500)
    target(orders)
    command = batched(orders)
    code_is(command.run("orders"), 6, "more rows were rejected than may be", "the limit is 0")
    assert orders.count("orders") < ROWS - 1
    assert states(orders) == ["stopped"]
    code_is(command.run("orders"), 6, "1 row rejected")
    assert orders.count("orders") == ROWS - 1
    code_is(command.run("orders", "--rejected-max", "0.01%"), 4, "1 row rejected")
    assert (orders.count("orders"), states(orders)) == (ROWS - 1, ["partial"])
    pair(command)


SERVER_ONLY = {
    "check": (", CONSTRAINT short_note CHECK (note <> 'nosuch')", "nosuch", {3819, 4025}),
    "foreign key": (
        ", FOREIGN KEY (note) REFERENCES {db}.notes (note)",
        "nosuch",
        {1452},
    ),
    "trigger": ("", "nosuch", {1644}),
}
MENDS = {
    "check": "ALTER TABLE {db}.orders DROP CONSTRAINT short_note",
    "foreign key": "INSERT INTO {db}.notes VALUES ('nosuch')",
    "trigger": "DROP TRIGGER {db}.refusing",
}


@pytest.fixture(params=sorted(SERVER_ONLY))
def guarded(request: pytest.FixtureRequest, orders: Place) -> tuple[str, Place]:
    """Make a target that refuses one note for a reason that only the server knows."""
    kind: str = request.param
    if kind == "foreign key":
        maria = "Maria" in str(orders.sql("SELECT VERSION()")[0][0])
        binary = "utf8mb4_nopad_bin" if maria else "utf8mb4_0900_bin"
        orders.sql(
            "CREATE TABLE {db}.notes (note VARCHAR(10) CHARACTER SET utf8mb4"
            f" COLLATE {binary} PRIMARY KEY)"
        )
        orders.sql("INSERT INTO {db}.notes VALUES ('fits')")
    target(orders, SERVER_ONLY[kind][0])
    if kind == "trigger":
        orders.sql(
            "CREATE TRIGGER {db}.refusing BEFORE INSERT ON {db}.orders FOR EACH ROW"
            " IF NEW.note = 'nosuch' THEN SIGNAL SQLSTATE '45000'; END IF"
        )
    spoil(orders, 4 * BATCH + 250, note="nosuch")
    return kind, orders


def test_a_row_that_only_the_server_refuses_is_set_aside_too(guarded: tuple[str, Place]) -> None:
    """A constraint, a foreign key, a trigger: found by bisecting the batch, kept as WAL values."""
    kind, place = guarded
    command = batched(place)
    code_is(command.run("orders", "--rejected-max", "1"), 4, "1 row rejected")
    assert place.count("orders") == ROWS - 1
    row, why = pair(command)
    assert row["row"] == {"values": {"id": 1, "place": 4 * BATCH + 250, "note": "nosuch"}}
    assert (why["key"], why["found_by"]) == (["00000001", f"{4 * BATCH + 250:08x}"], "target")
    assert {c["error"] for c in why["columns"]} <= SERVER_ONLY[kind][2]
    mended(place, command, MENDS[kind])
