"""A Cassandra that manages little at once gives the same rows in the same order."""

from __future__ import annotations

from struct import pack

import pytest
from cassandra import OperationTimedOut, ReadFailure
from hypothesis import given, settings
from hypothesis import strategies as st

from cass_snapshot.errors import RangeFailed, SnapshotError
from cass_snapshot.model import TOKEN_MAX, TOKEN_MIN, Cells, ColumnKind, Position, TokenRange
from cass_snapshot.reader.amounts import SpanWidth
from cass_snapshot.reader.pages import CassandraSource
from cass_snapshot.reader.ranges import ALONE_MAX
from cass_snapshot.reader.session import Connection
from cass_snapshot.reader.statements import select_counted, select_values
from cass_snapshot.ring.split import split_ring
from tests.support.frail_cassandra import Frail
from tests.support.murmur3 import key_with_hash
from tests.support.patient import patience
from tests.support.small_cassandra import Rows, Session
from tests.support.typed_cells import clustering, column, key, table

RING = TokenRange(number=0, start=TOKEN_MIN, end=TOKEN_MAX)
SHELVES = table(
    key("k", "blob"),
    clustering("a", "int"),
    clustering("b", "int", descending=True),
    column("s", "text", ColumnKind.STATIC),
    column("v", "text"),
)
PAIR = table(key("k", "blob"), key("l", "blob"), clustering("a", "int"), column("v", "text"))
KEYS = [key_with_hash(5000, n) for n in range(3)] + [bytes([n]) for n in range(5)]


