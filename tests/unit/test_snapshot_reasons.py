"""Why rows are set aside, put together by what is told of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cass_snapshot.model import TableName
from cass_snapshot.rejection import Problem, Rejected
from cass_snapshot.snapshot.aside import grouped, reasons
from cass_snapshot.wal.rejects import RejectFile, row_id

ORDERS = TableName(keyspace="shop", name="orders")
LONG = Problem(column="note", what="too long", fix="widen it", error=1406, code="CS-D02")
LONGER = replace(LONG, what="not UTF-8", fix="take LONGBLOB")
NULL = Problem(column="owner", what="a NULL", fix="", error=1048, code="CS-D03")


def test_different_reasons_of_one_column_are_told_apart() -> None:
    """The commonest first, each with its own words, though column and error are the same."""
    groups = grouped([[LONG], [LONGER], [LONGER]])
    assert [(g.rows, g.column, g.why, g.fix) for g in groups] == [
        (2, "note", "not UTF-8", "take LONGBLOB"),
        (1, "note", "too long", "widen it"),
    ]


def test_a_row_with_several_bad_columns_is_counted_under_each() -> None:
    """Who mends the first column alone would be surprised by the second; the same counts once."""
    groups = grouped([[LONG, NULL], [NULL, NULL]])
    assert [(g.rows, g.column) for g in groups] == [(2, "owner"), (1, "note")]


def test_reasons_of_rows_that_are_not_set_aside_any_more_are_not_told(tmp_path: Path) -> None:
    """Nor those of rows whose batch was read again after a crash: the ledger names what is."""
    rows = [Rejected(token=n, key=(b"%d" % n,), problems=(NULL,), line=b"[1]") for n in range(3)]
    RejectFile(tmp_path, "orders", ORDERS, ("id",)).add(rows)
    (group,) = reasons(tmp_path, ORDERS, {row_id(ORDERS, row.key) for row in rows[:2]})
    assert group.rows == 2
