"""Any number of ranges covers the ring exactly once (I7)."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cass_snapshot.model import RANGES_MAX, TOKEN_MAX, TOKEN_MIN
from cass_snapshot.ring.split import RangeIndex, prove_tiling, split_ring

COUNTS = st.integers(1, RANGES_MAX)
TOKENS = st.integers(TOKEN_MIN + 1, TOKEN_MAX)


@settings(max_examples=12, deadline=None)
@given(COUNTS)
@example(1)
@example(RANGES_MAX)
@example(4096)
def test_any_count_tiles_the_ring_exactly_once(count: int) -> None:
    """Neighbours share a boundary, none is empty, both ends are those of the ring."""
    ranges = split_ring(count)
    prove_tiling(ranges)
    assert list(range(count)) == [r.number for r in ranges]
    starts, ends = [r.start for r in ranges], [r.end for r in ranges]
    assert [TOKEN_MIN, *ends] == [*starts, TOKEN_MAX]
    assert all(start < end for start, end in zip(starts, ends, strict=True))


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 3000), token=TOKENS, place=st.integers(0), step=st.integers(-1, 1))
def test_every_token_falls_into_exactly_one_range(
    count: int, token: int, place: int, step: int
) -> None:
    """Any token, and any boundary with its two neighbours."""
    ranges = split_ring(count)
    index = RangeIndex(ranges)
    boundary = ranges[place % count].end + step
    for t in {token, min(max(boundary, TOKEN_MIN + 1), TOKEN_MAX), TOKEN_MIN + 1, TOKEN_MAX}:
        holders = [i for i, r in enumerate(ranges) if r.start < t <= r.end]
        assert holders == [index.place(t)]
