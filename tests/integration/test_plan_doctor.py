"""``plan`` and ``doctor`` on real servers: they tell what a run would do, and write nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import Command, Outcome
from tests.support.servers import Place

pytestmark = pytest.mark.servers

TYPES = (
    *("ascii", "text", "blob", "boolean", "tinyint", "smallint", "int", "bigint", "varint"),
    *("decimal", "float", "double", "date", "time", "timestamp", "uuid", "timeuuid", "inet"),
    *("duration", "list<int>", "set<text>", "map<text, frozen<list<frozen<map<int, date>>>>>"),
    *("frozen<list<int>>", "frozen<tuple<int, text>>", "address", "frozen<address>"),
    *("map<frozen<address>, frozen<list<frozen<address>>>>", "vector<float, 3>"),
)


@pytest.fixture
def everything(place: Place) -> Place:
    """Make an empty table with a column of every type."""
    place.cql('CREATE TYPE {ks}.address (street text, "House No" int)')
    columns = ", ".join(f"c{n:02} {cql_type}" for n, cql_type in enumerate(TYPES))
    place.cql(
        "CREATE TABLE {ks}.everything (pk uuid, ck timestamp, common text static,"
        f" {columns}, PRIMARY KEY (pk, ck))"
    )
    return place


@pytest.fixture
def files(place: Place) -> Place:
    """Make a table of fifty rows, of which one has a date that DATETIME does not hold."""
    place.cql("CREATE TABLE {ks}.files (id int PRIMARY KEY, name text, born timestamp)")
    rows = [(n, "a", 1_700_000_000_000 + n) for n in range(49)]
    place.insert("INSERT INTO {ks}.files (id, name, born) VALUES (?, ?, ?)", rows)
    place.cql("INSERT INTO {ks}.files (id, name, born) VALUES (99, 'b', -99999999999999)")
    return place


def plan(command: Command, table: str, *more: str) -> Outcome:
    """Plan a table of the place's keyspace."""
    return command.call("plan", f"{command.place.keyspace}.{table}", *command.both(), *more)


def doctor(command: Command, *words: str) -> Outcome:
    """Examine tables of the place's keyspace."""
    tables = [f"{command.place.keyspace}.{word}" for word in words if not word.startswith("-")]
    options = [word for word in words if word.startswith("-")]
    return command.call("doctor", *tables, *command.both(), *options)


def findings(outcome: Outcome, section: str, level: str) -> list[dict[str, str]]:
    """Return what was found in a section of a JSON report."""
    (found,) = [s for s in outcome.record["sections"] if s["section"] == section]
    return [f for f in found["findings"] if f["level"] == level]


def nothing_written(place: Place, command: Command) -> None:
    """Prove that neither a table, a control table nor a folder came into being."""
    assert place.tables() == set()
    assert not command.runs.exists()


@pytest.mark.parametrize("width", [80, 100])
def test_a_table_of_every_type_is_planned_within_the_terminal(
    everything: Place, width: int
) -> None:
    """Every column is there, no line is too wide, and nothing was written."""
    command = Command(everything)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(command._environment, "COLUMNS", str(width))
        outcome = plan(command, "everything")
    assert outcome.code == 0, str(outcome)
    assert max(map(len, outcome.out.splitlines())) <= width
    for number in range(len(TYPES)):
        assert f"c{number:02}" in outcome.out
    assert "CREATE TABLE" in outcome.out
    nothing_written(everything, command)


def test_a_plan_counts_what_it_read_and_names_what_does_not_fit(
    files: Place, command: Command
) -> None:
    """By column, with the option that would take it; the row itself is not shown."""
    outcome = plan(command, "files", "--output", "json")
    assert outcome.code == 0, str(outcome)
    (table,) = outcome.record["tables"]
    assert table["sampled"]["rows"] == 50
    assert table["sampled"]["refused"] == 1
    assert table["estimate"]["counted"]
    assert table["over_budget"]
    refused = {c["column"]: c["refused"] for c in table["columns"]}
    assert refused == {"id": 0, "name": 0, "born": 1}
    (warned,) = [f for f in table["findings"] if f["level"] == "warn"]
    assert "born" in warned["text"]
    assert warned["fix"]
    assert "99999999999999" not in outcome.out
    nothing_written(files, command)


