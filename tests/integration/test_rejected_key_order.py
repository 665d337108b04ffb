"""Rows that do not fit, in key order: the ledger says what it says after token order."""

from __future__ import annotations

import pytest

from tests.support.command import Command, Outcome
from tests.support.key_order import in_key_order, registered
from tests.support.servers import Place, tables_locked

pytestmark = pytest.mark.servers

ROWS = 3_000
CREATE = "CREATE TABLE {ks}.notes (id int PRIMARY KEY, note text)"
TARGET = (
    "CREATE TABLE {db}.notes (id INT NOT NULL PRIMARY KEY, note VARCHAR(40) CHARACTER SET utf8mb4"
    " COLLATE utf8mb4_bin, CONSTRAINT picky CHECK (note NOT LIKE 'nosuch%'))"
)
LONG = {11, 12, 2999}
"""Rows whose note is too long: the encoder sees it while the window is gathered."""
PICKED = {5, 1500}
"""Rows that only the server refuses, while a slice is loaded."""
MENDS = (
    "ALTER TABLE {db}.notes DROP CONSTRAINT picky",
    "ALTER TABLE {db}.notes MODIFY note VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
)


def note_of(number: int, long: set[int], picked: set[int]) -> str:
    """Return the note of a row."""
    if number in long:
        return "x" * 41
    return f"nosuch {number}" if number in picked else f"a note, the one of {number}"


def make(place: Place, *, long: set[int] | None = None, picked: set[int] | None = None) -> None:
    """Make source and target."""
    place.cql(CREATE)
    place.sql(TARGET)
    place.insert(
        "INSERT INTO {ks}.notes (id, note) VALUES (?, ?)",
        [(n, note_of(n, long or set(), picked or set())) for n in range(ROWS)],
    )


def code_is(outcome: Outcome, code: int, *words: str) -> None:
    """Prove how a command ended and what it said."""
    assert outcome.code == code, str(outcome)
    for word in words:
        assert word in " ".join((outcome.out + outcome.err).split()), str(outcome)


def ledger(place: Place) -> list[list[tuple[object, ...]]]:
    """Return what the control tables say of rows and rejected rows, without names of runs."""
    return [
        place.sql(
            "SELECT `range`, batch_seq, rows_read, rows_written, state"
            " FROM {db}.snapshot_checkpoints ORDER BY 1"
        ),
        place.sql(
            "SELECT `range`, row_id, state, error_code, column_name FROM {db}.snapshot_rejected"
            " ORDER BY 1, 2"
        ),
        place.sql("SELECT `range`, batch_seq, `rows`, state FROM {db}.snapshot_wal ORDER BY 1, 2"),
        place.sql("SELECT cassandra_count, mysql_count, diff FROM {db}.snapshot_validation"),
        place.sql("SELECT state, exit_code FROM {db}.snapshot_runs"),
    ]


def mended(place: Place, command: Command, rows: int) -> None:
    """Prove that all rejected rows go in once the target is mended, and the run then ends well."""
    to = command.both()[2:]
    for ddl in MENDS:
        place.sql(ddl)
    code_is(command.call("replay-wal", "--rejected", *to), 0, f"{rows} of {rows} went in")
    code_is(command.call("replay-wal", "--rejected", *to), 0, "there are none")
    assert place.count("notes") == ROWS
    code_is(command.run("notes"), 0, "counted equal")


def test_the_ledger_is_that_of_token_order(place: Place) -> None:
    """Ids, errors, counts by range and by batch; then the rows go in as they do there."""
    make(place, long=LONG, picked=PICKED)
    command = in_key_order(place)
    run = ("notes", "--range-count", "4", "--rejected-max", "5")
    code_is(command.run(*run, RUN__APPLY_ORDER="token"), 4, "5 rows rejected", "CS-D02")
    token = ledger(place)
    place.sql("DELETE FROM {db}.notes")
    for table in sorted(place.tables() - {"notes"}):
        place.sql(f"DROP TABLE {{db}}.{table}")
    command.runs = place.folder / "keyed"

    code_is(command.run(*run), 4, "5 rows rejected", "CS-D02", "REJECTED")

    assert token == ledger(place)
    assert place.count("notes") == ROWS - 5
    mended(place, command, 5)


@pytest.mark.parametrize("kind", ["long", "picked"])
def test_without_a_budget_the_run_ends_and_the_same_command_finishes_the_rest(
    place: Place, kind: str
) -> None:
    """Exit 6 before the window is in; then all others are, with 6; with a budget 4."""
    make(place, **{kind: {1234}})
    command = in_key_order(place, RUN__WINDOW_BYTES="1 GiB")
    code_is(
        command.run("notes", "--range-count", "4"),
        6,
        "more rows were rejected than may be",
        "the limit is 0",
    )
    assert place.rows_checkpointed() == 0
    code_is(command.run("notes"), 6, "1 row rejected")
    assert place.count("notes") == ROWS - 1
    assert place.rows_checkpointed() == ROWS
    code_is(command.run("notes", "--rejected-max", "0.1%"), 4, "1 row rejected")
    mended(place, command, 1)


@pytest.mark.parametrize("fits_by_now", [False, True])
def test_a_row_that_was_refused_before_a_kill_is_judged_again(
    place: Place, fits_by_now: bool
) -> None:
    """Killed between loading and advance: the window is redone, and counts what is refused then."""
    make(place, picked=PICKED)
    command = in_key_order(place, RUN__WINDOW_BYTES="1 GiB")
    run = ("notes", "--range-count", "4", "--rejected-max", "2")
    with command.start_run(*run) as running:
        # Between now and the end of the window nobody writes a checkpoint.
        running.until(lambda: registered(place, "notes", 4), "the run is registered")
        with tables_locked(place, "snapshot_checkpoints"):
            running.until(lambda: place.count("notes") == ROWS - 2, "all of them are")
            running.kill()
            running.wait_gone()
    assert place.rows_checkpointed() == 0
    assert place.count("snapshot_rejected") == 0
    if fits_by_now:
        place.sql(MENDS[0])
        code_is(command.run(*run), 0, "counted equal")
        assert place.count("snapshot_rejected") == 0
        assert place.count("notes") == ROWS
        return
    code_is(command.run(*run), 4, "2 rows rejected")
    assert place.count("snapshot_rejected") == 2
    mended(place, command, 2)
