"""Counts rows by token range on both sides, from keys that were read afresh (I11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cass_snapshot.model import TOKEN_MIN, Cells, TokenRange
from cass_snapshot.ring.split import RangeIndex


def count_rows(pages: Iterable[Sequence[Cells]]) -> int:
    """Return how many rows some pages hold."""
    return sum(map(len, pages))


def count_target(pages: Iterable[Sequence[int]], ranges: Sequence[TokenRange]) -> tuple[int, ...]:
    """Return how many of the target's rows fall into each range, in the order of the tokens.

    The last number is that of the rows whose token is TOKEN_MIN: they are none of the source's.

    Args:
        pages: the tokens of the target's rows.
        ranges: a plan that tiles the ring.
    """
    index = RangeIndex(ranges)
    counts = [0] * (len(index.ranges) + 1)
    for page in pages:
        for token in page:
            counts[-1 if token == TOKEN_MIN else index.place(token)] += 1
    return tuple(counts)
