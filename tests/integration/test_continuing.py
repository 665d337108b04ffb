"""What the same command does after a run that did not end well, and what replay refuses."""

from __future__ import annotations

import pytest

from tests.support.command import Command
from tests.support.compare import differences
from tests.support.servers import Place

pytestmark = pytest.mark.servers
ROWS = 40
ONE_REJECTED = ("--rejected-max", "1")
"""What leaves a run unfinished: its ranges are done, and a row of it is not in."""


def make_two_tables(place: Place) -> None:
    """Make ``good``, which can be copied, and ``bad``, one of whose rows cannot."""
    for name in ("good", "bad"):
        place.cql(f"CREATE TABLE {{ks}}.{name} (id int PRIMARY KEY, ratio double)")
        rows = [(i, float(i)) for i in range(ROWS)]
        place.insert(f"INSERT INTO {{ks}}.{name} (id, ratio) VALUES (?, ?)", rows)
    place.cql("INSERT INTO {ks}.bad (id, ratio) VALUES (7, NaN)")


def both_tables(command: Command) -> list[str]:
    """Return the arguments that copy both tables in four ranges each."""
    names = [f"{command.place.keyspace}.{name}" for name in ("good", "bad")]
    return ["run", *names, *command.both(), "--range-count", "4"]


def test_a_run_of_two_tables_goes_on_after_one_of_them_was_done(place: Place) -> None:
    """The done table stays done and is counted; the other ends once its rejected row is in."""
    make_two_tables(place)
    place.cql("ALTER TABLE {ks}.bad ADD note text")
    place.cql("INSERT INTO {ks}.bad (id, ratio, note) VALUES (7, 7.5, 'too long')")
    place.sql("CREATE TABLE {db}.bad (id INT PRIMARY KEY, ratio DOUBLE, note VARCHAR(5))")
    command = Command(place)
    first = command.call(*both_tables(command), "--rejected-max", "1")
    assert first.code == 4, str(first)
    states = place.sql("SELECT source LIKE '%good', state FROM {db}.snapshot_runs ORDER BY 1 DESC")
    assert states == [(1, "done"), (0, "partial")]
    place.sql("ALTER TABLE {db}.bad MODIFY note VARCHAR(8)")
    mended = command.call("replay-wal", "--rejected", *command.both()[2:])
    assert mended.code == 0, str(mended)

    second = command.call(*both_tables(command))

    assert second.code == 0, str(second)
    assert len(command.folders()) == 1
    assert differences(place, "good") == []
    assert differences(place, "bad") == []
    again = place.sql("SELECT COUNT(*) FROM {db}.snapshot_wal WHERE source LIKE '%good'")
    assert again == [(4,)], "no batch of the done table was written twice"


def test_a_target_that_is_gone_is_not_continued(place: Place) -> None:
    """Checkpoints without their table would make an empty copy look whole (exit 9)."""
    make_two_tables(place)
    command = Command(place)
    assert command.run("bad", "--range-count", "4", *ONE_REJECTED).code == 4
    place.sql("DROP TABLE {db}.bad")

    second = command.run("bad", "--range-count", "4")

    assert second.code == 9, str(second)
    assert "--new" in second.err
    assert "bad" not in place.tables()


def test_replay_refuses_a_run_that_a_newer_one_has_overtaken(place: Place) -> None:
    """Its rows are older than what the target holds (exit 9); nothing is written."""
    make_two_tables(place)
    command = Command(place)
    assert command.run("bad", "--range-count", "4", *ONE_REJECTED).code == 4
    place.cql("INSERT INTO {ks}.bad (id, ratio) VALUES (7, 7.5)")
    assert command.run("bad", "--range-count", "4", "--new").code == 0
    older = command.folders()[0].name

    replay = command.call("replay-wal", older, *command.both()[2:])

    assert replay.code == 9, str(replay)
    assert differences(place, "bad") == []


def test_replay_refuses_another_database_than_the_runs_target(place: Place) -> None:
    """The checkpoints of one table must not move for rows that go into another (exit 9)."""
    make_two_tables(place)
    command = Command(place, MYSQL__CONTROL_DATABASE=place.database)
    assert command.run("good", "--range-count", "4").code == 0
    elsewhere = f"{place.database}_else"
    place.sql(f"CREATE DATABASE {elsewhere}")
    try:
        place.sql(f"CREATE TABLE {elsewhere}.good LIKE {{db}}.good")
        to = command.both()[2:]
        to[1] = to[1].replace(place.database, elsewhere)

        replay = command.call("replay-wal", *to)

        assert replay.code == 9, str(replay)
        assert place.sql(f"SELECT COUNT(*) FROM {elsewhere}.good") == [(0,)]
    finally:
        place.sql(f"DROP DATABASE {elsewhere}")


def test_a_negative_zero_keeps_its_sign_whichever_way_its_batch_takes(place: Place) -> None:
    """A NUL in a text sends its batch by INSERT; LOAD DATA and INSERT write the same double."""
    place.cql("CREATE TABLE {ks}.signs (id int PRIMARY KEY, ratio double, note text)")
    rows = [(i, -0.0, note) for i, note in enumerate(["plain", "a\0b"] * 20)]
    place.insert("INSERT INTO {ks}.signs (id, ratio, note) VALUES (?, ?, ?)", rows)

    ended = Command(place).run("signs", "--range-count", "16")

    assert ended.code == 0, str(ended)
    found = place.sql("SELECT DISTINCT CAST(ratio AS CHAR) FROM {db}.signs")
    assert found == [("-0",)]


def test_replay_refuses_a_target_that_is_gone(place: Place) -> None:
    """Its checkpoints would call every batch applied (exit 9)."""
    make_two_tables(place)
    command = Command(place)
    assert command.run("good", "--range-count", "4").code == 0
    place.sql("DROP TABLE {db}.good")

    replay = command.call("replay-wal", *command.both()[2:])

    assert replay.code == 9, str(replay)
    assert "gone" in replay.err
