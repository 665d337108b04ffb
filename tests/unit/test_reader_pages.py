"""A range is read on from any row: nothing twice, nothing left out."""

from __future__ import annotations

from dataclasses import replace
from struct import pack
from typing import cast

import pytest

from cass_snapshot.errors import RangeFailed
from cass_snapshot.model import (
    TOKEN_MAX,
    TOKEN_MIN,
    Cells,
    ColumnKind,
    Position,
    Table,
    TokenRange,
)
from cass_snapshot.planned import Reading
from cass_snapshot.reader.pages import CassandraSource
from cass_snapshot.reader.session import Connection
from cass_snapshot.reader.statements import Selected, select_counted, select_values
from cass_snapshot.ring.split import split_ring
from tests.support.murmur3 import key_with_hash
from tests.support.patient import patience
from tests.support.small_cassandra import Rows, Session
from tests.support.typed_cells import clustering, column, key, table

RING = TokenRange(number=0, start=TOKEN_MIN, end=TOKEN_MAX)
WIDE = table(
    key("k", "blob"),
    clustering("a", "int"),
    clustering("b", "int", descending=True),
    clustering("c", "int"),
    column("v", "text"),
)
NARROW = table(key("k", "blob"), column("v", "text"))
PAIR = table(key("k", "blob"), key("l", "blob"), clustering("a", "int", descending=True))


def number(value: int) -> bytes:
    """Return the cell of an int."""
    return pack(">i", value)


def wide_rows() -> list[Cells]:
    """Return partitions of 12 rows each, three of which share a token, and some others."""
    keys = [key_with_hash(5000, n) for n in (1, 2, 3)] + [b"x", b"y", key_with_hash(TOKEN_MAX, 9)]
    return [
        (k, number(a), number(b), number(c), b"v")
        for k in keys
        for a in (-1, 2)
        for b in (-5, 0, 7)
        for c in (1, 3)
    ]


def reader(source: Table, rows: list[Cells]) -> tuple[CassandraSource, Rows, Session]:
    """Return a source on some rows, with pages of three."""
    there = Rows(source, rows)
    session = Session(there.answer)
    connection = Connection(cluster=None, session=session)
    made = CassandraSource(
        connection, source, select_values(source.columns), page_rows_max=3, patience=patience()
    )
    return made, there, session


def read(source: CassandraSource, token_range: TokenRange, after: Position | None) -> list[Cells]:
    """Return the rows of a range, after proving that only its last page is called so."""
    pages = list(source.pages(token_range, after))
    assert [False] * (len(pages) - 1) + [True] == [page.last for page in pages]
    return [row for page in pages for row in page.rows]


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_ranges_of_a_plan_hold_every_row_once(count: int) -> None:
    """In Cassandra's order, from the first range to the last."""
    source, there, _ = reader(WIDE, wide_rows())
    found = [row for r in split_ring(count) for row in read(source, r, None)]
    assert there.ordered == found


def test_reading_goes_on_after_any_row_of_a_wide_table() -> None:
    """Three clustering columns, one descending, and partitions that share a token."""
    source, there, _ = reader(WIDE, wide_rows())
    for place, row in enumerate(there.ordered):
        rest = read(source, RING, source.position(row))
        assert there.ordered[place + 1 :] == rest, place


def test_reading_goes_on_after_any_row_of_a_table_without_clustering() -> None:
    """Keys of one token come by their bytes, unsigned."""
    keys = [key_with_hash(-7, n) for n in range(20)] + [bytes([n]) for n in range(0, 256, 16)]
    source, there, _ = reader(NARROW, [(k, b"v") for k in keys])
    for place, row in enumerate(there.ordered):
        assert there.ordered[place + 1 :] == read(source, RING, source.position(row))


def test_reading_goes_on_after_any_row_of_a_composite_key() -> None:
    """Both columns are bound, and compared as they are hashed."""
    rows: list[Cells] = [
        (bytes([k]), bytes([m]) * m, number(a)) for k in range(4) for m in range(3) for a in (1, 2)
    ]
    source, there, _ = reader(PAIR, rows)
    for place, row in enumerate(there.ordered):
        assert there.ordered[place + 1 :] == read(source, RING, source.position(row))


