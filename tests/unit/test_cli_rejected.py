"""Rejected rows in the closing summary: their reasons, where they are, and how to mend them."""

from __future__ import annotations

from dataclasses import replace

from cass_snapshot.cli.rejected import REASONS_MAX
from cass_snapshot.snapshot.status import RejectedRows
from tests.support.ended_run import EQUAL, ended

REJECTED = RejectedRows(
    rows=16,
    column="total",
    code="CS-D02",
    error=1264,
    why="28 digits do not fit DECIMAL(18,4)",
    fix='[tables.columns.total] type = "LONGTEXT", or widen the column of the target',
)
NULL = replace(REJECTED, rows=1, column="note", code="CS-D03", error=1048, why="a NULL", fix="")


def test_rejected_rows_are_told_with_their_reasons_and_where_they_are() -> None:
    """The commonest reason first; then what to type once the target was mended."""
    lines = ended(
        4,
        rows_rejected=17,
        rejects=(REJECTED, NULL),
        rejected_file="rejected/orders.jsonl",
        counts=replace(EQUAL, status="REJECTED"),
    )
    assert lines[0].startswith("partial: shop.orders, 256/256 ranges, 17 rows rejected   ")
    start = lines.index("  CS-D02  16 rows of shop.orders, column total: 28 digits do not fit")
    assert lines[start:] == [
        "  CS-D02  16 rows of shop.orders, column total: 28 digits do not fit",
        "          DECIMAL(18,4) (MySQL error 1264)",
        '          fix  [tables.columns.total] type = "LONGTEXT", or widen the column of',
        "               the target",
        "  CS-D03  1 row of shop.orders, column note: a NULL (MySQL error 1048)",
        "          rejected/orders.jsonl, reasons in orders.why.jsonl",
        "",
        "  mend     MEND k3f9",
        "           tries the rejected rows again, once the target was mended",
        "  again    AGAIN",
        "           then counts again, and ends the run",
        f"{'exit 4':>80}",
    ]


def test_a_refusal_that_names_no_column_is_told_without_one() -> None:
    """As of a CHECK over several columns."""
    why = "MySQL refuses the row with error 3819"
    group = replace(REJECTED, rows=1, column="", code="CS-D04", error=3819, why=why, fix="")
    lines = ended(4, rows_rejected=1, rejects=(group,), rejected_file="rejected/orders.jsonl")
    start = lines.index(f"  CS-D04  1 row of shop.orders: {why}")
    assert lines[start + 1] == "          rejected/orders.jsonl, reasons in orders.why.jsonl"


def test_of_many_reasons_the_commonest_are_told_and_the_others_counted() -> None:
    """A summary stays short, also where each row is bad in a way of its own."""
    groups = tuple(replace(NULL, column=f"c{n}") for n in range(13))
    lines = ended(4, rows_rejected=13, rejects=groups, rejected_file="rejected/orders.jsonl")
    assert sum(line.startswith("  CS-D03") for line in lines) == REASONS_MAX
    assert "          and 3 more kinds, see rejected/*.why.jsonl" in lines
    assert not any("column c10" in line for line in lines)


def test_beyond_the_limit_the_same_command_continues() -> None:
    """And mending comes first where there are rows to mend."""
    lines = ended(6, "more rows were rejected than may be", rows_rejected=1, rejects=(NULL,))
    assert lines[0].startswith("stopped: shop.orders, 256/256 ranges, 1 row rejected")
    assert lines[-5:-3] == ["  mend     MEND k3f9", lines[-4]]
    assert lines[-3:-1] == ["  again    AGAIN", "           the same command continues"]
