"""Cutting the Murmur3 ring into contiguous token ranges, with exact integers (I7).

Pure. A range is start-exclusive and end-inclusive; neighbours share one boundary; the first starts
at TOKEN_MIN, which no row has, and the last ends at TOKEN_MAX, which rows may have.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from cass_snapshot.errors import StateError
from cass_snapshot.model import RANGES_MAX, TOKEN_MAX, TOKEN_MIN, TokenRange


def split_ring(count: int) -> tuple[TokenRange, ...]:
    """Return ``count`` ranges of equal size, give or take one token.

    Raises:
        ValueError: ``count`` is not between 1 and RANGES_MAX.
    """
    if not 1 <= count <= RANGES_MAX:
        raise ValueError(f"a ring is split into 1 to {RANGES_MAX} ranges, not {count}")
    return split(TOKEN_MIN, TOKEN_MAX, count)


def split(start: int, end: int, count: int, first_number: int = 0) -> tuple[TokenRange, ...]:
    """Return the tokens of (start, end] as ``count`` ranges of equal size, give or take one.

    Raises:
        ValueError: there are fewer tokens than ranges.
    """
    width = end - start
    if not 1 <= count <= width:
        raise ValueError(f"{width} tokens are no {count} ranges")
    cuts = [start + width * i // count for i in range(count + 1)]
    return tuple(
        TokenRange(number=first_number + i, start=cuts[i], end=cuts[i + 1]) for i in range(count)
    )


def prove_tiling(ranges: Sequence[TokenRange]) -> None:
    """Assert that the ranges cover the ring exactly once (I7).

    Raises:
        StateError: a gap, an overlap, an empty range or a wrong end, by its boundary.
    """
    ordered = sorted(ranges, key=lambda r: r.start)
    edge = TOKEN_MIN
    for token_range in ordered:
        if token_range.start != edge or token_range.end <= token_range.start:
            raise StateError(
                "the plan does not cover the token ring exactly once",
                where=f"{token_range}, ({token_range.start}, {token_range.end}]",
                why=f"the ranges before it end at {edge}",
                fix="start afresh with --new",
            )
        edge = token_range.end
    if edge != TOKEN_MAX:
        raise StateError(
            "the plan does not cover the token ring exactly once",
            where=f"the last of {len(ordered)} ranges",
            why=f"it ends at {edge} instead of {TOKEN_MAX}",
            fix="start afresh with --new",
        )


class RangeIndex:
    """Finds the range that a token falls into, for a plan that tiles the ring."""

    def __init__(self, ranges: Sequence[TokenRange]) -> None:
        prove_tiling(ranges)
        self.ranges = tuple(sorted(ranges, key=lambda r: r.start))
        self._ends = [r.end for r in self.ranges]

    def place(self, token: int) -> int:
        """Return the place, in token order, of the range that holds ``token``."""
        return bisect_left(self._ends, token)