def test_the_rest_is_read_from_the_nearest_to_the_farthest() -> None:
    """Own partition from the deepest column up, its neighbours of that token, greater tokens."""
    source, there, session = reader(WIDE, wide_rows())
    first = next(row for row in there.ordered if there.token(row) == 5000)
    read(source, RING, source.position(first))
    conditions = list(dict.fromkeys(r.cql.partition(" WHERE ")[2] for r in session.requests))
    assert conditions == [
        '"k" = ? AND "a" = ? AND "b" = ? AND "c" > ?',
        '"k" = ? AND "a" = ? AND "b" < ?',
        '"k" = ? AND "a" > ?',
        'token("k") = ?',
        '"k" = ?',
        'token("k") > ? AND token("k") <= ?',
    ]
    partitions = [r.values[0] for r in session.requests if r.cql.endswith('"k" = ?')]
    keys = {there.serialized(row) for row in there.ordered if there.token(row) == 5000}
    others = sorted(keys - {there.serialized(first)})
    assert others == list(dict.fromkeys(partitions))


def test_a_position_at_the_end_of_its_range_reads_its_token_and_no_further() -> None:
    """The rows of that token are finished; the tokens above belong to the next range."""
    source, there, session = reader(WIDE, wide_rows())
    own = [row for row in there.ordered if there.token(row) == 5000]
    token_range = TokenRange(number=1, start=0, end=5000)
    assert own[1:] == read(source, token_range, source.position(own[0]))
    assert read(source, token_range, source.position(own[-1])) == []
    assert not [r for r in session.requests if "> ? AND token" in r.cql]


def test_the_greatest_token_has_rows_and_is_read_to_its_end() -> None:
    """A hash of TOKEN_MIN is moved there."""
    rows: list[Cells] = [(key_with_hash(TOKEN_MIN, n), b"v") for n in range(4)]
    source, there, _ = reader(NARROW, rows)
    last = split_ring(256)[-1]
    assert there.ordered == read(source, last, None)
    assert there.ordered[2:] == read(source, last, source.position(there.ordered[1]))


def test_an_empty_range_is_one_empty_last_page() -> None:
    """So that its closing batch can be written."""
    source, _, _ = reader(NARROW, [])
    assert read(source, RING, None) == []


def test_each_statement_is_prepared_once() -> None:
    """However many ranges are read."""
    source, _, session = reader(NARROW, [(b"x", b"v")])
    for token_range in split_ring(5):
        read(source, token_range, None)
    assert len(session.prepared) == 1


def test_a_position_is_token_partition_key_and_clustering_key() -> None:
    """As serialized cells, found in the row by the places of its columns."""
    source, there, _ = reader(WIDE, wide_rows())
    row = there.ordered[0]
    expected = Position(
        token=there.token(row),
        partition_key=(cast("bytes", row[0]),),
        clustering=cast("tuple[bytes, ...]", row[1:4]),
    )
    assert expected == source.position(row)


def test_a_null_in_the_primary_key_is_refused_by_column() -> None:
    """A table without static columns has no reason for such a row."""
    source, _, _ = reader(WIDE, wide_rows())
    with pytest.raises(RangeFailed, match="NULL in its primary key") as refused:
        source.position((b"k", number(1), None, None, b"v"))
    assert refused.value.where == "column b"


def test_keys_are_the_rows_of_a_whole_range() -> None:
    """For verification: page by page, from the start."""
    source, there, _ = reader(NARROW, [(bytes([n]), b"v") for n in range(9)])
    assert there.ordered == [row for page in source.keys(RING) for row in page]


SHELVES = table(
    key("k", "blob"),
    clustering("a", "int"),
    clustering("b", "int", descending=True),
    column("s", "text", ColumnKind.STATIC),
    column("v", "text"),
)


def shelf_rows() -> list[Cells]:
    """Return partitions with rows and partitions with static values alone, some of one token."""
    keys = [key_with_hash(5000, n) for n in range(6)] + [bytes([n]) for n in range(12)]
    return [
        row
        for n, k in enumerate(keys)
        for row in (
            [(k, None, None, b"alone", None)]
            if n % 3
            else [(k, number(a), number(b), b"s", b"v") for a in (1, 2) for b in (3, 4)]
        )
    ]


