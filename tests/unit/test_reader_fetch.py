"""Pages of a statement: the end is "no more pages", and a failed request reads nothing twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cassandra import InvalidRequest, OperationTimedOut
from cassandra.cluster import NoHostAvailable

from cass_snapshot.errors import RangeFailed, SnapshotError, SourceUnavailable
from cass_snapshot.model import Cells
from cass_snapshot.reader.amounts import PAGE_ROWS_FIRST, PageSize
from cass_snapshot.reader.fetch import RawPage, fetch
from cass_snapshot.reader.tries import SAME_PAGE_MAX, TooMuch
from cass_snapshot.retry import Patience
from tests.support.patient import NoWait, patience
from tests.support.small_cassandra import Answer, Bound, Request, Session

Pages = list[list[Cells]]


def rows(*numbers: int) -> list[Cells]:
    """Return rows of one cell each."""
    return [(b"%d" % n,) for n in numbers]


class Script:
    """Answers page by page, after failing as often as it is told.

    Args:
        pages: what each page holds.
        failures: the errors that the requests of a page meet before it comes.
    """

    def __init__(self, pages: Pages, failures: dict[int, list[Exception]] | None = None) -> None:
        self._pages = pages
        self._failures = {place: list(errors) for place, errors in (failures or {}).items()}

    def __call__(self, request: Request) -> Answer:
        """Return the page that a state asks for, or an error that is due."""
        place = int(request.state or b"0")
        if self._failures.get(place):
            return self._failures[place].pop(0)
        last = place + 1 == len(self._pages)
        return self._pages[place], None if last else b"%d" % (place + 1)


def reading(
    session: Session, *, waits: Patience | None = None, size: PageSize | None = None
) -> Iterator[RawPage]:
    """Return the pages that ``fetch`` makes of a session's answers."""
    return fetch(
        session,
        Bound("SELECT", ()),
        size=size or PageSize(1000),
        patience=waits or patience(),
        where="shop.orders, range 3",
    )


@pytest.mark.parametrize(
    "pages",
    [
        [rows(1)],
        [[]],
        [[], rows(1)],
        [rows(1), [], rows(2)],
        [rows(1), []],
        [[], [], []],
        [rows(1, 2), rows(3), rows(4, 5, 6)],
    ],
    ids=["one", "none", "first", "middle", "last", "all", "full"],
)
def test_an_empty_page_ends_nothing(pages: Pages) -> None:
    """First, in the middle, last: the loop ends where the server says that there is no more."""
    found = list(reading(Session(Script(pages))))
    assert pages == [page.rows for page in found]
    assert [True] * (len(pages) - 1) + [False] == [page.state is not None for page in found]


def test_a_thousand_empty_pages_in_a_row_are_read_through() -> None:
    """The row behind them is not lost, and the stack does not grow."""
    pages = [*([[]] * 1000), rows(7)]
    assert rows(7) == [row for page in reading(Session(Script(pages))) for row in page.rows]


def test_the_next_page_is_asked_for_while_this_one_is_handled() -> None:
    """One ahead, and no further."""
    session = Session(Script([rows(1), rows(2), rows(3), rows(4)]))
    pages = reading(session)
    for asked in (2, 3, 4, 4):
        next(pages)
        assert asked == len(session.requests)


def test_nothing_of_a_page_is_left_with_the_driver() -> None:
    """It keeps each answer for half a minute, which would be gigabytes."""
    session = Session(Script([rows(1, 2), rows(3)]))
    assert [page.rows for page in reading(session)] == [rows(1, 2), rows(3)]
    assert session.answers == [[], []]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_page_that_fails_is_asked_for_again_from_the_last_that_came(failing: int) -> None:
    """After several failures of one page every row is there once."""
    pages = [rows(1, 2), rows(3), rows(4)]
    errors: list[Exception] = [OperationTimedOut()] * (SAME_PAGE_MAX - 1)
    session = Session(Script(pages, {failing: errors}))
    assert pages == [page.rows for page in reading(session)]
    states = [int(r.state or b"0") for r in session.requests]
    assert sorted(states) == states
    assert {p: SAME_PAGE_MAX if p == failing else 1 for p in range(3)} == {
        p: states.count(p) for p in range(3)
    }


def test_failures_of_several_pages_have_a_budget_each() -> None:
    """A range is long; what failed once and went through is forgotten."""
    pages = [rows(n) for n in range(6)]
    failures: dict[int, list[Exception]] = {n: [OperationTimedOut()] * 2 for n in range(6)}
    session = Session(Script(pages, failures))
    assert pages == [p.rows for p in reading(session)]
    assert {r.rows for r in session.requests} == {PAGE_ROWS_FIRST, 1000}


def test_a_page_that_keeps_timing_out_is_asked_for_with_fewer_rows() -> None:
    """The same a few times, then an eighth each time; the page behind it has no more either."""
    size = PageSize(1000)
    session = Session(Script([rows(1), rows(2), rows(3)], {1: [OperationTimedOut()] * 4}))
    list(reading(session, size=size))
    assert [r.rows for r in session.requests] == [16, 1000, 1000, 1000, 125, 15, 15]


def test_a_row_that_cannot_be_read_is_left_to_a_smaller_range() -> None:
    """No page is smaller than one row; the message says where."""
    session = Session(Script([rows(1)], {0: [OperationTimedOut()] * 99}))
    with pytest.raises(TooMuch) as failed:
        list(reading(session))
    assert failed.value.where == "shop.orders, range 3"
    assert [r.rows for r in session.requests] == [16, 16, 16, 2, 1]


def test_a_refused_request_is_not_repeated() -> None:
    """Repeating it cannot help."""
    session = Session(Script([rows(1), rows(2)], {1: [InvalidRequest("no such column")]}))
    pages = reading(session)
    assert rows(1) == next(pages).rows
    with pytest.raises(RangeFailed):
        next(pages)
    assert len(session.requests) == 2


def test_a_source_that_is_away_is_waited_for_and_announced() -> None:
    """Each wait is told, and so is that it goes on."""
    told: list[tuple[SnapshotError | None, float]] = []
    away = NoHostAvailable("all hosts", {})
    session = Session(Script([rows(1), rows(2)], {1: [away] * 7}))
    pages = reading(session, waits=patience(told=told))
    assert [rows(1), rows(2)] == [page.rows for page in pages]
    assert [SourceUnavailable] * 7 == [type(error) for error, _ in told[:-1]]
    assert told[-1] == (None, 0.0)


def test_a_wish_to_stop_ends_the_waiting() -> None:
    """No pause after the one in which it came; the error is the one that was met."""
    stop = NoWait(stops_at=3)
    session = Session(Script([rows(1)], {0: [NoHostAvailable("all hosts", {})] * 99}))
    with pytest.raises(SourceUnavailable):
        list(reading(session, waits=patience(stop)))
    assert len(stop.pauses) == 3


def test_page_sizes_begin_small_and_grow_with_narrow_rows() -> None:
    """The second page is already as large as its rows allow."""
    narrow: list[Cells] = [(b"x" * 99,)] * 500
    session = Session(Script([narrow, narrow, narrow]))
    list(reading(session, size=PageSize(5000)))
    assert [r.rows for r in session.requests] == [PAGE_ROWS_FIRST, 5000, 5000]
