"""A page that never comes: the driver times the first page of a statement alone."""

from __future__ import annotations

import pytest

from cass_snapshot.model import Cells
from cass_snapshot.reader import fetch as fetching
from cass_snapshot.reader.amounts import PageSize
from tests.support.patient import patience
from tests.support.small_cassandra import Answer, Bound, Future, Request, Session

PAGES: list[list[Cells]] = [[(b"1",)], [(b"2",)], [(b"3",)]]


class ForgetfulFuture(Future):
    """Loses the request for the second page, once in its session."""

    def start_fetching_next_page(self) -> None:
        """Ask for a page, or do nothing that anybody would ever hear of."""
        session = self._session
        assert isinstance(session, ForgetfulSession)
        if self._paging_state == b"1" and not session.forgot:
            session.forgot = True
            return
        super().start_fetching_next_page()


class ForgetfulSession(Session):
    """A live connection on which one answer is lost."""

    forgot = False

    def execute_async(self, statement: Bound, paging_state: bytes | None = None) -> Future:
        """Begin an execution."""
        return ForgetfulFuture(self, statement, paging_state)


def answer(request: Request) -> Answer:
    """Return one of three pages."""
    place = int(request.state or b"0")
    return PAGES[place], None if place == len(PAGES) - 1 else b"%d" % (place + 1)


def test_a_later_page_that_never_comes_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reading goes on after its own time limit, with nothing twice and nothing left out."""
    monkeypatch.setattr(fetching, "ANSWER_MARGIN_S", 0.0)
    session = ForgetfulSession(answer)
    pages = fetching.fetch(
        session,
        Bound("SELECT", ()),
        size=PageSize(10),
        patience=patience(),
        where="shop.orders, range 3",
        timeout_s=0.01,
    )
    assert [page.rows for page in pages] == PAGES
    assert session.forgot
