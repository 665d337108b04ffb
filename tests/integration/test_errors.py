"""What keeps a run from starting: one clear error, the right exit code, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import Command, Outcome
from tests.support.servers import Place

pytestmark = pytest.mark.servers


@pytest.fixture
def notes(place: Place) -> Place:
    """Make a small table that could be copied."""
    place.cql("CREATE TABLE {ks}.notes (id int PRIMARY KEY, body text)")
    place.insert("INSERT INTO {ks}.notes (id, body) VALUES (?, ?)", [(n, "a") for n in range(9)])
    return place


def refused(place: Place, command: Command, outcome: Outcome, code: int, *words: str) -> None:
    """Prove that a command ended with one clear error and wrote nothing."""
    assert outcome.code == code, str(outcome)
    assert outcome.err.count("error") >= 1, str(outcome)
    assert "Traceback" not in outcome.err
    for word in words:
        assert word in outcome.err, str(outcome)
    assert not {name for name in place.tables() if name.startswith("snapshot_")}
    assert command.folders() == []
    assert not [path for path in command.runs.glob("*") if path.is_dir()]


def unused_port() -> int:
    """Return a port on which nobody listens: reserved, and never given out."""
    return 1


def test_a_wrong_mysql_password_is_said_without_it(notes: Place) -> None:
    """Exit 3 names the login; the password that was given stands nowhere."""
    notes.sql("CREATE USER 'wrongly'@'%' IDENTIFIED BY 'right-secret'")
    try:
        command = Command(notes, MYSQL__PASSWORD="wrong-secret")  # noqa: S106 - not one that works
        outcome = command.run("notes", user="wrongly")
    finally:
        notes.sql("DROP USER 'wrongly'@'%'")
    refused(notes, command, outcome, 3, "login", "MYSQL__PASSWORD")
    assert "secret" not in outcome.err + outcome.out
    assert notes.tables() == set()


def test_a_cassandra_that_is_not_there_is_named(notes: Place, command: Command) -> None:
    """Exit 7 names the address."""
    nowhere = f"cassandra://127.0.0.1:{unused_port()}"
    outcome = command.run("notes", "--from", nowhere)
    refused(notes, command, outcome, 7, "127.0.0.1:1", "Cassandra")


def test_a_mysql_that_is_not_there_is_named(notes: Place, command: Command) -> None:
    """Exit 7 names the address."""
    nowhere = f"mysql://root@127.0.0.1:{unused_port()}/{notes.database}"
    outcome = command.run("notes", "--to", nowhere)
    refused(notes, command, outcome, 7, "127.0.0.1:1", "MySQL")


def test_a_wrong_keyspace_is_answered_with_the_nearest(notes: Place, command: Command) -> None:
    """Exit 3 names the keyspace that is probably meant."""
    meant = notes.keyspace
    outcome = command.call("run", f"{meant}x.notes", *command.both())
    refused(notes, command, outcome, 3, f"{meant}x", f"did you mean {meant}?")


def test_a_missing_table_is_answered_with_the_nearest(notes: Place, command: Command) -> None:
    """Exit 3 names the table that is probably meant."""
    outcome = command.run("nots")
    refused(notes, command, outcome, 3, "nots", "did you mean notes?")


def test_a_wrong_data_centre_is_answered_with_those_that_exist(notes: Place) -> None:
    """Exit 3 names the data centres that the cluster has."""
    command = Command(notes, CASSANDRA__LOCAL_DATACENTER="dc-nowhere")
    ((present,),) = notes.servers.cql("SELECT data_center FROM system.local")
    refused(notes, command, command.run("notes"), 3, "dc-nowhere", present)


def test_a_missing_database_is_answered_with_its_ddl(notes: Place) -> None:
    """Exit 3 names the database and how to make it."""
    nowhere = Place(
        servers=notes.servers, keyspace=notes.keyspace, database="t_none", folder=notes.folder
    )
    command = Command(nowhere)
    refused(nowhere, command, command.run("notes"), 3, "CREATE DATABASE `t_none`")


def test_a_file_in_the_place_of_the_run_directory_is_refused(
    notes: Place, command: Command
) -> None:
    """Exit 3 names the folder; a file that was there is left as it was."""
    command.runs.write_text("mine", encoding="utf-8")
    outcome = command.run("notes")
    assert outcome.code == 3, str(outcome)
    assert str(command.runs) in outcome.err
    assert command.runs.read_text(encoding="utf-8") == "mine"
    assert notes.tables() == set()


def test_a_run_directory_that_cannot_be_written_is_refused(notes: Place, command: Command) -> None:
    """Exit 3 names the folder; /proc is one that even root cannot write."""
    outcome = command.call(*command.copying("notes")[:-1], "/proc/runs")
    refused(notes, command, outcome, 3, "/proc/runs")


def test_a_run_directory_open_to_others_is_refused(notes: Place, command: Command) -> None:
    """Exit 3 says which mode it has and what to do: its rows would be everybody's."""
    command.runs.mkdir(mode=0o777)
    command.runs.chmod(0o777)
    outcome = command.run("notes")
    refused(notes, command, outcome, 3, str(command.runs), "chmod")
    assert list(command.runs.iterdir()) == []


