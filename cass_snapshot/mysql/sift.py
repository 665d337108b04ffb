"""Finds the rows of a batch that MySQL refuses, by halves, inside the batch's transaction.

With one bad row among n this takes about 2 log2(n) statements and sends the batch about twice; with
n bad rows it takes fewer than 2 n statements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cass_snapshot.mysql.refusals import Refused
from cass_snapshot.mysql.rows import SAVEPOINT, TO_SAVEPOINT


def sift(
    cursor: Any,  # noqa: ANN401 - see connection.connect
    lines: Sequence[bytes],
    put: Callable[[Sequence[bytes]], None],
) -> list[tuple[bytes, Refused]]:
    """Put all lines but those that are refused by themselves; return these, in their order.

    A statement that fails leaves nothing behind, but a slice may take several, and a warning comes
    after the rows are in: so each refused slice is taken back to the savepoint before it. A
    deadlock rolls back the savepoints too; it is no refusal, and goes through to the caller.

    Args:
        cursor: of the connection with the open transaction.
        lines: the rows of a batch that was refused as a whole.
        put: writes some of them, or raises ``Refused``.
    """
    refused: list[tuple[bytes, Refused]] = []
    slices = [(0, len(lines))]
    cursor.execute(SAVEPOINT)
    while slices:
        start, end = slices.pop()
        middle = (start + end) // 2
        if (start, end) == (0, len(lines)) and end > 1:  # known to be refused
            slices += [(middle, end), (start, middle)]
            continue
        try:
            put(lines[start:end])
        except Refused as refusal:
            cursor.execute(TO_SAVEPOINT)
            if end - start == 1:
                refused.append((lines[start], refusal))
            else:
                slices += [(middle, end), (start, middle)]
        else:
            cursor.execute(SAVEPOINT)
    return refused