def test_a_plan_says_in_which_order_rows_would_arrive(files: Place, command: Command) -> None:
    """By what the servers say of themselves; a small table as it is read."""
    outcome = plan(command, "files", "--output", "json")
    (table,) = outcome.record["tables"]
    assert table["ordering"]["order"] == "token"
    assert table["ordering"]["why"].startswith("the table is small, about ")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(command._environment, "CASS_SNAPSHOT_RUN__APPLY_ORDER", "key")
        patch.setitem(command._environment, "CASS_SNAPSHOT_RUN__WINDOW_BYTES", "2 MiB")
        (table,) = plan(command, "files", "--output", "json").record["tables"]
    assert table["ordering"]["order"] == "key"
    assert table["ordering"]["window_bytes"] == 2 * 2**20
    nothing_written(files, command)


def test_run_with_dry_run_is_plan(files: Place, command: Command) -> None:
    """The same text, and nothing written."""
    dry = command.run("files", "--dry-run")
    assert dry.code == 0, str(dry)
    assert dry.out.splitlines()[0] == "plan: nothing was written"
    assert "WAL" in dry.out
    nothing_written(files, command)


def test_a_second_plan_knows_the_rate_and_what_was_changed(files: Place) -> None:
    """From the runs folder; a finished run is not continued."""
    command = Command(files)
    files.cql("DELETE FROM {ks}.files WHERE id = 99")
    first = command.run("files", "--range-count", "4", "--workers", "1")
    assert first.code == 0, str(first)
    outcome = plan(command, "files", "--output", "json", "--workers", "2")
    (table,) = outcome.record["tables"]
    assert table["exists"], str(outcome)
    assert table["ddl"] == ""
    assert table["rate"]["rows_per_s"] > 0
    assert {"key": "run.workers", "before": "1", "now": "2"} in outcome.record["changes"]


def test_a_mapping_that_cannot_hold_is_named_before_the_run(files: Place, command: Command) -> None:
    """Exit 3 from both commands, with the column and a fix; the target stays as it was."""
    files.sql("CREATE TABLE {db}.files (id INT PRIMARY KEY, name VARCHAR(9) NOT NULL, born JSON)")
    outcome = plan(command, "files", "--output", "json")
    assert outcome.code == 3, str(outcome)
    (table,) = outcome.record["tables"]
    failed = [f for f in table["findings"] if f["level"] == "fail"]
    assert any("born" in f["text"] for f in failed), str(outcome)
    assert all(f["fix"] for f in failed)
    told = doctor(command, "files", "--output=json")
    assert told.code == 3, str(told)
    assert any("born" in f["text"] for f in findings(told, "mysql", "fail"))
    assert files.tables() == {"files"}


def test_doctor_finds_all_well_and_changes_nothing(everything: Place, command: Command) -> None:
    """Every section has something to say, and the last line sums it up."""
    outcome = doctor(command, "everything")
    assert outcome.code == 0, str(outcome)
    for section in ("configuration", "machine", "cassandra", "mysql"):
        assert any(line.startswith(section) for line in outcome.out.splitlines())
    assert outcome.out.splitlines()[-1].startswith("0 failed")
    assert outcome.out.splitlines()[-1].endswith("exit 0")
    nothing_written(everything, command)


def test_a_cassandra_that_is_away_leaves_mysql_to_be_examined(
    files: Place, command: Command
) -> None:
    """A failure with a fix in the one section, and findings in the other."""
    table = f"{files.keyspace}.files"
    nowhere = ("--from", "cassandra://127.0.0.1:1")
    outcome = command.call("doctor", table, *command.both(), *nowhere, "--output", "json")
    assert outcome.code == 3, str(outcome)
    (failed,) = findings(outcome, "cassandra", "fail")
    assert "127.0.0.1:1" in failed["text"]
    assert failed["fix"]
    assert findings(outcome, "mysql", "ok")


