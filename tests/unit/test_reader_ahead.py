"""The first page of the range that is read next is on its way while this one's last is handled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cassandra import InvalidRequest, OperationTimedOut

from cass_snapshot.errors import RangeFailed
from cass_snapshot.model import Cells, Page, TokenRange
from cass_snapshot.reader.pages import CassandraSource
from cass_snapshot.reader.session import Connection
from cass_snapshot.reader.statements import select_values
from cass_snapshot.ring.split import split_ring
from tests.support.patient import patience
from tests.support.small_cassandra import Answer, Bound, Future, Request, Rows, Session
from tests.support.typed_cells import column, key, table

TABLE = table(key("k", "blob"), column("v", "text"))
RANGES = split_ring(4)
NEXT: dict[TokenRange, TokenRange | None] = dict(zip(RANGES, [*RANGES[1:], None], strict=True))


def bound(token_range: TokenRange) -> bytes:
    """Return what a statement binds for the start of a range."""
    return token_range.start.to_bytes(8, "big", signed=True)


class Failing:
    """Answers as ``there`` does, after failing the first requests for a range."""

    def __init__(self, there: Rows, token_range: TokenRange, *errors: Exception) -> None:
        self._there = there
        self._start = bound(token_range)
        self._errors = list(errors)

    def __call__(self, request: Request) -> Answer:
        """Return a page, or an error that is due."""
        if self._errors and request.values[0] == self._start:
            return self._errors.pop(0)
        return self._there.answer(request)


def reader(
    *errors: Exception, failing: TokenRange = RANGES[1]
) -> tuple[CassandraSource, Rows, Session]:
    """Return a source with pages of three rows."""
    there = Rows(TABLE, [(bytes([n]), b"v") for n in range(60)])
    session = Session(Failing(there, failing, *errors))
    connection = Connection(cluster=None, session=session)
    made = CassandraSource(
        connection, TABLE, select_values(TABLE.columns), page_rows_max=3, patience=patience()
    )
    return made, there, session


def read(source: CassandraSource, token_range: TokenRange) -> Iterator[Page]:
    """Yield the pages of a range; the plan's next range is what follows."""
    return source.pages(token_range, None, lambda: NEXT[token_range])


def test_every_row_is_read_once_and_every_page_asked_for_once() -> None:
    """Whatever is asked for ahead is what is read next."""
    source, there, session = reader()
    rows = [row for r in RANGES for page in read(source, r) for row in page.rows]
    assert there.ordered == rows
    asked = [(request.values, request.state) for request in session.requests]
    assert len(set(asked)) == len(asked)


def test_the_next_range_is_asked_for_before_the_last_page_is_handled() -> None:
    """And not before that page has come: one request is in flight at most."""
    source, _, session = reader()
    for page in read(source, RANGES[0]):
        of_next = [r for r in session.requests if r.values[0] == bound(RANGES[1])]
        assert len(of_next) == (1 if page.last else 0)


def test_a_range_that_is_not_read_next_costs_a_page_and_no_row() -> None:
    """It may be left to another worker, or may have been read in part before."""
    source, there, _ = reader()
    whole = [page.rows for page in read(source, RANGES[0])]
    third = [row for page in read(source, RANGES[2]) for row in page.rows]
    second = [row for page in source.pages(RANGES[1], None) for row in page.rows]
    first = [row for rows in whole for row in rows]
    assert there.ordered[: len(first) + len(second) + len(third)] == first + second + third


def test_a_range_that_is_gone_on_with_is_not_read_from_its_start() -> None:
    """What was asked for ahead began before the position."""
    source, there, _ = reader()
    before = sum(len(page.rows) for page in read(source, RANGES[0]))
    after = source.position(there.ordered[before + 1])
    rows = [row for page in source.pages(RANGES[1], after) for row in page.rows]
    assert there.ordered[before + 2 :][: len(rows)] == rows
    assert source.position(there.ordered[before + 2 + len(rows)]).token > RANGES[1].end


@pytest.mark.parametrize("times", [1, 3])
def test_a_page_ahead_that_fails_is_asked_for_again(times: int) -> None:
    """It is the next range's failure, and costs this one nothing."""
    source, there, _ = reader(*[OperationTimedOut()] * times)
    found: list[Cells] = []
    for token_range in RANGES:
        found += [row for page in read(source, token_range) for row in page.rows]
    assert there.ordered == found


def test_a_refusal_ahead_fails_the_range_that_it_is_of() -> None:
    """The one before it ends well."""
    source, _, _ = reader(InvalidRequest("no such column"))
    assert list(read(source, RANGES[0]))[-1].last
    with pytest.raises(RangeFailed) as failed:
        list(read(source, RANGES[1]))
    assert "range 1" in (failed.value.where or "")


def test_a_request_that_cannot_be_sent_fails_where_its_page_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And is repeated there, like any other."""
    source, there, session = reader()
    send, unsent = session.execute_async, [OperationTimedOut()]

    def execute_async(statement: Bound, paging_state: bytes | None = None) -> Future:
        if unsent and statement.values[0] == bound(RANGES[1]):
            raise unsent.pop()
        return send(statement, paging_state)

    monkeypatch.setattr(session, "execute_async", execute_async)
    found = [row for page in read(source, RANGES[0]) for row in page.rows]
    assert not unsent
    found += [row for page in read(source, RANGES[1]) for row in page.rows]
    assert there.ordered[: len(found)] == found
