"""Rows as they came are the rows that were sent; what is not whole is no page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cass_snapshot import _wire
from cass_snapshot.model import Cells
from cass_snapshot.wire import WireRows, taken
from tests.support.wired import content, wired

CELLS = st.none() | st.binary(max_size=9) | st.binary(min_size=255, max_size=300)


@st.composite
def pages(draw: st.DrawFn) -> list[Cells]:
    """Draw rows of a width."""
    width = draw(st.integers(1, 5))
    return draw(st.lists(st.tuples(*[CELLS] * width), min_size=1, max_size=6))


@given(pages(), st.binary(max_size=20))
def test_rows_are_what_was_sent(rows: list[Cells], before: bytes) -> None:
    """In any order of asking, wherever they stand in a message."""
    found = wired(rows, before)
    assert (len(found), found.size) == (len(rows), len(content(rows)) - 4)
    assert found[-1] == rows[-1]
    assert list(found) == rows
    assert found[-1] == rows[-1]
    assert [found[place] for place in range(len(rows))] == rows
    assert found[1:] == rows[1:]
    assert found[-1] is list(found)[-1]


@given(pages(), st.booleans())
def test_rows_that_were_taken_are_nowhere_else(rows: list[Cells], looked: bool) -> None:
    """Nor are the bytes that they came as."""
    found = wired(rows)
    if looked:
        assert list(found) == rows
    moved = taken(found)
    assert (list(moved), moved[-1], len(moved)) == (rows, rows[-1], len(rows))
    assert (list(found), len(found), found.size, found.parts[0]) == ([], 0, 0, b"")
    listed = list(rows)
    assert taken(listed) == rows
    assert listed == []
    assert taken(tuple(rows)) == tuple(rows)


@given(pages(), st.data())
def test_a_page_that_is_cut_or_has_more_is_no_page(rows: list[Cells], data: st.DataObject) -> None:
    """At any byte; a torn page must never be taken for a smaller one."""
    sent = content(rows)
    cut = data.draw(st.integers(4, len(sent) - 1))
    for wrong in (sent[:cut], sent + b"\0"):
        with pytest.raises(ValueError, match="page"):
            WireRows(wrong, 0, len(rows[0]))


@given(st.binary(max_size=40), st.integers(1, 3))
def test_any_bytes_are_refused_or_are_as_many_rows_as_they_say(sent: bytes, width: int) -> None:
    """And nothing beyond them is read."""
    try:
        found = WireRows(sent, 0, width)
    except ValueError:
        return
    rows = list(found)
    assert len(rows) == len(found)
    assert not rows or list(wired(rows)) == rows


def test_no_rows_are_no_rows() -> None:
    """An empty page is legal anywhere."""
    found = WireRows(content([]), 0, 3)
    assert (len(found), list(found), bool(found)) == (0, [], False)
    with pytest.raises(IndexError):
        found[-1]


@pytest.mark.parametrize(
    "of", [(b"", -1, 0, 1), (b"", 1, 0, 1), (b"", 0, -1, 1), (b"", 0, 0, 0), (b"", 0, 1, 1)]
)
def test_places_that_cannot_be_are_refused(of: tuple[bytes, int, int, int]) -> None:
    """No number from outside makes C read beyond the message."""
    for read in (_wire.last, _wire.rows):
        with pytest.raises(ValueError, match="no page"):
            read(*of)
