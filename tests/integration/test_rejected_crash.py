"""Rejected rows and SIGKILL: which rows are set aside, the committed batches say and no file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cass_snapshot.settings import MysqlSettings
from cass_snapshot.wiring.admins import open_target_admin
from tests.support.command import Command, Outcome
from tests.support.servers import Place, Servers, tables_locked

pytestmark = pytest.mark.servers

ROWS = 40
BATCH = 10
CREATE = "CREATE TABLE {ks}.notes (id int, place int, note text, PRIMARY KEY (id, place))"
TARGET = (
    "CREATE TABLE {db}.notes (id INT NOT NULL, place INT NOT NULL, note VARCHAR(6) CHARACTER SET"
    " utf8mb4 COLLATE utf8mb4_bin, PRIMARY KEY (id, place)"
)


@pytest.fixture
def command(place: Place) -> Command:
    """Return a command that copies one partition, batch by batch; control tables are there."""
    place.cql(CREATE)
    say(place, *((n, f"n{n}") for n in range(ROWS)))
    address = place.servers.endpoints.mysql
    admin = open_target_admin(
        MysqlSettings(
            host=address.host,
            port=address.port,
            database=place.database,
            username=address.user,
            password=address.password or None,
        )
    )
    admin.prepare()
    admin.close()
    return Command(place, RUN__RANGES="1", RUN__WORKERS="1", MYSQL__BATCH_ROWS_MAX=str(BATCH))


def say(place: Place, *notes: tuple[int, str]) -> None:
    """Give rows their notes."""
    rows = [(1, n, note) for n, note in notes]
    place.insert("INSERT INTO {ks}.notes (id, place, note) VALUES (?, ?, ?)", rows)


def mend(command: Command, *more: str) -> Outcome:
    """Try the rejected rows again."""
    return command.call("replay-wal", "--rejected", *command.both()[2:], *more)


def code_is(outcome: Outcome, code: int, *words: str) -> None:
    """Prove how a command ended and what it said."""
    assert outcome.code == code, str(outcome)
    for word in words:
        assert word in " ".join((outcome.out + outcome.err).split()), str(outcome)


def kept(command: Command) -> list[int]:
    """Return the numbers of the rows whose reasons are kept, in the order of the file."""
    path = Path(command.runs)
    found = [
        line
        for f in path.glob("*/rejected/notes.why.jsonl")
        for line in f.read_text().splitlines(keepends=True)
    ]
    return [int(json.loads(line)["key"][1], 16) for line in found if line.endswith("\n")]


def set_aside(place: Place) -> list[tuple[object, ...]]:
    """Return states and numbers of rejected rows."""
    sql = "SELECT state, COUNT(*) FROM {db}.snapshot_rejected GROUP BY state ORDER BY state"
    return place.sql(sql)


def kill_before_the_commit(place: Place, command: Command, is_kept: list[int]) -> None:
    """Kill a run whose rejected rows are kept, and whose batch waits to be committed."""
    with (
        tables_locked(place, "snapshot_rejected"),
        command.start_run("notes", "--rejected-max", "9") as running,
    ):
        running.until(lambda: kept(command) == is_kept, "the rejected row is kept")
        running.kill()
        running.wait_gone()
    assert place.rows_checkpointed() == 0


def all_in(place: Place, command: Command) -> None:
    """Prove that the run knows every row to be in."""
    assert place.count("notes") == ROWS
    code_is(command.run("notes"), 0, "counted equal")


def test_a_row_that_fits_by_now_does_not_stand_for_one_that_does_not(
    place: Place, command: Command
) -> None:
    """One row was refused before the crash, another one after it: only that one is lacking."""
    place.sql(f"{TARGET}, CONSTRAINT picky CHECK (note <> 'n3'))")
    kill_before_the_commit(place, command, [3])
    place.sql("ALTER TABLE {db}.notes DROP CONSTRAINT picky")
    place.sql("ALTER TABLE {db}.notes ADD CONSTRAINT picky CHECK (note <> 'n4')")
    code_is(command.run("notes", "--rejected-max", "1"), 4, "1 row rejected")
    assert kept(command) == [3, 4]
    assert place.count("notes") == ROWS - 1

    code_is(mend(command), 4, "0 of 1 went in", "CS-D0")
    assert set_aside(place) == [("refused", 1)]
    place.sql("ALTER TABLE {db}.notes DROP CONSTRAINT picky")
    code_is(mend(command), 0, "1 of 1 went in")
    code_is(mend(command), 0, "there are none")
    all_in(place, command)


def test_a_row_that_was_changed_after_the_crash_keeps_its_newer_cells(
    place: Place, command: Command
) -> None:
    """The file has the cells of before, and no batch that is in lacks the row."""
    place.sql(f"{TARGET})")
    say(place, (3, "too long"))
    with (
        tables_locked(place, "snapshot_rejected"),
        command.start_run("notes", "--rejected-max", "9") as running,
    ):
        running.until(lambda: kept(command) == [3], "the rejected row is kept")
        running.kill()
        running.wait_gone()
    for segment in Path(command.runs).glob("*/wal/**/*.wal"):
        segment.unlink()  # as if the kill had come before the batch was durable
    say(place, (3, "newer"), (14, "longer still"))
    code_is(command.run("notes", "--rejected-max", "1"), 4, "1 row rejected")
    place.sql("ALTER TABLE {db}.notes MODIFY note VARCHAR(20)")
    code_is(mend(command), 0, "1 of 1 went in")
    assert place.sql("SELECT note FROM {db}.notes WHERE place = 3") == [("newer",)]
    all_in(place, command)


def test_a_row_of_a_batch_that_is_only_in_the_wal_is_not_counted_before_its_batch(
    place: Place, command: Command
) -> None:
    """One row of each is rejected; each goes in once its batch is in, and the run can end."""
    place.sql(f"{TARGET})")
    say(place, (5, "too long"), (25, "too long"))
    blocker = Servers(place.servers.endpoints)
    try:
        blocker.sql("START TRANSACTION")
        blocker.sql(f"INSERT INTO {place.database}.notes VALUES (1, 20, 'mine')")
        with command.start_run("notes", "--rejected-max", "2") as running:
            running.until(third_batch_waits(place, command), "the third batch waits for a lock")
            running.kill()
            running.wait_gone()
    finally:
        blocker.sql("ROLLBACK")
        blocker.close()
    place.sql("ALTER TABLE {db}.notes MODIFY note VARCHAR(20)")
    assert place.rows_checkpointed() == 2 * BATCH
    assert set_aside(place) == [("rejected", 1)]

    code_is(mend(command), 0, "1 of 1 went in")
    assert set_aside(place) == [("written", 1)]
    code_is(command.run("notes", "--rejected-max", "2"), 4, "1 row rejected")
    assert set_aside(place) == [("rejected", 1), ("written", 1)]
    code_is(mend(command), 0, "1 of 1 went in")
    all_in(place, command)


def third_batch_waits(place: Place, command: Command) -> Callable[[], bool]:
    """Return what tells that the third batch is in the WAL and on its way into the target."""

    def holds() -> bool:
        writing = place.number(
            "SELECT COUNT(*) FROM information_schema.processlist"
            " WHERE id <> CONNECTION_ID() AND info LIKE %s",
            (f"%`{place.database}`.`notes`%",),
        )
        return kept(command) == [5, 25] and place.rows_checkpointed() == 20 and writing > 0

    return holds


def test_a_replay_of_batches_tells_the_rows_that_mysql_refuses(
    place: Place, command: Command
) -> None:
    """Exit 6 where they are more than may be, else 4; in JSON, too. A dry run cannot know it."""
    place.sql(f"{TARGET}, CONSTRAINT picky CHECK (note <> 'n3'))")
    kill_before_the_commit(place, command, [3])
    replay = ["replay-wal", *command.both()[2:]]
    dry = command.call(*replay, "--dry-run", "--output", "json")
    assert (dry.code, dry.record["tables"][0]["rejected"]) == (0, 0), str(dry)

    code_is(command.call(*replay), 6, "rejected 1 row", "more than rejected_max", "--rejected")
    again = command.call(*replay, "--output", "json", LIMITS__REJECTED_MAX="1")
    assert again.code == 4, str(again)
    (table,) = again.record["tables"]
    assert (table["batches_applied"], table["rejected"]) == (0, 1)
    place.sql("ALTER TABLE {db}.notes DROP CONSTRAINT picky")
    code_is(mend(command), 0, "1 of 1 went in")
    code_is(command.call(*replay), 0)
    code_is(command.run("notes"), 0, "counted equal")
