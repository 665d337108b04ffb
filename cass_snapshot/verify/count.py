"""Counts rows by token range on both sides, from keys that were read afresh (I11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cass_snapshot.errors import StateError
from cass_snapshot.model import Cells, TokenRange
from cass_snapshot.ring.split import RangeIndex
from cass_snapshot.ring.tokens import token


def count_rows(pages: Iterable[Sequence[Cells]]) -> int:
    """Return how many rows some pages hold."""
    return sum(map(len, pages))


def count_target(
    pages: Iterable[Sequence[Cells]], ranges: Sequence[TokenRange], partition_width: int
) -> tuple[int, ...]:
    """Return how many of the target's rows fall into each range, in the order of ``ranges``.

    The target cannot compute tokens, so each is computed from the key that was read back.

    Args:
        pages: the primary keys of the target, as the source's cells.
        ranges: a plan that tiles the ring, in token order.
        partition_width: how many leading cells are the partition key.
    """
    index = RangeIndex(ranges)
    counts = [0] * len(index.ranges)
    for page in pages:
        for key in page:
            counts[index.place(token(partition_cells(key, partition_width)))] += 1
    return tuple(counts)


def partition_cells(key: Cells, width: int) -> tuple[bytes, ...]:
    """Return the partition key's cells of a primary key.

    Raises:
        StateError: one of them is NULL, which no target that this tool made allows.
    """
    cells = tuple(cell for cell in key[:width] if cell is not None)
    if len(cells) != width:
        raise StateError("the target holds a row with NULL in its key")
    return cells
