"""How much is asked for at once: it shrinks fast, and what worked is remembered."""

from __future__ import annotations

import pytest

from cass_snapshot.model import Cells
from cass_snapshot.reader.amounts import (
    CALM_PAGES,
    CALM_SPANS,
    GENTLE_PAGES,
    PAGE_BYTES,
    PageSize,
    SpanWidth,
)

NARROW: list[Cells] = [(b"x" * 99,)] * 20


@pytest.mark.parametrize(
    ("width", "rows_max", "expected"),
    [
        (99, 5000, 5000),
        (2**20 - 1, 5000, 4),
        (2**23, 5000, 1),
        (8191, 5000, PAGE_BYTES // 8192),
        (99, 1, 1),
        (2**21, 3, 1),
    ],
)
def test_a_page_is_aimed_at_its_bytes_within_its_bounds(
    width: int, rows_max: int, expected: int
) -> None:
    """Memory stays flat for rows of any width, and no page has more rows than was allowed."""
    size = PageSize(rows_max)
    size.observe([(b"x" * width, None)] * 20)
    assert expected == size.rows


@pytest.mark.parametrize("rows_max", [1, 5, 500, 5000])
def test_a_page_never_has_more_rows_than_allowed(rows_max: int) -> None:
    """Neither at first nor after failures nor after pages without rows."""
    size = PageSize(rows_max)
    assert size.rows <= rows_max
    for _ in range(12):
        size.shrink()
        assert 1 <= size.rows <= rows_max
    before = size.rows
    size.observe([])
    assert before == size.rows


def test_what_worked_is_remembered_and_grows_back_slowly() -> None:
    """Twice as many after so many pages, not because the rows would fit."""
    size = PageSize(5000)
    size.observe(NARROW)
    assert size.rows == 5000
    size.shrink()
    assert (size.rows, size.troubled) == (625, True)
    seen = []
    for _ in range(3 * CALM_PAGES):
        size.observe(NARROW)
        seen.append(size.rows)
    assert seen == sorted(seen)
    assert seen[CALM_PAGES - 2 :: CALM_PAGES] == [625, 1250, 2500]
    assert (seen[-1], size.troubled) == (5000, False)


def test_a_failure_on_the_way_back_starts_the_count_anew() -> None:
    """Calm is measured from the last trouble."""
    size = PageSize(5000)
    size.observe(NARROW)
    size.shrink()
    for _ in range(CALM_PAGES - 1):
        size.observe(NARROW)
    size.shrink()
    assert size.rows == 78
    for _ in range(CALM_PAGES - 1):
        size.observe(NARROW)
    assert size.rows == 78


def test_pages_are_asked_for_one_by_one_for_a_while() -> None:
    """And ahead again when so many have come."""
    size = PageSize(10)
    size.ease()
    for _ in range(GENTLE_PAGES):
        assert size.gentle
        size.observe(NARROW)
    assert not size.gentle


def test_a_whole_range_is_read_at_once_until_that_is_too_much() -> None:
    """Nothing is narrowed before something failed."""
    width = SpanWidth()
    width.passed()
    assert width.end(-5, 2**62) == 2**62


def test_widths_that_fail_shrink_faster_and_faster() -> None:
    """From a 256th of the ring to a single token in seven attempts."""
    width = SpanWidth()
    tokens, tried = 2**56, 0
    while tokens > 1:
        width.narrow(tokens)
        tokens = width.end(0, 2**56)
        tried += 1
    assert tokens == 1
    assert tried == 6


def test_a_width_doubles_up_to_half_of_what_failed_and_tries_more_seldom() -> None:
    """Each attempt at too much costs a time limit."""
    width = SpanWidth()
    width.narrow(1000)
    width.narrow(500)
    width.narrow(125)
    assert width.end(0, 1000) == 7
    seen = []
    for _ in range(CALM_SPANS):
        width.passed()
        seen.append(width.limit)
    assert seen[:4] == [14, 28, 56, 112]
    assert max(n or 0 for n in seen[:-1]) < 125
    assert (seen[-1] or 0) > 125


def test_a_width_grows_to_the_whole_ring_again() -> None:
    """In the end nothing is left of an old trouble."""
    width = SpanWidth()
    width.narrow(2)
    assert width.end(0, 5) == 1
    passed = 0
    while width.limit is not None:
        width.passed()
        passed += 1
    assert passed < 70 * CALM_SPANS


def test_behind_a_single_large_token_ranges_widen_at_once() -> None:
    """The trouble was that token's, and is behind."""
    width = SpanWidth()
    width.narrow(2)
    width.forget()
    for _ in range(10):
        width.passed()
    assert width.limit == 1024
