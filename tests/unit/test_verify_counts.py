"""Counting both sides by token range, from keys that were read afresh (I11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from cass_snapshot.errors import StateError
from cass_snapshot.model import TOKEN_MAX, TOKEN_MIN, Cells
from cass_snapshot.ring.split import split_ring
from cass_snapshot.verify.count import count_rows, count_target
from cass_snapshot.verify.missing import absent, partition_cells
from tests.support.murmur3 import token


def test_rows_of_pages_are_added_up() -> None:
    """Empty pages included."""
    pages: list[list[Cells]] = [[(b"a",), (b"b",)], [], [(b"c",)]]
    assert (count_rows(pages), count_rows([])) == (3, 0)


@pytest.mark.parametrize("count", [1, 2, 7, 256])
def test_a_row_counts_for_the_range_that_holds_its_token(count: int) -> None:
    """Boundaries belong to the range that they end; the greatest token to the last."""
    ranges = split_ring(count)
    tokens = [t for r in ranges for t in (r.start + 1, r.end - 1, r.end)] + [TOKEN_MAX, 0]
    expected = tuple(sum(r.start < t <= r.end for t in tokens) for r in ranges)
    assert (*expected, 0) == count_target([tokens[:5], [], tokens[5:]], ranges)


def test_a_row_that_is_none_of_the_sources_is_counted_apart() -> None:
    """In a range it could make up for a row that is missing there."""
    assert count_target([[TOKEN_MIN, 1], [TOKEN_MIN]], split_ring(2)) == (0, 1, 2)


def test_the_clustering_columns_take_no_part_in_the_token() -> None:
    """Only the partition key's cells are hashed, framed where they are several."""
    assert partition_cells((b"a", b"b", b"c"), 2) == (b"a", b"b")
    framed = token(b"\0\1a\0" + b"\0\1b\0")
    assert absent([(b"a", b"b", b"c")], Target(), 2) == ((framed, (b"a", b"b", b"c")),)


def test_a_null_in_a_key_of_the_target_is_for_a_human() -> None:
    """No target that this tool made allows one."""
    with pytest.raises(StateError, match="NULL in its key"):
        partition_cells((b"a", None, b"c"), 2)


class Target:
    """Lacks every key but one."""

    def tokens(self) -> Iterator[list[int]]:
        """Yield the token of that one."""
        yield [token(b"b")]

    def absent(self, keys: Sequence[Cells]) -> list[Cells]:
        """Return the others."""
        return [k for k in keys if k != (b"b",)]

    def close(self) -> None:
        """Do nothing."""


def test_keys_that_are_missing_come_with_their_tokens() -> None:
    """In the order of the source."""
    found = absent([(b"a",), (b"b",), (b"c",)], Target(), 1)
    assert ((token(b"a"), (b"a",)), (token(b"c"), (b"c",))) == found
