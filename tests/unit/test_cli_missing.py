"""What find-missing and replay-wal say."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from cass_snapshot.cli.find_missing import Found, json_line, missing_lines, text_line
from cass_snapshot.cli.options import Common
from cass_snapshot.cli.replay_view import replay_lines
from cass_snapshot.snapshot.reports import (
    MissingKey,
    MissingReport,
    ReplayReport,
    TableMissing,
    TableReplay,
)

KEY = MissingKey(
    table="shop.orders",
    range=40,
    token=-9_223_372_036_854_775_807,
    key=(("id", "7"), ("name", "a b\x1b[2J")),
)
REPORT = MissingReport(
    tables=(
        TableMissing(
            table="shop.orders",
            source_rows_seen=1000,
            missing=12,
            ranges_total=256,
            ranges_with_missing=2,
        ),
    ),
    exit_code=5,
)


def test_a_missing_key_is_one_line_that_no_terminal_obeys() -> None:
    """Keys are customers' data and may hold anything."""
    assert text_line(KEY) == (
        'missing shop.orders  range 40  token -9223372036854775807  id=7 name="a b\\u001b[2J"\n'
    )


def test_a_token_is_text_for_machines() -> None:
    """Many of them read numbers as floats and lose its last digits."""
    record = json.loads(json_line(KEY))
    assert record["token"] == str(KEY.token)
    assert record["key"] == {"id": "7", "name": "a b\x1b[2J"}


def test_every_key_is_shown_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file there is no other place for them."""
    found = Found(Common(), None)
    for _ in range(12):
        found(KEY)
    assert capsys.readouterr().out.count("\n") == 12
    assert found.by_range["shop.orders", 40] == 12


def test_with_a_file_ten_keys_are_shown_and_all_are_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The file can be read back, whatever a key holds."""
    stream = io.StringIO(newline="")
    found = Found(Common(), stream)
    for _ in range(12):
        found(KEY)
    assert capsys.readouterr().out.count("\n") == 10
    rows = list(csv.reader(io.StringIO(stream.getvalue(), newline="")))
    assert rows[0] == ["table", "range", "token", "key"]
    assert len(rows) == 13
    assert json.loads(rows[1][3]) == dict(KEY.key)


def test_the_end_counts_per_table_and_names_the_worst_ranges() -> None:
    """With the file, the next command and the code."""
    found = Found(Common(quiet=True), None)
    for _ in range(12):
        found(KEY)
    assert missing_lines(REPORT, found, Path("keys.csv"), "AFRESH") == [
        "missing: 12 of 1,000 rows",
        "",
        "  table         cassandra   missing   ranges   with missing",
        "  shop.orders       1,000        12      256              2",
        "  shop.orders range 40: 12 rows",
        "  keys     keys.csv",
        "  afresh   AFRESH",
        " " * 74 + "exit 5",
    ]


def replayed(*, rejected: int, exit_code: int) -> ReplayReport:
    """Return what replaying a table came to."""
    table = TableReplay(
        table="shop.orders",
        batches_found=300,
        batches_applied=2,
        rows_applied=9000,
        ranges=256,
        rejected=rejected,
        rows_captured=20_000 + rejected,
        rows_there=11_000,
    )
    return ReplayReport(run_id="20261120T104211-k3f9", tables=(table,), exit_code=exit_code)


@pytest.mark.parametrize(("exit_code", "limit"), [(4, False), (6, True)])
def test_a_replay_says_how_many_rows_the_target_refuses(exit_code: int, limit: bool) -> None:
    """And whether they are more than may be, and what to do."""
    lines = replay_lines(replayed(rejected=17, exit_code=exit_code), dry_run=False)
    assert lines[3].split()[-1] == "17"
    assert lines[5] == "  rejected 17 rows, which the target lacks"
    assert ("  limit    that is more than rejected_max" in lines) is limit
    assert lines[-1] == "  next     mend the target, then replay-wal --rejected"


@pytest.mark.parametrize(("dry_run", "verb"), [(False, "applied"), (True, "would be applied")])
def test_a_replay_says_what_it_did_or_would_do(dry_run: bool, verb: str) -> None:
    """Per table, with what the WAL holds."""
    report = replayed(rejected=0, exit_code=0)
    lines = replay_lines(report, dry_run=dry_run)
    assert lines[0] == f"replay of 20261120T104211-k3f9: 2 batches {verb}"
    row = ["shop.orders", "256", "300", "2", "20,000", "11,000", "9,000", "0"]
    assert lines[3].split() == row
    assert len(lines) == 4


def test_a_replay_that_finds_everything_applied_says_so() -> None:
    """Nothing to do is a result."""
    report = ReplayReport(run_id="x-y", tables=(), exit_code=0)
    expected = "replay of x-y: the checkpoints in MySQL are past every batch"
    assert replay_lines(report, dry_run=False)[0] == expected