def shelves(sizes: list[int]) -> list[Cells]:
    """Return partitions with so many rows each; one without any has static values alone."""
    made: list[Cells] = []
    for k, size in zip(KEYS, sizes, strict=True):
        made += [(k, pack(">i", n // 3), pack(">i", n % 3), b"s", b"v") for n in range(size)]
        if not size:
            made.append((k, None, None, b"alone", None))
    return made


def reader(frail: Frail, rows_max: int = 64) -> tuple[CassandraSource, Session]:
    """Return a source on a frail Cassandra."""
    session = Session(frail)
    connection = Connection(cluster=None, session=session)
    columns = select_values(SHELVES.columns)
    return (
        CassandraSource(connection, SHELVES, columns, page_rows_max=rows_max, patience=patience()),
        session,
    )


def read(
    source: CassandraSource, token_range: TokenRange, after: Position | None
) -> tuple[list[Cells], int]:
    """Return the rows after a position, and how many partitions had none."""
    pages = list(source.pages(token_range, after))
    assert [False] * (len(pages) - 1) + [True] == [page.last for page in pages]
    return [row for page in pages for row in page.rows], sum(page.static_only for page in pages)


def expected(rows: list[Cells]) -> tuple[list[Cells], int]:
    """Return the rows, and how many stand for a partition without one."""
    kept = [row for row in rows if row[1] is not None]
    return kept, len(rows) - len(kept)


LIMITS = st.fixed_dictionaries(
    {
        "rows_max": st.sampled_from([1, 2, 7, 1000]),
        "tokens_max": st.sampled_from([2**60, 2**62, 2**65]),
        "offset_max": st.none() | st.integers(0, 9),
        "hot": st.sampled_from([(), (5000,)]),
    }
)
SIZES = st.lists(st.integers(0, 25), min_size=len(KEYS), max_size=len(KEYS))


@given(sizes=SIZES, limits=LIMITS, data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_rows_are_those_of_a_strong_server_in_its_order(
    sizes: list[int], limits: dict[str, object], data: st.DataObject
) -> None:
    """From the start or after any row, by smaller pages, smaller ranges, single partitions."""
    there = Rows(SHELVES, shelves(sizes))
    source, _ = reader(Frail(there, **limits))  # type: ignore[arg-type]  # built by name
    place = data.draw(st.integers(-1, len(there.ordered) - 1))
    after = None if place < 0 else where(source, there, there.ordered[place])
    assert expected(there.ordered[place + 1 :]) == read(source, RING, after)
    # What was learnt does not change what is read next.
    parts = [read(source, r, None) for r in split_ring(3)]
    assert expected(there.ordered) == ([r for p, _ in parts for r in p], sum(n for _, n in parts))


def where(source: CassandraSource, there: Rows, row: Cells) -> Position:
    """Return the position of a row, or of a partition without one."""
    if row[1] is not None:
        return source.position(row)
    assert row[0] is not None
    return Position(token=there.token(row), partition_key=(row[0],))


@given(sizes=SIZES, limits=LIMITS)
@settings(max_examples=10, deadline=None)
def test_counts_are_right_where_rows_do_not_tell_their_position(
    sizes: list[int], limits: dict[str, object]
) -> None:
    """Rows that were given before a range was narrowed are not counted twice."""
    rows: list[Cells] = [
        (k, bytes([n % 4]), pack(">i", n), b"v")
        for k, size in zip(KEYS, sizes, strict=True)
        for n in range(size)
    ]
    there = Rows(PAIR, rows)
    hot = {there.token(rows[0])} if rows and limits["hot"] else set()
    session = Session(Frail(there, **limits | {"hot": hot}))  # type: ignore[arg-type]  # by name
    source = CassandraSource(
        Connection(cluster=None, session=session),
        PAIR,
        select_counted(PAIR),
        page_rows_max=64,
        patience=patience(),
    )
    counted = [row for page in source.keys(RING) for row in page]
    assert [row[:1] for row in there.ordered] == counted


def test_what_worked_is_what_the_next_ranges_are_asked_for() -> None:
    """The second range meets no refusal that the first has taught."""
    there = Rows(SHELVES, shelves([25] * len(KEYS)))
    frail = Frail(there, tokens_max=2**58, rows_max=4)
    source, session = reader(frail)
    first, *others = split_ring(4)
    read(source, first, None)
    taught = frail.refused
    assert taught >= 5
    asked = len(session.requests)
    read(source, others[0], None)
    assert frail.refused - taught <= 3
    assert all(request.rows <= 8 for request in session.requests[asked:])


def test_widths_are_shared_by_all_that_read_a_table() -> None:
    """A count is not made to find out again."""
    there = Rows(SHELVES, shelves([3] * len(KEYS)))
    frail = Frail(there, tokens_max=2**58)
    width = SpanWidth()
    connection = Connection(cluster=None, session=Session(frail))
    columns = select_values(SHELVES.columns)
    refused = []
    for _ in range(2):
        source = CassandraSource(
            connection,
            SHELVES,
            columns,
            page_rows_max=64,
            patience=patience(),
            width=width,
        )
        read(source, RING, None)
        refused.append(frail.refused)
    assert refused[1] - refused[0] < refused[0]


def test_every_step_is_told() -> None:
    """Same page, fewer rows, fewer tokens, partition by partition: each with where and why."""
    told: list[tuple[SnapshotError | None, float]] = []
    there = Rows(SHELVES, shelves([2] * len(KEYS)))
    source = CassandraSource(
        Connection(cluster=None, session=Session(Frail(there, hot=(5000,)))),
        SHELVES,
        select_values(SHELVES.columns),
        page_rows_max=64,
        patience=patience(told=told),
    )
    assert expected(there.ordered) == read(source, RING, None)
    said = [str(error) for error, _ in told if error is not None]
    assert all("range 0" in line and "OperationTimedOut" in line for line in said)
    for step in ("in time;", "asking for 2 rows", "asking for 1 row", "tokens at once", "by part"):
        assert any(step in line for line in said), step


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OperationTimedOut, "request_timeout_s"),
        (lambda: ReadFailure("r", error_code_map={"10.0.0.1": 1}), "tombstone_failure_threshold"),
    ],
)
def test_a_partition_that_cannot_be_read_stops_by_the_name_of_its_token(
    error: type[Exception], advice: str
) -> None:
    """All rows before it were given, in order, and no others."""
    there = Rows(SHELVES, shelves([2] * len(KEYS)))
    dead = there.serialized(next(row for row in there.ordered if there.token(row) == 5000))
    source, _ = reader(Frail(there, hot=(5000,), dead=(dead,), error=error))
    given_: list[Cells] = []
    with pytest.raises(RangeFailed) as failed:
        given_.extend(row for page in source.pages(RING, None) for row in page.rows)
    assert type(failed.value) is RangeFailed
    assert failed.value.where.endswith("range 0, token 5000")
    assert advice in failed.value.fix
    assert [row for row in there.ordered if there.token(row) < 5000] == given_


def test_a_partition_that_cannot_be_read_to_its_end_stops_by_the_name_of_its_token() -> None:
    """Its rows up to there were given; going on inside it was tried, and not for ever."""
    there = Rows(SHELVES, shelves([5] * len(KEYS)))
    first = there.ordered[0]
    source, session = reader(Frail(there, offset_max=0, dead=(there.serialized(first),)), 1)
    given_: list[Cells] = []
    with pytest.raises(RangeFailed) as failed:
        given_.extend(row for page in source.pages(RING, None) for row in page.rows)
    assert failed.value.where.endswith(f"token {there.token(first)}")
    assert given_ == there.ordered[:1]
    assert len(session.requests) < 20


def test_a_server_that_reads_no_range_at_all_is_not_asked_token_by_token() -> None:
    """There are 2**64 of them."""
    there = Rows(SHELVES, shelves([1] * len(KEYS)))
    source, session = reader(Frail(there, tokens_max=0))
    with pytest.raises(RangeFailed) as failed:
        read(source, RING, None)
    assert failed.value.where.endswith(f"token {TOKEN_MIN + ALONE_MAX + 1}")
    assert len(session.requests) < 100
