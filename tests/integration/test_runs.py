"""Runs beside each other, over several tables, and looked at by ``status``."""

from __future__ import annotations

import pytest

from tests.support.command import Command
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED, run_held_at
from tests.support.servers import Place
from tests.support.source_tables import CROWD, CROWD_ROWS, FILES_ROWS

pytestmark = pytest.mark.servers


def in_small_batches(place: Place) -> Command:
    """Return a command line that can stand still between any two of many batches."""
    return Command(place, PLANTED, MYSQL__BATCH_ROWS_MAX="40", RUN__WORKERS="2")


def test_of_two_runs_of_one_table_the_second_is_locked_out(shared: Place) -> None:
    """Exit 8 names the process that holds it; the first run goes on undisturbed."""
    command = in_small_batches(shared)
    with run_held_at(command, "files", "--range-count", "8", hit=3) as (first, hold):
        second = command.run("files", "--range-count", "8")
        replay = command.call("replay-wal", *command.both()[2:])
        assert not first.ended
        assert second.code == 8, str(second)
        assert str(first.process.pid) in second.err
        assert replay.code == 8, str(replay)
        hold.let_go()
        ended = first.wait()
    assert ended.code == 0, str(ended)
    assert len(command.folders()) == 1
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)


def test_several_tables_of_a_file_are_one_run(shared: Place) -> None:
    """A TOML file names both servers and the tables; each table has its target and its record."""
    source, target = shared.servers.endpoints.cassandra, shared.servers.endpoints.mysql
    path = shared.folder / "copy.toml"
    path.write_text(
        f"""config_version = 1
[cassandra]
contact_points = ["{source.host}"]
port = {source.port}
[mysql]
host = "{target.host}"
port = {target.port}
database = "{shared.database}"
username = "{target.user}"
[run]
directory = "{shared.folder}/runs"
ranges = 6
compression = "zstd"
[[tables]]
source = "{shared.keyspace}.files"
target = "documents"
[[tables]]
source = "{shared.keyspace}.crowd"
""",
        encoding="utf-8",
    )
    command = Command(shared)

    ended = command.call("run", "--config", str(path), "--output", "json")

    assert ended.code == 0, str(ended)
    assert [table["target"] for table in ended.record["tables"]] == [
        f"{shared.database}.documents",
        f"{shared.database}.crowd",
    ]
    assert len(command.folders()) == 1
    assert differences(shared, "files", "documents") == []
    assert differences(shared, "crowd") == []
    assert_read_once(shared, FILES_ROWS + (CROWD + 2) * CROWD_ROWS)
    found = shared.sql("SELECT status, diff FROM {db}.snapshot_validation")
    assert found == [("OK", 0), ("OK", 0)]


def test_status_tells_a_run_that_runs_from_one_that_was_killed_and_one_that_ended(
    shared: Place,
) -> None:
    """From the folder alone, while it runs, after a kill and afterwards; the others say so too."""
    command = in_small_batches(shared)
    asked = ["status", "--run-dir", str(command.runs)]
    with run_held_at(command, "files", "--range-count", "8", hit=3) as (running, _):
        during = command.call(*asked, "--output", "json")
        seen = command.call(*asked)
        running.kill()
        running.wait_gone()
    killed = command.call(*asked, "--output", "json")
    again = command.run("files", "--range-count", "8")
    after = command.call(*asked, "--output", "json")
    read = command.call(*asked)

    assert (during.code, during.record["life"]) == (0, "running"), str(during)
    assert f"running, process {running.process.pid}" in seen.out
    assert (killed.code, killed.record["life"]) == (0, "interrupted"), str(killed)
    assert again.code == 0, str(again)
    assert (after.code, after.record["life"], after.record["exit_code"]) == (0, "ended", 0)
    (table,) = after.record["tables"]
    assert (table["rows_applied"], table["ranges_done"]) == (FILES_ROWS, 8)
    assert (table["counts"]["source_rows"], table["counts"]["status"]) == (FILES_ROWS, "OK")
    assert "done" in read.out
    assert "counted equal" in read.out


def test_status_of_a_folder_without_runs_says_so(place: Place, command: Command) -> None:
    """Exit 2 says where it looked."""
    ended = command.call("status", "--run-dir", str(place.folder / "nothing"))
    assert ended.code == 2, str(ended)
    assert str(place.folder / "nothing") in ended.err


def test_no_output_of_a_run_holds_the_password(place: Place) -> None:
    """Not the streams, not a file of the run, not the control tables (I12)."""
    place.cql("CREATE TABLE {ks}.notes (id int PRIMARY KEY, body text)")
    place.insert("INSERT INTO {ks}.notes (id, body) VALUES (?, ?)", [(n, "a") for n in range(9)])
    login = f"u_{place.database}"
    place.sql(f"CREATE USER '{login}'@'%' IDENTIFIED BY 'pass-{login}'")
    place.sql(f"GRANT ALL ON {{db}}.* TO '{login}'@'%'")
    try:
        command = Command(place, MYSQL__PASSWORD=f"pass-{login}")
        ended = command.run("notes", "--range-count", "2", "-v", "-v", user=login)
    finally:
        place.sql(f"DROP USER '{login}'@'%'")
    assert ended.code == 0, str(ended)
    written = (ended.out + ended.err).encode()
    for path in command.runs.rglob("*"):
        written += path.read_bytes() if path.is_file() else b""
    for table in sorted(place.tables()):
        written += repr(place.sql(f"SELECT * FROM {{db}}.`{table}`")).encode()
    assert f"pass-{login}".encode() not in written
