"""Command lines whose runs apply rows in the order of the target's key, in windows that are small.

A window of 256 KiB and slices of 64 KiB are the least that there is: a table of some thousand rows
then has several windows, and each of them several slices.
"""

from __future__ import annotations

from tests.support.command import Command
from tests.support.ledger import assert_read_once, last_validation
from tests.support.planted import PLANTED
from tests.support.servers import Place

WINDOW = "256 KiB"


def in_key_order(place: Place, *, rows: int = 200, workers: int = 2, **more: str) -> Command:
    """Return a command line in key order, with small batches."""
    settings = {
        "RUN__APPLY_ORDER": "key",
        "RUN__WINDOW_BYTES": WINDOW,
        "RUN__SLICE_BYTES": "64 KiB",
        "RUN__WORKERS": str(workers),
        "MYSQL__BATCH_ROWS_MAX": str(rows),
        **more,
    }
    return Command(place, PLANTED, **settings)


def registered(place: Place, table: str, ranges: int) -> bool:
    """Tell whether a run has its ranges, and the target is there."""
    if not {"snapshot_checkpoints", table} <= place.tables():
        return False
    return place.number("SELECT COUNT(*) FROM {db}.snapshot_checkpoints") == ranges


def assert_ledger_whole(place: Place, rows: int) -> None:
    """Prove that the control tables say what they say after a run in token order."""
    assert_read_once(place, rows)
    states = place.sql(
        "SELECT DISTINCT state, rows_read = rows_written FROM {db}.snapshot_checkpoints"
    )
    assert states == [("done", 1)]
    assert place.sql("SELECT DISTINCT state FROM {db}.snapshot_wal") == [("applied",)]
    assert place.sql("SELECT DISTINCT state, exit_code FROM {db}.snapshot_runs") == [("done", 0)]
    assert last_validation(place)[1:] == (rows, rows, 0, "OK")


def assert_nothing_left(command: Command, table: str) -> None:
    """Prove that the WAL holds nothing that the target lacks, and both sides are equal."""
    replay = command.call("replay-wal", *command.both()[2:], "--output", "json")
    assert replay.code == 0, str(replay)
    (found,) = replay.record["tables"]
    assert (found["batches_applied"], found["rows_applied"]) == (0, 0)
    missing = command.find_missing(table)
    assert missing.code == 0, str(missing)
