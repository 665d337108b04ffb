"""The closing summary: what a run did, how it ended, and what to type next."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cass_snapshot.cli.options import Common, Watch
from cass_snapshot.cli.run import close
from cass_snapshot.cli.summary import summary
from cass_snapshot.errors import LimitReached
from cass_snapshot.model import TokenRange
from cass_snapshot.snapshot.status import FaultCount, RangeFailure
from cass_snapshot.validation import RangeCount
from tests.support.ended_run import COMMANDS, EQUAL, STATUS, TABLE, ended


def test_a_run_that_is_done_says_what_both_sides_hold() -> None:
    """Steps, counts, what was retried, where the WAL is, what to type next."""
    assert ended(0) == [
        "done: shop.orders, 256/256 ranges, counted equal                     19 min 02 s",
        "",
        "  step      wall         rows             rate   workers",
        "  copy     18:20   11,840,233    10,764 rows/s         8",
        "  verify    0:39   11,840,233   303,596 rows/s",
        "",
        "  table          cassandra        mysql   diff",
        "  shop.orders   11,840,233   11,840,233      0   OK",
        "",
        "  written  by LOAD DATA",
        "  retried 4 times",
        "  wal      3.2 GiB in 60 segments",
        "           kept in runs/20261120T104211-shop.orders-k3f9/wal",
        "",
        "  next     STATUS k3f9",
    ]


def test_a_slower_way_of_writing_is_told_with_its_reason() -> None:
    """Once where all tables agree, else table by table; nothing where no row was written."""
    slower = "INSERT ... ON DUPLICATE KEY UPDATE, because local_infile is OFF at the server"
    assert "written" not in "\n".join(ended(0, how=""))
    text = "\n".join(ended(0, how=slower))
    assert text.count("written") == 1
    assert f"  written  by {slower}" in " ".join(text.replace("\n           ", " ").split("\n"))
    other = replace(TABLE, table="shop.items", how=slower)
    lines = summary(replace(STATUS, tables=(TABLE, other)), COMMANDS)
    assert [line[:40] for line in lines if "written" in line] == [
        "  written  shop.orders by LOAD DATA",
        "  written  shop.items by INSERT ... ON D",
    ]


def test_what_was_tried_again_is_told_by_kind() -> None:
    """Each side by itself; nothing where nothing was."""
    assert "faults" not in "\n".join(ended(0))
    faults = (
        FaultCount(side="disk", fault="room", times=7),
        FaultCount(side="source", fault="request", times=2),
        FaultCount(side="target", fault="reconnect", times=1),
        FaultCount(side="target", fault="redo", times=4_000),
    )
    lines = summary(replace(STATUS, faults=faults), COMMANDS)
    at = lines.index("  faults   source: request 2")
    assert lines[at + 1 : at + 3] == [
        "           target: reconnect 1, redo 4,000",
        "           disk: room 7",
    ]


def test_a_run_without_verification_does_not_claim_one() -> None:
    """Not counted is not equal."""
    lines = ended(0, counts=None)
    assert lines[0].startswith("done: shop.orders, 256/256 ranges, not counted ")
    assert "cassandra" not in "\n".join(lines)


def test_failed_ranges_are_named_and_those_of_one_reason_stand_together() -> None:
    """With what was tried, and the command that reads them again."""
    failures = (
        RangeFailure(range=40, why="read timeout at LOCAL_QUORUM", attempts=5),
        RangeFailure(range=191, why="read timeout at LOCAL_QUORUM", attempts=4),
        RangeFailure(range=7, why="1406 for column note", attempts=1, retryable=False),
    )
    lines = ended(4, counts=None, ranges_done=253, failures=failures)
    text = " ".join(" ".join(lines).split())
    assert lines[0].startswith("partial: shop.orders, 253/256 ranges  ")
    assert "2 ranges of shop.orders range 40, 191: read timeout at LOCAL_QUORUM, 5 attempts" in text
    assert "1 range of shop.orders range 7: 1406 for column note, 1 attempt" in text
    assert "the same again would fail the same" in text
    assert "again AGAIN reads the 3 ranges again, keeps the rest" in text
    assert lines[-1].endswith("exit 4")


def test_a_difference_names_ranges_and_the_command_that_lists_the_keys() -> None:
    """The first ranges are shown, the others counted."""
    differing = tuple(
        RangeCount(
            range=TokenRange(number=n, start=n, end=n + 1), source_rows=1000, target_rows=990
        )
        for n in range(12)
    )
    counts = replace(
        EQUAL, target_rows=11_840_113, missing=120, status="DIFFERS", differing=differing
    )
    lines = ended(5, counts=counts)
    assert lines[0].startswith("differs: shop.orders, 256/256 ranges, 120 missing ")
    assert "  shop.orders   11,840,233   11,840,113    120   DIFFERS" in lines
    assert "  shop.orders range 0: cassandra 1,000, mysql 990" in lines
    assert "  and 2 ranges more" in lines
    assert "  which    FIND" in lines


@pytest.mark.parametrize("code", [6, 7, 130, 143])
def test_a_run_that_can_go_on_says_so(code: int) -> None:
    """The same command continues."""
    lines = ended(code, reason="stopped by a signal", counts=None, ranges_done=182)
    assert "182/256 ranges" in lines[0]
    assert "  why      stopped by a signal" in lines
    assert "  again    AGAIN" in lines
    assert "           the same command continues" in lines
    assert lines[-1].endswith(f"exit {code}")


def test_a_run_that_broke_points_to_its_log() -> None:
    """Nothing to type would help before somebody has read it."""
    lines = ended(1, reason="unexpected KeyError", counts=None, ranges_done=3)
    assert lines[0].startswith("failed: shop.orders, 3/256 ranges")
    assert "  log      runs/20261120T104211-shop.orders-k3f9/run.log" in lines


def test_several_tables_have_one_line_each_in_the_counts() -> None:
    """And one sum in the first line."""
    other = replace(TABLE, table="shop.customers")
    lines = summary(replace(STATUS, tables=(TABLE, other)), COMMANDS)
    assert lines[0].startswith("done: 2 tables, 512/512 ranges, counted equal ")
    assert "  shop.customers   11,840,233   11,840,233      0   OK" in lines


def test_a_continued_run_counts_what_it_did_itself() -> None:
    """The rate is of this process; what was there before is said apart."""
    table = replace(TABLE, rows_before=11_000_000, ranges_before=200)
    lines = summary(replace(STATUS, continues=True, tables=(table,)), COMMANDS)
    assert "  copy     18:20      840,233       764 rows/s         8" in lines
    assert "11,000,000 rows were there from earlier" in "\n".join(lines)


def test_the_final_record_is_one_json_object_on_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same record as status.json; nothing else is written there."""
    close(STATUS, ["cass-snapshot", "run"], Watch(), Common(output="json", quiet=True))
    out = capsys.readouterr().out
    assert json.loads(out)["tables"][0]["counts"]["status"] == "OK"
    assert out.count("\n") == 1


