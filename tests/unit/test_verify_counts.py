"""Counting both sides by token range, from keys that were read afresh (I11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from cass_snapshot.errors import StateError
from cass_snapshot.model import TOKEN_MAX, TOKEN_MIN, Cells
from cass_snapshot.ring.split import split_ring
from cass_snapshot.verify.count import count_rows, count_target, partition_cells
from cass_snapshot.verify.missing import absent
from tests.support.murmur3 import key_with_hash, token


def test_rows_of_pages_are_added_up() -> None:
    """Empty pages included."""
    pages: list[list[Cells]] = [[(b"a",), (b"b",)], [], [(b"c",)]]
    assert (count_rows(pages), count_rows([])) == (3, 0)


@pytest.mark.parametrize("count", [1, 2, 7, 256])
def test_a_key_counts_for_the_range_that_holds_its_token(count: int) -> None:
    """Boundaries belong to the range that they end; the greatest token to the last."""
    ranges = split_ring(count)
    tokens = [t for r in ranges for t in (r.start + 1, r.end - 1, r.end)] + [TOKEN_MAX, 0]
    keys: list[Cells] = [(key_with_hash(t, 3), b"clustering") for t in tokens]
    expected = tuple(sum(r.start < t <= r.end for t in tokens) for r in ranges)
    assert expected == count_target([keys[:5], [], keys[5:]], ranges, 1)


def test_a_key_whose_hash_no_row_may_have_counts_at_the_end() -> None:
    """Cassandra moves it to TOKEN_MAX."""
    found = count_target([[(key_with_hash(TOKEN_MIN, 1),)]], split_ring(3), 1)
    assert found == (0, 0, 1)


def test_the_clustering_columns_take_no_part_in_the_token() -> None:
    """Only the partition key's cells are hashed, framed where they are several."""
    assert partition_cells((b"a", b"b", b"c"), 2) == (b"a", b"b")
    framed = b"\0\1a\0" + b"\0\1b\0"
    ranges = split_ring(64)
    (place,) = [i for i, r in enumerate(ranges) if r.start < token(framed) <= r.end]
    assert count_target([[(b"a", b"b", b"c")]], ranges, 2)[place] == 1


def test_a_null_in_a_key_of_the_target_is_for_a_human() -> None:
    """No target that this tool made allows one."""
    with pytest.raises(StateError, match="NULL in its key"):
        partition_cells((b"a", None, b"c"), 2)


class Target:
    """Lacks every key but one."""

    def all_keys(self) -> Iterator[list[Cells]]:
        """Yield the keys."""
        yield [(b"b",)]

    def absent(self, keys: Sequence[Cells]) -> list[Cells]:
        """Return the others."""
        return [k for k in keys if k != (b"b",)]

    def close(self) -> None:
        """Do nothing."""


def test_keys_that_are_missing_come_with_their_tokens() -> None:
    """In the order of the source."""
    found = absent([(b"a",), (b"b",), (b"c",)], Target(), 1)
    assert ((token(b"a"), (b"a",)), (token(b"c"), (b"c",))) == found
