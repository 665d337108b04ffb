"""Finds the keys that the source has and the target lacks (I11)."""

from __future__ import annotations

from collections.abc import Sequence

from cass_snapshot.model import Cells
from cass_snapshot.protocols import TargetKeys
from cass_snapshot.ring.tokens import token
from cass_snapshot.verify.count import partition_cells


def absent(
    page: Sequence[Cells], target: TargetKeys, partition_width: int
) -> tuple[tuple[int, Cells], ...]:
    """Return token and key of those primary keys that the target lacks, in their order."""
    return tuple((token(partition_cells(key, partition_width)), key) for key in target.absent(page))