@pytest.mark.parametrize(("code", "lines"), [(0, 0), (4, 1)])
def test_quiet_is_silent_on_success_alone(
    code: int, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cron job mails what went wrong."""
    close(replace(STATUS, exit_code=code), ["cass-snapshot", "run"], Watch(), Common(quiet=True))
    assert bool(capsys.readouterr().out) == bool(lines)


def test_the_summary_makes_way_for_events_on_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A reader of JSON lines gets nothing else."""
    close(STATUS, ["cass-snapshot", "run"], Watch(events="-"), Common())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("done: shop.orders")


def test_an_error_that_ended_a_run_is_told_in_blocks() -> None:
    """As any other error: what, where, why, fix."""
    error = LimitReached("too many", where="[limits] rejected_max", why="5 of 9", fix="mend " * 20)
    lines = ended(6, str(error))
    assert lines[1:5] == [
        "  error    too many",
        "  where    [limits] rejected_max",
        "  why      5 of 9",
        "  fix      mend mend mend mend mend mend mend mend mend mend mend mend mend mend",
    ]
    assert lines[5] == "           mend mend mend mend mend mend"
    assert ended(4, "one reason")[1] == "  why      one reason"


def test_what_has_no_row_and_what_was_replaced_is_told() -> None:
    """A copy that is done is not silent about them."""
    lines = ended(0, static_only=12, replaced=(("owner", 7), ("note", 0)))
    assert lines[0].startswith("done: shop.orders, 256/256 ranges, counted equal")
    assert "  null     shop.orders: 7 NULLs of owner became its replacement" in lines
    place = lines.index(
        "  static   shop.orders: 12 partitions with static values alone, which have no"
    )
    assert "partitions = true" in " ".join(lines[place:])
    assert not any("note" in line for line in lines)
