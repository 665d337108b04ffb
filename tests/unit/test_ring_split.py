"""Cutting the ring, and refusing plans that do not cover it exactly once (I7)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cass_snapshot.errors import StateError
from cass_snapshot.model import RANGES_MAX, TOKEN_MAX, TOKEN_MIN, TokenRange
from cass_snapshot.ring.split import RangeIndex, prove_tiling, split_ring

Ranges = list[TokenRange]


def r(number: int, start: int, end: int) -> TokenRange:
    """Return a token range."""
    return TokenRange(number=number, start=start, end=end)


def test_one_range_is_the_whole_ring() -> None:
    """It starts at the token that no row has and ends at the greatest that rows have."""
    assert (r(0, TOKEN_MIN, TOKEN_MAX),) == split_ring(1)


def test_two_ranges_meet_in_the_middle() -> None:
    """The width is odd, so the halves differ by one token."""
    assert (r(0, TOKEN_MIN, -1), r(1, -1, TOKEN_MAX)) == split_ring(2)


@pytest.mark.parametrize("count", [3, 256, 4096, RANGES_MAX])
def test_ranges_differ_by_one_token_at_most(count: int) -> None:
    """No range is larger than another by more than one token."""
    widths = {x.end - x.start for x in split_ring(count)}
    assert max(widths) - min(widths) <= 1


@pytest.mark.parametrize("count", [-1, 0, RANGES_MAX + 1])
def test_a_count_outside_the_limits_is_refused(count: int) -> None:
    """No plan has less than one range or more than the ledger takes in one transaction."""
    with pytest.raises(ValueError, match=f"1 to {RANGES_MAX} ranges, not {count}"):
        split_ring(count)


def without(place: int) -> Callable[[Ranges], Ranges]:
    """Return what leaves out one range."""
    return lambda ranges: ranges[:place] + ranges[place + 1 :]


def with_bounds(place: int, start: int, end: int) -> Callable[[Ranges], Ranges]:
    """Return what moves the bounds of one range."""

    def change(ranges: Ranges) -> Ranges:
        old = ranges[place]
        new = r(old.number, old.start + start, old.end + end)
        return [*ranges[:place], new, *ranges[place + 1 :]]

    return change


@pytest.mark.parametrize(
    ("spoil", "edge"),
    [
        (without(0), TOKEN_MIN),
        (without(2), split_ring(8)[1].end),
        (without(7), split_ring(8)[6].end),
        (lambda _: [], TOKEN_MIN),
        (lambda ranges: [*ranges, ranges[3]], split_ring(8)[3].end),
        (with_bounds(3, 1, 0), split_ring(8)[2].end),
        (with_bounds(3, -1, 0), split_ring(8)[2].end),
        (with_bounds(3, 0, 1), split_ring(8)[3].end + 1),
        (with_bounds(3, 0, -1), split_ring(8)[3].end - 1),
        (with_bounds(0, 1, 0), TOKEN_MIN),
        (with_bounds(0, -1, 0), TOKEN_MIN),
        (with_bounds(7, 0, -1), TOKEN_MAX - 1),
        (with_bounds(7, 0, 1), TOKEN_MAX + 1),
        (lambda ranges: [*ranges, r(8, TOKEN_MAX, TOKEN_MAX)], TOKEN_MAX),
        (lambda ranges: [*ranges, r(8, TOKEN_MAX, TOKEN_MIN)], TOKEN_MAX),
    ],
    ids=[
        "the first is missing",
        "one is missing",
        "the last is missing",
        "all are missing",
        "one is there twice",
        "a gap of one token before",
        "an overlap of one token before",
        "an overlap of one token behind",
        "a gap of one token behind",
        "begins too late",
        "begins too early",
        "ends too early",
        "ends too late",
        "an empty range",
        "a range that wraps",
    ],
)
def test_a_plan_that_does_not_tile_the_ring_is_refused(
    spoil: Callable[[Ranges], Ranges], edge: int
) -> None:
    """The refusal names the boundary where the plan fails."""
    with pytest.raises(StateError, match="does not cover the token ring exactly once") as refused:
        prove_tiling(spoil(list(split_ring(8))))
    assert str(edge) in refused.value.why


def test_the_order_of_a_plan_does_not_matter() -> None:
    """What covers the ring covers it in any order, and is found by token all the same."""
    ranges = split_ring(5)
    shuffled = [ranges[i] for i in (3, 0, 4, 2, 1)]
    prove_tiling(shuffled)
    assert ranges == RangeIndex(shuffled).ranges


def test_an_index_wants_a_plan_that_tiles_the_ring() -> None:
    """A gap would place rows in the wrong range."""
    with pytest.raises(StateError):
        RangeIndex(split_ring(4)[1:])
