"""``replay-wal``: part of a WAL, all of it again, elsewhere, or nothing, with the reason."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from tests.support.command import Command, Outcome
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED, run_killed_at
from tests.support.servers import Place, Row, Servers, new_database
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers

RANGES = ("--range-count", "8")
NOWHERE = {
    "CASS_SNAPSHOT_CASSANDRA__CONTACT_POINTS": "127.0.0.1",
    "CASS_SNAPSHOT_CASSANDRA__PORT": "1",
}
CHECKPOINTS = (
    "SELECT `range`, range_start, range_end, position, batch_seq, rows_read, rows_written,"
    " row_digest, state FROM {db}.snapshot_checkpoints ORDER BY range_start"
)


def copied(place: Place, *more: str, order: str = "token") -> Command:
    """Copy ``files`` in small batches, and return the command line."""
    command = Command(place, MYSQL__BATCH_ROWS_MAX="40", RUN__WORKERS="2", RUN__APPLY_ORDER=order)
    ended = command.run("files", *RANGES, *more)
    assert ended.code == 0, str(ended)
    return command


def replayed(
    command: Command,
    *more: str,
    to: Place | None = None,
    variables: Mapping[str, str] | None = None,
) -> Outcome:
    """Replay while Cassandra is out of reach; into another place where one is named."""
    where = to or command.place
    nowhere = Command(where, {**NOWHERE, **(variables or {})})
    runs = ["--run-dir", str(command.runs)]
    return nowhere.call("replay-wal", "--to", where.target_url(), *runs, *more, "--output", "json")


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    """Return the rows captured, there, applied and rejected; they add up."""
    assert outcome.code in (0, 4, 6), str(outcome)
    (found,) = outcome.record["tables"]
    captured, there, applied = (found[f"rows_{n}"] for n in ("captured", "there", "applied"))
    assert captured == there + applied + found["rejected"]
    return captured, there, applied, found["rejected"]


def checkpoints(place: Place) -> list[Row]:
    """Return what the checkpoints say of each range."""
    return place.sql(CHECKPOINTS)


def segments(command: Command) -> list[Path]:
    """Return the segments of the newest run."""
    return sorted(command.folders()[-1].glob("wal/*/*.wal"))


@pytest.fixture
def elsewhere(shared: Place) -> Iterator[Place]:
    """Give another database of the same server, with no control tables and no target."""
    with new_database(shared.servers) as database:
        yield replace(shared, database=database)


@pytest.mark.parametrize("order", ["token", "key"])
def test_all_fills_a_new_target_with_the_checkpoints_of_the_first(
    shared: Place, elsewhere: Place, order: str
) -> None:
    """The WAL is a full copy: table, rows, checkpoints; the next run there only counts."""
    command = copied(shared, order=order)
    dry = replayed(command, "--all", "--dry-run", to=elsewhere)
    assert counts(dry) == (FILES_ROWS, 0, FILES_ROWS, 0)
    assert elsewhere.tables() == set()
    refused = replayed(command, to=elsewhere)
    assert refused.code == 3, str(refused)
    assert "--all" in refused.err
    assert elsewhere.tables() == set()

    real = replayed(command, "--all", to=elsewhere)

    assert counts(real) == (FILES_ROWS, 0, FILES_ROWS, 0)
    assert differences(elsewhere, "files") == []
    assert checkpoints(shared) == checkpoints(elsewhere)
    assert_read_once(elsewhere, FILES_ROWS)
    found = "SELECT state, exit_code, target_created FROM {db}.snapshot_runs"
    assert elsewhere.sql(found) == [("applied", 0, 1)]
    assert shared.sql(found) == [("done", 0, 1)]
    assert counts(replayed(command, "--all", to=elsewhere)) == (FILES_ROWS, 0, FILES_ROWS, 0)
    assert checkpoints(shared) == checkpoints(elsewhere)

    there = Command(elsewhere)
    there.runs = command.runs
    ended = there.run("files", *RANGES)
    assert ended.code == 0, str(ended)
    assert elsewhere.sql(found) == [("done", 0, 1)]
    assert_read_once(elsewhere, FILES_ROWS)


def test_all_fills_another_server(shared: Place, mariadb_servers: Servers) -> None:
    """Another flavour even, as long as it takes the values in the form that the WAL has them."""
    command = copied(shared, "--capture-only")
    with new_database(mariadb_servers) as database:
        there = replace(shared, servers=mariadb_servers, database=database)
        real = replayed(command, "--all", to=there)
        assert counts(real) == (FILES_ROWS, 0, FILES_ROWS, 0)
        assert differences(there, "files") == []
        assert_read_once(there, FILES_ROWS)
    assert shared.sql("SELECT state FROM {db}.snapshot_runs") == [("captured",)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_all_into_a_new_target_goes_on_where_it_was_ended(
    shared: Place, elsewhere: Place, number: signal.Signals
) -> None:
    """The second time the target knows the run, and what it has is written again."""
    command = copied(shared)
    where = ["--to", elsewhere.target_url(), "--run-dir", str(command.runs)]
    with command.start("replay-wal", "--all", *where) as running:
        running.until(lambda: elsewhere.rows_checkpointed() > 200, "rows are in")
        running.send(number)
        ended = running.wait(10)
    assert ended.code == (143 if number is signal.SIGTERM else -9), str(ended)
    assert ("the same command goes on" in ended.out) is (number is signal.SIGTERM)
    there = elsewhere.rows_checkpointed()
    assert 200 < there < FILES_ROWS
    named = replayed(command, to=elsewhere)
    assert named.code == 9, str(named)
    assert f"its target is {shared.database}.files, not {elsewhere.database}.files" in named.err

    again = replayed(command, "--all", to=elsewhere)

    assert counts(again) == (FILES_ROWS, 0, FILES_ROWS, 0)
    assert differences(elsewhere, "files") == []
    assert checkpoints(shared) == checkpoints(elsewhere)
    assert_read_once(elsewhere, FILES_ROWS)


@pytest.mark.parametrize("damage", ["DELETE FROM {db}.files", "DROP TABLE {db}.files"])
def test_all_brings_back_what_the_target_lost(shared: Place, damage: str) -> None:
    """No checkpoint moves and no audit row comes: they are as they were before the damage."""
    command = copied(shared)
    before = checkpoints(shared), shared.sql("SELECT * FROM {db}.snapshot_wal ORDER BY 1, 2, 3, 4")
    shared.sql(damage)
    assert counts(replayed(command, "--all", "--dry-run")) == (FILES_ROWS, 0, FILES_ROWS, 0)

    assert counts(replayed(command, "--all")) == (FILES_ROWS, 0, FILES_ROWS, 0)

    assert differences(shared, "files") == []
    after = checkpoints(shared), shared.sql("SELECT * FROM {db}.snapshot_wal ORDER BY 1, 2, 3, 4")
    assert before == after
    assert shared.sql("SELECT state, exit_code FROM {db}.snapshot_runs") == [("done", 0)]


@pytest.mark.parametrize("damage", ["DELETE FROM {db}.files", "DROP TABLE {db}.files"])
def test_a_target_that_is_filled_again_in_part_is_not_taken_for_whole(
    shared: Place, damage: str
) -> None:
    """Its checkpoints speak of every row; who would trust them names the command that ends it."""
    command = copied(shared)
    before = checkpoints(shared)
    shared.sql(damage)
    where = ["--to", shared.target_url(), "--run-dir", str(command.runs)]
    spec = f"commit:after:12:self:{shared.folder / 'killed'}"
    ended = Command(shared, PLANTED).call("replay-wal", "--all", *where, TEST_CRASH=spec)
    assert ended.code == -signal.SIGKILL, str(ended)
    assert 0 < shared.count("files") < FILES_ROWS
    found = "SELECT state, state_before, exit_code FROM {db}.snapshot_runs"
    assert shared.sql(found) == [("refilling", "done", 0)]

    ((run_id,),) = shared.sql("SELECT run_id FROM {db}.snapshot_runs")
    target = f"{shared.database}.files"
    for refused in (
        replayed(command),
        replayed(command, "--verify-only"),
        replayed(command, "--rejected"),
        command.run("files", *RANGES),
    ):
        assert refused.code == 9, str(refused)
        said = re.sub(r"\s+", " ", refused.err)
        assert f"the target {target} is being filled again, and is not whole" in said
        assert f"run {run_id}, {shared.keyspace}.files" in said
        assert f"cass-snapshot replay-wal --all {run_id}" in said
    assert shared.count("files") < FILES_ROWS
    assert counts(replayed(command, "--all", "--ranges", "0-7"))[0] == FILES_ROWS
    assert shared.sql(found) == [("refilling", "done", 0)]

    assert counts(replayed(command, "--all")) == (FILES_ROWS, 0, FILES_ROWS, 0)

    assert differences(shared, "files") == []
    assert before == checkpoints(shared)
    assert shared.sql(found) == [("done", None, 0)]
    assert counts(replayed(command)) == (FILES_ROWS, FILES_ROWS, 0, 0)


def test_all_takes_a_table_that_joined_the_run_later(place: Place, elsewhere: Place) -> None:
    """The folder says of it what it says of the others; where it does not, it is named."""
    for name in ("notes", "more"):
        place.cql(f"CREATE TABLE {{ks}}.{name} (id int PRIMARY KEY, note text)")
        place.insert(
            f"INSERT INTO {{ks}}.{name} (id, note) VALUES (?, ?)", [(n, name) for n in range(50)]
        )
    command = Command(place)
    assert command.run("notes", "--range-count", "2", "--capture-only").code == 0
    both = (f"{place.keyspace}.notes", f"{place.keyspace}.more")
    ended = command.call("run", *both, *command.both(), "--range-count", "2")
    assert ended.code == 0, str(ended)
    (folder,) = command.folders()

    real = replayed(command, "--all", to=elsewhere)

    assert real.code == 0, str(real)
    assert [t["rows_applied"] for t in real.record["tables"]] == [50, 50]
    for name in ("notes", "more"):
        assert elsewhere.count(name) == 50
    path = folder / "run.json"
    record = orjson.loads(path.read_bytes())
    record["tables"] = record["tables"][:1]
    path.write_bytes(orjson.dumps(record))
    with new_database(place.servers) as database:
        there = replace(place, database=database)
        refused = replayed(command, "--all", to=there)
        assert refused.code == 9, str(refused)
        assert f"how {place.keyspace}.more was copied" in re.sub(r"\s+", " ", refused.err)
        assert there.tables() == set()


def test_a_wal_that_reaches_behind_its_ranges_is_not_applied(shared: Place) -> None:
    """Another machine cut one before what is captured here: what is behind is read there later."""
    command = copied(shared, "--capture-only")
    shared.sql(
        "INSERT INTO {db}.snapshot_checkpoints"
        " (run_id, source, `range`, range_start, range_end, state, updated_at)"
        " SELECT run_id, source, 8, range_start + 1, range_end, state, updated_at"
        " FROM {db}.snapshot_checkpoints WHERE `range` = 3"
    )
    shared.sql("UPDATE {db}.snapshot_checkpoints SET range_end = range_start + 1 WHERE `range` = 3")
    shared.sql("UPDATE {db}.snapshot_runs SET state = 'running', lease_until = NULL")
    for more in ((), ("--all",), ("--ranges", "2-3"), ("--verify-only",)):
        refused = replayed(command, *more)
        assert refused.code == 9, str(refused)
        said = re.sub(r"\s+", " ", refused.err)
        assert "the WAL has rows behind the end of their range" in said
        assert "range 3 was cut anew" in said
    continued = command.run("files", *RANGES)
    assert continued.code == 9, str(continued)
    assert "rows behind the end of their range" in re.sub(r"\s+", " ", continued.err)
    assert replayed(command, "--ranges", "0-2").code == 0


def test_a_target_that_is_gone_is_not_filled_in_part(shared: Place) -> None:
    """Its checkpoints stand for all ranges; without --all the command that helps is named."""
    command = copied(shared)
    shared.sql("DROP TABLE {db}.files")
    for more, hint in (((), "--all"), (("--all", "--ranges", "1-3"), "without --ranges")):
        refused = replayed(command, *more)
        assert refused.code == 9, str(refused)
        assert hint in refused.err
    assert "files" not in shared.tables()


@pytest.mark.parametrize("lost", ["the oldest", "the newest", "a whole range"])
def test_all_refuses_where_segments_are_gone_and_says_which(
    shared: Place, elsewhere: Place, lost: str
) -> None:
    """Before anything is written; without --all there is nothing to do."""
    command = Command(shared, PLANTED, MYSQL__BATCH_ROWS_MAX="40", RUN__WORKERS="1")
    run_killed_at(command, "files", "--range-count", "2", event="segment write", hit=20)
    assert command.run("files", "--range-count", "2").code == 0
    (newest, *_) = [p for p in segments(command) if not p.name.endswith("-000001.wal")]
    number, first = int(newest.name[:6]), int(newest.name[7:13])
    of_range = [p for p in segments(command) if p.name.startswith(newest.name[:6])]
    gone = {"the oldest": of_range[:1], "the newest": of_range[-1:], "a whole range": of_range}
    for path in gone[lost]:
        path.unlink()
    behind = replayed(command, "--verify-only")
    assert (behind.code == 9) == (lost == "the newest"), str(behind)
    assert ("the WAL ends with batch" in behind.err) == (lost == "the newest")
    shared.sql("DELETE FROM {db}.files")
    batches = {"the oldest": f"1 to {first - 1}", "the newest": f"{first} to", "a whole range": "1"}
    for place in (shared, elsewhere):
        refused = replayed(command, "--all", to=place)
        assert refused.code == 9, str(refused)
        said = re.sub(r"\s+", " ", refused.err)
        if place is elsewhere and lost != "the oldest":
            assert "no full copy" in said
        else:
            assert f"range {number}: batches {batches[lost]}" in said
    assert shared.count("files") == 0
    assert elsewhere.tables() == set()
    assert counts(replayed(command)) == (FILES_ROWS, FILES_ROWS, 0, 0)


def test_ranges_are_applied_by_themselves(shared: Place) -> None:
    """By default what is lacking of them, with --all what is there, too; unknown ones are named."""
    command = copied(shared, "--capture-only")
    rows = dict[int, int]()
    first = replayed(command, "--ranges", "1,3-4")
    captured, there, applied, rejected = counts(first)
    assert (captured, there, rejected) == (applied, 0, 0)
    assert applied == shared.count("files") == shared.rows_checkpointed()
    for number, *_, read, written, _, state in checkpoints(shared):
        assert read == written
        assert (state == "done") is (number in (1, 3, 4))
        rows[number] = read
    shared.sql("DELETE FROM {db}.files")
    assert counts(replayed(command, "--ranges", "3")) == (rows[3], rows[3], 0, 0)
    assert shared.count("files") == 0
    assert shared.sql("SELECT state FROM {db}.snapshot_runs") == [("captured",)]
    assert counts(replayed(command, "--ranges", "3", "--all")) == (rows[3], 0, rows[3], 0)
    assert shared.count("files") == rows[3]
    assert shared.sql("SELECT state FROM {db}.snapshot_runs") == [("refilling",)]
    unknown = replayed(command, "--ranges", "7-9", "--all")
    assert unknown.code == 2, str(unknown)
    assert "the run has no range 8" in unknown.err
    assert "0-7" in unknown.err
    assert counts(replayed(command, "--all")) == (FILES_ROWS, 0, FILES_ROWS, 0)
    assert differences(shared, "files") == []
    assert shared.sql("SELECT state FROM {db}.snapshot_runs") == [("applied",)]


def test_from_a_segment_on_its_range_is_applied_again(shared: Place) -> None:
    """Named as ``wal inspect`` shows it, with or without its folder; one that is not is refused."""
    command = copied(shared)
    name = segments(command)[2].name
    number = int(name[:6])
    ((rows,),) = shared.sql(
        "SELECT rows_read FROM {db}.snapshot_checkpoints WHERE `range` = %s", (number,)
    )
    before = checkpoints(shared)
    shared.sql("DELETE FROM {db}.files")
    assert counts(replayed(command, "--from-segment", name)) == (rows, 0, rows, 0)
    assert shared.count("files") == rows
    full = f"{shared.keyspace}.files/{name}"
    assert counts(replayed(command, "--from-segment", full)) == (rows, 0, rows, 0)
    assert before == checkpoints(shared)
    for text, code, told in (
        (name.replace("-000001", "-000009"), 2, "the WAL has no segment"),
        ("000099-000001.wal", 2, "the run has no range 99"),
        (f"other.table/{name}", 2, "which is not asked for"),
        ("../files", 2, "is no segment of a WAL"),
    ):
        refused = replayed(command, "--from-segment", text)
        assert refused.code == code, str(refused)
        assert told in refused.err


def test_verify_only_proves_wal_and_checkpoints_and_writes_nothing(shared: Place) -> None:
    """A flipped byte and a checkpoint of something else are exit 9, each with its place."""
    command = copied(shared)
    before = checkpoints(shared)
    shared.sql("DELETE FROM {db}.files")
    sound = command.call("replay-wal", *command.both()[2:], "--verify-only")
    assert sound.code == 0, str(sound)
    assert "the WAL is sound and fits MySQL" in sound.out
    assert counts(replayed(command, "--verify-only")) == (FILES_ROWS, FILES_ROWS, 0, 0)
    assert counts(replayed(command, "--verify-only", "--all")) == (FILES_ROWS, 0, FILES_ROWS, 0)
    assert shared.count("files") == 0
    assert before == checkpoints(shared)

    shared.sql("UPDATE {db}.snapshot_checkpoints SET row_digest = 'x' WHERE `range` = 5")
    unfit = replayed(command, "--verify-only")
    assert unfit.code == 9, str(unfit)
    assert "range 5" in unfit.err
    assert "does not fit" in unfit.err

    path = segments(command)[1]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    broken = replayed(command, "--verify-only")
    assert broken.code == 9, str(broken)
    assert path.name in broken.err


def test_a_wal_of_another_run_is_refused_by_what_differs(shared: Place) -> None:
    """Two runs of the same table: the segments of one in the folder of the other."""
    command = copied(shared)
    older = command.folders()[0]
    assert command.run("files", *RANGES, "--new").code == 0
    newer = command.folders()[1]
    shutil.rmtree(newer / "wal")
    shutil.copytree(older / "wal", newer / "wal")
    shared.sql("DELETE FROM {db}.files")
    run_ids = [f"{p.name.partition('-')[0]}-{p.name.rpartition('-')[2]}" for p in (older, newer)]
    for more in ((), ("--all",), ("--verify-only",)):
        refused = replayed(command, run_ids[1], *more)
        assert refused.code == 9, str(refused)
        said = re.sub(r"\s+", " ", refused.err)
        assert f"its run id is {run_ids[0]}, not {run_ids[1]}" in said
    overtaken = replayed(command, run_ids[0], "--all")
    assert overtaken.code == 9, str(overtaken)
    assert "a newer run has copied this table" in overtaken.err
    assert shared.count("files") == 0


def test_a_target_with_rows_of_somebody_else_is_refused(shared: Place, elsewhere: Place) -> None:
    """It knows nothing of the run, so that what is in it is not ours; and nothing is written."""
    command = copied(shared)
    elsewhere.sql(f"CREATE TABLE {{db}}.files LIKE {shared.database}.files")
    elsewhere.sql(f"INSERT INTO {{db}}.files SELECT * FROM {shared.database}.files LIMIT 1")
    refused = replayed(command, "--all", to=elsewhere)
    assert refused.code == 9, str(refused)
    assert "not empty" in refused.err
    assert elsewhere.tables() == {"files"}
    control = {"CASS_SNAPSHOT_MYSQL__CONTROL_DATABASE": shared.database}
    shared_ledger = replayed(command, "--all", to=elsewhere, variables=control)
    assert shared_ledger.code == 9, str(shared_ledger)
    assert "another target" in shared_ledger.err
    elsewhere.sql("DELETE FROM {db}.files")
    elsewhere.sql("ALTER TABLE {db}.files MODIFY id BINARY(16)")
    other_form = replayed(command, "--all", to=elsewhere)
    assert other_form.code == 9, str(other_form)
    assert "in another form" in other_form.err
    assert "column id was" in other_form.err
    assert elsewhere.tables() == {"files"}


def test_rows_that_a_target_takes_now_and_no_more_are_counted(place: Place) -> None:
    """Written again into a wider target they are in; into a narrower one they are rejected."""
    place.cql("CREATE TABLE {ks}.notes (id int PRIMARY KEY, note text)")
    rows = [(n, "x" * (n % 10)) for n in range(100)]
    place.insert("INSERT INTO {ks}.notes (id, note) VALUES (?, ?)", rows)
    check = "ALTER TABLE {db}.notes ADD CONSTRAINT short CHECK (CHAR_LENGTH(note) < 9)"
    place.sql(
        "CREATE TABLE {db}.notes (id INT PRIMARY KEY, note LONGTEXT COLLATE utf8mb4_0900_bin)"
    )
    place.sql(check)
    command = Command(place, MYSQL__BATCH_ROWS_MAX="40")
    ended = command.run("notes", "--range-count", "2", "--rejected-max", "50")
    assert ended.code == 4, str(ended)
    assert place.count("notes") == 90
    budget = {"CASS_SNAPSHOT_LIMITS__REJECTED_MAX": "50"}
    assert counts(replayed(command, "--all", variables=budget)) == (100, 0, 90, 10)
    place.sql("ALTER TABLE {db}.notes DROP CONSTRAINT short")
    assert counts(replayed(command, "--all", variables=budget)) == (100, 0, 100, 0)
    assert differences(place, "notes") == []
    lacking = "SELECT COUNT(*) FROM {db}.snapshot_rejected WHERE state <> 'written'"
    assert place.number(lacking) == 0
    place.sql("DELETE FROM {db}.notes")
    place.sql(check.replace("< 9", "< 8"))
    narrow = replayed(command, "--all", variables=budget)
    assert counts(narrow) == (100, 0, 80, 20)
    assert narrow.code == 4
    assert place.number(lacking) == 20
    assert place.count("notes") == 80
    place.sql("ALTER TABLE {db}.notes DROP CONSTRAINT short")
    mended = command.call("replay-wal", "--rejected", *command.both()[2:])
    assert mended.code == 0, str(mended)
    assert differences(place, "notes") == []
