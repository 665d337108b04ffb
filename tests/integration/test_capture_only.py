"""``run --capture-only``: the WAL is filled, no row reaches the target, and either way goes on."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.command import Command, Outcome
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED, run_held_at, run_killed_at
from tests.support.servers import Place
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers

RANGES = ("--range-count", "8")
CAPTURE = ("--capture-only", *RANGES)
NOWHERE = {
    "CASS_SNAPSHOT_CASSANDRA__CONTACT_POINTS": "127.0.0.1",
    "CASS_SNAPSHOT_CASSANDRA__PORT": "1",
}
"""A Cassandra that nobody can reach: nothing listens there."""


def capturing(place: Place, order: str = "token", rows: int = 40, **more: str) -> Command:
    """Return a command line in small batches, some 13 a range."""
    return Command(
        place,
        PLANTED,
        MYSQL__BATCH_ROWS_MAX=str(rows),
        RUN__WORKERS="2",
        RUN__APPLY_ORDER=order,
        RUN__WINDOW_BYTES="64 KiB",
        **more,
    )


def segments(command: Command) -> dict[Path, int]:
    """Return the segments of the newest run with their sizes."""
    return {p: p.stat().st_size for p in command.folders()[-1].glob("wal/*/*.wal*")}


def captured_rows(command: Command) -> int:
    """Return how many rows the WAL of the newest run holds, however it was left."""
    found = command.call("wal", "inspect", "--run-dir", str(command.runs), "--output", "json")
    if found.code:
        return 0
    return sum(s["rows"] for one in found.record["ranges"] for s in one["segments"])


def assert_untouched(place: Place, table: str = "files") -> None:
    """Prove that no row, no checkpoint and no audit row is in the target, nor the table."""
    assert table not in place.tables()
    assert place.count("snapshot_wal") == 0
    assert place.sql(
        "SELECT DISTINCT state, batch_seq, rows_read, position IS NULL"
        " FROM {db}.snapshot_checkpoints"
    ) == [("pending", 0, 0, 1)]


def assert_sealed(command: Command, ranges: int) -> None:
    """Prove that every range of the newest run ends with its closing batch, in a sealed segment."""
    found = command.call("wal", "inspect", "--run-dir", str(command.runs), "--output", "json")
    assert found.code == 0, str(found)
    assert [one["closed"] for one in found.record["ranges"]] == [True] * ranges
    assert all(s["sealed"] for one in found.record["ranges"] for s in one["segments"])


def replayed(command: Command, *more: str) -> Outcome:
    """Apply the WAL while Cassandra is out of reach."""
    nowhere = Command(command.place, NOWHERE)
    return nowhere.call("replay-wal", *command.both()[2:], *more, "--output", "json")


@pytest.mark.parametrize(("order", "compression"), [("token", "none"), ("key", "zstd")])
def test_what_is_captured_is_applied_later_without_cassandra(
    shared: Place, order: str, compression: str
) -> None:
    """The run says that nothing is applied, and which command applies it; the next one counts."""
    command = capturing(shared, order)
    ended = command.run("files", *CAPTURE, "--compression", compression)
    assert ended.code == 0, str(ended)
    assert_untouched(shared)
    assert_sealed(command, 8)
    assert shared.sql("SELECT state, exit_code FROM {db}.snapshot_runs") == [("captured", 0)]
    (folder,) = command.folders()
    assert f"captured: {shared.keyspace}.files, 8/8 ranges, nothing applied" in ended.out
    assert "cass-snapshot replay-wal --to" in ended.out
    result = json.loads((folder / "result.json").read_bytes())
    assert (result["exit_code"], result["exit_name"], result["capture_only"]) == (0, "ok", True)
    assert result["reason"].startswith("captured only, and nothing was applied")
    assert f"replay-wal {result['run_id']}" in result["reason"]
    (table,) = result["tables"]
    assert (table["rows_captured"], table["rows_applied"]) == (FILES_ROWS, 0)
    assert (table["ranges_captured"], table["ranges_done"]) == (8, 0)

    real = replayed(command)

    assert real.code == 0, str(real)
    (found,) = real.record["tables"]
    numbers = [found[f"rows_{name}"] for name in ("captured", "there", "applied")]
    assert (numbers, found["rejected"]) == ([FILES_ROWS, 0, FILES_ROWS], 0)
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)
    assert shared.sql("SELECT state, exit_code FROM {db}.snapshot_runs") == [("applied", 0)]

    again = command.run("files", *RANGES)

    assert again.code == 0, str(again)
    assert "counted equal" in again.out
    assert len(command.folders()) == 1
    assert shared.sql("SELECT state, exit_code FROM {db}.snapshot_runs") == [("done", 0)]


@pytest.mark.parametrize(
    ("captured", "applied"), [("token", "token"), ("key", "key"), ("token", "key")]
)
def test_a_run_without_the_option_applies_what_was_captured(
    shared: Place, captured: str, applied: str
) -> None:
    """It reads nothing again, whatever order either has; with another number of ranges, too."""
    assert capturing(shared, captured).run("files", *CAPTURE).code == 0
    command = capturing(shared, applied)
    before = segments(command)

    again = command.run("files", "--range-count", "24")

    assert again.code == 0, str(again)
    assert before == segments(command)
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)
    assert shared.sql("SELECT state, exit_code FROM {db}.snapshot_runs") == [("done", 0)]


@pytest.mark.parametrize("order", ["token", "key"])
def test_a_capture_that_was_killed_goes_on_and_keeps_what_it_has(shared: Place, order: str) -> None:
    """Also with other ranges; what was durable is read from the WAL and never from Cassandra."""
    command = capturing(shared, order)
    run_killed_at(command, "files", *CAPTURE, event="segment write", hit=12)
    assert shared.sql("SELECT state FROM {db}.snapshot_runs") == [("running",)]
    there = captured_rows(command)
    assert 0 < there < FILES_ROWS

    again = command.run("files", "--capture-only", "--range-count", "12")

    assert again.code == 0, str(again)
    (table,) = command.status()["tables"]
    assert (table["rows_captured"], table["rows_read"]) == (FILES_ROWS - there, FILES_ROWS)
    assert_untouched(shared)
    assert captured_rows(command) == FILES_ROWS
    held = segments(command)
    once_more = command.run("files", *CAPTURE)
    assert once_more.code == 0, str(once_more)
    (table,) = command.status()["tables"]
    assert (table["rows_captured"], table["rows_read"]) == (0, FILES_ROWS)
    assert held == segments(command)
    assert replayed(command).code == 0
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)


def test_a_signal_ends_a_capture_and_the_same_command_goes_on(shared: Place) -> None:
    """It ends with 130 within a batch, the segments are sealed, and nothing is applied."""
    command = capturing(shared)
    with run_held_at(command, "files", *CAPTURE, hit=12) as (running, hold):
        running.send(signal.SIGINT)
        running.until(lambda: command.status()["phase"] == "stopping", "it says it stops")
        hold.let_go()
        stopped = running.wait(30)
    assert stopped.code == 130, str(stopped)
    assert "run" in stopped.out
    assert "--capture-only" in stopped.out
    assert shared.sql("SELECT state, exit_code FROM {db}.snapshot_runs") == [("stopped", 130)]
    assert_untouched(shared)
    assert 0 < captured_rows(command) < FILES_ROWS
    assert command.run("files", *CAPTURE).code == 0
    assert_sealed(command, 8)


def test_the_rows_that_a_target_has_stay_as_they_are(shared: Place) -> None:
    """What was copied by halves is captured to the end; the checkpoints stand where they stood."""
    command = capturing(shared)
    with run_held_at(command, "files", *RANGES, hit=17) as (running, hold):
        running.send(signal.SIGTERM)
        running.until(lambda: command.status()["phase"] == "stopping", "it says it stops")
        hold.let_go()
        assert running.wait(30).code == 143
    there, rows = shared.rows_checkpointed(), shared.count("files")
    assert 0 < there < FILES_ROWS

    ended = command.run("files", *CAPTURE)

    assert ended.code == 0, str(ended)
    assert (there, rows) == (shared.rows_checkpointed(), shared.count("files"))
    assert command.status()["tables"][0]["rows_read"] == FILES_ROWS
    real = replayed(command)
    assert real.code == 0, str(real)
    (found,) = real.record["tables"]
    assert found["rows_there"] == there
    assert found["rows_applied"] == FILES_ROWS - there
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)


def make_gauges(place: Place) -> None:
    """Make a table of 41 rows, two of which hold what MySQL cannot."""
    place.cql("CREATE TABLE {ks}.gauges (id int PRIMARY KEY, value double)")
    rows = [(n, n / 2) for n in range(39)]
    place.insert("INSERT INTO {ks}.gauges (id, value) VALUES (?, ?)", rows)
    for number in (98, 99):
        place.cql(f"INSERT INTO {{ks}}.gauges (id, value) VALUES ({number}, NaN)")


@pytest.mark.parametrize("order", ["token", "key"])
def test_rows_that_are_rejected_while_captured_are_told_and_counted(
    place: Place, order: str
) -> None:
    """Exit 4 within the budget, with the reason; they are in the ledger once they are applied."""
    make_gauges(place)
    command = capturing(place, order)
    ended = command.run("gauges", *CAPTURE, "--rejected-max", "2")
    assert ended.code == 4, str(ended)
    assert "2 rows rejected" in ended.out
    assert "CS-D01" in ended.out
    assert "rejected/gauges.jsonl" in ended.out
    assert "replay-wal" in ended.out
    assert "--rejected" not in ended.out.replace("--rejected-max", "")
    assert place.sql("SELECT state, exit_code FROM {db}.snapshot_runs") == [("captured", 4)]
    assert place.count("snapshot_rejected") == 0
    again = command.run("gauges", *CAPTURE, "--rejected-max", "2")
    assert again.code == 4, str(again)
    assert command.status()["tables"][0]["rows_rejected"] == 2

    real = replayed(command, "--ranges", "0-7")

    assert real.code == 6, str(real)
    (found,) = real.record["tables"]
    numbers = [found[f"rows_{name}"] for name in ("captured", "there", "applied")]
    assert (numbers, found["rejected"]) == ([41, 0, 39], 2)
    assert place.count("snapshot_rejected") == 2
    assert place.count("gauges") == 39
    assert place.sql("SELECT state FROM {db}.snapshot_runs") == [("partial",)]


def test_too_many_rejected_rows_end_a_capture(place: Place) -> None:
    """The budget is 0 where nothing else is said: exit 6."""
    make_gauges(place)
    ended = capturing(place).run("gauges", *CAPTURE)
    assert ended.code == 6, str(ended)
    assert "more rows were rejected than may be" in ended.out
    assert "gauges" not in place.tables()


@pytest.mark.parametrize("lost", ["the newest", "a whole range"])
@pytest.mark.parametrize("whole", [(), ("--all",)], ids=["what is lacking", "all"])
def test_a_capture_of_which_segments_are_gone_is_refused(
    shared: Place, lost: str, whole: tuple[str, ...]
) -> None:
    """It was whole, and MySQL has nothing of it: what is gone would be missing without a word."""
    command = Command(shared, PLANTED, MYSQL__BATCH_ROWS_MAX="40", RUN__WORKERS="2")
    halves = ("--capture-only", "--range-count", "2")
    run_killed_at(command, "files", *halves, event="segment write", hit=12)
    assert command.run("files", *halves).code == 0
    newest = max(segments(command), key=lambda path: (path.name[7:], path.name))
    of_range = [path for path in segments(command) if path.name[:6] == newest.name[:6]]
    for path in [newest] if lost == "the newest" else of_range:
        path.unlink()
    refused = replayed(command, *whole)
    assert refused.code == 9, str(refused)
    assert f"range {int(newest.name[:6])}: " in " ".join(refused.err.split())
    assert_untouched(shared)


def test_a_ceiling_of_the_wal_is_refused_by_name(shared: Place) -> None:
    """WAL that must stay would hold reading back for ever; nothing is started."""
    ended = capturing(shared, RUN__WAL_BYTES_MAX="1 MiB").run("files", *CAPTURE)
    assert ended.code == 2, str(ended)
    assert "--capture-only and [run] wal_bytes_max" in ended.err
    assert "fix" in ended.err
    assert shared.tables() == set()
