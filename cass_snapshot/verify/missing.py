"""Finds the keys that the source has and the target lacks (I11)."""

from __future__ import annotations

from collections.abc import Sequence

from cass_snapshot.errors import StateError
from cass_snapshot.model import Cells
from cass_snapshot.protocols import TargetKeys
from cass_snapshot.ring.tokens import token


def absent(
    page: Sequence[Cells], target: TargetKeys, partition_width: int
) -> tuple[tuple[int, Cells], ...]:
    """Return token and key of those primary keys that the target lacks, in their order."""
    return tuple((token(partition_cells(key, partition_width)), key) for key in target.absent(page))


def partition_cells(key: Cells, width: int) -> tuple[bytes, ...]:
    """Return the partition key's cells of a primary key.

    Raises:
        StateError: one of them is NULL, which no target that this tool made allows.
    """
    cells = tuple(cell for cell in key[:width] if cell is not None)
    if len(cells) != width:
        raise StateError("the target holds a row with NULL in its key")
    return cells
