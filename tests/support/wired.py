"""Rows as Cassandra sends them."""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack

from cass_snapshot.model import Cells
from cass_snapshot.wire import WireRows


def content(rows: Sequence[Cells]) -> bytes:
    """Return the number of rows, and each cell behind its size."""
    cells = (
        pack(">i", -1) if cell is None else pack(">i", len(cell)) + cell
        for row in rows
        for cell in row
    )
    return pack(">i", len(rows)) + b"".join(cells)


def wired(rows: Sequence[Cells], before: bytes = b"metadata") -> WireRows:
    """Return the rows of a message, behind something else."""
    return WireRows(before + content(rows), len(before), len(rows[0]))