def test_a_mysql_that_is_away_leaves_cassandra_to_be_examined(
    files: Place, command: Command
) -> None:
    """As the other way round."""
    table = f"{files.keyspace}.files"
    nowhere = ("--to", "mysql://root@127.0.0.1:1/none")
    outcome = command.call("doctor", table, *command.both(), *nowhere, "--output", "json")
    assert outcome.code == 3, str(outcome)
    (failed,) = findings(outcome, "mysql", "fail")
    assert failed["fix"]
    assert any("can be read" in f["text"] for f in findings(outcome, "cassandra", "ok"))


def test_a_wrong_data_centre_is_a_failure_that_names_those_there_are(files: Place) -> None:
    """And MySQL is examined all the same."""
    command = Command(files, CASSANDRA__LOCAL_DATACENTER="dc-nowhere")
    ((present,),) = files.servers.cql("SELECT data_center FROM system.local")
    outcome = doctor(command, "files", "--output=json")
    assert outcome.code == 3, str(outcome)
    (failed,) = findings(outcome, "cassandra", "fail")
    assert "dc-nowhere" in failed["text"]
    assert present in failed["text"] + failed["fix"]
    assert findings(outcome, "mysql", "ok")


def test_only_the_sections_that_are_asked_for(command: Command) -> None:
    """A server that is not asked for need not even be named."""
    outcome = command.call("doctor", "--only", "machine", "--output", "json")
    assert outcome.code == 0, str(outcome)
    assert [s["section"] for s in outcome.record["sections"]] == ["machine"]


def test_strict_makes_a_warning_fail(files: Place, command: Command) -> None:
    """A row that would be set aside is one."""
    assert doctor(command, "files").code == 0, files.keyspace
    assert doctor(command, "files", "--strict").code == 3


def test_a_password_that_others_may_read_is_told_and_the_rest_examined(
    files: Place, tmp_path: Path
) -> None:
    """The file's content is nowhere."""
    secret = tmp_path / "secret"
    secret.write_text("geheim", encoding="utf-8")
    secret.chmod(0o644)
    command = Command(files, MYSQL__PASSWORD_FILE=str(secret))
    outcome = doctor(command, "files", "--output=json")
    assert outcome.code == 3, str(outcome)
    (failed,) = findings(outcome, "configuration", "fail")
    assert failed["fix"] == f"chmod 600 {secret}"
    assert findings(outcome, "cassandra", "ok")
    assert "geheim" not in outcome.out + outcome.err


def test_a_run_tells_its_warnings_as_events(files: Place) -> None:
    """Each with its fix, and the sum of them in the status."""
    files.cql("CREATE TABLE {ks}.hits (id int PRIMARY KEY, hits counter)")
    command = Command(files)
    outcome = command.run("hits", "--range-count", "2", "--workers", "1")
    assert outcome.code == 0, str(outcome)
    warned = [e for e in command.events() if e["event"] == "doctor"]
    assert any("counters" in e["message"] and e["fix"] for e in warned)
    assert "warning" in command.status()["doctor"]


def test_what_a_login_may_not_do_is_told_with_the_grant(files: Place, command: Command) -> None:
    """The statement that an administrator types; a stopper, where no role may still allow it."""
    user = f"limited_{files.database[-6:]}"
    files.sql(f"CREATE USER '{user}'@'%'")
    try:
        files.sql(f"GRANT SELECT ON {{db}}.* TO '{user}'@'%'")
        table = f"{files.keyspace}.files"
        outcome = command.call("doctor", table, *command.both(user), "--output=json")
    finally:
        files.sql(f"DROP USER '{user}'@'%'")
    assert outcome.code == 3, str(outcome)
    (insert,) = [f for f in findings(outcome, "mysql", "fail") if "INSERT" in f["text"]]
    assert insert["fix"].startswith("GRANT INSERT")
    assert user in insert["fix"]
    assert findings(outcome, "cassandra", "ok")
    nothing_written(files, command)
