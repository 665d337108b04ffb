"""The options of ``replay-wal``: which go together, and what is no value of theirs."""

from __future__ import annotations

from itertools import combinations

import pytest

from cass_snapshot.cli.app import main
from cass_snapshot.cli.replay_view import replay_lines
from cass_snapshot.cli.replay_wal import Part, refuse_together
from cass_snapshot.errors import UsageError
from cass_snapshot.model import TableName
from cass_snapshot.snapshot.asked import Asked, parse_from_segment
from cass_snapshot.snapshot.reports import ReplayReport, TableReplay
from cass_snapshot.snapshot.stock import _spans
from cass_snapshot.wal.names import SegmentName

GIVEN = {
    "--all": Part(all_=True),
    "--from-segment": Part(from_segment="000017-000042.wal"),
    "--ranges": Part(ranges="1"),
    "--rejected": Part(rejected=True),
    "--dry-run": Part(dry_run=True),
    "--verify-only": Part(verify_only=True),
}
TOGETHER = {
    ("--all", "--ranges"),
    ("--all", "--dry-run"),
    ("--all", "--verify-only"),
    ("--from-segment", "--dry-run"),
    ("--from-segment", "--verify-only"),
    ("--ranges", "--dry-run"),
    ("--ranges", "--verify-only"),
    ("--rejected", "--dry-run"),
}


@pytest.mark.parametrize("pair", list(combinations(GIVEN, 2)), ids=" ".join)
def test_two_options_go_together_or_are_refused_by_name(pair: tuple[str, str]) -> None:
    """What says two things at once is no question that has an answer."""
    one, other = (GIVEN[name] for name in pair)
    both = Part(
        table=None,
        ranges=one.ranges or other.ranges,
        all_=one.all_ or other.all_,
        from_segment=one.from_segment or other.from_segment,
        rejected=one.rejected or other.rejected,
        dry_run=one.dry_run or other.dry_run,
        verify_only=one.verify_only or other.verify_only,
    )
    if pair in TOGETHER:
        refuse_together(both)
        return
    with pytest.raises(UsageError) as refused:
        refuse_together(both)
    assert all(name in refused.value.what for name in pair)
    assert refused.value.fix


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--ranges", "7-3"], "'7-3' names no token ranges"),
        (["--ranges", ""], "'' names no token ranges"),
        (["--from-segment", "files"], "'files' is no segment of a WAL"),
        (["--from-segment", "../x/000017-000042.wal"], "is no segment of a WAL"),
        (["--from-segment", "000017-000000.wal"], "is no segment of a WAL"),
        (["--all", "--rejected"], "--rejected and --all exclude each other"),
    ],
)
def test_a_value_that_makes_no_sense_is_a_usage_error_with_its_fix(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, before a server is asked for anything."""
    assert main(["replay-wal", *words]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert "  fix " in err


def test_a_segment_is_named_as_inspect_shows_it() -> None:
    """By itself, with its folder, plain or compressed."""
    name = SegmentName(range_number=17, first_seq=42)
    packed = SegmentName(range_number=17, first_seq=42, compressed=True)
    table = TableName(keyspace="shop", name="orders")
    assert parse_from_segment("000017-000042.wal").name == name
    assert parse_from_segment("000017-000042.wal.zst").name == packed
    found = parse_from_segment("shop.orders/000017-000042.wal")
    assert (found.name, found.table) == (name, table)
    assert Asked(segment=found).wanted == frozenset({17})
    assert Asked(numbers=frozenset({1, 2})).wanted == frozenset({1, 2})
    assert Asked().wanted is None


def test_ranges_are_told_as_they_are_typed() -> None:
    """Spans and single numbers."""
    assert _spans([0, 1, 2, 5, 7, 8]) == "0-2,5,7-8"


@pytest.mark.parametrize("applied", [0, 2])
def test_what_was_proven_is_said_first(applied: int) -> None:
    """And what would be applied by a replay, if anything."""
    table = TableReplay(
        table="shop.orders",
        batches_found=3,
        batches_applied=applied,
        rows_applied=10 * applied,
        ranges=1,
        rows_captured=30,
        rows_there=30 - 10 * applied,
    )
    report = ReplayReport(run_id="x-y", tables=(table,), exit_code=0)
    first, _, head, row = replay_lines(report, dry_run=False, verified=True)
    told = "2 batches would be applied" if applied else "the checkpoints in MySQL are past every"
    assert first.startswith("replay of x-y: the WAL is sound and fits MySQL; " + told)
    assert "to write" in head
    assert row.split()[-4:] == ["30", str(30 - 10 * applied), str(10 * applied), "0"]


def test_what_was_stopped_before_its_first_batch_is_not_said_to_be_there() -> None:
    """Nobody has looked yet whether the checkpoints are past every batch."""
    report = ReplayReport(run_id="x-y", tables=(), exit_code=143)
    lines = replay_lines(report, dry_run=False)
    assert lines[0] == "replay of x-y: 0 batches applied"
    assert lines[-1] == "  stopped by a signal; the same command goes on"