def test_a_partition_without_a_row_is_counted_and_is_no_row() -> None:
    """Whatever the pages are; the position of a page that ends with one has no clustering key."""
    source, there, _ = reader(SHELVES, shelf_rows())
    pages = list(source.pages(RING, None))
    assert [r for r in there.ordered if r[1] is not None] == [r for p in pages for r in p.rows]
    assert sum(p.static_only for p in pages) == len([r for r in there.ordered if r[1] is None])
    at = 0
    for page in pages:
        at += len(page.rows) + page.static_only
        last = there.ordered[at - 1]
        expected = None
        if last[1] is None:
            partition = (cast("bytes", last[0]),)
            expected = Position(token=there.token(last), partition_key=partition)
        assert expected == page.end


def test_reading_goes_on_after_any_partition_without_a_row() -> None:
    """Neither is one counted twice, nor is a row of the next one lost."""
    source, there, _ = reader(SHELVES, shelf_rows())
    for place, row in enumerate(there.ordered):
        after = (
            source.position(row)
            if row[1] is not None
            else Position(token=there.token(row), partition_key=(cast("bytes", row[0]),))
        )
        pages = list(source.pages(RING, after))
        rest = there.ordered[place + 1 :]
        assert [r for r in rest if r[1] is not None] == [r for p in pages for r in p.rows], place
        assert len([r for r in rest if r[1] is None]) == sum(p.static_only for p in pages), place


def test_keys_leave_out_partitions_without_a_row() -> None:
    """Verification counts rows, by whole keys and by the least that tells them."""
    there = Rows(SHELVES, shelf_rows())
    connection = Connection(cluster=None, session=Session(there.answer))
    rows = [row for row in there.ordered if row[1] is not None]
    for columns, width in ((select_values(SHELVES.primary_key), 3), (select_counted(SHELVES), 2)):
        source = CassandraSource(connection, SHELVES, columns, page_rows_max=3, patience=patience())
        found = [row for page in source.keys(RING) for row in page]
        assert [row[:width] for row in rows] == found


def test_one_row_a_partition_is_read_and_gone_on_after() -> None:
    """Partition key and static columns; partitions without a row among them."""
    whole = Rows(SHELVES, shelf_rows())
    partitions = replace(SHELVES, columns=(SHELVES.columns[0], SHELVES.columns[3]), partitions=True)
    source = CassandraSource(
        Connection(cluster=None, session=Session(whole.answer)),
        partitions,
        select_values(partitions.columns),
        page_rows_max=3,
        patience=patience(),
    )
    expected = list(dict.fromkeys((row[0], row[3]) for row in whole.ordered))
    assert expected == read(source, RING, None)
    for place, row in enumerate(expected):
        assert expected[place + 1 :] == read(source, RING, source.position(row))


def test_a_condition_narrows_every_read() -> None:
    """From the start, and after any row that it lets through."""
    rows = [(*row[:4], b"x" if n % 3 else b"y") for n, row in enumerate(wide_rows())]
    source, there, session = reader(replace(WIDE, where="v = 'x'", allow_filtering=True), rows)
    wanted = [row for row in there.ordered if row[4] == b"x"]
    assert wanted == read(source, RING, None)
    for place, row in enumerate(wanted):
        assert wanted[place + 1 :] == read(source, RING, source.position(row)), place
    reads = [r.cql for r in session.requests if "DISTINCT" not in r.cql]
    assert all(cql.endswith(" AND v = 'x' ALLOW FILTERING") for cql in reads)


def test_a_row_holds_what_is_asked_for_in_that_order() -> None:
    """Write times stand where the plan has them; a position is found by values alone."""
    columns = [
        Selected(column=NARROW.columns[1], reading=Reading.WRITETIME),
        Selected(column=NARROW.columns[1]),
        Selected(column=NARROW.columns[0]),
    ]
    there = Rows(NARROW, [(b"k", b"v")])
    connection = Connection(cluster=None, session=Session(there.answer))
    source = CassandraSource(connection, NARROW, columns, page_rows_max=3, patience=patience())
    (row,) = read(source, RING, None)
    assert row == (b"WRITETIME v", b"v", b"k")
    assert source.position(row).partition_key == (b"k",)