def test_a_memory_file_system_is_no_place_for_a_wal(notes: Place, command: Command) -> None:
    """Exit 3 says that the machine's end would be the WAL's."""
    memory = Path("/dev/shm") / f"{notes.database}-runs"  # noqa: S108 - a memory file system
    try:
        outcome = command.call(*command.copying("notes")[:-1], str(memory))
    finally:
        left = list(memory.rglob("*")) if memory.exists() else []
        for path in sorted(left, reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        if memory.exists():
            memory.rmdir()
    refused(notes, command, outcome, 3, str(memory))


def test_a_custom_type_is_refused_by_name(place: Place, command: Command) -> None:
    """Exit 3 names the column and how its bytes could be copied: never half a table."""
    custom = "'org.apache.cassandra.db.marshal.LexicalUUIDType'"
    place.cql(f"CREATE TABLE {{ks}}.odd (id int PRIMARY KEY, fine text, strange {custom})")
    outcome = command.run("odd")
    refused(place, command, outcome, 3, "strange", "LexicalUUIDType", 'type = "LONGBLOB"')
    assert place.tables() == set()


@pytest.mark.parametrize(
    ("ddl", "words"),
    [
        ("(id INT NOT NULL PRIMARY KEY, body DATE)", ["body", "DATE cannot hold text"]),
        ("(id INT NOT NULL PRIMARY KEY)", ["body"]),
        (
            "(id INT NOT NULL PRIMARY KEY, body LONGTEXT COLLATE utf8mb4_0900_bin) ENGINE=MyISAM",
            ["MyISAM", "InnoDB"],
        ),
        ("(id INT NOT NULL, body LONGTEXT COLLATE utf8mb4_0900_bin)", ["primary key"]),
    ],
    ids=["other type", "column missing", "MyISAM", "no key"],
)
def test_a_target_of_another_shape_is_refused(notes: Place, ddl: str, words: list[str]) -> None:
    """Exit 3 names the difference; the target and its rows are left alone."""
    command = Command(notes)
    notes.sql(f"CREATE TABLE {{db}}.notes {ddl}")
    notes.sql("INSERT INTO {db}.notes (id) VALUES (1)")
    refused(notes, command, command.run("notes"), 3, f"{notes.database}.notes", *words)
    assert notes.sql("SELECT id FROM {db}.notes") == [(1,)]


def test_a_view_in_the_place_of_the_target_is_refused(notes: Place, command: Command) -> None:
    """Exit 3 says what it is."""
    notes.sql("CREATE VIEW {db}.notes AS SELECT 1 AS id, 'a' AS body")
    refused(notes, command, command.run("notes"), 3, "view", "InnoDB")


def test_more_columns_than_a_row_of_mysql_takes_are_said_in_few_words(
    place: Place, command: Command
) -> None:
    """Exit 3 before anything is written, with what helps; shorter types then do."""
    columns = [f"a_column_{number}" for number in range(210)]
    listed = ", ".join(f"{name} text" for name in columns)
    place.cql(f"CREATE TABLE {{ks}}.broad (id int PRIMARY KEY, {listed})")
    outcome = command.run("broad")
    assert outcome.code == 3, str(outcome)
    wanted = ("broad", "211 columns", "8,125", "skip = true", "nothing was written")
    assert [word for word in wanted if word not in outcome.err] == [], str(outcome)
    assert "a_column_" not in outcome.err
    assert len(outcome.err) < 1_200
    assert "broad" not in place.tables()

    config = place.folder / "short.toml"
    short = "".join(f'[tables.columns.{name}]\ntype = "VARCHAR(9)"\n' for name in columns)
    config.write_text(
        f'[run]\nranges = 1\n[[tables]]\nsource = "{place.keyspace}.broad"\n{short}',
        encoding="utf-8",
    )
    mended = command.call("run", "-c", str(config), *command.both())
    assert mended.code == 0, str(mended)


def test_a_trigger_on_the_target_forbids_replacing(notes: Place, command: Command) -> None:
    """REPLACE would fire it: the rows that are there are updated, and it never fires."""
    assert command.run("notes", "--range-count", "1").code == 0
    notes.sql("CREATE TABLE {db}.gone (id INT)")
    notes.sql(
        "CREATE TRIGGER {db}.watch BEFORE DELETE ON {db}.notes FOR EACH ROW"
        " INSERT INTO gone VALUES (OLD.id)"
    )
    outcome = command.run("notes", "--range-count", "1")
    assert outcome.code == 0, str(outcome)
    assert (notes.count("notes"), notes.count("gone")) == (9, 0)


def test_a_password_on_the_command_line_is_refused_and_not_shown(
    notes: Place, command: Command
) -> None:
    """Exit 2 points to the variable and the file."""
    address = notes.servers.endpoints.mysql
    url = f"mysql://root:hunter2@{address.host}:{address.port}/{notes.database}"
    outcome = command.run("notes", "--to", url)
    refused(notes, command, outcome, 2, "CASS_SNAPSHOT_MYSQL__PASSWORD", "_FILE")
    assert "hunter2" not in outcome.err + outcome.out


def test_control_tables_of_somebody_else_are_left_alone(notes: Place, command: Command) -> None:
    """Exit 3 points to control_database, with which the same copy then works."""
    notes.sql("CREATE TABLE {db}.snapshot_validation (id INT PRIMARY KEY, verdict TEXT)")
    outcome = command.run("notes", "--range-count", "2")
    assert outcome.code == 3, str(outcome)
    assert "control_database" in outcome.err
    assert "snapshot_validation" in outcome.err
    assert notes.tables() == {"snapshot_validation"}
    assert command.folders() == []

    control = f"{notes.database}_control"
    notes.sql(f"CREATE DATABASE {control}")
    try:
        outcome = command.run("notes", "--range-count", "2", MYSQL__CONTROL_DATABASE=control)
        assert outcome.code == 0, str(outcome)
        assert notes.tables() == {"snapshot_validation", "notes"}
        assert notes.sql(f"SELECT status FROM {control}.snapshot_validation") == [("OK",)]
    finally:
        notes.sql(f"DROP DATABASE {control}")


def test_a_contact_point_among_several_is_enough(notes: Place, command: Command) -> None:
    """Of two contact points one may be away: the copy goes on through the other."""
    address = notes.servers.endpoints.cassandra
    both = f"cassandra://127.0.0.9:{address.port},{address.host}"
    outcome = command.run("notes", "--from", both, "--range-count", "1")
    assert outcome.code == 0, str(outcome)
    assert notes.count("notes") == 9
